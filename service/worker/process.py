"""The worker as a process: from its settings to its last breath."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from sqlalchemy import Engine

from service import clock
from service.db import make_engine
from service.people.vaults import vault_of
from service.phone import Vault
from service.settings import Settings
from service.sms.gateways import build
from service.worker.carriers import Receive
from service.worker.clockwork import Job
from service.worker.locks import Busy, hold
from service.worker.sender import Worker

log = logging.getLogger(__name__)


def run_worker(
    settings: Settings,
    *,
    jobs: Sequence[Job] = (),
    receive: Receive | None = None,
    supervised: bool = False,
) -> int:
    """The worker process: until SIGTERM or SIGINT, or until the supervisor's pipe closes.

    Exit code 0, or 1 when another worker has the SQLite file.
    """
    held = hold(settings.database_url, "worker")
    if isinstance(held, Busy):
        log.error("another worker (process %s) has %s", held.pid, held.path)
        return 1
    vault = vault_of(settings)
    engine = make_engine(settings.database_url)
    try:
        asyncio.run(_work(engine, settings, vault, jobs, receive, supervised=supervised))
    finally:
        engine.dispose()
        held.release()
    return 0


async def _work(
    engine: Engine,
    settings: Settings,
    vault: Vault,
    jobs: Sequence[Job],
    receive: Receive | None,
    *,
    supervised: bool,
) -> None:
    worker = Worker(
        engine,
        settings,
        build(settings, _used(settings)),
        clock.system,
        vault,
        jobs=jobs,
        receive=receive,
    )
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, worker.stop)
    if supervised:
        threading.Thread(target=_wait_for_parent, args=[loop, worker], daemon=True).start()
    await worker.run()


def _used(settings: Settings) -> list[str]:
    """The gateways that may have to send: the default one, and those of the routes."""
    return list(
        dict.fromkeys(
            [settings.gateway, *(name for way in settings.routes.values() for name in way)]
        )
    )


def _wait_for_parent(loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    """The supervisor holds the other end of our standard input, and writes nothing to it."""
    # Not through `sys.stdin`: its lock, held by a thread that waits, breaks the end of the process.
    while os.read(sys.stdin.fileno(), 1):
        continue
    loop.call_soon_threadsafe(worker.stop)
