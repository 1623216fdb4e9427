"""Copies of the database: taken while it serves, and put back without sending anything twice."""

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, update
from sqlalchemy.engine import make_url
from sqlmodel import Session, col

from service.sms.outbox import sweep
from service.sms.tables import Broadcast


def backup(url: str, file: Path) -> None:
    """A consistent copy. Raises ValueError when the copy cannot be made or does not check out."""
    where = make_url(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    if where.get_backend_name() == "sqlite":
        _copy_sqlite(Path(where.database or ""), file)
    else:
        _dump_postgresql(where, file)


def restore(url: str, file: Path) -> None:
    """Put a copy in the place of the database; the old SQLite file is kept beside it."""
    if not file.exists():
        raise ValueError(f"{file} does not exist")
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        _put_sqlite(file, Path(where.database or ""))
    else:
        _run(
            where, "pg_restore", "--clean", "--if-exists", "--no-owner",
            f"--dbname={_plain(where)}", file,
        )  # fmt: skip


def still(session: Session, now: datetime) -> int:
    """Nothing the copy holds may leave again, and no plan of the past fires by itself.
    Returns how many messages were stilled."""
    stilled = sum(sweep.disarm(session, now).values())
    session.execute(update(Broadcast).where(col(Broadcast.next_due) <= now).values(state="paused"))
    return stilled


def _copy_sqlite(source: Path, file: Path) -> None:
    if not source.exists():
        raise ValueError(f"{source} does not exist")
    file.unlink(missing_ok=True)
    file.touch(0o600)  # it holds what the database holds: nobody else reads it, at no time
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
    _check_sqlite(file)


def _dump_postgresql(where: URL, file: Path) -> None:
    """Into a file beside, so that a copy that fails never stands in the place of a good one."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(0o600)  # as for SQLite: nobody else reads it, at no time
    try:
        _run(where, "pg_dump", "--format=custom", f"--file={part}", _plain(where))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _put_sqlite(file: Path, target: Path) -> None:
    if file.resolve() == target.resolve():
        raise ValueError(f"{file} is the database itself")
    _check_sqlite(file)
    before = target.with_suffix(".before-restore")
    for part in ("", "-wal", "-shm"):  # the newest reports may still stand in the log alone
        Path(f"{before}{part}").unlink(missing_ok=True)
        if (old := Path(f"{target}{part}")).exists():
            shutil.move(old, f"{before}{part}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{file} is not a database: {error}") from error
    if verdict != "ok":
        raise ValueError(f"{file} is damaged: {verdict}")


def _plain(where: URL) -> str:
    """The URL without its password: a command line is everybody's to read on a machine."""
    bare = URL.create(
        "postgresql", where.username, None, where.host, where.port, where.database, where.query
    )
    return bare.render_as_string(hide_password=False)


def _environment(where: URL) -> dict[str, str]:
    said = dict(os.environ)
    return said | {"PGPASSWORD": str(where.password)} if where.password else said


def pg_dump_version() -> int | None:
    """The major version of `pg_dump` here; None when it is not installed."""
    if shutil.which("pg_dump") is None:
        return None
    done = subprocess.run(
        ["pg_dump", "--version"],  # noqa: S607 (the technician's own, wherever it lies)
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"(\d+)", done.stdout)
    return int(found[1]) if found else None


def _run(where: URL, program: str, *arguments: object) -> None:
    """PostgreSQL's own tools; the URL stays out of what is printed."""
    if shutil.which(program) is None:
        raise ValueError(f"{program} is not installed here (Debian: postgresql-client)")
    done = subprocess.run(  # noqa: S603 (a fixed program; the arguments are the settings')
        [program, *map(str, arguments)], capture_output=True, text=True, env=_environment(where),
        check=False,
    )  # fmt: skip
    if done.returncode:
        said = "; ".join(done.stderr.strip().splitlines()[-2:])
        raise ValueError(f"{program} failed: {said or done.returncode}")
