"""An office for every test that asks for one: `office` on both databases, `desk` on SQLite."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from service.db import make_engine
from tests.api.office import Office, open_office

FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def office(engine: Engine, database_url: str) -> Iterator[Office]:
    with open_office(engine, database_url, FRIDAY) as office:
        yield office


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[Office]:
    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY) as office:
        yield office
    engine.dispose()
