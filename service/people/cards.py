"""A reporter's month on one card: fairs covered, on time, closeness, what it earns, who it served.

The same card is read by staff, dialled by its reporter, texted once a month and listed for
airtime: it is reckoned here and nowhere else. Prices play no part in what is earned
(`method.md` 2.9).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.people.scores import comparisons
from service.people.store import key
from service.people.tables import CallBack, Reporter
from service.prices.catalog import Market, Stage
from service.prices.reference import read_market
from service.prices.reliability import Card, MarketDay, card, holds_good, usual
from service.prices.report import COUNTING, Status
from service.prices.tables import NoPrice, QuoteRow, ReportRow, Usage

CLOSES = time(18)
"""When a fair is taken to be over, local time."""
IN_TIME = timedelta(hours=24)
"""After the end of the fair: what came by then came before anybody had to ask for it."""
EXPECTED_WEEKS = timedelta(weeks=8)
"""Fairs of these weeks tell what a market has a price for."""
SERVES = 7
"""Days a price answers farmers before the next fair takes over."""
COUNTED = frozenset(each.value for each in COUNTING)
HEARD = COUNTED | {Status.ASKED.value, Status.HELD.value}
"""An odd price is work done like any other: nobody earns less for reporting one."""
WEEK = 7
LATE = timedelta(days=WEEK - 1)
"""A price of the last fair of a month may come in the days after it."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, by its first day."""

    first: date

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.replace(day=1))

    @classmethod
    def read(cls, text: str) -> "Month":
        """`2026-11`; ValueError for anything else."""
        return cls(date.fromisoformat(f"{text}-01"))

    @property
    def last(self) -> date:
        return self.after.first - timedelta(days=1)

    @property
    def before(self) -> "Month":
        return Month.of(self.first - timedelta(days=1))

    @property
    def after(self) -> "Month":
        return Month.of(self.first + timedelta(days=31))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Work:
    """What one reporter sent for one day at the own market: products, and those in time."""

    sent: frozenset[str]
    in_time: frozenset[str]


NOTHING = Work(frozenset(), frozenset())


def read_card(
    session: Session, reporter: Reporter, month: Month, today: date, zone: ZoneInfo
) -> Card:
    """The card of one month, as far as it is known on `today`."""
    mine = key(reporter.id)
    said = _reports(session, mine, month.first, month.last + LATE)
    rows = [row for row in said if row.observed_on <= month.last]
    counted = [row for row in rows if row.status in COUNTED]
    compared = comparisons(session, month.first, month.last, mine).get(mine, ())
    return card(
        _market_days(session, reporter, said, month, today, zone),
        [each for each in compared if each.counted],
        reports=len(counted),
        checks=_checks(session, rows),
        served=_served(session, counted, today),
    )


def owed(market: Market, month: Month, today: date) -> list[date]:
    """The fairs of a month that are over at the start of `today`. A market that is open every
    day, or whose day nobody knows, owes one visit a week, told by the week's Sunday."""
    days = (month.first + timedelta(days=ahead) for ahead in range(month.last.day))
    weekdays = market.fair_days or {6}
    return [
        day
        for day in days
        if day.weekday() in weekdays and day not in market.cancelled_on and day < today
    ]


def _reports(session: Session, reporter: int, first: date, last: date) -> Sequence[ReportRow]:
    """Everything said for these days, in order."""
    return session.exec(
        select(ReportRow)
        .where(
            ReportRow.reporter_id == reporter,
            ReportRow.observed_on >= first,
            ReportRow.observed_on <= last,
        )
        .order_by(col(ReportRow.id))
    ).all()


def _market_days(
    session: Session,
    reporter: Reporter,
    rows: Sequence[ReportRow],
    month: Month,
    today: date,
    zone: ZoneInfo,
) -> list[MarketDay]:
    """The fairs of the own market in the month: those owed since the reporter is known, and those
    reported."""
    market = read_market(session, reporter.market or "")
    if market is None:
        return []
    said: list[ReportRow | NoPrice] = [*rows, *_absent(session, reporter, month)]
    words = sorted(said, key=lambda each: each.received_at)
    fairs = [
        (fair_of(each.observed_on, market), each) for each in words if each.market == market.code
    ]
    work = _work([(fair, each) for fair, each in fairs if month.first <= fair <= month.last], zone)
    since = reporter.created_at.astimezone(zone).date()
    due = [day for day in owed(market, month, today) if day >= since]
    priced = _priced(session, market.code, month)
    return [
        MarketDay(day, len(_expected(priced, day)), len(done.sent), len(done.in_time))
        for day, done in sorted({**dict.fromkeys(due, NOTHING), **work}.items())
    ]


