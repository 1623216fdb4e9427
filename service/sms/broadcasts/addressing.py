"""A run's people, slice by slice: a row for everybody, in short transactions.

A slice begins after the last person who has a row, which the rows themselves tell: a crash
between two slices leaves nothing to remember, and (run, person) is unique. Messages of the first
slice leave while the next are made, and whoever else must write waits for one slice at most.
"""

from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import func, literal
from sqlmodel import Session, col, select

from service.sms import outbox
from service.sms.broadcasts import audience
from service.sms.broadcasts.editions import language_of
from service.sms.outbox.limits import Limits
from service.sms.outbox.states import State
from service.sms.refused import Refused
from service.sms.tables import Delivery, MessageText, Run, RunText
from service.sms.upsert import insert_rows, instant

FIRST = 2_000
"""Rows made with the run itself: enough to send while the others follow."""
SLICE = 10_000
"""Rows made in one transaction afterwards: three hundredths of a second that a report may have to
wait. Smaller ones cost more than they spare: a million in 2,000s takes twice as long."""


def go_on(session: Session, now: datetime, limits: Limits) -> tuple[int, int] | None:
    """The next slice of the oldest run that still has people without a row: the run and how many
    it gave one; None when every run is whole. A paused run is filled too: nobody sends it."""
    waiting = (
        select(Run)
        .where(col(Run.state).in_(("running", "paused")), col(Run.addressed_at).is_(None))
        .order_by(col(Run.id))
        .limit(1)
        .with_for_update()
    )
    run = session.exec(waiting).first()
    if run is None or run.id is None:
        return None
    return run.id, address(session, run, now, limits, SLICE)


def address(session: Session, run: Run, now: datetime, limits: Limits, limit: int) -> int:
    """Give the next `limit` people a row in one statement; how many there were. Fewer than that
    are the last: the run is then whole."""
    made = _insert(session, run, now, limits, limit)
    run.total += made
    if made < limit:
        run.addressed_at = now
    session.add(run)
    session.flush()
    return made


def _insert(session: Session, run: Run, now: datetime, limits: Limits, limit: int) -> int:
    people = _people(run, _last(session, run))
    words = _words(run)
    place = people.c[run.scope] if run.scope else literal("")
    values: dict[str, Any] = {
        "run_id": literal(run.id),
        "contact_id": people.c.contact_id,
        "text_id": words.c.text_id,
        "kind": literal("broadcast"),
        "priority": literal(outbox.USUAL),
        "state": literal(State.QUEUED.value),
        "rank": literal(0),
        "segments": words.c.segments,
        "not_before": instant(limits.wakes(now)),
        "not_after": instant(run.not_after),
        "attempts": literal(0),
        "fence": literal(0),
        "created_at": instant(now),
    }
    rows = (
        sqlalchemy.select(*values.values())
        .join_from(people, words, (words.c.language == people.c.speaks) & (words.c.place == place))
        .order_by(people.c.contact_id)
        .limit(limit)
    )
    return insert_rows(session, Delivery, values, rows)


def _last(session: Session, run: Run) -> int:
    """The last person who has a row; 0 before the first."""
    last = select(func.max(Delivery.contact_id)).where(Delivery.run_id == run.id)
    return session.exec(last).one() or 0


def _people(run: Run, after: int) -> sqlalchemy.Subquery:
    """Whom the broadcast was meant for when it was fired, and who is still reachable."""
    chosen = audience.read(run.audience)
    if not isinstance(chosen, Refused):
        return audience.people(chosen, after).add_columns(language_of().label("speaks")).subquery()
    raise ValueError(f"run {run.id} keeps an audience nobody can read")


def _words(run: Run) -> sqlalchemy.Subquery:
    return (
        sqlalchemy.select(
            col(RunText.language),
            col(RunText.place),
            col(RunText.text_id),
            col(MessageText.segments),
        )
        .join(MessageText, col(MessageText.id) == col(RunText.text_id))
        .where(col(RunText.run_id) == run.id)
        .subquery()
    )
