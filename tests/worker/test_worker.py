"""The worker: it sends, ticks, writes down how it went, and stops when asked."""

import asyncio
import sys
import threading
from dataclasses import dataclass, field
from datetime import time, timedelta
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.settings import Loopback, QuietHours, Settings
from service.sms import outbox
from service.sms.gateway import Capabilities, Cost, IncomingSms, Outcome, Sent
from service.sms.gateways.loopback import LoopbackGateway
from service.sms.outbox.claim import Batch
from service.sms.tables import BalanceReading, Delivery, FetchCursor, JobRun
from service.sms.tokens import Tokens
from service.worker.carriers import back_fill, note_balance, weigh
from service.worker.clockwork import Clockwork, Job
from service.worker.sender import Worker
from service.worker.supervisor import Supervisor
from tests.sms.outbox_world import LIMITS, NOON, VAULT, a_run, looking, people, states

SETTINGS = Settings(
    _env_file=None, secret_key="0123456789abcdef0123456789abcdef", quiet_hours=None, send_rate=1e9
)


def a_worker(engine: Engine, gateway=None, **said) -> Worker:
    gateway = gateway or LoopbackGateway(Loopback(), Tokens("t"))
    return Worker(engine, SETTINGS, {"loopback": gateway}, lambda: NOON, VAULT, owner="w1", **said)


async def test_the_demo_gateway_delivers_by_itself(engine: Engine):
    sent = []
    with writing(engine) as session:
        people(session, 25)
        run = a_run(session)
    worker = a_worker(engine, LoopbackGateway(Loopback(), Tokens("t"), sink=sent.append))
    while isinstance(await worker.send_once(), Batch):
        pass
    with looking(engine) as session:
        assert states(session, run) == {"delivered": 25}
    assert sorted(len(parcel.recipients) for parcel in sent) == [5, 20]
    assert sent[0].text == "Reunion samedi"


async def test_the_loop_empties_the_queue_and_stops_when_asked(engine: Engine):
    done = asyncio.Event()
    with writing(engine) as session:
        people(session, 45)
        run = a_run(session)
    left = {"count": 45}
    loop = asyncio.get_running_loop()

    def sink(parcel) -> None:
        left["count"] -= len(parcel.recipients)
        if left["count"] == 0:
            loop.call_soon_threadsafe(done.set)

    worker = a_worker(engine, LoopbackGateway(Loopback(), Tokens("t"), sink=sink))
    working = asyncio.create_task(worker.run())
    await asyncio.wait_for(done.wait(), 30)
    worker.stop()
    await asyncio.wait_for(working, 30)
    with looking(engine) as session:
        assert states(session, run) == {"delivered": 45}


async def test_what_grew_old_between_the_claim_and_the_wire_is_not_sent(engine: Engine):
    """The first look at the clock is the claim's; the next is the last before the socket."""
    sent = []
    with writing(engine) as session:
        people(session, 3)
        run = a_run(session)
    looks = iter([NOON])
    gateway = LoopbackGateway(Loopback(), Tokens("t"), sink=sent.append)
    late = NOON + timedelta(hours=3, minutes=1)
    worker = Worker(
        engine, SETTINGS, {"loopback": gateway}, lambda: next(looks, late), VAULT, owner="w1"
    )
    await worker.send_once()
    assert sent == []
    worker.clockwork.run(next(job for job in worker.clockwork.jobs if job.name == "sweep"))
    with looking(engine) as session:
        assert states(session, run) == {"expired": 3}


async def test_a_broadcast_that_met_the_night_on_its_way_waits(engine: Engine):
    sent = []
    with writing(engine) as session:
        people(session, 3)
        run = a_run(session)
    night = SETTINGS.model_copy(update={"quiet_hours": QuietHours(time(12, 1), time(13, 0))})
    looks = iter([NOON])
    gateway = LoopbackGateway(Loopback(), Tokens("t"), sink=sent.append)
    late = NOON + timedelta(minutes=2)
    worker = Worker(
        engine, night, {"loopback": gateway}, lambda: next(looks, late), VAULT, owner="w1"
    )
    await worker.send_once()
    assert sent == []
    with looking(engine) as session:
        assert states(session, run) == {"queued": 3}


async def test_batches_answered_together_are_settled_together(engine: Engine):
    with writing(engine) as session:
        people(session, 70)
        run = a_run(session)
    worker = a_worker(engine)
    working = asyncio.create_task(worker.run())
    while True:
        with looking(engine) as session:
            if states(session, run) == {"delivered": 70}:
                break
        await asyncio.sleep(0.02)
    worker.stop()
    await asyncio.wait_for(working, 30)


@dataclass
class Clumsy:
    """A gateway that breaks its promise never to raise."""

    name: str = "loopback"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(max_recipients=5))

    async def send(self, parcel):
        raise ZeroDivisionError

    async def close(self) -> None: ...


async def test_an_adapter_that_fails_leaves_unknowns_and_a_living_worker(engine: Engine, caplog):
    with writing(engine) as session:
        people(session, 5)
        run = a_run(session)
    worker = a_worker(engine, Clumsy())
    await worker.send_once()
    with looking(engine) as session:
        assert states(session, run) == {"unknown": 5}
    assert "broke its promise" in caplog.text
    assert "+2237" not in caplog.text


async def test_a_bare_gateway_gets_bare_letters(engine: Engine):
    sent = []
    with writing(engine) as session:
        one, *_ = people(session, 1)
        outbox.enqueue(
            session,
            contact_id=one,
            body="Sɔngɔ: é",
            language="bm",
            kind="reply",
            now=NOON,
            limits=LIMITS,
        )
    gateway = LoopbackGateway(Loopback(wire_tier="bare"), Tokens("t"), sink=sent.append)
    await a_worker(engine, gateway).send_once()
    assert sent[0].text == "Songo: e"


