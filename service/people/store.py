"""Finding and changing the people served. Every function works in its caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.db import table_of, upsert
from service.people.tables import (
    Alert,
    Consent,
    Contact,
    Cooperative,
    Reporter,
    Subscriber,
    Village,
)
from service.phone import Phone, Vault


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is speaking: the contact, and what is known of it as subscriber and reporter."""

    contact: Contact
    subscriber: Subscriber | None
    reporter: Reporter | None

    @property
    def contact_id(self) -> int:
        return key(self.contact.id)

    @property
    def language(self) -> str | None:
        """The chosen language; a reporter's own goes before a farmer's."""
        if self.reporter:
            return self.reporter.language
        return self.subscriber.language if self.subscriber else None


def key(value: int | None) -> int:
    """The id of a stored row; asking a row that was never flushed is a broken promise."""
    if value is None:
        raise RuntimeError("the row has no id yet: flush first")
    return value


def find(session: Session, vault: Vault, phone: Phone) -> Contact | None:
    return session.exec(
        select(Contact).where(col(Contact.lookup).in_(vault.lookups(phone)))
    ).first()


def contact_for(session: Session, vault: Vault, phone: Phone, now: datetime) -> Contact:
    """The contact of a number, made when it is heard of for the first time; by whoever is first,
    when two processes hear of it at once."""
    if known := find(session, vault, phone):
        return known
    lookup = vault.lookup(phone)
    values = {
        "lookup": lookup,
        "sealed": vault.seal(phone),
        "prefix": phone.prefix,
        "created_at": now,
    }
    insert = upsert(session, Contact).values(values)
    session.execute(insert.on_conflict_do_nothing(index_elements=["lookup"]))
    return session.exec(select(Contact).where(Contact.lookup == lookup)).one()


def caller(session: Session, contact: Contact) -> Caller:
    mine = key(contact.id)
    subscriber = session.exec(select(Subscriber).where(Subscriber.contact_id == mine)).first()
    reporter = session.exec(select(Reporter).where(Reporter.contact_id == mine)).first()
    return Caller(contact, subscriber, reporter if reporter and reporter.active else None)


def subscriber_for(session: Session, contact_id: int, now: datetime) -> Subscriber:
    """The subscriber of a contact, made on its first visit. Being one is not consenting."""
    known = session.exec(select(Subscriber).where(Subscriber.contact_id == contact_id)).first()
    if known:
        return known
    subscriber = Subscriber(contact_id=contact_id, created_at=now)
    session.add(subscriber)
    session.flush()
    return subscriber


def set_language(session: Session, contact_id: int, language: str, now: datetime) -> None:
    """The language of screens, replies and messages to this phone."""
    subscriber_for(session, contact_id, now).language = language
    reporter = session.exec(select(Reporter).where(Reporter.contact_id == contact_id)).first()
    if reporter:
        reporter.language = language


def set_village(session: Session, contact_id: int, village: str, now: datetime) -> None:
    subscriber_for(session, contact_id, now).village = village


def set_kilos(session: Session, contact_id: int, kilos: int, now: datetime) -> None:
    subscriber_for(session, contact_id, now).kilos = kilos


def remember(session: Session, contact_id: int, product: str, market: str, now: datetime) -> None:
    """What was looked at last is what the next dial shows first."""
    subscriber = subscriber_for(session, contact_id, now)
    subscriber.product, subscriber.market = product, market


def remember_all(session: Session, looks: Mapping[int, tuple[str, str]], now: datetime) -> None:
    """`remember` for many contacts at once: contact id -> (product, market)."""
    if not looks:
        return
    insert = upsert(session, table_of(Subscriber))
    pair = {name: insert.excluded[name] for name in ("product", "market")}
    # One row made as rows are made, the others after it: a busy second has thousands.
    new = Subscriber(contact_id=0, created_at=now).model_dump(exclude={"id"})
    rows = [
        {**new, "contact_id": contact, "product": product, "market": market}
        for contact, (product, market) in sorted(looks.items())
    ]
    session.execute(insert.on_conflict_do_update(index_elements=["contact_id"], set_=pair), rows)


def remember_product(
    session: Session, contact_id: int, product: str, market: str | None, now: datetime
) -> None:
    """Remember a product asked for, keeping the usual market when none was said."""
    subscriber = subscriber_for(session, contact_id, now)
    subscriber.product, subscriber.market = product, market or subscriber.market


