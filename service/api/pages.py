"""Lists a page at a time, by key and not by number: rows that arrive meanwhile shift nothing."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlmodel import Session

from service.api.errors import invalid

USUAL = 50
MOST = 500
"""Rows of one page."""

T = TypeVar("T")
Read = TypeVar("Read")


class Page(BaseModel, Generic[T]):
    """`next` is the cursor of the page after this one; null on the last."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    cursor: str | None
    limit: int


def ask_of(
    cursor: Annotated[str | None, Query(max_length=400, description="`next` of a page")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Rows in a page")] = USUAL,
) -> Ask:
    return Ask(cursor, limit)


Paging = Annotated[Ask, Depends(ask_of)]


def paged(
    session: Session,
    query: Any,
    keys: Sequence[Any],
    ask: Ask,
    read: Callable[..., Read],
    *,
    newest_first: bool = False,
) -> Page[Read]:
    """A page of `query` in the order of `keys` (columns that together are unique).

    The first entity of the query is the one that carries the keys; `read` takes a whole row.
    """
    values = _values(ask.cursor, keys)
    ordered = query.order_by(*(key.desc() if newest_first else key.asc() for key in keys))
    if values:
        mine = tuple_(*keys) if len(keys) > 1 else keys[0]
        after = tuple_(*values) if len(keys) > 1 else values[0]
        ordered = ordered.where(mine < after if newest_first else mine > after)
    rows = session.execute(ordered.limit(ask.limit + 1)).all()
    shown = rows[: ask.limit]
    more = len(rows) > ask.limit
    last = cursor_of([getattr(shown[-1][0], key.key) for key in keys]) if more else None
    return Page(items=[read(*row) for row in shown], next=last)


def cursor_of(values: Sequence[Any]) -> str:
    """The last row's keys, as a word that nobody needs to understand."""
    said = json.dumps([v.isoformat() if isinstance(v, date) else v for v in values])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def values_of(cursor: str | None, types: Sequence[type]) -> list[Any]:
    """What `cursor_of` was given; empty at the first page, a problem for any other word."""
    if not cursor:
        return []
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        said = json.loads(base64.urlsafe_b64decode(padded.encode()))
        return [_typed(value, kind) for value, kind in zip(said, types, strict=True)]
    except (ValueError, TypeError, RecursionError) as error:
        raise invalid(
            "cursor", "cursor", "Not a cursor of this list.", "Ce curseur ne vient pas d'ici."
        ) from error


def _values(cursor: str | None, keys: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    return values_of(cursor, [_kind(key) for key in keys])


def _kind(key: InstrumentedAttribute[Any]) -> type:
    """The Python type of a column; SQLModel's strings do not tell theirs."""
    kind: type = key.type.python_type
    return str if kind is object else kind


LARGEST_ID = 2**31
"""Ids are 32 bits in PostgreSQL; comparing one with more is an error there."""


def _typed(value: object, kind: type) -> Any:
    if kind in {date, datetime} and isinstance(value, str):
        return datetime.fromisoformat(value) if kind is datetime else date.fromisoformat(value)
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= LARGEST_ID):
        raise ValueError("of another list")
    return value


def like(text: str) -> str:
    """A piece of text as a LIKE pattern; its own signs mean themselves (escape with a bar)."""
    bare = text.replace("|", "||").replace("%", "|%").replace("_", "|_")
    return f"%{bare}%"
