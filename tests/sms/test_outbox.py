"""Putting messages in the outbox: who is answered, how often, and when."""

from dataclasses import replace
from datetime import time, timedelta

from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Contact
from service.settings import QuietHours
from service.sms import outbox
from service.sms.refused import Refused
from service.sms.tables import Delivery, MessageText
from tests.sms.outbox_world import LIMITS, NOON, a_run, drain, looking, people, states

NIGHT = replace(LIMITS, quiet=QuietHours(time(11), time(13)))


def say(session, contact_id: int, body: str = "225 F", kind: str = "reply", **said):
    facts = {"language": "fr", "now": NOON, "limits": LIMITS} | said
    return outbox.enqueue(session, contact_id=contact_id, body=body, kind=kind, **facts)


def test_words_are_folded_for_the_wire_and_counted(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        say(session, one, "Arachide : 225 F/kg — tiga sɔngɔ")
        text = session.exec(select(MessageText)).one()
    assert text.body == "Arachide : 225 F/kg - tiga sòngò"
    assert (text.septets, text.segments, text.encoding) == (32, 1, "gsm7")


def test_a_message_is_answered_once(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        assert isinstance(say(session, one, inbox_id=7), Delivery)
        again = say(session, one, "autre chose", inbox_id=7)
        assert isinstance(again, Refused)
        assert again.code == "answered"


def test_a_number_gets_ten_replies_a_day_and_ten_the_next(engine: Engine):
    with writing(engine) as session:
        one, two = people(session, 2)
        made = [say(session, one, f"texte {n}") for n in range(12)]
        assert [type(each) for each in made] == [Delivery] * 10 + [Refused] * 2
        assert isinstance(say(session, two), Delivery)
        assert isinstance(say(session, one, now=NOON + timedelta(days=1)), Delivery)


def test_the_same_words_again_and_again_are_a_loop(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        made = [say(session, one, "Je n'ai pas compris") for _ in range(4)]
        assert isinstance(made[3], Refused)
        assert made[3].code == "loop"
        later = say(session, one, "Je n'ai pas compris", now=NOON + timedelta(minutes=11))
        assert isinstance(later, Delivery)


def test_what_nobody_asked_for_waits_for_the_end_of_the_quiet_hours(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        reply = say(session, one, limits=NIGHT)
        alert = say(session, one, "hausse", "alert", limits=NIGHT)
    assert reply.not_before == NOON
    assert alert.not_before == NOON + timedelta(hours=1)


def test_stop_drops_what_is_queued_but_not_the_goodbye(engine: Engine):
    with writing(engine) as session:
        one, _two = people(session, 2)
        run = a_run(session)
        say(session, one, "hausse", "alert")
        session.get_one(Contact, one).stopped_at = NOON
        assert outbox.suppress(session, one, NOON) == 2
        say(session, one, "Vous ne recevrez plus rien.")
    assert [batch.text for batch in drain(engine)] == [
        "Vous ne recevrez plus rien.",
        "Reunion samedi",
    ]
    with looking(engine) as session:
        assert states(session, run) == {"suppressed": 1, "accepted": 1}


def test_nothing_is_said_when_there_is_nothing_to_say(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        assert isinstance(say(session, one, "  "), Refused)
