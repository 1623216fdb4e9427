"""What every command shares: the settings, the database, and one clear sentence on failure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from pathlib import Path
from typing import NoReturn, TypeVar

import typer
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.db import make_engine
from service.logs import configure
from service.people.vaults import sign_audit, vault_of
from service.phone import Phone, Vault, parse
from service.settings import Settings, WeakSecret

app = typer.Typer(
    name="sugu",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def sugu() -> None:
    """Market prices by SMS and USSD for the Kita region of Mali."""


LEVEL = "warning"
"""How much a command logs, on standard error; the server and the worker have a setting."""
VAR = Path("var")
DEMO_DATABASE = VAR / "demo.db"
DEMO_SECRET = VAR / "demo.secret"

_opened: list[Engine] = []

Command = TypeVar("Command", bound=Callable[..., object])


class Failure(Exception):
    """A command that cannot do its work: one sentence for the person who typed it."""


def command(typed: typer.Typer, name: str | None = None) -> Callable[[Command], Command]:
    """Register a command that ends with one sentence and a non-zero code when it fails."""

    def register(function: Command) -> Command:
        @wraps(function)
        def guarded(*args: object, **kwargs: object) -> object:
            configure(LEVEL)
            try:
                with one_sentence():
                    return function(*args, **kwargs)
            finally:
                close()

        typed.command(name)(guarded)
        return function

    return register


@contextmanager
def one_sentence() -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        fail(str(failure))
    except WeakSecret as weak:
        fail(str(weak))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = "SUGU_" + "__".join(str(part).upper() for part in first["loc"])
        fail(f"{place}: {first['msg']}")
    except SQLAlchemyError as refused:
        fail(f"The database does not answer as it should: {str(refused).splitlines()[0]}")
    except OSError as wrong:
        fail(f"{wrong.filename}: {wrong.strerror}" if wrong.filename else str(wrong))
    except ValueError as wrong:
        fail(str(wrong))


def fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def settings() -> Settings:
    """The environment's settings; where nothing is set and a demo world was made here, the demo's,
    so that `sugu dial` works beside `make demo`."""
    said = Settings()
    untouched = (
        said.secret_key is None and not {"secret_key", "database_url"} & said.model_fields_set
    )
    if not untouched or not (DEMO_SECRET.exists() and DEMO_DATABASE.exists()):
        return said
    return Settings(
        secret_key=SecretStr(DEMO_SECRET.read_text().strip()),
        database_url=f"sqlite:///{DEMO_DATABASE}",
        demo=True,
    )


def database(said: Settings) -> Engine:
    """An engine whose connections are given back when the command ends."""
    engine = make_engine(said.database_url)
    if said.secret_key is not None:
        sign_audit(engine, said)
    _opened.append(engine)
    return engine


def close() -> None:
    while _opened:
        _opened.pop().dispose()


def vault(said: Settings) -> Vault:
    return vault_of(said)


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Failure(f"{text} is not a day: write it as 2026-11-20") from wrong


def phone(text: str) -> Phone:
    found = parse(text)
    if found is None:
        raise Failure(f"{text} is not a phone number: write it as +223 70 00 00 01")
    return found
