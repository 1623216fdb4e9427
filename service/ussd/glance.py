"""A plain farmer's row, read where the answer is made.

On SQLite the row of a caller takes some ten microseconds to read; handing the question to a
thread and back takes ten times that. So it is asked on the spot, by a connection that waits for
nobody. Whatever needs more than the one row, or is not to be had at once, is left to the thread.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine
from sqlalchemy.dialects import sqlite

from service.db import is_sqlite
from service.ussd.store import NEWEST, WHO, Caller, Kept, farmer, opening_of


class Glance:
    """Reads callers of one database file; every answer is None on any other database.

    Belongs to the thread that first asks.
    """

    def __init__(self, engine: Engine) -> None:
        file = engine.url.database if is_sqlite(engine) else None
        self._file = None if file in (None, "", ":memory:") else file
        self._connection: sqlite3.Connection | None = None

    def caller(self, lookups: Sequence[bytes]) -> Caller | None:
        """Who has the first of these hashes that is known; None when it takes a closer look."""
        if self._file is None:
            return None
        try:
            rows = (self._row(each) for each in lookups)
            found = next((row for row in rows if row is not None), None)
        except sqlite3.Error:
            self.close()  # perhaps only busy, perhaps another file by now: opened anew next time
            return None
        if found is None:
            return Caller()
        return None if found["its_id"] is not None or found["warned"] else _plain(found)

    def newest(self, contact_id: int | None) -> Kept | None:
        """Their newest session, of whichever process; None when it takes a closer look."""
        if self._connection is None:
            return None
        try:
            rows = self._connection.execute(_NEWEST, {"contact": contact_id}).fetchall()
        except sqlite3.Error:
            self.close()
            return None
        return _kept(rows[0]) if rows else None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _row(self, lookup: bytes) -> sqlite3.Row | None:
        if self._connection is None:
            self._connection = _opened(str(self._file))
        # All rows, so that the statement is over and holds no snapshot of the file.
        rows = self._connection.execute(_QUESTION, {"lookup": lookup}).fetchall()
        return rows[0] if rows else None


def _opened(file: str) -> sqlite3.Connection:
    there = f"file:{quote(file)}?mode=rw"  # never made, if it is not
    connection = sqlite3.connect(there, uri=True, timeout=0, isolation_level=None)
    connection.execute("PRAGMA query_only=ON")
    connection.row_factory = sqlite3.Row
    return connection


def _plain(found: Any) -> Caller:
    dialled = found["dialled_at"]
    return Caller(found["id"], farmer(found), _instant(dialled) if dialled else None)


def _kept(found: Any) -> Kept:
    opening = opening_of(json.loads(found["opening"]))
    ended, seen_at = bool(found["ended"]), _instant(found["seen_at"])
    return Kept(found["contact_id"], opening, found["text"], found["answer"], ended, seen_at)


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=UTC)


_QUESTION, _NEWEST = (
    str(each.compile(dialect=sqlite.dialect(paramstyle="named"))) for each in (WHO, NEWEST)
)
