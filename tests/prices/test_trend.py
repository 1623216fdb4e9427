"""A trend is one word, and only when the move is surer than the noise of a few reporters."""

from datetime import date, timedelta
from math import exp
from random import Random
from statistics import median

import pytest

from service.prices.trend import slope, trend
from tests.prices.history import kita

FAIR = date(2026, 9, 4)


def quotes(values, se_ln=0.02, grade="A"):
    return [(value, se_ln, grade, FAIR + timedelta(weeks=at)) for at, value in enumerate(values)]


def reported(rng, truth, reporters):
    """The median of a few reporters who each miss the truth by 8 %, and its error."""
    value = median(truth * exp(0.08 * rng.gauss(0, 1)) for _ in range(reporters))
    return 5 * round(value / 5), 1.2533 * 0.08 / reporters**0.5


def words(rng, truths, reporters):
    """What is said at each fair of a series of true prices."""
    told = [
        (*reported(rng, truth, reporters), "A", FAIR + timedelta(weeks=at))
        for at, truth in enumerate(truths)
    ]
    return [trend(told[: at + 1]) for at in range(3, len(told))]


def test_a_price_that_climbs_well_beyond_its_error_rises():
    assert trend(quotes([200, 205, 240, 245])) == "up"


def test_a_price_that_drops_well_beyond_its_error_falls():
    assert trend(quotes([240, 245, 205, 200])) == "down"


def test_a_move_of_five_percent_is_not_one():
    assert trend(quotes([400, 400, 420, 420], se_ln=0)) == "stable"
    assert trend(quotes([400, 400, 421, 421], se_ln=0)) == "up"


def test_a_move_of_one_tick_of_ten_francs_is_not_one():
    assert trend(quotes([100, 100, 110, 110], se_ln=0)) == "stable"
    assert trend(quotes([100, 100, 111, 111], se_ln=0)) == "up"


def test_a_move_within_one_and_a_half_errors_is_not_one():
    # four errors of 0.05: 1.5 x 0.10 = 15 %
    assert trend(quotes([200, 200, 229, 229], se_ln=0.05)) == "stable"
    assert trend(quotes([200, 200, 231, 231], se_ln=0.05)) == "up"


def test_three_fairs_are_not_enough_for_a_word():
    assert trend(quotes([200, 240, 280])) is None


def test_estimates_do_not_count_as_fairs():
    assert trend(quotes([200, 200, 240]) + quotes([240], grade="D")) is None


def test_the_order_in_which_quotes_are_handed_over_does_not_matter():
    told = quotes([200, 205, 240, 245])
    assert trend(told[::-1]) == trend(told)


def test_only_the_last_four_fairs_are_compared():
    assert trend(quotes([100, 100, 300, 300, 300, 300])) == "stable"


@pytest.mark.parametrize("reporters", [1, 2, 3, 5])
def test_a_price_that_stands_still_is_called_stable_nine_times_in_ten(reporters):
    rng = Random(20261120)
    said = [word for _ in range(300) for word in words(rng, [225.0] * 12, reporters)]
    assert sum(word != "stable" for word in said) / len(said) <= 0.10


def test_a_price_that_wanders_without_going_anywhere_is_seldom_called_moving():
    """The truth moves 2 % around its level from fair to fair, as rural prices do."""
    rng = Random(7)
    said = []
    for _ in range(300):
        truths = [225 * exp(0.02 * rng.gauss(0, 1)) for _ in range(12)]
        said += words(rng, truths, 3)
    assert sum(word != "stable" for word in said) / len(said) <= 0.10


def weekly(series):
    """Four fairs a month along the runs of surveyed months, moving evenly in between."""
    months = sorted(series)
    for month in months:
        if month + 1 in series:
            step = (series[month + 1] / series[month]) ** 0.25
            yield from (series[month] * step**week for week in range(4))


def test_replayed_fairs_of_kita_are_called_moving_only_when_they_moved():
    """Each fair told by three noisy reporters, as the truth goes along the surveyed months."""
    rng, wrong, fairs = Random(3), 0, 0
    for series in kita().values():
        truths = list(weekly(series))
        for at, word in enumerate(words(rng, truths, 3), start=3):
            moved = truths[at] * truths[at - 1] - truths[at - 2] * truths[at - 3]
            calm = abs(moved) <= 2 * 0.05 * truths[at - 2] * truths[at - 3]
            wrong += (word != "stable" and calm) or (word == "up" and moved < 0)
            fairs += calm
    assert fairs > 300
    assert wrong / fairs <= 0.10


def test_a_real_jump_of_forty_percent_is_nearly_always_heard():
    rng = Random(11)
    said = [words(rng, [200.0, 200.0, 280.0, 280.0], 3)[0] for _ in range(300)]
    assert said.count("up") / len(said) >= 0.9
    assert said.count("down") == 0


def test_the_slope_is_the_weekly_change_of_a_steady_rise():
    steady = [200 * exp(0.02 * week) for week in range(6)]
    assert slope(quotes(steady)) == pytest.approx(0.02)


def test_one_wild_fair_does_not_bend_the_slope():
    values = [200 * exp(0.02 * week) for week in range(6)]
    values[3] *= 2
    assert slope(quotes(values)) == pytest.approx(0.02, abs=0.005)


def test_the_slope_needs_four_fairs_on_different_days():
    assert slope(quotes([200, 210, 220])) is None
    assert slope([(200, 0.05, "A", FAIR)] * 4) is None
