"""What `sugu doctor` looks at, and what `sugu bench` runs."""

import csv
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from service.api.spool import PLACE
from service.cli import copies
from service.db import head, is_sqlite, make_engine, ping, reading, revision
from service.people.seed import SEED
from service.prices.backtest import TwoMarkets
from service.prices.backtest import advice_table as table_of
from service.prices.season import History, month_index
from service.prices.shelf import references
from service.prices.trip import RouteCost
from service.prices.waiting import StorageCost
from service.settings import Settings, WeakSecret
from service.sms.tables import JobRun

LEAST_DISK = 500 * 1024 * 1024
"""Bytes below which a database soon stops taking reports."""
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock is right before this version was made."""
ADVICE_SEED = 7
COST_A_MONTH = 0.015
"""Share of the price that keeping costs in a month, in the back-test; staff's figures differ."""
FIRST_DECISION = date(2011, 12, 31)
"""Decisions start once five seasons can be known."""
TRIP = RouteCost("FAR", 15, 6000, date(2026, 1, 1), load_kg=500)
GAPS = (32, 157)
"""Assumed gaps to the far market, F/kg: Kayes over Kita, cereals and groundnut (medians)."""
LATE = timedelta(minutes=2)
"""A worker that has not ticked for longer stands still."""


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    ok: bool
    detail: str


def examine(said: Settings, now: datetime) -> list[Finding]:
    """Every check that sends nothing."""
    engine = make_engine(said.database_url)
    found = [_secret(said), _tokens(said), _clock(now), _disk(said)]
    found += [
        _guarded("database", engine, _reached),
        _guarded("migrations", engine, _at_head(said)),
    ]
    if not is_sqlite(engine):
        found += [_guarded("backup", engine, _can_dump), _spool()]
    found += [_guarded("worker", engine, lambda e: _worker(e, now)), _sender(said)]
    engine.dispose()
    return found


def advice_table(said: Settings) -> str:
    """The walk-forward back-test on the imported survey prices, or on those that ship with Sugu."""
    series = _imported(said) or _shipped()
    dice = Random(ADVICE_SEED)  # noqa: S311 (a simulation, not a secret)
    costs = {name: StorageCost(COST_A_MONTH, 0.0) for name in series}
    pairs = [(name, TwoMarkets("far market", gap, TRIP, 500)) for name in series for gap in GAPS]
    return table_of(series, costs, FIRST_DECISION, pairs, lambda: dice.gauss(0, 1))


def _imported(said: Settings) -> dict[str, History]:
    engine = make_engine(said.database_url)
    try:
        with reading(engine) as session:
            found = references(session)
    except SQLAlchemyError:  # no database yet: the shipped series will do
        return {}
    finally:
        engine.dispose()
    return {  # here the price of the day is of the survey too, and may be called high
        f"{product} {market}": replace(history, same_series=True)
        for (product, market), history in found.items()
    }


def _shipped() -> dict[str, History]:
    histories: dict[str, dict[int, float]] = defaultdict(dict)
    for row in csv.DictReader((SEED / "kita_prices.csv").read_text("utf-8").splitlines()):
        month = month_index(date.fromisoformat(f"{row['month']}-01"))
        histories[row["value_chain"]][month] = float(row["price_xof_per_kg"])
    return {name: History(prices, "Kita survey") for name, prices in histories.items()}


def run_bench(parts: Sequence[str]) -> int:
    """Run the speed suite of the checkout, or these parts of it."""
    suite = Path(__file__).parent.parent.parent / "bench" / "__main__.py"
    if not suite.exists():
        sys.stderr.write("The speed suite is in the source tree only: clone it and `make bench`.\n")
        return 1
    return subprocess.run(  # noqa: S603 (our own suite, and who types its parts may run anything)
        [sys.executable, "-m", "bench", *parts], cwd=suite.parent.parent, check=False
    ).returncode


def _guarded(name: str, engine: Engine, check: Callable[[Engine], str]) -> Finding:
    try:
        return Finding(name, True, check(engine))
    except (SQLAlchemyError, OSError, RuntimeError) as error:
        return Finding(name, False, str(error).splitlines()[0])


def _secret(said: Settings) -> Finding:
    try:
        said.require_secret()
    except WeakSecret as weak:
        return Finding("secret key", False, str(weak))
    return Finding("secret key", True, "strong enough")


def _tokens(said: Settings) -> Finding:
    weak = said.weak_tokens()
    return Finding("hook tokens", not weak, f"too short: {', '.join(weak)}" if weak else "fine")


def _clock(now: datetime) -> Finding:
    return Finding("clock", now > BUILT, f"{now:%Y-%m-%d %H:%M} UTC")


def _disk(said: Settings) -> Finding:
    url = make_url(said.database_url)
    place = Path(url.database or ".") if url.get_backend_name() == "sqlite" else Path()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Finding("disk", free > LEAST_DISK, f"{free // 1024 // 1024} MB free")


def _reached(engine: Engine) -> str:
    ping(engine)
    return engine.dialect.name


def _at_head(said: Settings) -> Callable[[Engine], str]:
    def check(engine: Engine) -> str:
        wanted = head(said.database_url)
        with engine.connect() as connection:
            current = revision(connection)
        if current != wanted:
            raise RuntimeError(f"at {current}, should be {wanted}: run `sugu migrate`")
        return f"at {current}"

    return check


def _can_dump(engine: Engine) -> str:
    """`pg_dump` refuses a server newer than itself: better known before the first backup."""
    here = copies.pg_dump_version()
    with engine.connect() as connection:
        server = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
    if here is None:
        raise RuntimeError("pg_dump is not installed here (Debian: postgresql-client)")
    if here < server:
        raise RuntimeError(
            f"pg_dump {here} cannot copy PostgreSQL {server}: install version {server}"
        )
    return f"pg_dump {here} for PostgreSQL {server}"


def _spool() -> Finding:
    """Where messages are kept while PostgreSQL is away."""
    place = PLACE.absolute()
    while not place.exists():
        place = place.parent
    fine = place.is_dir() and os.access(place, os.W_OK)
    return Finding("spool", fine, f"{PLACE.absolute()}" if fine else f"{place} cannot be written")


def _worker(engine: Engine, now: datetime) -> str:
    with reading(engine) as session:
        last = session.exec(select(JobRun.finished_at)).all()
    newest = max((each for each in last if each), default=None)
    if newest is None or now - newest > LATE:
        raise RuntimeError("no worker has ticked lately: is `sugu serve` or `sugu worker` running?")
    return f"ticked {(now - newest).seconds} s ago"


def _sender(said: Settings) -> Finding:
    if said.gateway == "loopback" and not said.demo:
        return Finding("gateway", False, "loopback sends nowhere: set SUGU_GATEWAY")
    return Finding("gateway", True, said.gateway)
