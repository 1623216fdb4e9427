"""A copy of the database that follows it: asked where a moment's delay does not matter.

Pages and open data, nothing else: whoever acts on what they read (keys, hooks, dials, workers) asks
the database itself, and so does everybody just after this process has written, so that a clerk
finds the decision on the page that follows it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service.clock import monotonic
from service.db import make_engine, reading

PLACES = ("/console", "/open/")
"""Paths that may be answered from the copy."""
BEHIND = 5.0
"""Seconds the copy is taken to need for what was written here."""
AWAY = 30.0
"""Seconds a copy that did not answer is left alone."""

log = structlog.get_logger()


class Replica:
    """Without a `url` there is no copy, and everything is read from the database itself."""

    def __init__(
        self, engine: Engine, url: str | None, now: Callable[[], float] = monotonic
    ) -> None:
        self._engine = engine
        self._copy = make_engine(url) if url else None
        self._now = now
        self._not_before = 0.0

    def wrote(self) -> None:
        """This process has changed the database."""
        self._wait(BEHIND)

    @contextmanager
    def reading(self, path: str) -> Iterator[Session]:
        """A session to answer a request to `path` from."""
        with reading(self._of(path)) as session:
            yield session

    def close(self) -> None:
        if self._copy is not None:
            self._copy.dispose()

    def _of(self, path: str) -> Engine:
        if self._copy is None or not path.startswith(PLACES) or self._now() < self._not_before:
            return self._engine
        try:
            self._copy.connect().close()
        except OperationalError as error:
            log.warning("replica_away", error=type(error).__name__)
            self._wait(AWAY)
            return self._engine
        return self._copy

    def _wait(self, seconds: float) -> None:
        self._not_before = max(self._not_before, self._now() + seconds)
