"""Reporters' reliability from what they and the others of the same fairs said (`method.md` 2.9).

Trust enters the quotes of reports still to come; those already made keep the trust they were
given, so that a replay gives the same bytes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.people.tables import Reporter
from service.prices.reliability import Comparison, reliability
from service.prices.report import COUNTING, Status
from service.prices.tables import ReportRow

LOOK_BACK = timedelta(days=180)
"""Half a year of fairs: long enough to see a habit, short enough to let one be mended."""
SEEN = (*(each.value for each in COUNTING), Status.HELD.value)

Fair = tuple[str, str, str, str, date]
"""(product, market, stage, basis, day)."""
Said = tuple[int, float, bool]
"""(reporter, value, counted)."""


def score(session: Session, today: date) -> int:
    """Bring every active reporter's bias, noise and trust up to date; how many changed."""
    comparisons = _comparisons(session, today)
    changed = 0
    for reporter in session.exec(select(Reporter).where(col(Reporter.active))):
        found = reliability(comparisons.get(reporter.id or 0, ()))
        if found is None or (reporter.bias, reporter.noise) == (found.bias, found.noise):
            continue
        reporter.bias, reporter.noise, reporter.trust = found.bias, found.noise, found.trust
        session.add(reporter)
        changed += 1
    return changed


def _comparisons(session: Session, today: date) -> dict[int, list[Comparison]]:
    """By reporter, each value beside the others' of that fair."""
    fairs: dict[Fair, list[Said]] = defaultdict(list)
    for fair, said in _said(session, today):
        fairs[fair].append(said)
    found: dict[int, list[Comparison]] = defaultdict(list)
    for everybody in fairs.values():
        for reporter, value, counted in everybody:
            found[reporter].append(Comparison(value, _others(everybody, reporter), counted))
    return found


def _others(everybody: Sequence[Said], reporter: int) -> tuple[float, ...]:
    return tuple(value for who, value, counted in everybody if who != reporter and counted)


def _said(session: Session, today: date) -> Iterator[tuple[Fair, Said]]:
    query = columns(
        col(ReportRow.product),
        col(ReportRow.market),
        col(ReportRow.stage),
        col(ReportRow.basis),
        col(ReportRow.observed_on),
        col(ReportRow.reporter_id),
        col(ReportRow.basis_value),
        col(ReportRow.status),
    ).where(col(ReportRow.observed_on) > today - LOOK_BACK, col(ReportRow.status).in_(SEEN))
    for *fair, reporter, value, status in session.execute(query):
        product, market, stage, basis, day = fair
        counted = Status(status) in COUNTING
        yield (product, market, stage, basis, day), (reporter, value, counted)
