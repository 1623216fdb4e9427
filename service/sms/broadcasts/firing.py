"""Making a run: its slot, its words, and rows for the first of its people.

Any number of processes may call `fire_due` together. The slot is unique in the database, and the
next slot is written in the same transaction: a crash anywhere leaves all of it or nothing. The
rest of the people get their rows afterwards, slice by slice (`addressing`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlmodel import Session, col, select

from service.db import upsert
from service.sms import outbox
from service.sms.broadcasts.addressing import FIRST, address
from service.sms.broadcasts.editions import (
    FRESH_FOR,
    PRICE_FOR,
    Edition,
    Press,
    Sheet,
    edition_of,
    next_due,
)
from service.sms.broadcasts.filling import Carried
from service.sms.outbox.limits import Limits
from service.sms.tables import Broadcast, Run, RunPrice, RunText, stored

GRACE = timedelta(hours=2)
"""A slot this late is missed, and said to be: an old bulletin is not sent after an outage."""
AT_ONCE = 20
"""Broadcasts fired in one transaction."""
SLOTS = 400
"""Slots passed over in one go after a long absence."""


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of a slot; `total` are the people who have a row so far."""

    run_id: int
    state: str
    total: int = 0
    reason: str = ""


def fire_due(session: Session, now: datetime, press: Press, limit: int = AT_ONCE) -> list[Fired]:
    """Fire broadcasts whose time has come, oldest first; those of others at work are left to
    them, and what is more than `limit` to the next tick."""
    due = (
        select(Broadcast)
        .where(
            col(Broadcast.next_due) <= now,
            col(Broadcast.state).in_(("scheduled", "running")),
        )
        .order_by(col(Broadcast.next_due))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        fired
        for found in session.exec(due).all()
        for fired in _catch_up(session, found, now, press)
    ]


def fire(
    session: Session, broadcast: Broadcast, due: datetime, now: datetime, press: Press
) -> Fired | None:
    """Make the run of one slot with its first deliveries; None when the slot already has one."""
    following = next_due(session, broadcast, max(due, now), press)
    made = edition_of(session, broadcast, now, press)
    sheets = made.sendable(needs_fresh=broadcast.needs_fresh)
    limit = _not_after(made, due, following, press.limits)
    if not sheets:
        return _record(session, broadcast, due, now, "skipped", "no fresh price")
    if limit <= now:
        return _record(session, broadcast, due, now, "skipped", "prices too old")
    fired = _record(session, broadcast, due, now, "running", _left_out(made, sheets), limit)
    if fired is None:
        return None
    _print(session, fired.run_id, sheets, made)
    run = session.get_one(Run, fired.run_id)
    run.audience, run.scope = dict(broadcast.audience), made.scope
    return Fired(fired.run_id, "running", address(session, run, now, press.limits, FIRST))


# --- rows -------------------------------------------------------------------------------------


def _catch_up(
    session: Session, broadcast: Broadcast, now: datetime, press: Press
) -> Iterator[Fired]:
    """Fire the newest slot that is due; older ones, and one that is too late, are missed."""
    for _ in range(SLOTS):
        due = broadcast.next_due
        if due is None or due > now:
            break
        following = next_due(session, broadcast, due, press)
        overtaken = following is not None and following <= now
        fired = (
            _record(session, broadcast, due, now, "missed", "too late")
            if overtaken or now - due > GRACE
            else fire(session, broadcast, due, now, press)
        )
        broadcast.next_due = following
        broadcast.state = "scheduled" if following else "running"
        session.add(broadcast)
        session.flush()
        if fired:
            yield fired
    _close(session, broadcast)


def _close(session: Session, broadcast: Broadcast) -> None:
    """A broadcast whose only slot made no deliveries has nothing more to do."""
    live = select(Run.id).where(Run.broadcast_id == broadcast.id, Run.state == "running")
    if broadcast.state == "running" and session.exec(live.limit(1)).first() is None:
        broadcast.state = "finished"
        session.add(broadcast)
        session.flush()


def _record(
    session: Session,
    broadcast: Broadcast,
    due: datetime,
    now: datetime,
    state: str,
    reason: str,
    not_after: datetime | None = None,
) -> Fired | None:
    """The run's own row, unless another clock has made it."""
    made = session.execute(
        upsert(session, Run)
        .values(
            broadcast_id=broadcast.id,
            due_at=due,
            kind="slot",
            subject="",
            state=state,
            reason=reason[:80],
            total=0,
            scope="",
            not_after=not_after,
            created_at=now,
            finished_at=None if state == "running" else now,
        )
        .on_conflict_do_nothing()
        .returning(col(Run.id))
    ).scalar()
    return None if made is None else Fired(made, state, 0, reason)


def _not_after(
    made: Edition, due: datetime, following: datetime | None, limits: Limits
) -> datetime:
    """A late price is worse than none (`reliability.md` 3.4). The three hours start when the
    quiet ones end."""
    ends = [limits.wakes(due) + FRESH_FOR]
    if made.priced:
        ends.append(made.as_of + PRICE_FOR)
    if following is not None:
        ends.append(following)
    return min(ends)


def _left_out(made: Edition, sheets: Sequence[Sheet]) -> str:
    gone = sorted({each.place for each in made.sheets} - {each.place for each in sheets})
    return f"no fresh price: {', '.join(gone)}" if gone else ""


def _print(session: Session, run_id: int, sheets: Sequence[Sheet], made: Edition) -> None:
    """Keep each text once, who reads it, and the prices it tells: three statements in all."""
    kept = {(sheet.text, sheet.prices): sheet for sheet in sheets}
    texts = {key: outbox.wired(sheet.text, sheet.language) for key, sheet in kept.items()}
    session.add_all(texts.values())
    session.flush()
    ids = {key: stored(text.id) for key, text in texts.items()}
    readers = [
        {
            "run_id": run_id,
            "language": sheet.language,
            "place": sheet.place,
            "text_id": ids[sheet.text, sheet.prices],
        }
        for sheet in sheets
    ]
    session.execute(insert(RunText), readers)
    prices = [
        _told(run_id, ids[key], price, made.as_of)
        for key, sheet in kept.items()
        for price in sheet.prices
    ]
    if prices:
        session.execute(insert(RunPrice), prices)


def _told(run_id: int, text_id: int, price: Carried, at: datetime) -> dict[str, object]:
    return {
        "text_id": text_id,
        "product": price.product,
        "market": price.market,
        "run_id": run_id,
        "unit": price.unit,
        "fair_on": price.fair_on,
        "value": price.value,
        "sent_at": at,
    }
