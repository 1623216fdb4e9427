"""`sugu doctor --gateway`: a real message over a real wire, its report by the real door, and every
way in which a carrier may differ from what was agreed. The clock moves when the doctor waits."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlmodel import select

from service.cli import inside
from service.cli.trial import Bench, Verdict, try_gateway
from service.db import make_engine, reading
from service.phone import Phone
from service.settings import CARRIERS
from service.sms.conformity import Difference
from service.sms.gateway import Gateway, RawRequest
from service.sms.gateways.fields import names
from service.sms.tables import Budget, Delivery, Exchange
from tests.conftest import MARKET_DAY
from tests.gateways.battery import GATEWAYS
from tests.gateways.rooms import AWA, TOKEN, gateway, settings
from tests.gateways.standins import OK, StandIn, standing_in
from tests.town import Town

FORM = {"content-type": "application/x-www-form-urlencoded"}
Report = tuple[str, str, bytes]
"""Method, path and body of what the carrier sends."""


class Room:
    """A town with one carrier in it, and a doctor whose pauses are the carrier's chances."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.told: list[str] = []
        self.script: dict[int, list[Report]] = {}
        self.made: Callable[[Delivery], dict[int, list[Report]]] = lambda _: {}
        self._looks = 0

    def bench(self) -> Bench:
        state = self.town.state
        return Bench(
            engine=self.town.engine,
            vault=state.vault,
            limits=state.limits,
            archive=state.archive,
            now=self.town.clock,
            pause=self._pause,
            tell=self.told.append,
            echo=self._echo,
        )

    async def _pause(self, seconds: float) -> None:
        if not self._looks:
            self.script = self.made(self.delivery())
        self._looks += 1
        self.town.clock.pass_(seconds=seconds)
        for method, path, body in self.script.get(self._looks, []):
            await self.post(method, path, body)

    async def _echo(self, sent) -> None:
        form = {"id": sent.provider_id, "status": "Success", "phoneNumber": AWA}
        await self.post("POST", "delivery", urlencode(form).encode())

    async def post(self, method: str, path: str, body: bytes) -> None:
        where = f"/hooks/{self.name}/{TOKEN}/{path}"
        answer = await inside.call(self.town.app, method, where, FORM, body)
        assert answer.status == 200, answer

    def delivery(self) -> Delivery:
        with reading(self.town.engine) as session:
            return session.exec(select(Delivery)).one()

    def examine(self, sender: Gateway, patience: float = 30) -> Verdict:
        async def tried() -> Verdict:
            try:
                return await try_gateway(self.bench(), sender, Phone(AWA), patience)
            finally:
                await sender.close()

        return asyncio.run(tried())


@pytest.fixture
def room(kita_sqlite_url: str) -> Iterator[Callable[[str, str], Room]]:
    engine = make_engine(kita_sqlite_url)
    opened: list[Town] = []

    def furnished(name: str, url: str) -> Room:
        its = settings(name, url).carrier(name)
        changes = {name: its, "gateway": name}
        opened.append(Town(engine, kita_sqlite_url, MARKET_DAY, **changes))
        opened[0].open()
        return Room(opened[0], name)

    yield furnished
    for town in opened:
        town.close()
    engine.dispose()


def good(name: str, row: Delivery, carrier: StandIn) -> Report:
    """The last report of a carrier that keeps its word."""
    given = row.provider_id or ""
    match name:
        case "africastalking":
            form = {"id": given, "status": "Success", "phoneNumber": AWA, "networkCode": "61002"}
            return "POST", "delivery", urlencode(form).encode()
        case "android":
            payload = {"messageId": given, "recipient": AWA, "deliveredAt": "2026-11-20T10:00:05Z"}
            event = {"event": "sms:delivered", "id": "e1", "deviceId": "d", "payload": payload}
            return "POST", "sms", json.dumps(event).encode()
        case "orange":
            info = {"address": f"tel:{AWA}", "deliveryStatus": "DeliveredToTerminal"}
            note = {"callbackData": given, "deliveryInfo": info}
            return "POST", "delivery", json.dumps({"deliveryInfoNotification": note}).encode()
        case "kannel":
            key = carrier.accepted[0].key
            return "GET", f"delivery?key={key}&status=1&smsc=o&reply=ok&id=7", b""
        case "jasmin":
            key = carrier.accepted[0].key
            form = {"id": given, "id_smsc": "1", "message_status": "DELIVRD", "level": "2"}
            return "POST", f"delivery?key={key}", urlencode(form | {"connector": "c"}).encode()
        case _:
            item = {"id": given, "ref": carrier.accepted[0].key, "etat": {"mot": "LIVRE"}}
            return "POST", "delivery", json.dumps({"lot": {"messages": [item]}}).encode()


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_carrier_that_keeps_its_word_differs_in_nothing(name: str, room):
    with standing_in(name) as carrier:
        here = room(name, carrier.url)
        here.made = lambda row: {3: [good(name, row, carrier)]}
        verdict = here.examine(gateway(name, carrier.url))
    assert verdict.ok, verdict
    assert verdict.differences == (), verdict
    assert verdict.seen[-1].endswith("after 3 s")
    assert here.delivery().state == "delivered"
    assert len(carrier.accepted) == 1
    assert "essai" in carrier.accepted[0].text


def test_a_gateway_that_sends_nowhere_reports_by_the_same_door(room):
    here = room("loopback", "")
    verdict = here.examine(gateway("loopback", ""))
    assert verdict == Verdict(
        (f"accepted, id loop-{here.delivery().id}", "report: Success after 0 s"), ()
    )


