"""What each carrier is sent, byte for byte where it matters."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from africastalking.SMS import SMSService

from service.sms.gateway import Cost, Gateway, Halt, HaltKind, Outcome, Sent
from service.sms.gateways.africastalking import LIVE, SANDBOX
from tests.gateways.rooms import AWA, BAKARY, SECRET, TEXT, TOKEN, gateway, parcel
from tests.gateways.standins import OK, StandIn, standing_in

BAMBARA = "Kita: tiga sɔngɔ 225"


@asynccontextmanager
async def meeting(
    name: str, mode: str = OK, **changes: object
) -> AsyncIterator[tuple[Gateway, StandIn]]:
    with standing_in(name, mode) as carrier:
        sender = gateway(name, carrier.url, **changes)
        yield sender, carrier
        await sender.close()


# --- Africa's Talking -----------------------------------------------------------------------


async def test_the_official_sdk_asks_for_exactly_what_we_ask_for():
    async with meeting("africastalking") as (sender, carrier):
        await sender.send(parcel(AWA, BAKARY))
        service = SMSService("kita", SECRET.get_secret_value())
        service._baseUrl = f"{carrier.url}/version1"  # the SDK has no other door
        answer = await asyncio.to_thread(
            service.send, TEXT, [AWA, BAKARY], sender_id="KITAPRIX", enqueue=True
        )
        ours, theirs = carrier.asked
    assert (ours.method, ours.target, ours.body) == (theirs.method, theirs.target, theirs.body)
    for header in ("apikey", "accept", "content-type"):
        assert ours.headers[header] == theirs.headers[header]
    numbers = [each["number"] for each in answer["SMSMessageData"]["Recipients"]]
    assert numbers == [AWA, BAKARY]


async def test_the_sdk_reads_the_inbox_and_balance_of_the_stand_in():
    async with meeting("africastalking") as (sender, _):
        health = await sender.health()
    assert health.ok
    assert health.balance == Cost(Decimal("1785.50"), "XOF")


async def test_fifty_messages_missed_are_fetched_once_each():
    async with meeting("africastalking") as (sender, carrier):
        carrier.inbox = [
            {"id": at, "text": f"ARA {at}", "from": AWA, "to": "36000", "linkId": None}
            | {"date": "2026-08-02T06:04:45.445Z"}
            for at in range(15_001, 15_051)
        ]
        first = await sender.fetch(None)
        later = await sender.fetch(first[-1].provider_id)
    assert [sms.provider_id for sms in first] == [f"fetch:{at}" for at in range(15_001, 15_051)]
    assert later == []
    assert first[0].text == "ARA 15001"


async def test_a_dead_inbox_is_an_empty_one():
    assert await gateway("africastalking", "http://127.0.0.1:1").fetch(None) == []


@pytest.mark.parametrize(("username", "host"), [("sandbox", SANDBOX), ("kita", LIVE)])
def test_the_username_chooses_the_host_when_no_address_is_set(username: str, host: str):
    sender = gateway("africastalking", "", username=username)
    assert sender._url == f"{host}/version1"


async def test_json_bulk_is_one_setting_away():
    async with meeting("africastalking", json_bulk=True) as (sender, carrier):
        (sent,) = await sender.send(parcel())
    assert carrier.asked[0].target == "/version1/messaging/bulk"
    assert carrier.asked[0].letter == {
        "username": "kita",
        "message": TEXT,
        "phoneNumbers": [AWA],
        "senderId": "KITAPRIX",
        "enqueue": True,
    }
    assert sent.outcome is Outcome.ACCEPTED


async def test_an_accepted_message_has_its_id_parts_and_cost():
    async with meeting("africastalking") as (sender, _):
        (sent,) = await sender.send(parcel())
    assert sent == Sent(
        "k1", Outcome.ACCEPTED, "id-0001", 1, Cost(Decimal("18.0000"), "XOF"), "101", "Success"
    )


async def test_the_sender_of_a_parcel_wins_over_the_setting():
    async with meeting("africastalking") as (sender, carrier):
        await sender.send(parcel(sender="FOIRE"))
    assert carrier.asked[0].form["from"] == "FOIRE"


# --- the others -----------------------------------------------------------------------------


async def test_android_carries_our_key_and_throws_stale_prices_away():
    async with meeting("android", sim=2) as (sender, carrier):
        (sent,) = await sender.send(parcel())
    asked = carrier.asked[0]
    assert asked.target == "/message"
    assert asked.headers["authorization"].removeprefix("Basic ") == _basic("kita")
    assert asked.letter == {
        "id": "k1",
        "textMessage": {"text": TEXT},
        "phoneNumbers": [AWA],
        "withDeliveryReport": True,
        "ttl": 10_800,
        "simNumber": 2,
    }
    assert sent.provider_id == "k1"


@pytest.mark.parametrize("tail", ["", "/3rdparty/v1"])
async def test_android_in_the_cloud_has_another_path(tail: str):
    with standing_in("android") as carrier:
        sender = gateway("android", carrier.url + tail, cloud=True)
        await sender.send(parcel())
        assert (await sender.health()).ok
        await sender.close()
    assert [asked.target for asked in carrier.asked] == ["/3rdparty/v1/message", "/health"]


async def test_orange_puts_a_percent_encoded_sender_in_the_path():
    async with meeting("orange") as (sender, carrier):
        (sent,) = await sender.send(parcel())
    token, asked = carrier.asked
    assert token.headers["authorization"].removeprefix("Basic ") == _basic("kita")
    assert token.body == b"grant_type=client_credentials"
    assert asked.target == "/smsmessaging/v1/outbound/tel%3A%2B2230000/requests"
    assert asked.headers["authorization"] == "Bearer T1"
    assert asked.letter["outboundSMSMessageRequest"] == {
        "address": f"tel:{AWA}",
        "senderAddress": "tel:+2230000",
        "senderName": "KITAPRIX",
        "outboundSMSTextMessage": {"message": TEXT},
    }
    assert sent.provider_id == "id-0001"


async def test_orange_asks_for_one_token_however_many_wait():
    async with meeting("orange") as (sender, carrier):
        await asyncio.gather(*(sender.send(parcel()) for _ in range(5)))
    assert [asked.path for asked in carrier.asked].count("/oauth/v3/token") == 1
    assert len(carrier.accepted) == 5


@pytest.mark.parametrize(
    ("mode", "due"),
    [
        ("500", Outcome.NOT_SENT),
        ("garbage", Outcome.NOT_SENT),
        ("reset", Outcome.NOT_SENT),
        ("429 retry-after", Outcome.NOT_SENT),
        ("401", HaltKind.CREDENTIALS),
        ("bad client", HaltKind.CREDENTIALS),
    ],
)
async def test_without_a_token_nothing_was_sent(mode: str, due: Outcome | HaltKind):
    async with meeting("orange", mode) as (sender, carrier):
        answer = await sender.send(parcel())
    assert (answer.kind if isinstance(answer, Halt) else answer[0].outcome) is due
    assert not carrier.accepted


async def test_kannel_is_told_where_to_report_and_gives_no_id():
    async with meeting("kannel", smsc="orange_ml") as (sender, carrier):
        (sent,) = await sender.send(parcel())
    form = carrier.asked[0].form
    assert (form["to"], form["charset"], form["coding"]) == ("22370000001", "UTF-8", "0")
    assert (form["dlr-mask"], form["smsc"]) == ("31", "orange_ml")
    assert form["dlr-url"] == (
        f"https://sugu.example/hooks/kannel/{TOKEN}/delivery"
        "?key=k1&status=%d&smsc=%i&reply=%A&id=%F"
    )
    assert sent.provider_id is None
    assert carrier.accepted[0].key == "k1"


async def test_kannel_without_a_hook_token_asks_for_no_reports():
    async with meeting("kannel", hook_token=None) as (sender, carrier):
        await sender.send(parcel())
    assert "dlr-url" not in carrier.asked[0].form


async def test_outside_gsm7_kannel_gets_utf16_and_no_charset():
    async with meeting("kannel") as (sender, carrier):
        await sender.send(parcel(text=BAMBARA))
    assert carrier.asked[0].form["coding"] == "2"
    assert "charset" not in carrier.asked[0].form
    assert carrier.accepted[0].text == BAMBARA


async def test_outside_gsm7_jasmin_gets_hexadecimal():
    async with meeting("jasmin") as (sender, carrier):
        (sent,) = await sender.send(parcel(text=BAMBARA))
    form = carrier.asked[0].form
    assert form["coding"] == "8"
    assert "content" not in form
    assert carrier.accepted[0].text == BAMBARA
    assert carrier.accepted[0].key == "k1"
    assert sent.provider_id == "id-0001"


async def test_passwords_stay_out_of_jasmin_urls():
    async with meeting("jasmin") as (sender, carrier):
        await sender.send(parcel())
    assert carrier.asked[0].target == "/send"


NASTY = 'Foire "A&B" <5%> \\ {to}\n{secret}'


async def test_an_aggregator_known_by_settings_alone_sends_receives_and_reports():
    async with meeting("http") as (sender, carrier):
        sent = await sender.send(parcel(AWA, BAKARY, text=NASTY))
    asked = carrier.asked[0]
    assert (asked.method, asked.target) == ("POST", "/envoi/v2")
    assert asked.headers["x-cle"] == SECRET.get_secret_value()
    assert asked.letter["msisdn"] == "22370000001;22365000002"
    assert [taken.text for taken in carrier.accepted] == [NASTY, NASTY]
    assert [one.provider_id for one in sent] == ["id-0001", "id-0002"]
    # what it sends us is in tests/cases/carriers/http


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", "to={to}&t={text}&k={key}"),
        ("application/json", '{"to": "{to}", "t": "{text}", "k": "{key}"}'),
        ("application/xml", '<m to="{to}" k="{key}">{text}</m>'),
    ],
)
async def test_a_template_escapes_its_words_for_where_they_stand(kind: str, body: str):
    import json
    from xml.etree import ElementTree

    def speak(carrier: StandIn, asked, mode: str):
        from tests.gateways.standins import Answer

        match kind:
            case "application/xml":
                found = ElementTree.fromstring(asked.body)
                carrier.take(found.attrib["to"], found.text or "", found.attrib["k"])
            case "application/json":
                said = json.loads(asked.body)
                carrier.take(said["to"], said["t"], said["k"])
            case _:
                carrier.take(asked.form["to"], asked.form["t"], asked.form["k"])
        return Answer(body=b"ok")

    with StandIn(speak) as carrier:
        sender = gateway("http", carrier.url, content_type=kind, body=body, **PLAIN)
        (sent,) = await sender.send(parcel(text=NASTY))
        await sender.close()
    assert [(one.phone, one.text, one.key) for one in carrier.accepted] == [(AWA, NASTY, "k1")]
    assert sent == Sent("k1", Outcome.ACCEPTED, code="200")


PLAIN = {"success_pattern": "", "reject_pattern": "", "id_pattern": "", "headers": {}}


async def test_a_get_template_puts_everything_in_the_url():
    def speak(carrier: StandIn, asked, mode: str):
        from tests.gateways.standins import Answer

        form = asked.form
        given = carrier.take(form["to"], form["sms"], form["cb"])
        return Answer(body=f"OK {given}".encode())

    url = "/push?to={to}&sms={text}&de={from}&cb={dlr_url}"
    with StandIn(speak) as carrier:
        its = PLAIN | {"method": "GET", "url": url, "body": "", "id_pattern": r"OK (?P<id>\S+)"}
        sender = gateway("http", carrier.url, **its)
        (sent,) = await sender.send(parcel(text=NASTY))
        await sender.close()
    assert carrier.accepted[0].text == NASTY
    assert carrier.accepted[0].key == f"https://sugu.example/hooks/http/{TOKEN}/delivery?key=k1"
    assert sent.provider_id == "id-0001"


@pytest.mark.parametrize("name", ["africastalking", "android", "orange", "kannel", "jasmin"])
async def test_a_gateway_says_how_it_is(name: str):
    async with meeting(name) as (sender, _):
        well = await sender.health()
    ill = await gateway(name, "http://127.0.0.1:1").health()
    assert well.ok, well.detail
    assert not ill.ok, ill.detail


@pytest.mark.parametrize("name", ["kannel", "jasmin"])
async def test_a_refused_password_shows_before_the_day(name: str):
    async with meeting(name, "403") as (sender, _):
        assert not (await sender.health()).ok


async def test_loopback_accepts_everything_and_shows_it_to_its_sink():
    from service.settings import Loopback
    from service.sms.gateways.loopback import LoopbackGateway
    from service.sms.tokens import Tokens

    shown = []
    sender = LoopbackGateway(Loopback(), Tokens("demo"), sink=shown.append)
    sent = await sender.send(parcel(AWA, BAKARY))
    assert [one.provider_id for one in sent] == ["loop-k1", "loop-k2"]
    assert shown == [parcel(AWA, BAKARY)]
    assert sender.capabilities.echo_reports


async def test_no_secret_phone_or_text_reaches_a_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    for name in ("africastalking", "kannel", "jasmin", "orange", "http", "android"):
        async with meeting(name) as (sender, _):
            await sender.send(parcel())
    for secret in (SECRET.get_secret_value(), "s3cret", AWA.removeprefix("+"), "arachide", TOKEN):
        assert secret not in caplog.text


def _basic(username: str) -> str:
    return base64.b64encode(f"{username}:{SECRET.get_secret_value()}".encode()).decode()
