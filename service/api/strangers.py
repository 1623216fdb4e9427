"""Whoever keeps guessing is answered without the application, and without the database.

Counted by address and only when an answer says "I do not know you": a carrier whose requests all
come from one address, a load check, an office behind one router are never counted. A right token
or a key that has opened before is let in from anywhere, however much was guessed beside it.
"""

import hashlib
import json
from collections.abc import Callable, MutableMapping
from typing import Any

from service import clock
from service.api.crowd import App, Receive, Scope, Send
from service.api.problems import CATALOGUE, TITLES, TYPE
from service.api.sessions import Lately

TRIES = 3_000
"""Wrong keys or tokens from one address in a minute: fifty a second cost this service nothing."""
MINUTE = 60.0
ADDRESSES = 10_000
"""Addresses remembered at a time; one that has to be forgotten begins again at nothing."""
KNOWN = 1_000
"""Keys and cookies that have opened lately: more than any programme has staff."""
UNKNOWN_KEY, UNKNOWN_PATH = 401, 404

_TOO_MANY = json.dumps(
    {
        "type": f"{TYPE}too_many_tries",
        "title": TITLES[429][0],
        "status": 429,
        "detail": CATALOGUE["too_many_tries"].fr,
        "instance": "/api",
        "code": "too_many_tries",
    },
    ensure_ascii=False,
).encode()


class Strangers:
    """ASGI middleware. `opens` says whether a hook's path holds a right token."""

    def __init__(
        self,
        app: App,
        opens: Callable[[str], bool],
        *,
        tries: int = TRIES,
        now: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._app = app
        self._opens = opens
        self._tries = tries
        self._now = now
        self._wrong: Lately[str, tuple[int, float]] = Lately(ADDRESSES)
        self._known: Lately[bytes, bool] = Lately(KNOWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/api/", "/hooks/")):
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        hook = scope["path"].startswith("/hooks/")
        said = b"" if hook else _credential(scope)
        if self._limited(address) and not self._welcome(scope["path"], said, hook=hook):
            await (_not_found(send) if hook else _too_many(send))
            return

        async def heard(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._note(address, said, message["status"], hook=hook)
            await send(message)

        await self._app(scope, receive, heard)

    def _welcome(self, path: str, said: bytes, *, hook: bool) -> bool:
        return self._opens(path) if hook else bool(said and self._known.get(said))

    def _limited(self, address: str) -> bool:
        count, since = self._wrong.get(address) or (0, 0.0)
        return count >= self._tries and self._now() - since < MINUTE

    def _note(self, address: str, said: bytes, status: int, *, hook: bool) -> None:
        if status == (UNKNOWN_PATH if hook else UNKNOWN_KEY):
            count, since = self._wrong.get(address) or (0, 0.0)
            now = self._now()
            stale = now - since >= MINUTE
            self._wrong.put(address, (1, now) if stale else (count + 1, since))
        elif said and not hook:
            self._known.put(said, True)


def _credential(scope: Scope) -> bytes:
    """What a request shows to be let in, as a digest: no key is kept in memory."""
    found = [value for name, value in scope["headers"] if name in (b"authorization", b"cookie")]
    return hashlib.sha256(b"\n".join(found)).digest() if found else b""


async def _not_found(send: Send) -> None:
    """The same words as for any wrong token."""
    await _answer(send, 404, b"Not Found", b"text/plain; charset=utf-8", ())


async def _too_many(send: Send) -> None:
    await _answer(send, 429, _TOO_MANY, b"application/problem+json", ((b"retry-after", b"60"),))


async def _answer(
    send: Send, status: int, body: bytes, kind: bytes, more: tuple[tuple[bytes, bytes], ...]
) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
