"""The thirty-six pitfalls of SMS and USSD gateways, one named test each.

Those of the wire are tried on the adapters, the others at the doors of the whole application.
"""

import asyncio
import threading
import tomllib
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import col, select

from service.app import create_app
from service.db import reading, writing
from service.encoding import is_gsm7, to_gsm
from service.logs import redact
from service.people import store as people
from service.phone import parse
from service.settings import Settings
from service.sms.gateway import Kind, NoteState, Outcome, RawRequest, Unreadable
from service.sms.tables import Delivery, Inbox
from tests.api.telephone import VAULT as TOWER_VAULT
from tests.api.telephone import Hands, Phone, Tower, as_json, furnish
from tests.gateways.rooms import AWA, BAKARY, COUMBA, TOKEN, gateway, parcel, settings
from tests.gateways.standins import JSON, Answer, StandIn, standing_in
from tests.sms import outbox_world as sending

SECRET = "9f2c4b8e1d7a60531c9e8f4b2a7d6051"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FIRST_DIAL = (
    b"sessionId=S1&serviceCode=%2A384%2A77%23&phoneNumber=%2B22376000009&networkCode=1&text="
)


def post(body: bytes | str, headers: dict[str, str] | None = None) -> RawRequest:
    return RawRequest(
        "POST", "/", "", headers or {}, body.encode() if isinstance(body, str) else body
    )


at = gateway("africastalking", "")


