"""`serve` and `worker`: the processes. Under `serve` the worker is a supervised child."""

import gc
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Annotated

import structlog
import typer
import uvicorn

from service import clock
from service.api.crowd import Crowd
from service.api.dial import Front
from service.api.hooks import opens
from service.api.state import Sugu
from service.api.strangers import Strangers
from service.api.wire import Patient, allow_files
from service.app import create_app
from service.cli.receiving import BackDoor
from service.cli.said import Failure, app, command, settings
from service.logs import configure
from service.settings import Settings
from service.worker import Busy, Supervisor, hold, run_worker

KEEP_ALIVE = 75
"""Seconds an idle connection is kept: gateways reuse theirs."""
OLDEST_CLOCK = datetime(2025, 1, 1, tzinfo=UTC)
"""Before Sugu was written: a board without a battery wakes up in 1970, 2000 or 2020."""
STOP_WITHIN = 15
"""Seconds to finish what is in flight after SIGTERM."""
GIVE_WAY = 0.001
"""Seconds a thread may compute while an answer waits; Python's own 5 ms add up in the slowest."""

log = structlog.get_logger()


@command(app)
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    *,
    worker: Annotated[bool, typer.Option(help="Run the worker beside the web server")] = True,
) -> None:
    """Serve the hooks, the API, the console; and send, unless --no-worker."""
    said = settings()
    serve_with(said, host or said.bind_host, port or said.bind_port, worker=worker)


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


def serve_with(said: Settings, host: str, port: int, *, worker: bool = True) -> None:
    """Serve until told to stop; the worker child is started again whenever it dies."""
    configure(said.log_level)
    right_clock(clock.system())
    weak = said.weak_tokens()
    if weak:
        raise Failure(f"The hook token of {', '.join(weak)} is too short: 22 random characters")
    lock = hold(said.database_url, "serve")
    if isinstance(lock, Busy):
        raise Failure("Another server uses this SQLite file: stop it, or use PostgreSQL")
    child = Supervisor([sys.executable, "-m", "service", "worker", "--supervised"], os.environ)
    web = uvicorn.Server(_config(said, host, port))
    _favour_answers()
    allow_files()
    # The server raises the signal again when it has ended: without this, it would end us too,
    # and a container would be gone before the worker has settled what it was sending.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if worker:
        child.start()
    try:
        web.run()
    finally:
        child.stop()
        lock.release()


def right_clock(now: datetime) -> None:
    """Raise ValueError for a clock that lost its year: every fair day would be wrong."""
    if now < OLDEST_CLOCK:
        raise ValueError(f"The clock of this machine says {now:%Y-%m-%d}: set it first")


def _favour_answers() -> None:
    """A dial is answered from memory by one thread; whatever else computes gives way to it."""
    sys.setswitchinterval(GIVE_WAY)
    gc.freeze()  # modules, routes and tables stay: no collection need look at them again


def _config(said: Settings, host: str, port: int) -> uvicorn.Config:
    application = create_app(said)
    state: Sugu = application.state.sugu
    return uvicorn.Config(
        # The USSD door before everything, the application's own layers included.
        Front(Crowd(Strangers(application, opens(state))), application.state.dial),
        host=host,
        port=port,
        access_log=False,  # it would print the hook tokens that stand in the paths
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=STOP_WITHIN,
        http=Patient,
        ws="none",
        proxy_headers=True,
        forwarded_allow_ips=said.forwarded_allow_ips,
    )
