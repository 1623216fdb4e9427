"""Every conversation turn of tests/cases/sms reads as its file says.

A file holds one message: what it is about, the text, whether a reporter sent it, and what must be
understood. Anything not written in the file must not be there: no other claim, no other question.
"""

import json
from pathlib import Path

import pytest

from service.prices.catalog import Stage
from service.prices.report import Money
from service.sms.grammar import read
from service.sms.reading import Answer, Command, Reports, Silence, Unreadable
from tests.sms.shelf import LEXICON, TODAY

CASES = sorted((Path(__file__).parents[1] / "cases" / "sms").glob("*.json"))


def claims_of(reading):
    return [
        {
            "product": claim.product,
            "amount": claim.amount,
            "said": claim.said,
            "money": claim.money,
            "market": claim.market,
            "unit": claim.unit,
            "quantity": claim.quantity,
            "stage": claim.stage,
            "on": claim.on and claim.on.isoformat(),
            "form_open": index in reading.formless,
        }
        for index, claim in enumerate(reading.claims)
    ]


def expected_claims(expect):
    plain = {
        "money": Money.BARE,
        "market": None,
        "unit": None,
        "quantity": 1,
        "stage": Stage.PRODUCER,
        "on": None,
        "form_open": False,
    }
    return [
        {**plain, **claim, "said": claim.get("said", claim["amount"])}
        for claim in expect.get("reports", [])
    ]


def asks_of(doubts):
    return sorted((doubt.about.value, list(doubt.candidates)) for doubt in doubts)


def expected_asks(expect):
    return sorted((ask["about"], ask.get("candidates", [])) for ask in expect.get("asks", []))


def test_there_are_at_least_three_hundred_cases():
    assert len(CASES) >= 300


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_message_reads_as_its_case_says(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    expect = case["expect"]
    reading = read(case["text"], LEXICON, TODAY, reporter=case["reporter"])
    match reading:
        case Reports():
            # An amount that is asked about may be any of its candidates for now.
            asked = {d.claim for d in reading.doubts if d.about == "amount" and d.claim is not None}
            got, want = claims_of(reading), expected_claims(expect)
            for index in asked & set(range(len(want))):
                got[index]["said"] = want[index]["said"] = None
            assert got == want
            assert asks_of(reading.doubts) == expected_asks(expect)
            assert list(reading.missing) == expect.get("missing", [])
            assert reading.corrects == expect.get("corrects", False)
            assert reading.same_as_last == expect.get("same_as_last", False)
        case Answer(digit):
            assert expect == {"answer": digit}
        case Silence():
            assert expect == {"silence": True}
        case Unreadable():
            assert expect == {"unreadable": reading.reason.value}
        case Command():
            told = {"kind": reading.kind.value, "product": reading.product}
            told |= {"market": reading.market, "amount": reading.amount, "lang": reading.lang}
            assert {k: v for k, v in told.items() if v is not None} == expect["command"]
            assert asks_of(reading.doubts) == expected_asks(expect)
