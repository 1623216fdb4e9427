"""Stats: use and reach, by sex, village and language, for the programme and its donor.

Counts only: no phone can be followed through them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy
from fastapi import APIRouter, Query
from sqlalchemy import func
from sqlmodel import Session, col, select

from service.api.deps import Viewer
from service.api.errors import invalid
from service.api.letters import Answer
from service.people.tables import Contact, Reporter, Subscriber, Village
from service.prices.tables import QuoteRow, ReportRow, Usage
from service.sms.outbox.states import tally
from service.sms.tables import Delivery, Inbox

router = APIRouter(prefix="/stats", tags=["stats"])

USUAL_DAYS = 28
LONGEST_DAYS = 400


class Count(Answer):
    """One line of a table: an empty name is `not known`."""

    name: str
    count: int


class Use(Answer):
    """Questions answered, by USSD and by SMS."""

    total: int
    by_day: list[Count]
    by_channel: list[Count]
    by_screen: list[Count]
    by_product: list[Count]
    by_market: list[Count]
    by_village: list[Count]
    by_language: list[Count]
    by_sex: list[Count]


class Reach(Answer):
    """People Sugu knows. `reachable` agreed and have not stopped."""

    subscribers: int
    reachable: int
    stopped: int
    villages: int
    households: int
    by_sex: list[Count]
    by_language: list[Count]
    by_village: list[Count]
    by_role: list[Count]


class Prices(Answer):
    """Reports and quotes of the days asked for. `within_day` is the share of quotes that were
    published within a day of their fair."""

    reports: int
    by_status: list[Count]
    reporters: int
    reporters_heard: int
    quotes: int
    by_grade: list[Count]
    within_day: float | None


class Messages(Answer):
    """SMS in and out of the days asked for; `cost` in F where gateways say it."""

    received: int
    sent: dict[str, int]
    segments: int
    cost: float


class Stats(Answer):
    since: date
    until: date
    use: Use
    reach: Reach
    prices: Prices
    messages: Messages


@router.get("")
def read_stats(
    work: Viewer,
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
) -> Stats:
    """Use, reach, prices and messages of some days; the last four weeks if not told."""
    last = until or work.today
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    if not timedelta(0) <= last - first <= timedelta(days=LONGEST_DAYS):
        raise invalid(
            "from",
            "range",
            f"From one day to {LONGEST_DAYS} days.",
            f"D'un à {LONGEST_DAYS} jours.",
        )
    return Stats(
        since=first,
        until=last,
        use=_use(work.session, first, last),
        reach=_reach(work.session),
        prices=_prices(work.session, first, last),
        messages=_messages(work.session, *work.span(first, last)),
    )


def _use(session: Session, first: date, last: date) -> Use:
    within = (Usage.day >= first, Usage.day <= last)

    def by(column: Any) -> list[Count]:
        query = select(column, func.sum(Usage.count)).where(*within).group_by(column)
        return _counts(session, query)

    days = by(Usage.day)
    return Use(
        total=sum(each.count for each in days),
        by_day=sorted(days, key=lambda each: each.name),
        by_channel=by(Usage.channel),
        by_screen=by(Usage.screen),
        by_product=by(Usage.product),
        by_market=by(Usage.market),
        by_village=by(Usage.village),
        by_language=by(Usage.language),
        by_sex=by(Usage.sex),
    )


def _reach(session: Session) -> Reach:
    named = (Subscriber.sex, Subscriber.language, Subscriber.village, Subscriber.role)
    kinds: list[Any] = [col(each) for each in named]
    writable: list[Any] = [col(Subscriber.consented), col(Contact.stopped_at).is_not(None)]
    people = session.execute(
        sqlalchemy.select(*kinds, *writable, func.count())
        .join(Contact, col(Contact.id) == col(Subscriber.contact_id))
        .group_by(*kinds, *writable)
    ).all()

    def by(place: int) -> list[Count]:
        found: Counter[str] = Counter()
        for row in people:
            found[row[place] or ""] += row[-1]
        return _ordered(found.items())

    served = {row[2] for row in people if row[2]}
    held = dict(
        session.execute(sqlalchemy.select(col(Village.code), col(Village.households))).all()
    )
    return Reach(
        subscribers=sum(row[-1] for row in people),
        reachable=sum(row[-1] for row in people if row[4] and not row[5]),
        stopped=sum(row[-1] for row in people if row[5]),
        villages=len(served),
        households=sum(held.get(village) or 0 for village in served),
        by_sex=by(0),
        by_language=by(1),
        by_village=by(2),
        by_role=by(3),
    )


def _prices(session: Session, first: date, last: date) -> Prices:
    reported = (ReportRow.observed_on >= first, ReportRow.observed_on <= last)
    quoted = (QuoteRow.fair_on >= first, QuoteRow.fair_on <= last)
    statuses = _counts(
        session,
        select(ReportRow.status, func.count()).where(*reported).group_by(col(ReportRow.status)),
    )
    grades = _counts(
        session, select(QuoteRow.grade, func.count()).where(*quoted).group_by(col(QuoteRow.grade))
    )
    heard = select(func.count(func.distinct(ReportRow.reporter_id))).where(*reported)
    active = select(func.count()).select_from(Reporter).where(col(Reporter.active))
    return Prices(
        reports=sum(each.count for each in statuses),
        by_status=statuses,
        reporters=session.exec(active).one(),
        reporters_heard=session.exec(heard).one(),
        quotes=sum(each.count for each in grades),
        by_grade=grades,
        within_day=_within_day(session, quoted),
    )


def _within_day(session: Session, quoted: Sequence[Any]) -> float | None:
    rows = session.exec(
        select(col(QuoteRow.fair_on), col(QuoteRow.computed_at)).where(*quoted)
    ).all()
    soon = [made.date() - fair <= timedelta(days=1) for fair, made in rows]
    return round(sum(soon) / len(soon), 3) if soon else None


def _messages(session: Session, start: datetime, end: datetime) -> Messages:
    within = (Inbox.received_at >= start, Inbox.received_at < end)
    received = select(func.count()).select_from(Inbox).where(*within)
    return Messages(received=session.exec(received).one(), **_sent(session, start, end))


def _sent(session: Session, start: datetime, end: datetime) -> Mapping[str, Any]:
    rows = session.execute(
        select(
            Delivery.state,
            func.count(),
            func.coalesce(func.sum(Delivery.segments), 0),
            func.coalesce(func.sum(Delivery.cost), 0),
        )
        .where(Delivery.created_at >= start, Delivery.created_at < end)
        .group_by(col(Delivery.state))
    ).all()
    gone = {"accepted", "sent", "delivered", "unknown", "failed", "rejected"}
    return {
        "sent": tally({state: count for state, count, _, _ in rows}),
        "segments": sum(segments for state, _, segments, _ in rows if state in gone),
        "cost": round(float(sum(cost for _, _, _, cost in rows)), 2),
    }


def _counts(session: Session, query: Any) -> list[Count]:
    """Largest first."""
    rows = session.execute(query)
    return _ordered(("" if name is None else str(name), int(count)) for name, count in rows)


def _ordered(rows: Iterable[tuple[str, int]]) -> list[Count]:
    ordered = sorted(rows, key=lambda row: (-row[1], row[0]))
    return [Count(name=name, count=count) for name, count in ordered]
