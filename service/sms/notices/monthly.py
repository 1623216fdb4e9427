"""The monthly card by SMS: what a reporter's month was, once it is over (`method.md` 4, 16)."""

from collections.abc import Iterator
from datetime import datetime, time

from sqlmodel import Session, col, select

from service import encoding
from service.i18n import Say, speaker
from service.i18n import month as month_name
from service.money import francs
from service.people.cards import Month, read_card
from service.people.tables import Reporter
from service.prices.reliability import Card
from service.sms import outbox
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery

KIND = "card"
FROM = time(9)
"""Local time on the first of the month."""
UNTIL_DAY = 3
"""A worker that stood still sends it late, but not into the middle of the month."""


def send_cards(session: Session, limits: Limits, now: datetime) -> int:
    """The card of the month before, to everybody who reported in it, once."""
    local = now.astimezone(limits.zone)
    if local.day > UNTIL_DAY or local.time() < FROM or limits.is_quiet(now):
        return 0
    month = Month.of(local.date()).before
    told = _told(session, datetime.combine(month.after.first, time(0), limits.zone))
    return sum(
        _send(session, reporter, month, limits, now)
        for reporter in session.exec(
            select(Reporter).where(col(Reporter.active)).order_by(col(Reporter.id))
        )
        if reporter.contact_id not in told
    )


def words(card: Card, month: Month, lang: str) -> str:
    """One SMS; the last sentences yield first."""
    say: Say = speaker(lang)
    parts = list(_sentences(card, month, lang, say))
    while len(parts) > 1 and encoding.segments(encoding.to_gsm(" ".join(parts))) > 1:
        parts.pop()
    return " ".join(parts)


def _sentences(card: Card, month: Month, lang: str, say: Say) -> Iterator[str]:
    # NOTE: max 90 septets; {month} as "novembre"; airtime is earned by market days, not by prices
    yield say(
        "sms.card",
        "Fiche {month} : {reported} foires sur {fairs}, {on_time} à l'heure, {reports} prix. "
        "Crédit gagné : {earned} foires.",
        month=month_name(month.first.month, lang),
        reported=card.reported,
        fairs=card.fairs,
        on_time=card.on_time,
        reports=card.reports,
        earned=card.earned,
    )
    if card.closeness is not None:
        # NOTE: max 34 septets; the usual distance to what the other reporters say
        yield say(
            "sms.card_apart",
            "Écart avec les autres : {share} %.",
            share=round(100 * card.closeness),
        )
    if card.served:
        # NOTE: max 36 septets; answers given to farmers
        yield say("sms.card_served", "Vos prix ont servi {n} fois.", n=francs(card.served))


def _send(
    session: Session, reporter: Reporter, month: Month, limits: Limits, now: datetime
) -> bool:
    card = read_card(session, reporter, month, limits.today(now), limits.zone)
    if not card.reported:
        return False
    done = outbox.enqueue(
        session,
        contact_id=reporter.contact_id,
        body=words(card, month, reporter.language),
        language=reporter.language,
        kind=KIND,
        now=now,
        limits=limits,
    )
    return isinstance(done, Delivery)


def _told(session: Session, since: datetime) -> set[int]:
    """Contacts that have had theirs since the month began."""
    query = select(Delivery.contact_id).where(
        Delivery.kind == KIND, col(Delivery.created_at) >= since
    )
    return set(session.exec(query))
