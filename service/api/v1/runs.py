"""Runs: each due slot of a broadcast, who got it, live progress, and second tries."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from sqlmodel import Session, col, select

from service.api import errors
from service.api.deps import Approver, OnceDep, Operator, State, Viewer, Work, require
from service.api.letters import Answer, Id, Letter
from service.api.pages import Page, Paging, cursor_of, paged, values_of
from service.api.problems import Problem
from service.api.state import Sugu
from service.db import reading
from service.sms.broadcasts import runs
from service.sms.broadcasts.editions import Press
from service.sms.gateway import DEFAULT_RATE
from service.sms.refused import Refused
from service.sms.tables import Broadcast, stored
from service.sms.tables import Run as RunRow

router = APIRouter(prefix="/runs", tags=["broadcasts"])

TICK = 1.0
"""Seconds between two looks at a run that is being followed."""
ENDED = frozenset({"finished", "cancelled", "missed", "skipped"})

DeliveryState = Literal[
    "queued", "sending", "accepted", "delivered", "failed", "rejected", "unknown", "expired",
    "suppressed", "cancelled",
]  # fmt: skip


class Run(Answer):
    """`counts` add up to `total`. `rate` is messages a second, `left` seconds to go; `stuck`:
    no progress for two minutes; `no_report`: accepted, and no report in a day. People are given
    their rows in slices; `addressed_at` is when the last of them had one."""

    id: int
    broadcast_id: int
    broadcast: str
    kind: str
    parent_id: int | None
    due_at: datetime
    created_at: datetime
    addressed_at: datetime | None
    finished_at: datetime | None
    not_after: datetime | None
    state: str
    reason: str
    total: int
    counts: dict[str, int]
    rate: float | None
    left: float | None
    stuck: bool
    no_report: int


class Share(Answer):
    name: str
    counts: dict[str, int]


class RunPage(Run):
    """One run, with its counts by operator, village and sex."""

    shares: dict[str, list[Share]]


class DeliveryLine(Answer):
    """One person of a run. `cost` in `currency`, when the gateway says."""

    id: int
    phone: str
    state: DeliveryState
    reason: str | None
    provider_id: str | None
    segments: int
    cost: float | None
    currency: str | None
    attempts: int
    gateway: str | None
    sending_at: datetime | None
    final_at: datetime | None


class Resending(Letter):
    """`confirm` is how many people may get the message twice: the number the problem 428 says."""

    confirm: Annotated[int, Field(ge=0)] | None = None


class Again(Answer):
    """The new run; at most `total` people are written to again."""

    run_id: int
    total: int


@router.get("")
def list_runs(
    work: Viewer,
    ask: Paging,
    state: Annotated[list[str] | None, Query()] = None,
) -> Page[Run]:
    """Runs of every broadcast, newest first."""
    query = select(RunRow)
    if state:
        query = query.where(col(RunRow.state).in_(state))
    keys = [RunRow.id]
    return paged(work.session, query, keys, ask, lambda row: run_of(work, row), newest_first=True)


@router.get("/{run_id}")
def read_run(work: Viewer, run_id: Id) -> RunPage:
    row = work.one(RunRow, run_id)
    shares = {
        name: [Share(name=each.name, counts=dict(each.counts)) for each in found]
        for name, found in work.state.tallies.statistics(work.session, row).items()
    }
    return RunPage(**run_of(work, row).model_dump(), shares=shares)


@router.get("/{run_id}/deliveries")
def list_deliveries(
    work: Viewer, run_id: Id, ask: Paging, state: DeliveryState | None = None
) -> Page[DeliveryLine]:
    """The people of a run, one line each."""
    work.one(RunRow, run_id)
    after = values_of(ask.cursor, [int])
    lines = runs.recipients(
        work.session,
        run_id,
        state=state,
        after=after[0] if after else 0,
        limit=ask.limit + 1,
    )
    shown = lines[: ask.limit]
    items = [
        DeliveryLine.model_validate(asdict(line) | {"phone": work.phone(line.sealed)})
        for line in shown
    ]
    more = len(lines) > ask.limit
    return Page(items=items, next=cursor_of([shown[-1].cursor]) if more else None)


@router.get(
    "/{run_id}/events", response_class=EventSourceResponse, dependencies=[require("viewer")]
)
async def follow_run(run_id: Id, state: State, request: Request) -> AsyncIterator[ServerSentEvent]:
    """Progress as server-sent events, once a second when it moved, until the run has ended."""
    last: dict[str, Any] | None = None
    while not await request.is_disconnected():
        seen = await asyncio.to_thread(_progress, state, run_id)
        if seen is None:
            return
        if seen != last:
            yield ServerSentEvent(data=seen, event="progress")
            last = seen
        if seen["state"] in ENDED:
            yield ServerSentEvent(data={"state": seen["state"]}, event="end")
            return
        await asyncio.sleep(TICK)


@router.post("/{run_id}/retry-failed")
def retry_failed(work: Operator, run_id: Id, once: OnceDep) -> Again:
    """Try again those who failed for a passing reason. Nobody who was reached gets a second one."""
    work.one(RunRow, run_id)
    again = runs.retry_failed(work.session, run_id, work.now, work.state.limits)
    return once.keep(_again(work, "run.retry", run_id, again))


@router.post("/{run_id}/resend-unknown")
def resend_unknown(
    work: Approver, run_id: Id, once: OnceDep, form: Resending | None = None
) -> Again:
    """Send again what may have been sent already; say how many duplicates you accept."""
    work.one(RunRow, run_id)
    most = runs.unknown(work.session, run_id)
    if form is None or form.confirm != most:
        raise Problem("confirmation_needed", count=most)
    again = runs.resend_unknown(work.session, run_id, work.now, work.state.limits)
    return once.keep(_again(work, "run.resend", run_id, again))


def press_of(work: Work) -> Press:
    """What broadcasts are printed with, from this process's book."""
    state = work.state
    return Press(
        limits=state.limits,
        book=lambda _session: state.book(),
        code=state.settings.ussd_code,
        rate=_rate(state),
    )


def run_of(work: Work, row: RunRow) -> Run:
    return _read(work.session, row, work.now, work.state)


def _read(session: Session, row: RunRow, now: datetime, state: Sugu) -> Run:
    seen = runs.progress(session, row, now, state.limits, state.tallies)
    name = session.exec(select(Broadcast.name).where(Broadcast.id == row.broadcast_id)).first()
    return Run.model_validate(
        {
            **row.model_dump(),
            "broadcast": name or "",
            "counts": dict(seen.counts),
            "rate": seen.rate,
            "left": seen.left,
            "stuck": seen.stuck,
            "no_report": seen.no_report,
        }
    )


def _progress(state: Sugu, run_id: int) -> dict[str, Any] | None:
    with reading(state.engine) as session:
        row = session.get(RunRow, run_id)
        return _read(session, row, state.clock(), state).model_dump(mode="json") if row else None


def _again(work: Work, action: str, run_id: int, again: RunRow | Refused) -> Again:
    if isinstance(again, Refused):
        raise errors.refused(again)
    work.record(action, f"run:{run_id}", after={"run": again.id, "total": again.total})
    return Again(run_id=stored(again.id), total=again.total)


def _rate(state: Sugu) -> float:
    """Messages a second of the gateway that sends, as far as it is known."""
    carrier = state.settings.carrier(state.settings.gateway)
    return state.settings.send_rate or carrier.rate or DEFAULT_RATE
