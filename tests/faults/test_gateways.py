"""Twelve ways a gateway fails: each leaves its messages in the one state it should."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from service.db import writing
from service.settings import AfricasTalking, Settings
from service.sms.gateways.africastalking import AfricasTalkingGateway
from service.sms.outbox.claim import Batch
from service.sms.tables import Run
from service.sms.tokens import Tokens
from service.worker.sender import Worker
from tests.faults.ground import SECRET, scale, table
from tests.gateways.standins import standing_in
from tests.sms.outbox_world import NOON, VAULT, a_run, looking, people, states

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

EXPECTED: Mapping[str, str] = {
    "cut": "unknown",
    "reset": "unknown",
    "half": "unknown",
    "garbage": "unknown",
    "empty": "unknown",
    "500": "unknown",
    "502": "unknown",
    "504": "unknown",
    "429": "queued",
    "503 retry-after": "queued",
    "401": "queued",
    "400": "rejected",
}
"""By `reliability.md` 3.2: what may have been sent is unknown, what surely was not is queued."""


def a_worker(engine: Engine, url: str, now=lambda: NOON) -> Worker:
    settings = Settings(
        _env_file=None,
        secret_key=SECRET,
        gateway="africastalking",
        send_rate=1e9,
        quiet_hours=None,
    )
    its = AfricasTalking(base_url=url, api_key="k")
    gateway = AfricasTalkingGateway(its, Tokens("t"), 1e9)
    return Worker(engine, settings, {"africastalking": gateway}, now, VAULT, owner="w1")


@pytest.mark.parametrize("mode", EXPECTED)
async def test_a_faulty_gateway_leaves_one_certain_state(engine: Engine, mode: str):
    count = scale(20, 200)
    with writing(engine) as session:
        people(session, count)
        run = a_run(session)
    with standing_in("africastalking", mode) as carrier:
        worker = a_worker(engine, carrier.url)
        calls = 0
        while isinstance(await worker.send_once(), Batch):
            calls += 1
        with looking(engine) as session:
            found = states(session, run)
        table(f"{mode} {engine.dialect.name}", calls=calls, **found)
        assert found == {EXPECTED[mode]: count}
        assert all(times == 1 for times in carrier.times_accepted().values())
        for gateway in worker._gateways.values():
            await gateway.close()


async def test_a_refused_key_stops_the_calls_until_the_circuit_half_opens(engine: Engine):
    now = [NOON]
    with writing(engine) as session:
        people(session, 60)
        run = a_run(session)
    with standing_in("africastalking", "401") as carrier:
        worker = a_worker(engine, carrier.url, lambda: now[0])
        for second in range(60):
            now[0] = NOON + timedelta(seconds=second)
            await worker.send_once()
        assert len(carrier.asked) == 1
        carrier.mode = "ok"
        now[0] = NOON + timedelta(seconds=61)
        while isinstance(await worker.send_once(), Batch):
            pass
        with looking(engine) as session:
            assert states(session, run) == {"accepted": 60}
            assert session.get_one(Run, run).progressed_at == now[0]
        assert set(carrier.times_accepted().values()) == {1}
        for gateway in worker._gateways.values():
            await gateway.close()


async def test_nothing_leaves_after_its_time_however_long_the_queue_was_frozen(engine: Engine):
    now = [NOON]
    with writing(engine) as session:
        people(session, 40)
        run = a_run(session)
    with standing_in("africastalking") as carrier:
        worker = a_worker(engine, carrier.url, lambda: now[0])
        await worker.send_once()
        now[0] = NOON + timedelta(days=1, minutes=5)
        while isinstance(found := await worker.send_once(), Batch) or found.more:
            pass
        worker.clockwork.run(next(job for job in worker.clockwork.jobs if job.name == "sweep"))
        assert len(carrier.accepted) == 20
        with looking(engine) as session:
            assert states(session, run) == {"accepted": 20, "expired": 20}
        for gateway in worker._gateways.values():
            await gateway.close()
