"""Messages fetched from a carrier's own inbox after an outage, taken in like pushed ones."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlmodel import Session

from service import clock
from service.i18n import Say, speaker
from service.people.atlas import read_book
from service.people.vaults import vault_of
from service.prices.book import Book
from service.settings import Settings
from service.sms.gateway import IncomingSms
from service.sms.outbox.limits import limits

if TYPE_CHECKING:
    from service.sms.lexicon import Lexicon


class BackDoor:
    """Takes in one fetched message; the book and the lexicon are read again when they move."""

    def __init__(self, said: Settings) -> None:
        self._said = said
        self._vault = vault_of(said)
        self._limits = limits(said)
        self._book: Book | None = None
        self._lexicon: Lexicon | None = None

    def __call__(self, session: Session, gateway: str, message: IncomingSms, now: datetime) -> None:
        # Here, because a worker whose carriers push their messages never reads one.
        from service.sms.intake import Desk, receive
        from service.sms.lexicon import Lexicon

        book = read_book(session, self._limits.today(clock.system()), self._book)
        if self._lexicon is None or self._book is None or book.catalog is not self._book.catalog:
            self._lexicon = Lexicon.of(book.catalog)
        self._book = book
        desk = Desk(
            self._vault,
            self._lexicon,
            self._limits,
            self._voice,
            lambda: book,
            self._said.ussd_code,
        )
        receive(session, desk, gateway, message, now)

    def _voice(self, language: str | None) -> Say:
        return speaker(language or "fr", drafts=self._said.ship_drafts)
