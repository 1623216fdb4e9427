"""Kita's real prices, replayed with slips: the table of `method.md` 2.3 and the goals of 5."""

import pytest

from bench.judge import SLIPS, bands_only, season, slips_caught

SEED = 20261120


@pytest.fixture(scope="module")
def known():
    return slips_caught()


@pytest.mark.parametrize("slip", SLIPS)
def test_slips_are_questioned(known, slip):
    least = 0.95 if slip in {"x5", "/5"} else 0.99
    assert known.tried[slip] > 400
    assert known.questioned[slip] / known.tried[slip] >= least


@pytest.mark.parametrize("slip", SLIPS)
def test_the_right_reading_is_mostly_among_the_options(known, slip):
    assert known.proposed[slip] / known.tried[slip] >= 0.85


def test_real_moves_of_a_month_are_rarely_questioned(known):
    assert known.questioned["none"] / known.tried["none"] <= 0.12


def test_the_bounds_of_staff_alone_question_every_zero_and_every_dorome():
    alone = bands_only()
    for slip in ("x10", "/10", "/5", "sack as kg", "kg as sack"):
        assert alone.questioned[slip] / alone.tried[slip] >= 0.99


@pytest.mark.parametrize("rate", [0.03, 0.08])
def test_three_reporters_publish_the_truth(rate):
    it = season(3, rate, SEED, rounds=3)
    assert it.dropped == 0
    assert it.needless / it.true <= 0.12
    assert it.off / it.published <= 0.015
    assert it.gross / it.published <= 0.005
    assert it.hidden / it.moves <= 0.02


def test_the_same_seed_gives_the_same_figures():
    assert season(2, 0.08, SEED) == season(2, 0.08, SEED)
