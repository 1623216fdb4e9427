"""No price is an answer too: it is noted, ends the silence, and is never taken for a price."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import reading, writing
from service.people.tables import Reporter
from service.prices.absent import said_absent
from service.prices.tables import NoPrice, QuoteRow
from service.sms.notices import nudges
from tests.sms.talk import AWA, MOUSSA, Talk, open_talk

FAIR = date(2026, 11, 20)


@pytest.fixture
def talk(kita: Engine):
    with open_talk(kita) as talk:
        yield talk


def absent(talk: Talk) -> list[tuple[str, str, str]]:
    with reading(talk.engine) as session:
        rows = session.exec(select(NoPrice).order_by(NoPrice.product, NoPrice.market)).all()
        return [(each.product, each.market, each.observed_on.isoformat()) for each in rows]


def silent(talk: Talk) -> list[str]:
    with reading(talk.engine) as session:
        return [
            each.market.code
            for each in nudges.silent_fairs(session, talk.book, talk.limits, talk.at)
        ]


@pytest.mark.parametrize("words", ["PAS DE MIL", "MIL TE", "mil néant", "KITA MIL ?; SOR 170"])
def test_that_there_is_no_price_is_kept_and_said_back(talk: Talk, words: str):
    told = talk.say(AWA, words)
    assert absent(talk) == [("MIL", "KITA", "2026-11-20")]
    assert "Mil: pas de prix" in told, told
    assert told.endswith("ANNULER"), told


def test_beside_prices_the_echo_says_both(talk: Talk):
    assert talk.say(AWA, "ARA 225 ; MIL ?").startswith(
        "Noté Kita ven 20/11: Arachide coque 225 F/kg; Mil: pas de prix. Erreur ? ANNULER"
    )
    assert absent(talk) == [("MIL", "KITA", "2026-11-20")]


def test_it_is_no_report_and_no_quote(talk: Talk):
    talk.say(AWA, "PAS DE MIL")
    assert (talk.reports, talk.rows(QuoteRow), talk.price("MIL")) == ([], [], None)


def test_the_fair_is_silent_no_longer_and_nobody_is_nudged(talk: Talk):
    talk.at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert silent(talk) == ["KITA"]
    talk.say(AWA, "HIER PAS DE MIL")
    assert absent(talk) == [("MIL", "KITA", "2026-11-20")]
    assert silent(talk) == []
    talk.at = datetime(2026, 11, 21, 19, tzinfo=UTC)
    talk.work()
    assert [kind for kind, _ in talk.sent(MOUSSA)] == []


def test_the_fair_before_says_nothing_of_this_one(talk: Talk):
    talk.say(AWA, "PAS DE MIL")
    talk.at = datetime(2026, 11, 28, 8, tzinfo=UTC)
    assert silent(talk) == ["KITA"]


def test_a_price_that_comes_after_all_takes_its_place(talk: Talk):
    talk.say(AWA, "PAS DE MIL NI DE SORGHO")
    talk.say(MOUSSA, "MIL TE")
    talk.say(AWA, "MIL 200")
    assert [each.amount for each in talk.reports] == [200]
    with reading(talk.engine) as session:
        rows = session.exec(select(NoPrice).order_by(NoPrice.reporter_id)).all()
        assert [(each.reporter_id, each.product) for each in rows] == [(1, "SOR"), (2, "MIL")]
        assert said_absent(session, "KITA", FAIR) == ["MIL", "SOR"]


def test_said_twice_it_is_kept_once(talk: Talk):
    talk.say(AWA, "PAS DE MIL")
    talk.say(AWA, "MIL ?")
    assert absent(talk) == [("MIL", "KITA", "2026-11-20")]


def test_cancelling_takes_it_back_with_what_was_said_beside_it(talk: Talk):
    talk.say(AWA, "ARA 225 ; MIL ?")
    told = talk.say(AWA, "ANNULER")
    assert told.startswith("Annulé : Arachide coque 225 F/kg; Mil: pas de prix.")
    assert (absent(talk), talk.statuses) == ([], ["cancelled"])


def test_cancelling_goes_back_one_message_at_a_time(talk: Talk):
    talk.say(AWA, "ARA 225")
    talk.say(AWA, "PAS DE MIL")
    assert talk.say(AWA, "ANNULER").startswith("Annulé : Mil: pas de prix.")
    assert (absent(talk), talk.statuses) == ([], ["accepted"])
    talk.say(AWA, "PAS DE SORGHO")
    talk.say(AWA, "MIL 200")
    assert talk.say(AWA, "ANNULER").startswith("Annulé : Mil 200 F/kg.")
    assert absent(talk) == [("SOR", "KITA", "2026-11-20")]
    talk.say(AWA, "ANNULER")
    assert (absent(talk), talk.statuses) == ([], ["accepted", "cancelled"])


def test_a_correction_to_no_price_withdraws_the_price(talk: Talk):
    talk.say(AWA, "MIL 200")
    talk.say(AWA, "CORR PAS DE MIL")
    assert (talk.statuses, absent(talk)) == (["cancelled"], [("MIL", "KITA", "2026-11-20")])
    assert talk.price("MIL") is None


def test_the_same_as_last_fair_but_no_millet_repeats_no_millet(talk: Talk):
    talk.say(AWA, "ARA 225 MIL 200")
    talk.wait(days=7)
    talk.say(AWA, "IDEM PAS DE MIL")
    assert [(e.product, e.observed_on.day) for e in talk.reports if e.observed_on.day == 27] == [
        ("ARA", 27)
    ]
    assert absent(talk) == [("MIL", "KITA", "2026-11-27")]


def test_a_day_or_a_market_that_is_not_sure_is_said_back_and_nothing_kept(talk: Talk):
    for words, said in (
        ("HIER LUNDI PAS DE MIL", "hier lundi"),
        ("MADINA PAS DE MIL", "madina"),
        ("KITA ARA 225, KAYES ARA 300, PAS DE MIL", "MIL"),
    ):
        assert said in talk.say(AWA, words)
        assert absent(talk) == []


def test_two_markets_and_no_millet_note_the_prices_and_say_what_was_left(talk: Talk):
    told = talk.say(AWA, "KITA ARA 225, KAYES ARA 230, PAS DE MIL")
    assert "Pas compris : MIL" in told, told
    assert talk.statuses == ["accepted", "accepted"]


def test_who_has_no_market_is_asked_for_it(talk: Talk):
    with writing(talk.engine) as session:
        session.get_one(Reporter, 1).market = None
    assert "MIL" in talk.say(AWA, "PAS DE MIL")
    assert absent(talk) == []
    talk.say(AWA, "KITA PAS DE MIL")
    assert absent(talk) == [("MIL", "KITA", "2026-11-20")]
