"""One engine, two databases: SQLite (WAL, FULL, one host) and PostgreSQL (many).

`writing` is the only way to change anything: one transaction, committed at the end of the block.
On SQLite it takes the write lock at once, so that a read is never turned into a failed write.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlmodel import Session, SQLModel

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.dialects import postgresql

BUSY_SECONDS = 10
"""How long a SQLite writer waits for another; above it the caller answers 503."""
POOL = 8
"""Connections kept per process; as many again are opened under pressure."""
MEMORY = ":memory:"
GLANCE = 0.001
"""Seconds between two looks of the one writer whose turn is next: a hand-over costs no more."""

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def make_engine(url: str) -> Engine:
    """An engine for a `sqlite:///` or `postgresql+psycopg://` URL, tuned for durability."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    return create_engine(
        url,
        pool_size=POOL,
        max_overflow=POOL,
        pool_pre_ping=True,
        connect_args={"connect_timeout": BUSY_SECONDS, "options": "-c timezone=utc"},
    )


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session whose changes are committed when the block ends, or all undone."""
    with Session(engine.execution_options(writes=True), expire_on_commit=False) as session:
        yield session
        session.commit()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; safe to repeat, and after a kill half-way."""
    if (database := make_url(url)).get_backend_name() == "sqlite" and database.database:
        Path(database.database).parent.mkdir(parents=True, exist_ok=True)
    from alembic import command

    command.upgrade(alembic_config(url), revision)


def head(url: str) -> str | None:
    """The revision a database should be at."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config(url)).get_current_head()


def revision(connection: Connection) -> str | None:
    """The revision this database is at."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def alembic_config(url: str) -> "Config":
    # Alembic is imported where it works: it takes 11 MB, and most processes never migrate.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_migrations()))
    config.attributes["url"] = url
    return config


def ping(engine: Engine) -> None:
    """Raise if the database does not answer."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _migrations() -> Path:
    packaged = Path(__file__).parent / "_migrations"
    return packaged if packaged.exists() else Path(__file__).parent.parent / "migrations"


def _sqlite(url: str) -> Engine:
    if (path := make_url(url).database) and path != MEMORY:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, pool_size=POOL, max_overflow=POOL, connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin(Queue(Path(path)) if path and path != MEMORY else None))
    return engine


def _prepare(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # SQLAlchemy begins; the driver must not
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # power fails in Kita: NORMAL may lose the last commits
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        raw.execute(f"PRAGMA {pragma}")


class Queue:
    """The writers of one SQLite file, in their order, over threads and processes.

    SQLite lets each of them look again after ever longer pauses: the process that writes most
    wins, and a worker beside a busy server sends nothing. Here one at a time waits for SQLite,
    looking often, and the others wait for that place. It gives an order and nothing else: what
    keeps two writers apart is SQLite's own lock, so that one who passes the queue breaks nothing.
    """

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{database}.queue")
        self._mine = threading.Lock()

    def wait(self, begin: Callable[[], bool], seconds: float) -> bool:
        """Try `begin` when the turn has come, until it succeeds; False after so many seconds."""
        until = time.perf_counter() + seconds
        if not self._mine.acquire(timeout=seconds):
            return False
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                return _glance(lambda: _locked(descriptor), until) and _glance(begin, until)
            finally:
                os.close(descriptor)
        finally:
            self._mine.release()


def _glance(done: Callable[[], bool], until: float) -> bool:
    while not done():
        if time.perf_counter() >= until:
            return False
        time.sleep(GLANCE)
    return True


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begin(queue: Queue | None) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql("BEGIN")
        elif queue is None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif not queue.wait(lambda: _begun(connection), BUSY_SECONDS):
            _now_or_never(connection)

    return begin


def _begun(connection: Connection) -> bool:
    """Take SQLite's write lock if it is free now."""
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA busy_timeout=0")
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    return True


def _now_or_never(connection: Connection) -> None:
    """The last try, whose failure is told as every failure of the database is."""
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA busy_timeout=0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def table_of(rows: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(rows.__tablename__)]


def upsert(session: Session, table: type[SQLModel] | Table) -> "postgresql.Insert":
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`, on both.

    Given the bare table (`table_of`), many rows go through one prepared statement, without the
    bookkeeping of objects.
    """
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    # The two classes offer the same methods with the same meaning.
    return sqlite.insert(table)  # type: ignore[return-value]
