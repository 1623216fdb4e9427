"""Silence is the main failure of price services: remind before the fair, ask after it.

Each nudge is a row of its own in the outbox, found by its kind and day, so that any number of
clocks may tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from service.i18n import Say
from service.i18n import day as named_day
from service.people.cards import CLOSES
from service.people.tables import Reporter
from service.prices.absent import said_absent
from service.prices.book import Book
from service.prices.catalog import Market
from service.prices.report import Status
from service.prices.tables import ReportRow
from service.sms import outbox
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery

REMIND_AT = time(17, 0)
"""Local time, the evening before the fair."""
ASK_AFTER = timedelta(hours=24)
"""After the fair day's end of trading a silent market is asked (`method.md` 2.5)."""
ALERT_AFTER = timedelta(hours=36)
"""And here staff see it on the silence board."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A fair that owes prices: its last day, who was to report, and for how long it is silent."""

    market: Market
    fair_on: date
    hours: int
    reporters: tuple[Reporter, ...]

    @property
    def alarming(self) -> bool:
        return timedelta(hours=self.hours) >= ALERT_AFTER


def silent_fairs(session: Session, book: Book, limits: Limits, now: datetime) -> list[Silent]:
    """Fairs that are over and have sent nothing, the longest silent first."""
    found = [
        each
        for market in book.fairs()
        if (each := _silence(session, market, limits, now)) is not None
    ]
    return sorted(found, key=lambda each: -each.hours)


def remind(session: Session, book: Book, limits: Limits, now: datetime) -> int:
    """The evening before a fair: one reminder to each of its reporters."""
    local = now.astimezone(limits.zone)
    if local.time() < REMIND_AT or limits.is_quiet(now):
        return 0
    tomorrow = local.date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(0), limits.zone).astimezone(UTC)
    due = [
        (reporter, market)
        for market in book.fairs()
        if tomorrow.weekday() in market.fair_days and tomorrow not in market.cancelled_on
        for reporter in _reporters(session, market)
    ]
    return sum(
        # On the day itself "tomorrow" would be wrong: what has not left by midnight never does.
        _nudge(
            session,
            who,
            _reminder(limits.voice(who.language), who, m, tomorrow),
            "remind",
            limits,
            now,
            midnight,
        )
        for who, m in due
    )


def ask_silent(session: Session, book: Book, limits: Limits, now: datetime) -> int:
    """A day after a silent fair: ask its reporters, once a day."""
    return sum(
        _nudge(
            session,
            who,
            _question(limits.voice(who.language), who, each.market, each.fair_on),
            "nudge",
            limits,
            now,
        )
        for each in silent_fairs(session, book, limits, now)
        if timedelta(hours=each.hours) >= ASK_AFTER
        for who in each.reporters
    )


def _silence(session: Session, market: Market, limits: Limits, now: datetime) -> Silent | None:
    reporters = _reporters(session, market)
    last = _last_fair(market, limits, now)
    if last is None or not reporters or _heard(session, market, last):
        return None
    over = datetime.combine(last, CLOSES, limits.zone)
    hours = int((now - over).total_seconds() // 3600)
    return Silent(market, last, hours, tuple(reporters))


def _last_fair(market: Market, limits: Limits, now: datetime) -> date | None:
    """The newest fair day that is over; daily markets are counted by the calendar day before."""
    local = now.astimezone(limits.zone)
    newest = local.date() if local.time() >= CLOSES else local.date() - timedelta(days=1)
    for ago in range(7):
        day = newest - timedelta(days=ago)
        if day.weekday() in market.fair_days and day not in market.cancelled_on:
            return day
    return None


def _heard(session: Session, market: Market, day: date) -> bool:
    found = session.exec(
        select(ReportRow.id)
        .where(
            ReportRow.observed_on >= day,
            ReportRow.market == market.code,
            ReportRow.status != Status.CANCELLED.value,
        )
        .limit(1)
    )
    return found.first() is not None or bool(said_absent(session, market.code, day))


def _reporters(session: Session, market: Market) -> Sequence[Reporter]:
    return session.exec(
        select(Reporter)
        .where(Reporter.market == market.code, col(Reporter.active))
        .order_by(col(Reporter.id))
    ).all()


def _nudge(
    session: Session,
    who: Reporter,
    body: str,
    kind: str,
    limits: Limits,
    now: datetime,
    not_after: datetime | None = None,
) -> bool:
    """One of a kind a day for each person."""
    start = datetime.combine(limits.today(now), time(0), limits.zone)
    same = select(Delivery.id).where(
        Delivery.contact_id == who.contact_id, Delivery.kind == kind, Delivery.created_at >= start
    )
    if session.exec(same.limit(1)).first() is not None:
        return False
    done = outbox.enqueue(
        session,
        contact_id=who.contact_id,
        body=body,
        language=who.language,
        kind=kind,
        now=now,
        limits=limits,
        not_after=not_after,
    )
    return isinstance(done, Delivery)


def _reminder(say: Say, who: Reporter, market: Market, day: date) -> str:
    return say(
        "sms.remind",
        "Demain {day}, foire de {market}. Envoyez les prix. Exemple : ARA 225 MAI 150",
        day=named_day(day, who.language),
        market=market.name,
    )


def _question(say: Say, who: Reporter, market: Market, day: date) -> str:
    return say(
        "sms.nudge",
        "Pas encore de prix de {market} du {day}. Envoyez-les. Exemple : HIER ARA 225",
        day=named_day(day, who.language),
        market=market.name,
    )
