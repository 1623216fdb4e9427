"""Markets: where and when the fairs are, and why one is not to be travelled to."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Code, Day, Imported, Letter, Source
from service.api.pages import Page, Paging, like, paged
from service.prices.store import bump
from service.prices.tables import FairCancelled, MarketRow

router = APIRouter(prefix="/markets", tags=["markets"])

MarketName = Annotated[str, Field(min_length=1, max_length=60, examples=["Sirakoro"])]
Place = Annotated[str, Field(max_length=80)]
Days = Annotated[list[Day], Field(max_length=7, examples=[["sat"]])]
Cancelled = Annotated[list[date], Field(max_length=60, description="Fairs called off")]


class MarketChange(Letter):
    """Only the fields given are changed."""

    name: MarketName | None = None
    commune: Place | None = None
    cercle: Place | None = None
    region: Place | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    fair_days: Days | None = None
    daily: bool | None = None
    kind: Literal["rural", "urban"] | None = None
    road_closed: bool | None = None
    insecure: bool | None = None
    cancelled_on: Cancelled | None = None
    active: bool | None = None
    source: Source | None = None


class MarketForm(MarketChange):
    code: Annotated[Code, Field(examples=["SIRAKORO"])]
    name: MarketName
    commune: Place = ""
    cercle: Place = ""
    region: Place = ""
    fair_days: Days = Field(default_factory=list)
    daily: bool = False
    kind: Literal["rural", "urban"] = "rural"
    road_closed: bool = False
    insecure: bool = False
    cancelled_on: Cancelled = Field(default_factory=list)
    active: bool = True
    source: Source = ""


class Market(Answer):
    """No fair day and not daily: the day is not known. Closed or unsafe: no advice to go there."""

    code: str
    name: str
    commune: str
    cercle: str
    region: str
    latitude: float | None
    longitude: float | None
    fair_days: list[str]
    daily: bool
    kind: str
    road_closed: bool
    insecure: bool
    cancelled_on: list[date]
    ussd_key: int
    active: bool
    demo: bool
    source: str
    version: int


@router.get("")
def list_markets(
    work: Viewer,
    ask: Paging,
    q: Annotated[str | None, Query(max_length=60)] = None,
    commune: str | None = None,
    active: bool | None = None,
) -> Page[Market]:
    """Every market in order of code; `q` searches codes, names and communes."""
    query = select(MarketRow)
    if q:
        pattern = like(q.lower())
        fields = (MarketRow.code, MarketRow.name, MarketRow.commune)
        found = (func.lower(col(each)).like(pattern, escape="|") for each in fields)
        query = query.where(or_(*found))
    if commune:
        query = query.where(MarketRow.commune == commune)
    if active is not None:
        query = query.where(MarketRow.active == active)
    return paged(work.session, query, [MarketRow.code], ask, lambda row: _read(work.session, row))


@router.post("", status_code=201)
def create_market(work: Operator, form: MarketForm) -> Market:
    """A new market; it takes the next free digit of the keypad and is in service at once."""
    facts = form.model_dump(exclude={"cancelled_on"}) | {"code": form.code.upper()}
    key = (work.session.exec(select(func.max(MarketRow.ussd_key))).one() or 0) + 1
    row = records.create(work, MarketRow(**facts, ussd_key=key), facts["code"])
    _cancel(work, row, form.cancelled_on)
    work.tag(row.version)
    return _read(work.session, row)


@router.get("/{code}")
def read_market(work: Viewer, code: str) -> Market:
    row = work.one(MarketRow, code.upper())
    work.tag(row.version)
    return _read(work.session, row)


@router.patch("/{code}")
def change_market(work: Operator, code: str, form: MarketChange) -> Market:
    """Change a market: its days, a closed road, a fair called off. Its digit is for ever."""
    row = work.one(MarketRow, code.upper())
    changes = records.given(form, ("cancelled_on",))
    row = records.change(work, row, changes)
    if form.cancelled_on is not None:
        _cancel(work, row, form.cancelled_on)
    work.tag(row.version)
    return _read(work.session, row)


@router.delete("/{code}", status_code=204)
def remove_market(work: Operator, code: str) -> None:
    """Take a market out of service. Its history stays."""
    records.change(work, work.one(MarketRow, code.upper()), {"active": False})


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_markets(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: code, name, commune, fair_days, ..."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _read(session: Session, row: MarketRow) -> Market:
    return Market.model_validate({**row.model_dump(), "cancelled_on": _cancelled(session, row)})


def _cancelled(session: Session, row: MarketRow) -> list[date]:
    held = select(col(FairCancelled.on)).where(FairCancelled.market == row.code)
    return list(session.exec(held.order_by(col(FairCancelled.on))))


def _cancel(work: Work, row: MarketRow, wanted: Iterable[date]) -> None:
    """Make the list of cancelled fairs what is wanted."""
    before, after = _cancelled(work.session, row), sorted(set(wanted))
    if before == after:
        return
    for day in set(before) - set(after):
        work.session.delete(work.session.get_one(FairCancelled, (row.code, day)))
    for day in set(after) - set(before):
        work.session.add(FairCancelled(market=row.code, on=day))
    row.version += 1
    work.session.flush()
    bump(work.session, catalog=True)
    work.record(
        "market.cancel_fairs",
        records.subject(row),
        before={"cancelled_on": before},
        after={"cancelled_on": after},
    )


def _save(work: Work, form: MarketForm) -> bool | None:
    known = work.session.get(MarketRow, form.code.upper())
    if known is None:
        create_market(work, form)
        return True
    before = known.version
    records.change(work, known, records.given(form, ("code", "cancelled_on")))
    if "cancelled_on" in form.model_fields_set:
        _cancel(work, known, form.cancelled_on)
    return None if known.version == before else False


LOADER = Loader(MarketForm, _save, imports.listed("fair_days", "cancelled_on"))
