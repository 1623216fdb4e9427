"""Routes: what it costs to go from a village to a market; dated, sourced, never guessed."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.errors import invalid
from service.api.imports import FileDep, Loader
from service.api.letters import (
    Answer,
    Code,
    Id,
    Imported,
    Letter,
    Money,
    PlaceCode,
    Share,
    Source,
)
from service.api.pages import Page, Paging, paged
from service.api.problems import Problem
from service.people.tables import Village
from service.prices.tables import MarketRow, RouteRow

router = APIRouter(prefix="/routes", tags=["routes"])

Mode = Annotated[str, Field(max_length=20, examples=["charrette"])]
Season = Literal["any", "dry", "rain"]
Load = Annotated[int, Field(gt=0, le=100_000)]


class RouteChange(Letter):
    """Only the fields given are changed. F per kg, F per trip of `load_kg` begun."""

    per_kg: Money | None = None
    per_trip: Money | None = None
    fee_per_kg: Money | None = None
    load_kg: Load | None = None
    loss: Share | None = None
    as_of: date | None = None
    source: Source | None = None


class RouteForm(RouteChange):
    village: Annotated[PlaceCode, Field(examples=["KITA-DEMO"])]
    market: Annotated[Code, Field(examples=["KAYES"])]
    mode: Mode = ""
    season: Season = "any"
    per_kg: Money = 0
    per_trip: Money = 0
    fee_per_kg: Money = 0
    loss: Share = 0.0
    as_of: date | None = None
    source: Source = ""


class Route(Answer):
    """`as_of` is when the cost was learnt: after 180 days it is not believed any more."""

    id: int
    village: str
    market: str
    mode: str
    season: str
    per_kg: int
    per_trip: int
    fee_per_kg: int
    load_kg: int | None
    loss: float
    as_of: date
    source: str
    demo: bool
    version: int


@router.get("")
def list_routes(
    work: Viewer, ask: Paging, village: str | None = None, market: str | None = None
) -> Page[Route]:
    query = select(RouteRow)
    if village:
        query = query.where(RouteRow.village == village.upper())
    if market:
        query = query.where(RouteRow.market == market.upper())
    return paged(work.session, query, [RouteRow.id], ask, Route.model_validate)


@router.post("", status_code=201)
def create_route(work: Operator, form: RouteForm) -> Route:
    """One way of going to a market; advice uses it at once."""
    if known := _known(work, form):
        raise Problem("already_exists", id=known.id)
    row = _create(work, form)
    work.tag(row.version)
    return Route.model_validate(row)


@router.get("/{route_id}")
def read_route(work: Viewer, route_id: Id) -> Route:
    row = work.one(RouteRow, route_id)
    work.tag(row.version)
    return Route.model_validate(row)


@router.patch("/{route_id}")
def change_route(work: Operator, route_id: Id, form: RouteChange) -> Route:
    """A new cost is a newer one: without a date it is of today."""
    row = _change(work, work.one(RouteRow, route_id), form)
    work.tag(row.version)
    return Route.model_validate(row)


@router.delete("/{route_id}", status_code=204)
def remove_route(work: Operator, route_id: Id) -> None:
    records.remove(work, work.one(RouteRow, route_id))


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_routes(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: village, market, mode, season, per_kg, per_trip, as_of, ..."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _known(work: Work, form: RouteForm) -> RouteRow | None:
    same = select(RouteRow).where(
        RouteRow.village == form.village.upper(),
        RouteRow.market == form.market.upper(),
        RouteRow.mode == form.mode,
        RouteRow.season == form.season,
    )
    return work.session.exec(same).first()


def _create(work: Work, form: RouteForm) -> RouteRow:
    facts = form.model_dump() | {
        "village": form.village.upper(),
        "market": form.market.upper(),
        "as_of": _dated(work, form.as_of),
    }
    records.must_exist(work.session, Village, facts["village"], "village")
    records.must_exist(work.session, MarketRow, facts["market"], "market")
    return records.create(work, RouteRow(**facts), None)


def _change(work: Work, row: RouteRow, form: RouteChange) -> RouteRow:
    changes = records.given(form, ("village", "market", "mode", "season"))
    if changes and not changes.get("as_of"):
        changes["as_of"] = work.today
    _dated(work, changes.get("as_of"))
    return records.change(work, row, changes)


def _dated(work: Work, as_of: date | None) -> date:
    if as_of and as_of > work.today:
        raise invalid(
            "as_of", "future", "This day has not come yet.", "Ce jour n'est pas encore venu."
        )
    return as_of or work.today


def _save(work: Work, form: RouteForm) -> bool | None:
    known = _known(work, form)
    if known is None:
        _create(work, form)
        return True
    before = known.version
    _change(work, known, form)
    return None if known.version == before else False


LOADER = Loader(RouteForm, _save)
