"""The clients: one that checks every answer, one that only counts (wrk, where it is installed).

Both keep their connections alive, as carriers do. The checking client speaks HTTP/1.1 over raw
sockets, so that it costs little beside the server it measures.
"""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from bench import goods
from bench.machine import CLIENT_CPU, pinned

HUNG = 10.0
"""Seconds after which an answer is no longer waited for: carriers have given up."""
LUA = Path(__file__).parent / "load.lua"
SESSIONS = count(1)
TURNS = 4
"""Of a dialogue."""
BATCH = 256
"""Dialogues that `load.lua` holds at once."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement. Latencies in milliseconds; `cpu` the server's microseconds a turn."""

    rate: float
    p50: float
    p99: float
    errors: int = 0
    count: int = 0
    cpu: float = 0.0


@dataclass(slots=True)
class Checked:
    """What a checking run saw: answers as they should be, another's or wrong ones, none at all."""

    right: int = 0
    wrong: int = 0
    hung: int = 0
    seconds: float = 0.0
    millis: list[float] = field(default_factory=list)
    example: str = ""

    @property
    def faults(self) -> int:
        return self.wrong + self.hung

    def speed(self) -> Speed:
        return Speed(
            self.right / self.seconds if self.seconds else 0.0,
            percentile(self.millis, 50),
            percentile(self.millis, 99),
            self.faults,
            self.right + self.wrong,
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """One turn and the pieces its answer must hold."""

    form: dict[str, str]
    needs: tuple[str, ...]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] if ordered else 0.0


# --- what is asked ------------------------------------------------------------------------------


def _form(session: str, phone: str, text: str) -> dict[str, str]:
    return {
        "sessionId": session,
        "serviceCode": goods.CODE,
        "phoneNumber": phone,
        "networkCode": "60802",
        "text": text,
    }


def _says(product: int, market: int, language: str) -> tuple[str, ...]:
    """Name, market and value: together they are this caller's and nobody else's."""
    worth = goods.value(product, market)
    return goods.name(product, language), goods.MARKETS[market][1], f"{worth} F/kg"


def prices(mine: range) -> Iterator[Ask]:
    """Dials with no key pressed, by regulars."""
    for turn in count():
        who = goods.caller(mine[turn % len(mine)])
        needs = ("CON ", *_says(who.product, who.market, who.language))
        yield Ask(_form(f"P{next(SESSIONS)}", who.phone, ""), needs)


def dialogues(_mine: range) -> Iterator[Ask]:
    """Home, list, price at the usual market, price at another: four turns of one session, each
    session by somebody who has not dialled yet, or, when everybody has, by who did so first."""
    while True:
        before = FRESH.rounds
        n = FRESH.take(1)
        seen = (n * 7 + 3) % 20, (n * 13 + 5) % 30
        who = goods.caller(n)
        if before:
            who = replace(who, product=seen[0], market=seen[1])
        if n in BROKEN_OFF:
            continue  # by the end of an earlier measurement: nobody here knows where
        BROKEN_OFF.add(n)
        yield from _dialogue(n, who, *seen)
        BROKEN_OFF.discard(n)


def _dialogue(n: int, who: goods.Caller, product: int, market: int) -> Iterator[Ask]:
    session, path = f"D{n}-{next(SESSIONS)}", f"1*{goods.key(product + 1)}"
    home = _says(who.product, who.market, who.language)
    yield Ask(_form(session, who.phone, ""), ("CON ", *home))
    yield Ask(_form(session, who.phone, "1"), ("CON ", f"1 {goods.name(0, who.language)}"))
    needs = ("CON ", *_says(product, who.market, who.language))
    yield Ask(_form(session, who.phone, path), needs)
    needs = ("CON ", *_says(product, market, who.language))
    yield Ask(_form(session, who.phone, f"{path}*{goods.key(market + 1)}"), needs)


