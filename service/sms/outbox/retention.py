"""What the outbox forgets, and when (Loi 2013-015: no longer than it is needed).

Each call forgets a bounded piece; a run of the worker's clock calls it until nothing is left.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from service.sms.outbox.limits import Limits
from service.sms.tables import (
    Budget,
    Delivery,
    DeliveryEvent,
    Exchange,
    ExchangeDelivery,
    Inbox,
    MessageText,
    PersonDay,
    RunPrice,
    RunText,
)

EXCHANGES = timedelta(days=30)
"""Raw exchanges with carriers: long enough to explain a complaint."""
INBOX = timedelta(days=180)
"""Texts people sent us; the reports made from them stay."""
DELIVERIES = timedelta(days=400)
"""A year and a season, for the donor's report; after it the carriers' ids are gone too."""
PERSON_DAYS = timedelta(days=40)
ORPHANS = timedelta(days=30)
"""Reports that never found their message."""
PIECE = 2_000
SINGLES = 500
"""Single messages at a time: none of their texts is in an index of its own."""


def forget(session: Session, now: datetime, limits: Limits) -> int:
    """Forget one piece of everything that is old; how many rows it was."""
    return (
        _drop_events(session, now)
        + _blank_inbox(session, now)
        + _blank_deliveries(session, now)
        + _drop_singles(session, now)
        + _drop_days(session, now, limits)
    )


def forget_exchanges(session: Session, now: datetime) -> int:
    """Drop one piece of the old exchanges; there may be one for every report of a broadcast, so
    that this is done more often than the rest."""
    old = select(Exchange.id).where(Exchange.at < now - EXCHANGES).limit(PIECE)
    ids = session.exec(old).all()
    links = delete(ExchangeDelivery).where(col(ExchangeDelivery.exchange_id).in_(ids))
    session.execute(links)
    session.execute(delete(Exchange).where(col(Exchange.id).in_(ids)))
    return len(ids)


def _drop_events(session: Session, now: datetime) -> int:
    """Reports come in the order of their ids: the first ones are the oldest."""
    first = select(DeliveryEvent).order_by(col(DeliveryEvent.id)).limit(PIECE)
    old = [event.id for event in session.exec(first) if _is_old(event, now)]
    session.execute(delete(DeliveryEvent).where(col(DeliveryEvent.id).in_(old)))
    return len(old)


def _is_old(event: DeliveryEvent, now: datetime) -> bool:
    return event.at < now - (ORPHANS if event.delivery_id is None else DELIVERIES)


def _blank_inbox(session: Session, now: datetime) -> int:
    old = select(Inbox.id).where(Inbox.received_at < now - INBOX, Inbox.text != "").limit(PIECE)
    ids = session.exec(old).all()
    session.execute(
        update(Inbox)
        .where(col(Inbox.id).in_(ids))
        .values(text="", sender="")
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def _blank_deliveries(session: Session, now: datetime) -> int:
    """What is left names nobody: the phone is in `contact` alone."""
    old = (
        select(Delivery.id)
        .where(Delivery.created_at < now - DELIVERIES, col(Delivery.provider_id).is_not(None))
        .order_by(col(Delivery.id))
        .limit(PIECE)
    )
    ids = session.exec(old).all()
    session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_(ids))
        .values(provider_id=None)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def _drop_singles(session: Session, now: datetime) -> int:
    """Replies, questions, alerts: nobody counts them after a year, and their words go with them.
    What a run sent stays, for the donor's report; it names nobody by itself."""
    reported = select(DeliveryEvent.delivery_id).where(col(DeliveryEvent.delivery_id).is_not(None))
    old = (
        select(Delivery.id, Delivery.text_id)
        .where(Delivery.created_at < now - DELIVERIES, col(Delivery.run_id).is_(None))
        .where(col(Delivery.id).not_in(reported))
        .limit(SINGLES)
    )
    rows = session.exec(old).all()
    if rows:
        session.execute(delete(Delivery).where(col(Delivery.id).in_([row for row, _ in rows])))
        _drop_words(session, {text for _, text in rows})
    return len(rows)


def _drop_words(session: Session, texts: set[int]) -> None:
    """Words that no message carries any more."""
    used = set(session.exec(select(Delivery.text_id).where(col(Delivery.text_id).in_(texts))))
    used |= set(session.exec(select(RunText.text_id).where(col(RunText.text_id).in_(texts))))
    used |= set(session.exec(select(RunPrice.text_id).where(col(RunPrice.text_id).in_(texts))))
    session.execute(delete(MessageText).where(col(MessageText.id).in_(texts - used)))


def _drop_days(session: Session, now: datetime, limits: Limits) -> int:
    before = limits.today(now - PERSON_DAYS)
    people = session.execute(delete(PersonDay).where(col(PersonDay.day) < before))
    days = session.execute(
        delete(Budget).where(
            col(Budget.scope).like("day:%"), col(Budget.scope) < f"day:{before:%Y-%m-%d}"
        )
    )
    return int(getattr(people, "rowcount", 0)) + int(getattr(days, "rowcount", 0))
