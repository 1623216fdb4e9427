"""`worker`: the process that sends and schedules. It opens no web server's rooms."""

from typing import Annotated

import typer

from service.cli.receiving import BackDoor
from service.cli.said import Failure, app, command, settings
from service.logs import configure
from service.worker.process import run_worker


@command(app)
def worker(
    *,
    supervised: Annotated[
        bool, typer.Option(hidden=True, help="Stop when standard input closes")
    ] = False,
) -> None:
    """Send and schedule only: any number of these on one PostgreSQL."""
    said = settings()
    said.require_secret()
    configure(said.log_level)
    if run_worker(said, receive=BackDoor(said), supervised=supervised):
        raise Failure("Another worker uses this SQLite file: stop it, or use PostgreSQL")
