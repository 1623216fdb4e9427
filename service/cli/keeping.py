"""`backup`, `restore`, `audit`, `subject`, `rekey`: keeping the service sound."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from service import clock
from service.api.security import old_keys
from service.api.spool import spool_of
from service.audit import AuditHead, first_broken, record
from service.cli import checks, copies, sealing
from service.cli.said import Failure, app, command, database, phone, settings, vault
from service.db import migrate, reading, writing
from service.people import rights
from service.settings import Settings
from service.worker.locks import Busy, hold

audit = typer.Typer(help="The audit trail.", no_args_is_help=True)
subject = typer.Typer(help="What a person may ask of their data.", no_args_is_help=True)
app.add_typer(audit, name="audit")
app.add_typer(subject, name="subject")
ACTOR = "command line"


@command(app)
def backup(
    file: Path,
    *,
    encrypt: Annotated[bool, typer.Option(help="Only SUGU_SECRET_KEY opens the copy")] = False,
) -> None:
    """Copy the database while it serves; on PostgreSQL with pg_dump."""
    said = settings()
    if encrypt:
        with _beside(file) as clear:
            copies.backup(said.database_url, clear)
            sealing.seal(clear, file, said.require_secret())
    else:
        copies.backup(said.database_url, file)
    typer.echo(f"{file}: {file.stat().st_size} bytes")


@command(app)
def restore(file: Path) -> None:
    """Put a backup in place; nothing that was queued in it is ever sent again."""
    said = settings()
    said.require_secret()  # the trail is signed with it
    now = clock.system()
    with _alone(said.database_url), _clear(said, file) as copy:
        copies.restore(said.database_url, copy)
        migrate(said.database_url)  # the copy may be older than this version
        with writing(database(said)) as session:
            stilled = copies.still(session, now)
            record(session, now, ACTOR, "restore", "database", after={"stilled": stilled})
    typer.echo(f"Restored; {stilled} messages that were on their way will not be sent again.")


@contextmanager
def _clear(said: Settings, file: Path) -> Iterator[Path]:
    """The copy as it was before it was sealed, for as long as it is needed."""
    if not file.exists() or not sealing.is_sealed(file):
        yield file
        return
    old = [each.get_secret_value() for each in said.secret_keys_old]
    with _beside(file) as clear:
        sealing.unseal(file, clear, [said.require_secret(), *old])
        yield clear


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A file that is gone afterwards, whatever happens."""
    file.parent.mkdir(parents=True, exist_ok=True)
    clear = file.with_name(f".{file.name}.clear")
    try:
        yield clear
    finally:
        clear.unlink(missing_ok=True)


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
    """Check that no entry was changed, removed or slipped in, the newest included."""
    with reading(database(settings())) as session:
        broken = first_broken(session)
        head = session.get(AuditHead, 1)
    if broken is not None:
        raise Failure(f"The trail is broken at entry {broken}.")
    count, end = (head.count, head.seal[:12]) if head else (0, "nothing")
    typer.echo(f"The audit trail is whole: {count} entries, ending in {end}.")


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
        late = len(old_keys(session, said, clock.system()))
    spool = spool_of(said.database_url, vault(said))
    if spool is not None:
        spool.rekey()
        spool.close()
    if late:
        typer.echo(f"{count} numbers sealed anew. {late} API keys follow at their next use: keep")
        typer.echo("the old key until `sugu rekey` counts none, or issue them anew.")
    else:
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
