"""Words nobody has taught us: counted, so that staff can add them as aliases."""

from datetime import datetime

from sqlmodel import Session

from service.sms.reading import Command, Reading, Reports, Unreadable
from service.sms.tables import UnmatchedToken

TOKEN = 40
"""Characters kept of a word nobody has taught us."""


def note(session: Session, said: Reading, inbox_id: int, now: datetime) -> None:
    """Words nobody has taught us are counted, so that staff can add them as aliases."""
    match said:
        case Reports() | Command() | Unreadable():
            for word in dict.fromkeys(said.unmatched):
                _count(session, word[:TOKEN], inbox_id, now)


def _count(session: Session, token: str, inbox_id: int, now: datetime) -> None:
    row = session.get(UnmatchedToken, token) or UnmatchedToken(token=token, last_at=now)
    row.count, row.last_at, row.inbox_id = row.count + 1, now, inbox_id
    session.add(row)
    session.flush()
