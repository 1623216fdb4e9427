"""Logs hold no phone number, no hook token and no key, whoever wrote the line."""

import io
import json
import logging

import pytest
import structlog

from service.logs import configure, redact
from service.phone import Phone

SECRETS = ("76000001", "76 00 00 01", "tok-abcdefghijklmnop", "Zm9vYmFyYmF6")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Everything both kinds of logging wrote; the settings of other tests come back after."""
    before = structlog.get_config()
    handlers, level = list(logging.root.handlers), logging.root.level
    stream = io.StringIO()
    configure("debug")
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False
    )
    logging.root.handlers[0].setStream(stream)
    yield stream
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize(
    "said",
    [
        "+22376000001",
        "22376000001",
        "0022376000001",
        "+223 76 00 00 01",
        "+223-76-00-00-01",
        "+223 76000001",
        "from=%2B22376000001&x",
        "phone 22376000001, twice 22376000001",
        "/hooks/loopback/tok-abcdefghijklmnop/sms",
        'GET "/hooks/android/tok-abcdefghijklmnop/sms?x=1"',
        "key sugu_Ab12_Zm9vYmFyYmF6 was refused",
    ],
)
def test_secrets_are_taken_out_of_a_text(said: str):
    shown = redact(said)
    assert not any(secret in shown for secret in SECRETS), shown


def test_enough_is_left_to_follow_a_case():
    assert redact("+223 76 00 12 34 asked") == "+223****1234 asked"
    assert redact("/hooks/kannel/tok-abcdefghijklmnop/sms") == "/hooks/kannel/***/sms"


def test_what_is_no_secret_is_left_alone():
    for said in ("ARA 225 F/kg", "run 2230 finished: 1000 sent", "2026-11-20T10:00:00"):
        assert redact(said) == said


def test_a_structured_line_is_redacted_however_deep_its_values_are(lines: io.StringIO):
    structlog.get_logger().warning(
        "of +22376000001",
        path="/hooks/loopback/tok-abcdefghijklmnop/sms",
        people=["22376000001", {"phone": "+223 76 00 00 01"}],
        phone=Phone("+22376000001"),
        body=b"from=22376000001",
    )
    shown = lines.getvalue()
    assert json.loads(shown)["level"] == "warning"
    assert not any(secret in shown for secret in SECRETS), shown


def test_an_exception_is_redacted_with_its_message(lines: io.StringIO):
    try:
        int("no such phone: +22376000001 (sugu_Ab12_Zm9vYmFyYmF6)")
    except ValueError:
        structlog.get_logger().exception("stuck")
        logging.getLogger("any.library").exception("failed for %s", "22376000001")
    shown = lines.getvalue()
    assert shown.count("ValueError") >= 2
    assert not any(secret in shown for secret in SECRETS), shown


def test_a_library_line_is_redacted_too(lines: io.StringIO):
    logging.getLogger("uvicorn.error").warning("POST %s", "/hooks/orange/tok-abcdefghijklmnop/sms")
    assert "/hooks/orange/***/sms" in lines.getvalue()
