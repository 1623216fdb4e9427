"""The published price of one product at one market on one fair day (`method.md` 2.4).

From the votes of the fair day to a value, a range and a grade: window, one vote a reporter, the
rule against strays, weights, weighted median. The same votes give the same bytes in any order.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from service.prices.catalog import VESSEL_TICK, Product, Quantity, Stage
from service.prices.freshness import age_days
from service.prices.report import Vote

METHOD = "sugu-1"
"""Version of everything in this module; moves when a published figure could change."""

QUORUM = 3
"""Reporters that make a fair day whole: three, a median and ask-back is where errors fall off."""

STRAY = 3.5
"""Robust deviations from the day's median beyond which a report is left out."""

LEAST_DEVIATION = 0.05
"""Floor of the robust deviation (log): reporters who agree exactly would make it zero."""

SMALL_SAMPLE_DEVIATION = 0.08
"""The same below five reports: the deviation of two or three values is not to be trusted."""

MAD_TO_SIGMA = 1.4826
"""A normal sample's standard deviation over its median absolute deviation."""

MEDIAN_TO_MEAN_ERROR = 1.2533
"""A normal sample's standard error of the median over that of the mean, sqrt(pi / 2)."""

QUARTILES_FROM = 5
"""Reports from which the range shown is the middle half, not the extremes."""

WIDE = 0.20
"""Range over value above which a quote is not better than B."""

STALE_AFTER_DAYS = 120
"""A unit not weighed for longer costs its quotes one grade."""

AGE_LIMITS = (7, 14, 28)
"""Days up to which a quote may be A, B, C; older is D."""

HALF = 1e-9
"""Shares this close to one half are one half: sums of weights carry rounding errors."""

GRADES = "ABCD"


@dataclass(frozen=True, slots=True)
class Quote:
    """F per `unit`: the product's quoted quantity (`kg`, `head`) or the code of a vessel.

    `reports` are the ids that count, sorted. `grade` is the grade on the day it was computed:
    `grade_on` gives it for a later day. `se_ln` is the standard error of ln(value).
    """

    product: str
    market: str
    stage: Stage
    unit: str
    value: int
    low: int
    high: int
    reporters: int
    grade: str
    fair_on: date
    method: str
    n_eff: float
    se_ln: float
    reports: tuple[int, ...]
    stale_unit: bool = False

    @property
    def spread(self) -> float:
        return (self.high - self.low) / self.value


@dataclass(frozen=True, slots=True)
class Share:
    """A vote that counts, with its part of the whole: the shares of a quote sum to one."""

    vote: Vote
    share: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """A vote that does not count: `stray`, `replaced`, `already_heard` or `expired`."""

    vote: Vote
    reason: str


@dataclass(frozen=True, slots=True)
class Workings:
    """Why this number: every vote that was looked at, what it weighed or why it was left out."""

    quote: Quote
    shares: tuple[Share, ...]
    dropped: tuple[Dropped, ...]


def compute(
    product: Product,
    market: str,
    stage: Stage,
    unit: str,
    votes: Iterable[Vote],
    earlier: Iterable[Vote],
    day: date,
    asof: date,
) -> Quote | None:
    """The quote of fair day `day`, graded as of `asof`; None when nobody reported that day."""
    found = explain(product, market, stage, unit, votes, earlier, day, asof)
    return found.quote if found else None


def explain(
    product: Product,
    market: str,
    stage: Stage,
    unit: str,
    votes: Iterable[Vote],
    earlier: Iterable[Vote],
    day: date,
    asof: date,
) -> Workings | None:
    """`compute` with its workings. `earlier` may hold any older votes; the window is cut here."""
    todays, replaced = _last_words(vote for vote in votes if vote.on == day)
    if not todays:
        return None
    kept, strays = _without_strays(todays)
    older, left_out = _extension(todays, earlier, day, product)
    window = sorted((*kept, *older), key=lambda vote: (vote.value, vote.report))
    weights = _weights(window, day, product.habit.half_life)
    whole = math.fsum(weights)
    return Workings(
        _quote(product, market, stage, unit, window, weights, day, asof),
        tuple(Share(vote, weight / whole) for vote, weight in zip(window, weights, strict=True)),
        tuple(sorted((*replaced, *strays, *left_out), key=lambda each: each.vote.report)),
    )


def grade(
    reporters: int, age: int, spread: float, *, stale_unit: bool = False, verified: bool = True
) -> str:
    """A to D: the worst of number, age in days and spread; one lower on a stale unit (8, 9)."""
    if reporters == 1 and not verified:
        return "D"
    by_number = max(0, QUORUM - reporters)
    by_age = sum(age > limit for limit in AGE_LIMITS)
    worst = max(by_number, by_age, int(spread > WIDE))
    return GRADES[min(worst + int(stale_unit), 3)]


def grade_on(quote: Quote, today: date) -> str:
    """The grade on a later day: a quote only ages, and what was D for doubt stays D."""
    if quote.grade == "D":
        return "D"
    age = age_days(quote.fair_on, today)
    return grade(quote.reporters, age, quote.spread, stale_unit=quote.stale_unit)


def tick_of(product: Product, unit: str, value: float) -> int:
    """The step prices are traded in, F. A small vessel goes by the coin, a sack by 250 F."""
    if unit in frozenset(Quantity):
        return product.tick
    return VESSEL_TICK if value >= 10 * VESSEL_TICK else 5


