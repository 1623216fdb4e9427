"""One SMS sent to try a gateway, and what came back for it.

It is a delivery like any other, so that its report comes in by the door of all reports; but no
worker takes it, and it is tried once: what is not accepted has failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from service.people import store as people
from service.phone import Phone, Vault
from service.sms import outbox
from service.sms.conformity import Heard
from service.sms.gateway import Halt, NoteState, Sent
from service.sms.outbox import budget, settle
from service.sms.outbox.claim import LEASE, Batch, Taken
from service.sms.outbox.limits import Limits
from service.sms.outbox.states import RANK, State
from service.sms.tables import Delivery, DeliveryEvent, Exchange, ExchangeDelivery, stored

OWNER = "doctor"
SLACK = timedelta(seconds=5)
"""How far the clocks of two processes may be apart."""
MOST = 20
"""Requests of a carrier looked at; a trial has two or three."""
ENDS = (State.DELIVERED, State.FAILED, State.REJECTED)


def prepare(
    session: Session,
    vault: Vault,
    gateway: str,
    phone: Phone,
    words: str,
    now: datetime,
    limits: Limits,
) -> Batch:
    """A message on its way, leased to us, its segments taken from the budget."""
    contact_id = people.key(people.contact_for(session, vault, phone, now).id)
    text = outbox.write(session, words, "fr")
    row = Delivery(
        contact_id=contact_id,
        text_id=stored(text.id),
        kind="test",
        priority=0,
        state=State.SENDING.value,
        rank=RANK[State.SENDING],
        segments=text.segments,
        not_before=now,
        not_after=now + LEASE,
        gateway=gateway,
        attempts=1,
        owner=OWNER,
        lease_until=now + LEASE,
        fence=1,
        created_at=now,
        sending_at=now,
    )
    session.add(row)
    session.flush()
    caps = budget.scopes(limits, None, now)
    budget.room(session, caps)  # a trial is made even where the cap is spent, but it counts
    budget.move(session, dict.fromkeys(caps, text.segments))
    its = (stored(row.id), 1, contact_id, None, "test", phone, text.segments, row.not_after)
    return Batch(gateway, text.body, (Taken(*its),))


def conclude(
    session: Session, batch: Batch, answer: Sequence[Sent] | Halt, now: datetime, limits: Limits
) -> None:
    """Write down the answer. What would be tried again later has failed for good."""
    settle.settle(session, OWNER, batch, answer, now, limits, Random(0))  # noqa: S311 (no wait)
    row = session.get_one(Delivery, batch.rows[0].id)
    if row.state == State.QUEUED:
        row.state, row.rank, row.final_at = State.FAILED.value, RANK[State.FAILED], now
        session.add(row)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a trial so far. `requests` are the carrier's own, raw."""

    state: str
    reports: tuple[Heard, ...]
    requests: tuple[Exchange, ...]

    @property
    def over(self) -> bool:
        return any(report.final for report in self.reports)


def look(session: Session, batch: Batch) -> Found:
    """The message's state, and what its carrier has sent about it, or about nothing we know."""
    row = session.get_one(Delivery, batch.rows[0].id, populate_existing=True)
    events = session.exec(
        select(DeliveryEvent)
        .where(DeliveryEvent.gateway == batch.gateway, DeliveryEvent.at >= _since(row))
        .where(
            or_(
                col(DeliveryEvent.delivery_id) == row.id,
                col(DeliveryEvent.delivery_id).is_(None)
                & or_(
                    col(DeliveryEvent.contact_id) == row.contact_id,
                    col(DeliveryEvent.contact_id).is_(None),
                ),
            )
        )
        .order_by(col(DeliveryEvent.id))
        .limit(MOST)
    ).all()
    reports = tuple(_heard(row, event) for event in events)
    return Found(row.state, reports, tuple(_requests(session, row)))


def _heard(row: Delivery, event: DeliveryEvent) -> Heard:
    return Heard(
        word=event.word,
        state=event.state,
        ours=event.state != NoteState.UNKNOWN_WORD,
        matched=event.delivery_id == row.id and not event.guessed,
        provider_id=event.provider_id,
        reason=event.reason,
        after=max(0.0, (event.at - (row.sending_at or row.created_at)).total_seconds()),
        final=event.delivery_id == row.id and event.state in ENDS,
    )


def _requests(session: Session, row: Delivery) -> Sequence[Exchange]:
    """Requests about this message, and those that were about no message at all."""
    links = exists().where(col(ExchangeDelivery.exchange_id) == col(Exchange.id))
    mine = links.where(col(ExchangeDelivery.delivery_id) == row.id)
    return session.exec(
        select(Exchange)
        .where(
            Exchange.direction == "in",
            Exchange.gateway == row.gateway,
            Exchange.at >= _since(row),
            col(Exchange.inbox_id).is_(None),
            or_(mine, ~links),
        )
        .order_by(col(Exchange.id))
        .limit(MOST)
    ).all()


def _since(row: Delivery) -> datetime:
    return (row.sending_at or row.created_at) - SLACK
