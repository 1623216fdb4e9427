"""People get their rows slice by slice: a crash, a second clock or a change of mind in between
neither doubles nor loses anybody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Contact
from service.sms import broadcasts, outbox
from service.sms.broadcasts import addressing, firing, runs
from service.sms.broadcasts.firing import fire_due
from service.sms.outbox import sweep
from service.sms.outbox.claim import Batch, Idle
from service.sms.tables import Broadcast, Delivery, Run
from tests.sms.outbox_world import (
    LIMITS,
    NOON,
    a_broadcast,
    a_run,
    drain,
    looking,
    people,
    press,
    states,
    take,
)


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch):
    monkeypatch.setattr(firing, "FIRST", 3)
    monkeypatch.setattr(addressing, "SLICE", 4)


def fill(engine: Engine, now=NOON) -> int:
    """Slices until every run is whole; how many there were."""
    for count in range(100):
        with writing(engine) as session:
            if addressing.go_on(session, now, LIMITS) is None:
                return count
    raise AssertionError("it never ends")


def a_long_run(engine: Engine, count: int = 10, **said) -> int:
    with writing(engine) as session:
        people(session, count)
        return a_run(session, **said)


def whom(session, run: int) -> list[int]:
    found = select(Delivery.contact_id).where(Delivery.run_id == run).order_by(Delivery.id)
    return list(session.exec(found))


def test_everybody_has_one_row_in_the_end(engine: Engine):
    run = a_long_run(engine, 11)
    with looking(engine) as session:
        assert (states(session, run), session.get_one(Run, run).addressed_at) == (
            {"queued": 3},
            None,
        )
    assert fill(engine) == 3
    with looking(engine) as session:
        assert len(whom(session, run)) == len(set(whom(session, run))) == 11
        made = session.get_one(Run, run)
        assert (made.total, made.addressed_at) == (11, NOON)


def test_a_crash_within_a_slice_neither_loses_nor_doubles_anybody(engine: Engine):
    run = a_long_run(engine, 10)
    with looking(engine) as session:
        addressing.go_on(session, NOON, LIMITS)  # and nobody lives to commit it
    with looking(engine) as session:
        assert session.get_one(Run, run).total == 3
    fill(engine)
    with looking(engine) as session:
        assert sorted(whom(session, run)) == sorted(session.exec(select(Contact.id)))


def test_many_clocks_fill_a_run_together(engine: Engine):
    run = a_long_run(engine, 60)
    with ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(fill, engine) for _ in range(4)]:
            job.result()
    with looking(engine) as session:
        assert states(session, run) == {"queued": 60}
        assert session.get_one(Run, run).total == 60


def test_the_first_leave_while_the_others_get_their_rows(engine: Engine):
    run = a_long_run(engine, 10)
    assert [len(batch.rows) for batch in drain(engine)] == [3]
    with writing(engine) as session:
        assert sweep.finish_runs(session, NOON) == 0
    fill(engine)
    drain(engine)
    with writing(engine) as session:
        assert states(session, run) == {"accepted": 10}
        assert sweep.finish_runs(session, NOON) == 1


def test_a_broadcast_cancelled_between_two_slices_writes_to_nobody_else(engine: Engine):
    run = a_long_run(engine, 10)
    with writing(engine) as session:
        broadcasts.cancel(session, session.get_one(Run, run).broadcast_id, NOON)
    assert fill(engine) == 0
    with looking(engine) as session:
        assert states(session, run) == {"cancelled": 3}


def test_a_paused_run_is_filled_and_not_sent(engine: Engine):
    run = a_long_run(engine, 10)
    with writing(engine) as session:
        broadcast = session.get_one(Run, run).broadcast_id
        broadcasts.pause(session, broadcast)
    fill(engine)
    assert drain(engine) == []
    with writing(engine) as session:
        broadcasts.resume(session, broadcast, NOON, press())
    drain(engine)
    with looking(engine) as session:
        assert states(session, run) == {"accepted": 10}


def test_who_stops_between_two_slices_gets_nothing(engine: Engine):
    run = a_long_run(engine, 10)
    with writing(engine) as session:
        mine = whom(session, run)[0], session.exec(select(Contact.id)).all()[-1]
        for contact in mine:
            session.get_one(Contact, contact).stopped_at = NOON
            outbox.suppress(session, contact, NOON)
    fill(engine)
    sent = {row.contact_id for batch in drain(engine) for row in batch.rows}
    assert sent.isdisjoint(mine)
    with looking(engine) as session:
        assert states(session, run) == {"accepted": 8, "suppressed": 1}


def test_a_run_keeps_the_people_it_was_fired_for(engine: Engine):
    with writing(engine) as session:
        people(session, 6)
        people(session, 6, village="LOIN", first=100)
        made = a_broadcast(session, when={"weekly": ["fri"], "at": "12:01"})
        broadcasts.submit(session, made.id, "op", NOON, press(), confirm=True)
        (fired,) = fire_due(session, NOON + timedelta(minutes=1), press())
        session.get_one(Broadcast, made.id).audience = {"villages": ["SIBI"]}
    fill(engine, NOON + timedelta(minutes=1))
    with looking(engine) as session:
        assert states(session, fired.run_id) == {"queued": 12}


def test_a_run_that_is_filled_too_late_says_whom_it_did_not_reach(engine: Engine):
    run = a_long_run(engine, 10)
    late = NOON + timedelta(hours=4)
    fill(engine, late)
    with writing(engine) as session:
        assert isinstance(take(session, late), Idle)
        sweep.expire(session, late)
        assert states(session, run) == {"expired": 10}


def test_a_reply_passes_everybody_who_has_a_row_already(engine: Engine):
    a_long_run(engine, 30)
    fill(engine)
    with writing(engine) as session:
        said = outbox.enqueue(
            session,
            contact_id=1,
            body="ARA Kita 225 F",
            language="fr",
            kind="reply",
            now=NOON,
            limits=LIMITS,
        )
        found = take(session)
        assert isinstance(found, Batch)
        assert [row.id for row in found.rows] == [said.id]


def test_a_second_try_needs_no_slices(engine: Engine):
    run = a_long_run(engine, 5)
    fill(engine)
    drain(engine)
    with writing(engine) as session:
        for row in session.exec(select(Delivery).where(Delivery.run_id == run)):
            row.state, row.reason = "failed", runs.UNREACHABLE
        session.flush()
        again = runs.retry_failed(session, run, NOON, LIMITS)
        assert isinstance(again, Run)
        assert (again.total, again.addressed_at) == (5, NOON)
    assert fill(engine) == 0
