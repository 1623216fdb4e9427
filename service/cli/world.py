"""`migrate`, `seed` and `demo`: from an empty file to a world one can dial."""

import os
import secrets
from typing import Annotated

import typer

from service import clock
from service.cli.said import (
    DEMO_DATABASE,
    DEMO_SECRET,
    Failure,
    app,
    command,
    database,
    settings,
    vault,
)
from service.cli.serving import serve_with
from service.db import migrate as migrate_database
from service.db import writing
from service.people.demo import FARMERS, RealPeople, seed_demo
from service.people.seed import seed_kita
from service.prices.store import bump
from service.settings import Settings
from service.sms.lexicon import default_aliases


@command(app)
def migrate() -> None:
    """Bring the database to this version; safe to repeat."""
    migrate_database(settings().database_url)
    typer.echo("The database is up to date.")


@command(app)
def seed(world: Annotated[str, typer.Argument(help="kita: sourced facts; demo: fiction")]) -> None:
    """Load reference facts (kita) or the fictional demo world (demo); safe to repeat."""
    said = settings()
    match world:
        case "kita":
            with writing(database(said)) as session:
                made = seed_kita(session, default_aliases())
                bump(session, catalog=True)
            typer.echo(f"{made} sourced facts loaded.")
        case "demo":
            typer.echo(f"{_seed_demo(said)} demo reports stand ready.")
        case _:
            raise Failure("seed what? `sugu seed kita` or `sugu seed demo`")


@command(app)
def demo(
    port: Annotated[int, typer.Option(help="Port to serve on")] = 8000,
    host: Annotated[str, typer.Option(help="Address to serve on")] = "127.0.0.1",
) -> None:
    """Serve the fictional demo world: nothing leaves this machine."""
    said = demo_settings(host, port)
    migrate_database(said.database_url)
    _seed_demo(said)
    _welcome(host, port, said.ussd_code)
    serve_with(said, host, port)


def _seed_demo(said: Settings) -> int:
    try:
        with writing(database(said)) as session:
            return seed_demo(session, vault(said), default_aliases(), clock.system())
    except RealPeople as refused:
        raise Failure(str(refused)) from refused


def demo_settings(host: str, port: int) -> Settings:
    """The environment's settings, with a database and a secret of the demo's own if none is set.
    A real gateway in `.env` is left alone: the demo's phone numbers may be somebody's.

    They go back into the environment, so that the worker child reads the same.
    """
    os.environ.setdefault("SUGU_DATABASE_URL", f"sqlite:///{DEMO_DATABASE}")
    os.environ.setdefault("SUGU_PUBLIC_URL", f"http://{host}:{port}")
    os.environ.setdefault("SUGU_GATEWAY", "loopback")
    os.environ.setdefault("SUGU_ROUTES", "")
    os.environ["SUGU_DEMO"] = "true"
    if not os.environ.get("SUGU_SECRET_KEY") and Settings().secret_key is None:
        os.environ["SUGU_SECRET_KEY"] = _demo_secret()
    return settings()


def _demo_secret() -> str:
    if not DEMO_SECRET.exists():
        DEMO_SECRET.parent.mkdir(parents=True, exist_ok=True)
        DEMO_SECRET.write_text(secrets.token_hex(32))
        DEMO_SECRET.chmod(0o600)
    return DEMO_SECRET.read_text().strip()


def _welcome(host: str, port: int, code: str) -> None:
    url = f"http://{host}:{port}"
    typer.echo(
        f"""
Sugu, demo world: fair days, transport costs and weights are fictional.

  Simulator   {url}/simulator      dial {code} as a farmer, text as a reporter
  Console     {url}/console        name demo-admin, password demo-admin
  API docs    {url}/docs           Authorization: Bearer demo-admin
                                   (also demo-viewer, demo-operator, demo-approver)

  Reporters   +22370000001 to 03 at KITA, 04 to 06 at SEBEKORO, 07 at DJIDIAN
  Farmers     +22376000001 to {FARMERS:02d}; the last five have never dialled
"""
    )
