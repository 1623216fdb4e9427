"""`backup`, `restore`, `audit`, `subject`, `rekey`: keeping the service sound."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from service import clock
from service.audit import first_broken, record
from service.cli import checks, copies
from service.cli.said import Failure, app, command, database, phone, settings, vault
from service.db import migrate, reading, writing
from service.people import rights
from service.worker.locks import Busy, hold

audit = typer.Typer(help="The audit trail.", no_args_is_help=True)
subject = typer.Typer(help="What a person may ask of their data.", no_args_is_help=True)
app.add_typer(audit, name="audit")
app.add_typer(subject, name="subject")
ACTOR = "command line"


@command(app)
def backup(file: Path) -> None:
    """Copy the database while it serves; on PostgreSQL with pg_dump."""
    said = settings()
    copies.backup(said.database_url, file)
    typer.echo(f"{file}: {file.stat().st_size} bytes")


@command(app)
def restore(file: Path) -> None:
    """Put a backup in place; nothing that was queued in it is ever sent again."""
    said = settings()
    now = clock.system()
    with _alone(said.database_url):
        copies.restore(said.database_url, file)
        migrate(said.database_url)  # the copy may be older than this version
        with writing(database(said)) as session:
            stilled = copies.still(session, now)
            record(session, now, ACTOR, "restore", "database", after={"stilled": stilled})
    typer.echo(f"Restored; {stilled} messages that were on their way will not be sent again.")


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Nobody serves or sends from this SQLite file meanwhile; PostgreSQL says no by itself."""
    with ExitStack() as held:
        for role in ("serve", "worker"):
            lock = hold(url, role)
            if isinstance(lock, Busy):
                raise Failure("The database is in use: stop the server and the worker first")
            held.callback(lock.release)
        yield


@command(audit)
def verify() -> None:
    """Check that no entry was changed, removed or slipped in."""
    with reading(database(settings())) as session:
        broken = first_broken(session)
    if broken is not None:
        raise Failure(f"The trail is broken at entry {broken}.")
    typer.echo("The audit trail is whole.")


@command(subject)
def export(number: str) -> None:
    """Everything kept about one phone, as JSON."""
    said = settings()
    with reading(database(said)) as session:
        typer.echo(rights.export(session, vault(said), phone(number)))


@command(subject)
def erase(number: str) -> None:
    """Forget one phone everywhere; prices stay, without their reporter's name or number."""
    said = settings()
    now = clock.system()
    with writing(database(said)) as session:
        found = rights.erase(session, vault(said), phone(number), now)
        if found:
            record(session, now, ACTOR, "subject.erase", "contact/erased")
    typer.echo("Erased." if found else "Nothing is kept about this number.")


@command(app)
def rekey() -> None:
    """Seal every phone number with the current secret key (the old in SUGU_SECRET_KEYS_OLD)."""
    said = settings()
    with writing(database(said)) as session:
        count = rights.rekey(session, vault(said))
    typer.echo(f"{count} numbers sealed anew; the old key may now be dropped.")


@command(app)
def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(help="advice, or parts of the speed suite, or nothing")
    ] = None,
) -> None:
    """How right the advice was (advice), or how fast this machine is (docs/scaling.md)."""
    if parts == ["advice"]:
        typer.echo(checks.advice_table(settings()))
        return
    raise SystemExit(checks.run_bench(parts or []))
