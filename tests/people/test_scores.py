"""Trust follows what reporters and the others of the same fairs said."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import select

from service.db import reading, writing
from service.people.scores import score
from service.people.tables import Reporter
from tests.town import Town, open_town, reporters

PHONES = ("+22370000001", "+22370000002", "+22370000003")
START = datetime(2026, 8, 7, 10, 0, tzinfo=UTC)
FAIRS = 9


def weeks_of_fairs(town: Town, fairs: int) -> date:
    """Two agree, the third is always 20 F above them."""
    for _ in range(fairs):
        for phone, amount in zip(PHONES, (150, 150, 170), strict=True):
            assert town.text(phone, f"KITA MAI {amount}") == 200
        town.clock.pass_(days=7)
    return town.clock().date() + timedelta(days=1)


def trusts(engine: Engine) -> list[float]:
    with reading(engine) as session:
        return list(session.exec(select(Reporter.trust).order_by(Reporter.id)))


def test_a_reporter_who_is_always_dearer_loses_trust(engine: Engine, database_url: str):
    with open_town(engine, database_url, START) as town:
        reporters(town, *PHONES)
        today = weeks_of_fairs(town, FAIRS)
        with writing(engine) as session:
            assert score(session, today) == 3
        honest, other, dear = trusts(engine)
        # ln(170/150) = 0.1252: a bias of 0.1252 costs 0.1252/0.20 of trust, floored at one half.
        assert dear == 0.5
        assert honest == other > 0.6


def test_scoring_again_changes_nothing(engine: Engine, database_url: str):
    with open_town(engine, database_url, START) as town:
        reporters(town, *PHONES)
        today = weeks_of_fairs(town, FAIRS)
        for expected in (3, 0):
            with writing(engine) as session:
                assert score(session, today) == expected


def test_nothing_is_said_of_a_reporter_before_eight_fairs(engine: Engine, database_url: str):
    with open_town(engine, database_url, START) as town:
        reporters(town, *PHONES)
        today = weeks_of_fairs(town, 3)
        with writing(engine) as session:
            assert score(session, today) == 0
        assert trusts(engine) == [1.0, 1.0, 1.0]
