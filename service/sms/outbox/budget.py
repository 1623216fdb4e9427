"""Money is reserved before it is spent, in the transaction that takes the messages.

A scope (`day:2026-11-25`, `month:2026-11`, `run:7`) holds the segments used. Its rows are
locked in the order of their names, so that ten workers can neither pass a cap together nor
wait for each other in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, tuple_, update
from sqlmodel import Session, col, select

from service.db import table_of, upsert
from service.sms.outbox.limits import Limits
from service.sms.tables import Budget, PersonDay


def scopes(limits: Limits, run_id: int | None, at: datetime) -> dict[str, int]:
    """The caps that hold for a message sent at `at`, by scope."""
    today = limits.today(at)
    caps = {f"day:{today}": limits.day, f"month:{today:%Y-%m}": limits.month}
    return caps if run_id is None else caps | {f"run:{run_id}": limits.run}


def room(session: Session, caps: Mapping[str, int]) -> dict[str, int]:
    """Segments left in each scope, never below 0; the scopes stay locked until the commit."""
    rows = [{"scope": scope, "used": 0} for scope in sorted(caps)]
    session.execute(upsert(session, Budget).values(rows).on_conflict_do_nothing())
    locked = (
        select(Budget.scope, Budget.used)
        .where(col(Budget.scope).in_(caps))
        .order_by(Budget.scope)
        .with_for_update()
    )
    return {scope: max(caps[scope] - used, 0) for scope, used in session.exec(locked)}


def left(session: Session, caps: Mapping[str, int]) -> dict[str, int]:
    """Segments left in each scope as they stand, locking nothing: for people to look at."""
    found = session.exec(select(Budget.scope, Budget.used).where(col(Budget.scope).in_(caps)))
    used = dict(found.all())
    return {scope: max(cap - used.get(scope, 0), 0) for scope, cap in caps.items()}


def move(session: Session, changes: Mapping[str, int]) -> None:
    """Add segments to scopes (negative gives them back), in the order of their names."""
    rows = [{"b_scope": scope, "b_n": n} for scope, n in sorted(changes.items()) if n]
    if rows:
        change = (
            update(Budget)
            .where(col(Budget.scope) == bindparam("b_scope"))
            .values(used=col(Budget.used) + bindparam("b_n"))
        )
        session.connection().execute(change, rows)


def admit(session: Session, contacts: Sequence[int], day: date, cap: int) -> set[int]:
    """Count one pushed message for each contact, and tell which were still below the cap."""
    return _count(session, contacts, day, "pushed", cap)


def admit_reply(session: Session, contact_id: int, day: date, cap: int) -> bool:
    """Count one reply, unless the number already had `cap` of them today."""
    return bool(_count(session, [contact_id], day, "replied", cap))


def take_back(session: Session, contacts: Iterable[int], day: date) -> None:
    """A pushed message was not sent after all: it does not count."""
    keys = [(contact, day) for contact in sorted(set(contacts))]
    if keys:
        session.execute(
            update(PersonDay)
            .where(tuple_(col(PersonDay.contact_id), col(PersonDay.day)).in_(keys))
            .where(col(PersonDay.pushed) > 0)
            .values(pushed=col(PersonDay.pushed) - 1)
            .execution_options(synchronize_session=False)
        )


def _count(session: Session, contacts: Sequence[int], day: date, what: str, cap: int) -> set[int]:
    if not contacts or cap <= 0:
        return set()
    rows = [
        {"contact_id": contact, "day": day, "pushed": 0, "replied": 0} | {what: 1}
        for contact in sorted(set(contacts))
    ]
    table = table_of(PersonDay)
    counted = upsert(session, table).on_conflict_do_update(
        index_elements=["contact_id", "day"],
        set_={what: table.c[what] + 1},
        where=table.c[what] < cap,
    )
    admitted = session.connection().execute(counted.returning(table.c.contact_id), rows)
    return set(admitted.scalars())
