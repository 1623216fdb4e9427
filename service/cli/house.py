"""The house as `serve` opens it: the door at once, the rooms as soon as they stand.

A carrier dials on while a server is started again. The door needs the parts alone; the
application and all that it brings along are put up by a thread meanwhile, and who comes for a
page or an SMS hook waits for them.
"""

import asyncio
import gc
from collections.abc import Callable
from importlib import import_module

import structlog
from anyio import to_thread

from service.api.dial import App, Receive, Reply, Scope, Send, is_dial
from service.api.parts import Parts
from service.sms.gateway import RawRequest

SELDOM = (5_000, 1_000, 100)
"""New objects until the youngest are looked through for rings, and how seldom the older ones are.
At Python's usual 700 all sessions in hand were looked through again and again: a fifth of a dial,
and half of the slowest."""

HANDS = 6
"""Requests that threads work on at a time; others wait their turn. SQLite writes for one of them,
and more (forty are usual) would only keep each other and every dial from Python's one lock."""

log = structlog.get_logger()


class House:
    """One web process as an ASGI application. `ruined` is called when the rooms cannot stand."""

    def __init__(self, parts: Parts, ruined: Callable[[], None]) -> None:
        self._parts = parts
        self._ruined = ruined
        self._rooms: asyncio.Task[App] | None = None

    def at_once(self, raw: RawRequest) -> Reply | None:
        """The answer to a dial, where nothing has to be waited for."""
        return self._parts.dial.at_once(raw)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_dial(scope["path"]):
            await self._parts.dial.answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._rooms is not None:
            rooms = await asyncio.shield(self._rooms)
            await rooms(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # startup
        to_thread.current_default_thread_limiter().total_tokens = HANDS
        async with self._parts.alive():
            stop = asyncio.Event()
            self._rooms = asyncio.create_task(self._build(), name="rooms")
            chores = asyncio.create_task(self._chores(self._rooms, stop), name="chores")
            await send({"type": "lifespan.startup.complete"})
            await receive()  # shutdown
            stop.set()
            await chores
        await send({"type": "lifespan.shutdown.complete"})

    async def _build(self) -> App:
        try:
            rooms = await asyncio.to_thread(self._built)
        except Exception as error:
            log.exception("rooms_not_built", error=type(error).__name__)
            self._ruined()
            raise
        gc.set_threshold(*SELDOM)
        gc.freeze()  # modules, routes and tables stay: no collection need look at them again
        return rooms

    def _built(self) -> App:
        rooms: App = import_module("service.app").rooms_on(self._parts)
        return rooms

    async def _chores(self, rooms: asyncio.Task[App], stop: asyncio.Event) -> None:
        """What came while the database was away is brought in, once the rooms stand."""
        await asyncio.wait([rooms])
        if rooms.exception() is None:
            await import_module("service.api.hooks").bring_in(self._parts.state, stop)
