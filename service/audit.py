"""The audit trail: append-only, each entry sealed to the one before it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, text
from sqlmodel import Field, Session, SQLModel, col, select

FIRST = "0" * 64
CHAIN_LOCK = 7001
"""PostgreSQL advisory lock of the chain: two links may not grow from one end."""


class AuditEntry(SQLModel, table=True):
    """Who did what to which thing, and how it looked before and after."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str = Field(max_length=80)
    action: str = Field(max_length=60)
    subject: str = Field(max_length=120, index=True)
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    address: str = Field(default="", max_length=64)
    previous: str = Field(max_length=64, unique=True)
    seal: str = Field(max_length=64, unique=True)


def record(
    session: Session,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str = "",
) -> AuditEntry:
    """Append one entry inside the caller's transaction."""
    _one_at_a_time(session)
    last = session.exec(
        select(AuditEntry.seal).order_by(col(AuditEntry.id).desc()).limit(1)
    ).first()
    entry = AuditEntry(
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        before=_plain(before),
        after=_plain(after),
        address=address,
        previous=last or FIRST,
        seal="",
    )
    entry.seal = _seal(entry)
    session.add(entry)
    session.flush()
    return entry


def first_broken(session: Session) -> int | None:
    """The id of the first entry that does not follow from the one before it, or None."""
    previous = FIRST
    for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id))):
        if entry.previous != previous or entry.seal != _seal(entry):
            return entry.id
        previous = entry.seal
    return None


def _one_at_a_time(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})


def _plain(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if facts is None else json.loads(json.dumps(dict(facts), default=str))


def _seal(entry: AuditEntry) -> str:
    facts = [
        entry.previous,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        entry.before,
        entry.after,
        entry.address,
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
