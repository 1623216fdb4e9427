"""The USSD door: a raw ASGI function in front of the application.

Whatever happens behind it, a carrier gets 200 and `CON` or `END`; only a wrong token is 404.
"""

import hashlib
import secrets
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog

from service.api.deadline import Deadline
from service.api.effects import Desk
from service.api.meters import DIAL_FAILURES, DIAL_SECONDS
from service.api.turns import Told, Turns
from service.clock import Clock, monotonic
from service.phone import Phone, parse
from service.sms.gateway import Ack, Gateway, Kind, RawRequest, Unreadable, UssdStyle, UssdTurn
from service.ussd import dialects

BODY_CAP = 16 * 1024
"""Bytes of a request that are read: a carrier's form is a few hundred."""
DEADLINE = 5.0
"""Seconds until a safe answer leaves instead: carriers give up after ten (`gateways.md` 1.5)."""
LONGEST_SESSION = 80
"""Characters of a session id as the tables keep it."""
FORGED = "not signed by its carrier"
REPLIES = 8_000
"""Different answers whose bytes are kept: as many as an album has screens."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("dial")


class Reply(NamedTuple):
    """An answer as ASGI wants it, and its head as it stands on the wire, but for its last line."""

    start: Message
    body: Message
    head: bytes


class Dial:
    """The USSD hooks of every gateway. `start` before the first request, `stop` after the last."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        desk: Desk,
        clock: Clock,
        *,
        code: str = "*384*77#",
        drafts: bool = True,
    ) -> None:
        self._gateways = gateways
        self._clock = clock
        self._turns = Turns(desk, clock, code, drafts=drafts)
        self._deadline = Deadline(DEADLINE)
        self._doors: dict[str, Door] = {}

    async def start(self) -> None:
        """Begin writing sessions and counts behind the answers."""
        await self._turns.behind.start()

    async def stop(self) -> None:
        """Stop, with everything written down that can be."""
        await self._turns.behind.stop()
        self._turns.callers.close()

    async def flush(self) -> bool:
        """Write sessions and counts now; False when the database refused, and they wait."""
        return await self._turns.behind.flush()

    def forget(self, phone: Phone) -> None:
        """Read this caller again at the next session: somebody changed them elsewhere."""
        self._turns.forget(phone)

    def at_once(self, raw: RawRequest) -> Reply | None:
        """The answer to a whole request, where nothing has to be waited for. None has changed
        nothing, and the request is for `answer`."""
        started = monotonic()
        door = self._doors.get(raw.path)
        if door is None:
            return None
        try:
            reply = door.at_once(raw)
        except Exception:  # it happens again where it is logged, and apologised for
            return None
        if reply is not None:
            DIAL_SECONDS.observe(monotonic() - started)
        return reply

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request to `/hooks/{gateway}/{token}/ussd`."""
        started = monotonic()
        path = scope["path"]
        door = self._doors.get(path) or self._door(path)
        reply = NOBODY if door is None else await self._in_time(door, scope, receive)
        await send(reply.start)
        await send(reply.body)
        if door is not None:
            DIAL_SECONDS.observe(monotonic() - started)

    def _door(self, path: str) -> "Door | None":
        """The door with this token. Remembered: a look-up compares whole paths, and those only
        when their keyed hashes agree, so that its time tells nothing of a token."""
        _, _, name, token, *_ = path.split("/")
        gateway = self._gateways.get(name)
        if gateway is None or not gateway.tokens.accept(token):
            return None
        if gateway.capabilities.ussd is UssdStyle.NONE:
            return None
        return self._doors.setdefault(path, Door(gateway, self._turns, self._clock))

    async def _in_time(self, door: "Door", scope: Scope, receive: Receive) -> Reply:
        try:
            return await self._deadline.keep(door.answer(scope, receive))
        except TimeoutError:
            log.warning("ussd answer out of time", gateway=door.name)
            why = "late"
        except Exception as error:
            # The last guard of a promise: a farmer never meets silence, whatever broke behind.
            # Where it broke, without the values: they may be somebody's number.
            where = "".join(traceback.format_tb(error.__traceback__))
            what = type(error).__name__
            log.error("ussd turn failed", gateway=door.name, why=what, where=where)  # noqa: TRY400
            why = "fault"
        DIAL_FAILURES.labels(why).inc()
        return door.down()


class Door:
    """One gateway's door, the token already seen."""

    def __init__(self, gateway: Gateway, turns: Turns, clock: Clock) -> None:
        self.name = gateway.name
        self._gateway = gateway
        self._turns = turns
        self._clock = clock
        self._paged = gateway.capabilities.ussd is UssdStyle.XHTML
        self._replies: dict[tuple[str, str], Reply] = {}

    def at_once(self, raw: RawRequest) -> Reply | None:
        now = self._clock()
        heard = self._heard(raw, now)
        if isinstance(heard, str):
            return None
        told = self._turns.at_once(self._gateway, *heard, now)
        return None if told is None else self._reply(told)

    async def answer(self, scope: Scope, receive: Receive) -> Reply:
        body = await _body(receive)
        if body is None:
            return self._unreadable("body too long")
        now = self._clock()
        heard = self._heard(_raw(scope, body), now)
        if isinstance(heard, str):
            return NOBODY if heard is FORGED else self._unreadable(heard)
        return self._reply(await self._turns.take(self._gateway, *heard, now))

    def _heard(self, raw: RawRequest, now: datetime) -> tuple[UssdTurn, Phone] | str:
        """The turn and whose it is; or why there is none."""
        if not self._gateway.verify(raw, now):
            return FORGED
        turn = self._gateway.read_ussd(raw)
        if isinstance(turn, Unreadable):
            return turn.reason
        phone = parse(turn.phone)
        if phone is None:
            return "phone number"
        session = _session(turn)
        return turn if session is turn.session else turn._replace(session=session), phone

    def down(self) -> Reply:
        return self._reply(self._turns.down(self._gateway))

    def _unreadable(self, why: str) -> Reply:
        log.warning("ussd turn unreadable", gateway=self.name, why=why)
        DIAL_FAILURES.labels("unreadable").inc()
        return self.down()

    def _reply(self, told: Told) -> Reply:
        """The bytes of an answer, made once: many callers read the same."""
        if self._paged:
            page = dialects.page(told.answer, told.typed, told.session)
            return _reply(self._gateway.ack(Kind.USSD, page, told.label))
        key = told.answer, told.label
        reply = self._replies.get(key)
        if reply is None:
            if len(self._replies) >= REPLIES:
                self._replies.clear()
            reply = self._replies[key] = _reply(self._gateway.ack(Kind.USSD, *key))
        return reply


