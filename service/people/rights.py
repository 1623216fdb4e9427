"""What a person may ask of their data, and what staff must be able to do with every number."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, col, select

from service.people import store
from service.people.tables import Alert, Consent, Contact, Reporter, Subscriber
from service.phone import Phone, Vault

ERASED = "effacé"
"""The name left on a reporter whose prices stay."""
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
    _blank(session, mine)
    # The row stays, so that counts and quotes still add up, but nobody can be found through it.
    contact.lookup = f"erased-{mine}".encode()
    contact.sealed, contact.prefix, contact.stopped_at = b"", "", now
    session.add(contact)
    session.flush()
    return True


def rekey(session: Session, vault: Vault) -> int:
    """Seal and index every number with the current key; how many."""
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
    tables = _tables()
    inbox, exchange = tables["inbox"], SQLModel.metadata.tables["exchange"]
    mine = select(inbox.c.id).where(inbox.c.contact_id == contact_id)
    session.execute(delete(exchange).where(exchange.c.inbox_id.in_(mine)))
    session.execute(
        update(inbox).where(inbox.c.contact_id == contact_id).values(text="", sender="")
    )
    report = SQLModel.metadata.tables["report"]
    session.execute(update(report).where(report.c.inbox_id.in_(mine)).values(text=""))
    for name in ("ussd_session", "dispute"):
        table = tables[name]
        session.execute(delete(table).where(table.c.contact_id == contact_id))
