"""Advice on where to sell: the best net price, the floor to bargain with, and whether to go.

Source: `method.md` 2.10 and settled reading 16. The service says "go" only when it is sure
enough; the worked example of the method (a gap of 22 % that does not pay) is in the tests.
Advice on when to sell has its shapes here and its rule in `waiting.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from service.prices.catalog import Market
from service.prices.season import Season
from service.prices.shelling import CHANCE_DIGITS, Shelling
from service.prices.trip import (
    LEAST_GAIN,
    SURE,
    Lot,
    RouteCost,
    break_even,
    chance,
    cheapest,
    error,
    lightest,
    next_fair,
    whole,
    worth,
)

TRUSTED = frozenset("AB")
"""Grades that may enter a floor price or send somebody on a road."""


class Reason(StrEnum):
    """Why a market was left out, or why the advice is not to go. Codes are fixed."""

    COST_UNKNOWN = "cost_unknown"
    COST_OLD = "cost_old"
    ROAD_CLOSED = "road_closed"
    INSECURITY = "insecurity"
    FAIR_CANCELLED = "fair_cancelled"
    NOT_FRESH = "not_fresh"
    LOW_GRADE = "low_grade"
    NO_GAIN = "no_gain"
    GAIN_TOO_SMALL = "gain_too_small"
    TOO_UNCERTAIN = "too_uncertain"
    NO_HOME_PRICE = "no_home_price"
    NO_OFFER = "no_offer"


class Caution(StrEnum):
    """What must be said with an advice on waiting. Codes are fixed."""

    AFLATOXIN = "aflatoxin"
    FOOD_RESERVE = "food_reserve"
    HIGH_FOR_SEASON = "high_for_season"
    LATE_IN_SEASON = "late_in_season"
    THIN_MARGIN = "thin_margin"
    LEVEL_UNCHECKED = "level_unchecked"
    STORAGE_COST_UNKNOWN = "storage_cost_unknown"
    NO_PRICE = "no_price"


@dataclass(frozen=True, slots=True)
class Home:
    """What is paid at the farm gate, F/kg. `se_ln` is nought for an offer in the farmer's hand."""

    value: int
    fair_on: date | None
    se_ln: float = 0.0


@dataclass(frozen=True, slots=True)
class Offer:
    """A price at a market, not expired. `fresh`: of its last fair; `shut`: why none goes there."""

    market: str
    price: int
    grade: str
    fair_on: date
    se_ln: float
    fresh: bool = True
    shut: Reason | None = None


@dataclass(frozen=True, slots=True)
class WhereOption:
    """One market. `cost_per_kg` (with what is lost on the way) and `fixed_cost` are in F, the
    latter for the whole quantity; net = price - cost_per_kg - fixed_cost / kg, to the franc.
    `net` is withheld (None) for the reason given; `probability` needs a home price."""

    market: str
    price: int
    cost_per_kg: int | None
    fixed_cost: int | None
    net: int | None
    probability: float | None
    fair_on: date
    grade: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """Where to sell `kg` of a product from a village. Options best net first, withheld last.

    `floor` is the best net: below it do not sell at home; None when no market leaves anything.
    `market` is where to go, on "go" only. `lot`: None when no weight makes any trip sure.
    `shelling`: what shelling brings where this would be sold, None without a measured yield.
    """

    product: str
    village: str
    kg: int
    home: Home | None
    options: tuple[WhereOption, ...]
    floor: int | None
    break_even_kg: int | None
    verdict: Literal["go", "stay", "unknown"]
    market: str | None
    reasons: tuple[Reason, ...]
    lot: Lot | None = None
    shelling: Shelling | None = None

    @property
    def worthwhile(self) -> tuple[WhereOption, ...]:
        """What may be told to a farmer as an option: not a trip that costs more than the load."""
        return tuple(each for each in self.options if each.net is None or each.net > 0)

    @property
    def eaten(self) -> bool:
        """Every trip that can be reckoned costs more than the load brings."""
        nets = [each.net for each in self.options if each.net is not None]
        return bool(nets) and max(nets) <= 0


@dataclass(frozen=True, slots=True)
class Hold:
    """Waiting `months`: in `odds` = (k, n), k of n past seasons gained more than `cost`.

    `median_gain` (before costs) and `cost` are shares of today's price. `advised`: this wait
    is behind a verdict of hold_part.
    """

    months: int
    odds: tuple[int, int]
    median_gain: float
    cost: float
    advised: bool = False


