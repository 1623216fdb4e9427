"""Reports that are asked about again: one in twenty, drawn so that nobody can tell which.

What the check finds enters the reporter's bias like the word of a colleague, and a check passed
earns a bonus (`method.md` 2.9).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from service.people.cards import COUNTED, Month
from service.people.store import key
from service.people.tables import CallBack
from service.prices.tables import ReportRow

ONE_IN = 20
"""5 % of a month's reports."""


def drawn(
    session: Session, month: Month, reporter: int | None = None
) -> Sequence[tuple[ReportRow, CallBack | None]]:
    """The month's reports to ask about again, and any other that was, with what was found."""
    query = (
        select(ReportRow, CallBack)
        .outerjoin(CallBack, col(CallBack.report_id) == col(ReportRow.id))
        .where(
            ReportRow.observed_on >= month.first,
            ReportRow.observed_on <= month.last,
            col(ReportRow.status).in_(COUNTED),
        )
        .order_by(col(ReportRow.id))
    )
    if reporter is not None:
        query = query.where(ReportRow.reporter_id == reporter)
    found: list[tuple[ReportRow, CallBack | None]] = list(session.exec(query))
    return [(row, done) for row, done in found if done is not None or is_drawn(key(row.id))]


def is_drawn(report: int) -> bool:
    """The same answer for ever, and no pattern that a reporter could learn."""
    digest = hashlib.sha256(f"call back {report}".encode()).digest()
    return int.from_bytes(digest[:8]) % ONE_IN == 0


def note(
    session: Session, report: ReportRow, value: float, actor: str, now: datetime, *, words: str = ""
) -> CallBack:
    """Write down what a check found, F for what the report's basis counts; again replaces."""
    row = session.get(CallBack, report.id) or CallBack(
        report_id=key(report.id), value=value, actor=actor, at=now
    )
    row.value, row.actor, row.at, row.note = value, actor, now, words
    session.add(row)
    session.flush()
    return row
