"""Ask-back: one open question per reporter, later ones queued, each valid two hours once asked.

Rows only. A question is about a stored report, or about words that are no report yet (`pending`,
kept as the voice that heard them wrote it down).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from service.prices.judge import Option, Question
from service.prices.tables import QuestionRow

HABIT = "habit"
"""Kind of the question whether a reporter's bare numbers are dorome, asked once."""
ANSWER_WITHIN = timedelta(hours=2)
"""How long an answer is waited for; afterwards another reporter may vouch, else staff look."""


PROOF_WITHIN = timedelta(minutes=30)
"""How long four digits open anything: long enough to walk back to the phone."""


def ask(
    session: Session,
    reporter_id: int,
    now: datetime,
    *,
    kind: str,
    options: Sequence[Mapping[str, Any]],
    report_id: int | None = None,
    pending: Mapping[str, Any] | None = None,
    inbox_id: int | None = None,
) -> QuestionRow:
    """Open a question, or queue it behind the one that is open. A question about a habit can
    wait for ever: it makes way for one about a price."""
    before = open_question(session, reporter_id, now)
    if before is not None and before.kind == HABIT:
        expire(session, before, now)
        before = None
    busy = before is not None
    row = QuestionRow(
        reporter_id=reporter_id,
        report_id=report_id,
        kind=kind,
        options=[dict(each) for each in options],
        pending=dict(pending) if pending else None,
        inbox_id=inbox_id,
        state="queued",
        created_at=now,
    )
    if not busy:
        _open(row, now)
    session.add(row)
    session.flush()
    return row


def options_of(question: Question) -> list[dict[str, Any]]:
    return [asdict(option) for option in question.options]


def option_of(row: QuestionRow, digit: int) -> Option | None:
    """The judge's option a digit chooses; None for a digit that was not offered."""
    if not 1 <= digit <= len(row.options):
        return None
    return Option(**row.options[digit - 1])


def open_question(session: Session, reporter_id: int, now: datetime) -> QuestionRow | None:
    """The question this reporter may answer now; one past its time is for `overdue`."""
    return session.exec(
        select(QuestionRow).where(
            QuestionRow.reporter_id == reporter_id,
            QuestionRow.state == "open",
            col(QuestionRow.expires_at) > now,
        )
    ).first()


def answered(session: Session, row: QuestionRow, digit: int, now: datetime) -> QuestionRow | None:
    """Close a question with its answer; the next one in the queue, now open, or None."""
    row.digit = digit
    _close(session, row, "answered", now)
    return next_question(session, row.reporter_id, now)


def next_question(session: Session, reporter_id: int, now: datetime) -> QuestionRow | None:
    queued = session.exec(
        select(QuestionRow)
        .where(QuestionRow.reporter_id == reporter_id, QuestionRow.state == "queued")
        .order_by(col(QuestionRow.id))
        .limit(1)
    ).first()
    if queued:
        _open(queued, now)
        session.add(queued)
        session.flush()
    return queued


def withdraw(session: Session, report_ids: Sequence[int], now: datetime) -> None:
    """Questions about reports that are undone need no answer."""
    rows = session.exec(
        select(QuestionRow).where(
            col(QuestionRow.report_id).in_(report_ids),
            col(QuestionRow.state).in_(("open", "queued")),
        )
    )
    for row in rows:
        _close(session, row, "expired", now)


def withdraw_words(
    session: Session, reporter_id: int, said: Mapping[str, Set[str | None]], now: datetime
) -> None:
    """A question about the words of a product needs no answer once its price is sent anew.

    `said`: by product, the markets of the new prices, None for one without; a question about
    another market stands.
    """
    rows = session.exec(
        select(QuestionRow).where(
            QuestionRow.reporter_id == reporter_id,
            col(QuestionRow.pending).is_not(None),
            col(QuestionRow.state).in_(("open", "queued")),
        )
    )
    for row in rows:
        pending = row.pending or {}
        markets = said.get(pending.get("product", ""), frozenset())
        if markets and (pending["market"] is None or markets & {None, pending["market"]}):
            _close(session, row, "expired", now)


def overdue(
    session: Session, now: datetime, reporter_id: int | None = None
) -> Sequence[QuestionRow]:
    """Open questions whose two hours are over, of one reporter or of all, taken for closing."""
    query = select(QuestionRow).where(
        QuestionRow.state == "open", col(QuestionRow.expires_at) <= now
    )
    if reporter_id is not None:
        query = query.where(QuestionRow.reporter_id == reporter_id)
    return session.exec(query.order_by(col(QuestionRow.id)).with_for_update()).all()


def waiting(session: Session) -> list[int]:
    """Reporters with queued questions and none open: what stood before theirs is gone."""
    busy = select(QuestionRow.reporter_id).where(QuestionRow.state == "open")
    idle = (
        select(QuestionRow.reporter_id)
        .where(QuestionRow.state == "queued", col(QuestionRow.reporter_id).not_in(busy))
        .distinct()
    )
    return sorted(session.exec(idle))


def expire(session: Session, row: QuestionRow, now: datetime) -> None:
    _close(session, row, "expired", now)


def last_answers(session: Session, reporter_id: int, count: int) -> Sequence[QuestionRow]:
    """The newest answered questions of a reporter, newest first: what habits are learnt from."""
    return session.exec(
        select(QuestionRow)
        .where(QuestionRow.reporter_id == reporter_id, QuestionRow.state == "answered")
        .order_by(col(QuestionRow.answered_at).desc(), col(QuestionRow.id).desc())
        .limit(count)
    ).all()


def newest_of_kind(session: Session, reporter_id: int, kind: str) -> QuestionRow | None:
    """The last question of a kind that a reporter was ever asked."""
    return session.exec(
        select(QuestionRow)
        .where(QuestionRow.reporter_id == reporter_id, QuestionRow.kind == kind)
        .order_by(col(QuestionRow.id).desc())
        .limit(1)
    ).first()


def _open(row: QuestionRow, now: datetime) -> None:
    within = PROOF_WITHIN if row.kind == "challenge" else ANSWER_WITHIN
    row.state, row.asked_at, row.expires_at = "open", now, now + within


def _close(session: Session, row: QuestionRow, state: str, now: datetime) -> None:
    row.state, row.answered_at = state, now
    session.add(row)
    session.flush()
