"""Silence is the main failure: a word the evening before the fair, and one after a silent day."""

from datetime import UTC, datetime, time

import pytest
from sqlalchemy import Engine

from service.db import reading, writing
from service.people import store
from service.people.tables import Reporter
from service.phone import Phone
from service.prices.store import bump
from service.prices.tables import FairCancelled, MarketRow
from service.settings import QuietHours
from service.sms.notices import nudges
from service.sms.notices.nudges import Silent
from service.sms.tables import Delivery
from tests.sms.talk import AWA, FARMER, MOUSSA, Talk, open_talk

THURSDAY = datetime(2026, 11, 19, tzinfo=UTC)
NIGHT = QuietHours(time(20), time(6, 30))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def talk(kita: Engine):
    with open_talk(kita, at(19, 8), quiet=NIGHT) as talk:
        yield talk


def told(talk: Talk, phone: str, kind: str) -> list[str]:
    return [body for each, body in talk.sent(phone) if each == kind]


def silence(talk: Talk) -> list[Silent]:
    with reading(talk.engine) as session:
        return nudges.silent_fairs(session, talk.book, talk.limits, talk.at)


# the evening before


def test_the_evening_before_the_fair_each_reporter_is_reminded_once(talk: Talk):
    for hour, minute in ((16, 59), (17, 0), (17, 5), (19, 55)):
        talk.at = at(19, hour, minute)
        talk.work()
    (body,) = told(talk, AWA, "remind")
    assert body == "Demain ven 20/11, foire de Kita. Envoyez les prix. Exemple : ARA 225 MAI 150"
    assert len(told(talk, MOUSSA, "remind")) == 1
    assert told(talk, FARMER, "remind") == []


def test_before_five_in_the_evening_nobody_is_reminded(talk: Talk):
    talk.at = at(19, 16, 59)
    talk.work()
    assert told(talk, AWA, "remind") == []


def test_the_next_week_there_is_another_reminder(talk: Talk):
    for day in (19, 20, 26):
        talk.at = at(day, 17)
        talk.work()
    assert ["ven 20/11" in each for each in told(talk, AWA, "remind")] == [True, False]


def test_a_reminder_never_says_tomorrow_on_the_day_itself(talk: Talk):
    """A worker that starts at night is too late; what has not left by midnight never does."""
    talk.at = at(19, 21)
    talk.work()
    assert told(talk, AWA, "remind") == []
    talk.at = at(26, 17)
    talk.work()
    rows = [each for each in talk.rows(Delivery) if each.kind == "remind"]
    assert {each.not_after for each in rows} == {at(27, 0)}


def test_a_cancelled_fair_is_not_announced(talk: Talk):
    with writing(talk.engine) as session:
        session.add(FairCancelled(market="KITA", on=at(20, 0).date()))
        bump(session, catalog=True)
    talk.at = at(19, 17)
    talk.work()
    assert told(talk, AWA, "remind") == []


def test_who_no_longer_reports_is_not_reminded(talk: Talk):
    talk.reporter(AWA, active=False)
    talk.at = at(19, 17)
    talk.work()
    assert (told(talk, AWA, "remind"), len(told(talk, MOUSSA, "remind"))) == ([], 1)


def test_a_reporter_is_reminded_in_their_own_language(talk: Talk):
    talk.reporter(AWA, language="bm")
    talk.at = at(19, 17)
    talk.work()
    assert told(talk, AWA, "remind") != told(talk, MOUSSA, "remind")


# after the fair


def test_a_day_after_a_silent_fair_its_reporters_are_asked_once_a_day(talk: Talk):
    talk.at = at(21, 17, 59)
    talk.work()
    assert told(talk, AWA, "nudge") == []
    for hour, minute in ((18, 0), (18, 5), (19, 0)):
        talk.at = at(21, hour, minute)
        talk.work()
    (body,) = told(talk, AWA, "nudge")
    assert body.startswith("Pas encore de prix de Kita du ven 20/11.")
    assert "HIER ARA 225" in body


def test_a_fair_that_was_heard_of_asks_nobody(talk: Talk):
    talk.at = at(20, 10)
    talk.say(AWA, "ARA 225")
    talk.at = at(21, 19)
    talk.work()
    assert told(talk, MOUSSA, "nudge") == []
    assert silence(talk) == []


def test_a_price_sent_the_day_after_ends_the_silence(talk: Talk):
    talk.at = at(21, 8)
    assert [each.market.code for each in silence(talk)] == ["KITA"]
    talk.say(AWA, "HIER ARA 225")
    assert silence(talk) == []


def test_after_a_day_and_a_half_the_board_of_the_staff_is_alarmed(talk: Talk):
    for day, hour, hours, alarming in (
        (20, 19, 1, False),
        (21, 18, 24, False),
        (22, 5, 35, False),
        (22, 6, 36, True),
    ):
        talk.at = at(day, hour)
        (found,) = silence(talk)
        assert (found.hours, found.alarming) == (hours, alarming)
        assert found.fair_on == at(20, 0).date()
        assert [each.name for each in found.reporters] == ["Awa", "Moussa", "Fanta"]


def test_a_market_without_reporters_or_without_a_known_day_owes_nothing(talk: Talk):
    with writing(talk.engine) as session:
        session.get_one(MarketRow, "KAYES").fair_days = ["thu"]
        session.get_one(MarketRow, "KAYES").daily = False
        store.enrol_reporter(
            session, talk.vault, Phone("+22370000009"), talk.at, name="D", market="DJIDIAN"
        )
        bump(session, catalog=True)
    talk.at = at(22, 12)
    assert [each.market.code for each in silence(talk)] == ["KITA"]


def test_the_longest_silence_stands_first(talk: Talk):
    with writing(talk.engine) as session:
        market = session.get_one(MarketRow, "DJIDIAN")
        market.fair_days, market.daily = ["thu"], False
        store.enrol_reporter(
            session, talk.vault, Phone("+22370000009"), talk.at, name="D", market="DJIDIAN"
        )
        bump(session, catalog=True)
    talk.at = at(21, 12)
    assert [each.market.code for each in silence(talk)] == ["DJIDIAN", "KITA"]


def test_a_reporter_who_said_stop_is_reminded_of_nothing(talk: Talk):
    """The words are queued like any, and put aside before they leave."""
    talk.at = at(19, 12)
    talk.say(AWA, "STOP")
    with reading(talk.engine) as session:
        contact = store.find(session, talk.vault, Phone(AWA))
        assert contact.stopped_at is not None
        assert session.get_one(Reporter, 1).active
