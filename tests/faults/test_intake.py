"""What a carrier was told is safe is safe: killed servers, full disks, held and absent databases."""

import asyncio
import contextlib
import random
import resource
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, func, text
from sqlmodel import select

from service.clock import system
from service.db import make_engine, migrate, reading, writing
from service.people import store
from service.people.seed import seed_kita
from service.phone import Phone, Vault
from service.prices.store import bump
from service.prices.tables import ReportRow
from service.sms.lexicon import default_aliases
from service.sms.tables import Delivery, Inbox
from tests.api.test_hooks import opened
from tests.faults.ground import scale, table
from tests.faults.peers import (
    SECRET,
    TOKEN,
    Server,
    a_postgres,
    ask,
    free_port,
    percentile,
    select_nothing,
    serving,
)
from tests.town import Town

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

CLIENTS = 8
SMS = f"/hooks/loopback/{TOKEN}/sms"


def phone(number: int) -> str:
    return f"+223701{number:05}"


def form(number: int) -> dict[str, str]:
    """Every reporter has a market day of their own words."""
    words = f"KITA ARA {200 + 5 * (number % 12)}F"
    return {"id": f"mo-{number}", "from": phone(number % 400), "to": "36000", "text": words}


@dataclass
class Carriers:
    """Several at once, each repeating a message until it is acknowledged, as carriers do."""

    port: int
    acknowledged: set[int] = field(default_factory=set)
    took: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    next: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.gather(*(self._one(stop) for _ in range(CLIENTS)))

    async def _one(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.next += 1
            await self._until_taken(self.next, stop)

    async def _until_taken(self, number: int, stop: asyncio.Event) -> None:
        body = urlencode(form(number)).encode()
        while not stop.is_set():
            since = time.perf_counter()
            try:
                status, _ = await ask(self.port, "POST", SMS, body, 40)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            self.took.append(time.perf_counter() - since)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.acknowledged.add(number)
                return
            await asyncio.sleep(0.05)


@contextmanager
def knocking(port: int) -> Iterator[Carriers]:
    """Carriers in a thread of their own, for as long as the block lasts."""
    carriers, loop, stop = Carriers(port), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(carriers.run(stop)))
    thread.start()
    try:
        yield carriers
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def counts(engine: Engine) -> tuple[int, set[str], int]:
    """Rows, their keys, and how many answers they got."""
    with reading(engine) as session:
        keys = session.exec(select(Inbox.key)).all()
        answers = session.exec(
            select(func.count(Delivery.id)).where(Delivery.inbox_id.is_not(None))
        ).one()
        return len(keys), set(keys), answers


def test_a_killed_server_loses_nothing_it_acknowledged(kita_url: str, tmp_path: Path):
    """R1. The carrier repeats what was not acknowledged; the inbox has each message once."""
    port, kills, dice = free_port(), scale(2, 50 if "sqlite" in kita_url else 10), random.Random(5)
    with contextlib.ExitStack() as last, knocking(port) as carriers:
        for _ in range(kills):
            with serving(kita_url, tmp_path / "log", port=port) as server:
                select_nothing(dice.uniform(0.2, 1.2))
                server.kill()
        last.enter_context(serving(kita_url, tmp_path / "log", port=port))
        select_nothing(1)
    engine = make_engine(kita_url)
    rows, keys, answers = counts(engine)
    missing = {f"mo-{n}" for n in carriers.acknowledged} - keys
    table(
        f"R1 intake {engine.dialect.name}", kills=kills, acknowledged=len(carriers.acknowledged),
        missing=len(missing), twice=rows - len(keys), answered_twice=max(0, answers - rows),
        sound=_sound(engine),
    )  # fmt: skip
    assert missing == set()
    assert rows == len(keys)
    assert answers <= rows
    assert _sound(engine)
    engine.dispose()


def _sound(engine: Engine) -> bool:
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        return connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


# the disk