@pytest.mark.parametrize("name", GATEWAYS)
def test_silence_is_a_failure_after_the_time_given(name: str, room):
    with standing_in(name) as carrier:
        here = room(name, carrier.url)
        verdict = here.examine(gateway(name, carrier.url), patience=25)
    assert not verdict.ok
    assert verdict.differences == (Difference("no delivery report within 25 s"),)
    assert here.town.clock.at == MARKET_DAY.replace(second=25)
    assert [words.split(": ")[1] for words in here.told] == [
        "0 of 25 s",
        "10 of 25 s",
        "20 of 25 s",
    ]


AT = "africastalking"


def at_report(row: Delivery, **changes: str) -> Report:
    form = {"id": row.provider_id, "status": "Success", "phoneNumber": AWA} | changes
    return "POST", "delivery", urlencode({k: v for k, v in form.items() if v}).encode()


ODD = {
    "a word nobody knows": (
        lambda row: {1: [at_report(row, status="Teleported")], 2: [at_report(row)]},
        ["unknown status word “Teleported”"],
    ),
    "a field missing": (
        lambda row: {1: [at_report(row, phoneNumber="")]},
        ["a report lacks phoneNumber"],
    ),
    "another id": (
        lambda row: {1: [at_report(row, id="AT-other")]},
        [
            "a report's id (AT-other) is not the one given at sending",
            "reported as on its way, and no end within 30 s",
        ],
    ),
    "failed": (
        lambda row: {1: [at_report(row, status="Failed", failureReason="UserIsInactive")]},
        ["reported as failed: UserIsInactive"],
    ),
    "never an end": (
        lambda row: {1: [at_report(row, status="Sent")]},
        ["reported as on its way, and no end within 30 s"],
    ),
    "not understood": (
        lambda row: {1: [("POST", "delivery", b"etat=ok&ref=1")], 2: [at_report(row)]},
        ["a request was not understood: it holds etat, ref"],
    ),
}


@pytest.mark.parametrize("case", ODD, ids=ODD.keys())
def test_a_report_that_differs_is_named(case: str, room):
    script, due = ODD[case]
    with standing_in(AT) as carrier:
        here = room(AT, carrier.url)
        here.made = script
        verdict = here.examine(gateway(AT, carrier.url))
    assert [each.said for each in verdict.differences] == due
    assert not verdict.ok


def test_what_is_only_unusual_is_told_and_no_failure(room):
    with standing_in(AT) as carrier:
        here = room(AT, carrier.url)
        here.made = lambda row: {75: [at_report(row, weather="dry")]}
        verdict = here.examine(gateway(AT, carrier.url), patience=120)
    assert verdict.ok
    assert [each.said for each in verdict.differences] == [
        "the report came late, after 75 s",
        "a report also holds weather",
    ]


@pytest.mark.parametrize(
    ("mode", "due", "state"),
    [
        ("401", "refused (credentials): 401: The supplied authentication is invalid", "failed"),
        ("closed", "not sent: no connection", "failed"),
        ("blacklist", "rejected: UserInBlacklist", "rejected"),
    ],
)
def test_what_was_not_taken_is_not_waited_for_and_never_sent_again(mode, due, state, room):
    with standing_in(AT, OK if mode == "closed" else mode) as carrier:
        here = room(AT, carrier.url)
        url = "http://127.0.0.1:1" if mode == "closed" else carrier.url
        verdict = here.examine(gateway(AT, url))
    assert [each.said for each in verdict.differences] == [due]
    assert here.told == []
    assert here.delivery().state == state
    here.town.clock.pass_(minutes=30)
    here.town.work()
    assert here.delivery().state == state
    with reading(here.town.engine) as session:
        assert {row.used for row in session.exec(select(Budget))} == {0}


def test_no_id_and_other_parts_than_ours_are_named(room):
    with standing_in(AT, "none ids") as carrier:
        here = room(AT, carrier.url)
        here.made = lambda row: {1: [at_report(row, id="AT-1")]}
        verdict = here.examine(gateway(AT, carrier.url))
    said = [each.said for each in verdict.differences]
    assert said[0] == "accepted without a message id: reports can be matched by phone only"


def test_a_trial_is_a_message_like_others_with_both_sides_of_its_wire(room):
    with standing_in(AT) as carrier:
        here = room(AT, carrier.url)
        here.made = lambda row: {1: [at_report(row)]}
        here.examine(gateway(AT, carrier.url))
    with reading(here.town.engine) as session:
        rows = session.exec(select(Exchange).order_by(Exchange.id)).all()
        assert [(row.direction, row.answer) for row in rows] == [
            ("out", "201"),
            ("in", "delivered"),
        ]
        assert {row.used for row in session.exec(select(Budget))} == {1}


# --- the forms ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARRIERS)
def test_every_golden_report_keeps_the_form_its_gateway_declares(name: str):
    """But for the payloads kept because they do not."""
    sender = gateway(name, "http://unused")
    form = sender.capabilities.report
    assert form.needed or name == "loopback"
    for path in sorted(Path(f"tests/cases/carriers/{name}").glob("delivery-*.json")):
        case = json.loads(path.read_text())
        if not case["expect"]:
            continue
        said = case["request"]
        raw = RawRequest(said["method"], "", said["query"], {}, said["body"].encode())
        seen = names(raw)
        assert form.needed <= seen, (path.name, form.needed - seen)
        assert seen <= form.needed | form.known, (path.name, seen - form.needed - form.known)