def _absent(session: Session, reporter: Reporter, month: Month) -> Sequence[NoPrice]:
    """Products said to have no price: looked for and told of, which is work like any other."""
    return session.exec(
        select(NoPrice).where(
            NoPrice.reporter_id == reporter.id,
            NoPrice.observed_on >= month.first,
            NoPrice.observed_on <= month.last + LATE,
        )
    ).all()


def fair_of(day: date, market: Market) -> date:
    """The fair a price belongs to: its own day, or the fair before it when it came later and was
    not said to be of that day. Where there is no fair day, the week, told by its Sunday or by the
    end of the month."""
    if not market.fair_days:
        return min(day + timedelta(days=WEEK - 1 - day.weekday()), Month.of(day).last)
    days = (day - timedelta(days=ago) for ago in range(WEEK))
    held = (d for d in days if d.weekday() in market.fair_days and d not in market.cancelled_on)
    return next(held, day)


def _work(words: Iterable[tuple[date, ReportRow | NoPrice]], zone: ZoneInfo) -> dict[date, Work]:
    """By fair. A product came when it was first spoken of: mending it later costs no time."""
    first: dict[tuple[date, str], datetime] = {}
    heard: dict[date, set[str]] = defaultdict(set)
    for fair, said in words:
        first.setdefault((fair, said.product), said.received_at)
        if isinstance(said, NoPrice) or said.status in HEARD:
            heard[fair].add(said.product)
    return {
        fair: Work(
            frozenset(products),
            frozenset(each for each in products if first[fair, each] <= _deadline(fair, zone)),
        )
        for fair, products in heard.items()
    }


def _deadline(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, CLOSES, zone) + IN_TIME


def _priced(session: Session, market: str, month: Month) -> list[tuple[date, str]]:
    """(day, product) of the market's prices that tell what to expect in the month."""
    query = (
        columns(col(QuoteRow.fair_on), col(QuoteRow.product))
        .where(
            col(QuoteRow.market) == market,
            col(QuoteRow.stage) == Stage.PRODUCER.value,
            col(QuoteRow.fair_on) >= month.first - EXPECTED_WEEKS,
            col(QuoteRow.fair_on) < month.last,
        )
        .distinct()
    )
    return [(day, product) for day, product in session.execute(query)]


def _expected(priced: Iterable[tuple[date, str]], day: date) -> frozenset[str]:
    return usual((on, product) for on, product in priced if day - EXPECTED_WEEKS <= on < day)


def _checks(session: Session, rows: Sequence[ReportRow]) -> list[bool]:
    """Whether each report that was asked about again was found right."""
    by_id = {row.id: row for row in rows}
    found = session.exec(select(CallBack).where(col(CallBack.report_id).in_(list(by_id))))
    return [holds_good(by_id[each.report_id].basis_value, each.value) for each in found]


def _served(session: Session, rows: Sequence[ReportRow], today: date) -> int:
    """Answers to farmers about a product and market in the week after each of these reports."""
    days = set(_days_served(rows, today))
    if not days:
        return 0
    query = (
        columns(col(Usage.day), col(Usage.product), col(Usage.market), func.sum(col(Usage.count)))
        .where(
            col(Usage.day) >= min(day for day, _, _ in days),
            col(Usage.day) <= max(day for day, _, _ in days),
            col(Usage.market).in_({market for _, _, market in days}),
        )
        .group_by(col(Usage.day), col(Usage.product), col(Usage.market))
    )
    return sum(count for *which, count in session.execute(query) if tuple(which) in days)


def _days_served(rows: Iterable[ReportRow], today: date) -> Iterator[tuple[date, str, str]]:
    for row in rows:
        for ahead in range(SERVES):
            if (day := row.observed_on + timedelta(days=ahead)) <= today:
                yield day, row.product, row.market
