"""The carriers' doors: one transaction, then the answer.

A carrier that is answered 4xx may retry for ever, so only a wrong token is refused. While
PostgreSQL is away what comes is kept beside it (`spool`). What cannot be stored at all is answered
503, which every carrier takes as "later"; nothing is acknowledged before its commit.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from service.api.spool import GONE, Spool, Waiting
from service.api.state import Sugu
from service.db import writing
from service.people import store as people
from service.phone import parse
from service.sms import archive, deliveries, intake
from service.sms.gateway import Ack, Gateway, Kind, RawRequest
from service.sms.tables import JobRun

LARGEST = 16 * 1024
"""Bytes of a carrier's request; the longest real one is under 4 kB."""
KEPT_HEADERS = ("content-type", "user-agent", "x-timestamp", "at-ussd-hop-metadata")
"""Headers worth keeping in the archive; none holds a secret."""

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
            _take_messages(each.raw, carrier, state, each.at)
            _apply_notes(each.raw, carrier, state, each.at)
            _note_heartbeat(each.raw, carrier, state, each.at)
            state.keep_up()
        case Kind.DELIVERY:
            _apply_notes(each.raw, carrier, state, each.at)
        case Kind.OPT_OUT:
            _take_leave(each.raw, carrier, state, each.at)


def _take_messages(raw: RawRequest, carrier: Gateway, state: Sugu, now: datetime) -> None:
    """Each message is its own transaction, so that one of a batch cannot undo another."""
    code = state.settings.ussd_code
    desk = intake.Desk(state.vault, state.lexicon(), state.limits, state.voice, state.book, code)
    for message in carrier.read_sms(raw):
        with writing(state.engine) as session:
            received = intake.receive(session, desk, carrier.name, message, now)
            archive.keep(session, state.vault, carrier.name, _shown(raw), received, now)


def _take_leave(raw: RawRequest, carrier: Gateway, state: Sugu, now: datetime) -> None:
    left = carrier.read_opt_out(raw)
    phone = parse(left.phone) if left else None
    if phone:
        with writing(state.engine) as session:
            contact = people.contact_for(session, state.vault, phone, now)
            deliveries.opt_out(session, people.key(contact.id), carrier.name, now)


def _apply_notes(raw: RawRequest, carrier: Gateway, state: Sugu, now: datetime) -> None:
    notes = carrier.read_delivery(raw)
    if not notes:
        return
    with writing(state.engine) as session:
        for note in notes:
            deliveries.apply(session, state.vault, carrier.name, note, now)


def _note_heartbeat(raw: RawRequest, carrier: Gateway, state: Sugu, now: datetime) -> None:
    """A gateway that is a phone says that it lives; staff see when it last did."""
    if carrier.read_heartbeat(raw) is None:
        return
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
