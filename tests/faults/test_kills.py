"""Killed at any moment: nobody is written to twice, and nothing is lost without being said."""

import random
import signal
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.clock import system
from service.db import make_engine, writing
from service.sms.gateway import DeliveryNote, NoteState
from service.sms.outbox import deliveries
from service.sms.outbox.claim import LEASE
from service.sms.outbox.settle import reap
from service.sms.tables import Delivery, Run
from tests.faults.ground import (
    IN_FLIGHT,
    RECIPIENTS,
    a_big_run,
    carrier,
    reckon,
    scale,
    start_worker,
    table,
)
from tests.sms.outbox_world import VAULT, looking

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


def finish(engine: Engine) -> None:
    """What the worker's own clock does a minute later."""
    with writing(engine) as session:
        reap(session, system() + LEASE * 2)


def test_kill_9_again_and_again_doubles_nothing_and_hides_nothing(database_url: str):
    people, kills = scale(120, 1000), scale(3, 30)
    engine = make_engine(database_url)
    run = a_big_run(engine, people)
    with carrier() as taken:
        for kill in range(1, kills + 1):
            worker = start_worker(database_url, taken.url)
            taken.wait_for(kill * people // (kills + 2))
            worker.kill()
            worker.wait()
        worker = start_worker(database_url, taken.url)
        _until_empty(engine, run)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        finish(engine)
        end = reckon(engine, run, taken)
        table(f"kill -9 {engine.dialect.name}", people=people, kills=kills, **vars_of(end))
        assert end.duplicates == 0
        assert end.silent == 0
        assert end.unknown <= kills * IN_FLIGHT * RECIPIENTS
        assert end.accepted + end.unsent == people
        resolved, wrong, unknowns = _replay_reports(engine, run, taken)
        table("reports replayed", unknown_but_taken=unknowns, resolved=resolved, wrong=wrong)
        assert wrong == 0
        assert resolved >= 0.95 * unknowns
    engine.dispose()


def vars_of(end) -> dict:
    return {
        name: getattr(end, name)
        for name in ("accepted", "duplicates", "unknown", "unsent", "silent")
    }


def _until_empty(engine: Engine, run: int, seconds: float = 120) -> None:
    """Wait until the worker's own sweep has finished the run, or only leases are left."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.1)):
        with looking(engine) as session:
            query = select(Delivery.id).where(Delivery.run_id == run, Delivery.state == "queued")
            if session.exec(query.limit(1)).first() is None:
                return
        waiting.wait(0.1)
    raise AssertionError("the queue did not empty")


def _replay_reports(engine: Engine, run: int, taken) -> tuple[int, int, int]:
    """Every report the carrier owes, in any order and some twice; how many unknowns it solved."""
    by_phone = {each.phone: each.id for each in taken.accepted}
    with looking(engine) as session:
        unknown = {
            row.id: row.contact_id
            for row in session.exec(
                select(Delivery).where(Delivery.run_id == run, Delivery.state == "unknown")
            )
        }
    notes = [
        DeliveryNote(message, None, phone, NoteState.DELIVERED, None, "Success")
        for phone, message in by_phone.items()
    ]
    notes += random.Random(3).sample(notes, len(notes) // 5)
    random.Random(4).shuffle(notes)
    with writing(engine) as session:
        for note in notes:
            deliveries.apply(session, VAULT, "africastalking", note, system())
    with looking(engine) as session:
        from service.people.tables import Contact

        rows = session.exec(
            select(Delivery, Contact.sealed)
            .join(Contact, Contact.id == Delivery.contact_id)
            .where(Delivery.run_id == run)
        ).all()
    wrong = sum(
        row.state == "delivered" and by_phone.get(VAULT.open(sealed).e164) != row.provider_id
        for row, sealed in rows
    )
    taken_unknown = [
        row for row, sealed in rows if row.id in unknown and VAULT.open(sealed).e164 in by_phone
    ]
    resolved = sum(row.state == "delivered" for row in taken_unknown)
    return resolved, wrong, len(taken_unknown)


def test_sigterm_finishes_what_is_in_flight(database_url: str):
    engine = make_engine(database_url)
    people, times = scale(60, 400), scale(2, 20)
    run = a_big_run(engine, people)
    with carrier(latency=0.05) as taken:
        for stop in range(1, times + 1):
            worker = start_worker(database_url, taken.url)
            taken.wait_for(stop * people // (times + 2))
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(15) == 0
        end = reckon(engine, run, taken)
        table(f"SIGTERM {engine.dialect.name}", stops=times, **vars_of(end))
        assert "sending" not in end.states
        assert (end.unknown, end.duplicates, end.silent) == (0, 0, 0)
    engine.dispose()


def test_one_of_three_workers_killed_leaves_its_few_unknown(postgresql_url: str):
    engine = make_engine(postgresql_url)
    people = scale(150, 2000)
    run = a_big_run(engine, people)
    with carrier() as taken:
        workers = [start_worker(postgresql_url, taken.url) for _ in range(3)]
        taken.wait_for(people // 3)
        workers[0].kill()
        workers[0].wait()
        _until_empty(engine, run)
        for worker in workers[1:]:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        finish(engine)
        end = reckon(engine, run, taken)
        table("one of three killed", people=people, **vars_of(end))
        assert (end.duplicates, end.silent) == (0, 0)
        assert end.unknown <= IN_FLIGHT * RECIPIENTS
    engine.dispose()


def test_a_second_worker_on_one_sqlite_file_is_refused(sqlite_url: str):
    from service.worker.locks import Busy, Lock, hold

    first = hold(sqlite_url, "worker")
    assert isinstance(first, Lock)
    assert isinstance(hold(sqlite_url, "worker"), Busy)
    assert isinstance(hold(sqlite_url, "serve"), Lock)
    first.release()
    again = hold(sqlite_url, "worker")
    assert isinstance(again, Lock)
    again.release()
    assert hold("postgresql+psycopg://nowhere/x", "worker") == Lock(None)


def test_what_a_restored_copy_still_holds_is_never_sent(engine: Engine):
    from service.sms.outbox import sweep
    from service.sms.outbox.claim import Idle
    from tests.sms.outbox_world import NOON, a_run, people, states, take

    with writing(engine) as session:
        people(session, 30)
        run = a_run(session)
        take(session)
    with writing(engine) as session:
        assert sweep.disarm(session, NOON) == {"unknown": 20, "expired": 10}
        assert isinstance(take(session, NOON + timedelta(minutes=1)), Idle)
        assert states(session, run) == {"unknown": 20, "expired": 10}
        assert session.get_one(Run, run).state == "running"
