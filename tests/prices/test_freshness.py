"""Age in fairs missed: settled readings 1 and 19."""

from datetime import date, timedelta

import pytest

from service.prices.freshness import Freshness, age_days, freshness, missed
from tests.prices.goods import ARA, FAIR, MAI, MOU, OIG

FRIDAYS = frozenset({4})
DAILY = frozenset()


def after(days):
    return FAIR + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (0, "fresh"),
        (6, "fresh"),
        (7, "fresh"),  # the next fair is being held: nothing is missed before it is over
        (8, "last"),
        (14, "last"),
        (15, "old"),
        (21, "old"),
        (22, "old"),
        (28, "old"),
        (29, "expired"),
    ],
)
@pytest.mark.parametrize("goods", [ARA, MAI, MOU])
@pytest.mark.parametrize("fair_days", [FRIDAYS, DAILY])
def test_a_weekly_fair_and_a_daily_market_age_by_the_week(goods, days, state, fair_days):
    assert freshness(FAIR, after(days), fair_days, goods) == state


@pytest.mark.parametrize(
    ("days", "state"), [(7, "fresh"), (8, "last"), (10, "last"), (11, "expired")]
)
@pytest.mark.parametrize("fair_days", [FRIDAYS, DAILY])
def test_vegetables_go_from_last_to_expired(days, state, fair_days):
    assert freshness(FAIR, after(days), fair_days, OIG) == state


def test_a_market_with_two_fairs_a_week_ages_twice_as_fast():
    twice = frozenset({1, 4})  # Tuesday and Friday
    states = [freshness(FAIR, after(days), twice, ARA) for days in (4, 5, 7, 8)]
    assert states == [Freshness.FRESH, Freshness.LAST, Freshness.LAST, Freshness.OLD]


def test_a_cancelled_fair_is_not_missed():
    cancelled = frozenset({after(7)})
    assert freshness(FAIR, after(8), FRIDAYS, ARA, cancelled) is Freshness.FRESH
    assert missed(FAIR, after(15), FRIDAYS, cancelled) == 1


def test_a_quote_of_another_day_than_the_fair_waits_for_the_next_fair():
    tuesday = date(2026, 11, 17)
    assert missed(tuesday, date(2026, 11, 20), FRIDAYS) == 0
    assert missed(tuesday, date(2026, 11, 21), FRIDAYS) == 1


def test_a_fair_still_to_come_has_no_age():
    assert age_days(after(3), FAIR) == 0
    assert age_days(FAIR, after(3)) == 3
    assert freshness(after(3), FAIR, FRIDAYS, ARA) is Freshness.FRESH


def test_a_fair_of_two_days_is_missed_when_its_second_day_is_over():
    both = frozenset({4, 5})
    assert [missed(FAIR, after(days), both) for days in (0, 1, 2)] == [0, 0, 1]
