"""Open data needs no key and shows no person; health says what would fail; docs need no Internet."""

import re

import pytest
from starlette.testclient import TestClient

from service.api.docs import ASSETS
from service.app import create_app
from service.db import writing
from service.sms.tables import JobRun
from tests.api.office import Office, code, reporter

PRICES = "/open/v1/prices"


@pytest.fixture
def priced(office: Office) -> Office:
    one = reporter(office, "+22370000001", name="Awa Secret")
    office.report(one, "ARA", 225)
    return office


def test_prices_are_open_and_name_nobody(priced: Office):
    said = priced.nobody.get(f"{PRICES}.json")
    body = said.json()
    assert (said.status_code, body["demo"], len(body["prices"])) == (200, False, 1)
    price = body["prices"][0]
    assert (
        price
        | {"date": "2026-11-20", "commodity_id": "ARA", "price": 225, "currency": "XOF", "n": 1}
        == price
    )
    text = priced.nobody.get(f"{PRICES}.csv").text
    assert text.startswith(
        "date,admin1,admin2,market,market_id,latitude,longitude,category,commodity,"
    )
    for secret in ("Awa", "70000001", "reporter"):
        assert secret not in said.text + text


def test_prices_are_not_sent_twice_to_who_has_them(priced: Office):
    first = priced.nobody.get(f"{PRICES}.json")
    tag, since = first.headers["etag"], first.headers["last-modified"]
    for kind in ("json", "csv"):
        same = priced.nobody.get(f"{PRICES}.{kind}", headers={"If-None-Match": tag})
        assert (same.status_code, same.content) == (304, b"")
        aged = priced.nobody.get(f"{PRICES}.{kind}", headers={"If-Modified-Since": since})
        assert aged.status_code == 304
    priced.clock.pass_(minutes=5)
    priced.report(reporter(priced, "+22370000002"), "ARA", 235)
    assert priced.nobody.get(f"{PRICES}.json", headers={"If-None-Match": tag}).status_code == 200
    assert (
        priced.nobody.get(f"{PRICES}.json", headers={"If-Modified-Since": since}).status_code == 200
    )
    assert (
        priced.nobody.get(f"{PRICES}.json", headers={"If-Modified-Since": "soon"}).status_code
        == 200
    )


def test_days_and_places_narrow_the_open_prices(priced: Office):
    assert priced.nobody.get(f"{PRICES}.json?product=mai").json()["prices"] == []
    assert len(priced.nobody.get(f"{PRICES}.json?market=kita&product=ara").json()["prices"]) == 1
    assert priced.nobody.get(f"{PRICES}.json?to=2026-11-19").json()["prices"] == []
    assert code(priced.nobody.get(f"{PRICES}.json?from=2026-11-21&to=2026-11-20")) == "invalid"
    assert code(priced.nobody.get(f"{PRICES}.json?to=0001-01-01")) == "invalid"


def test_the_demo_says_that_its_prices_are_invented(sqlite_url):
    from service.db import make_engine
    from tests.api.conftest import FRIDAY
    from tests.api.office import open_office

    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY, demo=True) as office:
        office.report(reporter(office, "+22370000001"), "ARA", 225)
        body = office.nobody.get(f"{PRICES}.json").json()
        assert body["demo"] is True
        assert "invented" in body["prices"][0]["source"]
    engine.dispose()


def test_the_process_says_that_it_lives(desk: Office):
    assert desk.nobody.get("/healthz").json() == {"status": "ok"}


def test_readiness_names_what_is_missing(office: Office):
    said = office.nobody.get("/readyz")
    checks = {each["name"]: each for each in said.json()["checks"]}
    assert said.status_code == 200
    assert checks["database"]["ok"]
    assert checks["migrations"]["ok"]
    assert not checks["worker"]["ok"]
    with writing(office.engine) as session:
        session.add(JobRun(name="runs", started_at=office.clock()))
    checks = {each["name"]: each for each in office.nobody.get("/readyz").json()["checks"]}
    assert checks["worker"]["ok"]
    office.clock.pass_(minutes=10)
    checks = {each["name"]: each for each in office.nobody.get("/readyz").json()["checks"]}
    assert checks["worker"] | {"ok": False, "detail": "600 s"} == checks["worker"]


def test_a_database_without_its_tables_is_not_ready(desk: Office):
    from sqlalchemy import text

    with desk.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    said = desk.nobody.get("/readyz")
    assert (said.status_code, said.json()["status"]) == (503, "not ready")


def test_metrics_tell_the_age_of_prices_and_of_the_queue(priced: Office):
    priced.clock.pass_(days=3)
    text = priced.nobody.get("/metrics").text
    assert 'sugu_newest_price_age_days{market="KITA"} 3.0' in text
    for name in (
        "silent_fairs",
        "queue_messages",
        "queue_age_seconds",
        "unknown_share",
        "inbox_stuck",
    ):
        assert re.search(rf"^sugu_{name} [0-9.]+$", text, re.M), name
    assert "70000001" not in text


def test_the_documentation_asks_no_other_host_for_anything(desk: Office):
    page = desk.viewer.get("/docs")
    assert page.status_code == 200
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert desk.nobody.get(path).status_code == 200, path
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "url(http" not in (ASSETS / "swagger-ui.css").read_text()


def test_the_list_of_every_door_is_for_staff_alone_unless_the_settings_open_it(desk: Office):
    for path in ("/docs", "/openapi.json"):
        assert desk.nobody.get(path).status_code == 401
        open_house = desk.settings.model_copy(update={"docs": True})
        app = create_app(open_house, desk.clock, engine=desk.engine)
        assert TestClient(app).get(path).status_code == 200
    assert desk.nobody.get("/simulator").status_code == 404


def test_the_description_names_roles_problems_and_an_example_for_every_body(desk: Office):
    schema = desk.viewer.get("/openapi.json").json()
    operations = [
        (path, method, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    ]
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))
    for path, method, operation in operations:
        if path.startswith("/api/v1") and (path, method) != ("/api/v1/session", "post"):
            assert operation["x-role"] in {"viewer", "operator", "approver", "admin"}, path
            assert "401" in operation["responses"]
        assert operation["tags"], path
        assert operation["responses"]["422"]["content"].keys() == {"application/problem+json"}
    assert schema["components"]["schemas"]["Problem"]["required"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_the_bare_address_leads_to_the_console(desk: Office):
    answer = desk.nobody.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
