"""Advice on when to sell: how often waiting paid in past seasons, after its costs.

Source: `method.md` 2.11 and settled readings 14, 15 and 17. Odds are counts of years, never a
forecast. On Kita's prices the plain rule (two seasons in three paid) was right in half of the
cases, so it is narrowed twice: `PRUDENCE`, and only in the low half of the year. Both, and the
lengths of `HOLDS`, were chosen on Kita 2012-2019 among many variants: the hit rate `backtest.py`
measures on those years flatters the rule, and only later years can confirm it. 2018 and 2019,
two good harvests running, went against it (decision 21).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import Literal

from service.prices.advice import Caution, Hold, When
from service.prices.season import (
    SEASON_MONTHS,
    YEAR,
    History,
    Month,
    Season,
    Series,
    Wave,
    anomaly,
    month_index,
    season,
)

HOLDS = (3, 6)
"""Months of waiting that are counted: a third sold now, a third at each of these."""

LEAST_SEASONS = 5
"""Seasons under which a count says nothing."""

OF_THREE = 2
"""A wait must have paid in two seasons of three."""

PRUDENCE = 2.0
"""A wait is advised only if it paid twice its cost in more than two seasons of three: keeping
always costs more than planned, and one bad year takes a fifth of the price (reading 17)."""

AMPLE = 3.0
"""Costs it must have paid where it did so in two seasons of three and no oftener."""

Verdict = Literal["hold_part", "sell", "no_clear_season", "not_enough_history"]

NUTS = frozenset({"groundnut"})
"""Value chains whose damp stock turns poisonous: every word on waiting carries the caution."""


@dataclass(frozen=True, slots=True)
class StorageCost:
    """What keeping costs: loss and money as shares of the price a month, storage in F/kg a month.

    Staff's figures per product; a product without them gets no advice to wait.
    """

    loss_per_month: float
    money_per_month: float
    store_f_per_kg_month: float = 0.0

    def share(self, months: int, price: float) -> float:
        """k(h) = loss h + money h + storage h / price, as a share of today's price."""
        monthly = self.loss_per_month + self.money_per_month + self.store_f_per_kg_month / price
        return monthly * months


def when(
    product: str,
    market: str,
    price: float | None,
    on: date,
    history: History | None,
    costs: StorageCost | None,
    chain: str = "",
) -> When:
    """Whether to wait with a product at a market, at today's `price` (F/kg, None: not known).

    Only months before `on` are used. `chain` is the value chain (groundnut carries a caution).
    """
    month = month_index(on)
    known = (history or History()).before(month)
    found = season(known)
    nuts = (Caution.AFLATOXIN,) if chain in NUTS else ()
    if price is None or costs is None:
        gap = Caution.NO_PRICE if price is None else Caution.STORAGE_COST_UNKNOWN
        return When(product, market, found, (), "not_enough_history", (*nuts, gap))
    past = ((months, past_gains(known.prices, month, months)) for months in HOLDS)
    holds = tuple(
        _hold(months, gains, costs.share(months, price))
        for months, gains in past
        if len(gains) >= LEAST_SEASONS
    )
    verdict, why = _verdict(known, month, price, found, holds)
    holds = tuple(
        each if verdict == "hold_part" else replace(each, advised=False) for each in holds
    )
    return When(product, market, found, holds, verdict, (*nuts, *why))


def past_gains(prices: Series, month: Month, months: int) -> list[float]:
    """Gross gain, as a share, of the same wait in each past season that is known, newest first.

    Only waits that ended before `month` count.
    """
    first = min(prices, default=month)
    gains = []
    for start in range(month - YEAR, first - 2, -YEAR):
        sold, kept = nearest(prices, start), nearest(prices, start + months)
        if sold is not None and kept is not None:
            gains.append(kept / sold - 1)
    return gains


def nearest(prices: Series, month: Month) -> float | None:
    """The price of a month, else of the month before it, else of the month after it."""
    return next((prices[at] for at in (month, month - 1, month + 1) if at in prices), None)


def _hold(months: int, gains: Sequence[float], cost: float) -> Hold:
    paid = _paid(gains, cost)
    advised = _oftener(_paid(gains, PRUDENCE * cost), len(gains)) or _often(
        _paid(gains, AMPLE * cost), len(gains)
    )
    return Hold(months, (paid, len(gains)), median(gains), cost, advised)


def _paid(gains: Sequence[float], cost: float) -> int:
    return sum(each > cost for each in gains)


def _often(paid: int, seasons: int) -> bool:
    return 3 * paid >= OF_THREE * seasons


def _oftener(paid: int, seasons: int) -> bool:
    return 3 * paid > OF_THREE * seasons


def _verdict(
    known: History, month: Month, price: float, found: Season, holds: Sequence[Hold]
) -> tuple[Verdict, list[Caution]]:
    """The refusals in their order (reading 14), then the odds."""
    if len(known.prices) < SEASON_MONTHS or not holds:
        return "not_enough_history", []
    wave = Wave.through(known.prices)
    if not found.clear or wave is None:
        return "no_clear_season", []
    unusual = anomaly(known.prices, month, price) if known.same_series else None
    if unusual is not None and unusual.word == "high":
        return "sell", [Caution.HIGH_FOR_SEASON]
    if not any(_often(*each.odds) for each in holds):
        return "sell", []
    if wave.lift(month) >= 0:
        return "sell", [Caution.LATE_IN_SEASON]
    if not any(each.advised for each in holds):
        return "sell", [Caution.THIN_MARGIN]
    unchecked = [] if known.same_series else [Caution.LEVEL_UNCHECKED]
    return "hold_part", [Caution.FOOD_RESERVE, *unchecked]
