"""Alerts farmers asked for: each fair of a market, or a price that reaches what they hope for."""

from datetime import date, datetime

from sqlmodel import Session, col, select

from service.i18n import Say, day
from service.money import priced
from service.people.tables import Alert, Subscriber
from service.prices.book import Book, Price
from service.prices.catalog import Catalog
from service.prices.freshness import Freshness
from service.sms import outbox
from service.sms.answers import reports
from service.sms.broadcasts.corrections import note_alert
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery


def send_alerts(session: Session, book: Book, limits: Limits, now: datetime) -> int:
    """Queue what is due; an alert speaks at most once per fair and ends with its season."""
    today = limits.today(now)
    due = select(Alert, Subscriber).join(
        Subscriber, col(Subscriber.contact_id) == col(Alert.contact_id)
    )
    sent = 0
    for alert, person in session.exec(due.where(col(Subscriber.consented))).all():
        if alert.expires_on is not None and alert.expires_on < today:
            session.delete(alert)
            continue
        found = _price(book, alert, today)
        if found is not None and found.quote is not None and _due(alert, found):
            alert.last_sent_on = found.quote.fair_on
            sent += _send(session, person, found, book.catalog, limits, now)
    return sent


def _price(book: Book, alert: Alert, today: date) -> Price | None:
    catalog = book.catalog
    if alert.product not in catalog.products or alert.market not in catalog.markets:
        return None
    found = book.price(alert.product, alert.market, today)
    return found if found.shown and found.freshness is Freshness.FRESH else None


def _due(alert: Alert, found: Price) -> bool:
    """A fair not told of yet, whose price is high enough for those who named one."""
    if found.quote is None or found.quote.grade == "D":
        return False
    if alert.last_sent_on is not None and alert.last_sent_on >= found.quote.fair_on:
        return False
    if alert.at_least is None:
        return True
    # What was hoped for is a price of a kilo or a head, never of a sack nobody weighed.
    proper = found.quote.unit == found.product.quantity
    return proper and found.quote.value >= alert.at_least


def _send(
    session: Session,
    person: Subscriber,
    found: Price,
    catalog: Catalog,
    limits: Limits,
    now: datetime,
) -> bool:
    language = person.language or "fr"
    done = outbox.enqueue(
        session,
        contact_id=person.contact_id,
        body=wording(found, catalog, limits.voice(language), language),
        language=language,
        kind="alert",
        now=now,
        limits=limits,
    )
    if isinstance(done, Delivery) and found.quote:
        note_alert(session, done, found.quote, now)
    return isinstance(done, Delivery)


def wording(found: Price, catalog: Catalog, say: Say, language: str) -> str:
    """One segment: the price with its date and reporters, and how to stop."""
    quote = found.quote
    if quote is None:
        raise ValueError("an alert tells a price")
    unit = catalog.units.get(quote.unit.upper())  # `kg` is counted by the unit KG
    return say(
        "sms.alert",
        "{name}, {market} : {price} le {unit}, {day}, {count}. Arrêter : STOP",
        name=found.product.name(language),
        market=found.market.name,
        price=priced(quote.value, language),
        unit=unit.name(language) if unit else quote.unit,
        day=day(quote.fair_on, language),
        count=reports(quote.reporters, say),
    )