class Fresh:
    """Who has not dialled yet. Everybody has in the end; then it begins again."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, many: int) -> int:
        """The first of so many callers, who are then used up."""
        first = self._next
        self._next += many
        return goods.REGULARS + first % (goods.CALLERS - goods.REGULARS)

    @property
    def rounds(self) -> int:
        """How often the next one has dialled before."""
        return self._next // (goods.CALLERS - goods.REGULARS)


FRESH = Fresh()
BROKEN_OFF: set[int] = set()
"""Who is in the middle of a dialogue, or was when the time was up."""
Scenario = Callable[[range], Iterator[Ask]]
SCENARIOS: dict[str, Scenario] = {"price": prices, "dialogue": dialogues}


# --- the checking client ------------------------------------------------------------------------


class Line:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, form: dict[str, str]) -> tuple[int, str]:
        """Status and body. Raise `TimeoutError` when nothing comes, `OSError` when it breaks."""
        async with asyncio.timeout(HUNG):
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._writer.write(request(self._path, form))
            return await self._answer()

    async def _answer(self) -> tuple[int, str]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        length, closes = _told(head)
        body = await self._reader.readexactly(length)
        if closes:
            self.close()
        return int(head[9:12]), body.decode()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def request(path: str, form: dict[str, str]) -> bytes:
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _told(head: bytes) -> tuple[int, bool]:
    length, closes = 0, False
    for line in head.lower().split(b"\r\n")[1:]:
        name, _, said = line.partition(b":")
        if name == b"content-length":
            length = int(said)
        closes = closes or (name == b"connection" and said.strip() == b"close")
    return length, closes


async def check(
    port: int, path: str, scenario: str, connections: int, seconds: float, pause: float = 0.0
) -> Checked:
    """Ask on so many connections at once, and hold every answer against what it must hold."""
    seen, until = Checked(), time.monotonic() + seconds
    share = goods.REGULARS // connections
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for at in range(connections):
            asks = SCENARIOS[scenario](range(at * share, (at + 1) * share))
            first = began + pause * at / connections
            group.create_task(_hold(Line(port, path), asks, until, Pace(first, pause), seen))
    seen.seconds = time.monotonic() - began
    return seen


@dataclass(slots=True)
class Pace:
    """When the next turn leaves, by the clock: one that was late does not put off the others."""

    due: float
    pause: float

    async def keep(self) -> None:
        if self.pause:
            await asyncio.sleep(max(0.0, self.due - time.monotonic()))
            self.due += self.pause


async def _hold(line: Line, asks: Iterator[Ask], until: float, pace: Pace, seen: Checked) -> None:
    for ask in asks:
        await pace.keep()
        if time.monotonic() >= until:
            break
        began = time.perf_counter()
        try:
            status, body = await line.post(ask.form)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            seen.hung += 1
            line.close()
            continue
        seen.millis.append((time.perf_counter() - began) * 1000)
        if status == 200 and all(piece in body for piece in ask.needs):
            seen.right += 1
        else:
            seen.wrong += 1
            seen.example = seen.example or f"{status} {body!r}, wanted {ask.needs}"
    line.close()


# --- the counting client ------------------------------------------------------------------------


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def load(
    port: int, path: str, scenario: str, connections: int, seconds: float, *, sticky: bool = False
) -> Speed:
    """As many turns as the connections carry, closed loop, for so many seconds. `sticky` keeps a
    session on one connection, and so on one server behind a proxy."""
    if not has_wrk():
        return asyncio.run(check(port, path, scenario, connections, seconds)).speed()
    prefix, first = str(next(SESSIONS)), FRESH.take(0)
    threads = str(connections if sticky else 1)
    command = [
        *("wrk", "--threads", threads, "--connections", str(connections)),
        *("--duration", f"{max(1, round(seconds))}s", "--timeout", f"{HUNG:.0f}s"),
        *(
            "--script",
            str(LUA),
            f"http://127.0.0.1:{port}{path}",
            "--",
            scenario,
            prefix,
            str(first),
            threads,
        ),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=pinned(CLIENT_CPU)
    )
    told = json.loads(done.stdout.rpartition("JSON ")[2])
    turns = int(told["requests"])
    if scenario == "dialogue":
        FRESH.take(turns // TURNS + BATCH * int(threads))
    return Speed(turns / told["seconds"], told["p50"], told["p99"], int(told["errors"]), turns)
