"""A price of a measure nobody weighed and a price of the kilo are two prices of one day."""

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import reading
from service.prices.tables import QuoteRow
from tests.sms.talk import AWA, Talk, open_talk


@pytest.fixture
def talk(kita: Engine):
    with open_talk(kita) as talk:
        yield talk


def quoted(talk: Talk) -> dict[str, int]:
    with reading(talk.engine) as session:
        return {each.unit: each.value for each in session.exec(select(QuoteRow))}


def kept(talk: Talk) -> list[tuple[str, int, str]]:
    return [(each.unit, each.amount, each.status) for each in talk.reports]


def test_a_basket_leaves_the_kilo_price_of_the_same_reporter_alone(talk: Talk):
    talk.say(AWA, "ARA 225")
    assert "non pesé" in talk.say(AWA, "ARA PANIER 3500")
    assert kept(talk) == [("KG", 225, "accepted"), ("BASKET", 3500, "accepted")]
    assert quoted(talk) == {"kg": 225, "BASKET": 3500}


def test_the_kilo_leaves_the_basket_alone(talk: Talk):
    talk.say(AWA, "ARA PANIER 3500")
    talk.say(AWA, "ARA 225")
    assert quoted(talk) == {"kg": 225, "BASKET": 3500}


def test_kilo_and_basket_in_one_message_are_both_kept(talk: Talk):
    talk.say(AWA, "ARA 225 KG 3500 PANIER")
    assert [each[2] for each in kept(talk)] == ["accepted", "accepted"]


def test_a_second_word_on_the_basket_supersedes_the_basket_only(talk: Talk):
    talk.say(AWA, "ARA 225")
    talk.say(AWA, "ARA PANIER 3500")
    talk.say(AWA, "ARA PANIER 3750")
    assert [each[2] for each in kept(talk)] == ["accepted", "superseded", "accepted"]
    assert quoted(talk) == {"kg": 225, "BASKET": 3750}


def test_cancelling_the_second_basket_brings_back_the_first(talk: Talk):
    talk.say(AWA, "ARA PANIER 3500")
    talk.say(AWA, "ARA 225")
    talk.say(AWA, "ARA PANIER 3750")
    talk.say(AWA, "ANNULER")
    assert quoted(talk) == {"kg": 225, "BASKET": 3500}


def test_a_correction_of_the_unit_takes_the_place_of_the_wrong_one(talk: Talk):
    talk.say(AWA, "ARA PANIER 225")
    talk.say(AWA, "CORR ARA 225 KG")
    assert [each[2] for each in kept(talk)] == ["cancelled", "accepted"]
    assert quoted(talk) == {"kg": 225}


def test_a_correction_of_one_of_two_units_leaves_the_other(talk: Talk):
    talk.say(AWA, "ARA 225 KG 3500 PANIER")
    talk.say(AWA, "CORR ARA PANIER 3750")
    assert quoted(talk) == {"kg": 225, "BASKET": 3750}


def test_the_echo_says_the_stage_where_it_is_not_the_usual_one(talk: Talk):
    assert talk.say(AWA, "bord champ ARA 200").startswith(
        "Noté Kita ven 20/11: Arachide coque (bord champ) 200 F/kg"
    )
    assert "Mais (détail) 175 F/kg" in talk.say(AWA, "MAI 175 detail")
    assert "Sorgho (en gros)" in talk.say(AWA, "en gros SOR 150")
    assert [each.stage for each in talk.reports] == ["farmgate", "retail", "wholesale"]


def test_a_question_about_a_farm_gate_price_says_so_too(talk: Talk):
    asked = talk.say(AWA, "bord champ NYO 200F")
    assert asked.startswith("nyo ?"), asked
    assert "Mil (bord champ) 200 F/kg" in talk.say(AWA, "1")
