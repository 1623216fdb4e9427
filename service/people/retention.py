"""What is kept for a time only, whatever room it stands in (Loi 2013-015: no longer than needed).

Upper floors' tables are known to the metadata, not to this module. `docs/privacy.md` says the same
in words; `sms.retention` knows the messages, which are blanked rather than dropped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, select, tuple_
from sqlmodel import Session, SQLModel


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` go when `column` is `after` ago."""

    table: str
    column: str
    after: timedelta


RULES = (
    # A dropped session is offered again for ten minutes; the rest is for complaints.
    Rule("ussd_session", "seen_at", timedelta(days=30)),
    # Kept as long as a session can come back, or what it did could be done again.
    Rule("ussd_effect", "at", timedelta(days=31)),
    Rule("replay", "at", timedelta(days=7)),
    Rule("staff_session", "expires_at", timedelta(days=1)),
    Rule("login_failure", "last_at", timedelta(days=1)),
    # A season: whether the same phones call every price wrong.
    Rule("dispute", "at", timedelta(days=180)),
)
PIECE = 5_000
"""Rows dropped of one table in one transaction; the region's dials of a day are ten of them."""


def forget(session: Session, now: datetime) -> int:
    """Drop one piece of everything that is old; how many rows it was."""
    tables = SQLModel.metadata.tables
    known = [(rule, tables[rule.table]) for rule in RULES if rule.table in tables]
    return sum(_drop(session, table, rule, now) for rule, table in known)


def _drop(session: Session, table: Table, rule: Rule, now: datetime) -> int:
    keys = list(table.primary_key.columns)
    old = select(*keys).where(table.c[rule.column] < now - rule.after).limit(PIECE)
    rows = [tuple(row) for row in session.execute(old)]
    if rows:
        session.execute(delete(table).where(tuple_(*keys).in_(rows)))
    return len(rows)
