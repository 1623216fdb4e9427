"""Exports: every table of the programme as CSV or XLSX, in one click."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from service.api import sheets
from service.api.deps import Viewer, Work
from service.api.errors import invalid
from service.api.problems import Problem
from service.api.sheets import Sheet
from service.api.v1.extracts import EXTRACTS, Span
from service.api.v1.rewards import UNPAID, Pay
from service.people.cards import Month

router = APIRouter(prefix="/exports", tags=["exports"])

USUAL = timedelta(days=366)
LONGEST = timedelta(days=366 * 20)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILES: dict[str, Any] = {"content": {"text/csv": {}, TYPES["xlsx"]: {}}}


@router.get("/{name}.{kind}", response_class=Response, responses={200: FILES})
def export_table(
    work: Viewer,
    name: str,
    kind: str,
    since: Annotated[date | None, Query(alias="from", description="First day")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last day")] = None,
    run: Annotated[int | None, Query(ge=1, lt=2**31, description="Deliveries of one run")] = None,
    month: Annotated[
        str | None,
        Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="`2026-11`, instead of days"),
    ] = None,
    per_day: Annotated[
        int | None, Query(ge=0, le=100_000, description="Rewards: F for a complete, on-time day")
    ] = None,
    per_check: Annotated[
        int, Query(ge=0, le=100_000, description="Rewards: F for a check passed")
    ] = 0,
    separator: Literal[",", ";"] = ",",
    bom: Annotated[bool, Query(description="For a spreadsheet that guesses the letters")] = False,
) -> Response:
    """`reports`, `quotes`, `prices` (HDX columns), `deliveries`, `subscribers`, `reporters`,
    `routes`, `weighings`, `silence`, `gaps` or `rewards` (airtime earned, by month), as `csv` or
    `xlsx`; the last year by default, for rewards this month and the one before."""
    if month:
        since, until = Month.read(month).first, Month.read(month).last
    sheet = build(work, name, since, until, run, Pay(per_day, per_check))
    if kind not in TYPES:
        raise Problem("not_found")
    body = (
        sheets.to_xlsx(sheet)
        if kind == "xlsx"
        else sheets.to_csv(sheet, separator=separator, bom=bom)
    )
    headers = {
        "Content-Disposition": f'attachment; filename="sugu-{name}.{kind}"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=TYPES[kind], headers=headers)


def build(
    work: Work,
    name: str,
    since: date | None = None,
    until: date | None = None,
    run: int | None = None,
    pay: Pay = UNPAID,
) -> Sheet:
    """One table, by name; a problem for a name that is none."""
    if name not in EXTRACTS:
        raise Problem("not_found")
    last = until or work.today
    if name == "rewards" and since is None and until is None:
        since = Month.of(last).before.first
    first = since or max(date(2000, 1, 1), last - min(USUAL, last - date.min))
    if not timedelta(0) <= last - first <= LONGEST:
        raise invalid("from", "range", "From one day to twenty years.", "D'un jour à vingt ans.")
    return EXTRACTS[name](work, Span(first, last, run, pay))
