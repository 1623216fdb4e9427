"""Settings: read once, refused when they cannot be meant."""

import re
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from service.settings import Http, QuietHours, Settings, WeakSecret, listing
from tests.gateways.rooms import AGGREGATOR

STRONG = "9f2c4b8e1d7a60531c9e8f4b2a7d6051"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch):
    def read(**said: str) -> Settings:
        for name, value in said.items():
            monkeypatch.setenv(f"SUGU_{name}", value)
        return Settings(_env_file=None)

    return read


def test_every_setting_is_named_once_and_explained():
    rows = listing()
    names = [name for name, _, _ in rows]
    assert len(names) == len(set(names))
    assert all(meaning and "|" not in meaning for _, _, meaning in rows)


def test_the_defaults_are_those_of_the_table():
    shown = {name: default for name, default, _ in listing()}
    assert shown["SUGU_QUIET_HOURS"] == "20:00-06:30"
    assert shown["SUGU_PREFIXES"] == "+223"
    assert shown["SUGU_SECRET_KEY"] == ""
    assert shown["SUGU_GATEWAY"] == "loopback"
    assert shown["SUGU_ORANGE__SENDER_ADDRESS"] == "tel:+2230000"


def test_every_default_can_be_written_back_as_it_is_shown(env):
    said = {name.removeprefix("SUGU_"): default for name, default, _ in listing() if default}
    assert env(**said) == Settings(_env_file=None)


@pytest.mark.parametrize(
    ("at", "quiet"),
    [("19:59", False), ("20:00", True), ("00:00", True), ("06:29", True), ("06:30", False)],
)
def test_quiet_hours_span_midnight(at: str, quiet: bool):
    assert QuietHours(time(20), time(6, 30)).hold(time.fromisoformat(at)) is quiet


def test_quiet_hours_within_one_day_and_none_at_all(env):
    assert QuietHours(time(12), time(14)).hold(time(13))
    assert not QuietHours(time(12), time(14)).hold(time(14))
    assert env(QUIET_HOURS="").quiet_hours is None
    assert env(QUIET_HOURS="21:00 - 06:00").quiet_hours == QuietHours(time(21), time(6))


@pytest.mark.parametrize("said", ["20:00", "evening-morning", "25:00-06:00"])
def test_quiet_hours_nobody_can_mean_are_refused(env, said: str):
    with pytest.raises(ValidationError):
        env(QUIET_HOURS=said)


@pytest.mark.parametrize(
    "said",
    ["orange=orange,android; 6 = kannel", '{"orange": ["orange", "android"], "6": ["kannel"]}'],
)
def test_routes_are_written_short_or_as_json(env, said: str):
    assert env(ROUTES=said).routes == {"orange": ("orange", "android"), "6": ("kannel",)}


def test_lists_costs_and_secrets_are_read(env):
    found = env(PREFIXES="+223, +221", COST_PER_SEGMENT="moov=9;*=12.5", SECRET_KEYS_OLD="a,b")
    assert found.prefixes == ("+223", "+221")
    assert found.cost_per_segment == {"moov": Decimal(9), "*": Decimal("12.5")}
    assert [each.get_secret_value() for each in found.secret_keys_old] == ["a", "b"]


def test_a_gateways_settings_are_nested(env):
    found = env(AFRICASTALKING__BASE_URL="http://127.0.0.1:9999/", AFRICASTALKING__API_KEY="zq-key")
    assert found.africastalking.base_url == "http://127.0.0.1:9999"
    assert "zq-key" not in repr(found)


@pytest.mark.parametrize(
    "said",
    [
        {"GATEWAY": "pigeon"},
        {"TIMEZONE": "Africa/Kita"},
        {"AFRICASTALKING__USER": "x"},
        {"HTTP__ID_PATTERN": "no group"},
        {"HTTP__SUCCESS_PATTERN": "("},
        {"SEND_RATE": "0"},
        {"BIND_PORT": "99999"},
    ],
    ids=lambda said: next(iter(said)),
)
def test_what_cannot_be_meant_is_refused_at_the_start(env, said: dict[str, str]):
    with pytest.raises((ValidationError, KeyError)):
        env(**said)


def test_a_strong_secret_is_given_back():
    assert Settings(_env_file=None, secret_key=SecretStr(STRONG)).require_secret() == STRONG


@pytest.mark.parametrize(
    "weak",
    [
        None,
        "",
        "short",
        STRONG[:31],
        "x" * 64,
        "abab" * 16,
        "changeme" * 8,
        "please-change-me-before-serving-anyone",
        "your-secret-key-goes-here-0123456789",
        "replace-me-with-openssl-rand-hex-32",
    ],
)
def test_a_weak_secret_is_refused_with_what_to_do(weak: str | None):
    secret = SecretStr(weak) if weak is not None else None
    with pytest.raises(WeakSecret, match="SUGU_SECRET_KEY"):
        Settings(_env_file=None, secret_key=secret).require_secret()


def test_short_hook_tokens_are_named_outside_the_demo():
    said = {"orange": {"hook_token": "demo"}, "kannel": {"hook_token": STRONG}}
    assert Settings(_env_file=None, **said).weak_tokens() == ["orange"]
    assert Settings(_env_file=None, demo=True, **said).weak_tokens() == []


@pytest.mark.parametrize("said", ["*", "0.0.0.0/0", "::/0", "127.0.0.1, *", "the proxy"])
def test_a_proxy_is_named_and_never_everybody(env, said: str):
    with pytest.raises(ValidationError):
        env(FORWARDED_ALLOW_IPS=said)
    assert env(FORWARDED_ALLOW_IPS="127.0.0.1,10.0.0.0/8").forwarded_allow_ips


def test_the_documented_aggregator_is_the_one_that_is_tested(env):
    page = Path("docs/gateways.md").read_text()
    said = dict(re.findall(r"^    SUGU_(HTTP__\w+)=(.*)$", page, re.M))
    documented = env(**said).http.model_dump(exclude_unset=True)
    documented = {name: value for name, value in documented.items() if name in AGGREGATOR}
    tested = Http(**AGGREGATOR).model_dump(include=set(documented))
    assert documented | {"content_type": ""} == tested | {"content_type": ""}
    assert len(documented) > 10
