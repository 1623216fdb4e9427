"""Who is calling: from memory, at a glance, or from the database, and never waited for longer
than a caller would wait."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service.api.behind import Behind
from service.api.effects import Desk
from service.api.sessions import CALLERS, Known, Lately
from service.db import reading
from service.phone import Phone
from service.ussd import store
from service.ussd.caller import Opening, Profile
from service.ussd.glance import Glance
from service.ussd.store import Caller, Kept

PATIENCE = 2.0
"""Seconds a caller waits for the database when the answer can do without it."""

log = structlog.get_logger("dial")

Left = tuple[Opening, str]
"""A session that broke off: what it was opened with, and everything typed in it."""


Here = tuple[datetime | None, Left | None]
"""When this process last heard of a phone, and its newest session here, if that broke off."""


class Found(NamedTuple):
    """A caller, the row of the session asked about, the newest session, if it broke off."""

    known: Known
    row: Kept | None = None
    left: Left | None = None


class Callers:
    """The callers of one process."""

    def __init__(self, desk: Desk, behind: Behind, day: Callable[[datetime], date]) -> None:
        self._desk = desk
        self._behind = behind
        self._day = day
        self._known: Lately[str, Known] = Lately(CALLERS)
        self._glance = Glance(desk.engine)

    def fresh(self, phone: str, now: datetime) -> Known | None:
        """Who calls, when read a moment ago."""
        known = self._known.get(phone)
        return known if known is not None and known.fresh(now) else None

    def glimpsed(self, phone: Phone, now: datetime, here: Here) -> Found | None:
        """Who calls and where they left off, when a quick look or two tell it."""
        caller = self._glance.caller(self._desk.vault.lookups(phone))
        if caller is None:
            return None
        left = here[1]
        if _recent(caller, now, here[0]):
            newest = self._glance.newest(caller.contact_id)
            if newest is None:
                return None
            left = None if newest.ended else (newest.opening, newest.text)
        return Found(self._met(phone, caller, now), left=left)

    def forget(self, phone: str) -> None:
        self._known.drop(phone)

    def looked(self, phone: str, product: str, market: str) -> None:
        if known := self._known.get(phone):
            self._known.put(phone, known.looked(product, market))

    def close(self) -> None:
        self._glance.close()

    async def find(
        self, key: tuple[str, str], phone: Phone, now: datetime, here: Here, *, begun: bool
    ) -> Found:
        """Who calls in which session, `begun` when something was typed in it.

        When the database does not answer the caller is a stranger for this session: asked for
        a language, and answered.
        """
        known = self.fresh(phone.e164, now)
        try:
            async with asyncio.timeout(PATIENCE):
                caller, row, lost = await asyncio.to_thread(
                    self._look, key, phone, now, known, begun=begun
                )
        except (TimeoutError, SQLAlchemyError) as error:
            log.warning("ussd caller not read", why=type(error).__name__)
            return Found(Known(None, Profile(), now), left=here[1])
        left = here[1]
        if _recent(caller, now, here[0]):
            left = (lost.opening, lost.text) if lost else None
        return Found(known or self._met(phone, caller, now), row, left)

    def _met(self, phone: Phone, caller: Caller, now: datetime) -> Known:
        known = Known(caller.contact_id, caller.profile, now)
        if unseen := self._behind.looked_at(caller.contact_id):
            known = known.looked(*unseen)
        self._known.put(phone.e164, known)
        return known

    def _look(
        self, key: tuple[str, str], phone: Phone, now: datetime, known: Known | None, *, begun: bool
    ) -> tuple[Caller, Kept | None, Kept | None]:
        with reading(self._desk.engine) as session:
            caller = self._read(session, phone, now, known)
            if caller.contact_id is None:
                return caller, None, None
            if begun:  # a place of its own, or a code dialled with keys: nothing is offered
                row = store.kept(session, *key)
                mine = row is not None and row.contact_id == caller.contact_id
                return caller, row if mine else None, None
            lost = store.dropped(session, caller.contact_id, now) if _recent(caller, now) else None
            return caller, None, lost

    def _read(self, session: Session, phone: Phone, now: datetime, known: Known | None) -> Caller:
        if known is not None:
            return Caller(known.contact_id, known.profile)
        lookups = self._desk.vault.lookups(phone)
        day, zone = self._day(now), self._desk.limits.zone
        looked = (store.read_caller(session, each, day, zone) for each in lookups)
        return next((each for each in looked if each.contact_id is not None), Caller())


def _recent(caller: Caller, now: datetime, heard_at: datetime | None = None) -> bool:
    since = now - store.DROPPED
    return caller.dialled_at is not None and caller.dialled_at > max(since, heard_at or since)
