"""What carriers brought while PostgreSQL was away: kept here, on this host, until it is back.

A carrier may not try again, so that its message is acknowledged as soon as it is safe: written to
a SQLite file of its own and on the disk (`synchronous=FULL`). While anything waits, whatever comes
after it waits too: a correction must not overtake what it corrects. Everything in it is sealed.
"""

import fcntl
import json
import os
import sqlite3
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.phone import Vault
from service.sms.gateway import Kind, RawRequest

GONE = (OperationalError, InterfaceError, PoolTimeout)
"""The database is away, busy or restarting; anything else would fail again tomorrow."""
PLACE = Path("var")
"""Where the file lies, from the directory the service runs in (`/data` in the image)."""
PATIENCE = 5.0
"""Seconds to wait for another process of this host that writes to the file."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, gateway TEXT "
    "NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, sealed BLOB NOT NULL, failed TEXT)"
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request of a carrier, with the time it came."""

    gateway: str
    kind: Kind
    raw: RawRequest
    at: datetime


TakeIn = Callable[[Waiting], None]


class Spool:
    """The requests that wait. Safe for any number of threads and processes of one host."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path = path
        self._vault = vault
        self._lock = threading.Lock()
        self._live: sqlite3.Connection | None = None

    def put(self, each: Waiting) -> None:
        """On the disk when this returns. Raise `sqlite3.Error` when it cannot be."""
        sealed = self._vault.seal_bytes(_written(each.raw))
        row = (each.gateway, each.kind.value, each.at.isoformat(), sealed)
        with self._lock:
            self._open().execute(
                "INSERT INTO waiting (gateway, kind, at, sealed) VALUES (?, ?, ?, ?)", row
            )
        log.warning("spooled", gateway=each.gateway, kind=each.kind.value)

    def count(self) -> int:
        """How many requests wait."""
        if not self._path.exists():
            return 0
        with self._lock:
            found = self._open().execute("SELECT count(*) FROM waiting WHERE failed IS NULL")
            return int(found.fetchone()[0])

    def waits(self) -> bool:
        """Whether anything waits: then what comes now must wait behind it."""
        return self.count() > 0

    def drain(self, take_in: TakeIn) -> int:
        """Take in what waits, in order, until the database is gone again; how many it was.

        A request goes only after its transaction; taken in twice, it is the repeat that the
        inbox knows anyway. One that cannot be taken in at all is put aside and said.
        """
        done = 0
        with self._alone() as alone:
            while alone and (row := self._first()) is not None:
                try:
                    self._take(row, take_in)
                except GONE:
                    break
                done += 1
        if done:
            log.info("spool_drained", requests=done)
        return done

    def rekey(self) -> int:
        """Seal what waits with the current key; how many requests."""
        if not self._path.exists():
            return 0
        with self._lock:
            rows = self._open().execute("SELECT id, sealed FROM waiting").fetchall()
            for number, sealed in rows:
                anew = self._vault.seal_bytes(self._vault.open_bytes(sealed))
                self._open().execute("UPDATE waiting SET sealed = ? WHERE id = ?", (anew, number))
        return len(rows)

    def close(self) -> None:
        with self._lock:
            if self._live is not None:
                self._live.close()
                self._live = None

    def _take(self, row: tuple[int, str, str, str, bytes], take_in: TakeIn) -> None:
        number, gateway, kind, at, sealed = row
        try:
            raw = _read(self._vault.open_bytes(sealed))
            take_in(Waiting(gateway, Kind(kind), raw, datetime.fromisoformat(at)))
        except GONE:
            raise
        except Exception as error:  # a poison request must not hold up those behind it
            log.exception("spool_stuck", number=number)
            self._write("UPDATE waiting SET failed = ? WHERE id = ?", type(error).__name__, number)
        else:
            self._write("DELETE FROM waiting WHERE id = ?", number)

    def _first(self) -> tuple[int, str, str, str, bytes] | None:
        with self._lock:
            found: tuple[int, str, str, str, bytes] | None = (
                self._open()
                .execute(
                    "SELECT id, gateway, kind, at, sealed FROM waiting "
                    "WHERE failed IS NULL ORDER BY id LIMIT 1"
                )
                .fetchone()
            )
            return found

    def _write(self, statement: str, *values: object) -> None:
        with self._lock:
            self._open().execute(statement, values)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Only one process of a host drains: two would not keep the order."""
        with self._path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _open(self) -> sqlite3.Connection:
        if self._live is None:
            _make(self._path)
            live = sqlite3.connect(
                self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
            live.execute("PRAGMA journal_mode=WAL")
            live.execute("PRAGMA synchronous=FULL")
            live.execute(_TABLE)
            self._live = live
        return self._live


def _make(path: Path) -> None:
    """An empty file that nobody else reads."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise sqlite3.OperationalError(f"no place for the spool: {error.strerror}") from error


def spool_of(url: str, vault: Vault) -> Spool | None:
    """The spool beside a PostgreSQL; a SQLite file is on the same disk as one would be."""
    if make_url(url).get_backend_name() == "sqlite":
        return None
    return Spool((PLACE / f"spool-{sha256(url.encode()).hexdigest()[:12]}.db").absolute(), vault)


def _written(raw: RawRequest) -> bytes:
    said = {
        "method": raw.method,
        "path": raw.path,
        "query": raw.query,
        "headers": dict(raw.headers),
        "body": b64encode(raw.body).decode(),
    }
    return json.dumps(said).encode()


def _read(written: bytes) -> RawRequest:
    said = json.loads(written)
    return RawRequest(
        said["method"], said["path"], said["query"], said["headers"], b64decode(said["body"])
    )
