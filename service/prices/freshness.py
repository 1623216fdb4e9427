"""How old a quote is, counted in fairs missed and never in hours (`method.md` 2.5, 19).

Age counts from the fair day, not from when a message came in. A fair is missed once its day is
over: on the morning of a fair, last week's price is still the last one there can be.
"""

from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from enum import StrEnum

from service.prices.catalog import Product

WEEK = 7


class Freshness(StrEnum):
    """The last fair's, one missed, two missed, or too old to be shown as a price."""

    FRESH = "fresh"
    LAST = "last"
    OLD = "old"
    EXPIRED = "expired"


_BY_MISSED = (Freshness.FRESH, Freshness.LAST, Freshness.OLD)


def age_days(fair_on: date, today: date) -> int:
    """Days since the fair; a fair day still to come counts as today's."""
    return max(0, (today - fair_on).days)


def freshness(
    fair_on: date,
    today: date,
    fair_days: AbstractSet[int],
    product: Product,
    cancelled: AbstractSet[date] = frozenset(),
) -> Freshness:
    """The state of a quote. `fair_days` are weekdays, 0 = Monday; none means daily or unknown."""
    if age_days(fair_on, today) > product.habit.expires_after:
        return Freshness.EXPIRED
    return _BY_MISSED[min(missed(fair_on, today, fair_days, cancelled), 2)]


def missed(
    fair_on: date,
    today: date,
    fair_days: AbstractSet[int],
    cancelled: AbstractSet[date] = frozenset(),
) -> int:
    """Fairs held since without a price. A daily market's are counted by whole weeks (1)."""
    between = max(0, age_days(fair_on, today) - 1)
    if not fair_days:
        return between // WEEK
    days = (fair_on + timedelta(days=ahead) for ahead in range(1, between + 1))
    return sum(day.weekday() in fair_days and day not in cancelled for day in days)
