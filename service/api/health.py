"""Is it alive, is it ready, and how is it doing: three questions machines ask."""

from datetime import datetime, timedelta

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi import APIRouter, Depends, Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from service.api.deps import State, public
from service.api.state import Sugu
from service.db import alembic_config, reading
from service.sms.nudges import silent_fairs
from service.sms.tables import Circuit, Delivery, JobRun

STANDS_STILL = timedelta(minutes=2)
"""A clock that has not ticked for longer stands still: nothing is sent or scheduled."""

router = APIRouter(tags=["health"], dependencies=[Depends(public)])


@router.get("/healthz", summary="The process answers")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", summary="Everything it needs is there", responses={503: {}})
def readyz(state: State, response: Response) -> dict[str, object]:
    """Database, migrations, the worker's clock and the gateways; 503 when one is missing."""
    try:
        with reading(state.engine) as session:
            checks = {
                "database": "ok",
                "migrations": _migrations(session, state),
                "clock": _clock(session, state.clock()),
                "gateway": _circuit(session, state),
            }
    except SQLAlchemyError as error:
        checks = {"database": type(error).__name__}
    ready = all(each == "ok" for each in checks.values())
    response.status_code = 200 if ready else 503
    return {"status": "ok" if ready else "not ready", "checks": checks}


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
def metrics(state: State) -> Response:
    return Response(_measured(state), media_type=CONTENT_TYPE_LATEST)


def _migrations(session: Session, state: Sugu) -> str:
    head = ScriptDirectory.from_config(
        alembic_config(state.settings.database_url)
    ).get_current_head()
    current = MigrationContext.configure(session.connection()).get_current_revision()
    return "ok" if current == head else f"at {current}, should be {head}"


def _clock(session: Session, now: datetime) -> str:
    newest = session.exec(select(func.max(JobRun.finished_at))).one()
    if newest is None:
        return "has never ticked"
    late = now - newest
    return "ok" if late < STANDS_STILL else f"stands still for {int(late.total_seconds())} s"


def _circuit(session: Session, state: Sugu) -> str:
    stopped = session.get(Circuit, state.settings.gateway)
    return f"stopped: {stopped.reason}" if stopped else "ok"


def _measured(state: Sugu) -> bytes:
    """Gauges read when they are asked for; labels carry codes only, never a phone."""
    registry = CollectorRegistry()
    now = state.clock()
    ages = Gauge(
        "sugu_price_age_days", "Age of the newest price", ["product", "market"], registry=registry
    )
    for (product, market), quotes in state.book().quotes.items():
        ages.labels(product, market).set((state.limits.today(now) - quotes[0].fair_on).days)
    with reading(state.engine) as session:
        silent = silent_fairs(session, state.book(), state.limits, now)
        Gauge("sugu_silent_fairs", "Fairs that owe prices", registry=registry).set(len(silent))
        rows = Gauge("sugu_deliveries", "Messages by state", ["state"], registry=registry)
        counted = select(Delivery.state, func.count()).group_by(col(Delivery.state))
        for name, count in session.exec(counted):
            rows.labels(name).set(count)
        oldest = session.exec(
            select(func.min(Delivery.not_before)).where(
                Delivery.state == "queued", Delivery.not_before <= now
            )
        ).one()
        age = (now - oldest).total_seconds() if oldest else 0
        Gauge("sugu_queue_age_seconds", "Oldest message due", registry=registry).set(age)
    return generate_latest(registry)
