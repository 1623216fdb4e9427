"""A copy of the database that pages and open data are read from."""

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from service.api import replica as replicas
from service.api.replica import Replica
from service.db import make_engine, migrate, writing
from service.prices.tables import MarketRow


class Watch:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def copy(tmp_path, engine):
    """A copy that holds one market, where the database itself (`engine`) holds none."""
    url = f"sqlite:///{tmp_path / 'copy.db'}"
    migrate(url)
    made = make_engine(url)
    with writing(made) as session:
        session.add(MarketRow(code="COPY", name="Copy", daily=True, ussd_key=1))
    made.dispose()
    return url


def markets(replica: Replica, path: str) -> list[str]:
    with replica.reading(path) as session:
        return list(session.exec(select(MarketRow.code)))


def test_pages_and_open_data_are_read_from_the_copy_and_nothing_else_is(engine, copy):
    replica = Replica(engine, copy)
    assert markets(replica, "/console/prices") == ["COPY"]
    assert markets(replica, "/open/v1/prices") == ["COPY"]
    assert markets(replica, "/api/v1/markets") == []
    replica.close()


def test_whoever_has_just_written_reads_what_they_wrote(engine, copy):
    watch = Watch()
    replica = Replica(engine, copy, watch)
    replica.wrote()
    assert markets(replica, "/console") == []
    watch.at += replicas.BEHIND
    assert markets(replica, "/console") == ["COPY"]
    replica.close()


def test_a_copy_that_is_away_costs_one_try_and_no_page(engine):
    watch = Watch()
    replica = Replica(engine, "postgresql+psycopg://sugu@127.0.0.1:9/none", watch)
    with capture_logs() as said:
        assert markets(replica, "/console") == markets(replica, "/console") == []
        assert len(said) == 1
        watch.at += replicas.AWAY
        assert markets(replica, "/console") == []
        assert [each["event"] for each in said] == ["replica_away", "replica_away"]
    replica.close()


def test_without_a_copy_everything_is_read_from_the_database(engine):
    assert markets(Replica(engine, None), "/console") == []
