"""Every gateway, every manner a carrier may have: the class of the send, and the ground truth."""

from pathlib import Path

import httpx
import pytest

from service.sms.gateway import Halt, HaltKind, Outcome
from service.sms.gateways import line
from service.sms.gateways.line import Verdict, classify
from tests.gateways.battery import HASTE, TRIALS, expected, table, trial
from tests.gateways.rooms import gateway, parcel
from tests.gateways.standins import Answer, StandIn, standing_in


@pytest.mark.parametrize(("name", "mode"), TRIALS)
async def test_a_send_lands_in_its_class(name: str, mode: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "DEADLINE", HASTE)
    found, _ = await trial(name, mode)
    assert found == expected(name, mode)


def test_the_documentation_shows_this_very_table():
    assert table() in Path("docs/gateways.md").read_text()


MET = [
    (httpx.ConnectError("refused"), Outcome.NOT_SENT),
    (httpx.ConnectTimeout("no route"), Outcome.NOT_SENT),
    (httpx.PoolTimeout("busy"), Outcome.NOT_SENT),
    (httpx.WriteError("cut"), Outcome.UNKNOWN),
    (httpx.WriteTimeout("slow"), Outcome.UNKNOWN),
    (httpx.ReadTimeout("slow"), Outcome.UNKNOWN),
    (httpx.ReadError("cut"), Outcome.UNKNOWN),
    (httpx.RemoteProtocolError("nonsense"), Outcome.UNKNOWN),
    (httpx.DecodingError("bad gzip"), Outcome.UNKNOWN),
    (TimeoutError(), Outcome.UNKNOWN),
    (httpx.InvalidURL("::"), HaltKind.ADDRESS),
    (httpx.UnsupportedProtocol("kita"), HaltKind.ADDRESS),
    (httpx.LocalProtocolError("header"), HaltKind.ADDRESS),
    (UnicodeEncodeError("ascii", "é", 0, 1, "key"), HaltKind.ADDRESS),
]
STATUSES = [
    (200, Outcome.ACCEPTED),
    (204, Outcome.ACCEPTED),
    (301, HaltKind.ADDRESS),
    (303, Outcome.UNKNOWN),
    (400, Outcome.REJECTED),
    (401, HaltKind.CREDENTIALS),
    (403, HaltKind.CREDENTIALS),
    (404, Outcome.REJECTED),
    (409, Outcome.REJECTED),
    (429, Outcome.NOT_SENT),
    (500, Outcome.UNKNOWN),
    (502, Outcome.UNKNOWN),
    (503, Outcome.UNKNOWN),
    (504, Outcome.UNKNOWN),
    (599, Outcome.UNKNOWN),
]


def kind(found: Verdict | Halt) -> Outcome | HaltKind:
    return found.kind if isinstance(found, Halt) else found.outcome


@pytest.mark.parametrize(("met", "due"), MET, ids=lambda value: type(value).__name__)
def test_a_failure_has_one_class(met: Exception, due: Outcome | HaltKind):
    assert kind(classify(met)) is due


@pytest.mark.parametrize(("status", "due"), STATUSES)
def test_a_status_has_one_class(status: int, due: Outcome | HaltKind):
    assert kind(classify(httpx.Response(status))) is due


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "999999"}, line.LONGEST_PAUSE),
        ({"Retry-After": "soon"}, line.PAUSE),
        ({"Retry-After": "Fri, 20 Nov 2026 10:01:30 GMT"}, line.PAUSE),
        (
            {
                "Retry-After": "Fri, 20 Nov 2026 10:01:30 GMT",
                "Date": "Fri, 20 Nov 2026 10:00:00 GMT",
            },
            90,
        ),
    ],
)
def test_a_carrier_says_for_how_long_to_slow_down(headers: dict[str, str], seconds: float):
    found = classify(httpx.Response(503, headers=headers))
    assert isinstance(found, Verdict)
    assert (found.outcome, found.retry_after) == (Outcome.NOT_SENT, seconds)


def test_a_reason_is_short_and_holds_no_phone():
    answer = httpx.Response(400, text="bad number +22370000001 \n\n" + "x" * 500)
    found = classify(answer)
    assert isinstance(found, Verdict)
    assert found.reason is not None
    assert "22370000001" not in found.reason
    assert len(found.reason) <= line.QUOTED
    assert "\n" not in found.reason


async def test_after_a_halt_the_carrier_is_not_asked_again():
    with standing_in("android", "401") as carrier:
        sender = gateway("android", carrier.url)
        found = await sender.send(parcel("+22370000001", "+22370000002", "+22370000003"))
        await sender.close()
    assert isinstance(found, Halt)
    assert len(carrier.asked) == 1


async def test_a_halt_keeps_what_was_already_decided():
    with standing_in("africastalking", "no credit") as carrier:
        sender = gateway("africastalking", carrier.url)
        found = await sender.send(parcel("+22370000001", "+22370000002"))
        await sender.close()
    assert isinstance(found, Halt)
    assert found.kind is HaltKind.CREDIT
    assert [(one.key, one.outcome) for one in found.sent] == [("k1", Outcome.ACCEPTED)]


async def test_one_connection_carries_many_messages():
    seen: set[object] = set()

    def speak(carrier: StandIn, asked, mode: str) -> Answer:
        seen.add(asked.headers["connection"])
        return Answer(202, body=b"0: Accepted for delivery")

    with StandIn(speak) as carrier:
        sender = gateway("kannel", carrier.url)
        for _ in range(3):
            await sender.send(parcel())
        await sender.close()
    assert seen == {"keep-alive"}


async def test_a_closed_gateway_may_send_again():
    with standing_in("jasmin") as carrier:
        sender = gateway("jasmin", carrier.url)
        await sender.send(parcel())
        await sender.close()
        await sender.send(parcel())
        await sender.close()
    assert len(carrier.accepted) == 2