@contextmanager
def a_small_disk(place: Path, size: int) -> Iterator[bool]:
    """A disk of `size` bytes at `place`; False where we may not mount one."""
    place.mkdir()
    order = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = subprocess.run(order, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_reports_and_still_answers(kita_sqlite_url: str, tmp_path: Path):
    """R7. Where nothing may be mounted, files of the server may not grow: the same to SQLite."""
    seed = Path(kita_sqlite_url.removeprefix("sqlite:///"))
    size = seed.stat().st_size + 12 * 1024 * 1024
    with a_small_disk(tmp_path / "disk", size) as mounted:
        file = tmp_path / "disk" / "sugu.db"
        file.write_bytes(seed.read_bytes())
        url = f"sqlite:///{file}"
        with serving(url, tmp_path / "log") as server:
            server.dial("+22376000001")
            said = [server.sms(n, phone(n), "KITA ARA 225F") for n in range(20)]
            filler = _fill(tmp_path / "disk", server, mounted=mounted)
            refused, number = [], 100
            while len(refused) < 3 and number < 2000:
                number += 1
                status = server.sms(number, phone(number), "x" * 1000)
                said.append(status)
                refused += [status] if status != 200 else []
            dials = [server.dial(f"+2237600{n:04}") for n in range(20)]
            healthy = asyncio.run(ask(server.port, "GET", "/healthz"))[0]
            _empty(filler, server)
            after = [_repeated(server, 3000 + n) for n in range(10)]
        engine = make_engine(url)
        rows, _, _ = counts(engine)
        acknowledged = sum(status == 200 for status in [*said, *after])
        table(
            "R7 full disk", disk="tmpfs" if mounted else "limit", acknowledged=acknowledged,
            kept=rows, refused=sorted(set(refused)), dials_answered=sum(map(_con, dials)),
            after=sorted(set(after)), sound=_sound(engine),
        )  # fmt: skip
        assert set(refused) == {503}
        assert rows == acknowledged
        assert all(map(_con, dials))
        assert healthy == 200
        assert set(after) == {200}
        assert _sound(engine)
        engine.dispose()


TRIES = 10
"""How often a carrier comes back; real ones do so for hours."""


def _repeated(server: Server, number: int) -> int:
    """As a carrier does: again, a little later, when it was told later."""
    status = 0
    for _ in range(TRIES):
        status = server.sms(number, phone(number % 400), "KITA ARA 225F")
        if status == 200:
            break
        select_nothing(0.2)
    return status


def _con(said: bytes) -> bool:
    return said.startswith((b"CON ", b"END "))


def _fill(disk: Path, server: Server, *, mounted: bool) -> Path | None:
    if not mounted:
        largest = max(each.stat().st_size for each in disk.iterdir())
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest + 4096, hard))
        return None
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as full, contextlib.suppress(OSError):
        while True:
            full.write(b"x" * 4096)
    return filler


def _empty(filler: Path | None, server: Server) -> None:
    if filler is not None:
        filler.unlink()
        return
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


# the lock


def test_a_file_held_for_long_is_answered_later_and_loses_nothing(
    kita_sqlite_url: str, tmp_path: Path
):
    """R8. Below the busy timeout a carrier waits; above it it is told to come again."""
    held, port = scale(2, 20), free_port()
    file = kita_sqlite_url.removeprefix("sqlite:///")
    with serving(kita_sqlite_url, tmp_path / "log", port=port), knocking(port) as carriers:
        select_nothing(0.5)
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            select_nothing(held)
            other.execute("ROLLBACK")
        select_nothing(scale(2, 15))
    engine = make_engine(kita_sqlite_url)
    rows, keys, _ = counts(engine)
    missing = {f"mo-{n}" for n in carriers.acknowledged} - keys
    table(
        "R8 held file", seconds=held, statuses=dict(sorted(carriers.statuses.items())),
        acknowledged=len(carriers.acknowledged), missing=len(missing), twice=rows - len(keys),
        longest_s=round(max(carriers.took), 1),
    )  # fmt: skip
    assert missing == set()
    assert rows == len(keys)
    assert set(carriers.statuses) <= {200, 503}
    engine.dispose()


# PostgreSQL away


def _furnished(url: str) -> Engine:
    migrate(url)
    engine = make_engine(url)
    with writing(engine) as session:
        seed_kita(session, default_aliases())
        bump(session, catalog=True)
        for number in range(50):
            store.enrol_reporter(
                session, Vault(SECRET), Phone(phone(number)), system(), name="Awa", market="KITA"
            )
    return engine


