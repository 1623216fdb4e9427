"""Five hundred phones, keys and tokens go through the house; none may be read anywhere after."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine, text
from sqlmodel import SQLModel
from starlette.testclient import TestClient

from service import logs
from service.db import is_sqlite
from tests.faults.ground import scale, table
from tests.sms.talk import FRIDAY
from tests.town import TOKEN, Town, open_town

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

PERSON = re.compile(r"(?<!\d)(?:\+?223|00223)?\s?7[0-9](?:[\s.-]?\d){6}(?!\d)")


@contextmanager
def everything_said() -> Iterator[io.StringIO]:
    """All that the process logs, as `sugu serve` would write it."""
    heard, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("debug")
    written = logging.StreamHandler(heard)
    written.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [written]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(heard))
    try:
        yield heard
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.fixture
def town(kita: Engine, kita_url: str) -> Iterator[Town]:
    with open_town(kita, kita_url, FRIDAY) as town:
        yield town


def a_person(number: int) -> str:
    return f"+2237{8_000_000 + number * 7919 % 1_999_993:07}"


def a_secret(kind: str, number: int) -> str:
    return f"canary{kind}{number * 104_729:012d}zq"


def through_the_house(town: Town, people: list[str], client: TestClient, key: str) -> list[str]:
    """Every door, right and wrong; what was answered to those who may not see a number."""
    said: list[str] = []
    staff = {"Authorization": f"Bearer {key}"}
    for number, phone in enumerate(people):
        _through_one(town, client, staff, number, phone, said)
        town.clock.pass_(seconds=1)
    town.work()
    return said


def _through_one(
    town: Town, client: TestClient, staff: dict, number: int, phone: str, said: list[str]
) -> None:
    secret = a_secret("token", number)
    match number % 5:
        case 0:
            form = {"phone": phone, "name": f"P{number}", "market": "KITA", "language": "fr"}
            once = {"Idempotency-Key": f"k-{number}"}
            client.post("/api/v1/reporters", json=form, headers=staff | once)
            town.text(phone, f"KITA ARA {200 + number % 50}F")
        case 1:
            facts = {"phone": phone, "language": "fr", "consent": {"how": "paper", "ref": "F-1"}}
            client.post("/api/v1/subscribers", json=facts, headers=staff)
            client.post("/api/v1/subscribers", json=facts | {"sex": phone}, headers=staff)
            town.dial(phone, "1*1*1")
        case 2:
            town.text(phone, "PRIX ARACHIDE KITA")
            client.get("/api/v1/reporters", params={"q": phone}, headers=staff)
        case 3:
            town.text(phone, "KITA \0 ARA", id=f"x{number}")
            town.post(f"/hooks/loopback/{secret}/sms", {"from": phone, "text": "x"})
            town.post(f"/hooks/loopback/{TOKEN}/delivery", {"id": "none", "phoneNumber": phone})
        case _:
            town.dial(phone, "9*9*9*1")
            town.post(f"/hooks/loopback/{TOKEN}/opt-out", {"phoneNumber": phone})
    wrong = {"Authorization": f"Bearer sugu_{secret}_{a_secret('key', number)}"}
    answers = (
        client.get("/api/v1/reporters", headers=wrong),
        client.post("/api/v1/session", json={"name": phone, "password": secret}),
        client.get(f"/api/v1/nowhere/{phone}"),
        client.post("/api/v1/reporters", json={"phone": phone, "nonsense": secret}, headers=wrong),
    )
    said.extend(answer.text for answer in answers)


def in_the_file(engine: Engine) -> bytes:
    """Every byte of the database: of a SQLite file and its log, of every row of PostgreSQL."""
    if is_sqlite(engine):
        file = engine.url.database
        return b"".join(
            Path(f"{file}{part}").read_bytes()
            for part in ("", "-wal", "-shm")
            if Path(f"{file}{part}").exists()
        )
    with engine.connect() as connection:
        rows = [
            str(row[0])
            for name in SQLModel.metadata.tables
            for row in connection.execute(text(f'SELECT t::text FROM "{name}" t'))
        ]
    return "\n".join(rows).encode()


def forms_of(phone: str) -> list[bytes]:
    """A number as people and machines write it."""
    bare = phone.removeprefix("+223")
    spaced = " ".join(bare[n : n + 2] for n in range(0, 8, 2))
    return [each.encode() for each in (phone, f"223{bare}", bare, spaced, f"%2B223{bare}")]


def test_five_hundred_canaries_are_read_nowhere(town: Town, tmp_path: Path):
    count = scale(25, 500)
    people = [a_person(number) for number in range(count)]
    assert len(set(people)) == count
    with everything_said() as log, TestClient(town.app, raise_server_exceptions=False) as client:
        from service.api import security
        from service.db import writing

        with writing(town.engine) as session:
            made = {
                role: security.issue_key(session, town.settings, role, role, town.clock())
                for role in ("viewer", "admin")
            }
        answers = through_the_house(town, people, client, made["admin"])
        look = {"Authorization": f"Bearer {made['viewer']}"}
        shown = _shown(client, look)
        opened = [client.get(path).text for path in ("/metrics", "/open/v1/prices.csv", "/healthz")]
    secrets = [a_secret(kind, n) for kind in ("token", "key") for n in range(count)]
    secrets += [*made.values(), TOKEN, *(key.split("_")[2] for key in made.values())]
    everywhere = {
        "logs": log.getvalue().encode(),
        "errors": "\n".join(answers).encode(),
        "metrics": opened[0].encode(),
        "open": "\n".join(opened[1:]).encode(),
        "viewer": "\n".join(shown).encode(),
        "database": in_the_file(town.engine),
    }
    assert len(everywhere["logs"]) > 1000, "the log was not heard"
    found = {
        place: sum(any(form in held for form in forms_of(each)) for each in people)
        + sum(each.encode() in held for each in secrets)
        for place, held in everywhere.items()
    }
    table(
        f"S8 canaries {town.engine.dialect.name}", phones=count, secrets=len(secrets),
        log_bytes=len(everywhere["logs"]), database_bytes=len(everywhere["database"]), **found,
    )  # fmt: skip
    (tmp_path / "log").write_bytes(everywhere["logs"])
    assert found == dict.fromkeys(everywhere, 0)


def _shown(client: TestClient, look: dict) -> list[str]:
    """Lists and exports, to somebody who may look but not see numbers."""
    paths = ["reporters", "subscribers", "messages", "reports", "quotes", "gaps", "silence"]
    said = [client.get(f"/api/v1/{path}", headers=look).text for path in paths]
    schema = client.get("/openapi.json", headers=look).json()
    for path in schema["paths"]:
        if path.startswith("/api/v1/exports") and "{" in path:
            for name in ("prices", "deliveries", "reports", "quotes", "gaps", "subscribers"):
                filled = re.sub(r"\{name\}", name, re.sub(r"\{kind\}", "csv", path))
                said.append(client.get(filled, headers=look).text)
    said.append(json.dumps(schema))
    return said
