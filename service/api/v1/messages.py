"""Messages: everything that came in and went out, newest first, with the raw exchange."""

from datetime import datetime
from typing import Annotated, Any, Literal

import sqlalchemy
from fastapi import APIRouter, Query
from sqlalchemy import func
from sqlmodel import col, select

from service import encoding
from service.api.deps import Operator, Viewer, Work
from service.api.letters import Answer
from service.api.pages import LARGEST_ID, Page, Paging, cursor_of, like, values_of
from service.api.problems import Problem
from service.people.store import find
from service.people.tables import Contact
from service.phone import parse
from service.sms import archive
from service.sms.outbox import states
from service.sms.tables import Delivery, Exchange, Inbox, MessageText, Run

router = APIRouter(prefix="/messages", tags=["messages"])

SEARCHED = 100_000
"""Messages that a search for words reads each way; further back, one knows the number."""
Direction = Literal["in", "out"]


class Message(Answer):
    """`id` is `in-7` or `out-9`. `outcome` says what a message led to, or why it failed."""

    id: str
    direction: Direction
    gateway: str
    phone: str
    text: str
    at: datetime
    state: str
    outcome: str
    segments: int
    kind: str
    run_id: int | None


class RawExchange(Answer):
    """What was said on the wire, secrets taken out. Kept for thirty days."""

    at: datetime
    direction: str
    gateway: str
    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    answer: str
    reply: str


class WholeMessage(Message):
    """One message, with what passed on the wire for those who may work with it."""

    exchange: list[RawExchange]