def to_tick(value: float, tick: int) -> int:
    """The nearest tick, halves up, never zero. Rounding errors of divisions are cut first."""
    return max(1, math.floor(round(value / tick, 9) + 0.5)) * tick


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """Of values in rising order: where the weight passes half; at exactly half, the midpoint
    on the log scale with the next value (6)."""
    whole, passed = math.fsum(weights), 0.0
    for index, (value, weight) in enumerate(zip(values, weights, strict=True)):
        passed += weight / whole
        if abs(passed - 0.5) <= HALF:
            return math.sqrt(value * values[index + 1])
        if passed > 0.5:
            return value
    raise ValueError("a median of nothing")


def capped(weights: Sequence[float]) -> list[float]:
    """The heaviest cut down to the sum of the others: no reporter holds above half (5)."""
    if len(weights) < 2:
        return list(weights)
    heaviest = max(range(len(weights)), key=weights.__getitem__)
    others = math.fsum(weight for at, weight in enumerate(weights) if at != heaviest)
    return [min(w, others) if at == heaviest else w for at, w in enumerate(weights)]


def _last_words(votes: Iterable[Vote]) -> tuple[list[Vote], list[Dropped]]:
    """One vote a reporter, in order of report; the earlier ones are replaced (2)."""
    in_order = sorted(votes, key=lambda vote: vote.report)
    last = {vote.reporter: vote for vote in in_order}
    replaced = [Dropped(each, "replaced") for each in in_order if last[each.reporter] != each]
    return sorted(last.values(), key=lambda vote: vote.report), replaced


def _without_strays(votes: Sequence[Vote]) -> tuple[list[Vote], list[Dropped]]:
    """From three on the fair day itself, what lies too far from its median is left out (4)."""
    if len(votes) < QUORUM:
        return list(votes), []
    logs = [math.log(vote.value) for vote in votes]
    middle, scale = statistics.median(logs), max(_deviation(logs), LEAST_DEVIATION)
    stray = [abs(log - middle) / scale > STRAY for log in logs]
    kept = [vote for vote, out in zip(votes, stray, strict=True) if not out]
    return kept, [Dropped(vote, "stray") for vote, out in zip(votes, stray, strict=True) if out]


def _extension(
    todays: Sequence[Vote], earlier: Iterable[Vote], day: date, product: Product
) -> tuple[list[Vote], list[Dropped]]:
    """With fewer than three reporters: those of the last fair day with reports, not yet heard.

    A day too old to be shown as a price is too old to be mixed into one.
    """
    before = [vote for vote in earlier if vote.on < day]
    if len(todays) >= QUORUM or not before:
        return [], []
    last = max(vote.on for vote in before)
    votes, dropped = _last_words(vote for vote in before if vote.on == last)
    if (day - last).days > product.habit.expires_after:
        return [], [Dropped(vote, "expired") for vote in votes]
    heard = {vote.reporter for vote in todays}
    again = [Dropped(vote, "already_heard") for vote in votes if vote.reporter in heard]
    return [vote for vote in votes if vote.reporter not in heard], dropped + again


def _weights(votes: Sequence[Vote], day: date, half_life: int) -> list[float]:
    return capped([vote.trust * 2.0 ** (-(day - vote.on).days / half_life) for vote in votes])


def _quote(
    product: Product,
    market: str,
    stage: Stage,
    unit: str,
    window: Sequence[Vote],
    weights: Sequence[float],
    day: date,
    asof: date,
) -> Quote:
    values = [vote.value for vote in window]
    middle = weighted_median(values, weights)
    tick = tick_of(product, unit, middle)
    low, value, high = (to_tick(each, tick) for each in _range(values, middle))
    n_eff = math.fsum(weights) ** 2 / math.fsum(weight**2 for weight in weights)
    stale = any(_is_stale(vote, day) for vote in window)
    return Quote(
        product=product.code,
        market=market,
        stage=stage,
        unit=unit,
        value=value,
        low=low,
        high=high,
        reporters=len(window),
        grade=grade(
            len(window),
            age_days(day, asof),
            (high - low) / value,
            stale_unit=stale,
            verified=all(vote.verified for vote in window),
        ),
        fair_on=day,
        method=METHOD,
        n_eff=round(n_eff, 6),
        se_ln=round(MEDIAN_TO_MEAN_ERROR * _sigma(values) / math.sqrt(n_eff), 6),
        reports=tuple(sorted(vote.report for vote in window)),
        stale_unit=stale,
    )


def _range(values: Sequence[float], middle: float) -> tuple[float, float, float]:
    """Low, middle, high. Quartiles take no weights, so the middle may step outside: it widens."""
    if len(values) < QUARTILES_FROM:
        return values[0], middle, values[-1]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return min(low, middle), middle, max(high, middle)


def _sigma(values: Sequence[float]) -> float:
    floor = SMALL_SAMPLE_DEVIATION if len(values) < QUARTILES_FROM else LEAST_DEVIATION
    return max(_deviation([math.log(value) for value in values]), floor)


def _deviation(logs: Sequence[float]) -> float:
    middle = statistics.median(logs)
    return MAD_TO_SIGMA * statistics.median(abs(log - middle) for log in logs)


def _is_stale(vote: Vote, day: date) -> bool:
    return vote.weighed_on is not None and (day - vote.weighed_on).days > STALE_AFTER_DAYS
