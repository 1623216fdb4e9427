"""Reading the caller and keeping the session: the rows behind `caller.py`.

Nothing here is on the way of an answer but reading a caller who is not in memory yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, bindparam, func, literal_column
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.db import table_of, upsert
from service.people.cards import COUNTED, Month, read_card
from service.people.tables import Alert, Contact, Reporter, Subscriber
from service.prices.tables import ReportRow
from service.ussd.caller import AlertCard, Opening, Profile, ReporterCard, Resume
from service.ussd.tables import UssdEffect, UssdSession

BAMAKO = ZoneInfo("Africa/Bamako")
DROPPED = timedelta(minutes=10)
"""How long after a lost session its place is offered again (`product.md` 8)."""
LONGEST_TEXT = 400
"""Characters of typed text kept; a session is over long before."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling; without a contact, a number never heard of. `dialled_at` is when their
    newest session was last heard of."""

    contact_id: int | None = None
    profile: Profile = field(default_factory=Profile)
    dialled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as its row tells it."""

    contact_id: int
    opening: Opening
    text: str
    answer: str
    ended: bool
    seen_at: datetime


def read_caller(session: Session, lookup: bytes, today: date, zone: ZoneInfo = BAMAKO) -> Caller:
    """Everything a screen may depend on, for the number with this lookup hash."""
    found = session.execute(WHO, {"lookup": lookup}).mappings().first()
    if found is None:
        return Caller()
    card, spoken = _card(session, found, today, zone)
    alerts = tuple(_alerts(session, found["id"], today)) if found["warned"] else ()
    profile = farmer(found)
    if card or alerts:
        language = spoken or profile.language  # a reporter's own goes before a farmer's
        profile = profile._replace(language=language, reporter=card, alerts=alerts)
    return Caller(found["id"], profile, found["dialled_at"])


def farmer(found: Any) -> Profile:
    """What one row of `WHO` tells: everything, unless they report or are warned of prices."""
    return Profile(
        found["language"],
        found["village"],
        found["product"],
        found["market"],
        found["kilos"],
        found["sex"],
        found["role"] == "relay",
        bool(found["consented"]),
        found["stopped_at"] is not None,
    )


def _question() -> Select[Any]:
    """Everything in one row. Written once, and of plain columns: most people dial once a day, so
    that this is asked for most dials."""
    of = [table_of(each) for each in (Contact, Subscriber, Reporter, Alert, UssdSession)]
    contact, subscriber, reporter, alert, sessions = (each.c for each in of)
    reports = and_(reporter.contact_id == contact.id, reporter.active.is_(True))
    people = of[0].outerjoin(of[1], subscriber.contact_id == contact.id).outerjoin(of[2], reports)
    newest = columns(func.max(sessions.seen_at)).where(sessions.contact_id == contact.id)
    return (
        columns(
            contact.id,
            contact.stopped_at,
            *(subscriber[name] for name in ("language", "village", "product", "market", "kilos")),
            *(subscriber[name] for name in ("sex", "role", "consented")),
            *(reporter[name].label(f"its_{name}") for name in REPORTER),
            columns(alert.id).where(alert.contact_id == contact.id).exists().label("warned"),
            newest.scalar_subquery().label("dialled_at"),
        )
        .select_from(people)
        .where(contact.lookup == bindparam("lookup"))
    )


REPORTER = ("id", "language")
WHO = _question()


def _alerts(session: Session, contact_id: int | None, today: date) -> Iterable[AlertCard]:
    asked = select(Alert).where(Alert.contact_id == contact_id).order_by(col(Alert.id))
    for each in session.exec(asked):
        if each.expires_on is None or each.expires_on >= today:
            yield AlertCard(each.product, each.market, each.at_least)


def _card(
    session: Session, found: Any, today: date, zone: ZoneInfo
) -> tuple[ReporterCard | None, str | None]:
    if found["its_id"] is None:
        return None, None
    reporter = session.get_one(Reporter, found["its_id"])
    month = read_card(session, reporter, Month.of(today), today, zone)
    units, forms = (reporter.habits.get(name) or {} for name in ("units", "forms"))
    card = ReporterCard(
        name=reporter.name,
        markets=(reporter.market,) if reporter.market else (),
        reports=month.reports,
        fairs=month.reported,
        apart=None if month.closeness is None else round(100 * month.closeness),
        last_on=_last_day(session, found["its_id"]),
        on_time=month.on_time,
        earned=month.earned,
        units=tuple(sorted(units.items())),
        forms=tuple(sorted(forms.values())),
        dorome=reporter.habits.get("money") == "dorome",
    )
    return card, found["its_language"]


