"""Stand-ins for carriers: real HTTP servers on loopback, with every bad manner on request.

`accepted` is the ground truth of a send: what the carrier took, whether or not its answer ever
arrived. One stand-in can also run as a process of its own, and is then told what to do over HTTP:

    python -m tests.gateways.standins africastalking 9999
    curl -d '{"mode": "500", "times": 3}' http://127.0.0.1:9999/_script
    curl http://127.0.0.1:9999/_accepted
"""

import asyncio
import json
import socket
import struct
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qsl, urlsplit

OK = "ok"
TLS = b"\x16"
"""First byte of a TLS handshake, which no stand-in speaks."""
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def form(self) -> dict[str, str]:
        """Fields of body or query, in order."""
        said = self.body.decode("utf-8", "replace") if self.body else urlsplit(self.target).query
        return dict(parse_qsl(said, keep_blank_values=True, errors="replace"))

    @property
    def letter(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True)
class Taken:
    """One message a carrier accepted."""

    phone: str
    text: str
    id: str
    key: str | None = None


@dataclass
class Answer:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: dict(TEXT))
    body: bytes = b""


Speaker = Callable[["StandIn", Asked, str], Answer]
"""Answers one request in one mode, noting what it accepts."""

PLAIN: dict[str, Answer] = {
    "400": Answer(400, TEXT, b"bad request"),
    "401": Answer(401, TEXT, b"The supplied authentication is invalid"),
    "403": Answer(403, TEXT, b"forbidden"),
    "404": Answer(404, TEXT, b"not found"),
    "429": Answer(429, TEXT, b"slow down"),
    "429 retry-after": Answer(429, {**TEXT, "Retry-After": "17"}, b"slow down"),
    "302": Answer(302, {**TEXT, "Location": "https://elsewhere.example/"}),
    "500": Answer(500, TEXT, b"oops"),
    "502": Answer(502, TEXT, b"bad gateway"),
    "503": Answer(503, TEXT, b"unavailable"),
    "503 retry-after": Answer(503, {**TEXT, "Retry-After": "60"}, b"unavailable"),
    "504": Answer(504, TEXT, b"gateway timeout"),
}
"""What any web server or proxy may say, whoever is behind it. Nothing is accepted."""

READ_THEN = ("garbage", "empty", "half", "reset", "silent", "drip")
"""The message is taken; then the answer is spoilt."""


