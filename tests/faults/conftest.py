"""A bad day leaves nothing running behind it."""

from collections.abc import Iterator

import pytest

from tests.faults.ground import STARTED


@pytest.fixture(autouse=True)
def _end_what_was_started() -> Iterator[None]:
    yield
    while STARTED:
        worker = STARTED.pop()
        if worker.poll() is None:
            worker.kill()
            worker.wait()
