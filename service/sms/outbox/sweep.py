"""What time itself does to the outbox: messages get old, runs end, unknowns become final.

Each function does a bounded piece and says how much, so that a million rows never hold the
database for longer than a blink.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, literal, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from service.sms.outbox.deliveries import AFTER
from service.sms.outbox.due import QUEUED
from service.sms.outbox.settle import SENDING
from service.sms.outbox.states import RANK, State
from service.sms.tables import Broadcast, Delivery, Run, stored

PIECE = 5_000
"""Rows changed in one transaction: about a tenth of a second."""
WATCHED = 50
"""Results of a run before its failures mean anything."""
FAILING = 0.5
"""Share of failures that pauses a run: rather a silent gateway than a thousand lost texts."""


def expire(session: Session, now: datetime, limit: int = PIECE) -> int:
    """Queued messages whose time is over: a late price is worse than none."""
    single = select(Delivery.id).where(
        col(Delivery.state) == QUEUED, col(Delivery.run_id).is_(None), Delivery.not_after <= now
    )
    done = _finish(session, single.limit(limit), State.EXPIRED, "late", now)
    late = select(Run.id).where(
        col(Run.state).in_(("running", "paused")), col(Run.not_after) <= now
    )
    for run_id in session.exec(late).all():
        if done < limit:
            done += _empty(session, stored(run_id), State.EXPIRED, "late", now, limit - done)
    return done


def clear_cancelled(session: Session, now: datetime, limit: int = PIECE) -> int:
    """Rows still queued in cancelled runs; nobody takes them, but they should say so."""
    left = (
        select(Run.id)
        .where(Run.state == "cancelled")
        .where(exists().where(col(Delivery.run_id) == col(Run.id), col(Delivery.state) == QUEUED))
    )
    done = 0
    for run_id in session.exec(left).all():
        if done < limit:
            done += cancel_rows(session, stored(run_id), now, limit - done)
    return done


def cancel_rows(session: Session, run_id: int, now: datetime, limit: int = PIECE) -> int:
    return _empty(session, run_id, State.CANCELLED, "cancelled", now, limit)


def finish_runs(session: Session, now: datetime) -> int:
    """Runs with nothing left to send are finished, and so is a broadcast without a next one."""
    waiting = exists().where(
        col(Delivery.run_id) == col(Run.id),
        or_(col(Delivery.state) == QUEUED, col(Delivery.state) == SENDING),
    )
    done = session.exec(
        select(Run)
        .where(Run.state == "running", col(Run.addressed_at).is_not(None), ~waiting)
        .with_for_update(skip_locked=True)
    ).all()
    for run in done:
        run.state, run.finished_at = "finished", now
        session.add(run)
    session.flush()
    for broadcast_id in {run.broadcast_id for run in done}:
        _finish_broadcast(session, broadcast_id)
    return len(done)


def disarm(session: Session, now: datetime) -> dict[str, int]:
    """After a restore: what the copy still holds may have been sent since. Nothing of it may
    be sent again, so leases become unknown and queues are expired; how many of each."""
    counts = {}
    for held, state in ((State.SENDING, State.UNKNOWN), (State.QUEUED, State.EXPIRED)):
        done = session.execute(
            update(Delivery)
            .where(col(Delivery.state) == held)
            .values(
                state=state.value,
                rank=RANK[state],
                reason="restored",
                owner=None,
                lease_until=None,
                final_at=None if state is State.UNKNOWN else now,
            )
            .returning(col(Delivery.id))
            .execution_options(synchronize_session=False)
        )
        counts[str(state)] = len(done.all())
    return counts


def close_unknowns(session: Session, now: datetime, limit: int = PIECE) -> int:
    """Unknown for longer than any report takes: final, and counted as what it is."""
    old = (
        select(Delivery.id)
        .where(
            col(Delivery.state) == _UNKNOWN,
            col(Delivery.final_at).is_(None),
            Delivery.not_after < now - AFTER,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = session.exec(old).all()
    session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_(ids))
        .values(final_at=now)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def pause_failing(session: Session) -> list[int]:
    """Pause the runs of which most messages fail; their ids, to tell staff."""
    bad = (col(Delivery.state) == State.FAILED) | (col(Delivery.state) == State.REJECTED)
    handled = func.count(col(Delivery.id))
    failing = (
        select(Delivery.run_id)
        .join(Run, col(Run.id) == col(Delivery.run_id))
        .where(
            Run.state == "running",
            Run.reason == "",
            col(Delivery.state).in_(_HANDLED),
        )
        .group_by(col(Delivery.run_id))
        .having(handled >= WATCHED, func.count(col(Delivery.id)).filter(bad) > FAILING * handled)
    )
    paused = [run_id for run_id in session.exec(failing) if run_id is not None]
    for run_id in paused:
        run = session.get_one(Run, run_id)
        run.state, run.reason = "paused", "failing"
        session.add(run)
    session.flush()
    return paused


_UNKNOWN = literal(State.UNKNOWN.value, literal_execute=True)
_HANDLED = (
    State.ACCEPTED, State.SENT, State.DELIVERED, State.FAILED, State.REJECTED, State.UNKNOWN,
)  # fmt: skip


def _empty(
    session: Session, run_id: int, state: State, reason: str, now: datetime, limit: int
) -> int:
    queued = select(Delivery.id).where(Delivery.run_id == run_id, col(Delivery.state) == QUEUED)
    return _finish(session, queued.limit(limit), state, reason, now)


def _finish(
    session: Session, rows: SelectOfScalar[Any], state: State, reason: str, now: datetime
) -> int:
    """Give a last state to at most as many queued rows as `rows` finds."""
    ids = session.exec(rows.with_for_update(skip_locked=True)).all()
    if not ids:
        return 0
    session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_(ids))
        .values(state=state.value, rank=RANK[state], reason=reason, final_at=now)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def _finish_broadcast(session: Session, broadcast_id: int) -> None:
    broadcast = session.get_one(Broadcast, broadcast_id)
    if broadcast.state == "running" and broadcast.next_due is None:
        broadcast.state = "finished"
        session.add(broadcast)
        session.flush()
