"""A broadcast's text filled from the book, for one language and one place."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from service import encoding, money
from service.i18n import Say, day, short_date, speaker
from service.prices.book import Book, Price
from service.prices.catalog import Quantity
from service.prices.freshness import Freshness
from service.sms.broadcasts.template import ESTIMATE, STOP_WORD, Hole, Part, PriceOf, Template


@dataclass(frozen=True, slots=True)
class Carried:
    """A price that a text carries: what a correction is later measured against."""

    product: str
    market: str
    unit: str
    fair_on: date
    value: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready for the wire's gate. `missing` names prices it needs and the book lacks."""

    text: str
    prices: tuple[Carried, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        return any(price.fresh for price in self.prices)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose prices and names fill the text; empty codes where nothing is known."""

    market: str = ""
    village: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a text is filled from. `products` narrows `{prices}`; empty means all sold.
    `drafts`: whether Bambara nobody has approved is sent, or French in its place."""

    book: Book
    today: date
    code: str
    products: frozenset[str] = field(default_factory=frozenset)
    drafts: bool = True


def render(template: Template, scene: Scene, lang: str, place: Place) -> Rendered:
    """Fill a template for one language and place.

    `{prices}` takes what room one SMS leaves it. A text with prices always carries their day
    and, where it still fits, how to stop.
    """
    say = speaker(lang, drafts=scene.drafts)
    singles = _named_prices(template, scene)
    listed = _listed(template, scene, place)
    shown = [price for price in (*singles.values(), *listed) if price.quote is not None]
    on = max((price.quote.fair_on for price in shown if price.quote), default=None)
    fill = _Fill(scene, say, lang, place, on, dated=template.dated)
    room = encoding.SMS_SEPTETS - _width(fill.text(template, singles, ""))
    tail = _stop(template, say)
    kept, words = fill.list_prices(listed, room - len(tail))
    text = fill.text(template, singles, words)
    if _width(text + tail) <= encoding.SMS_SEPTETS or not listed:
        text += tail if encoding.segments(encoding.to_gsm(text + tail)) == 1 else ""
    carried = [_carried(price) for price in (*singles.values(), *kept) if _told(price)]
    return Rendered(text, tuple(dict.fromkeys(carried)), _missing(template, singles, listed, place))


@dataclass(frozen=True, slots=True)
class _Fill:
    scene: Scene
    say: Say
    lang: str
    place: Place
    on: date | None
    dated: bool

    def text(self, template: Template, singles: dict[PriceOf, Price], prices: str) -> str:
        return "".join(self._fill(part, singles, prices) for part in template.parts)

    def _fill(self, part: Part, singles: dict[PriceOf, Price], prices: str) -> str:
        match part:
            case PriceOf():
                return self._number(singles.get(part), counted=part.counted)
            case Hole("prices"):
                return prices
            case Hole(name):
                return self._name(name)
            case str():
                return part

    def _name(self, name: str) -> str:
        book, place = self.scene.book, self.place
        on = self.on or self.scene.today
        card = book.villages.get(place.village)
        market = book.catalog.markets.get(place.market)
        values = {
            "date": short_date(on),
            "day": day(on, self.lang),
            "market": market.name if market else "",
            "village": card.name if card else "",
            "commune": card.commune if card else "",
            "code": self.scene.code,
        }
        return values[name]

    def _number(self, price: Price | None, *, counted: bool) -> str:
        if price is None or price.quote is None or not _told(price):
            return "-"
        if counted:
            return money.francs(money.dorome(money.to_coin(price.quote.value)) or 0)
        return money.francs(price.quote.value) + self._aged(price)

    def _aged(self, price: Price) -> str:
        """The day of a price, where the text does not already say it."""
        on = price.quote.fair_on if price.quote else None
        told = on is None or (self.dated and on == self.on)
        return "" if told or on is None else f" ({short_date(on)})"

    def list_prices(self, listed: Sequence[Price], room: int) -> tuple[list[Price], str]:
        """The prices that `room` septets hold, in order, and how they read."""
        kept: list[Price] = []
        words = ""
        head = f"{short_date(self.on)} " if self.on and not self.dated else ""
        for price in listed:
            item = self._item(price, within=bool(head))
            longer = f"{words}, {item}" if words else head + item
            if _width(longer) > room and kept:
                break
            kept.append(price)
            words = longer
        return kept, words

    def _item(self, price: Price, *, within: bool) -> str:
        quote, product = price.quote, price.product
        if quote is None:
            return ""
        values = {
            "product": product.name(self.lang),
            "price": money.francs(quote.value),
            "dorome": money.francs(money.dorome(money.to_coin(quote.value)) or 0),
        }
        if quote.unit != product.quantity:
            unit = self.scene.book.catalog.units.get(quote.unit)
            name = unit.name(self.lang) if unit else quote.unit
            said = self.say("broadcast.vessel", "{product} {price} F/{unit}", unit=name, **values)
        elif product.quantity is Quantity.KG:
            said = self.say("broadcast.kilo", "{product} {price} F/kg", **values)
        else:
            said = self.say("broadcast.piece", "{product} {price} F", **values)
        aged = "" if within and quote.fair_on == self.on else self._aged(price)
        return said + aged


def _named_prices(template: Template, scene: Scene) -> dict[PriceOf, Price]:
    wanted = [part for part in template.parts if isinstance(part, PriceOf)]
    return {
        part: scene.book.price(part.product, part.market, scene.today)
        for part in wanted
        if part.product in scene.book.catalog.products and part.market in scene.book.catalog.markets
    }


def _listed(template: Template, scene: Scene, place: Place) -> list[Price]:
    """What `{prices}` may list for a place: fresh ones first, then in keypad order."""
    if Hole("prices") not in template.parts or place.market not in scene.book.catalog.markets:
        return []
    goods = [
        product.code
        for product in scene.book.sold()
        if not scene.products or product.code in scene.products
    ]
    found = [scene.book.price(code, place.market, scene.today) for code in goods]
    shown = [price for price in found if _told(price)]
    return sorted(shown, key=lambda price: price.freshness is not Freshness.FRESH)


def _missing(
    template: Template, singles: dict[PriceOf, Price], listed: Collection[Price], place: Place
) -> tuple[str, ...]:
    wanted = [part for part in template.parts if isinstance(part, PriceOf)]
    shown = {part for part, price in singles.items() if _told(price)}
    gone = [f"{part.product}:{part.market}" for part in wanted if part not in shown]
    if Hole("prices") in template.parts and not listed:
        gone.append(f"*:{place.market or '?'}")
    return tuple(gone)


def _told(price: Price) -> bool:
    """Whether a price is good enough to be told to people who did not ask: no estimates."""
    return price.shown and price.quote is not None and price.quote.grade != ESTIMATE


def _carried(price: Price) -> Carried:
    quote = price.quote
    if quote is None:
        raise ValueError("a price that is shown has a quote")
    fresh = price.freshness is Freshness.FRESH
    return Carried(
        price.product.code, price.market.code, quote.unit, quote.fair_on, quote.value, fresh
    )


def _stop(template: Template, say: Say) -> str:
    """How to stop, which the law wants in what is not asked for message by message."""
    words: Iterable[str] = (part for part in template.parts if isinstance(part, str))
    if not template.priced or any(STOP_WORD in word.upper() for word in words):
        return ""
    return " " + say("foot.stop", "STOP=arrêt")


def _width(text: str) -> int:
    return encoding.septets(encoding.to_gsm(text))
