"""Checks: prices that three farmers called wrong. Staff look, decide, and the answer goes back."""

from datetime import date, datetime

from fastapi import APIRouter
from sqlmodel import col, select

from service.api.deps import Operator, Viewer
from service.api.letters import Answer, Id, Letter
from service.api.pages import Page, Paging, paged
from service.api.problems import Problem
from service.prices.tables import PriceCheck as CheckRow
from service.sms.notices.outcomes import Outcome, close

router = APIRouter(prefix="/checks", tags=["checks"])


class Check(Answer):
    """A disputed quote. `outcome` is empty while it is open."""

    id: int
    product: str
    market: str
    fair_on: date
    opened_at: datetime
    closed_at: datetime | None
    outcome: str
    actor: str


class Closing(Letter):
    """`right`: the price stands. `corrected`: its reports have been mended first."""

    outcome: Outcome


@router.get("")
def list_checks(work: Viewer, ask: Paging, is_open: bool | None = None) -> Page[Check]:
    """Newest first; `is_open=true` for those that wait."""
    query = select(CheckRow)
    if is_open is not None:
        closed = col(CheckRow.closed_at)
        query = query.where(closed.is_(None) if is_open else closed.is_not(None))
    return paged(work.session, query, [CheckRow.id], ask, Check.model_validate, newest_first=True)


@router.post("/{check_id}/close")
def close_check(work: Operator, check_id: Id, form: Closing) -> Check:
    """Decide, and tell those who disputed the price."""
    row = work.one(CheckRow, check_id)
    if row.closed_at is not None:
        raise Problem("wrong_state")
    state = work.state
    close(work.session, state.book(), state.limits, row, form.outcome, work.who.name, work.now)
    work.record("check.close", f"checks/{row.id}", after={"outcome": form.outcome.value})
    return Check.model_validate(row)
