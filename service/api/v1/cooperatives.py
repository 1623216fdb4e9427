"""Cooperatives: whom reporters belong to."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Imported, Letter, Name, PlaceCode
from service.api.pages import Page, Paging, like, paged
from service.people.tables import Cooperative as CooperativeRow
from service.people.tables import Reporter, Subscriber, Village

router = APIRouter(prefix="/cooperatives", tags=["cooperatives"])


class CooperativeChange(Letter):
    """Only the fields given are changed."""

    name: Name | None = None
    village: PlaceCode | None = None


class CooperativeForm(CooperativeChange):
    code: Annotated[PlaceCode, Field(examples=["djidian-1"])]
    name: Annotated[Name, Field(examples=["Coopérative de Djidian"])]


class Cooperative(Answer):
    code: str
    name: str
    village: str | None
    reporters: int
    subscribers: int
    demo: bool
    version: int


@router.get("")
def list_cooperatives(
    work: Viewer, ask: Paging, q: Annotated[str | None, Query(max_length=60)] = None
) -> Page[Cooperative]:
    query = select(CooperativeRow)
    if q:
        pattern = like(q.lower())
        fields = (CooperativeRow.code, CooperativeRow.name)
        query = query.where(or_(*(func.lower(col(f)).like(pattern, escape="|") for f in fields)))
    keys = [CooperativeRow.code]
    return paged(work.session, query, keys, ask, lambda row: _read(work.session, row))


@router.post("", status_code=201)
def create_cooperative(work: Operator, form: CooperativeForm) -> Cooperative:
    facts = _facts(work, form.model_dump())
    row = records.create(work, CooperativeRow(**facts), form.code)
    work.tag(row.version)
    return _read(work.session, row)


@router.get("/{code}")
def read_cooperative(work: Viewer, code: str) -> Cooperative:
    row = work.one(CooperativeRow, code)
    work.tag(row.version)
    return _read(work.session, row)


@router.patch("/{code}")
def change_cooperative(work: Operator, code: str, form: CooperativeChange) -> Cooperative:
    row = work.one(CooperativeRow, code)
    row = records.change(work, row, _facts(work, records.given(form)))
    work.tag(row.version)
    return _read(work.session, row)


@router.delete("/{code}", status_code=204)
def remove_cooperative(work: Operator, code: str) -> None:
    """Remove a cooperative without members."""
    records.remove(work, work.one(CooperativeRow, code))


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_cooperatives(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: code, name, village."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _facts(work: Work, facts: dict[str, Any]) -> dict[str, Any]:
    if isinstance(village := facts.get("village"), str):
        facts["village"] = village.upper()
        records.must_exist(work.session, Village, village.upper(), "village")
    return facts


def _read(session: Session, row: CooperativeRow) -> Cooperative:
    reporters = select(func.count()).where(Reporter.cooperative == row.code)
    subscribers = select(func.count()).where(Subscriber.cooperative == row.code)
    return Cooperative.model_validate(
        {
            **row.model_dump(),
            "reporters": session.exec(reporters).one(),
            "subscribers": session.exec(subscribers).one(),
        }
    )


def _save(work: Work, form: CooperativeForm) -> bool | None:
    known = work.session.get(CooperativeRow, form.code)
    if known is None:
        create_cooperative(work, form)
        return True
    before = known.version
    records.change(work, known, _facts(work, records.given(form, ("code",))))
    return None if known.version == before else False


LOADER = Loader(CooperativeForm, _save)
