"""A run: its progress as it happens, every person it writes to, and second tries."""

from typing import get_args

from fastapi import Response

from service.api.console.desk import Clerk, Form, Reader, Second, back, once, pages, show, whole
from service.api.pages import Ask
from service.api.problems import Problem
from service.api.v1 import runs
from service.api.v1.runs import DeliveryState, Resending

router = pages()

SHOWN = 100
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)


@router.get("/runs/{run_id}")
def run_page(work: Reader, run_id: int, state: str = "", cursor: str | None = None) -> Response:
    run = runs.read_run(work, run_id)
    wanted = next((each for each in STATES if each == state), None)
    lines = runs.list_deliveries(work, run_id, Ask(cursor, SHOWN), state=wanted)
    return show(
        work,
        "run.html",
        run=run,
        lines=lines.items,
        next=lines.next,
        state=wanted or "",
        states=STATES,
        ended=run.state in runs.ENDED,
    )


@router.post("/runs/{run_id}/retry")
def retry(work: Clerk, run_id: int) -> Response:
    """Try those again who failed for a passing reason."""
    again = runs.retry_failed(work, run_id, once(work))
    return back(f"/console/runs/{again.run_id}", "retried")


@router.post("/runs/{run_id}/resend")
def resend(work: Second, run_id: int, form: Form) -> Response:
    """Send again what may have arrived: the number of possible duplicates is typed."""
    most = whole(form, "confirm")
    if most is None:
        raise Problem("confirmation_needed", count=runs.read_run(work, run_id).counts["unknown"])
    again = runs.resend_unknown(work, run_id, once(work), Resending(confirm=most))
    return back(f"/console/runs/{again.run_id}", "retried")
