"""A reporter's two keys: 7 sends a price step by step, with confirmation; 8 is their card.

The amount is never multiplied silently: one that looks counted in dɔrɔmɛ is asked about.
"""

from dataclasses import dataclass
from typing import ClassVar

from service.money import DOROME, francs
from service.prices.catalog import Measure, Product, Quantity
from service.ussd.asks import PRICE, ask_price
from service.ussd.deeds import SubmitPrice
from service.ussd.lists import Entry, Pick, Then, markets, products
from service.ussd.scene import Move, Place, Scene, nav
from service.ussd.screens import Line, View, choice, line, named

NEAR = 2.0
"""A kilo price within this factor of the last quote looks right; dɔrɔmɛ is five times lower."""
COUNTED = {Quantity.HEAD: "HEAD", Quantity.PIECE: "PIECE"}
"""Unit of products that are counted: nothing to ask."""
WEIGHED, SACK = "KG", "SAC"


@dataclass(frozen=True, slots=True)
class Draft:
    """A price as far as it has been told."""

    product: str
    market: str
    unit: str
    amount: int = 0


def home_choices(scene: Scene) -> list[Line]:
    say = scene.say
    send = (say("ussd.send_price", "Envoyer un prix"), say("ussd.send", "Envoyer"))
    card = (say("ussd.my_card", "Ma fiche"), say("ussd.card", "Fiche"))
    return [choice("7", *send, yields=16), choice("8", *card, yields=17)]


def begin() -> Place:
    return products(_of_product)


def _of_product(product: str, scene: Scene) -> Move:
    """On to the unit at the reporter's market; a reporter of several is asked which."""
    card = scene.caller.reporter
    own = [code for code in (card.markets if card else ()) if code in scene.book.catalog.markets]
    if len(own) == 1:
        return _of_market(product, own[0], scene)
    return Move(markets(lambda market, now: _of_market(product, market, now)))


def _of_market(product: str, market: str, scene: Scene) -> Move:
    counted = COUNTED.get(scene.product(product).quantity)
    if counted:
        return Move(_amount(Draft(product, market, counted)))
    return Move(_units(lambda unit, _: Move(_amount(Draft(product, market, unit)))))


def _units(then: Then) -> Pick:
    return Pick("units", _which_unit, unit_entries, _unit_at, then)


def unit_entries(scene: Scene) -> list[Entry]:
    """Kilo first, then sacks, then the other vessels and masses by code."""
    units = [u for u in scene.book.catalog.units.values() if u.measure is not Measure.COUNT]
    units.sort(key=lambda unit: (unit.code != WEIGHED, not unit.code.startswith(SACK), unit.code))
    free = (number for number in range(1, 98) if number != 9)
    return [(number, u.code, u.name(scene.lang)) for number, u in zip(free, units, strict=False)]


def _unit_at(number: int, scene: Scene) -> str | None:
    return next((code for at, code, _ in unit_entries(scene) if at == number), None)


def _which_unit(scene: Scene) -> str:
    return scene.say("ussd.which_unit", "Prix pour quelle mesure ?")


def _amount(draft: Draft) -> Place:
    def ask(scene: Scene) -> str:
        product = scene.product(draft.product)
        values = {"product": product.name(scene.lang), "unit": _unit_name(draft.unit, scene)}
        # NOTE: max 120 septets; the reporter types an amount in F
        return scene.say("ussd.what_price", "{product} : prix en F par {unit} ?", **values)

    def then(amount: int, _: Scene) -> Move:
        return Move(Confirm(Draft(draft.product, draft.market, draft.unit, amount)))

    return ask_price("amount", ask, then)


