"""Reading the caller and keeping the session: the rows behind `caller.py`.

Nothing here is on the way of an answer but reading a caller who is not in memory yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func
from sqlmodel import Session, col, select

from service.db import upsert
from service.people.tables import Alert, Contact, Reporter, Subscriber
from service.prices.report import COUNTING
from service.prices.tables import ReportRow
from service.ussd.caller import AlertCard, Opening, Profile, ReporterCard, Resume
from service.ussd.tables import UssdEffect, UssdSession

DROPPED = timedelta(minutes=10)
"""How long after a lost session its place is offered again (`product.md` 8)."""
LONGEST_TEXT = 400
"""Characters of typed text kept; a session is over long before."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling; without a contact, a number never heard of."""

    contact_id: int | None = None
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as its row tells it."""

    contact_id: int
    opening: Opening
    text: str
    answer: str
    ended: bool
    seen_at: datetime


def read_caller(session: Session, lookup: bytes, today: date) -> Caller:
    """Everything a screen may depend on, for the number with this lookup hash."""
    contact = session.exec(select(Contact).where(Contact.lookup == lookup)).first()
    if contact is None or contact.id is None:
        return Caller()
    return Caller(contact.id, _profile(session, contact, contact.id, today))


def _profile(session: Session, contact: Contact, contact_id: int, today: date) -> Profile:
    alerts = tuple(_alerts(session, contact_id, today))
    card, spoken = _reporter(session, contact_id, today)
    profile = Profile(
        language=spoken,
        stopped=contact.stopped_at is not None,
        reporter=card,
        alerts=alerts,
    )
    known = session.exec(select(Subscriber).where(Subscriber.contact_id == contact_id)).first()
    return _subscribed(profile, known) if known else profile


def _subscribed(profile: Profile, known: Subscriber) -> Profile:
    return replace(
        profile,
        language=profile.language or known.language,  # a reporter's own goes before a farmer's
        village=known.village,
        product=known.product,
        market=known.market,
        kilos=known.kilos,
        sex=known.sex,
        is_relay=known.role == "relay",
        consented=known.consented,
    )


def _alerts(session: Session, contact_id: int, today: date) -> Iterable[AlertCard]:
    asked = select(Alert).where(Alert.contact_id == contact_id).order_by(col(Alert.id))
    for each in session.exec(asked):
        if each.expires_on is None or each.expires_on >= today:
            yield AlertCard(each.product, each.market, each.at_least)


def _reporter(
    session: Session, contact_id: int, today: date
) -> tuple[ReporterCard | None, str | None]:
    found = session.exec(
        select(Reporter).where(Reporter.contact_id == contact_id, col(Reporter.active).is_(True))
    ).first()
    if found is None:
        return None, None
    known = found.trust if found.noise is not None else None
    markets = (found.market,) if found.market else ()
    reports, fairs, last_on = _work(session, found.id, today)
    return ReporterCard(found.name, markets, reports, fairs, known, last_on), found.language


def _work(session: Session, reporter_id: int | None, today: date) -> tuple[int, int, date | None]:
    """Reports and fair days since the first of the month, and the day of the last report."""
    mine = (
        ReportRow.reporter_id == reporter_id,
        col(ReportRow.status).in_([each.value for each in COUNTING]),
    )
    month = ReportRow.observed_on >= today.replace(day=1)
    count = select(func.count(), func.count(func.distinct(col(ReportRow.observed_on))))
    reports, fairs = session.exec(count.where(*mine, month)).one()
    last = session.exec(select(func.max(ReportRow.observed_on)).where(*mine)).one()
    return reports, fairs, last


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
    insert = upsert(session, UssdSession)
    newer = {name: insert.excluded[name] for name in ("text", "answer", "ended", "seen_at")}
    kept = insert.on_conflict_do_update(index_elements=["gateway", "session"], set_=newer)
    session.execute(kept, list(rows))


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


def _written(profile: Profile) -> dict[str, Any]:
    said = {name: value for name, value in asdict(profile).items() if value}
    card = said.get("reporter")
    if card and card["last_on"]:
        card["last_on"] = card["last_on"].isoformat()
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
            "last_on": date.fromisoformat(last) if last else None,
        }
    )
