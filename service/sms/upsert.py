"""What both databases speak and SQLAlchemy spells twice, or not at all."""

from datetime import datetime

from sqlalchemy import BindParameter, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, UTCDateTime


def insert(session: Session, table: type[SQLModel]) -> postgresql.Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    # The two classes offer the same methods with the same meaning.
    return sqlite.insert(table)  # type: ignore[return-value]


def instant(at: datetime | None) -> BindParameter[datetime | None]:
    """A moment inside a SELECT, written as the columns of our tables write it."""
    return literal(at, UTCDateTime())
