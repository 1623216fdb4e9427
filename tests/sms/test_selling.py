"""Where to sell by SMS: what is kept when one SMS is short, and what is never said."""

from dataclasses import replace
from datetime import date

import pytest

from service.encoding import SMS_SEPTETS, is_gsm7, septets
from service.i18n import LANGS, speaker
from service.prices.advice import Home, Offer, Reason, Where, where
from service.prices.shelling import Shelling
from service.prices.trip import RouteCost
from service.sms.answers.selling import where_text
from tests.sms.shelf import kita_only

TODAY = date(2026, 11, 25)
FRIDAY = date(2026, 11, 20)
CATALOG = kita_only()
ROADS = [
    RouteCost("KITA", 0, 0, TODAY),
    RouteCost("SEBEKORO", 5, 6_000, TODAY),
    RouteCost("BENDOUGOUBA", 8, 3_000, TODAY),
]


def offer(market, price, **changes):
    return replace(Offer(market, price, "A", FRIDAY, 0.02), **changes)


def advised(kg, home=200, roads=ROADS, **changes) -> Where:
    offers = [offer("KITA", 225), offer("SEBEKORO", 275), offer("BENDOUGOUBA", 230)]
    found = where("ARA", "V", kg, home and Home(home, None), offers, roads, TODAY)
    return replace(found, **changes)


def said(found, lang="fr"):
    return where_text(found, CATALOG, speaker(lang), lang)


def test_the_load_and_the_fair_are_said_with_the_nets():
    assert said(advised(200)).startswith(
        "Arachide coque, 200 kg, foires 20/11. Le kilo, trajet déduit : Sébékoro 240 F"
    )


def test_who_may_go_is_told_where_and_the_floor():
    told = said(advised(200))
    assert "Le trajet à Sébékoro paie" in told
    assert told.endswith("Pas sous 240 F")


def test_who_should_stay_is_told_what_lot_would_pay():
    told = said(advised(60, home=225))
    assert "Vendez près" in told
    assert "À plusieurs : Sébékoro dès" in told or "A plusieurs : Sébékoro dès" in told


def test_a_net_below_nought_is_no_option():
    assert "-" not in said(advised(10)).replace("foires", "")


def test_a_load_no_road_pays_for_stays_at_home_in_so_many_words():
    told = said(advised(10, roads=ROADS[1:]))
    assert "ne partez pas, le trajet coute plus que 10 kg ne rapportent" in told


def test_without_a_price_at_home_there_is_no_verdict_and_it_says_so():
    told = said(advised(200, home=None))
    assert "Prix au village inconnu" in told
    assert "paie" not in told


def test_a_closed_road_is_named_and_no_net_is_made_of_it():
    shut = [offer("KITA", 225, shut=Reason.ROAD_CLOSED), offer("SEBEKORO", 275, fresh=False)]
    found = where("ARA", "V", 100, Home(200, None), shut, ROADS, TODAY)
    told = said(found)
    assert "Kita 225 F (route coupée)" in told
    assert "Sébékoro 275 F (ancien)" in told


def test_shelling_is_told_where_there_is_room():
    its = Shelling("ARD", "SEBEKORO", 0.65, 10, 25, 0.9, pays=True, measured_on=TODAY)
    roads = ROADS[1:2]
    found = where("ARA", "V", 200, Home(200, None), [offer("SEBEKORO", 275)], roads, TODAY)
    assert "Décortiquer : +25 F" in said(replace(found, shelling=its))
    losing = replace(its, gain=-5, pays=False)
    assert "Décortiquer" not in said(replace(found, shelling=losing))


def test_in_bambara_every_amount_is_counted_both_ways():
    told = said(advised(200), "bm")
    assert "240 F (dòròmè 48)" in told
    assert told.count(" F (d") == told.count(" F")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kg", [1, 5, 9, 60, 200, 99_999])
@pytest.mark.parametrize("home", [None, 150, 225, 400])
def test_one_sms_holds_it_for_every_product(lang, kg, home):
    for code in CATALOG.products:
        found = replace(advised(kg, home), product=code)
        told = said(found, lang)
        assert is_gsm7(told)
        assert septets(told) <= SMS_SEPTETS
        assert not told.endswith("...")
