"""When to sell: the hand-reckoned cases of tests/cases/advice, and what must hold for any year."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.prices.advice import Caution
from service.prices.season import History
from service.prices.waiting import (
    HOLDS,
    LEAST_SEASONS,
    StorageCost,
    nearest,
    past_gains,
    when,
)
from tests.prices.history import spread

CASES = Path(__file__).parents[1] / "cases" / "advice"
START = 2008 * 12


def cases():
    found = json.loads((CASES / "when.json").read_text("utf-8"))
    return [pytest.param(each["given"], each["expect"], id=each["about"]) for each in found]


def seen(answer):
    """An answer in the words of a case."""
    return {
        "verdict": answer.verdict,
        "cautions": list(answer.cautions),
        "clear": answer.season.clear,
        "years": answer.season.years,
        "advised": [each.months for each in answer.holds if each.advised],
        "odds": {str(each.months): list(each.odds) for each in answer.holds},
        "holds": [
            {
                "months": each.months,
                "odds": list(each.odds),
                "median_gain": round(each.median_gain, 6),
                "cost": round(each.cost, 6),
            }
            for each in answer.holds
        ],
    }


@pytest.mark.parametrize(("told", "expect"), cases())
def test_when_agrees_with_the_hand(told, expect):
    answer = when(
        "MAI",
        "KITA",
        told["price"],
        date.fromisoformat(told["on"]),
        History(spread(told["history"]), "survey", told["same_series"]),
        told["costs"] and StorageCost(**told["costs"]),
        told["chain"],
    )
    found = seen(answer)
    if "odds" in expect:
        found["odds"] = {months: found["odds"][months] for months in expect["odds"]}
    assert {key: found[key] for key in expect} == expect


def test_no_history_at_all_is_not_enough():
    answer = when("MAI", "KITA", 100, date(2016, 12, 1), None, StorageCost(0.01, 0.01))
    assert (answer.verdict, answer.holds, answer.season.years) == ("not_enough_history", (), 0)


def test_a_missing_month_is_replaced_by_the_one_before_else_the_one_after():
    prices = {10: 100.0, 12: 120.0, 14: 140.0}
    assert [nearest(prices, at) for at in (10, 11, 13, 15, 9, 17)] == [
        100,
        100,
        120,
        140,
        100,
        None,
    ]


def test_a_wait_that_ended_after_the_question_is_not_counted():
    prices = {START + at: 100.0 + at for at in range(30)}
    assert len(past_gains(prices, START + 24, 6)) == 2
    assert past_gains({}, START, 6) == []


def test_costs_add_up_over_the_months():
    assert StorageCost(0.01, 0.005, 2).share(3, 200) == pytest.approx(3 * 0.025)


series = st.dictionaries(st.integers(START, START + 143), st.floats(50, 800), max_size=144)
costs = st.builds(StorageCost, st.floats(0, 0.05), st.floats(0, 0.05), st.floats(0, 3))
months = st.integers(START + 24, START + 150)
money = st.floats(50, 800)


def ask(prices, month, price, cost, chain="maize"):
    return when(
        "X", "KITA", price, date(month // 12, month % 12 + 1, 3), History(prices), cost, chain
    )


@given(series, months, money, costs)
def test_waiting_is_never_advised_on_less_than_the_rules_ask(prices, month, price, cost):
    answer = ask(prices, month, price, cost)
    advised = [each for each in answer.holds if each.advised]
    assert (answer.verdict == "hold_part") == bool(advised)
    for each in advised:
        paid, seasons = each.odds
        assert seasons >= LEAST_SEASONS
        assert 3 * paid >= 2 * seasons
        assert answer.season.clear
        assert Caution.FOOD_RESERVE in answer.cautions


@given(series, months, money, costs)
def test_odds_are_counts_and_waits_are_those_announced(prices, month, price, cost):
    for each in ask(prices, month, price, cost).holds:
        assert each.months in HOLDS
        assert 0 <= each.odds[0] <= each.odds[1]


@given(series, months, money, costs)
def test_dearer_keeping_never_turns_selling_into_waiting(prices, month, price, cost):
    dear = StorageCost(cost.loss_per_month + 0.01, cost.money_per_month, cost.store_f_per_kg_month)
    if ask(prices, month, price, dear).verdict == "hold_part":
        assert ask(prices, month, price, cost).verdict == "hold_part"


@given(series, months, money, costs)
def test_later_prices_never_change_an_answer(prices, month, price, cost):
    known = {at: each for at, each in prices.items() if at < month}
    assert ask(prices, month, price, cost) == ask(known, month, price, cost)


@given(series, months, money, costs)
def test_groundnut_always_carries_its_caution(prices, month, price, cost):
    assert Caution.AFLATOXIN in ask(prices, month, price, cost, "groundnut").cautions
