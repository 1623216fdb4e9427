"""Our adapter beside the official Node SDK 0.8.3, as recorded by `make sdk`."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from service.sms.gateway import Outcome, Sent
from tests.gateways.npm_sdk import CASES, HERE, INBOX, golden
from tests.gateways.rooms import AWA, BAKARY, gateway, parcel
from tests.gateways.standins import OK, standing_in

RECORDED = {case["about"]: case for case in golden()["cases"]}
SENDS = [case for case in CASES if case["call"] == "send"]


async def sent_by_us(case: dict[str, Any]) -> tuple[Any, Any]:
    """The request of our adapter, and what it made of the answer."""
    said = case["said"]
    changes = {"enqueue": bool(said.get("enqueue")), "omit_sender": "from" not in said}
    with standing_in("africastalking", case.get("mode", OK)) as carrier:
        sender = gateway("africastalking", carrier.url, **changes)
        answer = await sender.send(parcel(*said["to"]))
        await sender.close()
        (asked,) = carrier.asked
    return asked, answer


def test_what_was_recorded_is_what_would_be_asked():
    assert list(RECORDED) == [case["about"] for case in CASES]
    assert json.loads((HERE / "package.json").read_text())["dependencies"] == {
        "africastalking": "0.8.3"
    }


@pytest.mark.parametrize("case", SENDS, ids=lambda case: case["about"])
async def test_the_node_sdk_sends_the_same_path_and_fields_as_we_do(case: dict[str, Any]):
    theirs = RECORDED[case["about"]]["asked"]
    ours, _ = await sent_by_us(case)
    assert (ours.method, ours.target) == (theirs["method"], theirs["target"])
    fields = dict(parse_qsl(theirs["body"], keep_blank_values=True))
    if fields.get("enqueue") == "0":  # it says no aloud; the Python SDK and we say nothing
        del fields["enqueue"]
    assert ours.form == fields
    assert sorted(ours.body.decode().split("&")) == sorted(
        field for field in theirs["body"].split("&") if field != "enqueue=0"
    ), "percent-encoded alike, byte for byte"
    assert ours.headers["apikey"] == theirs["headers"]["apikey"]
    assert ours.headers["accept"] == theirs["headers"]["accept"]
    kind = theirs["headers"]["content-type"].partition(";")[0]
    assert ours.headers["content-type"] == kind


@pytest.mark.parametrize("case", SENDS, ids=lambda case: case["about"])
async def test_both_read_the_same_in_the_answers_of_the_stand_in(case: dict[str, Any]):
    _, answer = await sent_by_us(case)
    theirs = RECORDED[case["about"]]
    if case.get("mode") == "401":
        assert answer.kind == "credentials"
        assert "401" in theirs["refused"]
        return
    # It takes a 200 for a refusal although the message has left; we read what the body says.
    read = theirs.get("answer") or theirs["refused"]
    for one, entry in zip(answer, read["SMSMessageData"]["Recipients"], strict=True):
        assert isinstance(one, Sent)
        taken = entry["status"] == "Success"
        assert (one.outcome is Outcome.ACCEPTED) is taken
        assert one.provider_id == (entry["messageId"] if taken else None)
        assert one.parts == entry.get("messageParts")
    assert [entry["number"] for entry in read["SMSMessageData"]["Recipients"]] == case["said"]["to"]


async def test_both_fetch_the_same_inbox():
    theirs = RECORDED["the inbox"]
    with standing_in("africastalking") as carrier:
        carrier.inbox = list(INBOX)
        sender = gateway("africastalking", carrier.url)
        ours = await sender.fetch("fetch:15000")
        await sender.close()
        asked = carrier.asked[0]
    wanted = dict(parse_qsl(theirs["asked"]["target"].partition("?")[2]))
    assert asked.path == theirs["asked"]["target"].partition("?")[0]
    assert asked.form == {name: wanted[name] for name in ("username", "lastReceivedId")}
    (message,) = theirs["answer"]["SMSMessageData"]["Messages"]
    assert [(sms.provider_id, sms.sender, sms.text) for sms in ours] == [
        (f"fetch:{message['id']}", message["from"], message["text"])
    ]
    assert {AWA, BAKARY} >= {message["from"]}
