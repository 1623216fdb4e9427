"""The sending loop: take a batch, call the gateway, write down what it said.

The database is never held while a wire is waited for. What is taken is committed before the
socket is touched, so that a crash at any point leaves at most the requests in flight unknown.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random, SystemRandom
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from service.clock import Clock
from service.db import is_sqlite, writing
from service.encoding import Tier, to_gsm
from service.people.atlas import read_book
from service.phone import Vault
from service.prices.book import Book
from service.prices.shelf import read_version
from service.settings import Settings
from service.sms.archive import Archive
from service.sms.broadcasts.editions import Press
from service.sms.gateway import (
    DeliveryNote,
    Gateway,
    Halt,
    NoteState,
    Outcome,
    Parcel,
    Recipient,
    Sent,
)
from service.sms.outbox import deliveries, settle
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import Batch, Idle, claim
from service.sms.outbox.limits import REPLIES, limits
from service.sms.overheard import Passed, listening
from service.sms.secrets import Eraser
from service.worker import carriers
from service.worker.carriers import Receive
from service.worker.clockwork import Clockwork, Job, present
from service.worker.duties import duties
from service.worker.jobs import standing

log = logging.getLogger(__name__)

RECIPIENTS = 20
"""Most people in one request, whatever a carrier allows: all of them are unknown if it breaks."""
IDLE = 0.5
"""Seconds between looks at an empty queue: a reply waits this long at most."""
DEADLINE = 30.0
"""Seconds a gateway call may take in all: half of the lease. Adapters give up at 12."""
DRAIN = 15.0
"""Seconds to finish what is in flight when asked to stop."""
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
"""Seconds between tries while the database is away; it is back for 10 s at most unnoticed."""

GONE = (OperationalError, InterfaceError, PoolTimeout)
"""The database is away, busy or restarting: try again. Anything else is a fault of ours."""

_T = TypeVar("_T")
Answer = Sequence[Sent] | Halt
"""What a gateway said to a batch."""


@dataclass(frozen=True, slots=True)
class _Wire:
    """What passed while a batch was sent, and the rows it was about."""

    passed: Sequence[Passed]
    rows: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Answered:
    """A batch, what the gateway said to it, and what passed meanwhile."""

    batch: Batch
    answer: Answer
    wire: _Wire


class Worker:
    """Sends what the outbox holds and keeps its clock, until `stop`.

    Any number may share a PostgreSQL database; none leads. `jobs` are the app's own timed
    jobs, `receive` takes in messages fetched from carriers that keep an inbox.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        gateways: Mapping[str, Gateway],
        now: Clock,
        vault: Vault,
        *,
        jobs: Sequence[Job] = (),
        receive: Receive | None = None,
        owner: str | None = None,
        chance: Random | None = None,
    ) -> None:
        self.owner = owner or f"{socket.gethostname()[:40]}:{os.getpid()}"
        self._engine = engine
        self._gateways = gateways
        self._now = now
        self._vault = vault
        self._archive = Archive(vault, Eraser(settings.secrets(), settings.logins()))
        self._receive = receive
        self._chance = chance or SystemRandom()
        self._limits = limits(settings)
        self._in_flight = settings.send_in_flight
        self._ways = [way(gateway, settings.send_rate) for gateway in gateways.values()]
        self._book: Book | None = None
        slowest = min((each.rate for each in self._ways), default=1.0)
        self.press = Press(self._limits, self.book, settings.ussd_code, slowest)
        self.clockwork = Clockwork(engine, [*standing(self.press), *duties(self.press), *jobs], now)
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settling = asyncio.Lock()
        self._answers: list[_Answered] = []

    def book(self, session: Session) -> Book:
        """The current book; read again only when its version moved or the day changed."""
        today, book = self._limits.today(self._now()), self._book
        if book is None or (book.version, book.day) != (read_version(session), today):
            self._book = book = read_book(session, today, book)
        return book

    async def run(self) -> None:
        """Work until `stop`; then finish what is in flight, within `DRAIN` seconds."""
        self.clockwork.start()
        engine = self._engine
        asking = asyncio.create_task(
            carriers.keep_asking(engine, self._gateways, self._now, self._limits, self._receive)
        )
        try:
            await self._send()
        finally:
            asking.cancel()
            await self._drain()
            await asyncio.to_thread(self.clockwork.stop)
            for gateway in self._gateways.values():
                await gateway.close()

    def stop(self) -> None:
        """Take nothing more. Call it from the loop (a signal handler, another task)."""
        self._stopping.set()

    async def send_once(self) -> Batch | Idle:
        """Take and send one batch, in order: for tests and for the terminal."""
        found = await asyncio.to_thread(self._claim, 1)
        if isinstance(found, Idle):
            return found
        await self._deliver(found[0])
        return found[0]

    # --- the loop -----------------------------------------------------------------------------

    async def _send(self) -> None:
        while not self._stopping.is_set():
            if len(self._tasks) >= self._in_flight:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                continue
            free = self._in_flight - len(self._tasks)
            found = await self._patiently(partial(self._claim, free))
            if not isinstance(found, list):
                await self._rest(found)
                continue
            for batch in found:
                task = asyncio.create_task(self._deliver(batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _rest(self, found: Idle | None) -> None:
        """Wait for work: not at all when rows were only put aside, else until a gateway is free."""
        if found is not None and found.more:
            return
        seconds = IDLE
        if found is not None and found.again is not None:
            seconds = min(max((found.again - self._now()).total_seconds(), 0.001), IDLE)
        await self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        """Sleep, unless asked to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _drain(self) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=DRAIN)
            for task in late:
                task.cancel()

    async def _patiently(self, step: Callable[[], _T], *, insist: bool = False) -> _T | None:
        """Do a step in a thread, again and again while the database is away.

        Without `insist`, None when asked to stop meanwhile.
        """
        wait = FIRST_WAIT
        while insist or not self._stopping.is_set():
            try:
                return await asyncio.to_thread(step)
            except GONE as error:
                log.warning("the database does not answer (%s)", type(error).__name__)
                await (asyncio.sleep(wait) if insist else self._pause(wait))
                wait = min(wait * 2, LONGEST_WAIT)
        return None

    # --- one batch ----------------------------------------------------------------------------

    def _claim(self, most: int) -> list[Batch] | Idle:
        """As many batches as there is room for, in one turn at the database."""
        with writing(self._engine) as session:
            now = present(session, self._now)
            batches: list[Batch] = []
            while len(batches) < most:
                found = claim(session, self.owner, self._ways, now, self._limits, self._vault)
                if isinstance(found, Idle):
                    return batches or found
                batches.append(found)
            return batches

    async def _deliver(self, batch: Batch) -> None:
        gateway = self._gateways[batch.gateway]
        ready = [row for row in batch.rows if self._still_good(row.not_after, row.kind)]
        late = [
            Sent(str(row.id), Outcome.NOT_SENT, reason="late")
            for row in batch.rows
            if row not in ready
        ]
        people = tuple(Recipient(str(row.id), row.phone.e164) for row in ready)
        text = to_gsm(batch.text, Tier(gateway.capabilities.tier))
        with listening() as heard:
            answer = await self._call(gateway, Parcel(text, people)) if people else []
        if late:
            answer = [*answer, *late] if not isinstance(answer, Halt) else answer
        wire = _Wire(tuple(heard), tuple(row.id for row in ready))
        await self._write_down(_Answered(batch, answer, wire))

    async def _write_down(self, answered: _Answered) -> None:
        """Settle a batch, on SQLite with those that were answered while it waited for its turn.

        Elsewhere each by itself: two batches in one transaction could wait for each other's rows
        in a circle with a report.
        """
        if not is_sqlite(self._engine):
            await self._patiently(lambda: self._settle([answered]), insist=True)
            return
        self._answers.append(answered)
        async with self._settling:
            if answers := self._answers:
                self._answers = []
                await self._settle_together(answers)

    async def _settle_together(self, answers: Sequence[_Answered]) -> None:
        try:
            await self._patiently(lambda: self._settle(answers), insist=True)
        except Exception:  # a fault of ours in one of them must not cost the others their results
            if len(answers) == 1:
                raise
            for each in answers:
                await self._settle_together([each])

    def _still_good(self, not_after: datetime, kind: str) -> bool:
        """The last look before the socket: a late price is worse than none."""
        now = self._now()
        return not_after > now and (kind in REPLIES or not self._limits.is_quiet(now))

    async def _call(self, gateway: Gateway, parcel: Parcel) -> Answer:
        """The gateway's answer; whatever goes wrong in it may have been sent."""
        try:
            async with asyncio.timeout(DEADLINE):
                return await gateway.send(parcel)
        except TimeoutError:
            reason = "no answer in time"
        except Exception:  # an adapter promised not to; its fault must not stop all sending
            log.exception("gateway %s broke its promise", gateway.name)
            reason = "adapter fault"
        return [Sent(each.key, Outcome.UNKNOWN, reason=reason) for each in parcel.recipients]

    def _settle(self, answers: Sequence[_Answered]) -> None:
        with writing(self._engine) as session:
            now = present(session, self._now)
            for each in answers:
                self._settle_one(session, each, now)
        for each in answers:
            if isinstance(halt := each.answer, Halt):
                log.error("gateway %s halted: %s (%s)", each.batch.gateway, halt.reason, halt.kind)

    def _settle_one(self, session: Session, one: _Answered, now: datetime) -> None:
        batch, wire, chance = one.batch, one.wire, self._chance
        settled = settle.settle(session, self.owner, batch, one.answer, now, self._limits, chance)
        self._archive.sent(session, batch.gateway, wire.passed, wire.rows, now)
        if not self._gateways[batch.gateway].capabilities.echo_reports:
            return
        for row_id in settled.accepted:
            note = DeliveryNote(None, str(row_id), None, NoteState.DELIVERED, None, "echo")
            deliveries.apply(session, self._vault, batch.gateway, note, now)


def way(gateway: Gateway, rate: float | None) -> Way:
    """How the outbox sees a gateway; a rate in the settings goes before the carrier's."""
    its = gateway.capabilities
    return Way(gateway.name, min(its.max_recipients, RECIPIENTS), rate or its.rate)
