"""Golden payloads: what each carrier sends, and what we make of it (`tests/cases/carriers`)."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.settings import CARRIERS
from service.sms.gateway import Gateway, Kind, RawRequest, Unreadable, UssdTurn
from service.sms.gateways.fields import fields, instant, number, without
from tests.conftest import MARKET_DAY
from tests.gateways.rooms import gateway

CASES = sorted(Path("tests/cases/carriers").rglob("*.json"))
SWITCHES = {"orange": {"ussd": True}}


def read(carrier: Gateway, kind: str, raw: RawRequest):
    match Kind(kind):
        case Kind.SMS:
            return carrier.read_sms(raw)
        case Kind.DELIVERY:
            return carrier.read_delivery(raw)
        case Kind.USSD:
            return carrier.read_ussd(raw)
        case Kind.USSD_END:
            return carrier.read_ussd_end(raw)
        case Kind.OPT_OUT:
            return carrier.read_opt_out(raw)
        case Kind.CALL:
            return carrier.read_call(raw)


def plain(value):
    """As JSON has it."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, UssdTurn):
        said = value._asdict()
    else:
        said = asdict(value) if value is not None else None
    return json.loads(json.dumps(said, default=datetime.isoformat))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_payload_is_read_as_its_case_says(path: Path):
    case = json.loads(path.read_text())
    name = path.parent.name
    said = case["request"]
    raw = RawRequest(
        said["method"], said["path"], said["query"], said["headers"], said["body"].encode()
    )
    found = read(gateway(name, "http://unused", **SWITCHES.get(name, {})), case["kind"], raw)
    assert plain(found) == case["expect"], case["about"]


def test_every_gateway_has_its_golden_payloads():
    assert {path.parent.name for path in CASES} == set(CARRIERS)


@pytest.mark.parametrize("name", CARRIERS)
@given(body=st.binary(max_size=300), query=st.text(max_size=60))
def test_no_stranger_can_make_a_reader_raise(name: str, body: bytes, query: str):
    carrier = gateway(name, "http://unused")
    for kind in Kind:
        raw = RawRequest("POST", "/", query, {}, body)
        read(carrier, kind, raw)
        carrier.verify(raw, MARKET_DAY)


HOSTILE = [
    b"[" * 16_000,
    b'{"text": "\\ud800", "from": "+22370000001"}',
    b"from=%2B22370000001&text=%00%00a",
    b"from=%2B22370000001&text=%EF%BF%BD",
    b"from=%2B22370000001&text=a&" + b"x=1&" * 5_000,
    b'{"from": "+22370000001", "text": 1e999, "id": {"a": 1}}',
    b"%",
    b"=&=&&&;",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bodies_yield_text_a_database_can_keep(body: bytes):
    for sms in gateway("africastalking", "").read_sms(RawRequest("POST", "/", "", {}, body)):
        assert "\0" not in sms.text
        sms.text.encode()


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=6))
def test_a_form_is_read_back_as_it_was_written(said: dict[str, str]):
    from urllib.parse import urlencode

    clean = {name.replace("\0", ""): value.replace("\0", "") for name, value in said.items()}
    body = urlencode(clean).encode()
    assert fields(RawRequest("POST", "/", "", {}, body)).values == clean


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("+22370000001", "+22370000001"),
        (" 22370000001", "+22370000001"),
        ("22370000001", "+22370000001"),
        ("0022370000001", "+22370000001"),
        ("70 00 00 01", "+22370000001"),
        ("tel:+22370000001", "+22370000001"),
        ("+33612345678", "+33612345678"),
        ("36000", "36000"),
        ("70ORANGE", "70ORANGE"),
        ("ORANGE", "ORANGE"),
        ("٧٠٠٠٠٠٠١", "٧٠٠٠٠٠٠١"),
        ("", ""),
    ],
)
def test_a_number_is_e164_or_left_as_it_came(said: str, means: str):
    assert number(said) == means


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("2026-08-02 06:04:45", "2026-08-02T06:04:45+00:00"),
        ("2026-08-02T06:04:45Z", "2026-08-02T06:04:45+00:00"),
        ("2026-08-02T06:04:45.445Z", "2026-08-02T06:04:45.445000+00:00"),
        ("2026-08-02T08:04:45+02:00", "2026-08-02T06:04:45+00:00"),
        ("1785650685", "2026-08-02T06:04:45+00:00"),
        ("1785650685445", "2026-08-02T06:04:45.445000+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("99999999999999999999", None),
        ("hier", None),
        ("", None),
    ],
)
def test_a_date_is_read_in_utc_or_not_at_all(said: str, means: str | None):
    found = instant(said)
    assert (found.isoformat() if found else None) == means


@pytest.mark.parametrize(
    ("keyword", "text", "rest"),
    [
        ("KITA", "kita ARA 225", "ARA 225"),
        ("KITA", "ARA 225", "ARA 225"),
        ("KITA", "KITA", ""),
        ("KITA", "KITARA 225", "KITARA 225"),
        ("", "  ARA 225", "  ARA 225"),
    ],
)
def test_our_word_on_a_shared_code_is_dropped_when_it_is_there(keyword, text, rest):
    assert without(keyword, text) == rest


def test_a_reason_for_not_reading_never_holds_what_was_sent():
    body = b"sessionId=s&phoneNumber=%2B22370000001x&text=secret"
    found = gateway("africastalking", "").read_ussd(RawRequest("POST", "/", "", {}, body))
    assert isinstance(found, Unreadable)
    assert "7000" not in found.reason
    assert "secret" not in found.reason