@dataclass(frozen=True, slots=True)
class Confirm:
    """What will be sent, in francs and in dɔrɔmɛ, before it is sent."""

    draft: Draft
    label: ClassVar[str] = "confirm"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.send_price", "Envoyer un prix")

    def show(self, scene: Scene) -> View:
        say, draft = scene.say, self.draft
        product, market = scene.product(draft.product), scene.market(draft.market)
        heading = [f"{n}, {market.name}" for n in named(product.name(scene.lang), 20, 12)]
        unit = _unit_name(draft.unit, scene)
        first, *others = self._amounts(scene)
        # NOTE: max 44 septets
        told = say("ussd.confirm", "{price} par {unit} ?", price=_both(first, scene), unit=unit)
        yes = choice("1", say("ussd.send", "Envoyer"))
        fives = [
            choice("2", say("ussd.i_meant", "Non, {price}", price=_both(n, scene))) for n in others
        ]
        fix = choice("3", say("ussd.correct", "Corriger"))
        return View([line(*heading), line(told), yes, *fives, fix, nav(scene)])

    def press(self, key: str, scene: Scene) -> Move | None:
        amounts = self._amounts(scene)
        match key:
            case "1":
                return self._sent(amounts[0])
            case "2" if len(amounts) > 1:
                return self._sent(amounts[1])
            case "3":
                return Move(_amount(self.draft), swap=True)
            case _:
                return None

    def _amounts(self, scene: Scene) -> list[int]:
        """The amount as typed; and five times it, when that alone looks like a price here."""
        amount = self.draft.amount
        five = amount * DOROME
        if five > PRICE[1] or _likely(amount, self.draft, scene):
            return [amount]
        return [amount, five] if _likely(five, self.draft, scene) else [amount]

    def _sent(self, amount: int) -> Move:
        draft = self.draft
        deed = SubmitPrice(draft.product, draft.market, draft.unit, 1, amount)
        return Move(Sent(draft.product, draft.market, draft.unit, amount), (deed,), swap=True)


@dataclass(frozen=True, slots=True)
class Sent:
    """Thanks, what was received, and straight on to the next product."""

    product: str
    market: str
    unit: str
    amount: int
    label: ClassVar[str] = "sent"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.send_price", "Envoyer un prix")

    def show(self, scene: Scene) -> View:
        say = scene.say
        name = scene.product(self.product).name(scene.lang)
        values = {"price": f"{francs(self.amount)} F", "unit": _unit_name(self.unit, scene)}
        # NOTE: max 90 septets
        full = say(
            "ussd.sent", "Merci. Reçu : {product}, {price} par {unit}.", product=name, **values
        )
        # NOTE: max 60 septets; what is odd about the price is asked by SMS
        asked = say("ussd.sent_then", "S'il y a un doute, un SMS vous demandera.")
        again = choice("1", say("ussd.another_product", "Autre produit"))
        return View([line(full), line(asked, "", yields=30), again, nav(scene)])

    def press(self, key: str, _scene: Scene) -> Move | None:
        return Move(begin(), swap=True) if key == "1" else None


def _unit_name(code: str, scene: Scene) -> str:
    unit = scene.book.catalog.units.get(code)
    return unit.name(scene.lang) if unit else code.lower()


def _both(amount: int, scene: Scene) -> str:
    """Every amount a reporter confirms is said both ways: it teaches, and shows an error."""
    whole = francs(amount)
    if amount % DOROME:
        return f"{whole} F"
    count = francs(amount // DOROME)
    return scene.say("ussd.both_counts", "{price} F (dorome {count})", price=whole, count=count)


def _likely(amount: int, draft: Draft, scene: Scene) -> bool:
    """Whether the amount looks like a price of the product, next to its last quote or band."""
    product = scene.product(draft.product)
    kilos = _kilos(draft, scene)
    if kilos is None:
        return True
    value = amount / kilos
    quote = scene.book.price(draft.product, draft.market, scene.today).quote
    if quote and quote.unit.lower() == product.quantity.value:
        return quote.value / NEAR <= value <= quote.value * NEAR
    return product.band.holds(value) if product.band else True


def _kilos(draft: Draft, scene: Scene) -> float | None:
    """Kilos of one unit here (1 for a head or a piece), None when nobody has weighed it."""
    product: Product = scene.product(draft.product)
    if product.quantity is not Quantity.KG:
        return 1.0
    unit = scene.book.catalog.units.get(draft.unit)
    weight = scene.book.catalog.weight(draft.unit, draft.product, draft.market)
    return (unit.kilos if unit else None) or (weight.kilos if weight else None)
