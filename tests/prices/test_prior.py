"""What was known before, and how far a price stands from it: settled readings 10 and 11."""

import math

import pytest

from service.prices.prior import (
    Prior,
    best_prior,
    from_history,
    sigma,
    within_reach,
    z_score,
)
from tests.prices.goods import ARA, MAI, MOU, OIG


@pytest.mark.parametrize(("goods", "weekly"), [(MAI, 0.05), (ARA, 0.06), (OIG, 0.12), (MOU, 0.06)])
def test_each_family_widens_with_the_square_root_of_weeks(goods, weekly):
    assert sigma(Prior(225, 4), goods, 0) == pytest.approx(math.sqrt(0.0064 + 4 * weekly**2))


def test_a_prior_of_today_knows_only_the_noise_of_reporters():
    assert sigma(Prior(225), ARA, 0) == pytest.approx(0.08)


def test_the_unit_and_the_priors_own_spread_widen_too():
    assert sigma(Prior(225), ARA, 0.06) == pytest.approx(0.10)
    assert sigma(Prior(225, sd=0.06), ARA, 0) == pytest.approx(0.10)
    assert sigma(Prior(225, 1, 0.2), ARA, 0.1) == pytest.approx(
        math.sqrt(0.0064 + 0.04 + 0.0036 + 0.01)
    )


def test_z_counts_deviations_on_the_log_scale():
    known = Prior(200, 1)
    assert z_score(200, known, ARA, 0) == 0
    assert z_score(200 * math.exp(0.2), known, ARA, 0) == pytest.approx(2.0)
    assert z_score(200 * math.exp(-0.2), known, ARA, 0) == pytest.approx(-2.0)


@pytest.mark.parametrize(
    ("value", "near"), [(100, True), (99.9, False), (300, True), (900, True), (900.1, False)]
)
def test_reach_is_a_factor_of_three_either_way(value, near):
    assert within_reach(value, 300) is near


def test_a_quote_is_the_prior_for_half_a_year():
    quote, late = Prior(225, 26), Prior(225, 26.1)
    neighbour = Prior(230, 1, 0.05, "neighbour")
    reference = Prior(200, 0, 0.2, "reference")
    assert best_prior(quote, neighbour, reference) is quote
    assert best_prior(late, neighbour, reference) is neighbour
    assert best_prior(late, None, reference) is reference
    assert best_prior(None, None, reference) is reference
    assert best_prior(None, neighbour) is neighbour
    assert best_prior(late) is None
    assert best_prior(None) is None


def test_the_same_month_of_other_years_is_a_prior_with_its_own_spread():
    found = from_history([100, 200, 400])
    assert found == Prior(pytest.approx(200), 0.0, pytest.approx(math.log(2)), "reference")


def test_two_years_are_no_history():
    assert from_history([100, 200]) is None
