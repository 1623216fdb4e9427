"""The line to a carrier: one kept-alive client, and what each answer or failure means.

`classify` is the one place that decides whether a message may be sent again. What certainly
never left may; what may have left never does by itself (`reliability.md` 3.2).
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

import httpx

from service.sms import overheard
from service.sms.gateway import Halt, HaltKind, Outcome, Parcel, Recipient, Sent

DEADLINE = 12.0
"""Seconds for a whole request, against a carrier that answers one byte a second."""
TIMEOUT = httpx.Timeout(connect=3.05, read=9.05, write=5.0, pool=3.0)
"""Seconds; connect and read as in the official Africa's Talking SDK 2.0.3."""
KEEP_ALIVE = 4.0
"""Seconds an idle connection is kept: under the 5 of most servers, which else close it first."""
PAUSE = 30.0
"""Seconds to slow down when a carrier asks for it without saying for how long."""
LONGEST_PAUSE = 3600.0
"""Seconds; a carrier asking for more is asked again after this."""
QUOTED = 120
"""Characters of a carrier's own words kept as a reason."""

MOVED = frozenset({301, 302, 307, 308})
"""The request was not dealt with: the address in the settings is wrong."""

KEPT = ("content-type", "retry-after", "date")
"""Headers worth keeping of a request or an answer; none of them can hold a secret."""

SPEAKING = frozenset({"http11.send_request_headers.started"})
"""The step of httpcore from which the carrier may have heard us."""

Met = httpx.Response | Exception
"""What a request met: an answer, or the exception in its place."""

# httpx logs every URL, and some carriers want phone and password in it.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Line:
    """HTTP to one carrier. The client is made at the first call: most processes never send."""

    def __init__(
        self, headers: Mapping[str, str] | None = None, auth: httpx.Auth | None = None
    ) -> None:
        self._headers, self._auth = headers, auth
        self._client: httpx.AsyncClient | None = None

    async def call(
        self, method: str, url: str, *, auth: httpx.Auth | None = None, **content: Any
    ) -> Met:
        """Ask, and bring back whatever is met. Nothing is retried once a byte has left. `auth`
        stands in for the line's own."""
        try:
            asked = self._open().build_request(method, url, **content)
        except (httpx.InvalidURL, UnicodeError) as wrong:
            return wrong
        met = await self._ask(asked, {} if auth is None else {"auth": auth})
        if (heard := overheard.ears()) is not None:
            heard.append(_passed(asked, met))
        return met

    async def _ask(self, asked: httpx.Request, instead: Mapping[str, Any]) -> Met:
        steps: set[str] = set()

        async def note(step: str, _: object) -> None:
            steps.add(step)

        asked.extensions = {**asked.extensions, "trace": note}
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._open().send(asked, **instead)
        except TimeoutError as met:  # the deadline: only in mid-connection is it sure nothing left
            return met if SPEAKING & steps else httpx.ConnectTimeout("deadline while connecting")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as met:
            return met

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers=self._headers,
                auth=self._auth,
                timeout=TIMEOUT,
                follow_redirects=False,
                trust_env=False,  # a proxy in the environment must not carry farmers' numbers
                transport=httpx.AsyncHTTPTransport(
                    retries=1,  # connecting only: nothing has been said yet
                    trust_env=False,
                    limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE),
                ),
            )
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _passed(asked: httpx.Request, met: Met) -> overheard.Passed:
    """What is worth keeping. A key in a header is left out here, one elsewhere by the archive."""
    path, _, query = asked.url.raw_path.partition(b"?")
    headers = {"host": asked.url.host} | _kept(asked.headers)
    status, answer = type(met).__name__, b""
    if isinstance(met, httpx.Response):
        status, answer = str(met.status_code), met.content[: overheard.LONGEST]
        headers |= {f"answer {name}": value for name, value in _kept(met.headers).items()}
    body = asked.content[: overheard.LONGEST]
    return overheard.Passed(asked.method, path.decode(), query, headers, body, status, answer)


def _kept(headers: httpx.Headers) -> dict[str, str]:
    return {name: headers[name] for name in KEPT if name in headers}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request came to, for everyone in it. `accepted` only says the body may be read."""

    outcome: Outcome
    code: str | None = None
    reason: str | None = None
    retry_after: float | None = None

    def sent(self, key: str) -> Sent:
        return Sent(
            key, self.outcome, code=self.code, reason=self.reason, retry_after=self.retry_after
        )

    def everyone(self, parcel: Parcel) -> list[Sent]:
        return [self.sent(recipient.key) for recipient in parcel.recipients]


def classify(met: Met) -> Verdict | Halt:
    """The class of an answer or a failure, as `reliability.md` 3.2 lays down."""
    name = type(met).__name__
    match met:
        case httpx.Response():
            return _by_status(met)
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Verdict(Outcome.NOT_SENT, name, "no connection")
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | UnicodeError():
            return Halt("the gateway's address or credentials are not usable", HaltKind.ADDRESS)
        case httpx.LocalProtocolError():
            return Halt("a setting does not fit in an HTTP request", HaltKind.ADDRESS)
        case _:
            return Verdict(Outcome.UNKNOWN, name, "no answer")


def _by_status(answer: httpx.Response) -> Verdict | Halt:
    status, code = answer.status_code, str(answer.status_code)
    if 200 <= status < 300:
        return Verdict(Outcome.ACCEPTED, code)
    if status == 429 or (status == 503 and "retry-after" in answer.headers):
        return Verdict(Outcome.NOT_SENT, code, "asked to slow down", pause(answer))
    if status in (401, 403):
        return Halt(f"{code}: {said(answer)}", HaltKind.CREDENTIALS)
    if status in MOVED:
        return Halt(f"{code}: the gateway's address has moved", HaltKind.ADDRESS)
    if 400 <= status < 500:
        return Verdict(Outcome.REJECTED, code, said(answer))
    return Verdict(Outcome.UNKNOWN, code, said(answer))


def pause(answer: httpx.Response) -> float:
    """Seconds of Retry-After; a date is counted from the answer's own Date, so no clock."""
    asked = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(asked) if asked.isascii() and asked.isdigit() else _until(asked, answer)
    except (ValueError, TypeError):
        return PAUSE
    return min(max(seconds, 1.0), LONGEST_PAUSE)


def _until(asked: str, answer: httpx.Response) -> float:
    then = parsedate_to_datetime(asked)
    return (then - parsedate_to_datetime(answer.headers.get("date", ""))).total_seconds()


def said(answer: httpx.Response) -> str:
    """The carrier's words, short, on one line, without anything as long as a phone number."""
    words = " ".join(answer.text[: 4 * QUOTED].split())
    return re.sub(r"\d{7,}", "...", words)[:QUOTED]


def loaded(met: Met) -> object:
    """The JSON of an answer, by content and not by content type; None when it holds none."""
    try:
        return met.json() if isinstance(met, httpx.Response) else None
    except (ValueError, RecursionError):
        return None


async def one_by_one(
    parcel: Parcel, send: Callable[[Recipient], Awaitable[Sent | Halt]]
) -> Sequence[Sent] | Halt:
    """For carriers that take one phone per request: stops at the first halt."""
    sent: list[Sent] = []
    for recipient in parcel.recipients:
        match await send(recipient):
            case Sent() as one:
                sent.append(one)
            case Halt(reason, kind):
                return Halt(reason, kind, tuple(sent))
            case other:
                assert_never(other)
    return sent
