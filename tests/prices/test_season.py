"""A season passes a test before it is told, and the age of the data limits every word."""

from datetime import date
from math import cos, exp, pi
from random import Random

import pytest

from service.prices.regression import f_tail, invert, multiply
from service.prices.season import (
    Allowed,
    Basis,
    History,
    Wave,
    allowed,
    anomaly,
    calendar_month,
    choose,
    month_index,
    monthly,
    season,
)
from tests.prices.history import kita

START = 2015 * 12


def wave(months, half_height, peak=8, noise=0.0, seed=1, level=200.0, drift=0.0):
    """A yearly wave in the logs, highest in calendar month `peak`, with noise."""
    rng = Random(seed)
    return {
        START + at: level
        * exp(
            half_height * cos(2 * pi * (at - (peak - 1)) / 12)
            + drift * at / 12
            + noise * rng.gauss(0, 1)
        )
        for at in range(months)
    }


def drifting(months, seed, persistence=0.8, shock=0.06):
    """A price without season whose months resemble each other."""
    rng, log_price, found = Random(seed), 0.0, {}
    for at in range(months):
        log_price = persistence * log_price + shock * rng.gauss(0, 1)
        found[START + at] = 200 * exp(log_price)
    return found


def test_a_wave_gives_back_its_gap_its_peak_and_its_trough():
    found = season(History(wave(48, 0.15), "test"))
    assert (found.clear, found.peak_month, found.low_month) == (True, 8, 2)
    assert found.gap == pytest.approx(exp(0.3) - 1)
    assert (found.years, found.source) == (4, "test")


def test_a_rising_price_level_is_not_taken_for_a_season():
    found = season(History(wave(48, 0.0, drift=0.1, noise=0.02)))
    assert not found.clear
    assert (found.peak_month, found.low_month, found.gap) == (None, None, None)


def test_a_season_is_found_beneath_a_rising_level():
    found = season(History(wave(48, 0.15, drift=0.1, noise=0.02)))
    assert (found.clear, found.peak_month, found.low_month) == (True, 8, 2)


def test_prices_that_never_move_have_no_season():
    assert not season(History(dict.fromkeys(range(START, START + 60), 500.0))).clear


def test_no_season_is_told_from_under_two_years_of_months():
    assert not season(History(wave(23, 0.3))).clear
    assert season(History(wave(24, 0.3, noise=0.01))).clear


def test_two_years_of_the_same_three_months_cannot_tell_a_season():
    months = {month: 200.0 + month % 3 for month in range(START, START + 300) if month % 12 < 3}
    assert isinstance(season(History(months)).clear, bool)
    assert Wave.through({START + 12 * at: 200.0 for at in range(30)}) is None


def test_a_series_without_season_seldom_passes_the_gate():
    """Months that resemble each other (0.8): monthly averages would "find" a gap of 16 %."""
    five_years = [season(History(drifting(60, seed))).clear for seed in range(200)]
    twelve_years = [season(History(drifting(144, seed))).clear for seed in range(200)]
    assert sum(five_years) / 200 <= 0.15
    assert sum(twelve_years) / 200 <= 0.06


# Figures worked out apart from this code, by matrix algebra on the same rows: gap, p-value.
KITA = {
    "maize": (0.3254755119, 0.0008713725107, (7, 1)),
    "sorghum": (0.2635383490, 0.009060254403, (8, 2)),
    "millet": (0.3394253630, 1.772356978e-05, (9, 3)),
    "rice": (0.0474620147, 0.3177127639, None),
    "cowpea": (0.0289589936, 0.06806681628, None),
    "groundnut": (0.3394525953, 0.07137373884, None),
}


@pytest.mark.parametrize("chain", KITA)
def test_the_seasons_of_kita_agree_with_an_independent_reckoning(chain):
    gap, chance, months = KITA[chain]
    series = kita()[chain]
    found, fitted = season(History(series)), Wave.through(series)
    assert fitted.gap == pytest.approx(gap, abs=1e-6)
    assert fitted.chance == pytest.approx(chance, abs=1e-6)
    assert ((found.peak_month, found.low_month) if found.clear else None) == months