class StandIn:
    """A carrier on a random port (or `port`), in a thread of its own."""

    def __init__(self, speak: Speaker, port: int = 0) -> None:
        self._speak, self._port = speak, port
        self.mode, self.script = OK, deque[str]()
        self.asked: list[Asked] = []
        self.accepted: list[Taken] = []
        self.inbox: list[dict] = []
        self._loop = asyncio.new_event_loop()
        self._hanging: set[asyncio.Task] = set()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    # --- for tests

    def __enter__(self) -> "StandIn":
        self._thread.start()
        assert self._up.wait(10), "the stand-in did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def times_accepted(self) -> Counter[str]:
        """How often each phone was really written to."""
        return Counter(taken.phone for taken in self.accepted)

    def take(self, phone: str, text: str, key: str | None = None) -> str:
        taken = Taken(phone, text, f"id-{len(self.accepted) + 1:04d}", key)
        self.accepted.append(taken)
        return taken.id

    # --- the server

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.serve())
        self._loop.close()

    async def serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._meet, "127.0.0.1", self._port)
        self._port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        server.close()
        for task in [*self._hanging]:
            task.cancel()
        await asyncio.gather(*self._hanging, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._hanging.add(task)
        try:
            while (asked := await _read(reader)) is not None:
                if not await self._reply(asked, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._hanging.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _reply(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection lives on."""
        if asked.path.startswith("/_"):
            _write(writer, self._controlled(asked))
            return True
        self.asked.append(asked)
        mode = self.script.popleft() if self.script else self.mode
        if mode == "cut":  # before anything is taken
            _reset(writer)
            return False
        answer = PLAIN.get(mode) or self._speak(self, asked, OK if mode in READ_THEN else mode)
        match mode:
            case "reset":
                _reset(writer)
                return False
            case "half":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{")
                return False
            case "silent":
                await self._stop.wait()
                return False
            case "drip":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
                while not self._stop.is_set():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.01)
                return False
            case "garbage":
                _write(writer, Answer(200, JSON, b"<html>\xff not what was promised"))
            case "empty":
                _write(writer, Answer(200, JSON, b""))
            case _:
                _write(writer, answer)
        return True

    def _controlled(self, asked: Asked) -> Answer:
        """The remote control of a stand-in in its own process."""
        match asked.path:
            case "/_script":
                order = asked.letter
                if "times" in order:
                    self.script.extend([order["mode"]] * order["times"])
                else:
                    self.mode = order["mode"]
            case "/_inbox":
                self.inbox.extend(asked.letter)
            case "/_forget":
                self.accepted.clear()
                self.asked.clear()
        found = [asdict(taken) for taken in self.accepted]
        return Answer(200, JSON, json.dumps(found).encode())


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    begun = await reader.read(1)
    if begun in (b"", TLS):
        return None
    head = begun + await reader.readuntil(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in rest if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {answer.status} Said\r\n{lines}\r\n".encode() + answer.body)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST: the carrier died, and the kernel says so."""
    plug = writer.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# --- Africa's Talking ---------------------------------------------------------------------


REFUSALS = {
    "risk": (401, "RiskHold"),
    "bad sender": (402, "InvalidSenderId"),
    "bad number": (403, "InvalidPhoneNumber"),
    "no credit": (405, "InsufficientBalance"),
    "blacklist": (406, "UserInBlacklist"),
    "no route": (407, "CouldNotRoute"),
    "their error": (500, "InternalServerError"),
    "operator refuses": (502, "RejectedByGateway"),
}
"""Per-recipient codes. In these modes the last recipient is refused and the others pass."""


def africastalking(carrier: StandIn, asked: Asked, mode: str) -> Answer:
    if asked.path.endswith("/user"):
        return Answer(200, JSON, b'{"userData": {"balance": "XOF 1785.50"}}')
    if asked.method == "GET":
        return _at_inbox(carrier, asked)
    if asked.path.endswith("/bulk"):
        phones, text = asked.letter["phoneNumbers"], asked.letter["message"]
    else:
        phones, text = asked.form["to"].split(","), asked.form["message"]
    if mode == "one word":
        return _at_answer(201, "InvalidSenderId", [])
    if mode == "409 json":
        refused = {"statusCode": 409, "status": "DoNotDisturbRejection", "cost": "0"}
        return _at_answer(409, "Sent to 0", [refused | {"number": phone} for phone in phones])
    entries = [_at_entry(carrier, phone, text, mode) for phone in phones[:-1]]
    if mode in REFUSALS:
        code, word = REFUSALS[mode]
        entries.append(
            {"statusCode": code, "number": phones[-1], "status": word, "cost": "0"}
            | {"messageId": "None"}
        )
    else:
        entries.append(_at_entry(carrier, phones[-1], text, mode))
    if mode == "missing recipient":
        entries.pop()
    if mode == "other order":
        entries.reverse()
    return _at_answer(200 if mode == "200" else 201, "Sent", entries, charset=mode == "charset")


def _at_entry(carrier: StandIn, phone: str, text: str, mode: str) -> dict:
    given = carrier.take(phone, text)
    entry: dict[str, object] = {
        "statusCode": "101" if mode == "strings" else 101,
        "number": phone,
        "status": "Success",
        "cost": "XOF 18.0000",
        "messageId": "None" if mode == "none ids" else given,
    }
    if mode != "200":  # present in practice, absent from the documentation
        entry["messageParts"] = "1" if mode == "strings" else 1
    if mode == "queued":
        entry |= {"statusCode": 102, "status": "Queued"}
    if mode == "unknown code":
        entry |= {"statusCode": 777, "status": "Sideways"}
    return entry


def _at_answer(status: int, message: str, entries: list, *, charset: bool = False) -> Answer:
    body = {"SMSMessageData": {"Message": message, "Recipients": entries}}
    kind = "application/json; charset=utf-8" if charset else "application/json"
    return Answer(status, {"Content-Type": kind}, json.dumps(body).encode())


def _at_inbox(carrier: StandIn, asked: Asked) -> Answer:
    """Ten at a time, newer than `lastReceivedId`."""
    last = int(asked.form.get("lastReceivedId", "0"))
    news = [item for item in carrier.inbox if item["id"] > last][:10]
    return Answer(200, JSON, json.dumps({"SMSMessageData": {"Messages": news}}).encode())


# --- the others ---------------------------------------------------------------------------


def android(carrier: StandIn, asked: Asked, mode: str) -> Answer:
    if asked.path.endswith("/health"):
        checks = {"battery:level": {"status": "warn", "observedValue": 19}}
        return Answer(200, JSON, json.dumps({"status": "warn", "checks": checks}).encode())
    letter = asked.letter
    phone = letter["phoneNumbers"][0]
    if mode == "failed":
        state, errors = "Failed", [{"phoneNumber": phone, "state": "Failed", "error": "no SIM"}]
    else:
        carrier.take(phone, letter["textMessage"]["text"], letter["id"])
        state, errors = "Pending", [{"phoneNumber": phone, "state": "Pending"}]
    body = {"id": letter["id"], "deviceId": "d1", "state": state, "recipients": errors}
    return Answer(202, JSON, json.dumps(body).encode())


def orange(carrier: StandIn, asked: Asked, mode: str) -> Answer:
    if asked.path == "/oauth/v3/token":
        if mode == "bad client":
            return Answer(400, JSON, b'{"error": "invalid_client"}')
        tokens = sum(one.path == asked.path for one in carrier.asked)
        body = {"token_type": "Bearer", "access_token": f"T{tokens}", "expires_in": "3600"}
        return Answer(200, JSON, json.dumps(body).encode())
    if asked.path.endswith("/contracts"):
        return Answer(200, JSON, b'[{"country": "MLI", "availableUnits": 480}]')
    if mode == "stale token" and asked.headers["authorization"] == "Bearer T1":
        return Answer(401, JSON, b'{"code": 42, "message": "Expired credentials"}')
    if mode == "no credit":
        fault = {
            "requestError": {"policyException": {"messageId": "POL0001", "text": "Expired bundle"}}
        }
        return Answer(403, JSON, json.dumps(fault).encode())
    if mode == "bad number":
        fault = {"requestError": {"serviceException": {"messageId": "SVC0004", "text": "address"}}}
        return Answer(400, JSON, json.dumps(fault).encode())
    request = asked.letter["outboundSMSMessageRequest"]
    phone = request["address"].removeprefix("tel:")
    given = carrier.take(phone, request["outboundSMSTextMessage"]["message"])
    request["resourceURL"] = f"{carrier.url}{asked.path}/{given}"
    return Answer(201, JSON, json.dumps({"outboundSMSMessageRequest": request}).encode())


def kannel(carrier: StandIn, asked: Asked, mode: str) -> Answer:
    form = asked.form
    if "to" not in form:
        return Answer(400, TEXT, b"Missing receiver number, rejected")
    if mode == "temporal":
        return Answer(503, TEXT, b"Temporal failure, try again later.")
    reports = dict(parse_qsl(urlsplit(form.get("dlr-url", "")).query, keep_blank_values=True))
    carrier.take(f"+{form['to']}", _kannel_text(asked), reports.get("key"))
    queued = b"3: Queued for later delivery" if mode == "queued" else b"0: Accepted for delivery"
    return Answer(202, TEXT, queued)


def _kannel_text(asked: Asked) -> str:
    coded = "latin-1" if asked.form.get("coding") == "2" else "utf-8"
    query = urlsplit(asked.target).query
    text = dict(parse_qsl(query, encoding=coded))["text"]
    return text.encode("latin-1").decode("utf-16-be") if coded == "latin-1" else text


def jasmin(carrier: StandIn, asked: Asked, mode: str) -> Answer:
    form = asked.form
    if asked.path == "/balance":
        return Answer(200, JSON, b'{"balance": "ND", "sms_count": "ND"}')
    refusals = {
        "throughput": (403, b'Error "User throughput exceeded"'),
        "no credit": (403, b'Error "Cannot charge submit_sm, check RouterPB log file for details"'),
        "no route": (412, b'Error "No route found"'),
    }
    if mode in refusals:
        status, body = refusals[mode]
        return Answer(status, TEXT, body)
    coded = form.get("hex-content", "")
    text = bytes.fromhex(coded).decode("utf-16-be") if coded else form["content"]
    reports = dict(parse_qsl(urlsplit(form.get("dlr-url", "")).query))
    given = carrier.take(f"+{form['to']}", text, reports.get("key"))
    return Answer(200, TEXT, f'Success "{given}"'.encode())


def http(carrier: StandIn, asked: Asked, mode: str) -> Answer:
    """An aggregator nobody has written code for: JSON in, XML-ish out."""
    letter = asked.letter
    phones = [f"+{phone}" for phone in letter["msisdn"].split(";")]
    if mode == "refused":
        return Answer(200, TEXT, b"<r code='17'>KO destinataire</r>")
    if mode == "other words":
        return Answer(200, TEXT, b"<r>peut-etre</r>")
    rows = [
        f"<m to='{phone}' ref='{carrier.take(phone, letter['contenu'], letter['ref'])}'/>"
        for phone in phones
    ]
    if mode == "missing recipient":
        rows.pop()
    return Answer(200, TEXT, f"<r code='0'>OK{''.join(rows)}</r>".encode())


SPEAKERS: dict[str, Speaker] = {
    "africastalking": africastalking,
    "android": android,
    "orange": orange,
    "kannel": kannel,
    "jasmin": jasmin,
    "http": http,
}


@contextmanager
def standing_in(carrier: str, mode: str = OK) -> Iterator[StandIn]:
    """A stand-in for `carrier` while the block lasts."""
    with StandIn(SPEAKERS[carrier]) as standin:
        standin.mode = mode
        yield standin


def main(carrier: str, port: str = "0") -> None:
    """Run until interrupted; prints the address."""
    with StandIn(SPEAKERS[carrier], int(port)) as standin, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{standin.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
