"""Proof that whoever confirms a far price holds the phone it came from.

The sender of an SMS is a claim: it can be forged, but not answered in the place of. A new or
changed number that stands by a price far from the last month's must send back four digits that
went to that number (`reliability.md` 4.1; settled reading 18 of `method.md`). Numbers that have
reported a few fairs answer with one digit like always.
"""

import hmac
import math
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from sqlmodel import col, select

from service.people.tables import Reporter
from service.prices import amends, questions
from service.prices.report import COUNTING, Status
from service.prices.tables import QuestionRow, QuoteRow, ReportRow
from service.sms.intake import replies
from service.sms.intake.reporting import Scene, elsewhere

KIND = "challenge"
TRIES = 3
PROBATION = 3
"""Fair days with a price that counted, after which a number is known."""
MONTH = timedelta(days=28)
YEAR = timedelta(days=365)
FEWEST = 3
"""Fair days of a month below which there is no telling what is far."""
FAR = 0.40
"""Share of the month's median that no week moves by itself."""
FAR_MADS = 3.0
MAD_FLOOR = 0.05
"""As in the quote: prices that agree to the franc have no spread (`method.md` 2.4, 2)."""
MAD_TO_SIGMA = 1.4826
_CODE = re.compile(r"\s*(\d{4})\s*")


def needed(scene: Scene, report: ReportRow) -> bool:
    """Whether standing by this price takes a proof."""
    return _on_probation(scene, scene.reporter) and far(report.basis_value, _lately(scene, report))


def far(value: float, lately: Sequence[int]) -> bool:
    """Whether a price is far from those of a month: 40 %, or three deviations."""
    if len(lately) < FEWEST:
        return False
    logs = [math.log(each) for each in lately]
    middle = median(logs)
    spread = max(MAD_TO_SIGMA * median(abs(each - middle) for each in logs), MAD_FLOOR)
    away = abs(math.log(value) - middle)
    return away > FAR_MADS * spread or abs(value / math.exp(middle) - 1) > FAR


def pose(scene: Scene, report: ReportRow) -> None:
    """Ask for the four digits next; until they come the price stays as it was."""
    option = {
        "kind": KIND,
        "code": f"{secrets.randbelow(10_000):04}",
        "tries": 0,
        "product": report.product,
        "market": report.market,
        "amount": report.amount,
    }
    questions.ask(
        scene.session,
        report.reporter_id,
        scene.now,
        kind=KIND,
        options=[option],
        report_id=report.id,
        inbox_id=scene.inbox_id,
    )


def answer(scene: Scene, text: str) -> str | None:
    """What four digits are told; None when none were asked for."""
    said = _CODE.fullmatch(text)
    if said is None:
        return None
    row = questions.open_question(scene.session, scene.teller.reporter_id, scene.now)
    if row is None or row.kind != KIND:
        return None
    if hmac.compare_digest(said[1], str(row.options[0]["code"])):
        return _proved(scene, row)
    return _wrong(scene, row)


def _proved(scene: Scene, row: QuestionRow) -> str:
    report = scene.session.get(ReportRow, row.report_id)
    following = questions.answered(scene.session, row, 1, scene.now)
    catalog = scene.book.catalog
    if report is None or report.status != Status.ASKED.value:
        told = replies.nothing_to_undo(scene.say)
    else:
        amends.confirm(scene.session, catalog, report, Status.CONFIRMED, scene.now)
        extra = elsewhere(scene, [report])
        told = replies.understood([report], catalog, scene.say, scene.lang, extra)
    return replies.question(following, catalog, scene.say, scene.lang) if following else told


def _wrong(scene: Scene, row: QuestionRow) -> str:
    """Another try; after the third, staff look."""
    first = dict(row.options[0])
    first["tries"] = int(first["tries"]) + 1
    row.options = [first]
    scene.session.add(row)
    if first["tries"] < TRIES:
        return replies.question(row, scene.book.catalog, scene.say, scene.lang)
    report = scene.session.get(ReportRow, row.report_id)
    questions.expire(scene.session, row, scene.now)
    if report is not None and report.status == Status.ASKED.value:
        amends.set_status(scene.session, scene.book.catalog, [report], Status.HELD, KIND, scene.now)
    return replies.held(scene.say)


def _on_probation(scene: Scene, reporter: Reporter) -> bool:
    """Too few fairs reported from this very number. Of the newest days, and no more of them than
    it takes: a reporter of many years has thousands."""
    fairs = select(col(ReportRow.observed_on)).where(
        ReportRow.reporter_id == reporter.id,
        col(ReportRow.status).in_([each.value for each in COUNTING]),
    )
    if reporter.number_since is not None:
        fairs = fairs.where(ReportRow.received_at >= reporter.number_since)
    newest = fairs.distinct().order_by(col(ReportRow.observed_on).desc()).limit(PROBATION)
    return len(scene.session.exec(newest).all()) < PROBATION


def _lately(scene: Scene, report: ReportRow) -> Sequence[int]:
    """The prices of the last month; after a gap the newest few of the last year."""
    rows = scene.session.exec(
        select(QuoteRow)
        .where(
            QuoteRow.product == report.product,
            QuoteRow.market == report.market,
            QuoteRow.stage == report.stage,
            QuoteRow.unit == report.basis,
            QuoteRow.fair_on >= report.observed_on - YEAR,
            QuoteRow.fair_on < report.observed_on,
        )
        .order_by(col(QuoteRow.fair_on).desc())
    ).all()
    month = [row.value for row in rows if row.fair_on >= report.observed_on - MONTH]
    return month if len(month) >= FEWEST else [row.value for row in rows[:FEWEST]]
