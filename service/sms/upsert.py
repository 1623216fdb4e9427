"""What both databases speak and SQLAlchemy spells twice, or not at all."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BindParameter, Select, literal
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


def insert_rows(
    session: Session, table: type[SQLModel], columns: Iterable[str], rows: Select[*tuple[Any, ...]]
) -> int:
    """INSERT..SELECT: rows that never leave the database; how many they were."""
    made = session.connection().execute(
        sqlalchemy.insert(table).from_select(list(columns), rows),
        execution_options={"preserve_rowcount": True},
    )
    return made.rowcount
