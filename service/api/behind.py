"""What is written behind the answers: sessions for other processes, what callers looked at last,
counts for staff.

Gathered on the event loop, written in a thread once a second and at the end. Nothing here is
needed to answer: what a crash loses is at most a second of counts and of last looks, and places
that the carrier's own text leads back to.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.api import tally
from service.api.sessions import Held, Key
from service.api.tally import Tally
from service.clock import Clock
from service.db import writing
from service.people import store as people
from service.prices.book import Pair
from service.ussd import store

BEHIND = 1.0
"""Seconds between two writings."""

log = structlog.get_logger("dial")


class Behind:
    """Sessions, looks and counts not written yet."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._sessions: dict[Key, Held] = {}
        self._looks: dict[int, Pair] = {}
        self._task: asyncio.Task[None] | None = None
        self.tally = Tally()

    def keep(self, key: Key, held: Held) -> None:
        """Write this session soon, if another process could not make it up by itself."""
        if held.left_a_trace:
            self._sessions[key] = held

    def remember(self, contact_id: int, looked_at: Pair) -> None:
        """Write soon what this contact looked at last. Said twice it is the same, so that it
        needs no claim as other effects do."""
        self._looks[contact_id] = looked_at

    def looked_at(self, contact_id: int | None) -> Pair | None:
        """A look that a reader of the database may not see yet."""
        return self._looks.get(contact_id) if contact_id is not None else None

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
        looks, counted = dict(self._looks), self.tally.taken()
        if not sessions and not looks and not counted:
            return True
        try:
            await asyncio.to_thread(self._write, sessions, looks, counted, self._clock())
        except SQLAlchemyError as error:
            log.warning("ussd sessions and counts wait", why=type(error).__name__)
            self.tally.give_back(counted)
            self._sessions = {**sessions, **self._sessions}
            return False
        self._looks = {who: pair for who, pair in self._looks.items() if looks.get(who) != pair}
        return True

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(BEHIND)
            await self.flush()

    def _write(
        self,
        sessions: Mapping[Key, Held],
        looks: Mapping[int, Pair],
        counted: Tally,
        now: datetime,
    ) -> None:
        with writing(self._engine) as session:
            # People before sessions, as a deed locks them: two who wait for each other never do.
            people.remember_all(session, looks, now)
            store.keep(session, [held.row(key) for key, held in sessions.items()])
            tally.write(session, counted)
