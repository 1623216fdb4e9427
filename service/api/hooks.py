"""The carriers' doors: one transaction, then the answer.

A carrier that is answered 4xx may retry for ever, so only a wrong token is refused. What cannot
be stored is answered 503, which every carrier takes as "later"; nothing is acknowledged before
its commit.
"""

from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from structlog.contextvars import bound_contextvars

from service.api.state import Sugu
from service.db import writing
from service.people import store as people
from service.phone import parse
from service.sms import deliveries, intake
from service.sms.gateway import Ack, Gateway, IncomingSms, Kind, RawRequest
from service.sms.tables import JobRun

LARGEST = 16 * 1024
"""Bytes of a carrier's request; the longest real one is under 4 kB."""

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


Raw = Annotated[RawRequest, Depends(read_raw)]
Carrier = Annotated[Gateway, Depends(gateway_of)]
State = Annotated[Sugu, Depends(state_of)]


def _path(kind: Kind) -> str:
    return f"/{{gateway}}/{{token}}/{kind}"


@router.api_route(_path(Kind.SMS), methods=["GET", "POST"])
def incoming_sms(raw: Raw, carrier: Carrier, state: State) -> Response:
    """Each message is its own transaction, so that one of a batch cannot undo another."""
    now = state.clock()
    if not carrier.verify(raw, now):
        raise HTTPException(404, "Not Found")
    code = state.settings.ussd_code
    desk = intake.Desk(state.vault, state.lexicon(), state.limits, state.voice, state.book, code)
    messages = carrier.read_sms(raw)
    for message in messages:
        _take_in(message, raw, carrier, state, desk, now)
    read = _apply_notes(Kind.SMS, raw, carrier, state) or _note_heartbeat(raw, carrier, state)
    if not messages and not read:
        _keep_unread(Kind.SMS, raw, carrier, state)
    state.keep_up()
    return _answer(carrier.ack(Kind.SMS))


@router.api_route(_path(Kind.DELIVERY), methods=["GET", "POST"])
def delivery(raw: Raw, carrier: Carrier, state: State) -> Response:
    if not carrier.verify(raw, state.clock()):
        raise HTTPException(404, "Not Found")
    if not _apply_notes(Kind.DELIVERY, raw, carrier, state):
        _keep_unread(Kind.DELIVERY, raw, carrier, state)
    return _answer(carrier.ack(Kind.DELIVERY))


@router.api_route(_path(Kind.USSD_END), methods=["GET", "POST"])
def ussd_end(raw: Raw, carrier: Carrier) -> Response:
    """Statistics only: nothing promises that this comes, or comes once."""
    end = carrier.read_ussd_end(raw)
    if end:
        log.info("ussd_end", gateway=carrier.name, status=end.status, hops=end.hops)
    return _answer(carrier.ack(Kind.USSD_END))


@router.api_route(_path(Kind.OPT_OUT), methods=["GET", "POST"])
def opt_out(raw: Raw, carrier: Carrier, state: State) -> Response:
    now = state.clock()
    if not carrier.verify(raw, now):
        raise HTTPException(404, "Not Found")
    left = carrier.read_opt_out(raw)
    phone = parse(left.phone) if left else None
    if phone:
        with writing(state.engine) as session:
            contact = people.contact_for(session, state.vault, phone, now)
            deliveries.opt_out(session, people.key(contact.id), carrier.name, now)
            state.archive.received(session, carrier.name, Kind.OPT_OUT, raw, "stopped", now)
    return _answer(carrier.ack(Kind.OPT_OUT))


def _take_in(
    message: IncomingSms,
    raw: RawRequest,
    carrier: Gateway,
    state: Sugu,
    desk: intake.Desk,
    now: datetime,
) -> None:
    """One message: its transaction, and one line of what it came to. Every line that is logged
    meanwhile names the message by its carrier's id."""
    with bound_contextvars(gateway=carrier.name, message=message.provider_id or "no id"):
        with writing(state.engine) as session:
            received = intake.receive(session, desk, carrier.name, message, now)
            kept = received.inbox_id
            state.archive.received(
                session, carrier.name, Kind.SMS, raw, received.outcome, now, inbox_id=kept
            )
        log.info("sms_in", inbox=kept, outcome=received.outcome)


def _apply_notes(kind: Kind, raw: RawRequest, carrier: Gateway, state: Sugu) -> bool:
    """Apply the delivery reports of a request, if it holds any."""
    notes = carrier.read_delivery(raw)
    if not notes:
        return False
    with writing(state.engine) as session:
        now = state.clock()
        found = [deliveries.apply(session, state.vault, carrier.name, note, now) for note in notes]
        about = [each.delivery_id for each in found if each.delivery_id is not None]
        said = ", ".join(sorted({note.state for note in notes}))
        state.archive.received(session, carrier.name, kind, raw, said, now, deliveries=about)
    return True


def _note_heartbeat(raw: RawRequest, carrier: Gateway, state: Sugu) -> bool:
    """A gateway that is a phone says that it lives; staff see when it last did."""
    if carrier.read_heartbeat(raw) is None:
        return False
    now = state.clock()
    with writing(state.engine) as session:
        session.merge(JobRun(name=f"phone {carrier.name}", started_at=now, finished_at=now))
    return True


def _keep_unread(kind: Kind, raw: RawRequest, carrier: Gateway, state: Sugu) -> None:
    """What a carrier sent and nobody understood is what a technician will ask for."""
    if not raw.query and not raw.body:
        return
    with writing(state.engine) as session:
        state.archive.received(session, carrier.name, kind, raw, "nothing read", state.clock())


def _answer(ack: Ack) -> Response:
    return Response(ack.body, ack.status, dict(ack.headers), media_type=ack.content_type)