@pytest.mark.parametrize(
    ("statistic", "freedom", "tail"),
    [  # published 5 % and 1 % points of F(2, d)
        (4.103, 10, 0.05),
        (7.559, 10, 0.01),
        (3.493, 20, 0.05),
        (5.849, 20, 0.01),
        (3.150, 60, 0.05),
        (4.977, 60, 0.01),
    ],
)
def test_the_tail_of_f_agrees_with_the_printed_tables(statistic, freedom, tail):
    assert f_tail(statistic, freedom) == pytest.approx(tail, rel=2e-3)


def test_the_tail_of_f_is_one_at_nought_and_falls():
    assert f_tail(0, 30) == 1
    assert f_tail(1, 30) > f_tail(2, 30) > f_tail(10, 30) > 0


def test_a_matrix_times_its_inverse_is_one():
    matrix = [[0.0, 2.0, 1.0], [1.0, 0.0, 3.0], [4.0, 1.0, 0.0]]
    for i, line in enumerate(multiply(matrix, invert(matrix))):
        assert line == pytest.approx([float(i == j) for j in range(3)])


def test_a_matrix_without_inverse_is_refused():
    with pytest.raises(ZeroDivisionError):
        invert([[1.0, 2.0], [2.0, 4.0]])


def test_a_price_far_above_its_month_is_high_and_far_below_is_low():
    series = wave(48, 0.15, noise=0.05)
    usual = exp(Wave.through(series).level(START + 48))
    assert anomaly(series, START + 48, usual * 1.2).word == "high"
    assert anomaly(series, START + 48, usual / 1.2).word == "low"
    assert anomaly(series, START + 48, usual).word == "usual"


def test_high_and_low_are_not_said_under_three_years_of_earlier_months():
    series = wave(60, 0.15, noise=0.05)
    assert anomaly(series, START + 35, 900.0) is None
    assert anomaly(series, START + 36, 900.0).word == "high"


def test_a_price_is_not_judged_by_itself_nor_by_later_ones():
    series = wave(48, 0.15, noise=0.05)
    later = series | {START + 48: 900.0, START + 49: 950.0}
    assert anomaly(series, START + 48, 300.0) == anomaly(later, START + 48, 300.0)


def test_a_second_wave_is_used_only_from_five_years_on():
    def twice(months):
        return {
            m: p * exp(0.1 * cos(4 * pi * m / 12))
            for m, p in wave(months, 0.15, noise=0.02).items()
        }

    assert Wave.best(twice(59)).waves == 1
    assert Wave.best(twice(60)).waves == 2
    assert Wave.best(wave(60, 0.15, noise=0.02)).waves == 1


@pytest.mark.parametrize(
    ("own", "reference", "expected"),
    [
        (0, 0, Allowed()),
        (11, 0, Allowed()),
        (11, 92, Allowed(season=Basis.REFERENCE, odds=Basis.REFERENCE)),
        (11, 23, Allowed()),
        (12, 0, Allowed(year_on_year=Basis.OWN)),
        (24, 0, Allowed(year_on_year=Basis.OWN, season=Basis.OWN)),
        (36, 92, Allowed(Basis.OWN, Basis.OWN, Basis.OWN, Basis.REFERENCE)),
        (60, 92, Allowed(Basis.OWN, Basis.OWN, Basis.OWN, Basis.OWN, second_wave=True)),
    ],
)
def test_the_age_of_the_data_limits_what_may_be_said(own, reference, expected):
    assert allowed(own, reference) == expected


def test_an_imported_series_stands_in_until_ours_is_five_years_old():
    ours, lent = History(wave(59, 0.1), "ours"), History(wave(92, 0.1), "survey")
    assert choose(ours, lent) is lent
    assert choose(History(wave(60, 0.1), "ours"), lent).source == "ours"
    assert choose(ours, None) is ours
    assert choose(None, lent) is lent
    assert choose(ours, History(wave(20, 0.1))) is ours


def test_only_grades_a_and_b_make_a_month():
    day = date(2026, 11, 6)
    found = monthly([(day, 200, "A"), (day, 220, "B"), (day, 900, "C"), (day, 950, "D")])
    assert found == {month_index(day): 210}


def test_a_month_knows_its_place_in_the_year():
    assert calendar_month(month_index(date(2026, 12, 31))) == 12
    assert calendar_month(month_index(date(2027, 1, 1))) == 1
