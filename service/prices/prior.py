"""What was known before a price came in, and how far a new price stands from it.

A prior is a quote, a neighbour's estimate or an imported history; its age and its own spread
widen what is believed without asking (`method.md` 2.3, settled readings 10 and 11).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.prices.catalog import Product

QUOTE_SIGMA = 0.08
"""What honest reporters of one fair differ by (log)."""

FARTHEST = 3.0
"""No real price of the region moved by more than this factor in four cases of a thousand."""

PRIOR_WEEKS = 26
"""A quote older than this says less than the same month of other years."""

FEWEST_YEARS = 3
"""Years of a calendar month before its spread means anything."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What was known before: F per the same quantity, how old, and its own spread if it has one.

    `sd` is the log standard deviation of an estimate or of a reference history; a quote has none.
    """

    value: float
    weeks: float = 0.0
    sd: float | None = None
    source: Literal["quote", "neighbour", "reference"] = "quote"


def sigma(prior: Prior, product: Product, cv: float) -> float:
    """Standard deviation of ln(price / prior): reporters, the prior's own spread, time, unit."""
    drift = product.habit.weekly_sigma**2 * prior.weeks
    return math.sqrt(QUOTE_SIGMA**2 + (prior.sd or 0.0) ** 2 + drift + cv**2)


def z_score(value: float, prior: Prior, product: Product, cv: float) -> float:
    """Deviations (log) of a value from what was known."""
    return math.log(value / prior.value) / sigma(prior, product, cv)


def within_reach(value: float, known: float) -> bool:
    """Within a factor of three either way."""
    return known / FARTHEST <= value <= known * FARTHEST


def best_prior(
    quote: Prior | None, neighbour: Prior | None = None, reference: Prior | None = None
) -> Prior | None:
    """The newest quote while it is worth more than other years; else a neighbour's estimate,
    else the imported history of the same calendar month (10)."""
    if quote and quote.weeks <= PRIOR_WEEKS:
        return quote
    return neighbour or reference


def from_history(prices: Sequence[float]) -> Prior | None:
    """A prior from one calendar month of an imported history, one price a year, F/kg."""
    if len(prices) < FEWEST_YEARS:
        return None
    logs = [math.log(price) for price in prices]
    middle = math.exp(statistics.median(logs))
    return Prior(middle, sd=statistics.stdev(logs), source="reference")