def agree(
    session: Session,
    contact_id: int,
    now: datetime,
    *,
    how: str,
    ref: str = "",
    actor: str = "",
    wording: str = "",
) -> None:
    """Write consent in the ledger; it also undoes an earlier STOP, since it is newer."""
    _ledger(session, contact_id, now, how, ref, actor, wording, given=True)
    subscriber_for(session, contact_id, now).consented = True
    contact = session.get_one(Contact, contact_id)
    contact.stopped_at = None


def stop(session: Session, contact_id: int, now: datetime, *, how: str, actor: str = "") -> None:
    """Withdraw consent. The caller also suppresses what is queued (`sms.outbox.suppress`)."""
    _ledger(session, contact_id, now, how, "", actor, "", given=False)
    session.get_one(Contact, contact_id).stopped_at = now
    subscriber = session.exec(select(Subscriber).where(Subscriber.contact_id == contact_id)).first()
    if subscriber:
        subscriber.consented = False
    for alert in session.exec(select(Alert).where(Alert.contact_id == contact_id)):
        session.delete(alert)


def set_alert(
    session: Session,
    contact_id: int,
    product: str,
    market: str,
    now: datetime,
    *,
    at_least: int | None = None,
    expires_on: date | None = None,
) -> Alert:
    """One alert per product and market; asking again replaces its threshold."""
    alert = session.exec(
        select(Alert).where(
            Alert.contact_id == contact_id, Alert.product == product, Alert.market == market
        )
    ).first()
    if alert is None:
        alert = Alert(contact_id=contact_id, product=product, market=market, created_at=now)
        session.add(alert)
    alert.at_least, alert.expires_on = at_least, expires_on
    session.flush()
    return alert


def drop_alert(session: Session, contact_id: int, product: str, market: str) -> None:
    for alert in session.exec(
        select(Alert).where(
            Alert.contact_id == contact_id, Alert.product == product, Alert.market == market
        )
    ):
        session.delete(alert)


def alerts(session: Session, contact_id: int) -> Sequence[Alert]:
    return session.exec(
        select(Alert).where(Alert.contact_id == contact_id).order_by(col(Alert.id))
    ).all()


def enrol_reporter(
    session: Session,
    vault: Vault,
    phone: Phone,
    now: datetime,
    **facts: Any,
) -> Reporter:
    """Register a reporter, or bring a known one up to date. `facts` are columns of `Reporter`."""
    contact = contact_for(session, vault, phone, now)
    known = session.exec(select(Reporter).where(Reporter.contact_id == contact.id)).first()
    reporter = known or Reporter(contact_id=key(contact.id), name="", created_at=now)
    for name, value in facts.items():
        setattr(reporter, name, value)
    session.add(reporter)
    session.flush()
    return reporter


def enrol_subscriber(
    session: Session,
    vault: Vault,
    phone: Phone,
    now: datetime,
    **facts: Any,
) -> Subscriber:
    """Register a farmer's phone, or bring a known one up to date."""
    contact = contact_for(session, vault, phone, now)
    subscriber = subscriber_for(session, key(contact.id), now)
    for name, value in facts.items():
        setattr(subscriber, name, value)
    session.flush()
    return subscriber


def villages(session: Session) -> Sequence[Village]:
    return session.exec(select(Village).order_by(col(Village.code))).all()


def next_village_key(session: Session) -> int:
    """Keypad numbers only grow: a number printed on a card is never given to another village."""
    return (session.exec(select(func.max(Village.ussd_key))).one() or 0) + 1


def cooperative_for(session: Session, code: str) -> Cooperative:
    """A cooperative by code, made bare when it is first named by a reporter's form."""
    if known := session.get(Cooperative, code):
        return known
    cooperative = Cooperative(code=code, name=code)
    session.add(cooperative)
    session.flush()
    return cooperative


def _ledger(
    session: Session,
    contact_id: int,
    now: datetime,
    how: str,
    ref: str,
    actor: str,
    wording: str,
    *,
    given: bool,
) -> None:
    session.add(
        Consent(
            contact_id=contact_id,
            given=given,
            how=how,
            ref=ref,
            actor=actor,
            wording=wording,
            at=now,
        )
    )
