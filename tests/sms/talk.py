"""Talking with Sugu by SMS, without the web around it: what is said, answered, and kept.

The database holds the sourced facts of Kita; a fair day is invented, three reporters and a
farmer are enrolled. The clock moves when a test moves it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.db import reading, writing
from service.i18n import speaker
from service.people import store
from service.people.atlas import read_book
from service.people.tables import Reporter, Village
from service.phone import Phone, Vault
from service.prices.book import Book
from service.prices.catalog import Catalog
from service.prices.store import bump
from service.prices.tables import MarketRow, QuestionRow, QuoteRow, ReportRow
from service.sms.broadcasts.editions import Press
from service.sms.gateway import IncomingSms
from service.sms.intake import Desk, Received, receive
from service.sms.lexicon import Lexicon
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery, Inbox, MessageText
from service.worker.duties import duties

AWA, MOUSSA, FANTA = "+22370000001", "+22370000002", "+22370000003"
FARMER = "+22376000001"
FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
CODE = "*384*77#"


@cache
def the_vault() -> Vault:
    return Vault("a secret that only the tests know of: 0123456789")


_LEXICON: list[Lexicon] = []


def the_lexicon(catalog: Catalog) -> Lexicon:
    """Built once: every test of this room reads with the words of the seed."""
    if not _LEXICON:
        _LEXICON.append(Lexicon.of(catalog))
    return _LEXICON[0]


class Talk:
    def __init__(self, engine: Engine, at: datetime, **limits: Any) -> None:
        self.engine = engine
        self.at = at
        self.vault = the_vault()
        self.limits = replace(Limits(), **limits)
        self._book: Book | None = None
        self._count = 0

    def wait(self, **time: float) -> None:
        self.at += timedelta(**time)

    @property
    def book(self) -> Book:
        with reading(self.engine) as session:
            return self._read(session)

    def _read(self, session: Session) -> Book:
        self._book = read_book(session, self.limits.today(self.at), self._book)
        return self._book

    def say(self, phone: str, words: str, **fields: Any) -> str | None:
        """Send an SMS; the reply, if one is due. Every message has a second of its own."""
        self.wait(seconds=1)
        self.receive(phone, words, **fields)
        answers = [body for kind, body in self.sent(phone, since=self.at) if kind == "reply"]
        return answers[0] if answers else None

    def receive(self, phone: str, words: str, **fields: Any) -> Received:
        self._count += 1
        facts = {"provider_id": f"mo-{self._count}", "to": "36000", "sent_at": self.at}
        message = IncomingSms(sender=phone, text=words, **{**facts, **fields})
        book = self.book
        desk = Desk(
            self.vault,
            the_lexicon(book.catalog),
            self.limits,
            lambda language: speaker(language or "fr"),
            lambda: book,
            CODE,
        )
        with writing(self.engine) as session:
            return receive(session, desk, "loopback", message, self.at)

    def work(self) -> None:
        """What the worker's clock does for reporters and farmers, once."""
        press = Press(self.limits, self._read, CODE, 20.0)
        for job in duties(press):
            with writing(self.engine) as session:
                job.work(session, self.at)

    def sent(self, phone: str, since: datetime | None = None) -> list[tuple[str, str]]:
        """(kind, text) of what was queued for a phone, oldest first."""
        with reading(self.engine) as session:
            contact = store.find(session, self.vault, Phone(phone))
            query = (
                select(Delivery.kind, MessageText.body)
                .join(MessageText, col(MessageText.id) == col(Delivery.text_id))
                .where(Delivery.contact_id == (contact.id if contact else None))
                .order_by(col(Delivery.id))
            )
            if since:
                query = query.where(Delivery.created_at >= since)
            return [(kind, body) for kind, body in session.exec(query)]

    def rows(self, table: Any) -> Sequence[Any]:
        with reading(self.engine) as session:
            return session.exec(select(table).order_by(table.id)).all()

    @property
    def reports(self) -> Sequence[ReportRow]:
        return self.rows(ReportRow)

    @property
    def questions(self) -> Sequence[QuestionRow]:
        return self.rows(QuestionRow)

    @property
    def inbox(self) -> Sequence[Inbox]:
        return self.rows(Inbox)

    @property
    def statuses(self) -> list[str]:
        return [each.status for each in self.reports]

    def price(self, product: str, market: str = "KITA") -> int | None:
        with reading(self.engine) as session:
            return session.exec(
                select(QuoteRow.value)
                .where(QuoteRow.product == product, QuoteRow.market == market)
                .order_by(col(QuoteRow.fair_on).desc())
            ).first()

    def reporter(self, phone: str, **facts: Any) -> None:
        with writing(self.engine) as session:
            store.enrol_reporter(session, self.vault, Phone(phone), self.at, **facts)

    def habits(self, phone: str) -> dict[str, Any]:
        with reading(self.engine) as session:
            contact = store.find(session, self.vault, Phone(phone))
            assert contact is not None
            found = select(Reporter.habits).where(Reporter.contact_id == contact.id)
            return dict(session.exec(found).one())


@contextmanager
def open_talk(engine: Engine, at: datetime = FRIDAY, **limits: Any) -> Iterator[Talk]:
    talk = Talk(engine, at, **limits)
    with writing(engine) as session:
        market = session.get_one(MarketRow, "KITA")
        market.fair_days, market.daily = ["fri"], False
        session.add(Village(code="KOFEBA-TEST", name="Kofeba", commune="Kita", market="KITA"))
        session.flush()
        for phone, name in ((AWA, "Awa"), (MOUSSA, "Moussa"), (FANTA, "Fanta")):
            store.enrol_reporter(
                session, talk.vault, Phone(phone), at, name=name, market="KITA", language="fr"
            )
        store.enrol_subscriber(
            session, talk.vault, Phone(FARMER), at, village="KOFEBA-TEST", language="fr"
        )
        bump(session, catalog=True)
    yield talk
