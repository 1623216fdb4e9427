"""How much room Sugu takes: from start to the first answer, in memory, after a million sessions."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import contenders, drive, goods, machine, world

SOAK = 6
"""Seconds of one of the three loads after which memory is read."""
CONNECTIONS = 16
MILLION = 1_000_000
LONGEST = 90.0
"""Seconds after which the million is called off."""


def measure() -> str:
    """The section of the table."""
    machine.stay(machine.CLIENT_CPU)
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        folder = Path(name)
        lines = _served(folder)
        told = subprocess.run(
            [sys.executable, "-m", "bench.footprint", str(folder / "sugu.db")],
            capture_output=True,
            text=True,
            check=True,
            env=world.settings(f"sqlite:///{folder / 'sugu.db'}"),
            preexec_fn=machine.pinned(machine.SERVER_CPU),
        )
        lines += told.stdout.strip().splitlines()
    return "\n".join(["| | |", "|---|---:|", *lines])


def _served(folder: Path) -> list[str]:
    contender = contenders.sugu(folder)
    began = time.monotonic()
    server = contender.start(folder)
    try:
        where = server.port, contender.path
        asyncio.run(_first_answer(*where))
        lines = [
            f"| process start to first answer | {time.monotonic() - began:.1f} s |",
            f"| resident memory after it | {server.rss:.0f} MB |",
        ]
        turns = 0
        for _ in range(3):
            turns += drive.load(*where, "dialogue", CONNECTIONS, SOAK).count
            lines.append(
                f"| resident memory after {turns:,} turns over HTTP | {server.rss:.0f} MB |"
            )
    finally:
        server.stop()
    return lines


async def _first_answer(port: int, path: str) -> None:
    ask = next(drive.prices(range(1)))
    line = drive.Line(port, path)
    status, body = await line.post(ask.form)
    line.close()
    if status != 200 or not all(piece in body for piece in ask.needs):
        raise RuntimeError(f"the first answer was {status} {body!r}")


# --- a million sessions, in a process of their own ----------------------------------------------


async def _million(database: str) -> None:
    from service.app import create_app
    from service.settings import Settings

    settings = Settings(database_url=f"sqlite:///{database}")
    application = create_app(settings)
    dial = application.state.dial
    path = f"/hooks/loopback/{world.TOKEN}/ussd"
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []}
    async with application.router.lifespan_context(application):
        await _dials(dial, scope, 10_000, 0)
        before = _rss()
        began = time.monotonic()
        done = await _dials(dial, scope, MILLION, 10_000)
        took = time.monotonic() - began
    print(f"| {done:,} sessions in one process, without the network | {took:.0f} s |")
    print(f"| resident memory before and after them | {before:.0f} MB, {_rss():.0f} MB |")


async def _dials(dial, scope: dict, most: int, first: int) -> int:
    until = time.monotonic() + LONGEST
    body = b""

    async def receive() -> dict:
        return {"type": "http.request", "body": body}

    async def send(_message: dict) -> None: ...

    for n in range(most):
        phone = f"%2B22376{n % goods.REGULARS:06}"
        body = b"sessionId=M%d&phoneNumber=%s&text=" % (first + n, phone.encode())
        await dial.answer(scope, receive, send)
        if n % 1000 == 0:
            await asyncio.sleep(0)  # let what is written behind be written
            if time.monotonic() > until:
                return n
    return most


def _rss() -> float:
    import os

    return machine.rss_of(os.getpid())


if __name__ == "__main__":
    machine.stay(machine.SERVER_CPU)

    asyncio.run(_million(sys.argv[1]))
