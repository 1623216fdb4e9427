"""The wire itself: an HTTP protocol that does not wait for ever.

uvicorn ends an idle connection, but not one that says half a request and then nothing (200 of
200 were alive after 25 s). Here whoever is waited for has a deadline: for the headers, for the
body, and for reading the answer. One look a second at all connections costs less than a timer
for each, and a deadline counted in seconds needs no more.
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEADERS_WITHIN = 8.0
"""Seconds from the first byte, or from the connection, to the end of the headers."""
BODY_WITHIN = 10.0
"""Seconds from the headers to the end of the body: a carrier's form comes in one packet."""
SLOWEST = 4_000.0
"""Bytes that buy a body another second: a file sent over a poor line is slow, but no drip."""
READ_WITHIN = 30.0
"""Seconds an answer may lie unread: a phone's browser on a bad line takes some."""
LOOK_EVERY = 1.0
"""Seconds between two looks: a connection is ended at most so much later than it should be."""
LARGEST_HEADERS = 16 * 1024
MOST_HEADERS = 100
"""Bytes and lines of a request's head: the longest of any browser or carrier is a third."""
MOST_CONNECTIONS = 4_000
"""Open at a time; above it those that have said nothing yet give way, the oldest first."""
SPARE_FILES = 200
"""Files a process needs for itself beside its connections."""


class Patient(HttpToolsProtocol):
    """uvicorn's protocol with deadlines. `waits_since` is when we began to wait for the peer, and
    `rests_since` when a connection was last answered that has no timer of its own."""

    waits_since: float | None = None
    rests_since: float | None = None
    in_body = False
    _stuck_since: float | None = None
    _head = 0
    _bought = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.waits_since = self.loop.time()
        watch_of(self).make_room()

    def data_received(self, data: bytes) -> None:
        if self.waits_since is None:
            self.waits_since = self.loop.time()
        super().data_received(data)
        self._weigh_head(len(data))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.waits_since, self.rests_since, self._head = self.loop.time(), None, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > LARGEST_HEADERS or len(self.headers) >= MOST_HEADERS:
            self._refuse()
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head = 0
        if self.transport.is_closing():
            return  # its head was refused: the application never hears of it
        self.announce()
        self.waits_since, self.in_body, self._bought = self.loop.time(), True, 0.0

    def announce(self) -> None:
        """Tell the application of a request whose head is complete."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.in_body:
            self._bought += len(body) / SLOWEST
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.in_body:
            super().on_message_complete()
        self.waits_since, self.in_body = None, False

    def overdue(self, now: float) -> bool:
        """Whether the peer has been waited for long enough."""
        if not self.flow.write_paused:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > READ_WITHIN:
            return True
        if self.waits_since is None:
            return self.rests_since is not None and now - self.rests_since > self.timeout_keep_alive
        within = BODY_WITHIN + self._bought if self.in_body else HEADERS_WITHIN
        return now - self.waits_since > within

    def hang_up(self) -> None:
        """End the connection now: what waits to be written is not waited for either."""
        self.transport.abort()

    def _weigh_head(self, read: int) -> None:
        """Count what came of a head that is not complete: a piece of it shows nowhere else."""
        if self.waits_since is not None and not self.in_body:
            self._head += read
            if self._head > LARGEST_HEADERS:
                self._refuse()

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()


class Watch:
    """Looks at every connection of one server, once a second while there are any."""

    def __init__(self, connections: set[Any], loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._connections = connections
        self._loop = loop
        self._most = most
        self._looking = False
        self.ended = 0

    def make_room(self) -> None:
        """A new connection: begin to look, and above the limit let go of the most silent one."""
        if not self._looking:
            self._looking = True
            self._loop.call_later(LOOK_EVERY, self._look)
        if len(self._connections) > self._most:
            silent = [each for each in self._patient() if each.waits_since is not None]
            if silent:
                self._end(min(silent, key=lambda each: each.waits_since or 0.0))

    def _look(self) -> None:
        now = self._loop.time()
        for each in self._patient():
            if each.overdue(now):
                self._end(each)
        self._looking = bool(self._connections)
        if self._looking:
            self._loop.call_later(LOOK_EVERY, self._look)

    def _patient(self) -> list[Patient]:
        return [each for each in self._connections if isinstance(each, Patient)]

    def _end(self, connection: Patient) -> None:
        self.ended += 1
        connection.hang_up()


_watches: dict[int, Watch] = {}


def watch_of(protocol: Patient) -> Watch:
    """The one watch of a protocol's server: uvicorn hands a protocol nothing of ours."""
    connections = protocol.connections
    found = _watches.get(id(connections))
    if found is None:
        _watches.clear()  # one server a process: an earlier one's is over
        found = _watches[id(connections)] = Watch(connections, protocol.loop, most_connections())
    return found


def most_connections() -> int:
    """What the limit of open files leaves room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(SPARE_FILES, min(MOST_CONNECTIONS, soft - SPARE_FILES))


def allow_files() -> None:
    """Raise the soft limit of open files to what this process may have at most: the usual 1,024
    are used up by 1,000 connections that say nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
