"""The book: an immutable picture of everything farmers are answered from, held in memory.

It is rebuilt and swapped whole when its version moves (`store.read_book`), so that a dial
touches no database and can never see half of a change. Everything here is a lookup.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from service.prices.advice import TRUSTED, Home, Offer, When, Where, shut, where
from service.prices.catalog import Catalog, Market, Measure, Product, Unit, Weight
from service.prices.freshness import Freshness, age_days, freshness
from service.prices.neighbours import Estimate
from service.prices.quote import STALE_AFTER_DAYS, Quote, grade_on, tick_of, to_tick
from service.prices.season import History
from service.prices.shelling import Shelling, Sold, Yield, shelling
from service.prices.trip import RouteCost
from service.prices.units import WEIGHINGS_FOR_SPREAD
from service.prices.waiting import StorageCost, when

Pair = tuple[str, str]
"""(product code, market code)."""


@dataclass(frozen=True, slots=True)
class VillageCard:
    """What the book knows of a village: its usual market and its keypad number."""

    code: str
    name: str
    commune: str
    market: str | None
    ussd_key: int | None
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Sack:
    """A vessel with what it weighs here: `sac`, 41 kg."""

    unit: Unit
    weight: Weight

    def price(self, product: Product, per_kilo: float) -> int:
        """F for one, at this price of the kilo, to the tick sacks are traded in."""
        value = per_kilo * self.weight.kilos
        return to_tick(value, tick_of(product, self.unit.code, value))


@dataclass(frozen=True, slots=True)
class Price:
    """One answer to "how much": the newest quote with its age, or why there is none.

    `quote` is the newest ever published (also when expired, for its date); `shown` tells
    whether it may be shown as a price. `estimate` is set only when nothing may be shown.
    """

    product: Product
    market: Market
    quote: Quote | None
    freshness: Freshness
    age_days: int
    trend: str | None = None
    estimate: Estimate | None = None

    @property
    def shown(self) -> bool:
        return self.quote is not None and self.freshness is not Freshness.EXPIRED


@dataclass(frozen=True, slots=True)
class Book:
    """Current quotes by (product, market), newest first, producer stage; and what advice needs.

    `day` is the local day it was made for: advice on waiting belongs to a month.
    `vessels` are quotes in units that have no weighing (F a sack); `homes` the farm-gate
    quotes by (product, commune); `histories` and `storage` what advice on waiting rests on;
    `yields` the newest measured yield of each product that can be shelled;
    `reference` the version of the reference facts.
    """

    version: int
    day: date
    catalog: Catalog
    quotes: Mapping[Pair, Sequence[Quote]] = field(default_factory=dict)
    vessels: Mapping[Pair, Sequence[Quote]] = field(default_factory=dict)
    trends: Mapping[Pair, str | None] = field(default_factory=dict)
    estimates: Mapping[Pair, Estimate] = field(default_factory=dict)
    homes: Mapping[Pair, Quote] = field(default_factory=dict)
    histories: Mapping[Pair, History] = field(default_factory=dict)
    storage: Mapping[str, StorageCost] = field(default_factory=dict)
    yields: Mapping[str, Yield] = field(default_factory=dict)
    villages: Mapping[str, VillageCard] = field(default_factory=dict)
    routes: Mapping[str, Sequence[RouteCost]] = field(default_factory=dict)
    reference: int = 0
    demo: bool = False
    whens: dict[Pair, When] = field(default_factory=dict, repr=False, compare=False)
    _prices: dict[tuple[str, str, date], Price] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    _sold: Sequence[Product] = field(init=False, repr=False, compare=False)
    _fairs: Sequence[Market] = field(init=False, repr=False, compare=False)
    _keys: Mapping[str, Mapping[int, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        goods, places = self.catalog.products.values(), self.catalog.markets.values()
        object.__setattr__(self, "_sold", tuple(sorted(goods, key=lambda it: it.ussd_key)))
        object.__setattr__(self, "_fairs", tuple(sorted(places, key=lambda it: it.ussd_key)))
        keys = {
            "product": {each.ussd_key: each.code for each in goods},
            "market": {each.ussd_key: each.code for each in places},
            "village": {it.ussd_key: it.code for it in self.villages.values() if it.ussd_key},
        }
        object.__setattr__(self, "_keys", keys)

    def price(self, product: str, market: str, today: date) -> Price:
        """The newest price of a known product at a known market: in its own quantity, or when that
        has expired and a vessel nobody weighed has not, in that vessel."""
        asked = product, market, today
        found = self._prices.get(asked)
        if found is None:
            found = self._prices[asked] = self._price(*asked)
        return found

    def _price(self, product: str, market: str, today: date) -> Price:
        goods, place = self.catalog.products[product], self.catalog.markets[market]
        newest = self._newest(goods, place, today)
        if newest is None:
            return Price(
                goods, place, None, Freshness.EXPIRED, 0, None, self._estimate(goods, place)
            )
        state = _state(newest, goods, place, today)
        gone = state is Freshness.EXPIRED
        own = newest.unit == goods.quantity
        return Price(
            goods,
            place,
            newest,
            state,
            age_days(newest.fair_on, today),
            self.trends.get((product, market)) if own and not gone else None,
            self._estimate(goods, place) if gone else None,
        )

    def _newest(self, goods: Product, place: Market, today: date) -> Quote | None:
        """The quote to answer with; several that have expired leave only the newest date."""
        pair = goods.code, place.code
        kilo, vessel = (
            next(iter(each.get(pair, ())), None) for each in (self.quotes, self.vessels)
        )
        for quote in (kilo, vessel):
            if quote and _state(quote, goods, place, today) is not Freshness.EXPIRED:
                return quote
        known = [quote for quote in (kilo, vessel) if quote]
        return max(known, key=lambda quote: quote.fair_on, default=None)

    def sack(self, product: str, market: str, today: date) -> Sack | None:
        """The vessel people of this market sell by, as it was weighed: the sack before others,
        never on the word of one weighing or an old one."""
        found = [
            Sack(unit, weight)
            for unit in self.catalog.units.values()
            if unit.measure is Measure.VESSEL
            and (weight := self.catalog.weight(unit.code, product, market))
            and weight.count >= WEIGHINGS_FOR_SPREAD
            and age_days(weight.last_on, today) <= STALE_AFTER_DAYS
        ]
        return max(found, key=lambda each: (each.weight.kilos, each.unit.code), default=None)

    def prices(self, product: str, today: date) -> list[Price]:
        """Every price of a product that may be shown, in keypad order of the markets."""
        found = (self.price(product, each.code, today) for each in self.fairs())
        return [each for each in found if each.shown]

    def at_key(self, kind: str, number: int) -> str | None:
        """The code of the `product`, `market` or `village` with this keypad number."""
        return self._keys[kind].get(number)

    def sold(self) -> Sequence[Product]:
        """Products in keypad order."""
        return self._sold

    def fairs(self) -> Sequence[Market]:
        """Markets in keypad order."""
        return self._fairs

    def nearest(self, product: str, market: str, village: str | None, today: date) -> Price | None:
        """The freshest other market to name when this one is silent: known routes first."""
        reachable = {each.market for each in self.routes.get(village or "", ())}
        others = [each for each in self.prices(product, today) if each.market.code != market]
        others.sort(key=lambda each: (each.market.code not in reachable, each.age_days))
        return others[0] if others else None

    def where(
        self, product: str, village: str, kg: int, today: date, home_value: int | None = None
    ) -> Where | None:
        """Where to sell from a known village; `home_value` is what the farmer was offered."""
        card = self.villages.get(village)
        if card is None or product not in self.catalog.products:
            return None
        home = Home(home_value, None) if home_value else self._home(product, card)
        offers = [offer for each in self.prices(product, today) if (offer := _offer(each, today))]
        found = where(product, village, kg, home, offers, self.routes.get(village, ()), today)
        return replace(found, shelling=self._shelling(found, card, today))

    def _shelling(self, found: Where, card: VillageCard, today: date) -> Shelling | None:
        """Shell against kernel at the market advised, else the village's own, else the best."""
        measured = self.yields.get(found.product)
        if measured is None or not measured.current(today):
            return None
        best = (each.market for each in found.options if each.net is not None)
        for market in (found.market, card.market, *best):
            shell = self._trusted(found.product, market, today)
            kernel = self._trusted(measured.made, market, today)
            if market and shell and kernel:
                return shelling(measured, market, shell, kernel)
        return None

    def _trusted(self, product: str, market: str | None, today: date) -> Sold | None:
        """A price good enough to advise on: fresh, grade A or B, by the kilo."""
        known = product in self.catalog.products and market in self.catalog.markets
        offer = _offer(self.price(product, market, today), today) if known and market else None
        if offer is None or not offer.fresh or offer.grade not in TRUSTED:
            return None
        return Sold(offer.price, offer.se_ln)

    def _home(self, product: str, card: VillageCard) -> Home | None:
        """The newest farm-gate quote of the village's commune (settled reading 16)."""
        quote = self.homes.get((product, card.commune))
        return Home(quote.value, quote.fair_on, quote.se_ln) if quote else None

    def when(self, product: str, market: str) -> When:
        """Whether to wait; reckoned once per book, since it takes a season to fit."""
        pair = product, market
        if pair not in self.whens:
            found = self.price(product, market, self.day)
            quote = found.quote if found.shown else None
            kilo = quote if quote and quote.unit == found.product.quantity else None
            self.whens[pair] = when(
                product,
                market,
                float(kilo.value) if kilo else None,
                self.day,
                self.histories.get(pair),
                self.storage.get(product),
                found.product.chain,
            )
        return self.whens[pair]

    def _estimate(self, product: Product, market: Market) -> Estimate | None:
        return self.estimates.get((product.code, market.code))


def _state(quote: Quote, goods: Product, place: Market, today: date) -> Freshness:
    return freshness(quote.fair_on, today, place.fair_days, goods, place.cancelled_on)


def _offer(price: Price, today: date) -> Offer | None:
    """A price that may be travelled for; a whole vessel's price has no net per kilo."""
    quote = price.quote
    if quote is None or quote.unit != price.product.quantity:
        return None
    return Offer(
        market=quote.market,
        price=quote.value,
        grade=grade_on(quote, today),
        fair_on=quote.fair_on,
        se_ln=quote.se_ln,
        fresh=price.freshness is Freshness.FRESH,
        shut=shut(price.market, today),
    )