def _waiting(place: Path) -> int:
    found = next(place.glob("var/spool-*.db"), None)
    if found is None:
        return 0
    with closing(sqlite3.connect(found)) as spool:
        return spool.execute("SELECT count(*) FROM waiting WHERE failed IS NULL").fetchone()[0]


def _until_drained(place: Path, seconds: float) -> float:
    since = time.perf_counter()
    while _waiting(place):
        assert time.perf_counter() - since < seconds, "the spool does not become empty"
        select_nothing(0.1)
    return time.perf_counter() - since


def test_an_hour_without_postgresql_is_made_up_in_order(tmp_path: Path):
    """R6. An outage with traffic, then a second one in which the server is killed too."""
    with a_postgres() as postgres:
        engine = _furnished(postgres.url)
        with serving(postgres.url, tmp_path / "log", cwd=tmp_path) as server:
            assert server.sms(1, phone(1), "KITA ARA 225F") == 200
            assert _con(server.dial("+22376000001"))
            engine.dispose()
            postgres.stop()
            said, took, dials, number, end = [], [], [], 1, time.perf_counter() + scale(3, 60)
            while time.perf_counter() < end:
                number += 1
                since = time.perf_counter()
                said.append(server.sms(number, phone(number % 50), f"KITA MAI {100 + number}F"))
                took.append((time.perf_counter() - since) * 1000)
                dials.append(server.dial(f"+2237600{number:04}"))
                select_nothing(0.1)
            waited = _waiting(tmp_path)
            postgres.start()
            drained = _until_drained(tmp_path, 30)
            assert server.process.poll() is None
            postgres.stop()
            again = [server.sms(5000 + n, phone(n), "KITA SOR 160F") for n in range(20)]
            server.kill()
        postgres.start()
        with serving(postgres.url, tmp_path / "log", cwd=tmp_path) as server:
            _until_drained(tmp_path, 30)
            repeat = server.sms(5000, phone(0), "KITA SOR 160F")
            with reading(engine) as session:
                keys = list(session.exec(select(Inbox.key).order_by(Inbox.id)))
                reports = session.exec(select(func.count(ReportRow.id))).one()
        expected = [f"mo-{n}" for n in (*range(1, number + 1), *range(5000, 5020))]
        table(
            "R6 outage", seconds=scale(3, 60), sent=len(said) + 20, spooled=waited,
            statuses=sorted({*said, *again, repeat}), p99_ms=round(percentile(took, 0.99)),
            dials=len(dials), dials_answered=sum(map(_con, dials)), drained_s=round(drained, 1),
            lost=len(set(expected) - set(keys)), doubled=len(keys) - len(set(keys)),
            in_order=keys == expected, reports=reports,
        )  # fmt: skip
        assert {*said, *again, repeat} == {200}
        assert keys == expected
        assert waited == len(said)
        assert all(map(_con, dials))
        engine.dispose()


# repeats


@pytest.fixture
def town(kita: Engine, kita_url: str) -> Iterator[Town]:
    yield from opened(kita, kita_url)


def test_callbacks_repeated_shuffled_and_at_once_are_each_one_message(town: Town):
    """R13. Each one to five times, in eight threads; once more a month later."""
    dice, count = random.Random(13), scale(60, 10_000 if "sqlite" in str(town.engine.url) else 2000)
    calls = [number for number in range(count) for _ in range(dice.randint(1, 5))]
    dice.shuffle(calls)
    with ThreadPoolExecutor(CLIENTS) as pool:
        said = set(pool.map(lambda number: _call(town, number), calls))
    town.clock.pass_(days=30)
    said |= {_call(town, number) for number in range(min(count, 50))}
    rows, keys, answers = counts(town.engine)
    table(
        f"R13 repeats {town.engine.dialect.name}", messages=count, calls=len(calls),
        rows=rows, twice=rows - len(keys), answered_twice=max(0, answers - rows), said=sorted(said),
    )  # fmt: skip
    assert said == {200}
    assert (rows, len(keys)) == (count, count)


def _call(town: Town, number: int) -> int:
    from service.cli import inside

    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(form(number)).encode()
    answer = asyncio.run(
        inside.call(town.app, "POST", f"/hooks/loopback/{_token()}/sms", headers, body)
    )
    return answer.status


def _token() -> str:
    from tests.town import TOKEN as THE_TOWNS

    return THE_TOWNS
