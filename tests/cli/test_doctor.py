"""`sugu doctor` in the terminal: what it prints, and the code it ends with."""

import pytest
from sqlmodel import select

from service import clock
from service.cli.checks import BUILT
from service.db import make_engine, reading, writing
from service.sms.tables import Delivery, Exchange, JobRun
from tests.cli.conftest import TOKEN, Sugu
from tests.cli.test_commands import fails, works
from tests.gateways.rooms import SECRET
from tests.gateways.standins import standing_in


@pytest.fixture
def ready(quick: Sugu, kita_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Sugu:
    """A house in order: its worker has just ticked, its gateway sends, the clock is right."""
    monkeypatch.setattr("service.cli.checks.LEAST_DISK", 0)
    monkeypatch.setenv("SUGU_DEMO", "true")
    engine = make_engine(kita_sqlite_url)
    with writing(engine) as session:
        now = max(clock.system(), BUILT)
        session.add(JobRun(name="fire", started_at=now, finished_at=now))
    engine.dispose()
    return quick


def test_a_house_in_order_passes_every_check(ready: Sugu):
    said = works(ready("doctor"))
    assert [line[:4] for line in said.splitlines()] == ["ok  "] * 8


def test_the_gateway_of_the_demo_is_tried_from_end_to_end(ready: Sugu, kita_sqlite_url: str):
    said = works(ready("doctor", "--gateway", "loopback", "--wait", "5"))
    assert "gateway loopback: accepted, id loop-" in said
    assert "report: Success after " in said
    engine = make_engine(kita_sqlite_url)
    with reading(engine) as session:
        (row,) = session.exec(select(Delivery)).all()
        assert (row.kind, row.state, row.gateway) == ("test", "delivered", "loopback")
        (raw,) = session.exec(select(Exchange)).all()
        assert (raw.direction, raw.kind) == ("in", "delivery")
    engine.dispose()


def test_a_carrier_without_reports_fails_with_one_sentence(
    ready: Sugu, monkeypatch: pytest.MonkeyPatch
):
    with standing_in("kannel") as carrier:
        for name, value in {
            "BASE_URL": carrier.url,
            "USERNAME": "kita",
            "PASSWORD": SECRET.get_secret_value(),
            "HOOK_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(f"SUGU_KANNEL__{name}", value)
        result = ready("doctor", "--gateway", "kannel", "--to", "70 00 00 01", "--wait", "0")
    last = fails(result, "1 of 10 checks failed", "contract: no delivery report within 0 s")
    assert SECRET.get_secret_value() not in result.output + last
    assert [taken.phone for taken in carrier.accepted] == ["+22370000001"]


@pytest.mark.parametrize(
    ("words", "due"),
    [
        (["--gateway", "pigeon"], "There is no gateway pigeon"),
        (["--gateway", "orange"], "--to"),
        (["--gateway", "orange", "--to", "abc"], "not a phone number"),
        (["--gateway", "orange", "--to", "+33612345678"], "SUGU_PREFIXES"),
    ],
)
def test_what_cannot_be_tried_is_said_and_nothing_is_sent(words, due, ready: Sugu):
    fails(ready("doctor", *words), due)


def test_a_house_not_in_order_names_its_first_fault(quick: Sugu):
    fails(quick("doctor"), "checks failed, the first: worker")
