"""One due slot of a broadcast as staff follow it: counts, progress, people, second tries.

A retry never touches the run it follows: it is a run of its own, for those people only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, func, literal
from sqlmodel import Session, col, select

from service.people.tables import Contact
from service.sms.broadcasts.editions import FRESH_FOR, PRICE_FOR
from service.sms.broadcasts.tallies import Tallies, counts
from service.sms.outbox.limits import Limits
from service.sms.outbox.settle import UNREACHABLE
from service.sms.outbox.states import State, shown
from service.sms.refused import Refused
from service.sms.tables import Broadcast, Delivery, Run, RunPrice, stored
from service.sms.upsert import insert_rows, instant

STUCK = timedelta(minutes=2)
"""Without progress for this long, somebody should look."""
NO_REPORT = timedelta(hours=24)
"""An accepted message without a report after this long is counted apart."""
RETRIES = 3
"""Second tries of one run: what three did not reach is out of reach."""
TRANSIENT = (
    UNREACHABLE, "absentsubscriber", "expired", "deliveryfailure", "userisinactive",
    "internalservererror", "gatewayerror", "rejectedbygateway", "500", "501", "502",
)  # fmt: skip
"""Reasons, in small letters, that may be gone at the next try."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`rate` is messages per second, `left` seconds; both None before anything was sent.
    `no_report` are accepted messages whose report is overdue."""

    counts: Mapping[str, int]
    total: int
    rate: float | None
    left: float | None
    stuck: bool
    no_report: int


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient of a run; the phone is still sealed. `cursor` goes on after this line."""

    cursor: int
    id: int
    contact_id: int
    sealed: bytes
    state: str
    reason: str | None
    provider_id: str | None
    segments: int
    cost: float | None
    currency: str | None
    attempts: int
    gateway: str | None
    sending_at: datetime | None
    final_at: datetime | None


def progress(
    session: Session, run: Run, now: datetime, limits: Limits, tallies: Tallies | None = None
) -> Progress:
    """Where a run stands; `tallies` are those of the process that asks again and again."""
    found = (tallies or Tallies()).counts(session, run)
    waiting = found[State.QUEUED] + found[State.SENDING]
    gone = found[State.SUPPRESSED] + found[State.EXPIRED] + found[State.CANCELLED]
    handled = run.total - waiting - gone
    since = limits.wakes(run.created_at)
    last = run.progressed_at or since
    seconds = max((last - since).total_seconds(), 1.0)
    rate = handled / seconds if handled else None
    moving = run.state == "running" and waiting > 0 and not limits.is_quiet(now)
    return Progress(
        found,
        run.total,
        rate,
        waiting / rate if rate else None,
        stuck=moving and now - max(last, since) > STUCK,
        no_report=_no_report(session, run, now) if found[State.ACCEPTED] else 0,
    )


def recipients(
    session: Session, run_id: int, *, state: str | None = None, after: int = 0, limit: int = 100
) -> list[Line]:
    """A page of a run's people. `state` is one as staff see it."""
    if state is None:
        return _page(session, run_id, col(Delivery.contact_id), after, limit)
    pages = [_page(session, run_id, col(Delivery.id), after, limit, kept) for kept in _kept(state)]
    return sorted((line for page in pages for line in page), key=lambda each: each.cursor)[:limit]


def retry_failed(session: Session, run_id: int, now: datetime, limits: Limits) -> Run | Refused:
    """Try again those who failed for a passing reason, as a run of its own."""
    reason = func.lower(func.coalesce(col(Delivery.reason), ""))
    failed = col(Delivery.state).in_((State.FAILED, State.REJECTED)) & reason.in_(TRANSIENT)
    return _again(session, run_id, "retry", failed, now, limits)


def resend_unknown(session: Session, run_id: int, now: datetime, limits: Limits) -> Run | Refused:
    """Send again what may have been sent: an approver's decision. The new run's total is the
    most duplicates there can be."""
    unknown = col(Delivery.state) == State.UNKNOWN
    return _again(session, run_id, "resend", unknown, now, limits)


def unknown(session: Session, run_id: int) -> int:
    """How many `resend_unknown` would send again at most."""
    return counts(session, run_id)[State.UNKNOWN]


# --- second tries -----------------------------------------------------------------------------

_TRIED_ENOUGH = Refused(
    "retries",
    f"This run has been tried {RETRIES} times again already.",
    f"Cet envoi a déjà été réessayé {RETRIES} fois.",
)
_TOO_OLD = Refused(
    "late",
    "The prices of this run are too old to be sent now.",
    "Les prix de cet envoi sont trop vieux pour partir.",
)
_NOBODY_LEFT = Refused(
    "nobody", "Nobody is left to try again.", "Il ne reste personne à réessayer."
)


