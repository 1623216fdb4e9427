"""How far a reporter can be relied on, and what staff should look at: `method.md` 2.9."""

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.prices.reliability import (
    Comparison,
    Entry,
    Flag,
    MarketDay,
    card,
    flags,
    is_before_dawn,
    is_off_day,
    is_round,
    is_stuck,
    reliability,
    trust,
    twins,
)
from tests.prices.goods import FAIR

MORNING = datetime(2026, 11, 20, 9, 0)  # noqa: DTZ001 - local time of the market
FRIDAYS = frozenset({4})


def entry(reporter=1, product="ARA", value=225, *, on=FAIR, at=MORNING, amount=None, market="KITA"):
    return Entry(reporter, product, market, on, at, value if amount is None else amount, value)


def many(value, count=8, **facts):
    return [Comparison(value, (200, 200), **facts)] * count


# Trust


def test_a_reporter_who_says_what_others_say_has_full_trust():
    found = reliability(many(200))
    assert (found.bias, found.noise, found.trust, found.days) == (0, 0, 1, 8)


def test_eight_days_are_needed():
    assert reliability(many(200, 7)) is None
    assert reliability([]) is None


def test_a_day_alone_is_no_comparison():
    assert reliability([*many(200, 7), Comparison(200, ())]) is None


def test_nothing_is_said_from_held_values_alone():
    assert reliability(many(200, 8, counted=False)) is None
    assert reliability([*many(200, 7), *many(900, 5, counted=False)]) is None


def test_held_values_count_beside_eight_that_counted():
    found = reliability([*many(200, 8), *many(900, 9, counted=False)])
    assert found.days == 17
    assert found.bias == pytest.approx(math.log(4.5), abs=1e-6)


def test_a_steady_ten_per_cent_too_high_costs_half():
    found = reliability(many(200 * math.exp(0.05)))
    assert found.bias == pytest.approx(0.05)
    assert found.trust == pytest.approx(0.75)


def test_others_are_taken_at_their_median():
    assert reliability([Comparison(200, (100, 200, 900))] * 8).bias == 0


def test_noise_is_the_scaled_median_deviation():
    swing = 0.10
    noisy = [Comparison(200 * math.exp(sign * swing), (200,)) for sign in (1, -1) for _ in range(4)]
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


# Flags


def test_a_value_stuck_for_four_fairs_while_peers_moved():
    assert is_stuck([225] * 4, [200, 205, 210, 215])
    assert not is_stuck([225] * 4, [200, 205, 210, 214])  # exactly 7 %
    assert not is_stuck([225] * 3, [200, 205, 215])
    assert not is_stuck([230, 225, 225, 225], [200, 205, 210, 300])
    assert is_stuck([230, 225, 225, 225, 225], [900, 200, 205, 210, 215])
    assert not is_stuck([225] * 4, [200, 300])


def test_amounts_that_all_end_in_000():
    whole = [entry(value=each * 1000) for each in (15, 20, 22, 40)]
    assert is_round(whole)
    assert not is_round(whole[:3])
    assert not is_round([*whole, entry(value=22_500)])


def test_a_report_before_dawn_of_its_own_fair():
    assert is_before_dawn(entry(at=MORNING.replace(hour=5, minute=59)))
    assert not is_before_dawn(entry(at=MORNING.replace(hour=6, minute=0)))
    next_night = entry(at=MORNING.replace(hour=2) + timedelta(days=1))
    assert not is_before_dawn(next_night)


def test_a_report_for_a_day_without_a_fair():
    assert is_off_day(entry(on=FAIR + timedelta(days=1)), FRIDAYS)
    assert not is_off_day(entry(), FRIDAYS)
    assert not is_off_day(entry(on=FAIR + timedelta(days=1)), frozenset())


def basket(reporter, *, count=4, at=MORNING, shift=0, **facts):
    codes = ("ARA", "MAI", "MIL", "SOR", "NIE")[:count]
    return [
        entry(reporter, code, 200 + step + shift, at=at, **facts) for step, code in enumerate(codes)
    ]


def test_two_reporters_with_one_hand():
    assert twins([*basket(2), *basket(1, at=MORNING + timedelta(minutes=10))]) == {(1, 2)}


def test_three_shared_products_are_chance():
    assert twins([*basket(1, count=3), *basket(2, count=3)]) == set()


def test_reporters_far_apart_in_time_value_day_or_market_are_no_twins():
    one = basket(1)
    assert twins([*one, *basket(2, at=MORNING + timedelta(minutes=11))]) == set()
    assert twins([*one, *basket(2, shift=5)]) == set()
    assert twins([*one, *basket(2, market="KAYES")]) == set()
    assert twins([*one, *basket(2, on=FAIR - timedelta(days=7))]) == set()


def test_a_reporter_is_no_twin_of_himself():
    assert twins([*basket(1), *basket(1)]) == set()


def test_all_flags_at_once_and_none():
    days = [FAIR - timedelta(weeks=back) for back in (3, 2, 1, 0)]
    stuck = [entry(value=4_000, on=day, at=MORNING.replace(hour=4)) for day in days]
    peers = {"ARA": [200, 210, 220, 230]}
    assert flags(stuck, frozenset({0}), peers, {(1, 2)}) == frozenset(Flag)
    fine = [
        entry(value=value, on=day) for value, day in zip((225, 230, 225, 235), days, strict=True)
    ]
    assert flags(fine, FRIDAYS, peers, {(2, 3)}) == frozenset()
    assert flags(stuck, FRIDAYS, {}) == {Flag.ROUND, Flag.BEFORE_DAWN}


# Card


def test_airtime_follows_complete_days_on_time_and_never_prices():
    days = [
        MarketDay(FAIR, 3, 3, on_time=True),
        MarketDay(FAIR, 3, 4, on_time=True),
        MarketDay(FAIR, 3, 2, on_time=True),
        MarketDay(FAIR, 3, 3, on_time=False),
        MarketDay(FAIR, 3, 0, on_time=False),
    ]
    month = card(days, many(210), per_day=500, audit_bonus=250, audits_passed=2, served=40)
    assert (month.fairs, month.reported, month.on_time) == (5, 4, 0.6)
    assert month.airtime == 2 * 500 + 2 * 250
    assert month.served == 40
    assert month.closeness == pytest.approx(math.log(1.05), abs=1e-6)


def test_a_day_with_one_product_was_reported_and_an_empty_one_was_not_on_time():
    days = [MarketDay(FAIR, 1, 1, on_time=True), MarketDay(FAIR, 0, 0, on_time=True)]
    month = card(days, (), per_day=500)
    assert (month.reported, month.on_time, month.served) == (1, 0.5, 0)


def test_audits_pay_only_when_passed():
    assert card([], (), per_day=500, audit_bonus=250).airtime == 0
    assert card([], (), per_day=500, audits_passed=3).airtime == 0


def test_too_low_is_as_far_as_too_high():
    assert card([], many(190), per_day=1).closeness == pytest.approx(-math.log(0.95), abs=1e-6)


def test_a_month_without_fairs_has_an_empty_card():
    month = card([], [Comparison(200, ())], per_day=500)
    assert (month.fairs, month.reported, month.on_time, month.airtime) == (0, 0, 0.0, 0)
    assert month.closeness is None
