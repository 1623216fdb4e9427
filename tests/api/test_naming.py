"""A request has a name, and every line logged for it says it; so does a message."""

import io
import json
import logging

import pytest
import structlog
from sqlalchemy import text

from service.db import make_engine, writing
from service.logs import configure
from service.prices.store import bump
from tests.conftest import MARKET_DAY
from tests.town import TOKEN, Town, reporters

AWA = "+22370000001"
FORM = {"id": "ATXid_7", "from": AWA, "to": "36000", "text": "KITA ARA 225"}
SMS = f"/hooks/loopback/{TOKEN}/sms"


@pytest.fixture
def town(kita_sqlite_url: str):
    engine = make_engine(kita_sqlite_url)
    town = Town(engine, kita_sqlite_url, MARKET_DAY)
    reporters(town, AWA)
    town.open()
    yield town
    town.close()
    engine.dispose()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch):
    """What both kinds of logging write, line by line; other tests' settings come back after."""
    before = structlog.get_config()
    handlers, level = list(logging.root.handlers), logging.root.level
    stream = io.StringIO()
    configure("info")
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False
    )
    for module in ("hooks", "errors"):
        monkeypatch.setattr(f"service.api.{module}.log", structlog.get_logger())
    monkeypatch.setattr("service.sms.intake.log", structlog.get_logger())
    logging.root.handlers[0].setStream(stream)

    def read() -> list[dict]:
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.contextvars.clear_contextvars()


def test_the_lines_of_a_message_carry_its_request_and_its_id(town: Town, lines):
    assert town.post(SMS, FORM).status == 200
    (line,) = [each for each in lines() if each["event"] == "sms_in"]
    assert line["message"] == "ATXid_7"
    assert line["gateway"] == "loopback"
    assert (line["inbox"], line["outcome"]) == (1, "handled")
    assert len(line["request"]) == 16
    assert "70000001" not in json.dumps(line)


def test_so_do_the_lines_of_whatever_goes_wrong_in_it(town: Town, lines):
    with writing(town.engine) as session:
        session.execute(text("DELETE FROM unit WHERE code = 'KG'"))
        bump(session, catalog=True)
    town.state.refresh()
    assert town.post(SMS, FORM).status == 200
    stuck, done = (each for each in lines() if each["event"] in ("stuck", "sms_in"))
    assert stuck["level"] == "error"
    for line in (stuck, done):
        assert (line["request"], line["message"]) == (done["request"], "ATXid_7")


def test_a_request_that_cannot_be_stored_is_named_too(town: Town, lines):
    with writing(town.engine) as session:
        session.execute(text("ALTER TABLE exchange RENAME TO away"))
    assert town.post(SMS, FORM).status == 503
    (line,) = [each for each in lines() if each["event"] == "database"]
    assert len(line["request"]) == 16
    assert line["path"] == "/hooks"


def test_two_requests_have_two_names(town: Town, lines):
    for number in ("a", "b"):
        town.post(SMS, FORM | {"id": number})
    first, second = (each for each in lines() if each["event"] == "sms_in")
    assert first["request"] != second["request"]
    assert (first["message"], second["message"]) == ("a", "b")


def test_a_librarys_line_is_json_with_the_same_names(lines):
    with structlog.contextvars.bound_contextvars(request="abcdefgh"):
        logging.getLogger("uvicorn.error").warning("started %s", "well")
    (line,) = lines()
    assert (line["event"], line["logger"], line["level"]) == (
        "started well",
        "uvicorn.error",
        "warning",
    )
    assert line["request"] == "abcdefgh"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("proxy-1234", True), ("x", False), ("a b c d e f g h", False), ("{}" * 20, False)],
)
def test_the_name_a_proxy_gave_is_kept_where_it_is_one(town: Town, given: str, kept: bool):
    import httpx2

    async def ask():
        transport = httpx2.ASGITransport(app=town.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://sugu") as client:
            return await client.get("/healthz", headers={"x-request-id": given})

    answer = town._loop.run_until_complete(ask())
    assert (answer.headers["x-request-id"] == given) is kept
