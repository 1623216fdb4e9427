"""How far a reporter can be relied on, and the card of a month's work (`method.md` 2.9).

Trust lowers a vote's weight by half at most. Pay follows complete, on-time market days, never the
prices reported. What staff should look at is in `signs`.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from service.prices.judge import AGREEMENT
from service.prices.quote import MAD_TO_SIGMA

DAYS_TO_JUDGE = 8
"""Fair days shared with others before anything is said of a reporter."""

BIAS_COST = 0.20
"""A bias of this much (log) would take all trust; the same for noise above the usual."""

USUAL_NOISE = 0.10
"""Honest reporters of one fair differ by about 8 %: noise up to here costs nothing."""

LEAST_TRUST, FULL_TRUST = 0.5, 1.0

USUALLY = 0.5
"""Share of a market's fairs with a price for a product from which it is expected at the next."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One reporter's value on one day beside the others' of that day (or a check's), F.

    `counted` tells whether the value entered the quote; a held one did not.
    """

    value: float
    others: tuple[float, ...]
    on: date
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bias and noise in log units (0.10 is about 10 %), trust in [0.5, 1], over `days` days."""

    bias: float
    noise: float
    trust: float
    days: int


@dataclass(frozen=True, slots=True)
class MarketDay:
    """A fair a reporter owed: products expected, sent, and sent in time.

    A day on which nobody knows what to expect asks for one product.
    """

    on: date
    expected: int
    sent: int
    in_time: int

    @property
    def wanted(self) -> int:
        return max(1, self.expected)

    @property
    def on_time(self) -> bool:
        """What is wanted came in time, or all there was; a later addition costs nothing."""
        return self.sent > 0 and self.in_time >= min(self.sent, self.wanted)

    @property
    def complete(self) -> bool:
        return self.sent >= self.wanted

    @property
    def earned(self) -> bool:
        """Complete and on time: the unit of airtime."""
        return self.in_time >= self.wanted


@dataclass(frozen=True, slots=True)
class Card:
    """A reporter's month in counts: fairs owed, `reported`, `on_time`, `complete`, and `earned`
    (complete and on time); `reports` that count.

    `closeness` is the median distance to the others (log), None when always alone; `checked` and
    `passed` the reports asked about again and found right; `served` the answers given to farmers
    from prices this reporter helped make.
    """

    fairs: int
    reported: int
    on_time: int
    complete: int
    earned: int
    reports: int
    closeness: float | None
    checked: int = 0
    passed: int = 0
    served: int = 0


def reliability(comparisons: Iterable[Comparison]) -> Reliability | None:
    """Bias, noise and trust; None under eight days, and never from held values alone."""
    shared = [each for each in comparisons if each.others]
    if len({each.on for each in shared if each.counted}) < DAYS_TO_JUDGE:
        return None
    gaps = [_gap(each) for each in shared]
    bias = statistics.median(gaps)
    noise = MAD_TO_SIGMA * statistics.median(abs(gap - bias) for gap in gaps)
    days = len({each.on for each in shared})
    return Reliability(round(bias, 6), round(noise, 6), round(trust(bias, noise), 6), days)


def trust(bias: float, noise: float) -> float:
    """r = clip(1 - |b|/0.20 - max(0, v - 0.10)/0.20, 0.5, 1)."""
    lost = abs(bias) / BIAS_COST + max(0.0, noise - USUAL_NOISE) / BIAS_COST
    return min(FULL_TRUST, max(LEAST_TRUST, 1.0 - lost))


def usual(days: Iterable[tuple[date, str]]) -> frozenset[str]:
    """Products to expect at a market, from (day, product) of its earlier fairs: those priced at
    half of them or more. One rare product must not make everybody's day incomplete."""
    seen = set(days)
    fairs = {day for day, _ in seen}
    counts = {product: sum(each == product for _, each in seen) for _, product in seen}
    return frozenset(each for each, count in counts.items() if count >= USUALLY * len(fairs))


def holds_good(value: float, found: float) -> bool:
    """Whether a check found what was reported: as close as two reporters who vouch."""
    return abs(value - found) <= AGREEMENT * found


def card(
    days: Sequence[MarketDay],
    comparisons: Iterable[Comparison],
    *,
    reports: int,
    checks: Sequence[bool] = (),
    served: int = 0,
) -> Card:
    """A month on one card. `checks` say of each report asked about again whether it held good."""
    gaps = [abs(_gap(each)) for each in comparisons if each.others]
    return Card(
        fairs=len(days),
        reported=sum(day.sent > 0 for day in days),
        on_time=sum(day.on_time for day in days),
        complete=sum(day.complete for day in days),
        earned=sum(day.earned for day in days),
        reports=reports,
        closeness=round(statistics.median(gaps), 6) if gaps else None,
        checked=len(checks),
        passed=sum(checks),
        served=served,
    )


def airtime(month: Card, per_day: int, per_check: int = 0) -> int:
    """F of airtime: so much for each complete, on-time day, so much for each check passed."""
    return month.earned * per_day + month.passed * per_check


def _gap(one: Comparison) -> float:
    return math.log(one.value) - statistics.median(math.log(other) for other in one.others)
