"""Rows made inside the database from other rows, and moments as our columns write them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BindParameter, Select, literal
from sqlmodel import Session, SQLModel, UTCDateTime


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
