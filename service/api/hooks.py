"""The carriers' doors: one transaction, then the answer.

A carrier that is answered 4xx may retry for ever, so only a wrong token is refused. What cannot
be stored is answered 503, which every carrier takes as "later"; nothing is acknowledged before
its commit.
"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from service.api.state import Sugu
from service.db import writing
from service.people import store as people
from service.phone import parse
from service.sms import archive, calls, deliveries, intake
from service.sms.gateway import Ack, Gateway, Kind, RawRequest
from service.sms.tables import JobRun

LARGEST = 16 * 1024
"""Bytes of a carrier's request; the longest real one is under 4 kB."""
KEPT_HEADERS = ("content-type", "user-agent", "x-timestamp", "at-ussd-hop-metadata")
"""Headers worth keeping in the archive; none holds a secret."""

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
    desk = _desk(state)
    for message in carrier.read_sms(raw):
        with writing(state.engine) as session:
            received = intake.receive(session, desk, carrier.name, message, now)
            archive.keep(session, state.vault, carrier.name, _shown(raw), received, now)
    _apply_notes(raw, carrier, state)
    _note_heartbeat(raw, carrier, state)
    state.keep_up()
    return _answer(carrier.ack(Kind.SMS))


@router.api_route(_path(Kind.CALL), methods=["GET", "POST"])
def missed_call(raw: Raw, carrier: Carrier, state: State) -> Response:
    """A call is refused, so that it costs nothing, and answered by SMS."""
    now = state.clock()
    if not carrier.verify(raw, now):
        raise HTTPException(404, "Not Found")
    call = carrier.read_call(raw)
    if call is not None:
        with writing(state.engine) as session:
            received = calls.receive(session, _desk(state), carrier.name, call, now)
            archive.keep(session, state.vault, carrier.name, _shown(raw), received, now)
    return _answer(carrier.ack(Kind.CALL))


@router.api_route(_path(Kind.DELIVERY), methods=["GET", "POST"])
def delivery(raw: Raw, carrier: Carrier, state: State) -> Response:
    if not carrier.verify(raw, state.clock()):
        raise HTTPException(404, "Not Found")
    _apply_notes(raw, carrier, state)
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
    return _answer(carrier.ack(Kind.OPT_OUT))


def _desk(state: Sugu) -> intake.Desk:
    code = state.settings.ussd_code
    return intake.Desk(state.vault, state.lexicon(), state.limits, state.voice, state.book, code)


def _apply_notes(raw: RawRequest, carrier: Gateway, state: Sugu) -> None:
    notes = carrier.read_delivery(raw)
    if not notes:
        return
    with writing(state.engine) as session:
        for note in notes:
            deliveries.apply(session, state.vault, carrier.name, note, state.clock())


def _note_heartbeat(raw: RawRequest, carrier: Gateway, state: Sugu) -> None:
    """A gateway that is a phone says that it lives; staff see when it last did."""
    if carrier.read_heartbeat(raw) is None:
        return
    now = state.clock()
    with writing(state.engine) as session:
        session.merge(JobRun(name=f"phone {carrier.name}", started_at=now, finished_at=now))


def _shown(raw: RawRequest) -> RawRequest:
    """The request as it may be kept: the token out of its path, few headers."""
    parts = raw.path.split("/")
    path = "/".join([*parts[:3], "***", *parts[4:]])
    kept = {name: raw.headers[name] for name in KEPT_HEADERS if name in raw.headers}
    return RawRequest(raw.method, path, raw.query, kept, raw.body)


def _answer(ack: Ack) -> Response:
    return Response(ack.body, ack.status, dict(ack.headers), media_type=ack.content_type)