@router.get("")
def list_messages(
    work: Viewer,
    ask: Paging,
    direction: Direction | None = None,
    state: Annotated[str | None, Query(max_length=12)] = None,
    gateway: Annotated[str | None, Query(max_length=20)] = None,
    q: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[Message]:
    """In and out together, newest first; `q` finds a phone number, or searches the words of the
    newest hundred thousand each way."""
    before = values_of(ask.cursor, [int, int]) or [LARGEST_ID - 1, LARGEST_ID - 1]
    contact_id = _contact(work, q)
    found: list[tuple[datetime, int, Message]] = []
    if direction != "out":
        found += _incoming(work, before[0], ask.limit + 1, state, gateway, q, contact_id)
    if direction != "in":
        found += _outgoing(work, before[1], ask.limit + 1, state, gateway, q, contact_id)
    found.sort(key=lambda each: (each[0], each[2].direction, each[1]), reverse=True)
    shown = found[: ask.limit]
    more = len(found) > ask.limit
    return Page(items=[each[2] for each in shown], next=_cursor(shown, before) if more else None)


@router.get("/{message_id}")
def read_message(work: Viewer, message_id: str) -> WholeMessage:
    """One message; `exchange` is empty for those who only look."""
    direction, number = _parted(message_id)
    one = _one(work, direction, number)
    raw = _exchanges(work, direction, number) if work.who.may("operator") else []
    return WholeMessage(**one.model_dump(), exchange=raw)


@router.get("/{message_id}/exchange")
def read_exchange(work: Operator, message_id: str) -> list[RawExchange]:
    """The carrier's own bytes, for when something is odd."""
    direction, number = _parted(message_id)
    work.one(Inbox if direction == "in" else Delivery, number)
    return _exchanges(work, direction, number)


def _one(work: Work, direction: str, number: int) -> Message:
    if direction == "in":
        return _received(work, *_pair(work, number))
    row = work.one(Delivery, number)
    text = work.session.get_one(MessageText, row.text_id)
    return _sent(work, row, text, work.session.get_one(Contact, row.contact_id))


def _exchanges(work: Work, direction: str, number: int) -> list[RawExchange]:
    return [_raw(work, row) for row in archive.of_message(work.session, direction, number)]


def _incoming(
    work: Work,
    before: int,
    limit: int,
    state: str | None,
    gateway: str | None,
    q: str | None,
    contact_id: int | None,
) -> list[tuple[datetime, int, Message]]:
    query = select(Inbox, Contact).outerjoin(Contact, col(Contact.id) == col(Inbox.contact_id))
    query = query.where(col(Inbox.id) < before)
    if state:
        query = query.where(Inbox.state == state)
    if gateway:
        query = query.where(Inbox.gateway == gateway)
    if contact_id is not None:
        query = query.where(Inbox.contact_id == contact_id)
    elif q:
        bottom = _bottom(work, Inbox, before)
        query = query.where(col(Inbox.id) > bottom, col(Inbox.text).ilike(like(q), escape="|"))
    rows = work.session.exec(query.order_by(col(Inbox.id).desc()).limit(limit))
    return [(row.received_at, row.id or 0, _received(work, row, contact)) for row, contact in rows]


def _outgoing(
    work: Work,
    before: int,
    limit: int,
    state: str | None,
    gateway: str | None,
    q: str | None,
    contact_id: int | None,
) -> list[tuple[datetime, int, Message]]:
    query = (
        select(Delivery, MessageText, Contact)
        .join(MessageText, col(MessageText.id) == col(Delivery.text_id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .where(col(Delivery.id) < before)
    )
    if state:
        kept = [str(each) for each in states.State if states.shown(each) == state]
        query = query.where(col(Delivery.state).in_(kept or [state]))
    if gateway:
        query = query.where(Delivery.gateway == gateway)
    if contact_id is not None:
        query = query.where(col(Delivery.id).in_(_sent_to(contact_id)))
    elif q:
        bottom = _bottom(work, Delivery, before)
        query = query.where(
            col(Delivery.id) > bottom, col(MessageText.body).ilike(like(q), escape="|")
        )
    rows = work.session.exec(query.order_by(col(Delivery.id).desc()).limit(limit))
    return [
        (row.created_at, row.id or 0, _sent(work, row, text, contact))
        for row, text, contact in rows
    ]


def _bottom(work: Work, table: type[Inbox] | type[Delivery], before: int) -> int:
    """Where a search for words ends: it reads that many messages, and not the years behind."""
    newest = work.session.exec(select(func.max(col(table.id))).where(col(table.id) < before)).one()
    return (newest or 0) - SEARCHED


def _sent_to(contact_id: int) -> Any:
    """Ids of all that was sent to one phone: by itself, or in any of the runs."""
    alone = sqlalchemy.select(col(Delivery.id)).where(
        col(Delivery.run_id).is_(None), col(Delivery.contact_id) == contact_id
    )
    in_runs = sqlalchemy.select(col(Delivery.id)).where(
        col(Delivery.run_id).in_(sqlalchemy.select(col(Run.id))),
        col(Delivery.contact_id) == contact_id,
    )
    return sqlalchemy.union_all(alone, in_runs)


def _received(work: Work, row: Inbox, contact: Contact | None) -> Message:
    return Message(
        id=f"in-{row.id}",
        direction="in",
        gateway=row.gateway,
        phone=work.phone(contact.sealed) if contact else row.sender,
        text=row.text,
        at=row.received_at,
        state=row.state,
        outcome=row.outcome,
        segments=encoding.segments(row.text),
        kind="sms",
        run_id=None,
    )


def _sent(work: Work, row: Delivery, text: MessageText, contact: Contact) -> Message:
    return Message(
        id=f"out-{row.id}",
        direction="out",
        gateway=row.gateway or "",
        phone=work.phone(contact.sealed),
        text=text.body,
        at=row.created_at,
        state=states.shown(row.state),
        outcome=row.reason or "",
        segments=row.segments,
        kind=row.kind,
        run_id=row.run_id,
    )


def _raw(work: Work, row: Exchange) -> RawExchange:
    kept = row.model_dump(exclude={"sealed", "sealed_answer"})
    said = {"body": row.sealed, "reply": row.sealed_answer}
    words = {name: _opened(work, sealed) for name, sealed in said.items()}
    return RawExchange.model_validate({**kept, **words})


def _opened(work: Work, sealed: bytes | None) -> str:
    return work.state.vault.open_bytes(sealed).decode("utf-8", "replace") if sealed else ""


def _contact(work: Work, q: str | None) -> int | None:
    """The contact a search names by its number; -1 for a number nobody has."""
    phone = parse(q) if q else None
    if phone is None:
        return None
    contact = find(work.session, work.state.vault, phone)
    return (contact.id if contact else None) or -1


def _cursor(shown: list[tuple[datetime, int, Message]], before: list[int]) -> str:
    ins = [number for _, number, message in shown if message.direction == "in"]
    outs = [number for _, number, message in shown if message.direction == "out"]
    return cursor_of([min(ins, default=before[0]), min(outs, default=before[1])])


def _parted(message_id: str) -> tuple[str, int]:
    direction, _, number = message_id.partition("-")
    if direction not in {"in", "out"} or not number.isdecimal() or len(number) > 10:
        raise Problem("not_found")
    if int(number) >= LARGEST_ID:
        raise Problem("not_found")
    return direction, int(number)


def _pair(work: Work, number: int) -> tuple[Inbox, Contact | None]:
    row = work.one(Inbox, number)
    return row, work.session.get(Contact, row.contact_id) if row.contact_id else None
