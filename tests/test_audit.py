"""The audit trail: each entry sealed to the one before; nothing is changed without being seen."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import IntegrityError

from service.audit import FIRST, AuditEntry, first_broken, record
from service.db import reading, writing

NOW = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def trail(engine: Engine) -> Engine:
    for number in range(5):
        with writing(engine) as session:
            record(
                session,
                NOW + timedelta(minutes=number),
                "awa",
                "market.change",
                f"market:{number}",
                before={"price": 225, "à": "é"},
                after={"price": 230.5, "on": NOW.date()},
                address="127.0.0.1",
            )
    return engine


def broken(engine: Engine) -> int | None:
    with reading(engine) as session:
        return first_broken(session)


def test_a_trail_nobody_touched_is_whole(trail: Engine):
    assert broken(trail) is None
    with reading(trail) as session:
        first = session.get_one(AuditEntry, 1)
        assert (first.previous, first.at) == (FIRST, NOW)
        assert first.after == {"price": 230.5, "on": "2026-11-20"}


def test_an_empty_trail_is_whole(engine: Engine):
    assert broken(engine) is None


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "moussa"},
        {"action": "market.remove"},
        {"subject": "market:9"},
        {"before": {"price": 226}},
        {"after": None},
        {"address": ""},
        {"at": NOW - timedelta(days=1)},
        {"seal": "0" * 64},
        {"previous": "1" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_entry_is_named(trail: Engine, change: dict[str, object]):
    with writing(trail) as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(**change))
    assert broken(trail) == 3


@pytest.mark.parametrize("gone", [1, 2, 4])
def test_a_removed_entry_breaks_the_next_one(trail: Engine, gone: int):
    with writing(trail) as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == gone))
    assert broken(trail) == gone + 1


def test_an_entry_slipped_in_is_named(trail: Engine):
    with writing(trail) as session:
        last = session.get_one(AuditEntry, 5)
        session.add(
            AuditEntry(
                at=NOW, actor="x", action="y", subject="z", previous=last.seal, seal="f" * 64
            )
        )
    assert broken(trail) == 6


def test_two_who_change_something_at_once_make_one_chain(trail: Engine):
    with writing(trail) as session:
        record(session, NOW, "a", "x", "y")
        record(session, NOW, "b", "x", "y")
    assert broken(trail) is None
    with reading(trail) as session:
        assert session.execute(text("SELECT count(*) FROM audit_entry")).scalar() == 7


def recorded_beside_a_mistake(trail: Engine) -> None:
    with writing(trail) as session:
        record(session, NOW, "a", "x", "y")
        session.execute(text("INSERT INTO market (code) VALUES (NULL)"))


def test_what_is_undone_leaves_no_entry(trail: Engine):
    with pytest.raises(IntegrityError):
        recorded_beside_a_mistake(trail)
    assert broken(trail) is None
    with reading(trail) as session:
        assert session.execute(text("SELECT count(*) FROM audit_entry")).scalar() == 5
