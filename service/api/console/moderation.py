"""Moderation: what Sugu could not decide alone, oldest first, with all that is known beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Response
from markupsafe import Markup
from sqlmodel import Session, col, select
from starlette.datastructures import FormData

from service.api.console import charts
from service.api.console.desk import (
    Clerk,
    Form,
    Reader,
    back,
    letter,
    once,
    pages,
    show,
    text,
    texts,
    voice_of,
    whole,
)
from service.api.deps import Work
from service.api.pages import Ask
from service.api.problems import Problem
from service.api.v1 import reports
from service.api.v1.reports import Correction, Decision, Report
from service.people.tables import Reporter
from service.prices.book import Price
from service.prices.catalog import Weight
from service.prices.judge import AGREEMENT
from service.prices.report import Status
from service.prices.tables import QuestionRow, ReportRow
from service.sms import outbox
from service.sms.intake import replies

router = pages()

PATH = "/console/moderation"
WAITING = [Status.HELD, Status.ASKED]
SHOWN = 30
"""Reports on one page: more would not be decided in one sitting."""
WEEKS = 8
"""Fairs of the sparkline."""
NEIGHBOURS = 4
"""Other markets shown beside a report, the freshest first."""
REASONS = (
    "checked", "called", "normal", "typo_x10", "wrong_unit", "wrong_market", "wrong_product",
    "dorome", "stale", "suspicious",
)  # fmt: skip
"""Why a decision was taken; the same codes as the API's."""
KIND = "decision"
"""What the outbox calls an answer to a reporter after a decision: nobody is woken for it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One report with its evidence. `ratio` is its value over the last known price; `near` within
    15 %; `question` what the reporter was asked; `accepted` and `refused` what may be answered."""

    report: Report
    known: Price
    ratio: float | None
    spark: Markup
    neighbours: Sequence[Price]
    weight: Weight | None
    question: str
    accepted: str
    refused: str

    @property
    def near(self) -> bool:
        return self.ratio is not None and abs(self.ratio - 1) <= AGREEMENT


@router.get("/moderation")
def queue_page(work: Reader, cursor: str | None = None) -> Response:
    found = reports.list_reports(work, Ask(cursor, SHOWN), status=WAITING, oldest_first=True)
    return show(
        work,
        "moderation.html",
        cases=[_case(work, each) for each in found.items],
        next=found.next,
        reasons=REASONS,
    )


@router.post("/moderation/accept")
def accept_many(work: Clerk, form: Form) -> Response:
    """Accept every report that was ticked, all or none."""
    for said in texts(form, "report"):
        if said.isdigit():
            decision = Decision(reason="normal")
            reports.accept_report(work, int(said), decision, once(work))
    return back(PATH, "bulk")


@router.post("/moderation/{report_id}")
def decide(work: Clerk, report_id: int, form: Form) -> Response:
    """One decision with its reason, and the answer to the reporter if it is wanted."""
    reason = {"reason": text(form, "reason")}
    match text(form, "do"):
        case "accept":
            decision = letter(Decision, reason, work.request)
            done = reports.accept_report(work, report_id, decision, once(work))
            notice = "accepted"
        case "reject":
            decision = letter(Decision, reason, work.request)
            done = reports.reject_report(work, report_id, decision, once(work))
            notice = "rejected"
        case "correct":
            change = letter(Correction, reason | _meant(form), work.request)
            done = reports.correct_report(work, report_id, change, once(work))
            notice = "corrected"
        case _:
            raise Problem("invalid")
    if text(form, "answer"):
        _answer(work, done.id, refused=notice == "rejected")
    return back(PATH, notice)


def _meant(form: FormData) -> dict[str, object]:
    """What the report meant, as far as the form says."""
    said: dict[str, object] = {
        "amount": whole(form, "amount"),
        "quantity": whole(form, "quantity"),
        "unit": text(form, "unit"),
        "product": text(form, "product"),
        "market": text(form, "market"),
        "observed_on": text(form, "observed_on"),
    }
    return {name: value for name, value in said.items() if value}


def _answer(work: Work, report_id: int, *, refused: bool) -> None:
    row = work.one(ReportRow, report_id)
    reporter = work.one(Reporter, row.reporter_id)
    outbox.enqueue(
        work.session,
        contact_id=reporter.contact_id,
        body=_words(work, row, reporter.language, refused=refused),
        language=reporter.language,
        kind=KIND,
        now=work.now,
        limits=work.state.limits,
    )


def _words(work: Work, row: ReportRow, language: str, *, refused: bool) -> str:
    say = work.state.voice(language)
    if refused:
        return replies.dropped(say)
    return replies.understood([row], work.state.book().catalog, say, language)


def _case(work: Work, report: Report) -> Case:
    book, voice = work.state.book(), voice_of(work.request, work.state)
    pair = report.product, report.market
    quotes = [
        each
        for each in (*book.quotes.get(pair, ()), *book.vessels.get(pair, ()))
        if each.unit == report.basis
    ]
    past = [float(each.value) for each in reversed(quotes[:WEEKS])]
    row = work.one(ReportRow, report.id)
    language = work.one(Reporter, report.reporter).language
    others = [
        each
        for each in book.prices(report.product, work.today)
        if each.market.code != report.market
    ]
    return Case(
        report=report,
        known=book.price(*pair, work.today),
        ratio=report.basis_value / past[-1] if past else None,
        spark=charts.spark(past, report.basis_value, voice.t("Huit dernières foires")),
        neighbours=sorted(others, key=lambda each: each.age_days)[:NEIGHBOURS],
        weight=book.catalog.weight(report.unit, report.product, report.market),
        question=_question(work.session, work, report.id),
        accepted=_words(work, row, language, refused=False),
        refused=_words(work, row, language, refused=True),
    )


def _question(session: Session, work: Work, report_id: int) -> str:
    """What was asked about a report, in French for staff."""
    row = session.exec(
        select(QuestionRow)
        .where(QuestionRow.report_id == report_id)
        .order_by(col(QuestionRow.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return ""
    return replies.question(row, work.state.book().catalog, work.state.voice("fr"), "fr")
