"""Where to sell: the hand-reckoned cases of tests/cases/advice, and what must hold for any trip."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.prices.advice import Home, Offer, Reason, shut, where
from service.prices.catalog import Market
from service.prices.shelling import Sold, Yield, gained, shelling
from service.prices.trip import (
    LEAST_GAIN,
    SURE_ERRORS,
    Lot,
    RouteCost,
    break_even,
    lot_kg,
    next_fair,
    whole,
    worth,
)

CASES = Path(__file__).parents[1] / "cases" / "advice"
TODAY = date(2026, 11, 20)


def cases(name):
    found = json.loads((CASES / f"{name}.json").read_text("utf-8"))
    return [pytest.param(each["given"], each["expect"], id=each["about"]) for each in found]


def home_of(said):
    return said and Home(said["value"], date.fromisoformat(said["fair_on"]), said["se_ln"])


def offer_of(said):
    reason = Reason(said["shut"]) if "shut" in said else None
    return Offer(**said | {"fair_on": date.fromisoformat(said["fair_on"]), "shut": reason})


def route_of(said):
    return RouteCost(**said | {"as_of": date.fromisoformat(said["as_of"])})


def seen(answer):
    """An answer in the words of a case."""
    return {
        "order": [each.market for each in answer.options],
        "nets": {each.market: each.net for each in answer.options},
        "costs": {each.market: [each.cost_per_kg, each.fixed_cost] for each in answer.options},
        "probability": {each.market: each.probability for each in answer.options},
        "floor": answer.floor,
        "break_even_kg": answer.break_even_kg,
        "verdict": answer.verdict,
        "market": answer.market,
        "reasons": list(answer.reasons),
    }


@pytest.mark.parametrize(("told", "expect"), cases("where"))
def test_where_agrees_with_the_hand_to_the_franc(told, expect):
    answer = where(
        "ARA",
        "FOUNIA",
        told["kg"],
        home_of(told["home"]),
        [offer_of(each) for each in told["offers"]],
        [route_of(each) for each in told["routes"]],
        date.fromisoformat(told["today"]),
    )
    found = seen(answer)
    assert {key: found[key] for key in expect} == expect


@pytest.mark.parametrize(("told", "expect"), cases("lot"))
def test_the_lot_that_pays_agrees_with_the_hand(told, expect):
    assert lot_kg(route_of(told["route"]), told["price"], told["home"], told["se"]) == expect


def lot_of(kg, *routes, home=225, se_ln=0.0):
    offers = [Offer("KITA", 275, "A", TODAY, se_ln), Offer("KAYES", 300, "A", TODAY, se_ln)]
    return where("ARA", "FOUNIA", kg, home and Home(home, None), offers, routes, TODAY).lot


CART = RouteCost("KITA", 5, 6000, date(2026, 10, 1), load_kg=400, mode="cart")
LORRY = RouteCost("KAYES", 15, 12_000, date(2026, 10, 1), mode="lorry")


def test_the_lot_is_the_lightest_over_every_market_and_way():
    assert lot_of(10, CART, LORRY) == Lot("KITA", 167)
    assert lot_of(10, LORRY) == Lot("KAYES", 225)
    assert lot_of(10, replace(CART, load_kg=100), LORRY) == Lot("KAYES", 225)


def test_a_lot_does_not_depend_on_what_one_farmer_has():
    assert {lot_of(kg, CART, LORRY) for kg in (1, 50, 400, 5000)} == {Lot("KITA", 167)}


def test_with_that_lot_the_advice_is_to_go_and_with_a_kilo_less_it_is_not():
    for kg, verdict in ((167, "go"), (166, "stay")):
        offers = [Offer("KITA", 275, "A", TODAY, 0.0)]
        answer = where("ARA", "FOUNIA", kg, Home(225, None), offers, [CART], TODAY)
        assert answer.verdict == verdict


def test_without_a_price_at_home_no_lot_can_be_reckoned():
    assert lot_of(10, CART, home=None) is None


def test_no_lot_makes_an_unsure_margin_sure():
    assert lot_of(10, CART, se_ln=0.5) is None


def test_a_load_that_every_road_eats_up_is_known_as_such():
    offers = [Offer("KITA", 275, "A", TODAY, 0.0)]
    small = where("ARA", "FOUNIA", 5, Home(225, None), offers, [CART], TODAY)
    assert small.eaten
    assert small.worthwhile == ()
    assert not where("ARA", "FOUNIA", 100, Home(225, None), offers, [CART], TODAY).eaten
    assert not where("ARA", "FOUNIA", 5, None, offers, [], TODAY).eaten


def test_shelling_pays_only_when_that_is_sure():
    measured = Yield("ARA", "ARD", 0.65, 10, TODAY)
    sure = shelling(measured, "KITA", Sold(225, 0.02), Sold(450, 0.02))
    assert (sure.gain, sure.pays) == (58, True)  # 450 x 0.65 - 10 - 225 = 57.5
    unsure = shelling(measured, "KITA", Sold(225, 0.2), Sold(400, 0.2))
    assert (unsure.gain, unsure.pays) == (25, False)
    losing = shelling(measured, "KITA", Sold(225, 0.02), Sold(300, 0.02))
    assert (losing.gain, losing.pays) == (-40, False)


@pytest.mark.parametrize(("told", "expect"), cases("shelling"))
def test_what_shelling_brings_agrees_with_the_hand(told, expect):
    assert gained(**told) == pytest.approx(expect)


def test_nothing_to_sell_is_a_broken_promise():
    with pytest.raises(ValueError, match="at least one kilo"):
        where("ARA", "FOUNIA", 0, None, [], [], TODAY)


MARKET = Market("FOUNIA", "Founia", "Benkadi Founia", 1, frozenset({2}))
WEDNESDAY = date(2026, 11, 25)


def test_the_next_fair_is_today_or_the_first_fair_day_after():
    assert next_fair(MARKET, TODAY) == WEDNESDAY
    assert next_fair(MARKET, WEDNESDAY) == WEDNESDAY
    assert next_fair(replace(MARKET, fair_days=frozenset()), TODAY) == TODAY


def test_a_market_is_shut_by_its_road_its_danger_or_its_next_fair():
    assert shut(MARKET, TODAY) is None
    assert shut(replace(MARKET, road_closed=True), TODAY) is Reason.ROAD_CLOSED
    assert shut(replace(MARKET, insecure=True), TODAY) is Reason.INSECURITY
    off = replace(MARKET, cancelled_on=frozenset({WEDNESDAY}))
    assert shut(off, TODAY) is Reason.FAIR_CANCELLED
    assert shut(off, WEDNESDAY + timedelta(days=1)) is None


# What must hold for any trip

names = st.sampled_from(["KITA", "SEBEKORO", "DJIDIAN", "KAYES", "BAMAKO"])
prices = st.integers(50, 2000)
errors = st.floats(0, 0.3)
kilos = st.integers(1, 5000)
homes = st.none() | st.builds(Home, prices, st.just(TODAY), errors)
offers = st.lists(
    st.builds(
        Offer,
        market=names,
        price=prices,
        grade=st.sampled_from("ABCD"),
        fair_on=st.just(TODAY),
        se_ln=errors,
        fresh=st.booleans(),
        shut=st.none() | st.just(Reason.INSECURITY),
    ),
    unique_by=lambda each: each.market,
    max_size=5,
)
routes_to = st.builds(
    RouteCost,
    market=names,
    per_kg=st.integers(0, 100),
    per_trip=st.integers(0, 50_000),
    as_of=st.dates(TODAY - timedelta(days=300), TODAY),
    fee_per_kg=st.integers(0, 20),
    season=st.sampled_from(["any", "dry", "rain"]),
    load_kg=st.none() | st.integers(20, 1000),
    loss=st.floats(0, 0.2),
    mode=st.sampled_from(["cart", "truck"]),
)
roads = st.lists(routes_to, max_size=8)


@given(kilos, homes, offers, roads)
def test_options_come_best_net_first_and_the_floor_is_the_best(kg, home, told, ways):
    answer = where("ARA", "V", kg, home, told, ways, TODAY)
    nets = [each.net for each in answer.options]
    known = [each for each in nets if each is not None]
    assert nets == [*sorted(known, reverse=True), *[None] * (len(nets) - len(known))]
    best = max(known, default=None)
    assert answer.floor == (best if best and best > 0 else None)


@given(kilos, homes, offers, roads)
def test_each_net_is_withheld_for_a_reason_that_is_told(kg, home, told, ways):
    answer = where("ARA", "V", kg, home, told, ways, TODAY)
    for each in answer.options:
        assert (each.net is None) == (each.reason is not None)
        assert each.reason is None or each.reason in answer.reasons


@given(kilos, homes, offers, roads)
def test_a_net_is_the_price_less_its_costs_to_the_franc(kg, home, told, ways):
    for each in where("ARA", "V", kg, home, told, ways, TODAY).options:
        if each.net is not None:
            reckoned = each.price - each.cost_per_kg - each.fixed_cost / kg
            assert abs(each.net - reckoned) <= 1.01


@given(kilos, homes, offers.filter(bool), roads, st.data())
def test_closing_a_road_never_raises_the_floor(kg, home, told, ways, data):
    before = where("ARA", "V", kg, home, told, ways, TODAY)
    closed = data.draw(st.sampled_from(told))
    fewer = [replace(each, shut=Reason.ROAD_CLOSED) if each is closed else each for each in told]
    after = where("ARA", "V", kg, home, fewer, ways, TODAY)
    assert (after.floor or 0) <= (before.floor or 0)
    assert after.market != closed.market


@given(kilos, homes, offers, roads)
def test_nobody_is_sent_on_a_road_without_a_sure_and_sufficient_gain(kg, home, told, ways):
    answer = where("ARA", "V", kg, home, told, ways, TODAY)
    assert (answer.verdict == "go") == (answer.market is not None)
    if answer.market:
        chosen = next(each for each in answer.options if each.market == answer.market)
        assert chosen.probability >= 0.8
        assert (chosen.net + 0.5 - home.value) * kg >= LEAST_GAIN - 0.5
        assert chosen.grade in "AB"


@given(routes_to, prices, prices)
def test_at_the_break_even_the_gain_is_nought(route, price, home):
    one_trip = replace(route, load_kg=None)
    kg = break_even(one_trip, price, home)
    margin = price - one_trip.variable(price) - home
    if kg is None:
        assert margin <= 0
    else:
        assert margin * kg == pytest.approx(one_trip.per_trip)


@given(routes_to, prices, prices, st.floats(0, 200))
def test_the_lot_is_the_smallest_weight_for_which_the_trip_is_advised(route, price, home, se):
    kg = lot_kg(route, price, home, se)
    if kg is None or abs(price - route.variable(price) - home) < 1e-6:
        return

    def pays(kilos):
        gain = route.net(price, kilos) - home
        return gain * kilos >= LEAST_GAIN - 1e-3 and gain >= SURE_ERRORS * se - 1e-6

    assert pays(kg)
    assert not worth(route.net(price, kg - 1) - home - 1e-6, se, kg - 1) if kg > 1 else True


def test_halves_are_rounded_up_on_both_sides_of_nought():
    assert [whole(each) for each in (2.5, 2.4, -2.5, -2.6)] == [3, 2, -2, -3]
