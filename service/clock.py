"""Time is an argument. This is the only module that reads the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""A function answering the present instant, aware, in UTC."""


def system() -> datetime:
    """The machine's wall clock, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only go forward, for rates and deadlines inside one process."""
    return time.monotonic()