class House:
    """The whole application behind its doors, with a clock whose hands a test moves."""

    def __init__(self, engine: Engine, gateways: Settings | None = None) -> None:
        self.hands, self.engine = Hands(), engine
        its = (gateways or settings("africastalking", "")).model_copy(
            update={"secret_key": SecretStr(SECRET), "demo": True}
        )
        self.app = create_app(its, self.hands, engine=engine)

    async def ask(self, method: str, path: str, body: bytes = b"", **form: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://sugu") as client:
            content = body or urlencode(form).encode()
            return await client.request(method, path, content=content, headers=FORM)

    async def text(self, words: str, **form: str) -> httpx.Response:
        said = {
            "from": AWA,
            "to": "36000",
            "text": words,
            "id": words,
            "date": "2026-11-25 10:00:00",
        }
        return await self.ask("POST", f"/hooks/africastalking/{TOKEN}/sms", **{**said, **form})

    def inbox(self) -> list[Inbox]:
        with reading(self.engine) as session:
            return list(session.exec(select(Inbox).order_by(col(Inbox.id))))

    def outbox(self) -> list[Delivery]:
        with reading(self.engine) as session:
            return list(session.exec(select(Delivery).order_by(col(Delivery.id))))


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


@pytest.fixture
def tower(engine: Engine) -> Tower:
    furnish(engine)
    return Tower(engine)


async def test_pitfall_01_an_empty_text_opens_a_session_and_is_no_error(tower: Tower):
    answer = await tower.post(FIRST_DIAL)
    assert (answer.status, answer.text[:4]) == (200, "CON ")


async def test_pitfall_02_a_screen_is_bare_text_and_not_quoted_json(tower: Tower):
    answer = await tower.post(FIRST_DIAL)
    assert answer.body.startswith(b"CON ")
    assert answer.headers["content-type"].startswith("text/plain")


def test_pitfall_03_a_plus_that_the_form_turned_into_a_space_is_put_back():
    (sms,) = at.read_sms(post("from=+22370000001&text=ARA+225&id=1"))
    assert sms.sender == "+22370000001"


async def test_pitfall_04_a_wrong_content_type_hides_nothing(tower: Tower):
    mislabelled = await tower.post(FIRST_DIAL, kind=b"application/json")
    as_object = await tower.post(as_json(sessionId="S2", phoneNumber="+22376000009", text=""))
    missing = await tower.post(b"--boundary\r\n", kind=b"multipart/form-data")
    assert mislabelled.text[:4] == as_object.text[:4] == "CON "
    assert missing.text[:4] == "END "


def test_pitfall_05_latin_letters_in_percent_bytes_are_read_as_windows_ones():
    (sms,) = at.read_sms(post("from=%2B22370000001&text=ma%EFs+%E9t%E9&id=1"))
    assert sms.text == "maïs été"


async def test_pitfall_06_a_field_given_twice_is_no_guess_for_ussd_and_the_first_for_sms(
    tower: Tower,
):
    twice = await tower.post(FIRST_DIAL + b"&phoneNumber=%2B22376000008")
    (sms,) = at.read_sms(post("from=%2B22370000001&text=ARA+225&text=ARA+999&id=1"))
    assert twice.text[:4] == "END "
    assert isinstance(at.read_ussd(post(FIRST_DIAL + b"&text=1")), Unreadable)
    assert sms.text == "ARA 225"


def test_pitfall_07_what_forms_need_is_asked_for_by_name():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert any(each.startswith("python-multipart") for each in project["dependencies"])


async def test_pitfall_08_a_trailing_slash_is_not_redirected(house: House):
    for kind in Kind:
        answer = await house.ask("POST", f"/hooks/africastalking/{TOKEN}/{kind}/")
        assert answer.status_code == 404, kind


async def test_pitfall_09_a_message_repeated_for_twelve_hours_is_one_message(house: House):
    for _ in range(5):
        assert (await house.text("AIDE", id="m1")).status_code == 200
        house.hands.wait(hours=3)
    assert len(house.inbox()) == 1
    assert len(house.outbox()) == 1


async def test_pitfall_10_without_an_id_the_same_words_within_ten_minutes_are_one(house: House):
    for _ in range(2):
        await house.text("AIDE", id="", date="")
        house.hands.wait(minutes=4)
    house.hands.wait(minutes=11)
    await house.text("AIDE", id="", date="")
    assert len(house.inbox()) == 2


async def test_pitfall_11_a_date_without_zone_or_sense_never_refuses_a_message(house: House):
    for date in ("2026-08-02 06:04:45", "2026-08-02T06:04:45Z", "hier", ""):
        assert (await house.text("AIDE", id=f"m-{date}", date=date)).status_code == 200
    assert len(house.inbox()) == 4


async def test_pitfall_12_an_unknown_status_is_kept_and_answered_200(house: House):
    note = {"id": "x", "status": "Teleported", "phoneNumber": AWA}
    answer = await house.ask("POST", f"/hooks/africastalking/{TOKEN}/delivery", **note)
    assert answer.status_code == 200


def test_pitfall_13_a_report_may_come_before_the_answer_to_the_send(engine: Engine):
    from service.sms.gateway import DeliveryNote
    from service.sms.outbox import deliveries

    early = DeliveryNote("p-1", None, None, NoteState.DELIVERED, None, "Success")
    with writing(engine) as session:
        sending.people(session, 1)
        sending.a_run(session)
        batch = sending.take(session)
        deliveries.apply(session, sending.VAULT, batch.gateway, early, sending.NOON)
        sending.settled(
            session, batch, [sending.Sent(str(batch.rows[0].id), Outcome.ACCEPTED, "p-1")]
        )
        assert sending.states(session) == {"delivered": 1}


async def test_pitfall_14_the_words_none_and_zero_are_neither_an_id_nor_a_price():
    with standing_in("africastalking", "blacklist") as carrier:
        sender = gateway("africastalking", carrier.url)
        _, refused = await sender.send(parcel(AWA, BAKARY))
        await sender.close()
    assert (refused.provider_id, refused.cost) == (None, None)
    assert refused.outcome is Outcome.REJECTED


async def test_pitfall_15_a_shared_code_has_no_sender_and_our_word_in_front():
    with standing_in("africastalking") as carrier:
        sender = gateway("africastalking", carrier.url, omit_sender=True, keyword="KITA")
        await sender.send(parcel())
        await sender.close()
    (sms,) = sender.read_sms(post("from=%2B22370000001&text=Kita+ARA+225&id=1"))
    assert "from" not in carrier.asked[0].form
    assert sms.text == "ARA 225"


@pytest.mark.parametrize("words", ["KITA ARA 225", "ARA 225"])
def test_pitfall_16_the_keyword_may_be_there_or_already_gone(words: str):
    kannel = gateway("kannel", "", keyword="KITA")
    query = urlencode({"from": AWA, "text": words})
    (sms,) = kannel.read_sms(RawRequest("GET", "/", query))
    assert sms.text == "ARA 225"


def test_pitfall_17_a_first_message_that_grew_to_two_parts_is_booked_as_two(engine: Engine):
    with writing(engine) as session:
        sending.people(session, 1)
        sending.a_run(session)
        batch = sending.take(session)
        key = str(batch.rows[0].id)
        sending.settled(session, batch, [sending.Sent(key, Outcome.ACCEPTED, "p-1", parts=2)])
    with reading(engine) as session:
        assert [row.segments for row in session.exec(select(Delivery))] == [2]


async def test_pitfall_18_nobody_is_told_to_answer_a_name_but_to_dial_a_code(house: House):
    await house.text("AIDE")
    (reply,) = house.outbox()
    with reading(house.engine) as session:
        from service.sms.tables import MessageText

        body = session.get_one(MessageText, reply.text_id).body
    assert "*384*77#" in body


async def test_pitfall_19_the_price_stands_on_the_first_screen(tower: Tower, engine: Engine):
    _known(engine)
    assert "F/kg" in await Phone(tower).dial()


async def test_pitfall_20_a_session_outlives_the_process_that_began_it(engine: Engine):
    furnish(engine)
    _known(engine)
    before, after = Phone(Tower(engine)), Phone(Tower(engine))
    await before.dial()
    said = await before.press("9")
    after.session, after.text = before.session, before.text
    assert await after.send() == said


async def test_pitfall_21_a_turn_sent_twice_sends_one_sms(tower: Tower, engine: Engine):
    _known(engine)
    phone = Phone(tower)
    await phone.dial()
    said = await phone.press("9", "2")
    assert await phone.send() == said
    with reading(engine) as session:
        assert len(session.exec(select(Delivery)).all()) == 1


async def test_pitfall_22_the_sdk_waits_in_a_thread_and_holds_nobody_up():
    sent = threading.Event()

    def slow(carrier: StandIn, asked: object, mode: str) -> Answer:
        assert sent.wait(20), "the balance was awaited before anything could be sent"
        return Answer(200, JSON, b'{"userData": {"balance": "XOF 5"}}')

    def quick(carrier: StandIn, asked: object, mode: str) -> Answer:
        sent.set()
        return Answer(202, body=b"0: Accepted for delivery")

    with StandIn(slow) as sdk, StandIn(quick) as other:
        weighing, sender = gateway("africastalking", sdk.url), gateway("kannel", other.url)
        health, _ = await asyncio.gather(weighing.health(), sender.send(parcel()))
        await sender.close()
    assert health.ok


async def test_pitfall_23_a_network_error_behind_the_sdk_is_not_swallowed():
    health = await gateway("africastalking", "http://127.0.0.1:1").health()
    assert not health.ok


async def test_pitfall_24_json_with_a_charset_in_its_type_is_still_json():
    with standing_in("africastalking", "charset") as carrier:
        sender = gateway("africastalking", carrier.url)
        (sent,) = await sender.send(parcel())
        await sender.close()
    assert (sent.outcome, sent.provider_id) == (Outcome.ACCEPTED, "id-0001")


async def test_pitfall_25_taken_and_then_cut_off_is_unknown_and_not_sent_again():
    with standing_in("africastalking", "reset") as carrier:
        sender = gateway("africastalking", carrier.url)
        answer = await sender.send(parcel(AWA, BAKARY, COUMBA))
        await sender.close()
    assert {one.outcome for one in answer} == {Outcome.UNKNOWN}
    assert carrier.times_accepted() == {AWA: 1, BAKARY: 1, COUMBA: 1}


async def test_pitfall_26_a_proxy_in_the_environment_carries_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with standing_in("android") as carrier:
        sender = gateway("android", carrier.url)
        (sent,) = await sender.send(parcel())
        await sender.close()
    assert sent.outcome is Outcome.ACCEPTED


def test_pitfall_27_kannel_is_answered_with_nothing_and_configured_to_say_nothing():
    for kind in Kind:
        ack = gateway("kannel", "").ack(kind, "ok")
        assert (ack.status, ack.body) == (200, b"")
    page = Path("docs/gateways.md").read_text()
    group = page[page.index("group = sms-service") : page.index("group = sendsms-user")]
    assert "omit-empty = true" in group
    assert "max-messages = 0" in group


def test_pitfall_28_jasmin_is_answered_with_its_own_exact_word():
    for kind in Kind:
        assert gateway("jasmin", "").ack(kind, "ok").body == b"ACK/Jasmin"


@pytest.mark.parametrize("name", ["kannel", "jasmin"])
async def test_pitfall_29_numbers_go_without_a_plus_where_the_wire_wants_none(name: str):
    with standing_in(name) as carrier:
        sender = gateway(name, carrier.url)
        await sender.send(parcel())
        await sender.close()
    assert carrier.asked[0].form["to"] == "22370000001"
    (sms,) = sender.read_sms(RawRequest("GET", "/", "from=22370000001&text=x&content=x"))
    assert sms.sender == "+22370000001"


async def test_pitfall_30_of_several_messages_at_once_each_stands_alone(engine: Engine):
    house = House(engine, settings("http", "http://unused"))
    one = {"id": "1", "expediteur": {"numero": "22370000001"}, "contenu": "AIDE"}
    two = {"id": "2", "expediteur": {"numero": "22370000002"}, "contenu": "AIDE"}
    import json

    for batch in ([one, {"id": "9"}], [one, two]):  # the second time, the first comes again
        body = json.dumps({"lot": {"messages": batch}}).encode()
        answer = await house.ask("POST", f"/hooks/http/{TOKEN}/sms", body)
        assert answer.status_code == 200
    assert [row.key for row in house.inbox()] == ["1", "2"]


def test_pitfall_31_narrow_spaces_and_accents_outside_gsm_are_folded_before_any_wire():
    assert is_gsm7(to_gsm("maïs 12\u202f500\xa0F\u202fCFA, tiga sɔngɔ « ŋɲɛ »"))


async def test_pitfall_32_a_token_that_lives_for_a_string_is_asked_for_once():
    with standing_in("orange") as carrier:  # it says "expires_in": "3600"
        sender = gateway("orange", carrier.url)
        await asyncio.gather(*(sender.send(parcel()) for _ in range(4)))
        await sender.close()
    assert [asked.path for asked in carrier.asked].count("/oauth/v3/token") == 1


def test_pitfall_33_a_token_in_a_path_never_reaches_a_log():
    line = f'127.0.0.1 - "POST /hooks/orange/{TOKEN}/sms HTTP/1.1" 200'
    assert TOKEN not in redact(line)
    assert "/hooks/orange/***/sms" in redact(line)


async def test_pitfall_34_an_advertisers_name_is_kept_and_never_answered(house: House):
    for sender in ("Orange-Promo", "36111", "Moov"):
        assert (await house.text("Gagnez", **{"from": sender}, id=sender)).status_code == 200
    assert [row.state for row in house.inbox()] == ["ignored"] * 3
    assert house.outbox() == []


async def test_pitfall_35_two_machines_that_answer_each_other_soon_stop(house: House):
    for round_ in range(15):
        await house.text("AIDE", id=f"m{round_}")
        house.hands.wait(seconds=20)
    assert 1 <= len(house.outbox()) <= 10


async def test_pitfall_36_a_health_check_of_the_carrier_is_answered_200(house: House):
    for kind in (Kind.SMS, Kind.DELIVERY, Kind.USSD_END, Kind.OPT_OUT):
        answer = await house.ask("GET", f"/hooks/africastalking/{TOKEN}/{kind}")
        assert (answer.status_code, answer.text) == (200, "OK"), kind
    assert house.inbox() == []


def _known(engine: Engine) -> None:
    facts = {"language": "fr", "village": "V3", "product": "ARA", "market": "KITA", "kilos": 200}
    with writing(engine) as session:
        number = parse("+22376000001")
        people.enrol_subscriber(session, TOWER_VAULT, number, Hands().now, **facts)
