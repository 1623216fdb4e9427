"""How many requests are answered at a time, and how many bytes of each are read.

A layer around the application that costs a dial next to nothing: a dial is answered from
memory in front of it, and never waits for a free place.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

AT_ONCE = 500
"""Requests in the application at a time; above it a quick 503 is kinder than a queue."""
LARGEST = 6 * 1024 * 1024
"""Bytes of any body: an imported file (5 MB) in its form. Most routes read far less."""
GUARDS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
)
BUSY = b"busy"
TOO_LARGE = b"too large"


class Crowd:
    """ASGI middleware: a place for each request, and an end to each body."""

    def __init__(self, app: App, at_once: int = AT_ONCE, largest: int = LARGEST) -> None:
        self._app = app
        self._at_once = at_once
        self._largest = largest
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self.inside >= self._at_once:
            await _say(send, 503, BUSY, [(b"retry-after", b"5")])
        elif _declared(scope) > self._largest:
            await _say(send, 413, TOO_LARGE, [(b"connection", b"close")])
        else:
            self.inside += 1
            try:
                await self._counted(scope, receive, send)
            finally:
                self.inside -= 1

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on piece by piece; one without a length is counted as it comes."""
        read, begun, cut = 0, False, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal read, cut
            message = await receive()
            read += len(message.get("body", b""))
            if read <= self._largest:
                return message
            if not begun and not cut:
                cut = True
                await _say(send, 413, TOO_LARGE, [(b"connection", b"close")])
            return {"type": "http.disconnect"}

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if not begun:
                begun = True
                message = {**message, "headers": _guarded(message.get("headers", ()))}
            if not cut:
                await send(message)

        await self._app(scope, counted, noted)


def _guarded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What every answer says to a browser: it is what it says it is, and belongs in no frame.
    Pages say more (`html.HEADERS`), and in their own words."""
    said = list(headers)
    names = {name for name, _ in said}
    return said + [(name, value) for name, value in GUARDS if name not in names]


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _say(send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]]) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
