"""Silence: which fair owes which prices, and whom to call about it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from fastapi import APIRouter
from sqlalchemy import func
from sqlmodel import Session, col, select

from service.api.deps import Viewer, Work
from service.api.letters import Answer
from service.people.tables import Contact, Reporter
from service.prices.absent import said_absent
from service.prices.book import Book
from service.prices.catalog import Market
from service.prices.tables import ReportRow
from service.sms.nudges import ALERT_AFTER, CLOSES

router = APIRouter(prefix="/silence", tags=["silence"])

EXPECTED_WEEKS = 8
"""A product priced at a market within these weeks is expected there at every fair."""


class Caller(Answer):
    """Somebody to call, the most recently heard first."""

    reporter: int
    name: str
    phone: str
    last_report_on: date | None


class Owing(Answer):
    """One fair: what came, what reporters said had no price, what is owed. `silent`: nothing came;
    `alarming`: 36 hours of it."""

    market: str
    name: str
    fair_on: date
    hours: int
    received: list[str]
    absent: list[str]
    owed: list[str]
    silent: bool
    alarming: bool
    call: list[Caller]


class Board(Answer):
    items: list[Owing]


@router.get("")
def read_silence(work: Viewer) -> Board:
    """The last fair of every market, those that owe most first."""
    found = [
        owing for market in work.state.book().fairs() if (owing := _owing(work, market)) is not None
    ]
    found.sort(key=lambda each: (not each.silent, -len(each.owed), each.market))
    return Board(items=found)


def last_fair(market: Market, now: datetime, work: Work) -> date | None:
    """The newest fair day that is over; None for a market whose day is daily or unknown."""
    local = now.astimezone(work.state.limits.zone)
    newest = local.date() if local.time() >= CLOSES else local.date() - timedelta(days=1)
    days = (newest - timedelta(days=ago) for ago in range(7))
    held = (d for d in days if d.weekday() in market.fair_days and d not in market.cancelled_on)
    return next(held, None)


def expected(book: Book, market: str, fair_on: date) -> list[str]:
    """Codes of the products this market has had a price for lately."""
    since = fair_on - timedelta(weeks=EXPECTED_WEEKS)
    return [
        goods.code
        for goods in book.sold()
        for quotes in [
            book.quotes.get((goods.code, market)) or book.vessels.get((goods.code, market))
        ]
        if quotes and quotes[0].fair_on >= since
    ]


def _owing(work: Work, market: Market) -> Owing | None:
    fair_on = last_fair(market, work.now, work)
    if fair_on is None:
        return None
    received = _received(work.session, market.code, fair_on)
    absent = [c for c in said_absent(work.session, market.code, fair_on) if c not in received]
    told = {*received, *absent}
    owed = [c for c in expected(work.state.book(), market.code, fair_on) if c not in told]
    callers = _callers(work, market.code)
    if not owed and not told and not callers:
        return None  # nobody has ever reported from here: nothing is owed
    over = datetime.combine(fair_on, CLOSES, work.state.limits.zone)
    hours = max(0, int((work.now - over).total_seconds() // 3600))
    silent = not told
    return Owing(
        market=market.code,
        name=market.name,
        fair_on=fair_on,
        hours=hours,
        received=received,
        absent=absent,
        owed=owed,
        silent=silent,
        alarming=silent and timedelta(hours=hours) >= ALERT_AFTER,
        call=list(callers),
    )


def _received(session: Session, market: str, fair_on: date) -> list[str]:
    rows = (
        select(ReportRow.product)
        .where(ReportRow.market == market, ReportRow.observed_on >= fair_on)
        .distinct()
    )
    return sorted(session.exec(rows))


def _callers(work: Work, market: str) -> Sequence[Caller]:
    last = func.max(col(ReportRow.observed_on)).label("last")
    rows = work.session.execute(
        select(Reporter, Contact, last)
        .join(Contact, col(Contact.id) == col(Reporter.contact_id))
        .outerjoin(ReportRow, col(ReportRow.reporter_id) == col(Reporter.id))
        .where(Reporter.market == market, col(Reporter.active))
        .group_by(col(Reporter.id), col(Contact.id))
    )
    callers = [
        Caller(
            reporter=reporter.id or 0,
            name=reporter.name,
            phone=work.phone(contact.sealed),
            last_report_on=seen,
        )
        for reporter, contact, seen in rows
    ]
    return sorted(callers, key=lambda each: each.last_report_on or date.min, reverse=True)
