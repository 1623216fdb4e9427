"""The staff's side of a whole Sugu: the application, a clock that moves, and eight callers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from service.api import logins, security
from service.app import create_app
from service.db import writing
from service.people.seed import seed_kita
from service.people.tables import ROLES, ApiKey, Village
from service.prices.catalog import Stage
from service.prices.reception import Origin, Teller, hear
from service.prices.report import Claim
from service.prices.store import bump
from service.settings import Settings
from service.sms.lexicon import default_aliases

SECRET = "a secret that only the tests know of: 0123456789"
PASSWORD = "karité et arachide"


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


class Office:
    """Ask as one of the staff: `office.admin.get("/markets")`."""

    def __init__(self, engine: Engine, url: str, at: datetime, **changes: Any) -> None:
        self.engine, self.clock = engine, Clock(at)
        facts = {"quiet_hours": "", "loopback": {"hook_token": "t" * 32}, **changes}
        self.settings = Settings(database_url=url, secret_key=SECRET, _env_file=None, **facts)
        self.app: FastAPI = create_app(self.settings, self.clock, engine=engine)
        self.state = self.app.state.sugu
        self.keys = {role: self.key(role, role) for role in ROLES}

    def key(self, name: str, role: str, **facts: Any) -> str:
        with writing(self.engine) as session:
            return security.issue_key(session, self.settings, name, role, self.clock(), **facts)

    def caller(self, key: str | None) -> TestClient:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = TestClient(self.app, base_url="http://office", raise_server_exceptions=False)
        client.headers.update(headers)
        return client

    @property
    def nobody(self) -> TestClient:
        return self.caller(None)

    @property
    def viewer(self) -> TestClient:
        return self.caller(self.keys["viewer"])

    @property
    def operator(self) -> TestClient:
        return self.caller(self.keys["operator"])

    @property
    def approver(self) -> TestClient:
        return self.caller(self.keys["approver"])

    @property
    def admin(self) -> TestClient:
        return self.caller(self.keys["admin"])

    def revoked(self) -> TestClient:
        key = self.key("gone", "admin")
        with writing(self.engine) as session:
            row = session.exec(_by_handle(key)).one()
            row.revoked_at = self.clock()
            session.add(row)
        return self.caller(key)

    def log_in(self, name: str, role: str) -> tuple[TestClient, str]:
        """A browser of a member of staff, and the token its pages carry."""
        with writing(self.engine) as session:
            staff = security.staff_named(session, name, role, self.clock())
            staff.password = logins.hashed(PASSWORD)
        browser = self.caller(None)
        said = browser.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert said.status_code == 201, said.text
        return browser, said.json()["csrf"]

    def report(self, reporter: int, product: str, amount: int, **facts: Any) -> int:
        """A price as a reporter's message would leave it; the report's id."""
        market, unit = facts.get("market", "KITA"), facts.get("unit", "KG")
        claim = Claim(product, amount, amount, market=market, unit=unit, stage=Stage.PRODUCER)
        origin = Origin(
            self.clock(), self.state.limits.today(self.clock()), text=f"{product} {amount}"
        )
        with writing(self.engine) as session:
            heard = hear(session, self.state.book(), Teller(reporter, market), claim, origin)
            assert hasattr(heard, "report")
            self.state.refresh()
            number = heard.report.id
        self.state.refresh()
        return number


def _by_handle(key: str) -> Any:
    from sqlmodel import select

    return select(ApiKey).where(ApiKey.handle == key.split("_")[1])


@contextmanager
def open_office(engine: Engine, url: str, at: datetime, **changes: Any) -> Iterator[Office]:
    with writing(engine) as session:
        seed_kita(session, default_aliases())
        session.add(Village(code="KITA-DEMO", name="Kita démo", commune="Kita", market="KITA"))
        bump(session, catalog=True)
    yield Office(engine, url, at, **changes)


def reporter(office: Office, phone: str, **facts: Any) -> int:
    form = {
        "phone": phone,
        "name": "Awa K.",
        "market": "KITA",
        "cooperative": "demo",
        "language": "fr",
    }
    said = office.operator.post("/api/v1/reporters", json=form | facts)
    assert said.status_code == 201, said.text
    return said.json()["id"]


def subscriber(office: Office, phone: str, **facts: Any) -> int:
    form = {
        "phone": phone, "language": "bm", "village": "KITA-DEMO", "sex": "f",
        "consent": {"how": "paper", "ref": "F-12"},
    }  # fmt: skip
    said = office.operator.post("/api/v1/subscribers", json=form | facts)
    assert said.status_code == 201, said.text
    return said.json()["id"]


def code(answer: Any) -> str:
    """The code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body: Mapping[str, Any] = answer.json()
    return str(body["code"])
