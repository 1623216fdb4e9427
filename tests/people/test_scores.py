"""Trust follows what reporters and the others of the same fairs said."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import select

from service.db import reading, writing
from service.people.callbacks import is_drawn, note
from service.people.scores import score
from service.people.tables import Reporter
from service.prices.tables import ReportRow
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


def test_what_a_check_found_goes_before_what_the_others_said(engine: Engine, database_url: str):
    """Three who always agree are found ten per cent too high by those who called back."""
    with open_town(engine, database_url, START) as town:
        reporters(town, *PHONES)
        for _ in range(FAIRS):
            for phone in PHONES:
                town.text(phone, "KITA MAI 165 F")
            town.clock.pass_(days=7)
        today = town.clock().date() + timedelta(days=1)
        with writing(engine) as session:
            for row in session.exec(select(ReportRow).where(ReportRow.reporter_id == 1)).all():
                note(session, row, 150.0, "fatou", town.clock())
            assert score(session, today) == 3
        checked, other, _ = trusts(engine)
        assert other == 1.0
        # ln(165/150) = 0.0953 of 0.20: just over half of the trust is left.
        assert 0.52 < checked < 0.53


def test_one_report_in_twenty_is_drawn_and_always_the_same():
    drawn = [number for number in range(1, 20_001) if is_drawn(number)]
    assert 900 < len(drawn) < 1100
    assert drawn == [number for number in range(1, 20_001) if is_drawn(number)]
