"""A busy market morning: dials at ten times the region's peak, alone, and then while reports
arrive and a broadcast goes out. Every answer is checked."""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench import contenders, drive, goods, machine, world
from bench.drive import Checked

PEAK = 287
"""Dials a second: 51,641 people, four turns each within two hours, ten times over."""
CONNECTIONS = 16
REPORTS = 50
"""Reports a second."""
SECONDS = 10


@dataclass(slots=True)
class Reported:
    """What became of the reports: answered 200, or anything else; how long each took."""

    stored: int = 0
    lost: int = 0
    millis: list[float] = field(default_factory=list)


def measure() -> str:
    """The section of the table."""
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        folder = Path(name)
        contender = contenders.sugu(folder)
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
            key = key_of(contender, folder)
            alone = asyncio.run(_dials(server.port, contender.path))
            run = broadcast(server.port, key)
            busy, reported = asyncio.run(_both(server.port, contender.path))
            tally = counts(server.port, key, run)
        finally:
            worker.stop()
            server.stop()
    return _section(alone, busy, reported, tally)


async def _dials(port: int, path: str) -> Checked:
    pause = CONNECTIONS / PEAK
    return await drive.check(port, path, "dialogue", CONNECTIONS, SECONDS, pause)


async def _both(port: int, path: str) -> tuple[Checked, Reported]:
    reported = Reported()
    reporting = asyncio.create_task(reports(port, reported, REPORTS, SECONDS))
    seen = await _dials(port, path)
    await reporting
    return seen, reported


async def reports(
    port: int, seen: Reported, each_second: int, seconds: float, name: str = "r"
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


def key_of(contender: contenders.Contender, folder: Path) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "service", "staff", "key", "bench", "--role", "admin"],
        env=dict(contender.env),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def broadcast(port: int, key: str) -> int:
    """A text to every caller, now."""
    plan = {
        "name": "bench",
        "body": {"fr": "PRIX {date} {prices}", "bm": "SONGO {date} {prices}"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    made = _call(port, key, "/broadcasts", plan)
    return int(_call(port, key, f"/broadcasts/{made['id']}/submit", {})["run_id"])


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


def _section(alone: Checked, busy: Checked, reported: Reported, tally: dict[str, int]) -> str:
    sent = sum(tally.get(state, 0) for state in ("accepted", "delivered"))
    return "\n".join(
        [
            f"Dialogues at {PEAK} turns a second on {CONNECTIONS} connections, {SECONDS} s each."
            f" Then the same while {REPORTS} reports a second arrive and a broadcast goes to"
            f" {goods.CALLERS:,} phones: {reported.stored} reports stored, {reported.lost} not;"
            f" {sent:,} messages sent by the end.",
            "",
            "| | answers | p50 ms | p99 ms | wrong | hung |",
            "|---|---:|---:|---:|---:|---:|",
            _row("dials alone", alone),
            _row("with reports and a broadcast", busy),
        ]
    )


def _row(called: str, seen: Checked) -> str:
    speed = seen.speed()
    figures = f"{seen.right + seen.wrong:,} | {speed.p50:.1f} | {speed.p99:.1f}"
    return f"| {called} | {figures} | {seen.wrong} | {seen.hung} |"
