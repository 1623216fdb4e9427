"""Subjects: what a person may ask of their own data, done by staff. Numbers travel in bodies
only: an address is written into logs."""

import json
from typing import Any

from fastapi import APIRouter

from service.api.deps import Admin, Work
from service.api.letters import Answer, Letter, PhoneText
from service.api.problems import Problem
from service.people import rights
from service.phone import Phone

router = APIRouter(prefix="/subjects", tags=["subjects"])


class SubjectForm(Letter):
    phone: PhoneText


class Erasure(Answer):
    """`erased` is true: prices stay, without their reporter's name or number."""

    erased: bool


def counted(work: Work, form: SubjectForm) -> dict[str, int]:
    """How much is kept about a number, by kind: enough to decide, without reading it."""
    kept = json.loads(rights.export(work.session, work.state.vault, Phone(form.phone)))
    if not kept:
        raise Problem("not_found")
    return {name: len(rows) for name, rows in kept.items() if isinstance(rows, list)}


@router.post("/export")
def export_subject(work: Admin, form: SubjectForm) -> dict[str, Any]:
    """Everything kept about one phone number: profile, consent, alerts, messages."""
    kept: dict[str, Any] = json.loads(
        rights.export(work.session, work.state.vault, Phone(form.phone))
    )
    if not kept:
        raise Problem("not_found")
    work.record("subject.export", "contact/asked")
    return kept


@router.post("/erase")
def erase_subject(work: Admin, form: SubjectForm) -> Erasure:
    """Forget one phone number everywhere, for good. The trail keeps that it was done, not whose."""
    phone = Phone(form.phone)
    if not rights.erase(work.session, work.state.vault, phone, work.now):
        raise Problem("not_found")
    work.record("subject.erase", "contact/erased")
    work.forget(phone)
    return Erasure(erased=True)
