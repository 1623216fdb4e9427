"""Clocks that jump, migrations that are cut off, copies put back: nothing leaves twice."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel, func, select

from service import clock
from service.cli.receiving import BackDoor
from service.cli.serving import OLDEST_CLOCK, right_clock
from service.db import alembic_config, make_engine, migrate, reading, writing
from service.settings import AfricasTalking, Settings
from service.sms import broadcasts
from service.sms.broadcasts import Step
from service.sms.gateway import Tokens
from service.sms.gateways.africastalking import AfricasTalkingGateway
from service.sms.outbox.claim import Batch
from service.sms.tables import Inbox, JobRun, Run
from service.worker.carriers import back_fill
from service.worker.clockwork import present
from service.worker.sender import Worker
from tests.cli.conftest import run as sugu
from tests.cli.conftest import surroundings  # noqa: F401 (a fixture)
from tests.faults.ground import (
    HOUSE,
    SECRET,
    a_big_run,
    carrier,
    scale,
    start_worker,
    table,
)
from tests.faults.peers import select_nothing
from tests.faults.test_kills import _until_empty
from tests.gateways.standins import standing_in
from tests.sms.outbox_world import (
    NOON,
    VAULT,
    a_broadcast,
    a_run,
    looking,
    people,
    phone,
    press,
    states,
)
from tests.sms.talk import AWA, open_talk

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def a_worker(engine: Engine, url: str, now) -> Worker:
    settings = Settings(
        _env_file=None, secret_key=SECRET, gateway="africastalking", send_rate=1e9, quiet_hours=None
    )
    gateway = AfricasTalkingGateway(AfricasTalking(base_url=url, api_key="k"), Tokens("t"), 1e9)
    return Worker(engine, settings, {"africastalking": gateway}, now, VAULT, owner="w1")


# clocks


JUMPS = (
    timedelta(hours=1), -timedelta(hours=1), timedelta(days=1), -timedelta(days=1),
    datetime(1970, 1, 1, tzinfo=UTC) - NOON, timedelta(minutes=5), -timedelta(minutes=5),
)  # fmt: skip


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_clock_that_jumps_sends_nothing_twice_and_nothing_late(
    engine: Engine, jump: timedelta
):
    """R17. It jumps in the middle of a run, and back again some batches later."""
    hands, count = [NOON], scale(60, 200)
    with writing(engine) as session:
        people(session, count)
        run = a_run(session)
        ends = session.get_one(Run, run).not_after
    with standing_in("africastalking") as taken:
        worker = a_worker(engine, taken.url, lambda: hands[0])
        late = 0
        for step in range(count):
            if step == 1:
                hands[0] = NOON + jump
            if step == 3:
                hands[0] = NOON + timedelta(seconds=step)
            before = len(taken.accepted)
            found = await worker.send_once()
            late += (hands[0] > ends) * (len(taken.accepted) - before)
            for job in worker.clockwork.jobs:
                if job.name in {"fire", "reap", "sweep"}:
                    worker.clockwork.run(job)
            if not isinstance(found, Batch) and step > 3 and not found.more:
                break
            hands[0] += timedelta(seconds=1)
        twice = sum(times - 1 for times in taken.times_accepted().values())
        with looking(engine) as session:
            found = states(session, run)
            runs = session.exec(select(func.count(Run.id))).one()
        table(
            f"R17 jump {jump / timedelta(hours=1):+g} h {engine.dialect.name}", twice=twice, late=late, runs=runs,
            taken=len(taken.accepted), **found,
        )  # fmt: skip
        assert (twice, late, runs) == (0, 0, 1)
        assert len(taken.accepted) + found.get("expired", 0) + found.get("queued", 0) == count
        for gateway in worker._gateways.values():
            await gateway.close()


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_clock_that_jumps_fires_each_slot_once(engine: Engine, jump: timedelta):
    """A weekly plan; the clock jumps over its slot, or back before it, and comes back."""
    hands = [NOON]
    with writing(engine) as session:
        people(session, 3)
        made = a_broadcast(session, body={"fr": "Foire"}, when={"weekly": ["fri"], "at": "12:01"})
        assert isinstance(
            broadcasts.submit(session, made.id, "op", NOON, press(), confirm=True), Step
        )
    with standing_in("africastalking") as taken:
        worker = a_worker(engine, taken.url, lambda: hands[0])
        fire = next(job for job in worker.clockwork.jobs if job.name == "fire")
        worker.clockwork.jobs = (fire,)
        worker.press = press()
        for at in (NOON, NOON + jump, NOON, NOON + timedelta(minutes=1), NOON + jump, NOON):
            hands[0] = at
            worker.clockwork.run(fire)
        hands[0] = NOON + timedelta(minutes=2)
        worker.clockwork.run(fire)
        with looking(engine) as session:
            slots = session.exec(select(Run.due_at)).all()
        assert len(slots) == len(set(slots))
        for gateway in worker._gateways.values():
            await gateway.close()


def test_a_server_whose_clock_lost_its_year_does_not_start():
    for lost in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)):
        with pytest.raises(ValueError, match="clock"):
            right_clock(lost)
    right_clock(OLDEST_CLOCK)
    right_clock(clock.system())


@pytest.mark.parametrize(
    ("said", "observed"),
    [
        ("HIER ARA 225F", date(2026, 11, 19)),
        ("01/01/1970 ARA 225F", None),
        ("31/12/2099 ARA 225F", None),
        ("31/02 ARA 225F", None),
        ("20/11/2026 ARA 225F", date(2026, 11, 20)),
    ],
)
def test_a_date_out_of_range_is_asked_about_and_never_published(
    kita_sqlite_url: str, said: str, observed: date | None
):
    engine = make_engine(kita_sqlite_url)
    with open_talk(engine) as talk:
        assert talk.say(AWA, said)
        days = [row.observed_on for row in talk.reports if row.status == "accepted"]
        assert days in ([], [observed] if observed else [])
        far = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
        for sent_at in far:
            talk.receive(AWA, "MAI 150F", sent_at=sent_at)
        assert {row.state for row in talk.inbox} == {"handled"}
        assert {row.observed_on for row in talk.reports if row.product == "MAI"} == {talk.at.date()}
    engine.dispose()


# copies


@pytest.fixture
def tools(surroundings: pytest.MonkeyPatch) -> pytest.MonkeyPatch:  # noqa: F811
    """PostgreSQL's own programs in reach, and the key the worker processes have."""
    surroundings.setenv("SUGU_SECRET_KEY", SECRET)
    return surroundings


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_a_copy_taken_in_the_middle_of_a_broadcast_sends_nothing_again(
    database_url: str, tools: pytest.MonkeyPatch, tmp_path: Path, sealed: bool
):
    """R22. The run goes on after the copy; then the copy is put back and a worker started."""
    count = scale(80, 1000)
    tools.setenv("SUGU_DATABASE_URL", database_url)
    engine = make_engine(database_url)
    run = a_big_run(engine, count)
    with carrier(0.005) as taken:
        worker = start_worker(database_url, taken.url)
        assert taken.wait_for(count // 3, 240)
        copy = str(tmp_path / "copy")
        assert sugu("backup", copy, *(["--encrypt"] if sealed else [])).exit_code == 0
        at_copy = len(taken.accepted)
        _until_empty(engine, run)
        _stop(worker)
        first = len(taken.accepted)
        engine.dispose()
        restored = sugu("restore", copy)
        since = database_now(engine)
        assert restored.exit_code == 0, restored.output
        worker = start_worker(database_url, taken.url)
        _until_it_ticks(engine, since)
        taken.wait_for(first + 1, scale(2, 10))
        _stop(worker)
        with looking(engine) as session:
            found = states(session, run)
        table(
            f"R22 restore {engine.dialect.name} {'sealed' if sealed else 'plain'}", people=count,
            taken_at_copy=at_copy, taken_before=first, repeated=taken.duplicates,
            taken_after=len(taken.accepted) - first, **found,
        )  # fmt: skip
        assert taken.duplicates == 0
        assert len(taken.accepted) == first == count
        assert set(found) <= {"accepted", "delivered", "sent", "unknown", "expired"}
    engine.dispose()


def database_now(engine: Engine) -> datetime:
    with reading(engine) as session:
        return present(session, clock.system)


def _until_it_ticks(engine: Engine, since: datetime, seconds: float = 90) -> None:
    """Until the worker's clock has run since: before that it has taken nothing, nor can it stop."""
    for _ in range(int(seconds / 0.2)):
        with looking(engine) as session:
            newest = session.exec(select(func.max(JobRun.started_at))).one()
        if newest is not None and newest > since:
            return
        select_nothing(0.2)
    raise AssertionError("the worker does not tick")


def _stop(worker: subprocess.Popen) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0


# migrations


MIGRATE = "import sys; from service.db import migrate; migrate(sys.argv[1])"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_migration_killed_half_way_is_done_again(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
):
    """R23. Killed at a random moment, again and again; then it is let finish."""
    dice, kills, cut = random.Random(23), scale(3, 20), 0
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if kind == "postgresql":
        from tests.conftest import _administer

        postgresql = request.getfixturevalue("postgresql")
        name = f"killed_{os.getpid()}"
        _administer(postgresql, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        url = postgresql(name)
    longest = 3.0
    for _ in range(kills):
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url], cwd=HOUSE, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(dice.uniform(0.3 * longest, longest))
            longest = max(0.5, time.perf_counter() - begun)
        except subprocess.TimeoutExpired:
            cut += 1
        process.kill()
        process.wait()
    migrate(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory.from_config(alembic_config(url)).get_current_head()
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    engine.dispose()
    table(f"R23 migration killed {kind}", kills=kills, cut_short=cut, whole=current == head)
    assert current == head
    assert tables == set(SQLModel.metadata.tables)


# back-fill


async def test_messages_of_an_outage_are_fetched_once_beside_late_callbacks(
    kita: Engine, kita_url: str
):
    """R25. Fifty while we were down; afterwards half of them are pushed again, late."""
    said = Settings(
        _env_file=None, secret_key=SECRET, database_url=kita_url, gateway="africastalking"
    )
    held = [
        {
            "id": number, "from": phone(number), "to": "36000", "text": f"PRIX ARACHIDE {number}",
            "date": f"2026-11-20T10:{number % 60:02}:30Z", "linkId": "",
        }
        for number in range(1, 51)
    ]  # fmt: skip
    door = BackDoor(said)
    with standing_in("africastalking") as taken:
        taken.inbox.extend(held)
        settings = AfricasTalking(base_url=taken.url, api_key="k", username="u")
        gateway = AfricasTalkingGateway(settings, Tokens("t"), 1e9)
        fetched = await back_fill(kita, {"africastalking": gateway}, lambda: NOON, door)
        again = await back_fill(kita, {"africastalking": gateway}, lambda: NOON, door)
        await gateway.close()
    for each in held[::2]:
        _pushed(kita, door, each)
    with reading(kita) as session:
        rows = session.exec(select(func.count(Inbox.id))).one()
        texts = session.exec(select(func.count(func.distinct(Inbox.text)))).one()
    table(
        f"R25 back-fill {kita.dialect.name}", held=len(held), fetched=fetched, again=again,
        pushed_late=len(held[::2]), rows=rows,
    )  # fmt: skip
    assert (fetched, again, rows, texts) == (50, 0, 50, 50)


def _pushed(engine: Engine, door: BackDoor, each: dict) -> None:
    from service.sms.gateway import IncomingSms

    late = IncomingSms(
        f"mo-{each['id']}", each["from"], each["to"], each["text"],
        sent_at=datetime.fromisoformat(each["date"]),
    )  # fmt: skip
    with writing(engine) as session:
        door(session, "africastalking", late, NOON + timedelta(hours=2))
