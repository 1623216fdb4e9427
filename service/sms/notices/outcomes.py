"""What became of a disputed price, sent back to those who disputed it."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, select

from service.i18n import Say, short_date
from service.money import priced
from service.people.tables import Subscriber
from service.prices.book import Book
from service.prices.disputes import disputants
from service.prices.store import current
from service.prices.tables import PriceCheck
from service.sms import outbox
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery


class Outcome(StrEnum):
    """What staff found: the price was right, or it has been corrected."""

    RIGHT = "right"
    CORRECTED = "corrected"


def close(
    session: Session,
    book: Book,
    limits: Limits,
    check: PriceCheck,
    outcome: Outcome,
    actor: str,
    now: datetime,
) -> int:
    """Close a check and tell its disputants; how many were told."""
    check.closed_at, check.outcome, check.actor = now, outcome.value, actor
    session.add(check)
    return sum(
        _tell(session, book, limits, check, contact, outcome, now)
        for contact in disputants(session, check)
    )


def _tell(
    session: Session,
    book: Book,
    limits: Limits,
    check: PriceCheck,
    contact_id: int,
    outcome: Outcome,
    now: datetime,
) -> bool:
    person = session.exec(select(Subscriber).where(Subscriber.contact_id == contact_id)).first()
    language = (person.language if person else None) or "fr"
    done = outbox.enqueue(
        session,
        contact_id=contact_id,
        body=_wording(session, book, check, outcome, limits.voice(language), language),
        language=language,
        kind="outcome",
        now=now,
        limits=limits,
    )
    return isinstance(done, Delivery)


def _wording(
    session: Session, book: Book, check: PriceCheck, outcome: Outcome, say: Say, language: str
) -> str:
    quote = current(session, check.product, check.market, check.fair_on)
    facts = {
        "name": book.catalog.products[check.product].name(language),
        "market": book.catalog.markets[check.market].name,
        "day": short_date(check.fair_on),
        "price": priced(quote.value, language) if quote else "?",
    }
    if outcome is Outcome.RIGHT:
        return say(
            "sms.check_right",
            "Vérifié, merci : {name}, {market}, {day} : {price} est juste.",
            **facts,
        )
    return say(
        "sms.check_corrected",
        "Corrigé, merci : {name}, {market}, {day} : {price}.",
        **facts,
    )
