"""Reporters' reliability from what they and the others of the same fairs said (`method.md` 2.9).

Trust enters the quotes of reports still to come; those already made keep the trust they were
given, so that a replay gives the same bytes. A report that was asked about again is compared with
what the check found, which nobody of the fair can have agreed on beforehand.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.people.tables import CallBack, Reporter
from service.prices.reliability import Comparison, reliability
from service.prices.report import COUNTING, Status
from service.prices.tables import ReportRow

LOOK_BACK = timedelta(days=180)
"""Half a year of fairs: long enough to see a habit, short enough to let one be mended."""
SEEN = (*(each.value for each in COUNTING), Status.HELD.value)

Fair = tuple[str, str, str, str, date]
"""(product, market, stage, basis, day)."""


@dataclass(frozen=True, slots=True)
class Said:
    """One reporter's value at a fair; `found` what a check gave, if there was one."""

    reporter: int
    value: float
    counted: bool
    found: float | None


def score(session: Session, today: date) -> int:
    """Bring every active reporter's bias, noise and trust up to date; how many changed."""
    compared = comparisons(session, today - LOOK_BACK + timedelta(days=1), today)
    changed = 0
    for reporter in session.exec(select(Reporter).where(col(Reporter.active))):
        found = reliability(compared.get(reporter.id or 0, ()))
        if found is None or (reporter.bias, reporter.noise) == (found.bias, found.noise):
            continue
        reporter.bias, reporter.noise, reporter.trust = found.bias, found.noise, found.trust
        session.add(reporter)
        changed += 1
    return changed


def comparisons(
    session: Session, first: date, last: date, reporter: int | None = None
) -> dict[int, list[Comparison]]:
    """By reporter, each value of these days beside the others' of that fair. With `reporter`,
    only the markets that this one reported from are read."""
    fairs: dict[Fair, list[Said]] = defaultdict(list)
    for fair, said in _said(session, first, last, reporter):
        fairs[fair].append(said)
    compared: dict[int, list[Comparison]] = defaultdict(list)
    for fair, everybody in fairs.items():
        for said in everybody:
            others = _others(everybody, said)
            compared[said.reporter].append(Comparison(said.value, others, fair[4], said.counted))
    return compared


def _others(everybody: Sequence[Said], mine: Said) -> tuple[float, ...]:
    if mine.found is not None:
        return (mine.found,)
    return tuple(
        each.value for each in everybody if each.reporter != mine.reporter and each.counted
    )


def _said(
    session: Session, first: date, last: date, reporter: int | None
) -> Iterator[tuple[Fair, Said]]:
    query = (
        columns(
            col(ReportRow.product),
            col(ReportRow.market),
            col(ReportRow.stage),
            col(ReportRow.basis),
            col(ReportRow.observed_on),
            col(ReportRow.reporter_id),
            col(ReportRow.basis_value),
            col(ReportRow.status),
            col(CallBack.value),
        )
        .outerjoin(CallBack, col(CallBack.report_id) == col(ReportRow.id))
        .where(col(ReportRow.observed_on).between(first, last))
    )
    if reporter is not None:
        mine = columns(col(ReportRow.market)).where(
            col(ReportRow.reporter_id) == reporter,
            col(ReportRow.observed_on).between(first, last),
        )
        query = query.where(col(ReportRow.market).in_(mine))
    for product, market, stage, basis, day, who, value, status, found in session.execute(query):
        # Asked of the database, this would lead it over all years: most reports are SEEN.
        if status in SEEN:
            fair = product, market, stage, basis, day
            yield fair, Said(who, value, Status(status) in COUNTING, found)