class Front:
    """ASGI middleware that keeps the USSD door before everything else."""

    def __init__(self, app: App, dial: Dial) -> None:
        self._app = app
        self._dial = dial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_dial(scope["path"]):
            await self._dial.answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_dial(path: str) -> bool:
    """Whether this is `/hooks/{gateway}/{token}/ussd`."""
    parts = path.split("/")
    return len(parts) == 5 and parts[1] == "hooks" and parts[4] == "ussd"


def _session(turn: UssdTurn) -> str:
    """The carrier's session id where it fits a row; its digest where it does not.

    A carrier without sessions gives the phone instead: a page asked for with nothing typed then
    begins a session of our own, which our links carry on.
    """
    if turn.session == turn.phone and not turn.text:
        return secrets.token_hex(8)
    if (
        len(turn.session) <= LONGEST_SESSION
        and turn.session.isascii()
        and turn.session.isprintable()
    ):
        return turn.session
    return hashlib.sha256(turn.session.encode("utf-8", "replace")).hexdigest()


class Headers(Mapping[str, str]):
    """A request's headers, read only by a gateway that signs its requests."""

    def __init__(self, wire: Sequence[tuple[bytes, bytes]]) -> None:
        self._wire = wire

    @cached_property
    def _read(self) -> dict[str, str]:
        return {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._wire
        }

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def _raw(scope: Scope, body: bytes) -> RawRequest:
    query = scope.get("query_string", b"").decode("latin-1")
    return RawRequest(scope["method"], scope["path"], query, Headers(scope["headers"]), body)


async def _body(receive: Receive) -> bytes | None:
    """The request's body; None above the cap, without reading on."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= BODY_CAP:
        message = await receive()
        body += message.get("body", b"")
    return body if len(body) <= BODY_CAP else None


def _reply(ack: Ack) -> Reply:
    headers = [
        (b"content-type", ack.content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(ack.body)),
        *((n.encode("latin-1"), v.encode("latin-1")) for n, v in ack.headers.items()),
    ]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return Reply(
        {"type": "http.response.start", "status": ack.status, "headers": headers},
        {"type": "http.response.body", "body": ack.body},
        b"HTTP/1.1 %d %b\r\n" % (ack.status, HTTPStatus(ack.status).phrase.encode()) + lines,
    )


NOBODY = _reply(Ack(404, b"Not Found"))
