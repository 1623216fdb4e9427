"""Reports: what reporters said, and what staff decide when Sugu could not."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy
from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from sqlmodel import col, select

from service.api import records
from service.api.deps import OnceDep, Operator, Viewer, Work
from service.api.errors import unknown
from service.api.letters import Answer, Code, Id, Letter, Reason
from service.api.pages import Ask, Page, Paging, like, paged, values_of
from service.api.problems import Problem
from service.people.tables import Reporter
from service.prices import amends, questions, reception
from service.prices.catalog import Catalog, Stage
from service.prices.reception import Heard, Origin
from service.prices.report import Claim, Money, Status
from service.prices.store import Moved
from service.prices.tables import ReportRow
from service.sms.intake.reporting import teller_of

router = APIRouter(prefix="/reports", tags=["reports"])

LIVE = frozenset(Status) - {Status.SUPERSEDED, Status.CANCELLED}
"""Statuses that staff may still decide about."""


class Report(Answer):
    """`amount` is F for the quantity, as said; `value` F per the product's quoted unit, null
    when the unit has no weighing (then `basis_value` is F per unit)."""

    id: int
    received_at: datetime
    observed_on: date
    product: str
    market: str
    stage: str
    unit: str
    quantity: int
    amount: int
    value: int | None
    basis: str
    basis_value: float
    status: str
    verified: bool
    reason: str
    reporter: int
    reporter_name: str
    text: str
    channel: str
    supersedes: int | None
    version: int


class Decision(Letter):
    """Why, as a code: `typo_x10`, `wrong_unit`, `wrong_market`, `stale`, `suspicious`, ..."""

    reason: Reason


class Correction(Decision):
    """What the report meant. Only the fields given differ; the raw words stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "typo_x10", "amount": 225}]}
    )

    amount: Annotated[int, Field(gt=0, le=100_000_000)] | None = None
    quantity: Annotated[int, Field(gt=0, le=10_000)] | None = None
    unit: Code | None = None
    product: Code | None = None
    market: Code | None = None
    observed_on: date | None = None


