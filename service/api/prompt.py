"""The wire in front of the USSD door: what memory can answer is answered in the breath it is read.

uvicorn makes a task, a cycle and two messages for each request; for a dial answered from memory
that is most of the work. Here such a request is kept until it is whole, and offered to the door
first. What the door has to wait for, and whatever is no plain dial, goes the usual way and never
knows of it.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from service.api.dial import BODY_CAP, Headers, Reply, is_dial
from service.api.wire import Patient
from service.sms.gateway import RawRequest

AtOnce = Callable[[RawRequest], Reply | None]


class Bag:
    """Answers that leave together, when everything that has come has been read: to wake the
    other side costs more than most answers do, and one call wakes it for all."""

    def __init__(self) -> None:
        self._letters: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, transport: asyncio.Transport, letter: bytes) -> None:
        if not self._letters:
            asyncio.get_running_loop().call_soon(self.empty)
        self._letters.append((transport, letter))

    def empty(self) -> None:
        letters, self._letters = self._letters, []
        for transport, letter in letters:
            if not transport.is_closing():
                transport.write(letter)


class Prompt(Patient):
    """`kept` is the body of a request that the application has not been told of, and `asked` its
    path and query."""

    kept: bytes | None = None
    asked: tuple[str, str] = "", ""

    def __init__(self, at_once: AtOnce, bag: Bag, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at_once = at_once
        self._bag = bag

    def announce(self) -> None:
        self.kept = b"" if self._plain() else None
        if self.kept is None:
            super().announce()

    def on_body(self, body: bytes) -> None:
        if self.kept is None:
            super().on_body(body)
        elif self.in_body:
            self.kept += body
            if len(self.kept) > BODY_CAP:
                self._hand_on(self.kept)

    def on_message_complete(self) -> None:
        if self.kept is not None and self.in_body:
            reply = self._at_once(self._request(self.kept))
            if reply is None:
                self._hand_on(self.kept)
            else:
                self._answer(reply)
        super().on_message_complete()

    def shutdown(self) -> None:
        self._bag.empty()
        if self.kept is not None:
            self._hand_on(self.kept)  # half a request is waited for, as any other
        super().shutdown()

    def _plain(self) -> bool:
        """Whether this is a dial with nothing unusual about it, and nothing before it waits."""
        asked, before = _dialled(self.url), cast("Any", self.cycle)
        if asked is None:
            return False
        self.asked = asked
        return (
            not self.expect_100_continue
            and not self.flow.write_paused
            and (before is None or before.response_complete)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _request(self, body: bytes) -> RawRequest:
        method = self.parser.get_method().decode("ascii")
        return RawRequest(method, *self.asked, Headers(self.headers), body)

    def _answer(self, reply: Reply) -> None:
        self.kept, self.in_body = None, False
        said = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        letter = b"".join([reply.head, *said, b"\r\n", reply.body["body"]])
        self._bag.put(self.transport, letter)
        self.server_state.total_requests += 1
        self.rests_since = self.loop.time()

    def _hand_on(self, kept: bytes) -> None:
        """The usual way, as if it came now."""
        self.kept = None
        super().announce()
        super().on_body(kept)


@lru_cache(maxsize=256)
def _dialled(url: bytes) -> tuple[str, str] | None:
    """Path and query of a USSD hook's address, where they stand in it as they are."""
    path, _, query = url.decode("latin-1").partition("?")
    return (path, query) if is_dial(path) and "%" not in path and b"#" not in url else None
