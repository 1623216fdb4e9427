"""A reporter's price from the USSD menu: judged like one by SMS; a doubt is asked by SMS."""

from datetime import datetime

from sqlmodel import Session

from service.people import store as people
from service.people.tables import Contact
from service.prices import questions
from service.prices.book import Book
from service.prices.reception import Heard, Origin, hear
from service.prices.report import Claim, Money
from service.sms import outbox
from service.sms.intake import replies, unanswered
from service.sms.intake.reporting import teller_of
from service.sms.outbox.limits import Limits

CHANNEL = "ussd"


def submit(
    session: Session,
    book: Book,
    limits: Limits,
    contact_id: int,
    claim: Claim,
    now: datetime,
) -> Heard | None:
    """File one confirmed price; None when the contact is no reporter (any more)."""
    who = people.caller(session, session.get_one(Contact, contact_id))
    if who.reporter is None:
        return None
    teller = teller_of(who.reporter)
    unanswered.lapse(session, book, teller.reporter_id, now)
    text = f"USSD {claim.market} {claim.product} {claim.amount} {claim.unit}"
    origin = Origin(now, limits.today(now), CHANNEL, None, text)
    heard = hear(session, book, teller, claim, origin)
    if isinstance(heard, Heard) and heard.question:
        _ask(session, book, limits, who, heard, now)
    return heard if isinstance(heard, Heard) else None


def francs(product: str, market: str, unit: str, quantity: int, amount: int) -> Claim:
    """A claim whose money needs no question: the screen showed francs and dorome."""
    return Claim(
        product=product,
        amount=amount,
        said=amount,
        money=Money.FRANC,
        market=market,
        unit=unit,
        quantity=quantity,
    )


def _ask(
    session: Session,
    book: Book,
    limits: Limits,
    who: people.Caller,
    heard: Heard,
    now: datetime,
) -> None:
    if heard.question is None:
        return
    row = questions.ask(
        session,
        heard.report.reporter_id,
        now,
        kind=heard.question.kind,
        options=questions.options_of(heard.question),
        report_id=heard.report.id,
    )
    if row.state == "open":
        language = who.language or "fr"
        outbox.enqueue(
            session,
            contact_id=who.contact_id,
            body=replies.question(row, book.catalog, limits.voice(language), language),
            language=language,
            kind="question",
            now=now,
            limits=limits,
        )