@router.get("")
def list_reports(
    work: Viewer,
    ask: Paging,
    status: Annotated[list[Status] | None, Query()] = None,
    product: str | None = None,
    market: str | None = None,
    stage: Stage | None = None,
    reporter: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    since: Annotated[date | None, Query(alias="from", description="First fair day")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last fair day")] = None,
    q: Annotated[str | None, Query(max_length=60)] = None,
    oldest_first: bool = False,
) -> Page[Report]:
    """Reports, newest first; `status=held&status=asked&oldest_first=true` is the queue."""
    query = select(ReportRow, Reporter).join(
        Reporter, col(Reporter.id) == col(ReportRow.reporter_id)
    )
    wanted: list[Any] = [
        column == code
        for column, code in (
            (ReportRow.product, product.upper() if product else None),
            (ReportRow.market, market.upper() if market else None),
            (ReportRow.stage, stage),
            (ReportRow.reporter_id, reporter),
        )
        if code is not None
    ]
    if since:
        wanted.append(ReportRow.observed_on >= since)
    if until:
        wanted.append(ReportRow.observed_on <= until)
    if q:
        wanted.append(col(ReportRow.text).ilike(like(q), escape="|"))
    if status:
        wanted = [_of_statuses(status, wanted, ask, oldest_first=oldest_first)]
    query = query.where(*wanted)
    return paged(work.session, query, [ReportRow.id], ask, report_of, newest_first=not oldest_first)


def _of_statuses(
    statuses: Sequence[Status], wanted: Sequence[Any], ask: Ask, *, oldest_first: bool
) -> Any:
    """The next reports of each status, found in the index of each: the few that wait are not
    looked for among the millions that do not."""
    after = values_of(ask.cursor, [int])
    key = col(ReportRow.id)
    beyond = [(key > after[0]) if oldest_first else (key < after[0])] if after else []
    order = key.asc() if oldest_first else key.desc()
    parts = [
        sqlalchemy.select(key)
        .where(col(ReportRow.status) == each, *wanted, *beyond)
        .order_by(order)
        .limit(ask.limit + 1)
        .subquery()
        for each in dict.fromkeys(statuses)
    ]
    return key.in_(sqlalchemy.union_all(*(sqlalchemy.select(part.c.id) for part in parts)))


@router.get("/{report_id}")
def read_report(work: Viewer, report_id: Id) -> Report:
    row = work.one(ReportRow, report_id)
    work.tag(row.version)
    return _shown(work, row)


@router.post("/{report_id}/accept")
def accept_report(work: Operator, report_id: Id, form: Decision, once: OnceDep) -> Report:
    """It counts, and its quote is recomputed at once."""
    return once.keep(_decide(work, report_id, form.reason, "accept", _accept))


@router.post("/{report_id}/reject")
def reject_report(work: Operator, report_id: Id, form: Decision, once: OnceDep) -> Report:
    """It does not count, and its quote is recomputed at once."""
    return once.keep(_decide(work, report_id, form.reason, "reject", _reject))


@router.post("/{report_id}/correct")
def correct_report(work: Operator, report_id: Id, form: Correction, once: OnceDep) -> Report:
    """A new report takes the place of this one; the answer is the new one."""
    row = _open(work, report_id)
    claim = _claim(work, row, form)
    heard = reception.hear(
        work.session,
        work.state.book(),
        teller_of(work.session.get_one(Reporter, row.reporter_id)),
        claim,
        Origin(work.now, work.today, "staff", row.inbox_id, row.text),
        answered=True,
    )
    if not isinstance(heard, Heard):
        raise unknown("market")
    new = heard.report
    amends.replace_by(work.session, _catalog(work), row, new, work.now)
    amends.set_status(work.session, _catalog(work), [new], Status.CONFIRMED, form.reason, work.now)
    questions.withdraw(work.session, [row.id or 0], work.now)
    work.record(
        "report.correct",
        records.subject(row),
        before={"amount": row.amount, "unit": row.unit, "status": row.status},
        after={"report": new.id, "amount": new.amount, "unit": new.unit, "reason": form.reason},
    )
    work.session.refresh(new)
    work.tag(new.version)
    return once.keep(_shown(work, new))


def report_of(row: ReportRow, reporter: Reporter) -> Report:
    return Report.model_validate(
        {
            **row.model_dump(),
            "value": None if row.value is None else round(row.value),
            "reporter": row.reporter_id,
            "reporter_name": reporter.name,
        }
    )


Step = Callable[[Work, ReportRow, str], Sequence[Moved]]


def _decide(work: Work, report_id: int, reason: str, name: str, step: Step) -> Report:
    row = _open(work, report_id)
    before = {"status": row.status, "reason": row.reason}
    step(work, row, reason)
    questions.withdraw(work.session, [report_id], work.now)
    after = {"status": row.status, "reason": reason}
    work.record(f"report.{name}", records.subject(row), before=before, after=after)
    work.tag(row.version)
    return _shown(work, row)


def _accept(work: Work, row: ReportRow, reason: str) -> Sequence[Moved]:
    row.verified = True  # staff have looked at it: one reporter alone may carry a price now
    moved = amends.confirm(work.session, _catalog(work), row, Status.CONFIRMED, work.now)
    row.reason = reason
    return moved


def _reject(work: Work, row: ReportRow, reason: str) -> Sequence[Moved]:
    return amends.set_status(work.session, _catalog(work), [row], Status.REJECTED, reason, work.now)


def _open(work: Work, report_id: int) -> ReportRow:
    row = work.one(ReportRow, report_id)
    work.expect(row.version)
    if Status(row.status) not in LIVE:
        raise Problem(
            "wrong_state",
            hint=f"The report is {row.status}.",
            indice="Ce relevé a déjà sa décision.",
        )
    return row


def _claim(work: Work, row: ReportRow, form: Correction) -> Claim:
    catalog = _catalog(work)
    codes = {
        "product": (form.product or row.product).upper(),
        "market": (form.market or row.market).upper(),
        "unit": (form.unit or row.unit).upper(),
    }
    for field, known in (
        ("product", catalog.products), ("market", catalog.markets), ("unit", catalog.units),
    ):  # fmt: skip
        if codes[field] not in known:
            raise unknown(field)
    amount = form.amount or row.amount
    return Claim(
        product=codes["product"],
        market=codes["market"],
        unit=codes["unit"],
        amount=amount,
        said=form.amount or row.said,
        money=Money.FRANC,
        quantity=form.quantity or row.quantity,
        stage=Stage(row.stage),
        on=form.observed_on or row.observed_on,
    )


def _catalog(work: Work) -> Catalog:
    return work.state.book().catalog


def _shown(work: Work, row: ReportRow) -> Report:
    return report_of(row, work.session.get_one(Reporter, row.reporter_id))