def _again(
    session: Session,
    run_id: int,
    kind: str,
    which: ColumnElement[bool],
    now: datetime,
    limits: Limits,
) -> Run | Refused:
    first = _root(session, run_id)
    family = [stored(first.id), *_children(session, first)]
    if len([each for each in family if each != first.id]) >= RETRIES:
        return _TRIED_ENOUGH
    end = _end(session, first, now, limits)
    if end <= limits.wakes(now):
        return _TOO_OLD
    again = Run(
        broadcast_id=first.broadcast_id,
        due_at=now,
        kind=kind,
        subject=str(len(family)),
        parent_id=first.id,
        addressed_at=now,
        not_after=end,
        created_at=now,
    )
    session.add(again)
    session.flush()
    again.total = _copy(session, again, family, which, now, limits)
    if not again.total:
        session.delete(again)
        session.flush()
        return _NOBODY_LEFT
    session.add(again)
    _reopen(session, first.broadcast_id)
    return again


def _root(session: Session, run_id: int) -> Run:
    """The run of the slot itself, locked: two retries at once would reach people twice."""
    run = session.get_one(Run, run_id)
    return session.get_one(Run, run.parent_id or run_id, with_for_update=True)


def _children(session: Session, first: Run) -> Sequence[int]:
    found = select(Run.id).where(Run.parent_id == first.id, col(Run.kind).in_(("retry", "resend")))
    return [stored(run_id) for run_id in session.exec(found)]


def _end(session: Session, first: Run, now: datetime, limits: Limits) -> datetime:
    priced = select(RunPrice.sent_at).where(RunPrice.run_id == first.id).limit(1)
    as_of = session.exec(priced).first()
    end = limits.wakes(now) + FRESH_FOR
    return min(end, as_of + PRICE_FOR) if as_of else end


def _copy(
    session: Session,
    again: Run,
    family: Sequence[int],
    which: ColumnElement[bool],
    now: datetime,
    limits: Limits,
) -> int:
    """A new row for each person whose newest try is such, and who was never reached."""
    newest = (
        sqlalchemy.select(func.max(col(Delivery.id)))
        .where(col(Delivery.run_id).in_(family))
        .group_by(col(Delivery.contact_id))
    )
    reached = sqlalchemy.select(col(Delivery.contact_id)).where(
        col(Delivery.run_id).in_(family),
        col(Delivery.state).in_((State.DELIVERED, State.ACCEPTED, State.SENT)),
    )
    values: dict[str, Any] = {
        "run_id": literal(again.id),
        "contact_id": col(Delivery.contact_id),
        "text_id": col(Delivery.text_id),
        "kind": col(Delivery.kind),
        "priority": col(Delivery.priority),
        "state": literal(State.QUEUED.value),
        "rank": literal(0),
        "segments": col(Delivery.segments),
        "not_before": instant(limits.wakes(now)),
        "not_after": instant(again.not_after),
        "attempts": literal(0),
        "fence": literal(0),
        "created_at": instant(now),
    }
    rows = sqlalchemy.select(*values.values()).where(
        col(Delivery.id).in_(newest), which, col(Delivery.contact_id).not_in(reached)
    )
    return insert_rows(session, Delivery, values, rows)


def _reopen(session: Session, broadcast_id: int) -> None:
    broadcast = session.get_one(Broadcast, broadcast_id)
    if broadcast.state == "finished":
        broadcast.state = "running"
        session.add(broadcast)
    session.flush()


# --- lists ------------------------------------------------------------------------------------

_LINE = (
    col(Delivery.id), col(Delivery.contact_id), col(Contact.sealed), col(Delivery.state),
    col(Delivery.reason), col(Delivery.provider_id), col(Delivery.segments), col(Delivery.cost),
    col(Delivery.currency), col(Delivery.attempts), col(Delivery.gateway),
    col(Delivery.sending_at), col(Delivery.final_at),
)  # fmt: skip


def _page(
    session: Session,
    run_id: int,
    key: sqlalchemy.SQLColumnExpression[Any],
    after: int,
    limit: int,
    state: str | None = None,
) -> list[Line]:
    """Lines in the order of `key`, straight from an index however large the run is."""
    found = (
        sqlalchemy.select(key, *_LINE)
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Delivery.run_id) == run_id, key > after)
        .order_by(key)
        .limit(limit)
    )
    if state is not None:
        found = found.where(col(Delivery.state) == state)
    return [_line(row) for row in session.execute(found)]


def _line(row: Sequence[Any]) -> Line:
    cursor, row_id, contact_id, sealed, state, *rest = row
    return Line(cursor, row_id, contact_id, sealed, shown(state), *rest)


def _kept(state: str) -> list[str]:
    """The states kept under one that staff see."""
    return [str(each) for each in State if shown(each) == state]


def _no_report(session: Session, run: Run, now: datetime) -> int:
    if now - run.created_at < NO_REPORT:
        return 0
    silent = select(func.count()).where(
        Delivery.run_id == run.id,
        col(Delivery.state).in_((State.ACCEPTED, State.SENT)),
        col(Delivery.accepted_at) < now - NO_REPORT,
    )
    return session.exec(silent).one()
