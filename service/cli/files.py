"""`import` and `export`: files in and out, through the API's own doors."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer
from fastapi import FastAPI
from sqlmodel import select

from service import clock
from service.api.security import issue_key
from service.api.v1.extracts import EXTRACTS
from service.app import create_app
from service.cli import inside
from service.cli.inside import Answer
from service.cli.said import Failure, app, command, database, settings
from service.db import writing
from service.people.tables import ApiKey, Staff
from service.settings import Settings

EXPORTED = tuple(EXTRACTS)
IMPORTED = ("villages", "reporters", "subscribers", "routes", "weighings", "prices")
ACTOR = "command line"


@command(app, "import")
def take_in(
    what: Annotated[str, typer.Argument(help=", ".join(IMPORTED))],
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file; headings name the fields")],
    *,
    dry_run: Annotated[bool, typer.Option(help="Check every line, keep nothing")] = False,
) -> None:
    """Take in a file; wrong lines are left out and named."""
    if what not in IMPORTED:
        raise Failure(f"import what? One of {', '.join(IMPORTED)}")
    body = file.read_bytes()
    path = f"/api/v1/{what}/import?dry_run={str(dry_run).lower()}"
    answer = _ask(settings(), "POST", path, body)
    _report(json.loads(answer.body))


@command(app, "export")
def give_out(
    what: Annotated[str, typer.Argument(help=", ".join(EXPORTED))],
    file: Annotated[Path | None, typer.Argument(help="Where to; .xlsx or .csv")] = None,
    *,
    month: Annotated[str | None, typer.Option(help="One month, as 2026-11")] = None,
    per_day: Annotated[
        int | None, typer.Option(help="rewards: F for a complete, on-time market day")
    ] = None,
    per_check: Annotated[int | None, typer.Option(help="rewards: F for a check passed")] = None,
) -> None:
    """Write a table as CSV or XLSX, to a file or to the screen."""
    if what not in EXPORTED:
        raise Failure(f"export what? One of {', '.join(EXPORTED)}")
    kind = "xlsx" if file and file.suffix == ".xlsx" else "csv"
    asked = {"month": month, "per_day": per_day, "per_check": per_check}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    answer = _ask(settings(), "GET", f"/api/v1/exports/{what}.{kind}?{query}")
    if file is None:
        typer.echo(answer.body.decode(), nl=False)
        return
    file.write_bytes(answer.body)
    typer.echo(f"{file}: {len(answer.body)} bytes")


def _report(done: dict[str, object]) -> None:
    errors = done.get("errors")
    found = errors if isinstance(errors, list) else []
    for each in found:
        typer.echo(f"line {each['line']}{_at(each)}: {each['detail']}", err=True)
    wrong = len({each["line"] for each in found})
    typer.echo(
        f"{done['lines']} lines, {done['created']} new, {done['changed']} changed,"
        f" {wrong} wrong{' (dry run: nothing kept)' if done['dry_run'] else ''}"
    )
    if found:
        raise Failure("Mend the lines above and import them again.")


def _at(error: Mapping[str, object]) -> str:
    return f", {error['field']}" if error["field"] else ""


def _ask(said: Settings, method: str, path: str, body: bytes = b"") -> Answer:
    """Ask the API as an administrator whose key lives for this one command."""
    application = create_app(said, engine=database(said))
    key = _lend(application)
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/octet-stream",
        "accept-language": "en",
    }
    try:
        answer = asyncio.run(inside.call(application, method, path, headers, body))
    finally:
        _take_back(application, key)
    if answer.status >= 400:
        problem = json.loads(answer.body or b"{}")
        raise Failure(str(problem.get("detail") or problem.get("title") or answer.status))
    return answer


def _lend(application: FastAPI) -> str:
    state = application.state.sugu
    with writing(state.engine) as session:
        return issue_key(session, state.settings, ACTOR, "admin", clock.system(), days=1)


def _take_back(application: FastAPI, key: str) -> None:
    with writing(application.state.sugu.engine) as session:
        handle = key.split("_")[1]
        for row in session.exec(select(ApiKey).where(ApiKey.handle == handle)):
            session.delete(row)
        session.flush()
        for owner in session.exec(select(Staff).where(Staff.name == ACTOR)):
            session.delete(owner)
