"""The carriers' doors: one transaction, then the answer.

A carrier that is answered 4xx may retry for ever, so only a wrong token is refused. While
PostgreSQL is away what comes is kept beside it (`spool`). What cannot be stored at all is answered
503, which every carrier takes as "later"; nothing is acknowledged before its commit.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from structlog.contextvars import bound_contextvars

from service.api.health import PHONE
from service.api.spool import GONE, Spool, Waiting
from service.api.state import Sugu
from service.db import writing
from service.people import store as people
from service.phone import parse
from service.sms import intake
from service.sms.gateway import Ack, Gateway, IncomingSms, Kind, RawRequest
from service.sms.intake import calls
from service.sms.outbox import deliveries
from service.sms.tables import JobRun

LARGEST = 16 * 1024
"""Bytes of a carrier's request; the longest real one is under 4 kB."""

LOOK_EVERY = 0.5
"""Seconds between two looks at what waits beside the database."""

router = APIRouter(prefix="/hooks", include_in_schema=False)
log = structlog.get_logger()


async def read_raw(request: Request) -> RawRequest:
    """The request as bytes, cut off as soon as it is larger than any carrier's."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, "larger than any message")
    return RawRequest(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        headers=dict(request.headers),
        body=bytes(body),
    )


def state_of(request: Request) -> Sugu:
    state: Sugu = request.app.state.sugu
    return state


def gateway_of(gateway: str, token: str, state: Annotated[Sugu, Depends(state_of)]) -> Gateway:
    """The gateway whose token this is; the same 404 whatever was wrong."""
    found = state.gateways.get(gateway)
    if found is None or not found.tokens.accept(token):
        raise HTTPException(404, "Not Found")
    return found


def opens(state: Sugu) -> Callable[[str], bool]:
    """Whether a hook's path names a gateway and holds its token."""

    def look(path: str) -> bool:
        _, _, name, token, *_ = [*path.split("/"), "", ""]
        found = state.gateways.get(name)
        return found is not None and found.tokens.accept(token)

    return look


Raw = Annotated[RawRequest, Depends(read_raw)]
Carrier = Annotated[Gateway, Depends(gateway_of)]
State = Annotated[Sugu, Depends(state_of)]


def _path(kind: Kind) -> str:
    return f"/{{gateway}}/{{token}}/{kind}"


@router.api_route(_path(Kind.SMS), methods=["GET", "POST"])
def incoming_sms(raw: Raw, carrier: Carrier, state: State) -> Response:
    return _kept(Kind.SMS, raw, carrier, state)


@router.api_route(_path(Kind.DELIVERY), methods=["GET", "POST"])
def delivery(raw: Raw, carrier: Carrier, state: State) -> Response:
    return _kept(Kind.DELIVERY, raw, carrier, state)


@router.api_route(_path(Kind.OPT_OUT), methods=["GET", "POST"])
def opt_out(raw: Raw, carrier: Carrier, state: State) -> Response:
    return _kept(Kind.OPT_OUT, raw, carrier, state)


@router.api_route(_path(Kind.CALL), methods=["GET", "POST"])
def missed_call(raw: Raw, carrier: Carrier, state: State) -> Response:
    """A call is refused, so that it costs nothing, and answered by SMS."""
    return _kept(Kind.CALL, raw, carrier, state)


@router.api_route(_path(Kind.USSD_END), methods=["GET", "POST"])
def ussd_end(raw: Raw, carrier: Carrier) -> Response:
    """Statistics only: nothing promises that this comes, or comes once."""
    end = carrier.read_ussd_end(raw)
    if end:
        log.info("ussd_end", gateway=carrier.name, status=end.status, hops=end.hops)
    return _answer(carrier.ack(Kind.USSD_END))


def _kept(kind: Kind, raw: RawRequest, carrier: Gateway, state: Sugu) -> Response:
    """Acknowledged once it is stored: in the database, or beside it while that is away."""
    now = state.clock()
    if not carrier.verify(raw, now):
        raise HTTPException(404, "Not Found")
    each = Waiting(carrier.name, kind, raw, now)
    if state.spool is None:
        take_in(state, each)
    elif state.spool.waits():
        state.spool.put(each)
    else:
        _or_spooled(state, state.spool, each)
    return _answer(carrier.ack(kind))


def _or_spooled(state: Sugu, spool: Spool, each: Waiting) -> None:
    try:
        take_in(state, each)
    except GONE as error:
        log.error("database_away", error=type(error).__name__)  # noqa: TRY400 (no values)
        spool.put(each)


