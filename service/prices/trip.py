"""Trip: what going from a village to a market costs, and from what load on it pays.

Sources: `method.md` 2.10 and settled reading 16. Costs are staff's, dated and sourced; nothing
here has a default. F per kg and F per trip; `kg` is what the farmer would take along.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, sqrt
from statistics import NormalDist

from service.prices.catalog import Market

RAIN = frozenset({6, 7, 8, 9, 10})
"""Months of the rainy season at Kita, when roads are bad and carters dear."""

COST_LASTS = 180
"""Days after which a transport cost is no longer believed."""

LEAST_GAIN = 1500
"""F of total gain under which a day's journey is not worth a farmer's while."""

SURE = 0.80
"""Chance of gaining something that a trip must have before it is advised."""

SURE_ERRORS = NormalDist().inv_cdf(SURE)
"""The same in standard errors: 0.8416."""

WEEK = 7

ROUNDING = 1e-9
"""Kilos by which floating point may miss a whole number."""


@dataclass(frozen=True, slots=True)
class RouteCost:
    """One way of going to a market. `season` is any, dry or rain; `per_trip` holds for each
    load of `load_kg` begun (None: everything goes in one trip); `loss` is a share of the load."""

    market: str
    per_kg: float
    per_trip: float
    as_of: date
    fee_per_kg: float = 0.0
    season: str = "any"
    load_kg: int | None = None
    loss: float = 0.0
    mode: str = ""
    source: str = ""

    def current(self, today: date) -> bool:
        return (today - self.as_of).days <= COST_LASTS

    def fixed(self, kg: int) -> float:
        """F for the trips that `kg` needs."""
        return self.per_trip * (ceil(kg / self.load_kg) if self.load_kg else 1)

    def variable(self, price: float) -> float:
        """F/kg that come off a price: transport, fees and handling, and what is lost on the way."""
        return self.per_kg + self.fee_per_kg + price * self.loss

    def net(self, price: float, kg: int) -> float:
        """N_m(Q) = P (1 - loss) - per kg - fee - F/Q."""
        return price - self.variable(price) - self.fixed(kg) / kg


def season_of(day: date) -> str:
    return "rain" if day.month in RAIN else "dry"


def next_fair(market: Market, today: date) -> date:
    """Today or the first fair day after it; today for a daily market or an unknown day."""
    days = (today + timedelta(days=ahead) for ahead in range(WEEK))
    return next((day for day in days if day.weekday() in market.fair_days), today)


def passable(routes: Sequence[RouteCost], today: date) -> list[RouteCost]:
    """The routes one may reckon with today; one made for this season hides its all-year twin."""
    now = [
        each for each in routes if each.current(today) and each.season in {"any", season_of(today)}
    ]
    special = {each.mode for each in now if each.season != "any"}
    return [each for each in now if each.season != "any" or each.mode not in special]


def cheapest(routes: Sequence[RouteCost], price: float, kg: int, today: date) -> RouteCost | None:
    """The passable route that leaves most."""
    return max(passable(routes, today), key=lambda each: each.net(price, kg), default=None)


def break_even(route: RouteCost, price: float, home: float) -> float | None:
    """Kilos from which a trip leaves more than selling at home: F / (margin per kg).

    None when there is no margin, or when even a full load does not pay for its trip.
    """
    margin = price - route.variable(price) - home
    if margin <= 0:
        return None
    kilos = route.per_trip / margin
    return None if route.load_kg and kilos > route.load_kg else kilos


def error(price: float, se_ln: float, home: float, home_se_ln: float) -> float:
    """Standard error of the difference of two prices, F/kg."""
    return sqrt((price * se_ln) ** 2 + (home * home_se_ln) ** 2)


def chance(gain: float, se: float) -> float:
    """Chance that a gain per kg is a gain: Phi(gain/se); certain when both prices are."""
    if se > 0:
        return NormalDist().cdf(gain / se)
    return 1.0 if gain > 0 else 0.5 if gain == 0 else 0.0


def worth(gain: float, se: float, kg: int) -> bool:
    """Whether a trip may be advised: sure enough, and enough francs in all."""
    return chance(gain, se) >= SURE and gain * kg >= LEAST_GAIN


def lot_kg(route: RouteCost, price: float, home: float, se: float) -> int | None:
    """The smallest lot, in whole kilos, for which the trip would be advised.

    What a cooperative must gather. None when no weight makes the trip sure enough.
    """
    margin = price - route.variable(price) - home
    sure_margin = margin - SURE_ERRORS * se
    if sure_margin <= 0:
        return None
    load = route.load_kg
    trips = 1
    if load:
        surplus = margin * load - route.per_trip
        if surplus <= 0 or route.per_trip > sure_margin * load:
            return None
        trips = ceil(LEAST_GAIN / surplus)
    fixed = trips * route.per_trip
    return ceil(max((fixed + LEAST_GAIN) / margin, fixed / sure_margin) - ROUNDING)


@dataclass(frozen=True, slots=True)
class Lot:
    """The smallest lot for which a trip would be advised: what neighbours must gather."""

    market: str
    kg: int


def lightest(
    sold: Sequence[tuple[str, float, float]],
    routes: Sequence[RouteCost],
    home: float,
    today: date,
) -> Lot | None:
    """The lightest lot over all markets and all ways to go there: a lot takes a lorry where one
    farmer takes a cart. `sold` is (market, price, standard error against home)."""
    lots = [
        Lot(market, kg)
        for market, price, se in sold
        for route in passable([each for each in routes if each.market == market], today)
        if (kg := lot_kg(route, price, home, se)) is not None
    ]
    return min(lots, key=lambda each: (each.kg, each.market), default=None)


def whole(amount: float) -> int:
    """The nearest franc or kilo, halves up (also below nought)."""
    return floor(amount + 0.5)
