"""The simulator: two phones in a browser, and beside them what goes over the wire.

It posts Africa's Talking's own forms to the loopback gateway's hooks: nothing here answers a
farmer. The one thing it reads by itself is the message list of a phone, which a real phone has.
Outside the demo it opens to operators only, and shows only what the loopback gateway carried.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col, select

from service import encoding
from service.api.deps import State, identify, public
from service.api.html import Room
from service.api.problems import Problem
from service.api.simulator.words import ENGLISH, SPOKEN
from service.api.state import Sugu
from service.db import reading
from service.people import store as people
from service.people.tables import Contact, Reporter, Subscriber, Village
from service.phone import parse
from service.sms.outbox.states import shown
from service.sms.tables import Delivery, Inbox, MessageText

GATEWAY = "loopback"
SHOWN = 40
"""Messages of one phone on the page, in and out each."""
STRANGER = "+22376009999"
"""A number nobody has registered: what a first dial looks like."""

room = Room(Path(__file__).parent, ENGLISH)
router = APIRouter(
    prefix="/simulator", include_in_schema=False, dependencies=[Depends(public)], tags=["simulator"]
)


@router.get("")
def simulator(request: Request, state: State) -> Response:
    if not state.settings.demo and not _operator(request, state):
        return RedirectResponse("/console/login?next=/simulator", 303)
    t = room.tongue(request)
    with reading(state.engine) as session:
        farmers = _farmers(session, state) if state.settings.demo else []
        reporters = _reporters(session, state) if state.settings.demo else []
    setup = {
        "code": state.settings.ussd_code,
        "hooks": f"/hooks/{GATEWAY}/{state.gateways[GATEWAY].tokens.current}",
        "limit": encoding.SMS_SEPTETS,
        "part": encoding.PART_SEPTETS,
        "units": [encoding.SMS_UNITS, encoding.PART_UNITS],
        "basic": "".join(sorted(encoding.BASIC)),
        "extension": "".join(sorted(encoding.EXTENSION)),
        "words": {name: t(text) for name, text in SPOKEN.items()},
    }
    return room.page(
        request,
        "simulator.html",
        setup=setup,
        farmers=farmers,
        reporters=reporters,
        stranger=STRANGER,
        demo=state.settings.demo,
        code=state.settings.ussd_code,
    )


@router.get("/inbox")
def inbox(
    request: Request, state: State, phone: Annotated[str, Query(max_length=32)]
) -> dict[str, Any]:
    """The messages of one phone, oldest first: `direction` seen from Sugu."""
    if not state.settings.demo and not _operator(request, state):
        raise Problem("unauthenticated")
    number = parse(phone)
    if number is None:
        return {"items": []}
    with reading(state.engine) as session:
        contact = people.find(session, state.vault, number)
        if contact is None:
            return {"items": []}
        found = [*_received(session, people.key(contact.id)), *_sent(session, state, contact)]
    return {"items": sorted(found, key=lambda each: (each["at"], each["direction"]))}


@router.get("/static/{name}")
def static(name: str) -> Response:
    return room.send(name)


def _operator(request: Request, state: Sugu) -> bool:
    try:
        return identify(request, state).may("operator")
    except Problem:
        return False


def _received(session: Session, contact_id: int) -> list[dict[str, Any]]:
    rows = session.exec(
        select(Inbox)
        .where(Inbox.contact_id == contact_id, Inbox.gateway == GATEWAY)
        .order_by(col(Inbox.id).desc())
        .limit(SHOWN)
    )
    return [_message("in", row.id, row.text, row.received_at, row.state) for row in rows]


def _sent(session: Session, state: Sugu, contact: Contact) -> list[dict[str, Any]]:
    """What was sent to the phone, or waits to be. Scans the outbox: for a demo's size only."""
    query = select(Delivery, MessageText).where(
        Delivery.contact_id == contact.id, MessageText.id == Delivery.text_id
    )
    if not state.settings.demo:
        query = query.where(Delivery.gateway == GATEWAY)
    rows = session.exec(query.order_by(col(Delivery.id).desc()).limit(SHOWN))
    return [
        _message("out", row.id, text.body, row.accepted_at or row.created_at, shown(row.state))
        | {"septets": text.septets, "segments": text.segments, "kind": row.kind}
        for row, text in rows
    ]


def _message(
    direction: str, row_id: int | None, text: str, at: datetime, state: str
) -> dict[str, Any]:
    return {
        "id": f"{direction}-{row_id}",
        "direction": direction,
        "text": text,
        "at": at.isoformat(),
        "state": state,
    }


def _farmers(session: Session, state: Sugu) -> list[dict[str, Any]]:
    """The farmers of the demo world, by number."""
    rows = session.exec(
        select(Subscriber, Contact, col(Village.name))
        .join(Contact, col(Contact.id) == col(Subscriber.contact_id))
        .outerjoin(Village, col(Village.code) == col(Subscriber.village))
        .where(Subscriber.demo)
    )
    found = [
        {
            "phone": state.vault.open(contact.sealed).e164,
            "village": name or "",
            "language": who.language or "",
        }
        for who, contact, name in rows
    ]
    return sorted(found, key=lambda each: str(each["phone"]))


def _reporters(session: Session, state: Sugu) -> list[dict[str, Any]]:
    rows = session.exec(
        select(Reporter, Contact)
        .join(Contact, col(Contact.id) == col(Reporter.contact_id))
        .where(Reporter.demo)
    )
    found = [
        {
            "phone": state.vault.open(contact.sealed).e164,
            "name": who.name,
            "market": who.market or "",
        }
        for who, contact in rows
    ]
    return sorted(found, key=lambda each: str(each["phone"]))
