"""Silence: which fair owes which prices, and whom to call about it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from fastapi import APIRouter
from sqlalchemy import func
from sqlmodel import Session, col, select

from service.api.deps import Viewer, Work
from service.api.letters import Answer
from service.i18n import day as named_day
from service.people.cards import CLOSES
from service.people.tables import Contact, Reporter
from service.prices.absent import said_absent
from service.prices.book import Book
from service.prices.catalog import Market
from service.prices.report import Status
from service.prices.tables import ReportRow
from service.sms.notices.nudges import ALERT_AFTER

router = APIRouter(prefix="/silence", tags=["silence"])

LOOKED_BACK = timedelta(days=8)
"""No last fair is older: a week before yesterday."""
EXPECTED_WEEKS = 8
"""A product priced at a market within these weeks is expected there at every fair."""


class Caller(Answer):
    """Somebody to call, the most recently heard first; `script` is what to say, in the language of
    this reporter."""

    reporter: int
    name: str
    phone: str
    language: str
    last_report_on: date | None
    script: str


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
    lately = _lately(work.session, work.today - LOOKED_BACK)
    found = [
        owing
        for market in work.state.book().fairs()
        if (owing := _owing(work, market, lately.get(market.code, {}))) is not None
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
        if any(
            quotes[goods.code, market][0].fair_on >= since
            for quotes in (book.quotes, book.vessels)
            if quotes.get((goods.code, market))
        )
    ]


def _owing(work: Work, market: Market, lately: Mapping[str, date]) -> Owing | None:
    fair_on = last_fair(market, work.now, work)
    if fair_on is None:
        return None
    received = sorted(product for product, newest in lately.items() if newest >= fair_on)
    absent = [c for c in said_absent(work.session, market.code, fair_on) if c not in received]
    told = {*received, *absent}
    owed = [c for c in expected(work.state.book(), market.code, fair_on) if c not in told]
    callers = _callers(work, market, fair_on, owed)
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


def _lately(session: Session, since: date) -> Mapping[str, Mapping[str, date]]:
    """By market, the newest fair day each product was reported of since a day. Grouped here:
    asked to group, SQLite reads the whole history in the order of the groups."""
    rows = session.execute(
        select(col(ReportRow.market), col(ReportRow.product), col(ReportRow.observed_on))
        .where(
            ReportRow.observed_on >= since,
            ReportRow.status != Status.CANCELLED.value,
        )
        .order_by(col(ReportRow.observed_on))
    )
    found: dict[str, dict[str, date]] = {}
    for market, product, newest in rows:
        found.setdefault(market, {})[product] = newest
    return found


def _callers(work: Work, market: Market, fair_on: date, owed: Sequence[str]) -> Sequence[Caller]:
    last = (
        select(func.max(ReportRow.observed_on))
        .where(col(ReportRow.reporter_id) == col(Reporter.id))
        .scalar_subquery()
    )
    rows = work.session.execute(
        select(Reporter, Contact, last)
        .join(Contact, col(Contact.id) == col(Reporter.contact_id))
        .where(col(Reporter.market) == market.code, col(Reporter.active))
        .order_by(col(Reporter.id))
    )
    callers = [
        Caller(
            reporter=reporter.id or 0,
            name=reporter.name,
            phone=work.phone(contact.sealed),
            language=reporter.language,
            last_report_on=seen,
            script=_script(work, reporter, market, fair_on, owed),
        )
        for reporter, contact, seen in rows
    ]
    return sorted(callers, key=lambda each: each.last_report_on or date.min, reverse=True)


def _script(
    work: Work, reporter: Reporter, market: Market, fair_on: date, owed: Sequence[str]
) -> str:
    """What to say on the phone: who calls, about which fair, the prices that are missing."""
    known, lang = work.state.book().catalog.products, reporter.language
    names = ", ".join(known[each].name(lang) for each in owed if each in known)
    say = work.state.voice(lang)
    # NOTE: read aloud on the phone by staff, never sent
    return say(
        "staff.call_script",
        "Bonjour {name}, ici Sugu. Foire de {market}, {day} : quel prix avez-vous vu pour "
        "{products} ? Au kilo, au sac ? Francs ou dɔrɔmɛ ? Merci.",
        name=reporter.name,
        market=market.name,
        day=named_day(fair_on, lang),
        products=names or say("staff.call_anything", "vos produits"),
    )