def _last_day(session: Session, reporter_id: int) -> date | None:
    """The day of the last report that counts."""
    query = select(func.max(ReportRow.observed_on)).where(
        ReportRow.reporter_id == reporter_id, col(ReportRow.status).in_(COUNTED)
    )
    return session.exec(query).one()


# --- sessions -----------------------------------------------------------------------------------


def kept(session: Session, gateway: str, key: str) -> Kept | None:
    """A session this process has not seen, or has forgotten."""
    row = session.get(UssdSession, (gateway, key))
    return _kept(row) if row else None


def dropped(session: Session, contact_id: int, now: datetime) -> Kept | None:
    """The caller's newest session, if it broke off within the last ten minutes."""
    newest = (
        select(UssdSession)
        .where(UssdSession.contact_id == contact_id, UssdSession.seen_at > now - DROPPED)
        .order_by(col(UssdSession.seen_at).desc())
        .limit(1)
    )
    row = session.exec(newest).first()
    return _kept(row) if row and not row.ended else None


def keep(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write sessions, each over what was known of it."""
    if not rows:
        return
    insert = upsert(session, table_of(UssdSession))
    newer = {name: insert.excluded[name] for name in ("text", "answer", "ended", "seen_at")}
    kept = insert.on_conflict_do_update(index_elements=["gateway", "session"], set_=newer)
    session.execute(kept, list(rows))


def _newest() -> Select[Any]:
    of = table_of(UssdSession).c
    told = (of[name] for name in ("contact_id", "opening", "text", "answer", "ended", "seen_at"))
    theirs = columns(*told).where(of.contact_id == bindparam("contact"))
    return theirs.order_by(of.seen_at.desc()).limit(literal_column("1"))


NEWEST = _newest()
"""The newest session of a contact, ended or not."""


def claim(session: Session, key: str, actions: Sequence[str], now: datetime) -> set[str]:
    """The actions this session has not done yet, now marked as done: each is claimed once."""
    insert = upsert(session, UssdEffect).values(
        [{"session": key, "action": action, "at": now} for action in actions]
    )
    once = insert.on_conflict_do_nothing(index_elements=["session", "action"])
    claimed: Iterable[Row[Any]] = session.execute(once.returning(col(UssdEffect.action)))
    return {row[0] for row in claimed}


def _kept(row: UssdSession) -> Kept:
    opening = opening_of(row.opening)
    return Kept(row.contact_id, opening, row.text, row.answer, row.ended, row.seen_at)


# --- an opening as JSON --------------------------------------------------------------------------


def written(opening: Opening) -> dict[str, Any]:
    """The opening as JSON values; `opening_of` is the inverse."""
    resume = opening.resume
    return {
        "profile": _written(opening.profile),
        "resume": resume and {"profile": _written(resume.profile), "path": list(resume.path)},
        "dialled": opening.dialled,
    }


def opening_of(said: Mapping[str, Any]) -> Opening:
    resume = said.get("resume")
    return Opening(
        _profile_of(said.get("profile") or {}),
        Resume(_profile_of(resume["profile"]), tuple(resume["path"])) if resume else None,
        said.get("dialled", 0),
    )


PROFILE = Profile._fields


def _written(profile: Profile) -> dict[str, Any]:
    said = {each: value for each in PROFILE if (value := getattr(profile, each))}
    if profile.alerts:
        said["alerts"] = [asdict(each) for each in profile.alerts]
    if profile.reporter:
        on = profile.reporter.last_on
        said["reporter"] = asdict(profile.reporter) | {"last_on": on and on.isoformat()}
    return said


def _profile_of(said: Mapping[str, Any]) -> Profile:
    card = said.get("reporter")
    alerts = tuple(AlertCard(**each) for each in said.get("alerts") or ())
    return Profile(**{**said, "reporter": card and _card_of(card), "alerts": alerts})


def _card_of(said: Mapping[str, Any]) -> ReporterCard:
    last = said.get("last_on")
    return ReporterCard(
        **{
            **said,
            "markets": tuple(said["markets"]),
            "units": tuple((product, unit) for product, unit in said["units"]),
            "forms": tuple(said["forms"]),
            "last_on": date.fromisoformat(last) if last else None,
        }
    )
