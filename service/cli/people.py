"""`staff`: who may do what."""

from typing import Annotated

import typer
from sqlmodel import select

from service import clock
from service.api.logins import SHORTEST_PASSWORD, hashed
from service.api.security import issue_key, staff_named
from service.audit import record
from service.cli.said import Failure, app, command, database, settings
from service.db import writing
from service.people.tables import ROLES, Staff

staff = typer.Typer(help="Who may do what: people and keys.", no_args_is_help=True)
app.add_typer(staff, name="staff")
ACTOR = "command line"
Role = Annotated[str, typer.Option(help=", ".join(ROLES))]


@command(staff)
def add(name: str, role: Role = "operator") -> None:
    """Give a person a password for the console; it is asked for twice."""
    said = settings()
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(password) < SHORTEST_PASSWORD:
        raise Failure(f"A password has at least {SHORTEST_PASSWORD} characters")
    now = clock.system()
    with writing(database(said)) as session:
        person = staff_named(session, name, known_role(role), now)
        person.role = role
        person.password = hashed(password)
        record(session, now, ACTOR, "staff.add", f"staff/{name}", after={"role": role})
    typer.echo(f"{name} may now log in as {role}.", err=True)


@command(staff, "key")
def key(name: str, role: Role = "viewer") -> None:
    """Print a new API key, and nothing else."""
    said = settings()
    said.require_secret()
    now = clock.system()
    with writing(database(said)) as session:
        made = issue_key(session, said, name, known_role(role), now)
        record(session, now, ACTOR, "key.issue", f"staff/{name}", after={"role": role})
    typer.echo(made)


@command(staff)
def disable(name: str) -> None:
    """Close every door to a person and their keys, at once."""
    said = settings()
    said.require_secret()
    now = clock.system()
    with writing(database(said)) as session:
        person = session.exec(select(Staff).where(Staff.name == name)).first()
        if person is None:
            raise Failure(f"Nobody on the staff is called {name}")
        person.disabled_at = now
        record(session, now, ACTOR, "staff.disable", f"staff/{name}")
    typer.echo(f"{name} can no longer do anything.")


def known_role(said: str) -> str:
    if said not in ROLES:
        raise Failure(f"No role {said}: choose one of {', '.join(ROLES)}")
    return said
