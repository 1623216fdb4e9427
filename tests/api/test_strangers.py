"""Whoever guesses is stopped; whoever is known is let in beside them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from service.api.crowd import Crowd
from service.api.strangers import MINUTE, Strangers

TRIES = 5


@dataclass
class House:
    """An application with one key and one token; it counts who reached it."""

    reached: list[str] = field(default_factory=list)

    async def __call__(self, scope, receive, send) -> None:
        self.reached.append(scope["path"])
        known = (b"authorization", b"Bearer right") in scope["headers"]
        right = known or scope["path"].startswith(("/hooks/at/right/", "/healthz"))
        status = 200 if right else 404 if scope["path"].startswith("/hooks") else 401
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Gate:
    house: House
    door: Strangers
    hands: list[float]

    async def ask(self, path: str, key: str = "", address: str = "10.0.0.1") -> int:
        heard = []
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        scope = {"type": "http", "path": path, "headers": headers, "client": (address, 1)}
        await self.door(scope, nothing, keep(heard))
        return heard[0]["status"]


async def nothing() -> dict:
    return {"type": "http.request", "body": b""}


def keep(heard: list) -> Callable:
    async def send(message) -> None:
        heard.append(message)

    return send


@pytest.fixture
def gate() -> Gate:
    house, hands = House(), [0.0]
    opens = lambda path: path.startswith("/hooks/at/right/")  # noqa: E731
    return Gate(house, Strangers(house, opens, tries=TRIES, now=lambda: hands[0]), hands)


API, HOOK = "/api/v1/quotes", "/hooks/at/wrong/sms"


async def test_guessing_keys_is_stopped_for_a_minute(gate: Gate):
    assert [await gate.ask(API, "guess") for _ in range(TRIES + 2)] == [401] * TRIES + [429] * 2
    assert len(gate.house.reached) == TRIES
    gate.hands[0] += MINUTE + 1
    assert await gate.ask(API, "guess") == 401


async def test_guessing_tokens_is_answered_in_the_same_words_without_the_application(gate: Gate):
    assert [await gate.ask(HOOK) for _ in range(TRIES + 2)] == [404] * (TRIES + 2)
    assert len(gate.house.reached) == TRIES


async def test_a_right_token_passes_from_an_address_that_guessed(gate: Gate):
    for _ in range(TRIES + 1):
        await gate.ask(HOOK)
    assert await gate.ask("/hooks/at/right/sms") == 200


async def test_a_key_that_has_opened_passes_from_an_address_that_guessed(gate: Gate):
    assert await gate.ask(API, "right") == 200
    for _ in range(TRIES + 1):
        await gate.ask(API, "guess")
    assert await gate.ask(API, "right") == 200
    assert await gate.ask(API, "guess") == 429


async def test_one_address_says_nothing_of_another(gate: Gate):
    for _ in range(TRIES + 1):
        await gate.ask(API, "guess")
    assert await gate.ask(API, "guess", "10.0.0.2") == 401


async def test_a_thousand_right_requests_from_one_address_are_never_counted(gate: Gate):
    said = {await gate.ask("/hooks/at/right/sms") for _ in range(1000)}
    said |= {await gate.ask(API, "right") for _ in range(1000)}
    said |= {await gate.ask("/healthz") for _ in range(1000)}
    assert said == {200}


async def one(app, body: bytes = b"", headers=(), pieces: int = 1) -> int:
    heard: list = []
    left = pieces

    async def receive() -> dict:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": body, "more_body": left > 0}

    scope = {"type": "http", "path": "/x", "headers": list(headers)}
    await app(scope, receive, keep(heard))
    return heard[0]["status"]


async def reads_all(_scope, receive, send) -> None:
    while (said := await receive()).get("more_body"):
        pass
    if said["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def test_a_body_is_counted_as_it_comes_or_by_what_it_says_of_itself():
    crowd = Crowd(reads_all, largest=100)
    assert await one(crowd, b"x" * 50, pieces=2) == 200
    assert await one(crowd, b"x" * 50, pieces=3) == 413
    assert await one(crowd, headers=[(b"content-length", b"101")]) == 413
    assert crowd.inside == 0


async def test_every_answer_says_that_it_is_no_page_and_a_page_keeps_its_own_words():
    async def app(_scope, _receive, send) -> None:
        mine = [(b"content-security-policy", b"mine")]
        await send({"type": "http.response.start", "status": 200, "headers": mine})
        await send({"type": "http.response.body", "body": b""})

    heard: list = []
    await Crowd(app)({"type": "http", "path": "/", "headers": []}, nothing, keep(heard))
    said = dict(heard[0]["headers"])
    assert said[b"content-security-policy"] == b"mine"
    assert said[b"x-content-type-options"] == b"nosniff"
    assert len(heard[0]["headers"]) == 3
    assert heard[1] == {"type": "http.response.body", "body": b""}


async def test_above_so_many_at_a_time_there_is_a_quick_answer():
    inner: list[int] = []

    async def app(scope, receive, send) -> None:
        inner.append(await one(crowd))
        await reads_all(scope, receive, send)

    crowd = Crowd(app, at_once=1)
    assert await one(crowd) == 200
    assert inner == [503]
