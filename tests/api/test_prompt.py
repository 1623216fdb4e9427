"""The wire in front of the USSD door: answered in the breath it is read, or as any other request."""

import asyncio
from urllib.parse import urlencode

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from service.api.dial import BODY_CAP, Reply
from service.api.prompt import Bag, Prompt
from tests.api.telephone import Tower, furnish

PATH = "/hooks/loopback/demo/ussd"
SCREEN = Reply(
    {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]},
    {"type": "http.response.body", "body": b"CON 1"},
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n",
)


class Line(asyncio.Transport):
    """The other end of a connection: what was written to it, and whether it was hung up."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data) -> None:
        assert not self.closed
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Server:
    """One connection. `door` is what the prompt door answers; the application says who it is."""

    def __init__(self, door=None) -> None:
        self.asked, self.offered = [], []
        self.door = door or (lambda _: SCREEN)
        self.held = asyncio.Event()
        self.held.set()
        state = ServerState()
        state.default_headers = [(b"date", b"today")]
        config = Config(self.application, lifespan="off", interface="asgi3", proxy_headers=False)
        self.wire = Prompt(self.offer, Bag(), config=config, server_state=state, app_state={})
        self.line = Line()
        self.wire.connection_made(self.line)

    def offer(self, raw):
        self.offered.append(raw)
        return self.door(raw)

    async def application(self, scope, receive, send) -> None:
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        self.asked.append((scope["method"], scope["path"], body))
        await self.held.wait()
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"teapot"})

    async def hear(self, *pieces: bytes) -> bytes:
        """What is answered to these pieces of the wire."""
        before = len(self.line.written)
        for each in pieces:
            self.wire.data_received(each)
        for _ in range(10):
            await asyncio.sleep(0)
        return self.line.written[before:]


def request(body=b"text=1", path=PATH, version="1.1", *more: str) -> bytes:
    head = [f"POST {path} HTTP/{version}", "host: x", f"content-length: {len(body)}", *more]
    return "\r\n".join([*head, "", ""]).encode() + body


async def test_a_dial_that_memory_can_answer_never_meets_the_application():
    server = Server()
    said = await server.hear(request())
    assert said == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ndate: today\r\n\r\nCON 1"
    raw = server.offered[0]
    assert (raw.method, raw.path, raw.query, raw.body) == ("POST", PATH, "", b"text=1")
    assert server.asked == []


async def test_what_has_to_be_waited_for_goes_the_usual_way_whole():
    server = Server(lambda _: None)
    assert b"teapot" in await server.hear(request())
    assert server.asked == [("POST", PATH, b"text=1")]


async def test_a_dial_in_pieces_is_offered_once_and_whole():
    server, wire = Server(), request(b"sessionId=1&text=1")
    assert b"CON 1" in await server.hear(*(wire[at : at + 7] for at in range(0, len(wire), 7)))
    assert [each.body for each in server.offered] == [b"sessionId=1&text=1"]


async def test_a_query_is_told_as_it_stands():
    server = Server()
    await server.hear(request(b"", f"{PATH}?text=1%2A2"))
    assert (server.offered[0].path, server.offered[0].query) == (PATH, "text=1%2A2")


async def test_dials_that_come_together_are_answered_in_their_order():
    server = Server(lambda raw: SCREEN if raw.body == b"now" else None)
    said = await server.hear(request(b"now") + request(b"later") + request(b"now"))
    assert [word for word in (b"CON 1", b"teapot") for _ in range(said.count(word))] == [
        b"CON 1",
        b"teapot",
        b"teapot",
    ]
    assert said.index(b"CON 1") < said.index(b"teapot")
    assert [body for *_, body in server.asked] == [b"later", b"now"]


@pytest.mark.parametrize(
    "wire",
    [
        request(path="/hooks/loopback/demo/sms"),
        request(path="/healthz"),
        request(path=PATH.replace("ussd", "%75ssd")),
        request(b"text=1", PATH, "1.0"),
        request(b"text=1", PATH, "1.1", "connection: close"),
        request(b"text=1", PATH, "1.1", "expect: 100-continue"),
    ],
)
async def test_whatever_is_no_plain_dial_is_not_offered(wire):
    server = Server()
    assert b"teapot" in await server.hear(wire)
    assert server.offered == []


async def test_a_body_that_is_too_long_is_for_the_application_to_refuse():
    server, body = Server(), b"x" * (BODY_CAP + 1)
    assert b"teapot" in await server.hear(request(body))
    assert server.offered == []
    assert server.asked == [("POST", PATH, body)]


async def test_half_a_request_is_still_answered_when_the_server_stops():
    server, wire = Server(), request()
    await server.hear(wire[:-3])
    server.wire.shutdown()
    assert not server.line.closed
    assert b"teapot" in await server.hear(wire[-3:])
    assert server.line.closed


async def test_an_answer_in_the_bag_leaves_before_the_server_stops():
    server = Server()
    server.wire.data_received(request())
    server.wire.shutdown()
    assert b"CON 1" in server.line.written
    assert server.line.closed


async def test_nothing_is_written_to_who_has_hung_up():
    server = Server()
    server.wire.data_received(request())
    server.line.close()
    assert await server.hear() == b""


async def test_a_connection_that_rests_is_kept_for_the_next_dial_and_no_longer():
    server = Server()
    await server.hear(request())
    now, kept = server.wire.loop.time(), server.wire.timeout_keep_alive
    assert not server.wire.overdue(now + kept / 2)
    assert server.wire.overdue(now + kept + 1)
    await server.hear(request()[:20])
    assert not server.wire.overdue(now + kept / 2)


@pytest.mark.parametrize("typed", ["", "1", "1*1", "2", "3*9", "1*77", "98", "4"])
async def test_both_ways_say_the_same(engine, typed):
    furnish(engine)
    tower, other = Tower(engine), Tower(engine)
    for text in ("", "1", f"1*{typed}"):
        one, another = (
            urlencode({"sessionId": f"S{phone}", "phoneNumber": f"+223760000{phone}", "text": text})
            for phone in (11, 12)
        )
        assert await tower.post(one.encode()) == await other.front_alone(another.encode())
