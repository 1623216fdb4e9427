"""What the book answers with: the kilo, else a vessel, never what has expired."""

from dataclasses import replace
from datetime import date, timedelta

from service.prices.catalog import ANY_MARKET, Weight
from service.prices.freshness import Freshness
from tests.ussd.world import FRIDAY, TODAY, book, catalog, estimate, quote

OLD = date(2026, 10, 16)
PAIR = ("ARA", "KITA")


def with_weights(**weights):
    return book(
        catalog=replace(catalog(), weights={tuple(k.split("_")): w for k, w in weights.items()})
    )


def test_when_the_kilo_has_expired_a_fresh_sack_is_the_price():
    sack = quote(*PAIR, 9_500, unit="SAC")
    its = book(quotes={PAIR: [quote(*PAIR, 225, OLD)]}, vessels={PAIR: [sack]})
    found = its.price(*PAIR, TODAY)
    assert (found.quote, found.freshness, found.shown) == (sack, Freshness.FRESH, True)
    assert found.trend is None, "the trend is the kilo's"


def test_a_fresh_sack_needs_no_estimate():
    sack = quote(*PAIR, 9_500, unit="SAC")
    guess = estimate(*PAIR, 240, "SEBEKORO")
    old = {PAIR: [quote(*PAIR, 225, OLD)]}
    assert (
        book(quotes=old, vessels={PAIR: [sack]}, estimates={PAIR: guess})
        .price(*PAIR, TODAY)
        .estimate
        is None
    )
    assert (
        book(quotes=old, vessels={}, estimates={PAIR: guess}).price(*PAIR, TODAY).estimate == guess
    )


def test_a_kilo_that_may_be_shown_goes_before_any_vessel():
    kilo = quote(*PAIR, 225, FRIDAY - timedelta(days=14))
    its = book(quotes={PAIR: [kilo]}, vessels={PAIR: [quote(*PAIR, 9_500, unit="SAC")]})
    assert its.price(*PAIR, TODAY).quote == kilo


def test_when_all_have_expired_the_newest_date_is_told():
    newer = quote(*PAIR, 9_500, OLD + timedelta(days=3), unit="SAC")
    its = book(quotes={PAIR: [quote(*PAIR, 225, OLD)]}, vessels={PAIR: [newer]})
    found = its.price(*PAIR, TODAY)
    assert (found.shown, found.quote) == (False, newer)


def test_a_sack_is_never_what_waiting_or_a_trip_is_reckoned_from():
    sack = quote(*PAIR, 9_500, unit="SAC")
    its = book(quotes={PAIR: [quote(*PAIR, 225, OLD)]}, vessels={PAIR: [sack]})
    assert "no_price" in its.when(*PAIR).cautions
    where = its.where("ARA", "V3", 100, TODAY)
    assert where is not None
    assert PAIR[1] not in [each.market for each in where.options]


def test_the_sack_of_a_market_is_the_largest_vessel_weighed_often_and_lately():
    lately = TODAY - timedelta(days=30)
    its = with_weights(
        SAC_ARA_KITA=Weight(41.2, 0.03, 5, lately), TINE_ARA_KITA=Weight(8, 0.03, 5, lately)
    )
    sack = its.sack(*PAIR, TODAY)
    assert (sack.unit.code, sack.weight.kilos) == ("SAC", 41.2)
    assert sack.price(its.catalog.products["ARA"], 225) == 9_250
    assert its.sack("MAI", "KITA", TODAY) is None


def test_one_weighing_or_an_old_one_is_no_truth():
    assert with_weights(SAC_ARA_KITA=Weight(41, 0.1, 1, TODAY)).sack(*PAIR, TODAY) is None
    stale = TODAY - timedelta(days=121)
    assert with_weights(SAC_ARA_KITA=Weight(41, 0.1, 5, stale)).sack(*PAIR, TODAY) is None


def test_what_holds_everywhere_holds_here():
    everywhere = {("SAC", "ARA", ANY_MARKET): Weight(42, 0.03, 5, TODAY)}
    its = book(catalog=replace(catalog(), weights=everywhere))
    assert its.sack(*PAIR, TODAY).weight.kilos == 42
