"""The audit trail: append-only, each entry sealed to the one before it.

A chain alone does not show that its newest entries are gone. The head, one row, holds how many
there are and the seal of the last, signed with the service's own key: whoever can write to the
database but has not the key cannot shorten the trail unseen.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Engine, func, text
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


class AuditHead(SQLModel, table=True):
    """How long the trail is, and where it ends."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    count: int
    seal: str = Field(max_length=64)
    signature: str = Field(default="", max_length=64)


def sign_with(engine: Engine, secret: str, old: Sequence[str] = ()) -> None:
    """Sign the head with this secret from now on; what earlier secrets signed still holds."""
    engine.update_execution_options(audit_keys=tuple(map(_key, (secret, *old))))


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
    _move_head(session, entry.seal)
    session.flush()
    return entry


def first_broken(session: Session) -> int | None:
    """The id of the first entry that does not follow from the one before it, or None. Where the
    trail has been cut short it is the id after the last entry that is left."""
    previous, last, count = FIRST, 0, 0
    for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id))):
        if entry.previous != previous or entry.seal != _seal(entry):
            return entry.id
        previous, last, count = entry.seal, entry.id or 0, count + 1
    return None if _is_head(session, count, previous) else last + 1


def resign(session: Session) -> None:
    """Sign the head with the current key, if it holds with an earlier one."""
    head = session.get(AuditHead, 1)
    if head is not None and _is_head(session, head.count, head.seal):
        head.signature = _signature(_keys(session), head)
        session.add(head)


def _is_head(session: Session, count: int, seal: str) -> bool:
    head = session.get(AuditHead, 1)
    if head is None:
        return count == 0
    if (head.count, head.seal) != (count, seal):
        return False
    keys = _keys(session)
    signed = [_signature([each], head) for each in keys]
    return not keys or any(hmac.compare_digest(head.signature, each) for each in signed)


def _move_head(session: Session, seal: str) -> None:
    head = session.get(AuditHead, 1)
    if head is None:
        held = session.exec(select(func.count()).select_from(AuditEntry)).one()
        head = AuditHead(count=held - 1, seal="")  # the new entry is among them
    head.count, head.seal = head.count + 1, seal
    head.signature = _signature(_keys(session), head)
    session.add(head)


def _keys(session: Session) -> Sequence[bytes]:
    found: Sequence[bytes] = session.get_bind().get_execution_options().get("audit_keys", ())
    return found


def _key(secret: str) -> bytes:
    return hashlib.sha256(b"sugu/audit/" + secret.encode()).digest()


def _signature(keys: Sequence[bytes], head: AuditHead) -> str:
    """By the first of the keys; empty without any."""
    said = f"{head.count}|{head.seal}".encode()
    return hmac.digest(keys[0], said, "sha256").hex() if keys else ""


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
