"""A new number that stands by a far price proves that it holds the phone."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Reporter
from service.sms.intake.challenge import far
from tests.sms.talk import AWA, FANTA, MOUSSA, Talk, open_talk

START = datetime(2026, 10, 2, 10, 0, tzinfo=UTC)
NEW = "+22370000009"


@pytest.fixture
def talk(kita: Engine):
    """Four fairs of Awa and Moussa, then somebody new."""
    with open_talk(kita, START) as talk:
        for _ in range(4):
            for phone, price in ((AWA, 225), (MOUSSA, 230)):
                assert "Noté" in talk.say(phone, f"ARA {price}")
            talk.wait(days=7)
        talk.reporter(NEW, name="Issa", market="KITA", language="fr")
        yield talk


def stand_by(talk: Talk, phone: str, amount: int = 400) -> str:
    """Send a far price, and answer that it is so."""
    asked = talk.say(phone, f"ARA {amount}")
    digit = re.search(rf"(\d)={amount} F", asked)[1]
    return talk.say(phone, digit)


def code_in(said: str) -> str:
    return re.search(r"répondez (\d{4})", said)[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04}"


def test_a_new_number_is_asked_for_a_proof_and_nothing_is_published_before(talk: Talk):
    said = stand_by(talk, NEW)
    assert code_in(said)
    assert talk.reports[-1].status == "asked"
    assert talk.price("ARA") in (225, 230)
    assert "Noté" in talk.say(NEW, f" {code_in(said)} ")
    assert talk.reports[-1].status == "confirmed"


def test_three_wrong_codes_leave_it_to_staff(talk: Talk):
    code = code_in(stand_by(talk, NEW))
    for _ in range(2):
        assert code_in(talk.say(NEW, wrong(code))) == code
    assert "vérifié" in talk.say(NEW, wrong(code))
    assert (talk.reports[-1].status, talk.reports[-1].reason) == ("held", "challenge")
    assert "Noté" not in (talk.say(NEW, code) or "")
    assert talk.reports[-1].status == "held"


@pytest.mark.parametrize("words", ["1", "2", "OUI"])
def test_a_digit_is_no_proof(talk: Talk, words: str):
    code = code_in(stand_by(talk, NEW))
    assert code_in(talk.say(NEW, words)) == code
    assert talk.reports[-1].status == "asked"


def test_no_takes_it_back(talk: Talk):
    stand_by(talk, NEW)
    talk.say(NEW, "NON")
    assert talk.reports[-1].status == "cancelled"


def test_half_an_hour_later_the_code_opens_nothing(talk: Talk):
    code = code_in(stand_by(talk, NEW))
    talk.wait(minutes=31)
    talk.say(NEW, code)
    assert talk.reports[-1].status == "held"


def test_another_reporter_who_says_the_same_is_as_good(talk: Talk):
    stand_by(talk, NEW)
    stand_by(talk, AWA)
    talk.wait(minutes=31)
    talk.work()
    assert sorted(talk.statuses[-2:]) == ["confirmed", "corroborated"]


def test_a_number_that_has_reported_a_few_fairs_answers_with_one_digit(talk: Talk):
    assert "Noté" in stand_by(talk, AWA)
    assert talk.reports[-1].status == "confirmed"


def test_a_changed_number_is_new(talk: Talk):
    with writing(talk.engine) as session:
        awa = session.exec(select(Reporter).where(Reporter.name == "Awa")).one()
        awa.number_since = talk.at
    assert code_in(stand_by(talk, AWA))


def test_a_usual_price_of_a_new_number_is_published_at_once(talk: Talk):
    assert "Noté" in talk.say(NEW, "ARA 240")
    assert (talk.reports[-1].status, talk.reports[-1].basis_value) == ("accepted", 240)
    assert talk.price("ARA") == 235  # with the last fair's


def test_four_digits_nobody_asked_for_are_no_answer(talk: Talk):
    talk.say(NEW, "4821")
    assert len(talk.reports) == 8
    assert talk.questions == []


def test_above_twenty_prices_a_day_staff_look(kita: Engine):
    with open_talk(kita, START) as talk:
        goods = ("ARA", "ARD", "MAI", "SOR", "MIL", "RIZ", "NIE", "SES", "FON", "KAR", "OIG")
        fit = {"ARA": 225, "ARD": 400, "MAI": 150, "SOR": 160, "MIL": 170, "RIZ": 350,
               "NIE": 300, "SES": 500, "FON": 400, "KAR": 150, "OIG": 250}  # fmt: skip
        for market in ("KITA", "DJIDIAN"):
            for product in goods:
                talk.say(FANTA, f"{market} {product} {fit[product]}F")
        reasons = [each.reason for each in talk.reports]
        counted = [each for each in talk.reports if each.status == "accepted"]
        assert len(counted) == 20
        assert reasons[-1] == "too_many"
        talk.say(FANTA, "KITA ARA 230F")  # a second word about the same is no more
        assert talk.reports[-1].status == "accepted"
        talk.wait(days=1)
        talk.say(FANTA, "KITA MAI 150F")
        assert talk.reports[-1].status == "accepted"


@given(st.lists(st.integers(50, 2000), max_size=2), st.integers(5, 5000))
def test_without_a_month_of_fairs_nothing_is_far(lately: list[int], value: int):
    assert not far(value, lately)


@pytest.mark.parametrize(
    ("value", "is_far"),
    [(225, False), (250, False), (262, True), (310, True), (320, True), (200, False), (130, True)],
)
def test_far_is_forty_percent_or_three_deviations(value: int, is_far: bool):
    assert far(value, [220, 225, 225, 230]) is is_far
