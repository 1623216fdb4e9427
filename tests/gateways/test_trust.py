"""Who may knock: path tokens, signatures, signs of life."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from service.settings import CARRIERS, Settings
from service.sms.gateway import Heartbeat, RawRequest
from service.sms.gateways import build
from service.sms.tokens import Tokens
from tests.conftest import MARKET_DAY
from tests.gateways.rooms import TOKEN, gateway

KEY = "signing-key"
BODY = json.dumps({"event": "system:ping", "deviceId": "d1", "id": "e1", "payload": {}}).encode()


def signed(at: datetime, body: bytes = BODY, key: str = KEY) -> RawRequest:
    stamp = str(int(at.timestamp()))
    mark = hmac.new(key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    return RawRequest("POST", "/", "", {"x-signature": mark, "x-timestamp": stamp}, body)


def test_an_android_event_signed_with_our_key_is_believed():
    phone = gateway("android", "", signing_key=SecretStr(KEY))
    assert phone.verify(signed(MARKET_DAY), MARKET_DAY)


@pytest.mark.parametrize("drift", [-299, -60, 0, 60, 299])
def test_the_clock_of_a_phone_may_be_five_minutes_off(drift: int):
    phone = gateway("android", "", signing_key=SecretStr(KEY))
    assert phone.verify(signed(MARKET_DAY + timedelta(seconds=drift)), MARKET_DAY)


STRANGERS = {
    "another key": signed(MARKET_DAY, key="guess"),
    "another body": signed(MARKET_DAY)._replace(body=BODY.replace(b"d1", b"d2")),
    "a replay": signed(MARKET_DAY - timedelta(seconds=301)),
    "the future": signed(MARKET_DAY + timedelta(seconds=301)),
    "no signature": RawRequest("POST", "/", "", {}, BODY),
    "no timestamp": signed(MARKET_DAY)._replace(
        headers={"x-signature": signed(MARKET_DAY).headers["x-signature"]}
    ),
    "a timestamp in letters": signed(MARKET_DAY)._replace(
        headers={**signed(MARKET_DAY).headers, "x-timestamp": "now"}
    ),
    "a signature in accents": signed(MARKET_DAY)._replace(
        headers={**signed(MARKET_DAY).headers, "x-signature": "é" * 64}
    ),
}


@pytest.mark.parametrize("raw", STRANGERS.values(), ids=STRANGERS.keys())
def test_an_android_event_is_refused_for(raw: RawRequest):
    phone = gateway("android", "", signing_key=SecretStr(KEY))
    assert not phone.verify(raw, MARKET_DAY)


def test_without_a_signing_key_the_path_token_is_all_there_is():
    assert gateway("android", "").verify(RawRequest("POST", "/", "", {}, BODY), MARKET_DAY)


def test_a_phone_gives_a_sign_of_life():
    phone = gateway("android", "")
    assert phone.read_heartbeat(signed(MARKET_DAY)) == Heartbeat("d1", MARKET_DAY)
    assert phone.read_heartbeat(RawRequest("POST", "/", "", {}, b"{}")) is None


def test_two_tokens_open_while_the_operator_changes_the_address():
    tokens = Tokens("new-token", "old-token")
    assert tokens.accept("new-token")
    assert tokens.accept("old-token")


@pytest.mark.parametrize(
    "given", ["", "new-toke", "new-tokens", "NEW-TOKEN", "é", "None", "\ud800"]
)
def test_no_other_token_opens(given: str):
    assert not Tokens("new-token", None).accept(given)
    assert not Tokens(None, None).accept(given)


@pytest.mark.parametrize("name", CARRIERS)
def test_a_gateway_without_a_token_hears_nobody(name: str):
    quiet = build(Settings(_env_file=None), [name])[name]
    assert not quiet.tokens.accept("")
    assert not quiet.tokens.accept("demo")


def test_the_demo_token_is_known_in_the_demo_only():
    shown = build(Settings(_env_file=None, demo=True))["loopback"]
    assert shown.tokens.accept("demo")
    assert not build(Settings(_env_file=None, demo=True))["orange"].tokens.accept("demo")


@pytest.mark.parametrize("name", CARRIERS)
def test_every_carrier_is_built_under_its_own_name(name: str):
    built = build(Settings(_env_file=None))
    assert list(built) == list(CARRIERS)
    assert built[name].name == name
    assert gateway(name, "").tokens.accept(TOKEN)


def test_the_rate_is_the_gateways_own_then_the_general_one_then_what_suits_it():
    def rate(**said: object) -> float:
        return build(Settings(_env_file=None, **said))["android"].capabilities.rate

    assert rate() == 0.2
    assert rate(send_rate=50) == 50
    assert rate(send_rate=50, android={"rate": 1}) == 1


def test_an_instant_without_zone_is_utc():
    assert signed(MARKET_DAY).headers["x-timestamp"] == str(
        int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp())
    )