async def bring_in(state: Sugu, stop: asyncio.Event) -> None:
    """Take in what waits beside the database, as soon as it can be, until `stop`."""
    spool = state.spool
    while spool is not None and not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_EVERY)
            break
        try:
            if await asyncio.to_thread(spool.waits):
                await asyncio.to_thread(spool.drain, lambda each: take_in(state, each))
        except (OSError, sqlite3.Error) as error:
            log.error("spool_unreadable", error=type(error).__name__)  # noqa: TRY400 (no values)
    if spool is not None:
        spool.close()


def take_in(state: Sugu, each: Waiting) -> None:
    """Store what a carrier brought and act on it; safe to repeat."""
    carrier = state.gateways[each.gateway]
    match each.kind:
        case Kind.SMS:
            read = _take_messages(each, carrier, state)
            read += _apply_notes(each, carrier, state) or _note_heartbeat(each, carrier, state)
            state.keep_up()
        case Kind.DELIVERY:
            read = _apply_notes(each, carrier, state)
        case Kind.CALL:
            read = _take_call(each, carrier, state)
        case _:
            read = _take_leave(each, carrier, state)
    if not read:
        _keep_unread(each, state)


def _take_messages(each: Waiting, carrier: Gateway, state: Sugu) -> int:
    """Each message is its own transaction, so that one of a batch cannot undo another."""
    messages = carrier.read_sms(each.raw)
    desk = _desk(state)
    for message in messages:
        _take_one(message, each, state, desk)
    return len(messages)


def _desk(state: Sugu) -> intake.Desk:
    code = state.settings.ussd_code
    return intake.Desk(state.vault, state.lexicon(), state.limits, state.voice, state.book, code)


def _take_call(each: Waiting, carrier: Gateway, state: Sugu) -> int:
    call = carrier.read_call(each.raw)
    if call is None:
        return 0
    with writing(state.engine) as session:
        received = calls.receive(session, _desk(state), each.gateway, call, each.at)
        kept, outcome = received.inbox_id, received.outcome
        state.archive.received(
            session, each.gateway, Kind.CALL, each.raw, outcome, each.at, inbox_id=kept
        )
    return 1


def _take_one(message: IncomingSms, each: Waiting, state: Sugu, desk: intake.Desk) -> None:
    """One message: its transaction, and one line of what it came to. Every line that is logged
    meanwhile names the message by its carrier's id."""
    with bound_contextvars(gateway=each.gateway, message=message.provider_id or "no id"):
        with writing(state.engine) as session:
            received = intake.receive(session, desk, each.gateway, message, each.at)
            kept = received.inbox_id
            state.archive.received(
                session, each.gateway, Kind.SMS, each.raw, received.outcome, each.at, inbox_id=kept
            )
        log.info("sms_in", inbox=kept, outcome=received.outcome)


def _take_leave(each: Waiting, carrier: Gateway, state: Sugu) -> int:
    left = carrier.read_opt_out(each.raw)
    phone = parse(left.phone) if left else None
    if phone:
        with writing(state.engine) as session:
            contact = people.contact_for(session, state.vault, phone, each.at)
            deliveries.opt_out(session, people.key(contact.id), each.gateway, each.at)
            state.archive.received(
                session, each.gateway, Kind.OPT_OUT, each.raw, "stopped", each.at
            )
    return 1


def _apply_notes(each: Waiting, carrier: Gateway, state: Sugu) -> int:
    """Apply the delivery reports of a request; how many it holds."""
    notes = carrier.read_delivery(each.raw)
    if not notes:
        return 0
    with writing(state.engine) as session:
        found = [
            deliveries.apply(session, state.vault, each.gateway, note, each.at) for note in notes
        ]
        about = [one.delivery_id for one in found if one.delivery_id is not None]
        said = ", ".join(sorted({note.state for note in notes}))
        state.archive.received(
            session, each.gateway, each.kind, each.raw, said, each.at, deliveries=about
        )
    return len(notes)


def _note_heartbeat(each: Waiting, carrier: Gateway, state: Sugu) -> int:
    """A gateway that is a phone says that it lives; staff see when it last did."""
    if carrier.read_heartbeat(each.raw) is None:
        return 0
    with writing(state.engine) as session:
        name = f"{PHONE}{each.gateway}"
        session.merge(JobRun(name=name, started_at=each.at, finished_at=each.at))
    return 1


def _keep_unread(each: Waiting, state: Sugu) -> None:
    """What a carrier sent and nobody understood is what a technician will ask for."""
    if not each.raw.query and not each.raw.body:
        return
    with writing(state.engine) as session:
        state.archive.received(session, each.gateway, each.kind, each.raw, "nothing read", each.at)


def _answer(ack: Ack) -> Response:
    return Response(ack.body, ack.status, dict(ack.headers), media_type=ack.content_type)
