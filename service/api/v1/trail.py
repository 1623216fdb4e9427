"""Audit: who did what, when, and whether anybody has touched the trail since."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import func
from sqlmodel import col, select

from service import audit
from service.api.deps import Admin, Work
from service.api.letters import Answer
from service.api.pages import Page, Paging, paged
from service.audit import AuditEntry

router = APIRouter(prefix="/audit", tags=["audit"])

RECENT = 8
"""Changes told beside a record; the whole of them stands in the trail."""


class Entry(Answer):
    """One act. Each entry is sealed to the one before it."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str
    seal: str


class Verified(Answer):
    """`broken` is the first entry that was altered, or follows one that is gone."""

    sound: bool
    entries: int
    broken: int | None


@router.get("")
def list_audit(
    work: Admin,
    ask: Paging,
    actor: str | None = None,
    action: Annotated[str | None, Query(description="`report.accept`, or `report` for all")] = None,
    subject: Annotated[str | None, Query(description="`report:7`")] = None,
) -> Page[Entry]:
    """The trail, newest first."""
    query = select(AuditEntry)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    if action:
        query = query.where(col(AuditEntry.action).startswith(action, autoescape=True))
    if subject:
        query = query.where(AuditEntry.subject == subject)
    keys = [AuditEntry.id]
    return paged(work.session, query, keys, ask, Entry.model_validate, newest_first=True)


def recent(work: Work, subject: str) -> list[AuditEntry]:
    """The last changes of one thing, for a page that shows it to those who may change it."""
    query = select(AuditEntry).where(AuditEntry.subject == subject)
    newest = query.order_by(col(AuditEntry.id).desc()).limit(RECENT)
    return list(work.session.exec(newest)) if work.who.may("operator") else []


@router.get("/verify")
def verify_audit(work: Admin) -> Verified:
    """Read the whole chain again, seal by seal."""
    broken = audit.first_broken(work.session)
    count = work.session.exec(select(func.count()).select_from(AuditEntry)).one()
    return Verified(sound=broken is None, entries=count, broken=broken)