# --- the clock --------------------------------------------------------------------------------


def clockwork(engine: Engine, *jobs: Job) -> Clockwork:
    return Clockwork(engine, jobs, lambda: NOON)


def a_job(work, name: str = "job") -> Job:
    return Job(name, timedelta(seconds=1), work)


def test_a_job_leaves_a_line_of_what_it_did(engine: Engine):
    clockwork(engine).run(a_job(lambda _session, _now: "3 expired"))
    with looking(engine) as session:
        line = session.get(JobRun, "job")
        assert (line.result, line.error, line.started_at) == ("3 expired", "", NOON)


def test_a_job_that_fails_says_so_and_undoes_its_work(engine: Engine, caplog):
    def fail(session, _now) -> str:
        people(session, 1)
        session.flush()
        raise ValueError("+22370000001 is secret")

    clockwork(engine).run(a_job(fail))
    with looking(engine) as session:
        assert session.get(JobRun, "job").error == "ValueError"
        assert session.exec(select(Delivery)).all() == []


def test_an_idle_job_writes_its_line_only_now_and_then(engine: Engine):
    now = [NOON]
    clock = Clockwork(engine, (), lambda: now[0])
    for second in range(14):
        now[0] = NOON + timedelta(seconds=second)
        clock.run(a_job(lambda _session, _now: ""))
    with looking(engine) as session:
        assert session.get(JobRun, "job").started_at == NOON
    now[0] = NOON + timedelta(seconds=15)
    clock.run(a_job(lambda _session, _now: ""))
    with looking(engine) as session:
        assert session.get(JobRun, "job").started_at == now[0]


def test_the_clock_ticks_in_threads_of_its_own(engine: Engine):
    ticked = threading.Event()

    def tick(_session, _now) -> str:
        ticked.set()
        return "tick"

    clock = clockwork(engine, Job("tick", timedelta(seconds=0.05), tick))
    clock.start()
    assert ticked.wait(20)
    clock.stop()
    with looking(engine) as session:
        assert session.get(JobRun, "tick").result == "tick"


def test_every_standing_job_runs_on_an_empty_house(engine: Engine):
    worker = a_worker(engine)
    for job in worker.clockwork.jobs:
        worker.clockwork.run(job)
    with looking(engine) as session:
        assert {line.error for line in session.exec(select(JobRun))} == {""}


# --- carriers ---------------------------------------------------------------------------------


def credit(amount: str) -> Cost:
    return Cost(Decimal(amount), "XOF")


def test_credit_that_no_message_explains_is_an_alarm(engine: Engine):
    with writing(engine) as session:
        people(session, 10)
        a_run(session)
        assert (
            note_balance(session, "loopback", credit("1000"), NOON - timedelta(days=1), LIMITS)
            == []
        )
        for row in session.exec(select(Delivery)):
            row.gateway, row.sending_at, row.cost = "loopback", NOON, 18.0
        session.flush()
        later = NOON + timedelta(hours=1)
        assert note_balance(session, "loopback", credit("820"), later, LIMITS) == []
        (alarm,) = note_balance(
            session, "loopback", credit("700"), later + timedelta(days=1), LIMITS
        )
        assert "120.00 XOF" in alarm
        assert session.get(BalanceReading, ("loopback", later.date())).gap == 0.0


def test_topping_up_is_no_alarm(engine: Engine):
    with writing(engine) as session:
        note_balance(session, "loopback", credit("10"), NOON, LIMITS)
        assert (
            note_balance(session, "loopback", credit("5000"), NOON + timedelta(days=1), LIMITS)
            == []
        )


@dataclass
class Holding(Clumsy):
    """A gateway that keeps messages until they are fetched."""

    held: list = field(default_factory=list)
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(poll_inbox=True))

    async def fetch(self, after):
        at = [sms.provider_id for sms in self.held].index(after) + 1 if after else 0
        return self.held[at:]


async def test_messages_held_during_an_outage_come_in_once(engine: Engine):
    gateway = Holding(
        held=[IncomingSms(f"f{n}", "+22370000001", "36000", f"ARA {n}") for n in range(50)]
    )
    taken = []

    def receive(_session, name, sms, _now) -> None:
        taken.append((name, sms.text))

    for expected in (50, 0):
        assert await back_fill(engine, {"loopback": gateway}, lambda: NOON, receive) == expected
    assert len(set(taken)) == 50
    with looking(engine) as session:
        assert session.get(FetchCursor, "loopback").after == "f49"


async def test_a_gateway_without_credit_to_ask_for_is_not_asked(engine: Engine):
    assert await weigh(engine, {"loopback": Clumsy()}, lambda: NOON, LIMITS) == []
    assert Sent("1", Outcome.ACCEPTED).reason is None


# --- the supervisor ---------------------------------------------------------------------------


def test_a_child_that_dies_is_started_again_and_stopped_with_us(tmp_path, monkeypatch):
    from service.worker import supervisor

    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)
    log = tmp_path / "log"
    code = f"import os,sys; open({str(log)!r},'a').write('x'); os._exit(3) if len(open({str(log)!r}).read())<3 else sys.stdin.read()"
    child = Supervisor([sys.executable, "-c", code])
    child.start()
    waiting = threading.Event()
    while not (log.exists() and len(log.read_text()) == 3 and child.pid):
        waiting.wait(0.02)
    assert child.restarts == 2
    child.stop(10)
    assert child.pid is None
    child.stop()
