"""Which messages are due now, and in which order: one's own first, then runs by age."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select, literal
from sqlmodel import Session, col, or_, select

from service.people.tables import Contact, Subscriber
from service.sms.outbox.circuits import Way
from service.sms.outbox.limits import REPLIES, Limits
from service.sms.outbox.states import State
from service.sms.tables import Delivery, Run

LOOK = 100
"""Rows looked at in one go: a few batches, so that held-back rows do not hide the next ones."""

QUEUED = literal(State.QUEUED.value, literal_execute=True)
"""Written into the SQL itself: a partial index is not used for a bound parameter."""


@dataclass(frozen=True, slots=True)
class DueRow:
    """A due delivery with what decides about it: the columns of `_due`, in order."""

    id: int
    run_id: int | None
    contact_id: int
    text_id: int
    kind: str
    segments: int
    attempts: int
    not_after: datetime
    sealed: bytes
    stopped_at: datetime | None
    consented: bool | None


def look(
    session: Session, now: datetime, limits: Limits, prefixes: frozenset[str] | None
) -> list[DueRow]:
    """The next rows that are due: messages of their own first, then the oldest run with any."""
    return next((rows for rows in _queues(session, now, limits, prefixes) if rows), [])


def _queues(
    session: Session, now: datetime, limits: Limits, prefixes: frozenset[str] | None
) -> Iterator[list[DueRow]]:
    quiet = limits.is_quiet(now)
    single = _due(now, col(Delivery.run_id).is_(None), prefixes)
    if quiet:
        single = single.where(col(Delivery.kind).in_(REPLIES))
    order = (col(Delivery.priority), col(Delivery.not_before), col(Delivery.id))
    yield [DueRow(*found) for found in session.execute(single.order_by(*order))]
    for run_id in () if quiet else running(session, now):
        mine = _due(now, col(Delivery.run_id) == run_id, prefixes)
        yield [DueRow(*found) for found in session.execute(mine.order_by(col(Delivery.id)))]


def _due(
    now: datetime, whose: ColumnElement[bool], prefixes: frozenset[str] | None
) -> Select[*tuple[Any, ...]]:
    found = (
        sqlalchemy.select(
            col(Delivery.id),
            col(Delivery.run_id),
            col(Delivery.contact_id),
            col(Delivery.text_id),
            col(Delivery.kind),
            col(Delivery.segments),
            col(Delivery.attempts),
            col(Delivery.not_after),
            col(Contact.sealed),
            col(Contact.stopped_at),
            col(Subscriber.consented),
        )
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .outerjoin(Subscriber, col(Subscriber.contact_id) == col(Delivery.contact_id))
        .where(whose, col(Delivery.state) == QUEUED, col(Delivery.not_before) <= now)
        .limit(LOOK)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    return found if prefixes is None else found.where(col(Contact.prefix).in_(prefixes))


def running(session: Session, now: datetime) -> Sequence[int]:
    """Runs that may send, oldest first: a paused or cancelled one is not even looked at."""
    live = or_(col(Run.not_after).is_(None), col(Run.not_after) > now)
    found = (
        select(Run.id).where(Run.state == "running", live).order_by(col(Run.due_at), col(Run.id))
    )
    return [run_id for run_id in session.exec(found) if run_id is not None]


def served(ways: Mapping[str, Way], limits: Limits) -> frozenset[str]:
    """Operator prefixes that some open gateway may serve; foreign numbers are always let in."""
    heads = [f"{number:02}" for number in range(100)]
    narrow = {
        target.removeprefix("+223")[:2] for target in limits.routes if target[:1] in "+0123456789"
    }
    reach = {head for head in heads if not ways.keys().isdisjoint(limits.ways(f"+223{head}"))}
    return frozenset(reach | narrow | {"20", "21", ""})
