"""A reporter's month on a card, what staff should look at, and the reports asked about again."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from sqlmodel import col, select

from service.api import records
from service.api.deps import Operator, Viewer, Work
from service.api.errors import invalid
from service.api.letters import Answer, Id, Letter
from service.api.pages import Page
from service.api.problems import Problem
from service.people import callbacks
from service.people.cards import COUNTED, Month, read_card
from service.people.flags import read_signs
from service.people.tables import CallBack, Contact
from service.people.tables import Reporter as ReporterRow
from service.prices.reliability import holds_good
from service.prices.signs import Flag, Sign
from service.prices.tables import ReportRow

router = APIRouter(prefix="/reporters", tags=["reporters"])

MonthText = Annotated[
    str | None,
    Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="`2026-11`; the current one if absent"),
]


class Card(Answer):
    """Counts of one month: fairs owed, `reported`, `on_time`, `complete`, and `earned` (complete
    and on time: the unit of airtime); `reports` that count. `closeness` is the median distance to
    the others' prices (log, 0.05 is about 5 %); `served` the answers given to farmers from prices
    this reporter helped make. `trust`, `bias` and `noise` are today's."""

    reporter: int
    month: str
    fairs: int
    reported: int
    on_time: int
    complete: int
    earned: int
    reports: int
    closeness: float | None
    checked: int
    passed: int
    served: int
    trust: float
    bias: float | None
    noise: float | None


class Raised(Answer):
    """A flag with its evidence: the days and reports it was seen in. `stuck`: one `value` of
    `product` while the others' median went from `peers[0]` to `peers[1]`; `twin`: the same values
    as reporter `other`. It asks for a look, and proves nothing."""

    flag: Flag
    market: str
    days: list[date]
    reports: list[int]
    product: str | None
    value: float | None
    peers: list[float] | None
    other: int | None


class Flagged(Answer):
    """One reporter whom staff should look at."""

    reporter: int
    name: str
    market: str | None
    flags: list[Raised]


class Flags(Page[Flagged]):
    """Everybody at once: no next page."""


class Check(Answer):
    """A report drawn to be asked about again: whom to call, about what. `found` is what the check
    gave, F for what `basis` counts; `held_good`: within 15 % of it."""

    report: int
    reporter: int
    name: str
    phone: str
    product: str
    market: str
    stage: str
    observed_on: date
    value: float
    basis: str
    found: float | None
    held_good: bool | None
    note: str
    at: datetime | None
    actor: str


class Checks(Page[Check]):
    """A whole month at once: no next page."""


class Finding(Letter):
    """What the call or the second reporter gave for the same product, market and day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": 230}]})

    value: Annotated[float, Field(gt=0, le=100_000_000, allow_inf_nan=False)]
    note: Annotated[str, Field(max_length=200)] = ""


@router.get("/flags")
def list_flags(work: Operator) -> Flags:
    """Reporters whom staff should look at, with the evidence of the last eight weeks."""
    found = read_signs(work.session, work.state.book().catalog, work.today, work.state.limits.zone)
    people = work.session.exec(select(ReporterRow).where(col(ReporterRow.id).in_(list(found))))
    rows = sorted(people, key=lambda each: each.id or 0)
    return Flags(
        items=[
            Flagged(
                reporter=row.id or 0,
                name=row.name,
                market=row.market,
                flags=raised(found[row.id or 0]),
            )
            for row in rows
        ]
    )


@router.get("/callbacks")
def list_callbacks(work: Operator, month: MonthText = None) -> Checks:
    """One report in twenty of a month, drawn by lot, to ask about again; with what was found."""
    return Checks(items=list(checks(work, month_of(work, month))))


@router.put("/callbacks/{report_id}")
def write_finding(work: Operator, report_id: Id, form: Finding) -> Check:
    """Write down what a check found; it enters the reporter's bias at the next reckoning."""
    row = work.one(ReportRow, report_id)
    if row.status not in COUNTED:
        raise Problem("wrong_state", hint=f"The report is {row.status}.")
    done = callbacks.note(
        work.session, row, form.value, work.who.name, work.now, words=form.note.strip()
    )
    work.record("report.check", records.subject(row), after={"found": form.value})
    return _check(row, done, *_person(work, row.reporter_id))


@router.get("/{reporter_id}/card")
def read_reporter_card(work: Viewer, reporter_id: Id, month: MonthText = None) -> Card:
    """One month of a reporter on one card; prices play no part in what it earns."""
    row = work.one(ReporterRow, reporter_id)
    return card_of(work, row, month_of(work, month))


@router.get("/{reporter_id}/flags")
def read_reporter_flags(work: Operator, reporter_id: Id) -> Flagged:
    """What staff should look at in this reporter's work of the last eight weeks. Nobody is
    punished by a flag, and no text, open page or export holds one."""
    row = work.one(ReporterRow, reporter_id)
    return Flagged(
        reporter=reporter_id,
        name=row.name,
        market=row.market,
        flags=raised(signs_of(work, reporter_id)),
    )


def month_of(work: Work, text: str | None) -> Month:
    """The month asked for, which has begun."""
    month = Month.read(text) if text else Month.of(work.today)
    if month.first > work.today:
        raise invalid("month", "range", "This month has not begun.", "Ce mois n'a pas commencé.")
    return month


def card_of(work: Work, row: ReporterRow, month: Month) -> Card:
    found = read_card(work.session, row, month, work.today, work.state.limits.zone)
    return Card.model_validate(
        {
            **{name: getattr(found, name) for name in found.__slots__},
            "reporter": row.id,
            "month": str(month),
            "trust": row.trust,
            "bias": row.bias,
            "noise": row.noise,
        }
    )


def signs_of(work: Work, reporter_id: int) -> list[Sign]:
    book, zone = work.state.book(), work.state.limits.zone
    found = read_signs(work.session, book.catalog, work.today, zone, reporter_id)
    return found.get(reporter_id, [])


def raised(signs: Iterable[Sign]) -> list[Raised]:
    return [
        Raised(
            flag=each.flag,
            market=each.market,
            days=list(each.days),
            reports=list(each.reports),
            product=each.product,
            value=each.value,
            peers=[round(peer, 2) for peer in each.peers] if each.peers else None,
            other=each.other,
        )
        for each in signs
    ]


def checks(work: Work, month: Month, reporter: int | None = None) -> Iterable[Check]:
    people: dict[int, tuple[str, str]] = {}
    for row, done in callbacks.drawn(work.session, month, reporter):
        if row.reporter_id not in people:
            people[row.reporter_id] = _person(work, row.reporter_id)
        yield _check(row, done, *people[row.reporter_id])


def _person(work: Work, reporter_id: int) -> tuple[str, str]:
    """Name and number."""
    row = work.one(ReporterRow, reporter_id)
    return row.name, work.phone(work.one(Contact, row.contact_id).sealed)


def _check(row: ReportRow, done: CallBack | None, name: str, phone: str) -> Check:
    facts: Mapping[str, object] = {"found": None, "held_good": None, "note": "", "at": None}
    if done:
        facts = {
            "found": done.value,
            "held_good": holds_good(row.basis_value, done.value),
            "note": done.note,
            "at": done.at,
        }
    return Check.model_validate(
        {
            "report": row.id,
            "reporter": row.reporter_id,
            "name": name,
            "phone": phone,
            "product": row.product,
            "market": row.market,
            "stage": row.stage,
            "observed_on": row.observed_on,
            "value": round(row.basis_value, 2),
            "basis": row.basis,
            "actor": done.actor if done else "",
            **facts,
        }
    )
