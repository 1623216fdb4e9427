"""From what was said to F per quoted quantity."""

from datetime import date

import pytest

from service.prices.units import UNWEIGHED_CV, Unweighed, Valued, basis, value_of
from tests.prices.goods import (
    ARA,
    BOL,
    CATALOG,
    KG,
    MAI,
    MOU,
    POU,
    SAC,
    TETE,
    TINE,
    TONNE,
)


def value(amount, quantity, unit, goods, market="KITA"):
    return value_of(amount, quantity, unit, goods, market, CATALOG)


def test_a_kilo_price_is_itself():
    assert value(225, 1, KG, ARA) == Valued(225, 0.0, None)


def test_several_kilos_are_divided():
    assert value(675, 3, KG, ARA) == Valued(225, 0.0, None)


def test_a_tonne_is_a_thousand_kilos():
    assert value(225_000, 1, TONNE, ARA) == Valued(225, 0.0, None)


def test_a_sack_goes_by_the_weighings_of_its_own_market():
    assert value(18_400, 1, SAC, MAI) == Valued(200, 0.04, date(2026, 10, 1))


def test_a_sack_elsewhere_goes_by_the_weighing_that_holds_everywhere():
    assert value(40_000, 2, SAC, MAI, "KAYES") == Valued(200, 0.02, date(2026, 9, 1))


def test_a_single_weighing_has_no_spread_of_its_own():
    assert value(1_700, 1, TINE, MAI) == Valued(100, UNWEIGHED_CV, date(2026, 10, 2))


def test_two_weighings_have_a_spread():
    assert value(700, 1, TINE, ARA) == Valued(100, 0.05, date(2026, 10, 2))


def test_a_vessel_nobody_weighed_never_becomes_a_kilo_price():
    assert value(45_000, 2, SAC, ARA) == Unweighed(22_500, 0.10)
    assert value(500, 1, BOL, MAI) == Unweighed(500, 0.10)


@pytest.mark.parametrize("goods", [MOU, POU])
def test_animals_are_counted(goods):
    assert value(90_000, 2, TETE, goods) == Valued(45_000, 0.0, None)


@pytest.mark.parametrize("unit", [KG, SAC])
def test_an_animal_is_never_priced_from_kilos(unit):
    assert value(1_500, 1, unit, MOU) == Unweighed(1_500, 0.10)


def test_a_count_of_something_sold_by_weight_needs_a_weighing():
    assert value(100, 4, TETE, MAI) == Unweighed(25, 0.10)


def test_the_basis_is_the_quoted_quantity_or_the_vessel():
    assert basis(Valued(225, 0), SAC, ARA) == "kg"
    assert basis(Valued(45_000, 0), TETE, MOU) == "head"
    assert basis(Unweighed(22_500), SAC, ARA) == "SAC"
