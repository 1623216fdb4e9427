"""What a person may ask of their data, and what staff must be able to do with every number."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, delete, exists, tuple_, update
from sqlalchemy import select as columns
from sqlmodel import Session, SQLModel, col, select

from service.audit import resign
from service.people import store
from service.people.tables import Alert, Consent, Contact, Reporter, Subscriber
from service.phone import Phone, Vault

ERASED = "effacé"
"""The name left on a reporter whose prices stay."""
SUPPRESSED = 50
"""Rank of a delivery that was put aside before it left (`sms.states.RANK`, a floor up)."""
PIECE = 1000
"""Numbers sealed anew at a time: one transaction must not hold all of them in memory."""


def export(session: Session, vault: Vault, phone: Phone) -> str:
    """Everything kept about one number, as JSON; an empty object when it is unknown."""
    contact = store.find(session, vault, phone)
    if contact is None:
        return "{}"
    mine = store.key(contact.id)
    facts: dict[str, Any] = {
        "phone": phone.e164,
        "known_since": contact.created_at,
        "stopped_at": contact.stopped_at,
        "subscriber": _rows(session, Subscriber, mine),
        "reporter": _rows(session, Reporter, mine),
        "consent": _rows(session, Consent, mine),
        "alerts": _rows(session, Alert, mine),
        **_messages(session, mine),
    }
    return json.dumps(facts, default=str, ensure_ascii=False, indent=2)


def erase(session: Session, vault: Vault, phone: Phone, now: datetime) -> bool:
    """Forget a number: its rows, its words, its seal. Prices it reported keep their values."""
    contact = store.find(session, vault, phone)
    if contact is None:
        return False
    mine = store.key(contact.id)
    for table in (Alert, Consent, Subscriber):
        session.execute(delete(table).where(col(table.contact_id) == mine))
    for reporter in session.exec(select(Reporter).where(Reporter.contact_id == mine)):
        reporter.name, reporter.active, reporter.habits = ERASED, False, {}
        reporter.sex = None
    _forget_exchanges(session, vault, phone, mine)
    _blank(session, mine)
    _unsend(session, mine, now)
    _forget_answers(session, vault, phone)
    # The row stays, so that counts and quotes still add up, but nobody can be found through it.
    contact.lookup = f"erased-{mine}".encode()
    contact.sealed, contact.prefix, contact.stopped_at = b"", "", now
    session.add(contact)
    session.flush()
    return True


def rekey(session: Session, vault: Vault) -> int:
    """Seal and index every number with the current key, what is kept of exchanges with carriers
    and of answers, and sign the audit trail with it; how many numbers."""
    _reseal(session, vault)
    _reseal_answers(session, vault)
    resign(session)
    last, count = 0, 0
    while True:
        piece = session.exec(
            select(Contact)
            .where(col(Contact.id) > last, col(Contact.sealed) != b"")
            .order_by(col(Contact.id))
            .limit(PIECE)
        ).all()
        if not piece:
            return count
        for contact in piece:
            phone = vault.open(contact.sealed)
            contact.sealed, contact.lookup = vault.seal(phone), vault.lookup(phone)
        session.flush()
        last, count = store.key(piece[-1].id), count + len(piece)
        session.expunge_all()


def _reseal(session: Session, vault: Vault) -> None:
    """Raw exchanges hold numbers too; they are kept for thirty days, a few at a time in memory."""
    exchange = SQLModel.metadata.tables["exchange"]
    last = 0
    while piece := session.execute(
        select(exchange.c.id, exchange.c.sealed, exchange.c.sealed_answer)
        .where(exchange.c.id > last)
        .order_by(exchange.c.id)
        .limit(PIECE)
    ).all():
        for number, *sealed in piece:
            said, answer = (
                vault.seal_bytes(vault.open_bytes(each)) if each else each for each in sealed
            )
            anew = update(exchange).where(exchange.c.id == number)
            session.execute(anew.values(sealed=said, sealed_answer=answer))
        last = piece[-1][0]


def _reseal_answers(session: Session, vault: Vault) -> None:
    """Answers of the API kept for a repeated request: a week of them, a few at a time."""
    replay = SQLModel.metadata.tables["replay"]
    last = ("", "")
    while piece := session.execute(_answers_after(replay, last)).all():
        for actor, key, sealed in piece:
            anew = vault.seal_bytes(vault.open_bytes(sealed))
            mine = (replay.c.actor == actor) & (replay.c.key == key)
            session.execute(update(replay).where(mine).values(sealed=anew))
        last = (piece[-1].actor, piece[-1].key)


def _answers_after(replay: Table, last: tuple[str, str]) -> Select[Any]:
    order = tuple_(replay.c.actor, replay.c.key)
    return (
        columns(replay.c.actor, replay.c.key, replay.c.sealed)
        .where(order > tuple_(*last))
        .order_by(replay.c.actor, replay.c.key)
        .limit(PIECE)
    )


def _rows(session: Session, table: type[SQLModel], contact_id: int) -> list[dict[str, Any]]:
    found = session.exec(select(table).where(table.contact_id == contact_id))  # type: ignore[attr-defined]
    return [row.model_dump() for row in found]


def _tables() -> dict[str, Any]:
    """Tables of upper floors that name a contact; known to the metadata, not to this module."""
    return {
        name: table
        for name, table in SQLModel.metadata.tables.items()
        if "contact_id" in table.c and name in {"inbox", "delivery", "ussd_session", "dispute"}
    }


def _messages(session: Session, contact_id: int) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for name, table in _tables().items():
        rows = session.execute(table.select().where(table.c.contact_id == contact_id)).mappings()
        found[name] = [
            {key: value for key, value in row.items() if not isinstance(value, bytes)}
            for row in rows
        ]
    return found


def _blank(session: Session, contact_id: int) -> None:
    """Words go, rows stay: what was received and sent still adds up."""
    tables = SQLModel.metadata.tables
    inbox, delivery, words = tables["inbox"], tables["delivery"], tables["message_text"]
    mine = select(inbox.c.id).where(inbox.c.contact_id == contact_id)
    words_not_known = tables["unmatched_token"]
    session.execute(delete(words_not_known).where(words_not_known.c.inbox_id.in_(mine)))
    report = tables["report"]
    session.execute(update(report).where(report.c.inbox_id.in_(mine)).values(text=""))
    session.execute(
        update(inbox).where(inbox.c.contact_id == contact_id).values(text="", sender="")
    )
    # The words of a run are everybody's; these were written for one person.
    own = select(delivery.c.text_id).where(
        delivery.c.contact_id == contact_id, delivery.c.run_id.is_(None)
    )
    session.execute(update(words).where(words.c.id.in_(own)).values(body=""))
    for name in ("ussd_session", "dispute"):
        session.execute(delete(tables[name]).where(tables[name].c.contact_id == contact_id))


def _forget_exchanges(session: Session, vault: Vault, phone: Phone, contact_id: int) -> None:
    """Raw exchanges about the person: what came in, what went out (with those it was sent to
    together), and what no message was found for but names the number."""
    tables = SQLModel.metadata.tables
    exchange, link = tables["exchange"], tables["exchange_delivery"]
    inbox, delivery = tables["inbox"], tables["delivery"]
    sent = select(delivery.c.id).where(delivery.c.contact_id == contact_id)
    out = select(link.c.exchange_id).where(link.c.delivery_id.in_(sent))
    heard = select(inbox.c.id).where(inbox.c.contact_id == contact_id)
    come = select(exchange.c.id).where(exchange.c.inbox_id.in_(heard))
    ids = {row[0] for found in (out, come) for row in session.execute(found)}
    every = sorted(ids | set(_loose(session, vault, phone)))
    for start in range(0, len(every), PIECE):
        piece = every[start : start + PIECE]
        session.execute(delete(link).where(link.c.exchange_id.in_(piece)))
        session.execute(delete(exchange).where(exchange.c.id.in_(piece)))


def _loose(session: Session, vault: Vault, phone: Phone) -> Iterator[int]:
    """Exchanges that belong to no message (a report nobody asked for) and hold this number."""
    tables = SQLModel.metadata.tables
    exchange, link = tables["exchange"], tables["exchange_delivery"]
    alone = ~exists().where(link.c.exchange_id == exchange.c.id)
    digits = phone.e164.removeprefix("+").encode()
    kept = select(exchange.c.id, exchange.c.sealed).where(exchange.c.inbox_id.is_(None), alone)
    for number, sealed in session.execute(kept):
        if digits in vault.open_bytes(sealed):
            yield number


def _unsend(session: Session, contact_id: int, now: datetime) -> None:
    """Nothing more leaves for a number nobody knows any more."""
    delivery = SQLModel.metadata.tables["delivery"]
    waiting = (delivery.c.contact_id == contact_id) & (delivery.c.state == "queued")
    session.execute(
        update(delivery)
        .where(waiting)
        .values(state="suppressed", rank=SUPPRESSED, reason="erased", final_at=now)
    )


def _forget_answers(session: Session, vault: Vault, phone: Phone) -> None:
    """Answers of the API kept for a repeated request may name the number."""
    replay = SQLModel.metadata.tables["replay"]
    last, named = ("", ""), phone.e164.encode()
    while piece := session.execute(_answers_after(replay, last)).all():
        for actor, key, sealed in piece:
            if named in vault.open_bytes(sealed):
                mine = (replay.c.actor == actor) & (replay.c.key == key)
                session.execute(delete(replay).where(mine))
        last = (piece[-1].actor, piece[-1].key)
