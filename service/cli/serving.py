"""`serve`: the web server, and the worker as its supervised child."""

import os
import signal
import sys
from asyncio import Protocol
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, cast

import structlog
import typer
import uvicorn

from service import clock
from service.api.parts import parts_of
from service.api.prompt import Bag, Prompt
from service.api.wire import allow_files
from service.cli.house import House
from service.cli.said import Failure, app, command, settings
from service.logs import configure
from service.settings import Settings
from service.worker.locks import Busy, hold
from service.worker.supervisor import Supervisor

KEEP_ALIVE = 75
"""Seconds an idle connection is kept: gateways reuse theirs."""
OLDEST_CLOCK = datetime(2025, 1, 1, tzinfo=UTC)
"""Before Sugu was written: a board without a battery wakes up in 1970, 2000 or 2020."""
STOP_WITHIN = 15
"""Seconds to finish what is in flight after SIGTERM."""
GIVE_WAY = 0.00005
"""Seconds a thread computes while another waits. A report gives Python's lock away some hundred
times and asks for it back: at the usual 5 ms, or at 1, beside dials that never stop it takes
seconds; at this it takes its share, and dials theirs (`bench/RESULTS.md`, the storm)."""

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
    web = _server(said, host, port)
    # A dial is answered from memory by one thread; whatever else computes gives way to it.
    sys.setswitchinterval(GIVE_WAY)
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


def _server(said: Settings, host: str, port: int) -> uvicorn.Server:
    def ruined() -> None:
        web.should_exit = True

    house = House(parts_of(said), ruined)
    web = uvicorn.Server(_config(said, house, host, port))
    return web


def _config(said: Settings, house: House, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        house,
        host=host,
        port=port,
        lifespan="on",  # a house that cannot be opened must not look open
        access_log=False,  # it would print the hook tokens that stand in the paths
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=STOP_WITHIN,
        http=cast("type[Protocol]", partial(Prompt, house.at_once, Bag())),
        ws="none",
        proxy_headers=True,
        forwarded_allow_ips=said.forwarded_allow_ips,
    )
