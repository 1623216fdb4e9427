"""Talking with a whole Sugu by SMS: what is said, what is answered, and what is in its tables."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from service.db import reading, writing
from service.people import store
from service.people.tables import Reporter, Village
from service.phone import Phone
from service.prices.store import bump
from service.prices.tables import MarketRow, QuestionRow, QuoteRow, ReportRow
from service.sms.tables import Delivery, Inbox, MessageText
from tests.town import Town, open_town, reporters

AWA, MOUSSA, FANTA = "+22370000001", "+22370000002", "+22370000003"
FARMER = "+22376000001"
FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@contextmanager
def open_talk(engine: Engine, url: str, at: datetime = FRIDAY, **changes: Any) -> Iterator[Town]:
    """Kita on its (invented) fair day, with three reporters and a farmer of Kofeba."""
    with open_town(engine, url, at, **changes) as town:
        reporters(town, AWA, MOUSSA, FANTA)
        with writing(engine) as session:
            market = session.get_one(MarketRow, "KITA")
            market.fair_days, market.daily = ["fri"], False
            session.add(Village(code="KOFEBA-TEST", name="Kofeba", commune="Kita", market="KITA"))
            session.flush()
            store.enrol_subscriber(
                session, town.vault, Phone(FARMER), at, village="KOFEBA-TEST", language="fr"
            )
            bump(session, catalog=True)
        town.state.refresh()
        yield town


def say(town: Town, phone: str, words: str, **fields: str) -> str | None:
    """Send an SMS; the reply, if one is due. Every message has a second of its own."""
    town.clock.pass_(seconds=1)
    assert town.text(phone, words, **fields) == 200
    return next(
        (body for kind, body in sent(town, phone, since=town.clock()) if kind == "reply"), None
    )


def sent(town: Town, phone: str, since: datetime | None = None) -> list[tuple[str, str]]:
    """(kind, text) of what was queued for a phone, oldest first."""
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(phone))
        if contact is None:
            return []
        query = (
            select(Delivery.kind, MessageText.body)
            .join(MessageText, col(MessageText.id) == col(Delivery.text_id))
            .where(Delivery.contact_id == contact.id)
            .order_by(col(Delivery.id))
        )
        if since:
            query = query.where(Delivery.created_at >= since)
        return [(kind, body) for kind, body in session.exec(query)]


def reports(town: Town) -> Sequence[ReportRow]:
    return rows(town, ReportRow)


def questions(town: Town) -> Sequence[QuestionRow]:
    return rows(town, QuestionRow)


def inbox(town: Town) -> Sequence[Inbox]:
    return rows(town, Inbox)


def rows(town: Town, table: Any) -> Sequence[Any]:
    with reading(town.engine) as session:
        return session.exec(select(table).order_by(table.id)).all()


def price(town: Town, product: str, market: str = "KITA") -> int | None:
    with reading(town.engine) as session:
        return session.exec(
            select(QuoteRow.value)
            .where(QuoteRow.product == product, QuoteRow.market == market)
            .order_by(col(QuoteRow.fair_on).desc())
        ).first()


def habits(town: Town, phone: str) -> dict[str, Any]:
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(phone))
        assert contact is not None
        return dict(
            session.exec(select(Reporter.habits).where(Reporter.contact_id == contact.id)).one()
        )