@dataclass(frozen=True, slots=True)
class When:
    """Whether to wait, in counts of past years; never a forecast. Say hold_part in thirds."""

    product: str
    market: str
    season: Season
    holds: tuple[Hold, ...]
    verdict: Literal["hold_part", "sell", "no_clear_season", "not_enough_history"]
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """An offer with the route that serves it: what is reckoned before anything is rounded."""

    offer: Offer
    route: RouteCost | None
    reason: Reason | None
    kg: int
    home: Home | None

    @property
    def net(self) -> float | None:
        if self.route is None or self.reason:
            return None
        return self.route.net(self.offer.price, self.kg)

    @property
    def gain(self) -> float | None:
        """F/kg more than at home."""
        return None if self.net is None or self.home is None else self.net - self.home.value

    @property
    def error(self) -> float:
        home, offer = self.home, self.offer
        return error(offer.price, offer.se_ln, home.value, home.se_ln) if home else 0.0

    def pays(self) -> bool:
        return self.gain is not None and worth(self.gain, self.error, self.kg)

    def option(self) -> WhereOption:
        offer, route, net, gain = self.offer, self.route, self.net, self.gain
        return WhereOption(
            market=offer.market,
            price=offer.price,
            cost_per_kg=whole(route.variable(offer.price)) if route else None,
            fixed_cost=whole(route.fixed(self.kg)) if route else None,
            net=None if net is None else whole(net),
            probability=None if gain is None else round(chance(gain, self.error), CHANCE_DIGITS),
            fair_on=offer.fair_on,
            grade=offer.grade,
            reason=self.reason,
        )


def where(
    product: str,
    village: str,
    kg: int,
    home: Home | None,
    offers: Sequence[Offer],
    routes: Sequence[RouteCost],
    today: date,
) -> Where:
    """Where to sell. `routes` are the village's; `home` the newest farm-gate price or None.

    Raises ValueError when `kg` is not positive.
    """
    if kg <= 0:
        raise ValueError("a quantity to sell is at least one kilo")
    ways = sorted((_way(each, routes, kg, home, today) for each in offers), key=_rank)
    open_ways = [each for each in ways if each.net is not None]
    best = open_ways[0] if open_ways else None
    go = next((each for each in open_ways if each.pays()), None)
    return Where(
        product=product,
        village=village,
        kg=kg,
        home=home,
        options=tuple(each.option() for each in ways),
        floor=_floor(best),
        break_even_kg=_break_even(go or best),
        verdict="go" if go else "stay" if best and home else "unknown",
        market=go.offer.market if go else None,
        reasons=_reasons(ways, best, go, home),
        lot=_lot(open_ways, routes, home, today),
    )


def shut(market: Market, today: date) -> Reason | None:
    """Why a market is out of the advice: its road, its safety, or its next fair called off."""
    if market.road_closed:
        return Reason.ROAD_CLOSED
    if market.insecure:
        return Reason.INSECURITY
    return Reason.FAIR_CANCELLED if next_fair(market, today) in market.cancelled_on else None


def _way(
    offer: Offer, routes: Sequence[RouteCost], kg: int, home: Home | None, today: date
) -> _Way:
    there = [each for each in routes if each.market == offer.market]
    route = cheapest(there, offer.price, kg, today)
    return _Way(offer, route, _left_out(offer, route, there), kg, home)


def _left_out(offer: Offer, route: RouteCost | None, there: Sequence[RouteCost]) -> Reason | None:
    """Why the net is withheld: danger first, then the price, then the cost."""
    if offer.shut:
        return offer.shut
    if offer.grade not in TRUSTED:
        return Reason.LOW_GRADE
    if not offer.fresh:
        return Reason.NOT_FRESH
    if route is None:
        return Reason.COST_OLD if there else Reason.COST_UNKNOWN
    return None


def _rank(way: _Way) -> tuple[bool, float, float, str]:
    """Best net first, then the withheld by price; the code settles ties."""
    net = way.net
    return net is None, -(net or 0.0), -way.offer.price, way.offer.market


def _floor(best: _Way | None) -> int | None:
    net = best.option().net if best else None
    return net if net and net > 0 else None


def _break_even(way: _Way | None) -> int | None:
    if way is None or way.route is None or way.home is None:
        return None
    kilos = break_even(way.route, way.offer.price, way.home.value)
    return None if kilos is None else whole(kilos)


def _lot(
    ways: Sequence[_Way], routes: Sequence[RouteCost], home: Home | None, today: date
) -> Lot | None:
    sold = [(each.offer.market, each.offer.price, each.error) for each in ways]
    return lightest(sold, routes, home.value, today) if home else None


def _reasons(
    ways: Sequence[_Way], best: _Way | None, go: _Way | None, home: Home | None
) -> tuple[Reason, ...]:
    """The reason of the verdict first, then why markets were left out; each once."""
    verdict: list[Reason] = []
    if home is None:
        verdict.append(Reason.NO_HOME_PRICE)
    if not ways:
        verdict.append(Reason.NO_OFFER)
    if best and home and not go:
        verdict += _against(best)
    return tuple(dict.fromkeys([*verdict, *(each.reason for each in ways if each.reason)]))


def _against(best: _Way) -> list[Reason]:
    """Why the best market is not worth the road."""
    gain = best.gain or 0.0
    if gain <= 0:
        return [Reason.NO_GAIN]
    small = [Reason.GAIN_TOO_SMALL] if gain * best.kg < LEAST_GAIN else []
    unsure = [Reason.TOO_UNCERTAIN] if chance(gain, best.error) < SURE else []
    return [*small, *unsure]
