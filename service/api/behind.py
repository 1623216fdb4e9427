"""What is written behind the answers: sessions for other processes, counts for staff.

Gathered on the event loop, written in a thread once a second and at the end. Nothing here is
needed to answer: what a crash loses is at most a second of counts, and places that the
carrier's own text leads back to.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.api import tally
from service.api.sessions import Held, Key
from service.api.tally import Tally
from service.db import writing
from service.ussd import store

BEHIND = 1.0
"""Seconds between two writings."""

log = structlog.get_logger("dial")


class Behind:
    """Sessions and counts not written yet."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[Key, Held] = {}
        self._task: asyncio.Task[None] | None = None
        self.tally = Tally()

    def keep(self, key: Key, held: Held) -> None:
        """Write this session soon; a number never heard of has no row to hang it on."""
        if held.contact_id is not None:
            self._sessions[key] = held

    async def start(self) -> None:
        self._task = asyncio.create_task(self._write_on(), name="ussd-behind")

    async def stop(self) -> None:
        """Stop, with everything written down that can be."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.flush()

    async def flush(self) -> bool:
        """Write down everything now; what the database refuses waits for the next time."""
        sessions, self._sessions = self._sessions, {}
        counted = self.tally.taken()
        if not sessions and not counted:
            return True
        try:
            await asyncio.to_thread(self._write, sessions, counted)
        except SQLAlchemyError as error:
            log.warning("ussd sessions and counts wait", why=type(error).__name__)
            self.tally.give_back(counted)
            self._sessions = {**sessions, **self._sessions}
            return False
        return True

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(BEHIND)
            await self.flush()

    def _write(self, sessions: Mapping[Key, Held], counted: Tally) -> None:
        with writing(self._engine) as session:
            store.keep(session, [held.row(key) for key, held in sessions.items()])
            tally.write(session, counted)
