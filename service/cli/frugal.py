"""Less memory for the processes that run for months."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ARENA_MAX, TRIM_THRESHOLD = -8, -1
"""Names of the two settings in glibc's `malloc.h`."""
ARENAS = 2
"""Pools that threads share; eight for each processor, which is usual, lie mostly empty here."""
TRIMMED = 64 * 1024
"""Free bytes at the end of the heap that go back to the system."""


def sparing() -> None:
    """Ask the allocator to give back what is free: 7 MB of a worker. Only glibc can be asked."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(ARENA_MAX, ARENAS)
        mallopt(TRIM_THRESHOLD, TRIMMED)


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Imports in this block find these modules missing, as optional ones may be: structlog then
    prints no coloured tracebacks and httpx has no command line, 6 MB of both."""
    hidden = [each for each in modules if each not in sys.modules]
    for each in hidden:
        sys.modules[each] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for each in hidden:
            del sys.modules[each]
