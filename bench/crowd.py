"""A broadcast to very many, sent by a real worker: `python -m bench.crowd [people] [few]`.

The worker speaks Africa's Talking's forms to a carrier of ours on this machine, twenty people to a
request, no pace asked for. What counts is its memory: at 500,000 people its peak may be at most
1.3 times that of 3,000. Nobody may be written to twice, nobody left out. Takes many minutes.
"""

import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from sqlalchemy import Engine, insert
from sqlmodel import col, func, select

from bench import fanout, machine, world
from service.db import make_engine, migrate, table_of, writing
from service.people.tables import Contact, Subscriber, Village
from service.phone import Phone, Vault
from service.sms import broadcasts
from service.sms.tables import Delivery

PEOPLE, FEW = 500_000, 3_000
GROWTH = 1.3
"""The bar: peak memory for all against peak memory for few."""
LOOK = 5.0
"""Seconds between two lines of progress."""
STILL = 120.0
"""Seconds without a message after which something is wrong."""


@dataclass(slots=True)
class Carrier:
    """Takes everything, remembers how often each number was written to."""

    times: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    port: int = 0

    async def serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                answer = self._answer(body.decode()) if head.startswith(b"POST") else b"{}"
                writer.write(
                    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                    + f"Content-Length: {len(answer)}\r\n\r\n".encode()
                    + answer
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, body: str) -> bytes:
        numbers = parse_qs(body).get("to", [""])[0].split(",")
        self.requests += 1
        people = []
        for at, number in enumerate(numbers):
            self.times[number] = self.times.get(number, 0) + 1
            people.append(
                {
                    "statusCode": 101,
                    "number": number,
                    "status": "Success",
                    "cost": "XOF 0",
                    "messageId": f"ATXid_{self.requests}_{at}",
                }
            )
        said = f"Sent to {len(people)}/{len(people)}"
        return json.dumps({"SMSMessageData": {"Message": said, "Recipients": people}}).encode()


@dataclass(frozen=True, slots=True)
class Sent:
    """What one crowd came to. `peak` is the worker's resident memory at its highest, in MB."""

    people: int
    seconds: float
    peak: float
    requests: int
    twice: int
    states: Mapping[str, int]


def measure(people: int = PEOPLE, few: int = FEW) -> str:
    """The section of the table."""
    small, large = send(few), send(people)
    growth = large.peak / small.peak
    rows = [
        f"| {each.people:,} | {each.requests:,} | {each.people / each.seconds:,.0f} |"
        f" {each.peak:.0f} | {each.twice} | {dict(each.states)} |"
        for each in (small, large)
    ]
    return "\n".join(
        [
            "One worker process, a carrier on the same machine, twenty people to a request, no pace"
            f" asked for. Peak memory grows to {growth:.2f} of that of the few (bar: {GROWTH}).",
            "",
            "| people | requests | a second | worker's peak MB | written to twice | in the end |",
            "|---:|---:|---:|---:|---:|---|",
            *rows,
        ]
    )


def send(people: int) -> Sent:
    carrier = Carrier()
    threading.Thread(target=lambda: asyncio.run(carrier.serve()), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        url = f"sqlite:///{Path(name) / 'crowd.db'}"
        migrate(url)
        engine = make_engine(url)
        populate(engine, people)
        _submit(engine)
        worker = machine.start(
            [sys.executable, "-m", "service", "worker"],
            _environment(url, carrier.port),
            Path(name) / "worker.log",
            0,
            wait=False,
        )
        began = time.monotonic()
        try:
            peak = _watch(carrier, people, worker.process.pid)
            seconds = time.monotonic() - began
        finally:
            worker.stop()
        with writing(engine) as session:
            states = select(Delivery.state, func.count()).group_by(col(Delivery.state))
            found = dict(session.exec(states).all())
        engine.dispose()
    twice = sum(times - 1 for times in carrier.times.values())
    return Sent(people, seconds, peak, carrier.requests, twice, found)


def populate(engine: Engine, people: int) -> None:
    """People who agreed, each with a number of their own."""
    vault, at = Vault(world.SECRET), datetime.now(UTC)
    with writing(engine) as session:
        session.add(Village(code="V", name="V", commune="C"))
        session.flush()
        for first in range(1, people + 1, fanout.BATCHES * 50):
            numbers = range(first, min(first + fanout.BATCHES * 50, people + 1))
            phones = {n: Phone(f"+2237{n:07}") for n in numbers}
            contacts = [
                {
                    "id": n,
                    "lookup": vault.lookup(phone),
                    "sealed": vault.seal(phone),
                    "prefix": phone.prefix,
                    "created_at": at,
                }
                for n, phone in phones.items()
            ]
            farmers = [
                {
                    "contact_id": n,
                    "language": "fr" if n % 2 else "bm",
                    "village": "V",
                    "role": "farmer",
                    "consented": True,
                    "created_at": at,
                    "demo": False,
                    "version": 1,
                }
                for n in numbers
            ]
            session.connection().execute(insert(table_of(Contact)), contacts)
            session.connection().execute(insert(table_of(Subscriber)), farmers)


def _submit(engine: Engine) -> None:
    now = datetime.now(UTC)
    with writing(engine) as session:
        made = broadcasts.create(
            session,
            name="bench",
            body={"fr": "Reunion samedi a Kita", "bm": "Jama lajɛ sibiri don Kita"},
            whom={"villages": ["*"]},
            when={"once": (now + timedelta(seconds=1)).isoformat()},
            actor="bench",
            now=now,
            press=fanout.PRESS,
        )
        step = broadcasts.submit(session, made.id or 0, "bench", now, fanout.PRESS)  # type: ignore[union-attr]
        assert isinstance(step, broadcasts.Step), step


def _watch(carrier: Carrier, people: int, pid: int) -> float:
    """Until everybody was written to; the worker's peak in MB."""
    pause = LOOK if people > FEW else 0.2
    before, quiet = 0, 0.0
    while len(carrier.times) < people and quiet < STILL:
        time.sleep(pause)
        sent = len(carrier.times)
        quiet = 0.0 if sent > before else quiet + pause
        print(f"{sent:>9,} of {people:,}  {_peak(pid):.0f} MB", file=sys.stderr, flush=True)
        before = sent
    return _peak(pid)


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(each for each in status if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(said) for name, _, said in lines if name == b"content-length"), 0)


def _environment(url: str, port: int) -> dict[str, str]:
    caps = ("RUN", "DAY", "MONTH")
    return {
        **os.environ,
        **world.settings(url),
        **{f"SUGU_CAP_SEGMENTS_{cap}": "1000000000" for cap in caps},
        "SUGU_GATEWAY": "africastalking",
        "SUGU_AFRICASTALKING__BASE_URL": f"http://127.0.0.1:{port}",
        "SUGU_AFRICASTALKING__API_KEY": "bench",
        "SUGU_SEND_RATE": "1000000",
        "NO_PROXY": "*",
    }


if __name__ == "__main__":
    print(measure(*(int(each) for each in sys.argv[1:])))
