"""Villages: where farmers live, the market they go to, and their number on the keypad."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func, or_
from sqlmodel import col, select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Code, Imported, Letter, Name, PlaceCode, Source
from service.api.pages import Page, Paging, like, paged
from service.people.store import next_village_key
from service.people.tables import Village as VillageRow
from service.prices.tables import MarketRow

router = APIRouter(prefix="/villages", tags=["villages"])

Households = Annotated[int, Field(ge=0, le=100_000)]


class VillageChange(Letter):
    """Only the fields given are changed. `listed` gives the village a number on the keypad."""

    name: Name | None = None
    commune: Name | None = None
    cercle: Annotated[str, Field(max_length=80)] | None = None
    region: Annotated[str, Field(max_length=80)] | None = None
    market: Code | None = None
    households: Households | None = None
    listed: bool | None = None
    source: Source | None = None


class VillageForm(VillageChange):
    code: Annotated[PlaceCode, Field(examples=["KOFOULABE"])]
    name: Annotated[Name, Field(examples=["Kofoulabé"])]
    commune: Annotated[Name, Field(examples=["Djidian"])]
    cercle: Annotated[str, Field(max_length=80)] = "Kita"
    region: Annotated[str, Field(max_length=80)] = ""
    listed: bool = True
    source: Source = ""


class Village(Answer):
    """`ussd_key` is what a farmer types to name the village; null when it is not served."""

    code: str
    name: str
    commune: str
    cercle: str
    region: str
    market: str | None
    households: int | None
    ussd_key: int | None
    demo: bool
    source: str
    version: int


@router.get("")
def list_villages(
    work: Viewer,
    ask: Paging,
    q: Annotated[str | None, Query(max_length=60)] = None,
    commune: str | None = None,
    market: str | None = None,
) -> Page[Village]:
    """Every village in order of code; `q` searches codes, names and communes."""
    query = select(VillageRow)
    if q:
        fields = (VillageRow.code, VillageRow.name, VillageRow.commune)
        pattern = like(q.lower())
        query = query.where(or_(*(func.lower(col(f)).like(pattern, escape="|") for f in fields)))
    if commune:
        query = query.where(VillageRow.commune == commune)
    if market:
        query = query.where(VillageRow.market == market.upper())
    return paged(work.session, query, [VillageRow.code], ask, Village.model_validate)


@router.post("", status_code=201)
def create_village(work: Operator, form: VillageForm) -> Village:
    """A new village, served at once; it takes the next number of the keypad."""
    code = form.code.upper()
    facts = _facts(work, form.model_dump(exclude={"listed"})) | {"code": code}
    key = next_village_key(work.session) if form.listed else None
    row = records.create(work, VillageRow(**facts, ussd_key=key), code)
    work.tag(row.version)
    return Village.model_validate(row)


@router.get("/{code}")
def read_village(work: Viewer, code: str) -> Village:
    row = work.one(VillageRow, code.upper())
    work.tag(row.version)
    return Village.model_validate(row)


@router.patch("/{code}")
def change_village(work: Operator, code: str, form: VillageChange) -> Village:
    row = work.one(VillageRow, code.upper())
    changes = _facts(work, records.given(form, ("listed",)))
    if form.listed and row.ussd_key is None:
        changes["ussd_key"] = next_village_key(work.session)
    row = records.change(work, row, changes)
    work.tag(row.version)
    return Village.model_validate(row)


@router.delete("/{code}", status_code=204)
def remove_village(work: Operator, code: str) -> None:
    """Remove a village where nobody lives and no route starts."""
    records.remove(work, work.one(VillageRow, code.upper()))


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_villages(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: code, name, commune, market, households, source."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _facts(work: Work, facts: dict[str, Any]) -> dict[str, Any]:
    if isinstance(market := facts.get("market"), str):
        facts["market"] = market.upper()
        records.must_exist(work.session, MarketRow, market.upper(), "market")
    return facts


def _save(work: Work, form: VillageForm) -> bool | None:
    known = work.session.get(VillageRow, form.code.upper())
    if known is None:
        create_village(work, form)
        return True
    before = known.version
    records.change(work, known, _facts(work, records.given(form, ("code", "listed"))))
    return None if known.version == before else False


LOADER = Loader(VillageForm, _save)
