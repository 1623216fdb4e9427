"""Every request has a name, in its log lines and in its answer, so that one can be followed.

USSD turns are named by their session instead: their door lies before this one.
"""

import re
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

HEADER = b"x-request-id"
GIVEN = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""A name our proxy may have given already; anything else is not repeated into a log."""
RANDOM = 8
"""Bytes of a name we give ourselves."""


class Named:
    """ASGI middleware. The name stays bound until the next request of this task, so that what
    is logged about a failure outside it still carries it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        name = given.decode() if GIVEN.fullmatch(given) else secrets.token_hex(RANDOM)
        clear_contextvars()
        bind_contextvars(request=name)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, name.encode())]
            await send(message)

        await self._app(scope, receive, named)
