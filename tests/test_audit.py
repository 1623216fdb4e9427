"""The audit trail: each entry sealed to the one before; nothing is changed without being seen."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import IntegrityError

from service.audit import FIRST, AuditEntry, AuditHead, first_broken, record, resign, sign_with
from service.db import reading, writing

NOW = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
SECRET = "a secret that only the tests know of: 0123456789"


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


def cut(trail: Engine, *gone: int) -> None:
    with writing(trail) as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id.in_(gone)))


def test_the_newest_entries_cannot_be_taken_away_unseen(trail: Engine):
    cut(trail, 5)
    assert broken(trail) == 5
    cut(trail, 1, 2, 3, 4)
    assert broken(trail) == 1


def test_whoever_moves_the_head_too_lacks_the_key(trail: Engine):
    sign_with(trail, SECRET)
    with writing(trail) as session:
        record(session, NOW, "a", "x", "y")
    assert broken(trail) is None
    cut(trail, 6)
    with writing(trail) as session:
        last = session.get_one(AuditEntry, 5).seal
        session.execute(update(AuditHead).values(count=5, seal=last))
    assert broken(trail) == 6
    with writing(trail) as session:
        session.execute(delete(AuditHead))
    assert broken(trail) == 6


def test_under_a_new_key_the_head_holds_with_the_old_one_until_it_is_signed_anew(trail: Engine):
    sign_with(trail, SECRET)
    with writing(trail) as session:
        record(session, NOW, "a", "x", "y")
    sign_with(trail, "another", [SECRET])
    assert broken(trail) is None
    with writing(trail) as session:
        resign(session)
    sign_with(trail, "another")
    assert broken(trail) is None
    sign_with(trail, SECRET)
    assert broken(trail) == 7


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
