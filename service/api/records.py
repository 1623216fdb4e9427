"""Making, changing and removing a row, with its line in the audit trail."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel

from service.api.deps import Work
from service.api.errors import invalid, unknown
from service.api.letters import Letter, plain
from service.api.problems import Problem
from service.prices.store import bump

Row = TypeVar("Row", bound=SQLModel)

REFERENCE = frozenset(
    {"product", "market", "unit", "weighing", "shelling", "alias", "route", "village"}
)
"""What farmers are answered from: a change moves the book in every process."""


def create(work: Work, row: Row, key: object) -> Row:
    """Add a row whose key is free, and tell the audit trail."""
    kind = kind_of(row)
    if key is not None and work.session.get(type(row), key) is not None:
        raise Problem("already_exists", id=key)
    work.session.add(row)
    work.session.flush()
    _moved(work.session, kind)
    work.record(f"{kind}.create", subject(row), after=plain(row))
    return row


def change(work: Work, row: Row, changes: Mapping[str, Any]) -> Row:
    """Set some columns of a row; nothing is written when nothing differs."""
    before = plain(row)
    work.expect(getattr(row, "version", 1))
    for name, value in changes.items():
        if value is None and not row.__table__.c[name].nullable:  # type: ignore[attr-defined]
            raise invalid(
                name, "missing", "This field cannot be emptied.", "Ce champ est obligatoire."
            )
        setattr(row, name, value)
    after = plain(row)
    different = {name for name, value in after.items() if before[name] != value}
    if not different:
        return row
    if hasattr(row, "version"):
        row.version += 1
    work.session.add(row)
    work.session.flush()
    _moved(work.session, kind_of(row))
    work.record(
        f"{kind_of(row)}.change",
        subject(row),
        before={name: before[name] for name in sorted(different)},
        after={name: after[name] for name in sorted(different)},
    )
    return row


def remove(work: Work, row: SQLModel) -> None:
    """Delete a row that nothing refers to; the database says no to any other (409)."""
    work.expect(getattr(row, "version", 1))
    work.session.delete(row)
    work.session.flush()
    _moved(work.session, kind_of(row))
    work.record(f"{kind_of(row)}.remove", subject(row), before=plain(row))


def must_exist(session: Session, table: type[SQLModel], key: object, field: str) -> None:
    """A code named in a form names something."""
    if key is not None and session.get(table, key) is None:
        raise unknown(field)


def given(letter: Letter, without: Collection[str] = ()) -> dict[str, Any]:
    """What a form says; a field it does not mention is not changed."""
    said = letter.model_dump(exclude_unset=True)
    return {name: value for name, value in said.items() if name not in without}


def kind_of(row: SQLModel) -> str:
    return str(type(row).__tablename__)


def subject(row: SQLModel) -> str:
    """`market:KITA`, `reporter:7`."""
    return f"{kind_of(row)}:{getattr(row, 'code', None) or getattr(row, 'id', '')}"


def _moved(session: Session, kind: str) -> None:
    if kind in REFERENCE:
        bump(session, catalog=True)
