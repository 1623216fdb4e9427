"""Questions nobody answered in two hours: another reporter may vouch, else staff look."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import get_args

from sqlmodel import Session, col, select

from service.people.tables import Reporter
from service.prices import questions
from service.prices.amends import set_status
from service.prices.book import Book
from service.prices.catalog import Catalog
from service.prices.judge import QuestionKind, corroborated
from service.prices.known import prior
from service.prices.report import COUNTING, Status
from service.prices.store import window_of
from service.prices.tables import QuestionRow, QuoteRow, ReportRow
from service.sms import outbox
from service.sms.intake import replies
from service.sms.outbox.limits import Limits

SECOND_LOOK = timedelta(days=2)
"""For so long after it came in, a held price is looked at again: a colleague's word or the next
market's price may come later than two hours (`method.md` 2.3, 4)."""
VOUCHED = "vouched"
DOUBTS = get_args(QuestionKind)
"""Reasons of what was asked and not answered; what staff or a reporter decided has others."""
NEAR = timedelta(days=7)
"""Quotes of adjacent markets this close to the claim's day tell whether prices moved."""


def settle_unanswered(session: Session, book: Book, limits: Limits, now: datetime) -> int:
    """Close every overdue question, decide its report, ask what waited behind it."""
    rows = questions.overdue(session, now)
    for row in rows:
        _close(session, book, row, now)
    _look_again(session, book, now)
    if not limits.is_quiet(now):  # a question asked at night would be over before morning
        for reporter_id in questions.waiting(session):
            _go_on(session, book, limits, reporter_id, now)
    return len(rows)


def lapse(session: Session, book: Book, reporter_id: int, now: datetime) -> None:
    """Close this reporter's own overdue question first, when the clock has not come to it yet."""
    for row in questions.overdue(session, now, reporter_id):
        _close(session, book, row, now)


def _close(session: Session, book: Book, row: QuestionRow, now: datetime) -> None:
    questions.expire(session, row, now)
    _decide(session, book, row, now)


def _go_on(session: Session, book: Book, limits: Limits, reporter_id: int, now: datetime) -> None:
    """Ask the next queued question; one about something switched off is passed over."""
    while (row := questions.next_question(session, reporter_id, now)) is not None:
        if _can_be_asked(row, book.catalog):
            _ask(session, book, limits, row, now)
            return
        _close(session, book, row, now)


def _can_be_asked(row: QuestionRow, catalog: Catalog) -> bool:
    named = [*row.options, row.pending or {}]
    products = {each["product"] for each in named if each.get("product")}
    markets = {each["market"] for each in named if each.get("market")}
    return products <= catalog.products.keys() and markets <= catalog.markets.keys()


def _decide(session: Session, book: Book, row: QuestionRow, now: datetime) -> None:
    report = session.get(ReportRow, row.report_id) if row.report_id else None
    if report is None or report.status != Status.ASKED.value:
        return
    vouched = _vouched(session, book, report)
    status = Status.CORROBORATED if vouched else Status.HELD
    reason = VOUCHED if vouched else row.kind
    set_status(session, book.catalog, [report], status, reason, now)


def _look_again(session: Session, book: Book, now: datetime) -> None:
    """What nobody vouched for in two hours, somebody may since."""
    rows = session.exec(
        select(ReportRow)
        .where(
            ReportRow.status == Status.HELD.value,
            ReportRow.received_at > now - SECOND_LOOK,
            col(ReportRow.reason).in_(DOUBTS),
        )
        .order_by(col(ReportRow.id))
    ).all()
    for report in rows:
        if _vouched(session, book, report):
            set_status(session, book.catalog, [report], Status.CORROBORATED, VOUCHED, now)


def _vouched(session: Session, book: Book, report: ReportRow) -> bool:
    product = book.catalog.products.get(report.product)
    return product is not None and corroborated(
        report.basis_value,
        _others(session, report),
        prior(session, window_of(report), book.estimates),
        product.band if report.value is not None else None,
        _moves(session, report),
    )


def _others(session: Session, report: ReportRow) -> Iterator[float]:
    """What other reporters said of the same market day and that counts: two prices nobody answered
    for do not vouch for each other, since two numbers are forged as easily as one."""
    rows = session.exec(
        select(ReportRow.basis_value).where(
            ReportRow.product == report.product,
            ReportRow.market == report.market,
            ReportRow.stage == report.stage,
            ReportRow.basis == report.basis,
            ReportRow.observed_on == report.observed_on,
            ReportRow.reporter_id != report.reporter_id,
            col(ReportRow.status).in_([each.value for each in COUNTING]),
        )
    )
    return iter(rows.all())


def _moves(session: Session, report: ReportRow) -> Iterator[float]:
    """ln(now / before) of the same product at the other markets."""
    rows = session.exec(
        select(QuoteRow)
        .where(
            QuoteRow.product == report.product,
            QuoteRow.market != report.market,
            QuoteRow.stage == report.stage,
            QuoteRow.unit == report.basis,
            QuoteRow.fair_on > report.observed_on - 3 * NEAR,
            QuoteRow.fair_on <= report.observed_on,
        )
        .order_by(col(QuoteRow.market), col(QuoteRow.fair_on).desc())
    ).all()
    for newest, before in pairwise(rows):
        first = newest.fair_on > report.observed_on - NEAR
        if first and newest.market == before.market:
            yield math.log(newest.value / before.value)


def _ask(session: Session, book: Book, limits: Limits, row: QuestionRow, now: datetime) -> None:
    reporter = session.get_one(Reporter, row.reporter_id)
    outbox.enqueue(
        session,
        contact_id=reporter.contact_id,
        body=replies.question(
            row, book.catalog, limits.voice(reporter.language), reporter.language
        ),
        language=reporter.language,
        kind="question",
        now=now,
        limits=limits,
    )
