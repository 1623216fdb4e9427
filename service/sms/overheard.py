"""What passes on a wire while a gateway sends: the line tells it, whoever asked to hear keeps it.

The contract of a gateway stays as it is: no adapter knows that it is overheard. Each task hears
only its own requests, however many are in flight.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LONGEST = 16 * 1024
"""Bytes kept of a request's body, and of its answer's."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One request and what it met. `status` is the HTTP status, or the name of the failure;
    `headers` are the few worth keeping, of the request and, after `answer `, of the answer."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes
    status: str
    answer: bytes = b""


_heard: ContextVar[list[Passed] | None] = ContextVar("heard", default=None)


@contextmanager
def listening() -> Iterator[list[Passed]]:
    """The requests made inside the block by this task, in order."""
    heard: list[Passed] = []
    mark = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(mark)


def ears() -> list[Passed] | None:
    """Where to tell what passes; None when nobody listens, and nothing need be made of it."""
    return _heard.get()
