"""Every gateway through every mode: which class a send lands in, and what really left.

`table()` is the one shown in `docs/gateways.md`; a test keeps the two equal:

    python -m tests.gateways.battery
"""

import asyncio
import socket
from collections.abc import Mapping

from service.sms.gateway import Halt, Outcome, Sent
from service.sms.gateways import line
from tests.gateways.rooms import AWA, BAKARY, COUMBA, gateway, parcel
from tests.gateways.standins import OK, StandIn, standing_in

GATEWAYS = ("africastalking", "android", "orange", "kannel", "jasmin", "http")

COMMON: Mapping[str, str] = {
    OK: "accepted",
    "400": "rejected",
    "401": "halt: credentials",
    "403": "halt: credentials",
    "404": "rejected",
    "429": "not sent",
    "429 retry-after": "not sent",
    "302": "halt: address",
    "500": "unknown",
    "502": "unknown",
    "503": "unknown",
    "503 retry-after": "not sent",
    "504": "unknown",
    "garbage": "unknown",
    "empty": "unknown",
    "half": "unknown",
    "reset": "unknown",
    "cut": "unknown",
    "silent": "unknown",
    "drip": "unknown",
    "closed": "not sent",
    "not tls": "not sent",
    "no address": "halt: address",
}
"""What any carrier may do, and the class `reliability.md` 3.2 gives it."""

OWN: Mapping[str, Mapping[str, str]] = {
    "africastalking": {
        "200": "accepted",
        "charset": "accepted",
        "strings": "accepted",
        "none ids": "accepted",
        "queued": "accepted",
        "other order": "accepted",
        "missing recipient": "unknown",
        "unknown code": "unknown",
        "409 json": "rejected",
        "risk": "rejected",
        "bad number": "rejected",
        "blacklist": "rejected",
        "no route": "rejected",
        "bad sender": "halt: sender",
        "one word": "halt: sender",
        "no credit": "halt: credit",
        "their error": "not sent",
        "operator refuses": "not sent",
    },
    "android": {"failed": "rejected"},
    "orange": {
        "stale token": "accepted",
        "bad number": "rejected",
        "no credit": "halt: credit",
    },
    "kannel": {"queued": "accepted", "temporal": "not sent"},
    "jasmin": {
        "throughput": "not sent",
        "no credit": "halt: credit",
        "no route": "rejected",
    },
    "http": {
        "refused": "rejected",
        "other words": "unknown",
        "missing recipient": "unknown",
    },
}
"""What is peculiar to one carrier."""

TRIALS = [(name, mode) for name in GATEWAYS for mode in (*COMMON, *OWN[name])]
BATCHED = ("africastalking", "http")
HASTE = 0.3
"""Seconds of deadline in these trials, instead of twelve."""


def expected(name: str, mode: str) -> str:
    return OWN[name].get(mode) or COMMON[mode]


async def trial(name: str, mode: str) -> tuple[str, StandIn]:
    """The class of the last recipient of a send in this mode, and the carrier it was sent to."""
    with standing_in(name) as carrier:
        if name == "orange":
            carrier.script.append(OK)  # the token; what is tried is the send
        carrier.mode = mode
        sender = gateway(name, _address(carrier, mode))
        phones = (AWA, BAKARY, COUMBA) if name in BATCHED else (AWA,)
        try:
            answer = await sender.send(parcel(*phones))
        finally:
            await sender.close()
    _no_more_than_the_truth(answer, carrier)
    return named(answer, f"k{len(phones)}"), carrier


def _address(carrier: StandIn, mode: str) -> str:
    match mode:
        case "closed":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                return f"http://127.0.0.1:{free.getsockname()[1]}"
        case "not tls":
            return carrier.url.replace("http:", "https:")
        case "no address":
            return "kita"
        case _:
            return carrier.url


def named(answer: object, key: str) -> str:
    match answer:
        case Halt(kind=kind):
            return f"halt: {kind}"
        case [*_] as sent:
            return {one.key: one.outcome for one in sent}[key].replace("_", " ")
        case _:
            raise AssertionError(f"no answer is a {type(answer)}")


def _no_more_than_the_truth(answer: object, carrier: StandIn) -> None:
    """Nobody was written to twice; whoever is said to be refused or unsent was not written to;
    whoever is said to be accepted was."""
    times = carrier.times_accepted()
    assert not times or max(times.values()) == 1, times
    phones = dict(zip(("k1", "k2", "k3"), (AWA, BAKARY, COUMBA), strict=True))
    said: tuple[Sent, ...] = tuple(answer.sent if isinstance(answer, Halt) else answer)
    for one in said:
        if one.outcome is Outcome.ACCEPTED:
            assert times[phones[one.key]] == 1, one
        elif one.outcome is not Outcome.UNKNOWN:
            assert times[phones[one.key]] == 0, one


def table() -> str:
    """Markdown: one row per mode, one column per gateway."""
    modes = list(dict.fromkeys(mode for _, mode in TRIALS))
    rows = [["the carrier...", *GATEWAYS], ["---"] * (len(GATEWAYS) + 1)]
    for mode in modes:
        cells = [expected(name, mode) if (name, mode) in TRIALS else "" for name in GATEWAYS]
        rows.append([mode, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


async def _measured() -> None:
    line.DEADLINE = HASTE
    wrong = [one for one in TRIALS if (await trial(*one))[0] != expected(*one)]
    print(table())  # noqa: T201 (this is what the command is for)
    print(f"\n{len(TRIALS)} trials, {len(wrong)} out of class {wrong or ''}")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_measured())
