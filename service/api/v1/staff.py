"""Staff: the people of the programme, and what each may do."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, SecretStr
from sqlmodel import select

from service.api import logins, records
from service.api.deps import Admin, Work
from service.api.letters import Answer, Id, Language, Letter, Name
from service.api.pages import Page, Paging, paged
from service.api.problems import Problem
from service.people.tables import Staff as StaffRow

router = APIRouter(prefix="/staff", tags=["staff"])

Role = Literal["viewer", "operator", "approver", "admin"]
Password = Annotated[SecretStr, Field(min_length=logins.SHORTEST_PASSWORD, max_length=200)]


class StaffChange(Letter):
    """Only the fields given are changed. A new password ends every open session."""

    role: Role | None = None
    language: Language | None = None
    password: Password | None = None
    disabled: bool | None = None


class StaffForm(Letter):
    """Without a password a member of staff has keys only, and no console."""

    name: Annotated[Name, Field(examples=["fatou"])]
    role: Role
    language: Language = "fr"
    password: Password | None = None


class Staff(Answer):
    id: int
    name: str
    role: str
    language: str
    has_password: bool
    disabled_at: datetime | None
    created_at: datetime
    version: int


@router.get("")
def list_staff(work: Admin, ask: Paging) -> Page[Staff]:
    return paged(work.session, select(StaffRow), [StaffRow.id], ask, _read)


@router.post("", status_code=201)
def create_staff(work: Admin, form: StaffForm) -> Staff:
    if known := work.session.exec(select(StaffRow).where(StaffRow.name == form.name)).first():
        raise Problem("already_exists", id=known.id)
    row = StaffRow(
        name=form.name,
        role=form.role,
        language=form.language,
        password=_hashed(form.password),
        created_at=work.now,
    )
    row = records.create(work, row, None)
    work.tag(row.version)
    return _read(row)


@router.get("/{staff_id}")
def read_staff(work: Admin, staff_id: Id) -> Staff:
    row = work.one(StaffRow, staff_id)
    work.tag(row.version)
    return _read(row)


@router.patch("/{staff_id}")
def change_staff(work: Admin, staff_id: Id, form: StaffChange) -> Staff:
    """Change a role, a password, or close an account; its keys close with it."""
    row = work.one(StaffRow, staff_id)
    if work.who.staff_id == staff_id and (form.disabled or form.role not in (None, row.role)):
        raise Problem("yourself")
    changes = records.given(form, ("password", "disabled"))
    if form.disabled is not None:
        changes["disabled_at"] = (row.disabled_at or work.now) if form.disabled else None
    row = records.change(work, row, changes)
    if form.password:
        _set_password(work, row, form.password)
    if form.password or form.disabled:
        logins.close_all(work.session, staff_id)
    work.tag(row.version)
    return _read(row)


def _set_password(work: Work, row: StaffRow, password: SecretStr) -> None:
    row.password, row.version = _hashed(password), row.version + 1
    work.session.add(row)
    work.record("staff.password", records.subject(row))


def _hashed(password: SecretStr | None) -> str | None:
    return logins.hashed(password.get_secret_value()) if password else None


def _read(row: StaffRow) -> Staff:
    return Staff.model_validate({**row.model_dump(), "has_password": row.password is not None})
