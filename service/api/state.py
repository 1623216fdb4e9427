"""What one web process holds: the parts given by the roof, and the book it answers from."""

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import structlog
from sqlalchemy import Engine

from service.api.replica import Replica
from service.api.spool import Spool
from service.clock import Clock
from service.db import reading
from service.i18n import Say, speaker
from service.people.atlas import read_book
from service.phone import Vault
from service.prices.book import Book
from service.prices.shelf import read_version
from service.settings import Settings
from service.sms.archive import Archive
from service.sms.broadcasts.tallies import Tallies
from service.sms.gateway import Gateway
from service.sms.lexicon import Lexicon
from service.sms.outbox.limits import Limits
from service.sms.secrets import Eraser

LOOK_EVERY = 0.5
"""Seconds between looks at the book's version: another process's news is at most this old."""

log = structlog.get_logger()


@dataclass
class Sugu:
    """The parts every door needs. `book` and `lexicon` are swapped whole, never changed."""

    engine: Engine
    replica: Replica
    settings: Settings
    clock: Clock
    vault: Vault
    gateways: Mapping[str, Gateway]
    limits: Limits
    tallies: Tallies = field(default_factory=Tallies)
    spool: Spool | None = None
    _book: Book | None = None
    _lexicon: Lexicon | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.vault, Eraser(self.settings.secrets(), self.settings.logins()))

    def book(self) -> Book:
        return self._book or self.refresh()

    def lexicon(self) -> Lexicon:
        return self._lexicon or Lexicon.of(self.book().catalog)

    def voice(self, language: str | None) -> Say:
        return speaker(language or "fr", drafts=self.settings.ship_drafts)

    def refresh(self) -> Book:
        """Read the book again if its version or the day has moved; return the current one."""
        with self._lock, reading(self.engine) as session:
            today = self.limits.today(self.clock())
            known = self._book
            if known and known.version == read_version(session) and known.day == today:
                return known
            book = read_book(session, today, known)
            if known is None or known.catalog is not book.catalog or self._lexicon is None:
                self._lexicon = Lexicon.of(book.catalog)
            self._book = book
            return book

    def keep_up(self) -> None:
        """Refresh if it can be done; an outage, or a row nobody can read, leaves the last book."""
        try:
            self.refresh()
        except Exception as error:  # the last book answers better than no door at all
            log.warning("book_not_refreshed", error=type(error).__name__)

    async def watch(self, stop: asyncio.Event) -> None:
        """Keep the book at most a second behind the database, until `stop`. A look
        that is under way is finished, so that its connection is given back."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)
                return
            await asyncio.to_thread(self.keep_up)
