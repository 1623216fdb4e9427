"""The last moment of an answer: nothing is waited for longer than its caller waits."""

import asyncio

import pytest

from service.api import deadline
from service.api.deadline import Deadline


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(deadline, "LOOK_EVERY", 0.01)


async def for_ever() -> None:
    await asyncio.Event().wait()


async def ready() -> str:
    return "ready"


async def test_what_is_ready_in_time_is_answered():
    assert await Deadline(5).keep(ready()) == "ready"


async def test_what_takes_too_long_is_ended_and_its_request_goes_on():
    with pytest.raises(TimeoutError):
        await Deadline(0.02).keep(for_ever())
    assert await Deadline(5).keep(ready()) == "ready"


async def test_each_of_many_is_ended_by_its_own_time():
    its = Deadline(0.02)
    found = await asyncio.gather(
        *(its.keep(for_ever()) for _ in range(3)), its.keep(ready()), return_exceptions=True
    )
    assert [type(each) for each in found] == [TimeoutError, TimeoutError, TimeoutError, str]


async def test_a_request_cancelled_by_somebody_else_stays_cancelled():
    task = asyncio.create_task(Deadline(5).keep(for_ever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
