"""A busy market morning: dials at ten times the region's peak, alone, and then while reports
arrive and a broadcast goes out. Every answer is checked.

The same with other figures: the whole region for ten minutes, as many dials as one process
answers, hours of an ordinary morning. Each takes a number of seconds.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench import contenders, drive, goods, machine, world
from bench.drive import Checked

PEAK = 28.7
"""Turns a second: 51,641 people, four turns each within two hours."""
REGION = 51_641
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """Turns and reports a second (0 turns: as many as are answered), people who are sent a
    broadcast, and for how many seconds; `alone` how long the dials are measured by themselves."""

    turns: float
    reports: float
    people: int
    seconds: float
    alone: float

    def lasting(self, seconds: float) -> "Load":
        return replace(self, seconds=seconds, alone=min(self.alone, seconds))


MORNING = Load(10 * PEAK, 50, goods.CALLERS, 10, 10)
TEN_TIMES = Load(10 * PEAK, 20, REGION, 600, 30)
STORM = Load(0, 50, 100_000, 60, 30)
ORDINARY = Load(PEAK, 2, REGION, 6 * 3600, 30)


@dataclass(frozen=True, slots=True)
class Room:
    """Megabytes of the server, of the worker, of the database's journal; open files of both."""

    server: float
    worker: float
    journal: float
    files: int


@dataclass(slots=True)
class Reported:
    """What became of the reports: answered 200, or anything else; how long each took."""

    stored: int = 0
    lost: int = 0
    millis: list[float] = field(default_factory=list)


def measure(load: Load = MORNING) -> str:
    """The section of the table."""
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        folder = Path(name)
        contender = contenders.sugu(folder, load.people)
        server = contender.start(folder)
        worker = machine.start(
            [sys.executable, "-m", "service", "worker"],
            contender.env,
            folder / "worker.log",
            0,
            cpu=machine.CLIENT_CPU,
            wait=False,
        )
        machine.stay(machine.CLIENT_CPU)
        try:
            token = key_of(contender.env, folder)
            alone = asyncio.run(_dials(server.port, contender.path, load, load.alone))
            before = _room(server, worker, folder)
            run = broadcast(server.port, token)
            busy, reported = asyncio.run(_both(server.port, contender.path, load))
            after = _room(server, worker, folder)
            tally = counts(server.port, token, run)
        finally:
            worker.stop()
            server.stop()
    return _section(load, alone, busy, reported, tally, (before, after))


def _room(server: machine.Server, worker: machine.Server, folder: Path) -> Room:
    journal = folder / "sugu.db-wal"
    size = journal.stat().st_size / 2**20 if journal.exists() else 0.0
    return Room(server.rss, worker.rss, size, server.files + worker.files)


async def _dials(port: int, path: str, load: Load, seconds: float) -> Checked:
    pause = CONNECTIONS / load.turns if load.turns else 0.0
    return await drive.check(port, path, "dialogue", CONNECTIONS, seconds, pause)


async def _both(port: int, path: str, load: Load) -> tuple[Checked, Reported]:
    reported = Reported()
    reporting = asyncio.create_task(reports(port, reported, load.reports, load.seconds))
    seen = await _dials(port, path, load, load.seconds)
    await reporting
    return seen, reported


async def reports(
    port: int, seen: Reported, each_second: float, seconds: float, name: str = "r"
) -> None:
    """So many reports every second, whether or not the last is answered yet.

    Prices are the standing ones: what is checked on the screens must stay what it is.
    """
    path, began = f"/hooks/loopback/{world.TOKEN}/sms", time.monotonic()
    async with asyncio.TaskGroup() as group:
        for n in range(round(each_second * seconds)):
            await asyncio.sleep(max(0.0, began + n / each_second - time.monotonic()))
            group.create_task(_report(drive.Line(port, path), f"{name}-{n}", n, seen))


async def _report(line: drive.Line, name: str, n: int, seen: Reported) -> None:
    reporter, product = n % goods.REPORTERS, random.randrange(len(goods.PRODUCTS))
    worth = goods.value(product, reporter % len(goods.MARKETS))
    form = {
        "id": f"bench-{name}",
        "from": world.reporter_phone(reporter),
        "to": "36000",
        "text": f"{goods.PRODUCTS[product][0]} {worth}",
        "date": "",
    }
    began = time.perf_counter()
    try:
        status, _ = await line.post(form)
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        status = 0
    finally:
        line.close()
    seen.millis.append((time.perf_counter() - began) * 1000)
    if status == 200:
        seen.stored += 1
    else:
        seen.lost += 1


# --- the broadcast ------------------------------------------------------------------------------


def key_of(env: Mapping[str, str], folder: Path) -> str:
    """A key to the API."""
    made = subprocess.run(
        [sys.executable, "-m", "service", "staff", "key", "bench", "--role", "admin"],
        env=dict(env),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def broadcast(port: int, token: str) -> int:
    """A text to every caller, now."""
    plan = {
        "name": "bench",
        "body": {"fr": "PRIX {date} {prices}", "bm": "SONGO {date} {prices}"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    made = _call(port, token, "/broadcasts", plan)
    return int(_call(port, token, f"/broadcasts/{made['id']}/submit", {})["run_id"])


def counts(port: int, key: str, run: int) -> dict[str, int]:
    return _call(port, key, f"/runs/{run}", None)["counts"]


def _call(port: int, key: str, path: str, body: dict | None) -> dict:
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"bench-{path}",
    }
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}/api/v1{path}", data, headers)) as answer:
            return json.load(answer)
    except HTTPError as refused:
        raise RuntimeError(f"{path}: {refused.code} {refused.read().decode()}") from None


# --- the table ----------------------------------------------------------------------------------


def _section(
    load: Load,
    alone: Checked,
    busy: Checked,
    reported: Reported,
    tally: dict[str, int],
    room: tuple[Room, Room],
) -> str:
    sent = sum(tally.get(state, 0) for state in ("accepted", "delivered"))
    rate = f"at {load.turns:.0f} turns a second" if load.turns else "as fast as they are answered"
    before, after = room
    return "\n".join(
        [
            f"Dialogues {rate} on {CONNECTIONS} connections, {load.alone:.0f} s by themselves."
            f" Then {load.seconds:.0f} s of the same while {load.reports:.0f} reports a second"
            f" arrive and a broadcast goes to {load.people:,} phones: {reported.stored:,} reports"
            f" stored, {reported.lost} not; {sent:,} messages sent by the end.",
            "",
            "| | answers | a second | p50 ms | p99 ms | wrong | hung |",
            "|---|---:|---:|---:|---:|---:|---:|",
            _row("dials alone", alone),
            _row("with reports and a broadcast", busy),
            "",
            "| | server MB | worker MB | journal MB | open files |",
            "|---|---:|---:|---:|---:|",
            _room_row("before the reports", before),
            _room_row("after", after),
        ]
    )


def _room_row(called: str, room: Room) -> str:
    sizes = f"{room.server:.0f} | {room.worker:.0f} | {room.journal:.1f}"
    return f"| {called} | {sizes} | {room.files} |"


def _row(called: str, seen: Checked) -> str:
    speed = seen.speed()
    figures = f"{seen.right + seen.wrong:,} | {speed.rate:,.0f} | {speed.p50:.1f} | {speed.p99:.1f}"
    return f"| {called} | {figures} | {seen.wrong} | {seen.hung} |"
