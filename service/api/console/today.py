"""Today: the fairs, who is silent, what waits for somebody, and whether everything runs."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from fastapi import Response
from sqlalchemy import func
from sqlmodel import col, select

from service.api import health
from service.api.console.desk import Reader, pages, show
from service.api.deps import Work
from service.api.pages import Ask
from service.api.v1 import broadcasts, reports, runs, silence
from service.prices.catalog import Market
from service.prices.report import Status
from service.prices.tables import ReportRow
from service.sms.outbox import budget
from service.sms.tables import Delivery, Inbox

router = pages()

WAITING = (Status.HELD, Status.ASKED)
FIRST = 6
"""Reports and runs shown here; the rest stands on its own page."""
LATELY = 20_000
"""Messages looked through for the last one a gateway took: a day of the busiest kind."""
AHEAD = 3
"""Days of fairs shown, today first."""
MOVING = ["running", "paused"]


@router.get("")
def today_page(work: Reader) -> Response:
    counts = waiting(work)
    return show(
        work,
        "today.html",
        fairs=fairs_ahead(work),
        board=silence.read_silence(work).items,
        counts=counts,
        waiting=reports.list_reports(
            work, Ask(None, FIRST), status=list(WAITING), oldest_first=True
        ).items,
        oldest=_oldest(work),
        running=runs.list_runs(work, Ask(None, FIRST), state=MOVING).items,
        pending=broadcasts.list_broadcasts(work, Ask(None, FIRST), state=["pending"]).items,
        scheduled=broadcasts.list_broadcasts(work, Ask(None, FIRST), state=["scheduled"]).items,
        checks=health.readyz(work.state, Response()).checks,
        gateway=work.state.settings.gateway,
        heard=_heard(work),
        accepted=_accepted(work),
        left=budget.left(work.session, budget.scopes(work.state.limits, None, work.now)),
        stuck=work.session.exec(
            select(func.count()).select_from(Inbox).where(Inbox.state == "stuck")
        ).one(),
    )


def waiting(work: Work) -> Counter[str]:
    """How many reports wait for a decision, by status."""
    rows = work.session.exec(
        select(ReportRow.status, func.count())
        .where(col(ReportRow.status).in_([each.value for each in WAITING]))
        .group_by(col(ReportRow.status))
    )
    return Counter(dict(rows.all()))


def fairs_ahead(work: Work) -> list[tuple[date, Sequence[Market]]]:
    """The fairs of today and of the days after, cancelled ones included and marked."""
    days = [work.today + timedelta(days=ahead) for ahead in range(AHEAD)]
    markets = work.state.book().fairs()
    return [(day, [each for each in markets if day.weekday() in each.fair_days]) for day in days]


def _oldest(work: Work) -> datetime | None:
    """When the first of the waiting reports came in, by the index of each status."""
    found = (
        work.session.exec(
            select(ReportRow.received_at)
            .where(ReportRow.status == each.value)
            .order_by(col(ReportRow.id))
            .limit(1)
        ).first()
        for each in WAITING
    )
    return min((each for each in found if each), default=None)


def _heard(work: Work) -> datetime | None:
    """The last sign of life from a gateway towards us."""
    found: datetime | None = work.session.exec(select(func.max(col(Inbox.received_at)))).one()
    return found


def _accepted(work: Work) -> datetime | None:
    """The last message a gateway took, among the newest: older ones tell nothing of today."""
    newest = select(func.max(col(Delivery.id)) - LATELY).scalar_subquery()
    found: datetime | None = work.session.exec(
        select(func.max(col(Delivery.accepted_at))).where(col(Delivery.id) > newest)
    ).one()
    return found
