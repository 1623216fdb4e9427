"""Keys: how machines use the API. A secret is shown once, when it is made."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import col, select

from service.api import security
from service.api.deps import Admin, Work
from service.api.errors import invalid
from service.api.letters import Answer, Id, Letter, Name
from service.api.pages import Page, Paging, paged
from service.api.v1.staff import Role
from service.people.store import key as row_id
from service.people.tables import ApiKey, Staff

router = APIRouter(prefix="/keys", tags=["keys"])

Scope = Annotated[str, Field(pattern=r"^[a-z]+(:read)?$", max_length=40)]


class KeyForm(Letter):
    """`scopes` narrow a key to resources, `quotes` or `quotes:read`; none means all."""

    staff: Annotated[Name, Field(examples=["radio-kita"])]
    role: Role | None = None
    scopes: Annotated[list[Scope], Field(max_length=40, examples=[["quotes:read"]])] = Field(
        default_factory=list
    )
    days: Annotated[int, Field(ge=1, le=security.LONGEST_LIFE.days)] = security.LONGEST_LIFE.days


class Key(Answer):
    id: int
    handle: str
    staff: str
    role: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_on: date | None
    revoked_at: datetime | None


class NewKey(Key):
    """`key` is shown this once: only its hash is kept."""

    key: str


@router.get("")
def list_keys(work: Admin, ask: Paging) -> Page[Key]:
    query = select(ApiKey, Staff).join(Staff, col(Staff.id) == col(ApiKey.staff_id))
    return paged(work.session, query, [ApiKey.id], ask, _read, newest_first=True)


@router.post("", status_code=201)
def create_key(work: Admin, form: KeyForm) -> NewKey:
    """A new key; a name nobody has becomes a member of staff without a password."""
    try:
        said = security.issue_key(
            work.session,
            work.state.settings,
            form.staff,
            form.role,
            work.now,
            scopes=form.scopes,
            days=form.days,
        )
    except ValueError as error:
        raise invalid(
            "role", "role", str(error), "Une clé ne peut pas dépasser le rôle de son propriétaire."
        ) from error
    return _new(work, said)


@router.post("/{key_id}/rotate", status_code=201)
def rotate_key(work: Admin, key_id: Id) -> NewKey:
    """A second key like this one; both are good until the old one is revoked."""
    row = work.one(ApiKey, key_id)
    owner = work.session.get_one(Staff, row.staff_id)
    said = security.issue_key(
        work.session, work.state.settings, owner.name, row.role, work.now, scopes=row.scopes
    )
    return _new(work, said)


@router.delete("/{key_id}", status_code=204)
def revoke_key(work: Admin, key_id: Id) -> None:
    """Close a key at once and for good; it stays in the list."""
    row = work.one(ApiKey, key_id)
    if row.revoked_at is None:
        row.revoked_at = work.now
        work.session.add(row)
        work.record("key.revoke", f"key:{row.handle}")


def _new(work: Work, said: str) -> NewKey:
    handle = said.split("_")[1]
    row, owner = work.session.exec(
        select(ApiKey, Staff).where(ApiKey.handle == handle, Staff.id == ApiKey.staff_id)
    ).one()
    facts = {"staff": owner.name, "role": row.role, "scopes": row.scopes}
    work.record("key.create", f"key:{row.handle}", after=facts)
    return NewKey(**_read(row, owner).model_dump(), key=said)


def _read(row: ApiKey, owner: Staff) -> Key:
    facts = row.model_dump(exclude={"digest", "staff_id"})
    return Key.model_validate({**facts, "id": row_id(row.id), "staff": owner.name})
