"""One incoming message: kept once, understood once, answered at most once."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, text
from sqlmodel import select

from service.db import reading, writing
from service.people import store
from service.people.tables import Contact, Subscriber
from service.phone import Phone
from service.prices.store import bump
from service.prices.tables import UnitRow
from service.sms.tables import Inbox, PersonDay, UnmatchedToken
from tests.sms.talk import AWA, FARMER, MOUSSA, Talk, open_talk

STRANGER = "+22366000009"


@pytest.fixture
def talk(kita: Engine):
    with open_talk(kita) as talk:
        yield talk


def replies(talk: Talk, phone: str) -> list[str]:
    return [body for kind, body in talk.sent(phone) if kind == "reply"]


# the same message again


def test_a_repeated_message_is_kept_once_and_answered_once(talk: Talk):
    first = talk.receive(AWA, "ARA 225", provider_id="A1")
    again = talk.receive(AWA, "ARA 225", provider_id="A1")
    assert (first.outcome, again.outcome, again.inbox_id) == ("handled", "repeat", first.inbox_id)
    assert (len(talk.inbox), len(talk.reports), len(replies(talk, AWA))) == (1, 1, 1)


def test_a_repeat_a_month_later_is_still_a_repeat(talk: Talk):
    talk.receive(AWA, "ARA 225", provider_id="A1")
    talk.wait(days=30)
    assert talk.receive(AWA, "ARA 225", provider_id="A1").outcome == "repeat"


def test_a_repeat_with_another_date_of_the_carrier_is_a_repeat(talk: Talk):
    talk.receive(AWA, "ARA 225", provider_id="A1")
    again = talk.receive(AWA, "ARA 225", provider_id="A1", sent_at=talk.at - timedelta(hours=1))
    assert again.outcome == "repeat"


def test_what_was_fetched_after_an_outage_is_not_doubled_by_late_callbacks(talk: Talk):
    """Fifty messages of an outage, fetched, then pushed after all; and the other way round."""
    held = [(f"+2237600{n:04}", f"ARACHIDE {n}", talk.at) for n in range(25)]
    for n, (phone, words, at) in enumerate(held):
        first, second = f"fetch:{n}", f"AT-{n}"
        for name in (first, second) if n % 2 else (second, first):
            talk.receive(phone, words, provider_id=name, sent_at=at)
    assert len(talk.inbox) == 25


def test_the_same_id_with_other_words_is_kept_and_not_acted_upon(talk: Talk):
    talk.receive(AWA, "ARA 225", provider_id="A1")
    other = talk.receive(AWA, "ARA 999", provider_id="A1")
    assert other.outcome == "collision"
    assert talk.receive(AWA, "ARA 999", provider_id="A1").outcome == "repeat"
    assert [(each.text, each.state) for each in talk.inbox] == [
        ("ARA 225", "handled"),
        ("ARA 999", "collision"),
    ]
    assert [each.amount for each in talk.reports] == [225]
    assert len(replies(talk, AWA)) == 1


def test_two_carriers_may_use_one_id(talk: Talk):
    talk.receive(AWA, "ARA 225", provider_id="A1")
    with writing(talk.engine) as session:
        session.exec(select(Inbox)).one().gateway = "kannel"
    assert talk.receive(AWA, "ARA 225", provider_id="A1").outcome == "handled"


def test_without_an_id_the_same_words_within_ten_minutes_are_one_message(talk: Talk):
    assert talk.receive(AWA, "ARA 225", provider_id=None).outcome == "handled"
    talk.wait(minutes=9)
    assert talk.receive(AWA, "ARA 225", provider_id=None).outcome == "repeat"
    assert talk.receive(MOUSSA, "ARA 225", provider_id=None).outcome == "handled"
    assert talk.receive(AWA, "ARA 230", provider_id=None).outcome == "handled"
    talk.wait(minutes=2)
    assert talk.receive(AWA, "ARA 225", provider_id=None).outcome == "handled"


# who is answered


def test_a_name_or_a_short_code_is_kept_and_never_answered(talk: Talk):
    for sender in ("MOOV", "36000", "Orange Money", "+ORANGE"):
        received = talk.receive(sender, "PRIX ARACHIDE KITA")
        assert received.outcome == "ignored"
    assert {(each.state, each.outcome, each.contact_id) for each in talk.inbox} == {
        ("ignored", "sender", None)
    }
    assert [each.sender for each in talk.inbox] == ["MOOV", "36000", "Orange Money", "+ORANGE"]
    with reading(talk.engine) as session:
        assert session.execute(text("SELECT count(*) FROM delivery")).scalar() == 0


def test_an_empty_text_is_kept_and_answered_like_unknown_words(talk: Talk):
    assert talk.say(STRANGER, "").startswith("Sugu")
    assert talk.say(STRANGER, "   ") is None
    assert [each.outcome for each in talk.inbox] == ["help", "unknown"]


def test_unknown_words_get_one_help_a_day(talk: Talk):
    assert talk.say(STRANGER, "blabla")
    assert talk.say(STRANGER, "patati patata") is None
    talk.wait(hours=23)
    assert talk.say(STRANGER, "encore") is None
    talk.wait(hours=2)
    assert talk.say(STRANGER, "et encore")


def test_words_nobody_taught_are_counted_for_staff(talk: Talk):
    talk.say(AWA, "KITA zouzou 225")
    talk.say(MOUSSA, "KITA zouzou 230")
    with reading(talk.engine) as session:
        row = session.get(UnmatchedToken, "zouzou")
        assert (row.count, row.inbox_id) == (2, talk.inbox[-1].id)


def test_no_number_gets_more_than_ten_replies_a_day(talk: Talk):
    for number in range(12):
        talk.say(FARMER, f"PRIX ARACHIDE {('KITA', 'KAYES', 'BAMAKO')[number % 3]}")
        talk.wait(minutes=6)
    assert len(replies(talk, FARMER)) == 10
    assert [each.outcome for each in talk.inbox][-1] == "no_reply:reply_limit"
    with reading(talk.engine) as session:
        assert session.exec(select(PersonDay.replied)).all() == [10]
    talk.wait(days=1)
    assert talk.say(FARMER, "PRIX ARACHIDE KITA")


def test_a_reply_is_in_the_language_of_who_asked(talk: Talk):
    talk.say(FARMER, "BM")
    assert "sòngò" in talk.say(FARMER, "ARACHIDE").lower()
    talk.say(FARMER, "FR")
    assert "prix" in talk.say(FARMER, "ARACHIDE")


# what is kept


def test_ten_segments_are_read_and_the_rest_is_kept_unread(talk: Talk):
    long = "ARA 225 " + "x" * 3000
    talk.receive(AWA, long)
    assert talk.inbox[0].text == long


def test_the_carriers_clock_does_not_decide_the_day(talk: Talk):
    talk.say(AWA, "ARA 225", sent_at=talk.at + timedelta(days=40))
    assert talk.reports[0].observed_on == talk.at.date()


def test_a_phone_stands_in_no_row_but_sealed(talk: Talk):
    talk.say(AWA, "ARA 225")
    with reading(talk.engine) as session:
        contact = store.find(session, talk.vault, Phone(AWA))
        assert talk.vault.open(contact.sealed).e164 == AWA
        assert session.exec(select(Inbox.sender)).all() == [""]


# when understanding breaks


def test_words_that_break_our_understanding_are_kept_for_staff(talk: Talk):
    """Someone took the kilo out of the table of units: nothing can be valued."""
    remove_the_kilo(talk)
    received = talk.receive(AWA, "ARA 225", provider_id="A1")
    assert received.outcome == "stuck"
    row = talk.inbox[0]
    assert (row.state, row.outcome, row.text) == ("stuck", "KeyError", "ARA 225")
    assert (talk.reports, replies(talk, AWA)) == ([], [])
    assert talk.receive(AWA, "ARA 225", provider_id="A1").outcome == "repeat"


def remove_the_kilo(talk: Talk) -> None:
    with writing(talk.engine) as session:
        session.execute(delete(UnitRow).where(UnitRow.code == "KG"))
        bump(session, catalog=True)


def test_half_an_understanding_leaves_nothing_behind(talk: Talk):
    """Two prices, the second of which breaks: neither counts, both words are kept."""
    assert talk.receive(MOUSSA, "ARA 1500 la tine").outcome == "handled"
    remove_the_kilo(talk)
    assert talk.receive(AWA, "ARA tine 1500 ; MAI 150/kg").outcome == "stuck"
    assert [each.reporter_id for each in talk.reports] == [2]


def test_a_habit_about_something_that_is_gone_is_no_habit(talk: Talk):
    talk.reporter(AWA, habits={"units": {"MAI": "GONE"}, "forms": {"groundnut": "GONE"}})
    assert talk.say(AWA, "MAI 150").startswith("Noté")
    assert talk.say(AWA, "arachide 225")
    assert [each.state for each in talk.inbox] == ["handled", "handled"]


# consent by SMS


def test_asking_a_price_is_not_consenting(talk: Talk):
    talk.say(AWA, "KITA ARA 225 F")
    talk.say(STRANGER, "PRIX ARACHIDE KITA")
    with reading(talk.engine) as session:
        contact = store.find(session, talk.vault, Phone(STRANGER))
        mine = session.exec(select(Subscriber).where(Subscriber.contact_id == contact.id)).one()
        assert (mine.consented, mine.product, mine.market) == (False, "ARA", "KITA")


def test_asking_for_a_price_that_nobody_knows_leaves_nothing_to_remember(talk: Talk):
    talk.say(STRANGER, "PRIX ARACHIDE KITA")
    with reading(talk.engine) as session:
        contact = store.find(session, talk.vault, Phone(STRANGER))
        mine = session.exec(select(Subscriber).where(Subscriber.contact_id == contact.id)).all()
        assert [(each.consented, each.product) for each in mine if each.product] == []


def test_stop_is_effective_at_once_and_yes_undoes_it(talk: Talk):
    talk.say(STRANGER, "OUI")
    assert "STOP" in replies(talk, STRANGER)[-1]
    assert talk.say(STRANGER, "STOP").startswith("C'est arreté")
    with reading(talk.engine) as session:
        contact = store.find(session, talk.vault, Phone(STRANGER))
        assert isinstance(contact, Contact)
        assert contact.stopped_at == talk.at
    talk.say(STRANGER, "OUI")
    with reading(talk.engine) as session:
        assert store.find(session, talk.vault, Phone(STRANGER)).stopped_at is None
