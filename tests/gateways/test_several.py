"""Several gateways at once, in a whole house: each operator by its own, another where that fails,
dials by one and messages by another, and doors that no carrier can be locked out of."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from dotenv import dotenv_values
from sqlmodel import col, select

from service.cli import inside
from service.db import make_engine, reading, writing
from service.people import store
from service.phone import Phone
from service.settings import CARRIERS, Settings
from service.sms import outbox
from service.sms.gateway import Kind
from service.sms.gateways import build
from service.sms.tables import Delivery, Exchange, JobRun
from tests.conftest import MARKET_DAY
from tests.gateways.rooms import parcel, settings
from tests.gateways.standins import StandIn, standing_in
from tests.town import TOKEN, Town, reporters

ORANGE, MOOV, TELECEL = "+22370000001", "+22365000001", "+22350000001"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def house(kita_sqlite_url: str) -> Iterator[Callable[..., Town]]:
    """Opens a town in which the carriers named stand in for themselves."""
    engine = make_engine(kita_sqlite_url)
    with ExitStack() as stack:

        def furnished(*names: str, **changes: Any) -> tuple[Town, dict[str, StandIn]]:
            carriers = {name: stack.enter_context(standing_in(name)) for name in names}
            theirs = {
                name: settings(name, carriers[name].url, hook_token=TOKEN, **changes.pop(name, {}))
                .carrier(name)
                .model_copy(update={"rate": 1e9})
                for name in names
            }
            town = Town(engine, kita_sqlite_url, MARKET_DAY, **theirs, **changes)
            town.open()
            stack.callback(town.close)
            return town, carriers

        yield furnished
    engine.dispose()


def write(town: Town, *phones: str, words: str = "Bonjour été") -> None:
    with writing(town.engine) as session:
        for phone in phones:
            contact = store.contact_for(session, town.vault, Phone(phone), town.clock())
            outbox.enqueue(
                session,
                contact_id=store.key(contact.id),
                body=words,
                language="fr",
                kind="reply",
                now=town.clock(),
                limits=town.state.limits,
            )


def knock(
    town: Town, method: str, path: str, body: bytes = b"", headers: dict[str, str] = FORM
) -> inside.Answer:
    return town._loop.run_until_complete(inside.call(town.app, method, path, headers, body))


def rows(town: Town, table: Any) -> list[Any]:
    with reading(town.engine) as session:
        return list(session.exec(select(table).order_by(col(table.id))))


# --- out ------------------------------------------------------------------------------------


def test_each_operator_goes_by_its_own_gateway_and_the_rest_by_the_usual_one(house):
    routes = {"orange": ("kannel",), "65": ("jasmin",)}
    town, carriers = house("kannel", "jasmin", "android", gateway="android", routes=routes)
    write(town, ORANGE, MOOV, TELECEL)
    town.work()
    assert {
        name: [each.phone for each in carrier.accepted] for name, carrier in carriers.items()
    } == {
        "kannel": [ORANGE],
        "jasmin": [MOOV],
        "android": [TELECEL],
    }


def test_where_the_first_gateway_certainly_did_not_send_the_second_does(house):
    town, carriers = house(
        "jasmin", "kannel", gateway="kannel", routes={"orange": ("jasmin", "kannel")}
    )
    carriers["jasmin"].mode = "429"
    write(town, ORANGE)
    town.work()
    town.clock.pass_(minutes=2)
    town.work()
    (row,) = rows(town, Delivery)
    assert (row.state, row.gateway, row.attempts) == ("accepted", "kannel", 2)
    assert not carriers["jasmin"].accepted
    assert len(carriers["kannel"].accepted) == 1
    assert [(each.gateway, each.answer) for each in rows(town, Exchange)] == [
        ("jasmin", "429"),
        ("kannel", "202"),
    ]


def test_where_the_first_gateway_may_have_sent_the_second_does_not(house):
    town, carriers = house(
        "jasmin", "kannel", gateway="kannel", routes={"orange": ("jasmin", "kannel")}
    )
    carriers["jasmin"].mode = "reset"
    write(town, ORANGE)
    town.work()
    town.clock.pass_(minutes=20)
    town.work()
    assert [row.state for row in rows(town, Delivery)] == ["unknown"]
    assert not carriers["kannel"].accepted


def test_each_gateway_has_its_own_sender_letters_pace_and_size_of_request():
    said = Settings(
        _env_file=None,
        africastalking={"sender_id": "KITA", "max_recipients": 50, "rate": 7},
        kannel={"sender_id": "36000", "wire_tier": "bare"},
        jasmin={"rate": 3},
    )
    its = {name: each.capabilities for name, each in build(said).items()}
    assert (its["africastalking"].max_recipients, its["africastalking"].rate) == (50, 7)
    assert (its["kannel"].max_recipients, its["jasmin"].rate) == (1, 3)
    assert [its[name].tier for name in ("africastalking", "kannel")] == ["accented", "bare"]


def test_letters_and_sender_leave_as_their_gateway_wants_them(house):
    town, carriers = house(
        "kannel",
        "jasmin",
        gateway="jasmin",
        routes={"moov": ("kannel",)},
        kannel={"wire_tier": "bare", "sender_id": "36000"},
    )
    write(town, ORANGE, MOOV)
    town.work()
    assert [each.text for each in carriers["jasmin"].accepted] == ["Bonjour été"]
    assert [each.text for each in carriers["kannel"].accepted] == ["Bonjour ete"]
    assert carriers["jasmin"].asked[0].form["from"] == "KITAPRIX"
    assert carriers["kannel"].asked[0].form["from"] == "36000"


# --- in -------------------------------------------------------------------------------------


def test_who_dials_by_one_gateway_is_texted_by_another(house):
    town, carriers = house("africastalking", "kannel", gateway="kannel")
    reporters(town, ORANGE)
    assert town.text(ORANGE, "KITA ARA 225", gateway="africastalking") == 200
    screen = town.dial(ORANGE, gateway="africastalking")
    assert screen.startswith("CON ")
    town.work()
    assert not carriers["africastalking"].accepted
    (reply,) = carriers["kannel"].accepted
    assert reply.phone == ORANGE
    assert "225" in reply.text


def test_kannel_calls_by_get_with_the_names_of_the_group_to_paste(house):
    town, carriers = house("kannel", gateway="kannel")
    reporters(town, ORANGE)
    asked = "id=9&ts=1795168800&from=%2B22370000001&to=36000&charset=UTF-8&coding=0&smsc=o"
    answer = knock(town, "GET", f"/hooks/kannel/{TOKEN}/sms?{asked}&text=KITA+ARA+225")
    assert (answer.status, answer.body) == (200, b"")
    town.work()
    report = carriers["kannel"].asked[0].form["dlr-url"].partition("?")[2]
    told = report.replace("%d", "1").replace("%i", "o").replace("%A", "ok").replace("%F", "7")
    answer = knock(town, "GET", f"/hooks/kannel/{TOKEN}/delivery?{told}")
    assert (answer.status, answer.body) == (200, b"")
    assert [row.state for row in rows(town, Delivery)] == ["delivered"]


def test_orange_asks_for_pages_by_get_when_the_setting_says_so(house):
    town, _ = house("orange", gateway="orange", orange={"ussd": True})
    path = f"/hooks/orange/{TOKEN}/ussd?msisdn={quote(ORANGE)}"
    page = knock(town, "GET", path)
    assert page.status == 200
    assert page.body.startswith(b"<?xml")
    assert b"Francais" in page.body
    assert b"CON " not in page.body


def test_orange_has_no_pages_before(house):
    town, _ = house("orange", gateway="orange")
    assert knock(town, "GET", f"/hooks/orange/{TOKEN}/ussd?msisdn={quote(ORANGE)}").status == 404


def test_a_phone_with_a_sim_signs_its_events_and_gives_signs_of_life(house):
    town, _ = house("android", gateway="android", android={"signing_key": "k"})
    path = f"/hooks/android/{TOKEN}/sms"
    ping = json.dumps({"event": "system:ping", "id": "e1", "deviceId": "d", "payload": {}}).encode()
    stamp = str(int(MARKET_DAY.timestamp()))
    mark = hmac.new(b"k", ping + stamp.encode(), hashlib.sha256).hexdigest()
    signed = {"x-timestamp": stamp, "x-signature": mark}
    assert knock(town, "POST", path, ping).status == 404
    assert knock(town, "POST", path, ping, signed).status == 200
    with reading(town.engine) as session:
        assert session.get(JobRun, "phone android").finished_at == MARKET_DAY


# --- an aggregator nobody has written code for --------------------------------------------------


def the_example() -> dict[str, str]:
    """The aggregator of `docs/gateways.md`, as a technician copies it into `.env`."""
    page = Path("docs/gateways.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in page.splitlines() if line.startswith("    SUGU_HTTP__")]
    read = dotenv_values(stream=StringIO("\n".join(lines)))
    return {name: value for name, value in read.items() if value is not None}


def test_a_new_aggregator_by_configuration_alone_sends_receives_and_reports(
    kita_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    with standing_in("http") as carrier:
        ours = {"BASE_URL": carrier.url, "HOOK_TOKEN": TOKEN, "RATE": "1000"}
        example = the_example() | {f"SUGU_HTTP__{name}": said for name, said in ours.items()}
        for name, value in example.items():
            monkeypatch.setenv(name, value)
        engine = make_engine(kita_sqlite_url)
        town = Town(engine, kita_sqlite_url, MARKET_DAY, gateway="http")
        town.open()
        reporters(town, ORANGE)
        told = {
            "id": "m1",
            "expediteur": {"numero": ORANGE},
            "contenu": "KITA ARA 225",
            "to": "36000",
        }
        letter = json.dumps({"lot": {"messages": [told]}}).encode()
        assert knock(town, "POST", f"/hooks/http/{TOKEN}/sms", letter).status == 200
        town.work()
        (taken,) = carrier.accepted
        assert taken.phone == ORANGE
        assert "225" in taken.text
        assert carrier.asked[0].headers["x-cle"] == "la-cle"
        note = {"id": taken.id, "ref": taken.key, "etat": {"mot": "Livre"}}
        letter = json.dumps({"lot": {"messages": [note]}}).encode()
        assert knock(town, "POST", f"/hooks/http/{TOKEN}/delivery", letter).status == 200
        assert [row.state for row in rows(town, Delivery)] == ["delivered"]
        assert [(each.direction, each.answer) for each in rows(town, Exchange)] == [
            ("in", "handled"),
            ("out", "200"),
            ("in", "delivered"),
        ]
        town.close()
        engine.dispose()


# --- the doors ------------------------------------------------------------------------------


NASTY = (
    b"",
    b"&&&=",
    b"%ff%fe=%00",
    b"{not json",
    b"[]",
    b"null",
    b'{"event": 7, "payload": []}',
    b"from=&text=",
    b"status=Teleported",
    b"id=1&status=1&key=999999999999999999999",
    b"phoneNumber=nobody&sessionId=",
    b"\x00" * 200,
    b"x" * 16_000,
)


@pytest.mark.parametrize("name", CARRIERS)
def test_nothing_a_carrier_sends_is_refused_but_a_wrong_token_is(name: str, house):
    town, _ = house(**{name: {"hook_token": TOKEN}}) if name == "loopback" else house(name)
    kinds = [kind for kind in Kind if kind is not Kind.USSD]
    for kind in kinds:
        for method in ("GET", "POST"):
            for body in NASTY:
                path = f"/hooks/{name}/{TOKEN}/{kind}"
                sent = (f"{path}?{quote(body)}", b"") if method == "GET" else (path, body)
                assert knock(town, method, *sent).status == 200, (kind, method, body[:20])
    for kind in Kind:
        for method in ("GET", "POST"):
            wrong = knock(town, method, f"/hooks/{name}/{TOKEN[:-1]}/{kind}")
            assert (wrong.status, TOKEN in wrong.body.decode()) == (404, False)
    assert knock(town, "POST", f"/hooks/nobody/{TOKEN}/sms").status == 404


def test_what_nobody_understood_is_kept_for_a_technician(house):
    town, _ = house("kannel")
    body = urlencode({"sms_from": ORANGE, "body": "KITA ARA 225"}).encode()
    assert knock(town, "POST", f"/hooks/kannel/{TOKEN}/sms", body).status == 200
    (kept,) = rows(town, Exchange)
    assert kept.answer == "nothing read"
    assert body in town.vault.open_bytes(kept.sealed)


def test_the_same_parcel_leaves_every_gateway_with_one_request_each():
    """The contract in one sentence: whoever carries it, a parcel for one is one message."""

    async def all_of_them() -> dict[str, int]:
        counts = {}
        for name in CARRIERS[:-1]:
            with standing_in(name) as carrier:
                sender = build(settings(name, carrier.url), [name])[name]
                await sender.send(parcel())
                await sender.close()
                counts[name] = len(carrier.accepted)
        return counts

    assert set(asyncio.run(all_of_them()).values()) == {1}
