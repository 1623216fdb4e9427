"""Peers that say half a request and wait: they are hung up on, and nobody else notices."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.ground import scale, table
from tests.faults.peers import TOKEN, Server, ask, percentile, serving, turn

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

PROMISED = 15.0
"""Seconds after which no such connection may be open (`reliability.md` S6)."""
HALF_A_HEAD = b"POST /hooks/loopback/x/sms HTTP/1.1\r\nHost: sugu\r\nX-Slow: "
HALF_A_BODY = (
    b"POST /hooks/loopback/%s/%s HTTP/1.1\r\nHost: sugu\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2000\r\n\r\ntext="
)
DRIP = 1.0
"""Seconds between two bytes of a slow peer: each wakes up a timer that counts silence only."""


async def slow(port: int, begin: bytes) -> float:
    """Seconds until the server hangs up on a peer that drips byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    since = time.perf_counter()
    writer.write(begin)
    ended = asyncio.create_task(reader.read())
    while not ended.done() and time.perf_counter() - since < PROMISED * 4:
        try:
            writer.write(b"x")
            await asyncio.wait([ended], timeout=DRIP)
        except OSError:
            break
    writer.transport.abort()
    ended.cancel()
    return time.perf_counter() - since


async def honest(port: int, stop: asyncio.Event) -> list[float]:
    """Milliseconds of each dial of people who know nothing of the others."""
    took, number, path = [], 0, f"/hooks/loopback/{TOKEN}/ussd"
    from urllib.parse import urlencode

    while not stop.is_set():
        number += 1
        body = urlencode(turn(f"+223760{number % 100000:05d}")).encode()
        since = time.perf_counter()
        status, said = await ask(port, "POST", path, body)
        took.append((time.perf_counter() - since) * 1000)
        assert status == 200
        assert said.startswith((b"CON ", b"END "))
        await asyncio.sleep(0.02)
    return took


async def siege(port: int, count: int) -> tuple[list[float], list[float]]:
    begins = [b"", HALF_A_HEAD, *(HALF_A_BODY % (TOKEN.encode(), k) for k in (b"sms", b"ussd"))]
    stop = asyncio.Event()
    people = asyncio.create_task(honest(port, stop))
    ended = await asyncio.gather(*(slow(port, begins[n % 4]) for n in range(count)))
    stop.set()
    return ended, await people


def test_a_thousand_half_requests_are_hung_up_on_and_dials_stay_quick(
    kita_sqlite_url: str, tmp_path: Path
):
    with serving(kita_sqlite_url, tmp_path / "log") as server:
        count = scale(200, 1000)
        ended, took = asyncio.run(siege(server.port, count))
        table(
            "S6 half-open and slow", connections=count, longest_s=round(max(ended), 1),
            dials=len(took), p50_ms=round(percentile(took, 0.5), 1),
            p99_ms=round(percentile(took, 0.99), 1), worst_ms=round(max(took), 1),
        )  # fmt: skip
        assert max(ended) < PROMISED
        assert percentile(took, 0.99) < 1000


HUGE = 100 * 1024 * 1024
RISE = 20 * 1024 * 1024
"""Bytes a process may grow by under a body of 100 MB (S7)."""


async def pour(port: int, head: bytes, piece: bytes, total: int) -> bytes:
    """Send without end until the server has had enough; the first line of what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        writer.write(head)
        for _ in range(total // len(piece)):
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), 20)
        said = await asyncio.wait_for(reader.read(200), 20)
    except OSError:
        said = said or await _left(reader)
    writer.transport.abort()
    return said.split(b"\r\n")[0]


async def _left(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(200), 5)
    except OSError:
        return b""


PIECE = b"x" * 65536
CHUNK = b"10000\r\n" + PIECE + b"\r\n"
POSTS = {
    "hook": f"/hooks/loopback/{TOKEN}/sms",
    "dial": f"/hooks/loopback/{TOKEN}/ussd",
    "api": "/api/v1/reporters",
    "nowhere": "/nowhere",
}


def heads() -> dict[str, tuple[bytes, bytes]]:
    said = {}
    for name, path in POSTS.items():
        start = f"POST {path} HTTP/1.1\r\nHost: sugu\r\nContent-Type: text/plain\r\n".encode()
        said[f"{name} 100 MB"] = start + b"Content-Length: %d\r\n\r\n" % HUGE, PIECE
        said[f"{name} chunked"] = start + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK
    start = b"GET /healthz HTTP/1.1\r\nHost: sugu\r\n"
    said["10,000 headers"] = start, b"X-A: 1\r\n" * 100
    said["one endless header"] = start + b"X-A: ", PIECE
    said["an endless path"] = b"GET /", PIECE
    return said


def test_huge_bodies_and_heads_are_cut_off_without_being_held(kita_sqlite_url: str, tmp_path: Path):
    with serving(kita_sqlite_url, tmp_path / "log") as server:
        server.dial("+22376000001")
        before, said = server.resident, {}
        for name, (head, piece) in heads().items():
            said[name] = asyncio.run(pour(server.port, head, piece, scale(HUGE // 5, HUGE)))
            assert server.process.poll() is None
        rise = server.resident - before
        table("S7 huge", rise_mb=round(rise / 1e6, 1), **{n: s.decode() for n, s in said.items()})
        assert rise < RISE
        assert _still_well(server)


def _still_well(server: Server) -> bool:
    return server.dial("+22376000002").startswith((b"CON ", b"END "))
