"""The last moment of an answer, looked after for all requests together.

A timer for each request costs more than most answers do; one look a quarter of a second at
those in hand, oldest first, is as good for a promise counted in seconds.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

LOOK_EVERY = 0.25
"""Seconds between two looks: an answer is ended at most so much later than it should be."""

T = TypeVar("T")
Running = asyncio.Task[Any] | None


class Deadline:
    """Ends work that takes longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: dict[Running, float] = {}
        self._ended: set[Running] = set()
        self._looking = False

    async def keep(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` answers. Raise `TimeoutError` when it was ended."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        self._begun[task] = loop.time()
        if not self._looking:
            self._looking = True
            loop.call_later(LOOK_EVERY, self._look, loop)
        try:
            return await work
        except asyncio.CancelledError:
            if task is None or task not in self._ended or task.uncancel():
                raise  # by somebody else: the process stops
            raise TimeoutError from None
        finally:
            self._begun.pop(task, None)
            self._ended.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, since in self._begun.items():
            if now - since < self._seconds:
                break  # the others began later
            if task is not None and task not in self._ended:
                self._ended.add(task)
                task.cancel()
        self._looking = bool(self._begun)
        if self._looking:
            loop.call_later(LOOK_EVERY, self._look, loop)
