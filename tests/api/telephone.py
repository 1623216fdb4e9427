"""A telephone for tests: it dials the USSD door as a carrier does, without any network."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import urlencode

from sqlmodel import Session

from service.api.dial import Dial, Front
from service.api.effects import Desk
from service.db import writing
from service.people.tables import Village
from service.phone import Vault
from service.prices.tables import MarketRow, ProductRow, UnitRow
from service.settings import Loopback
from service.sms.gateway import RawRequest
from service.sms.gateways.loopback import LoopbackGateway
from service.sms.outbox.limits import Limits
from service.sms.tokens import Tokens
from tests.ussd.world import book

START = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
VAULT = Vault("a secret that is long enough for a test")
NUMBERS = count(1)


@dataclass
class Hands:
    """A clock whose hands a test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


class Tower:
    """One process with the door in front; `its` is the book it answers from."""

    def __init__(self, engine, hands=None, gateways=None, its=None) -> None:
        self.hands = hands or Hands()
        self.its = its or book()
        desk = Desk(engine, VAULT, Limits(), lambda: self.its)
        loopback = LoopbackGateway(Loopback(), Tokens("demo"))
        self.dial = Dial(gateways or {"loopback": loopback}, desk, self.hands)
        self.front = Front(elsewhere, self.dial)

    async def front_alone(self, body: bytes) -> Answer:
        """One request that the prompt door is not asked about."""
        return await ask(self.front, "/hooks/loopback/demo/ussd", body)

    async def post(self, body: bytes, path="/hooks/loopback/demo/ussd", **scope) -> Answer:
        """One request, as the wire of `sugu serve` hands it on: whole, and to the prompt door
        first."""
        raw = RawRequest(
            scope.get("method", "POST"), path, scope.get("query", b"").decode(), {}, body
        )
        reply = self.dial.at_once(raw)
        if reply is not None:
            headers = {k.decode(): v.decode() for k, v in reply.start["headers"]}
            return Answer(reply.start["status"], headers, reply.body["body"])
        return await ask(self.front, path, body, **scope)


async def elsewhere(_scope, _receive, send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"the application"})


async def ask(app, path, body=b"", method="POST", query=b"", kind=b"", pieces=None) -> Answer:
    """One request to an ASGI application, its body in one piece or several."""
    answer, chunks = Answer(), list(pieces or [body])
    content = kind or b"application/x-www-form-urlencoded"

    async def receive():
        chunk = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            answer.body += message["body"]

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"content-type", content)],
    }
    await app(scope, receive, send)
    return answer


@dataclass
class Phone:
    """A handset: `dial` opens a session, `press` goes on in it, as Africa's Talking tells it."""

    tower: Tower
    number: str = "+22376000001"
    session: str = ""
    text: str = ""

    async def dial(self, text: str = "") -> str:
        self.session, self.text = f"S{next(NUMBERS)}", text
        return await self.send()

    async def press(self, *keys: str) -> str:
        said = ""
        for key in keys:
            self.text = f"{self.text}*{key}".strip("*")
            said = await self.send()
        return said

    async def send(self, **changes: str) -> str:
        form = {
            "sessionId": self.session,
            "serviceCode": "*384*77#",
            "phoneNumber": self.number,
            "networkCode": "99999",
            "text": self.text,
            **changes,
        }
        return (await self.tower.post(urlencode(form).encode())).text


def as_json(**form: str) -> bytes:
    return json.dumps(form).encode()


def furnish(engine) -> None:
    """The rows that the paper book's effects lean on."""
    with writing(engine) as session:
        _furnish(session)


def _furnish(session: Session) -> None:
    its = book()
    for each in its.catalog.products.values():
        session.add(
            ProductRow(
                code=each.code,
                chain=each.chain,
                family=each.family,
                names=dict(each.names),
                quantity=each.quantity,
                ussd_key=each.ussd_key,
            )
        )
    for place in its.catalog.markets.values():
        session.add(
            MarketRow(code=place.code, name=place.name, fair_days=["fri"], ussd_key=place.ussd_key)
        )
    for unit in its.catalog.units.values():
        session.add(
            UnitRow(code=unit.code, names=dict(unit.names), measure=unit.measure, kilos=unit.kilos)
        )
    for card in its.villages.values():
        session.add(
            Village(
                code=card.code,
                name=card.name,
                commune=card.commune,
                market=card.market,
                ussd_key=card.ussd_key,
            )
        )
