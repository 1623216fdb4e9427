"""A price nobody reported, drawn from a market that usually keeps the same distance (2.6).

For display only, always said to be estimated, never stored among quotes, never fed to trend,
season or advice.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from service.prices.catalog import Product
from service.prices.quote import MAD_TO_SIGMA, Quote, grade_on, tick_of, to_tick

COMMON_WEEKS = 8
"""Newest weeks with a price at both markets that give the usual distance."""

FEWEST_WEEKS = 6
"""Fewer say nothing reliable of the distance."""

LOOSEST = 0.12
"""Median absolute deviation of the log distance above which a market is no guide."""

LOOK_BACK_DAYS = 365
"""Older weeks tell of another year's roads and harvests."""

TRUSTED = frozenset("AB")
"""Grades a source must have on the day of the estimate."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """F per quoted quantity at `market`, from the quote of `source` of `fair_on`. Grade D.

    `gap` is the usual ln(price here / price there) over `weeks` common weeks, `mad` its median
    absolute deviation.
    """

    product: str
    market: str
    value: int
    source: str
    fair_on: date
    gap: float
    mad: float
    weeks: int

    @property
    def sd(self) -> float:
        """Standard deviation of the distance (log), for a prior made of this estimate."""
        return MAD_TO_SIGMA * self.mad


def estimate(
    product: Product,
    market: str,
    history: Sequence[Quote],
    others: Mapping[str, Sequence[Quote]],
    today: date,
) -> Estimate | None:
    """The estimate from the steadiest neighbour, or None when none is steady and fresh enough.

    `history` and `others` are quotes of one product, stage and unit, in any order.
    """
    own = _by_week(history, today)
    found = (
        _from_one(product, market, own, code, others[code], today)
        for code in sorted(others)
        if code != market
    )
    usable = [each for each in found if each is not None]
    return min(usable, key=lambda each: (each.mad, each.source), default=None)


def _from_one(
    product: Product,
    market: str,
    own: Mapping[date, Quote],
    code: str,
    quotes: Sequence[Quote],
    today: date,
) -> Estimate | None:
    theirs = _by_week(quotes, today)
    newest = max(theirs.values(), key=lambda quote: quote.fair_on, default=None)
    if newest is None or grade_on(newest, today) not in TRUSTED:
        return None
    gaps = _gaps(own, theirs)
    if len(gaps) < FEWEST_WEEKS:
        return None
    gap = statistics.median(gaps)
    mad = statistics.median(abs(each - gap) for each in gaps)
    if mad > LOOSEST:
        return None
    value = newest.value * math.exp(gap)
    whole = to_tick(value, tick_of(product, newest.unit, value))
    return Estimate(
        product.code, market, whole, code, newest.fair_on, round(gap, 6), round(mad, 6), len(gaps)
    )


def _gaps(own: Mapping[date, Quote], theirs: Mapping[date, Quote]) -> list[float]:
    """ln(here / there) in each of the newest common weeks."""
    weeks = sorted(own.keys() & theirs.keys())[-COMMON_WEEKS:]
    return [math.log(own[week].value / theirs[week].value) for week in weeks]


def _by_week(quotes: Iterable[Quote], today: date) -> dict[date, Quote]:
    """The newest quote of each week (keyed by its Monday), without doubtful and future ones."""
    first = today - timedelta(days=LOOK_BACK_DAYS)
    usable = [each for each in quotes if first <= each.fair_on <= today and each.grade != "D"]
    in_order = sorted(usable, key=lambda quote: quote.fair_on)
    return {each.fair_on - timedelta(days=each.fair_on.weekday()): each for each in in_order}
