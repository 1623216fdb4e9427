"""The timed jobs: when each last ran, and how it went."""

from datetime import datetime

from fastapi import APIRouter
from sqlmodel import col, select

from service.api.deps import Viewer
from service.api.letters import Answer
from service.api.pages import Page
from service.sms.tables import JobRun

router = APIRouter(prefix="/jobs", tags=["jobs"])


class Job(Answer):
    """A job's last run. `age` is in seconds; `result` what it did, `error` the kind of its
    failure. One that had nothing to do says so every quarter of a minute."""

    name: str
    started_at: datetime
    finished_at: datetime | None
    age: float
    result: str
    error: str


class Jobs(Page[Job]):
    """All of them: no next page."""


@router.get("")
def list_jobs(work: Viewer) -> Jobs:
    """Every timed job, by name."""
    rows = work.session.exec(select(JobRun).order_by(col(JobRun.name)))
    return Jobs(
        items=[
            Job(**row.model_dump(), age=max((work.now - row.started_at).total_seconds(), 0.0))
            for row in rows
        ]
    )
