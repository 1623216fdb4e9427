"""Open data: published prices for everybody, without a key, a phone number or a reporter."""

from datetime import date, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from service.api import hdx, sheets
from service.api.deps import SessionDep, State, public
from service.api.errors import Answered, invalid
from service.api.hdx import Choice, Mark
from service.api.state import Sugu

USUAL = timedelta(days=366)
LONGEST = timedelta(days=366 * 20)
KEPT = "public, max-age=60"
"""A reader may keep an answer for a minute: fairs are weekly."""

router = APIRouter(prefix="/open/v1", tags=["open data"])


class OpenPrices(BaseModel):
    """`prices` are rows with the names of HDX. `demo`: every price here is invented."""

    source: str
    licence: str
    demo: bool
    since: date
    until: date
    prices: list[dict[str, Any]]


def chosen(
    state: State,
    product: str | None = None,
    market: str | None = None,
    since: Annotated[date | None, Query(alias="from", description="First fair day")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last fair day")] = None,
) -> Choice:
    """The last year unless other days are named."""
    last = until or state.limits.today(state.clock())
    try:
        first = since or last - USUAL
    except OverflowError as error:
        raise invalid("to", "range", "Too long ago.", "Il y a trop longtemps.") from error
    if not timedelta(0) <= last - first <= LONGEST:
        raise invalid("from", "range", "From one day to twenty years.", "D'un jour à vingt ans.")
    return Choice(first, last, product, market)


Chosen = Annotated[Choice, Depends(chosen)]


@router.get("/prices.json", dependencies=[Depends(public)], operation_id="open_prices_json")
def prices_json(
    choice: Chosen, session: SessionDep, state: State, request: Request, response: Response
) -> OpenPrices:
    """Every published price of the days asked for, as JSON."""
    response.headers.update(_conditional(request, hdx.mark(session, choice)))
    demo = _demo(state)
    found = hdx.rows(session, choice, demo=demo)
    return OpenPrices(
        source=hdx.DEMO_SOURCE if demo else hdx.SOURCE,
        licence="CC BY 4.0",
        demo=demo,
        since=choice.first,
        until=choice.last,
        prices=[dict(zip(hdx.COLUMNS, row, strict=True)) for row in found],
    )


@router.get(
    "/prices.csv",
    dependencies=[Depends(public)],
    operation_id="open_prices_csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def prices_csv(
    choice: Chosen,
    session: SessionDep,
    state: State,
    request: Request,
    separator: Literal[",", ";"] = ",",
    bom: bool = False,
) -> Response:
    """The same as CSV; `separator=;` and `bom=true` for a spreadsheet that speaks French."""
    headers = _conditional(request, hdx.mark(session, choice))
    rows = list(hdx.rows(session, choice, demo=_demo(state)))
    body = sheets.to_csv(sheets.Sheet("prices", hdx.COLUMNS, rows), separator=separator, bom=bom)
    headers["Content-Disposition"] = 'attachment; filename="sugu-prices.csv"'
    return Response(body, media_type="text/csv", headers=headers)


def _demo(state: Sugu) -> bool:
    return state.settings.demo or state.book().demo


def _conditional(request: Request, mark: Mark) -> dict[str, str]:
    """Headers of this state of the data; 304 for a reader who has it already."""
    headers = {
        "ETag": mark.etag,
        "Cache-Control": KEPT,
        "Access-Control-Allow-Origin": "*",  # no key and no person is in it: any page may show it
    }
    if mark.newest:
        headers["Last-Modified"] = format_datetime(mark.newest, usegmt=True)
    if _has(request, mark):
        raise Answered(Response(status_code=304, headers=headers))
    return headers


def _has(request: Request, mark: Mark) -> bool:
    if known := request.headers.get("if-none-match"):
        return mark.etag in [each.strip() for each in known.split(",")]
    since = request.headers.get("if-modified-since")
    if not since or mark.newest is None:
        return False
    try:
        return mark.newest.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
