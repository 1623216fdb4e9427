"""Health: is the process alive, may it be sent people, and what Prometheus wants to know."""

from datetime import timedelta
from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from service.api import metrics
from service.api.deps import State, public
from service.api.state import Sugu
from service.db import head, reading, revision
from service.sms.tables import Circuit, JobRun

CLOCK_STANDS_STILL = timedelta(minutes=3)
"""The worker ticks every half minute at most; six of them missing is no accident."""

PHONE = "phone "
"""How the lines of phones that are gateways begin among those of the timed jobs."""

router = APIRouter(tags=["health"], dependencies=[Depends(public)])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Check(BaseModel):
    """`needed`: without it nobody may be sent here. The others are for staff to look at."""

    name: str
    ok: bool
    needed: bool
    detail: str


class Ready(BaseModel):
    status: Literal["ready", "not ready"]
    checks: list[Check]


@router.get("/", include_in_schema=False)
def front_door(state: State) -> RedirectResponse:
    """Who types the bare address finds something to do: the phones of the demo, or the console."""
    shown = state.settings.demo or state.settings.simulator
    return RedirectResponse("/simulator" if shown else "/console", 303)


@router.get("/healthz", operation_id="healthz")
def healthz() -> Alive:
    """The process answers."""
    return Alive()


@router.get(
    "/readyz", operation_id="readyz", responses={503: {"model": Ready, "description": "Not ready"}}
)
def readyz(state: State, response: Response) -> Ready:
    """Database and migrations are needed; a worker that stands still, or a gateway that is closed
    off, is said and does not turn farmers away: their answers come from memory."""
    checks = _checks(state)
    ready = all(check.ok for check in checks if check.needed)
    response.status_code = 200 if ready else 503
    return Ready(status="ready" if ready else "not ready", checks=checks)


@router.get("/metrics", operation_id="metrics", response_class=Response)
def read_metrics(state: State) -> Response:
    """Figures in the text format of Prometheus; no phone is in them."""
    return Response(metrics.exposition(state), media_type=CONTENT_TYPE_LATEST)


def _checks(state: Sugu) -> list[Check]:
    try:
        with reading(state.engine) as session:
            return [
                Check(name="database", ok=True, needed=True, detail=state.engine.dialect.name),
                _migrations(session, state.settings.database_url),
                _clock(session, state),
                *_gateways(session),
            ]
    except SQLAlchemyError as error:
        detail = type(error).__name__
        return [Check(name="database", ok=False, needed=True, detail=detail)]


def _migrations(session: Session, url: str) -> Check:
    current = revision(session.connection())
    return Check(name="migrations", ok=current == _head(url), needed=True, detail=current or "none")


@lru_cache
def _head(url: str) -> str | None:
    return head(url)


def _clock(session: Session, state: Sugu) -> Check:
    """The newest run of any timed job: the worker's pulse. Not that of a phone that is a gateway:
    it lives by itself."""
    newest = session.exec(
        select(JobRun.started_at)
        .where(~col(JobRun.name).startswith(PHONE))
        .order_by(col(JobRun.started_at).desc())
        .limit(1)
    ).first()
    age = state.clock() - newest if newest else None
    ok = age is not None and age < CLOCK_STANDS_STILL
    detail = f"{int(age.total_seconds())} s" if age is not None else "never ran"
    return Check(name="worker", ok=ok, needed=False, detail=detail)


def _gateways(session: Session) -> list[Check]:
    return [
        Check(
            name=f"gateway {each.gateway}", ok=False, needed=False, detail=each.kind or "closed off"
        )
        for each in session.exec(select(Circuit).order_by(Circuit.gateway))
    ]
