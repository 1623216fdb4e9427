"""Where to sell, on the screen: options worth a trip, the lot that pays, shelling first or not."""

from dataclasses import replace
from datetime import date

import pytest

from service.prices.shelling import Yield
from service.prices.trip import RouteCost
from tests.ussd.world import FARMER, FARMER_BM, FRIDAY, RELAY, TODAY, book, dial, quote, scene

CART = RouteCost("SEBEKORO", 5, 6_000, date(2026, 10, 1))
MEASURED = Yield("ARA", "ARD", 0.65, 10, date(2026, 11, 1))


def at(*routes, **changes):
    return scene(book(routes={"V3": list(routes)}, **changes))


def shelled(kernel):
    quotes = book().quotes | {("ARD", "SEBEKORO"): [quote("ARD", "SEBEKORO", kernel)]}
    return scene(book(quotes=quotes, yields={"ARA": MEASURED}))


def test_a_load_too_small_for_any_road_is_told_plainly_not_to_travel():
    told = dial(FARMER._replace(kilos=5), "2", at(CART)).text
    assert "Ne partez pas" in told
    assert "Sébékoro -" not in told
    assert "Plancher" not in told


def test_where_nothing_else_is_known_the_whole_sentence_fits():
    alone = {("ARA", "SEBEKORO"): [quote("ARA", "SEBEKORO", 275, n=4)]}
    told = dial(FARMER._replace(kilos=5), "2", at(CART, quotes=alone)).text
    assert "Ne partez pas : le trajet coute plus que 5 kg ne rapportent" in told


def test_a_market_that_would_cost_money_is_no_option_beside_one_that_pays():
    told = dial(FARMER._replace(kilos=9), "2", at(CART, RouteCost("KITA", 0, 0, TODAY))).text
    assert "Kita 225 F" in told
    assert "Sébékoro -" not in told


def test_who_should_stay_alone_is_told_what_several_must_gather():
    told = dial(FARMER._replace(kilos=60), "2", at(CART)).text
    assert "Groupez 108 kg : Sébékoro" in told
    assert "Le trajet paie" not in told


def test_a_relay_is_told_so_in_the_same_words():
    assert "Groupez 108 kg : Sébékoro" in dial(RELAY._replace(kilos=60), "2", at(CART)).text


def test_in_bambara_the_lot_is_there_too():
    assert "108" in dial(FARMER_BM._replace(kilos=60), "2", at(CART)).text


def test_who_may_go_alone_is_told_of_no_lot():
    assert "plusieurs" not in dial(FARMER, "2").text


def test_what_covers_the_road_is_not_sold_as_what_pays():
    told = dial(FARMER._replace(kilos=60), "2*9", at(CART)).text
    assert "Frais couverts dès 86 kg" in told
    assert "paie dès" not in told


def test_shelling_is_advised_where_a_yield_was_measured_and_it_pays():
    assert "Décortiquer : +40 F par kg de coque" in dial(FARMER, "2*9*4", shelled(500)).text


def test_shelling_that_loses_is_said_to_lose():
    assert "Décortiquer ne paie pas" in dial(FARMER, "2*9*4", shelled(380)).text


@pytest.mark.parametrize("kernel", [440, 445])
def test_a_gain_of_shelling_that_is_not_sure_is_not_told(kernel):
    assert "pas de conseil" in dial(FARMER, "2*9*4", shelled(kernel)).text


def test_without_a_measured_yield_nothing_is_said_of_shelling():
    where = scene(
        book(quotes=book().quotes | {("ARD", "SEBEKORO"): [quote("ARD", "SEBEKORO", 900)]})
    )
    assert "Décortiquer" not in dial(FARMER, "2*9", where).text


def test_a_yield_of_another_harvest_counts_no_more():
    quotes = book().quotes | {("ARD", "SEBEKORO"): [quote("ARD", "SEBEKORO", 900)]}
    old = replace(MEASURED, measured_on=date(2025, 10, 1))
    where = scene(book(quotes=quotes, yields={"ARA": old}))
    assert "Décortiquer" not in dial(FARMER, "2*9", where).text


def test_kernels_of_a_doubtful_price_are_compared_with_nothing():
    weak = [
        quote("ARD", "SEBEKORO", 900, n=1, grade="C"),
        quote("ARD", "KITA", 900, n=1, grade="C"),
    ]
    quotes = book().quotes | {(each.product, each.market): [each] for each in weak}
    where = scene(book(quotes=quotes, yields={"ARA": MEASURED}))
    assert where.book.where("ARA", "V3", 200, FRIDAY).shelling is None


# What is remembered


def test_a_price_that_was_there_is_on_the_next_first_screen():
    assert dial(FARMER, "1*3*2*00").text.startswith("Mais, Sébékoro")


@pytest.mark.parametrize("path", ["1*3", "1*8", "1*3*4"])
def test_a_price_that_was_not_there_is_not(path):
    assert dial(FARMER, path).deeds == ()
    assert dial(FARMER, f"{path}*00").text.startswith("Arachide coque, Kita")


@pytest.mark.parametrize("known", [None, 60])
def test_a_path_with_kilos_means_the_same_before_and_after_they_are_known(known):
    told = dial(FARMER._replace(kilos=known), "2*200", at(CART)).text
    assert told.startswith("Arachide coque, 200 kg")


@pytest.mark.parametrize("key", ["8", "99999999", "x"])
def test_what_is_no_quantity_is_no_choice_over_the_advice(key):
    told = dial(FARMER._replace(kilos=60), f"2*{key}", at(CART)).text
    assert told.startswith("Choix non valable")
    assert "60 kg" in told
