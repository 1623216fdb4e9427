"""How far a reporter can be relied on, and the card of a month: `method.md` 2.9."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.prices.reliability import (
    Comparison,
    MarketDay,
    airtime,
    card,
    holds_good,
    reliability,
    trust,
    usual,
)
from tests.prices.goods import FAIR


def many(value, count=8, *, others=(200, 200), back=0, **facts):
    """The same value at fairs running, `back` weeks before today at the latest."""
    days = [FAIR - timedelta(weeks=back + week) for week in range(count)]
    return [Comparison(value, others, day, **facts) for day in days]


# Trust


def test_a_reporter_who_says_what_others_say_has_full_trust():
    found = reliability(many(200))
    assert (found.bias, found.noise, found.trust, found.days) == (0, 0, 1, 8)


def test_eight_days_are_needed():
    assert reliability(many(200, 7)) is None
    assert reliability([]) is None


def test_eight_products_of_one_fair_are_one_day():
    assert reliability([Comparison(200, (200,), FAIR)] * 8) is None
    assert reliability([*many(200, 7), Comparison(150, (200,), FAIR)]) is None
    found = reliability([*many(200, 8), Comparison(150, (150,), FAIR)])
    assert found.days == 8


def test_a_day_alone_is_no_comparison():
    assert reliability([*many(200, 7), Comparison(200, (), FAIR)]) is None


def test_nothing_is_said_from_held_values_alone():
    assert reliability(many(200, 8, counted=False)) is None
    assert reliability([*many(200, 7), *many(900, 5, back=7, counted=False)]) is None


def test_held_values_count_beside_eight_that_counted():
    found = reliability([*many(200, 8), *many(900, 9, back=8, counted=False)])
    assert found.days == 17
    assert found.bias == pytest.approx(math.log(4.5), abs=1e-6)


def test_a_steady_ten_per_cent_too_high_costs_half():
    found = reliability(many(200 * math.exp(0.05)))
    assert found.bias == pytest.approx(0.05)
    assert found.trust == pytest.approx(0.75)


def test_others_are_taken_at_their_median():
    assert reliability(many(200, others=(100, 200, 900))).bias == 0


def test_noise_is_the_scaled_median_deviation():
    swing = 0.10
    noisy = [
        *many(200 * math.exp(swing), 4, others=(200,)),
        *many(200 * math.exp(-swing), 4, others=(200,), back=4),
    ]
    found = reliability(noisy)
    assert found.bias == pytest.approx(0)
    assert found.noise == pytest.approx(0.14826)
    assert found.trust == pytest.approx(1 - 0.04826 / 0.2)


@pytest.mark.parametrize(
    ("bias", "noise", "share"),
    [
        (0, 0.10, 1.0),
        (0, 0.12, 0.9),
        (0.04, 0, 0.8),
        (-0.04, 0, 0.8),
        (0.04, 0.12, 0.7),
        (0.10, 0, 0.5),
        (0.5, 0.5, 0.5),
        (0, 0.05, 1.0),
    ],
)
def test_trust_follows_bias_and_noise(bias, noise, share):
    assert trust(bias, noise) == pytest.approx(share)


@given(st.floats(-3, 3), st.floats(0, 3))
def test_trust_stays_between_a_half_and_one(bias, noise):
    assert 0.5 <= trust(bias, noise) <= 1.0


# Card


def test_airtime_follows_complete_days_on_time_and_never_prices():
    days = [
        MarketDay(FAIR, 3, 3, 3),
        MarketDay(FAIR, 3, 4, 3),
        MarketDay(FAIR, 3, 2, 2),
        MarketDay(FAIR, 3, 3, 2),
        MarketDay(FAIR, 3, 0, 0),
    ]
    month = card(days, many(210), reports=12, checks=[True, False, True], served=40)
    assert (month.fairs, month.reported, month.complete) == (5, 4, 3)
    assert (month.on_time, month.earned) == (3, 2)
    assert (month.checked, month.passed, month.served, month.reports) == (3, 2, 40, 12)
    assert airtime(month, 500, 250) == 2 * 500 + 2 * 250
    assert airtime(month, 500) == 1000
    assert month.closeness == pytest.approx(math.log(1.05), abs=1e-6)


def test_a_product_that_came_late_costs_nothing_when_the_others_were_complete_in_time():
    day = MarketDay(FAIR, 3, 5, 4)
    assert (day.on_time, day.complete, day.earned) == (True, True, True)


def test_where_nothing_is_expected_one_product_makes_a_day():
    assert MarketDay(FAIR, 0, 1, 1).earned
    assert not MarketDay(FAIR, 0, 0, 0).earned
    assert not MarketDay(FAIR, 0, 0, 0).on_time


def test_too_low_is_as_far_as_too_high():
    low = card([], many(190), reports=8)
    assert low.closeness == pytest.approx(-math.log(0.95), abs=1e-6)


def test_a_month_without_fairs_has_an_empty_card():
    month = card([], [Comparison(200, (), FAIR)], reports=0)
    assert (month.fairs, month.reported, month.on_time, month.earned) == (0, 0, 0, 0)
    assert month.closeness is None
    assert airtime(month, 500) == 0


def test_what_was_priced_at_half_of_the_fairs_is_expected_at_the_next():
    days = [FAIR - timedelta(weeks=week) for week in range(4)]
    told = [*((day, "ARA") for day in days), *((day, "MAI") for day in days[:2]), (days[0], "SES")]
    assert usual(told) == {"ARA", "MAI"}
    assert usual([*told, *told]) == {"ARA", "MAI"}
    assert usual([]) == frozenset()


def test_a_check_within_fifteen_per_cent_holds_good():
    assert holds_good(230, 200)
    assert holds_good(170, 200)
    assert not holds_good(231, 200)
    assert not holds_good(169, 200)
