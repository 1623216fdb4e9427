"""Taking messages: who goes first, who does not go, and what it costs."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Contact, Subscriber
from service.settings import QuietHours
from service.sms import outbox
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import Batch, Idle
from service.sms.tables import Budget, Delivery, Pace
from tests.sms.outbox_world import (
    LIMITS,
    NOON,
    WAY,
    a_run,
    accept,
    drain,
    looking,
    people,
    settled,
    states,
    take,
)


def test_a_batch_holds_as_many_as_a_request_and_one_text(engine: Engine):
    with writing(engine) as session:
        people(session, 25)
        a_run(session)
        first, second = (
            take(session, ways=[Way("pigeon", 20, 1e9)]),
            take(session, ways=[Way("pigeon", 20, 1e9)]),
        )
    assert isinstance(first, Batch)
    assert isinstance(second, Batch)
    assert (len(first.rows), len(second.rows)) == (20, 5)
    assert first.text == "Reunion samedi"
    assert not {row.id for row in first.rows} & {row.id for row in second.rows}


def test_a_reply_goes_before_a_broadcast(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 3)
        a_run(session)
        outbox.enqueue(
            session,
            contact_id=one,
            body="225 F",
            language="fr",
            kind="reply",
            now=NOON,
            limits=LIMITS,
        )
        batch = take(session)
    assert isinstance(batch, Batch)
    assert batch.text == "225 F"


def test_the_pace_is_kept_for_all_workers_together(engine: Engine):
    slow = Way("pigeon", 20, 10.0)
    with writing(engine) as session:
        people(session, 40)
        a_run(session)
        assert isinstance(take(session, ways=[slow]), Batch)
    with writing(engine) as session:
        idle = take(session, ways=[slow], owner="w2")
        assert isinstance(idle, Idle)
        assert idle.again == NOON + timedelta(seconds=2)
        assert isinstance(
            take(session, NOON + timedelta(seconds=2), ways=[slow], owner="w2"), Batch
        )
        assert session.get(Pace, "pigeon").free_at == NOON + timedelta(seconds=4)


def test_five_hundred_leave_at_the_pace_that_was_set(engine: Engine):
    """By a clock that waits exactly as long as it is told: 20 a second, 2 % at most beside it."""
    count, pace = 500, Way("pigeon", 20, 20.0)
    with writing(engine) as session:
        people(session, count)
        a_run(session)
    now, sent = NOON, 0
    while sent < count:
        with writing(engine) as session:
            found = take(session, now, ways=[pace])
            if isinstance(found, Batch):
                sent += len(found.rows)
                settled(session, found, accept(found), now)
            else:
                now = found.again or now + timedelta(seconds=0.5)
    assert sent / (now - NOON + timedelta(seconds=1)).total_seconds() == pytest.approx(20, rel=0.02)


def test_who_stopped_or_withdrew_is_suppressed_at_the_last_moment(engine: Engine):
    with writing(engine) as session:
        one, two, _three = people(session, 3)
        run = a_run(session)
        session.get_one(Contact, one).stopped_at = NOON
        session.exec(select(Subscriber).where(Subscriber.contact_id == two)).one().consented = False
    drain(engine)
    with looking(engine) as session:
        assert states(session, run) == {"suppressed": 2, "accepted": 1}
        reasons = set(session.exec(select(Delivery.reason).where(Delivery.state == "suppressed")))
        assert reasons == {"stopped", "consent"}


def test_a_foreign_number_is_never_written_to(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        run = a_run(session)
    drain(engine, limits=replace(LIMITS, prefixes=("+221",)))
    with looking(engine) as session:
        assert states(session, run) == {"suppressed": 1}


def test_an_expired_message_is_not_sent(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        outbox.enqueue(
            session,
            contact_id=one,
            body="vieux",
            language="fr",
            kind="reply",
            now=NOON,
            limits=LIMITS,
        )
    later = NOON + outbox.WORTH["reply"]
    assert drain(engine, later) == []
    with looking(engine) as session:
        assert states(session) == {"expired": 1}


def test_quiet_hours_hold_broadcasts_back_but_not_replies(engine: Engine):
    quiet = replace(LIMITS, quiet=QuietHours(time(11), time(13)))
    with writing(engine) as session:
        one, _two = people(session, 2)
        a_run(session)
        outbox.enqueue(
            session,
            contact_id=one,
            body="225 F",
            language="fr",
            kind="reply",
            now=NOON,
            limits=quiet,
        )
    assert [batch.text for batch in drain(engine, limits=quiet)] == ["225 F"]
    assert len(drain(engine, NOON + timedelta(hours=1), quiet)) == 1


def test_a_run_stops_exactly_at_its_cap(engine: Engine):
    capped = replace(LIMITS, run=33)
    with writing(engine) as session:
        people(session, 50)
        run = a_run(session)
    drain(engine, limits=capped)
    with looking(engine) as session:
        assert states(session, run) == {"accepted": 33, "suppressed": 17}
        assert session.get(Budget, f"run:{run}").used == 33


def test_what_the_month_cannot_pay_is_not_sent(engine: Engine):
    with writing(engine) as session:
        people(session, 30)
        run = a_run(session)
    drain(engine, limits=replace(LIMITS, month=12))
    with looking(engine) as session:
        assert states(session, run) == {"accepted": 12, "suppressed": 18}
        reasons = session.exec(select(Delivery.reason).where(Delivery.state == "suppressed"))
        assert set(reasons) == {"cap_month"}


def test_what_the_day_cannot_pay_waits_for_tomorrow_when_it_keeps(engine: Engine):
    capped = replace(LIMITS, day=0)
    with writing(engine) as session:
        one, *_ = people(session, 1)
        outbox.enqueue(
            session,
            contact_id=one,
            body="rappel",
            language="fr",
            kind="reminder",
            now=NOON,
            limits=LIMITS,
            not_after=NOON + timedelta(days=2),
        )
    assert drain(engine, limits=capped) == []
    with looking(engine) as session:
        row = session.exec(select(Delivery)).one()
        assert (row.state, row.not_before) == ("queued", capped.tomorrow(NOON))


def test_nobody_gets_more_broadcasts_in_a_day_than_the_cap(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        runs = [a_run(session, body={"fr": f"Texte {number}"}) for number in range(4)]
    drain(engine)
    with looking(engine) as session:
        assert [states(session, run) for run in runs[:3]] == [{"accepted": 2}] * 3
        assert states(session, runs[3]) == {"suppressed": 2}


def test_a_paused_run_gives_no_batch(engine: Engine):
    from service.sms import broadcasts
    from service.sms.tables import Run

    with writing(engine) as session:
        people(session, 30)
        run = a_run(session)
        assert isinstance(take(session, ways=[Way("pigeon", 20, 1e9)]), Batch)
        broadcast = session.get_one(Run, run).broadcast_id
        broadcasts.pause(session, broadcast)
        assert isinstance(take(session, ways=[Way("pigeon", 20, 1e9)]), Idle)


def test_routes_send_each_operator_by_its_own_gateway(engine: Engine):
    routed = replace(LIMITS, routes={"orange": ("owl",)})
    ways = [WAY, Way("owl", 20, 1000.0)]
    with writing(engine) as session:
        people(session, 2)
        a_run(session)
        batch = take(session, limits=routed, ways=ways)
    assert isinstance(batch, Batch)
    assert batch.gateway == "owl"


def test_rows_of_a_busy_gateway_do_not_hide_those_of_a_free_one(engine: Engine):
    routed = replace(LIMITS, routes={"orange": ("owl",), "telecel": ("pigeon",)})
    with writing(engine) as session:
        people(session, 150)
        contact = session.get_one(Contact, people(session, 1, first=200)[0])
        from service.phone import Phone
        from tests.sms.outbox_world import VAULT

        real = Phone("+22350000001")
        contact.sealed, contact.prefix = VAULT.seal(real), real.prefix
        a_run(session)
        session.add(Pace(gateway="owl", free_at=NOON + timedelta(hours=1)))
        session.flush()
        batch = take(session, limits=routed, ways=[WAY, Way("owl", 20, 1000.0)])
    assert isinstance(batch, Batch)
    assert [row.phone.e164 for row in batch.rows] == ["+22350000001"]
