"""`/metrics`: each figure says what is, on both databases, and stays cheap when there is much."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import select

from service.api.metrics import exposition
from service.db import writing
from service.sms import outbox
from service.sms.archive import Archive
from service.sms.outbox import pulse
from service.sms.overheard import Passed
from service.sms.secrets import Eraser
from service.sms.tables import Delivery, Inbox, Run
from tests.conftest import MARKET_DAY
from tests.sms.outbox_world import LIMITS, NOON, VAULT, a_run, looking, minutes, people
from tests.town import TOKEN, Town


@pytest.fixture
def town(kita: Engine, kita_url: str) -> Iterator[Town]:
    town = Town(kita, kita_url, MARKET_DAY)
    town.open()
    yield town
    town.close()


def figure(town: Town, name: str, **labels: str) -> float | None:
    said = (
        "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else ""
    )
    found = re.search(rf"^{re.escape(name + said)} (\S+)$", exposition(town.state).decode(), re.M)
    return float(found[1]) if found else None


def test_a_dial_is_timed_and_an_apology_counted(town: Town):
    before = figure(town, "sugu_dial_seconds_count") or 0
    odd = figure(town, "sugu_dial_failures_total", why="unreadable") or 0
    town.dial("+22376000001")
    town.post(f"/hooks/loopback/{TOKEN}/ussd", {"sessionId": "s"})
    assert figure(town, "sugu_dial_seconds_count") == before + 2
    assert figure(town, "sugu_dial_failures_total", why="unreadable") == odd + 1
    assert figure(town, "sugu_dial_failures_total", why="fault") is not None


def test_what_a_gateway_answered_is_counted_by_what_it_was(town: Town):
    archive = Archive(VAULT, Eraser([]))
    statuses = ["201", "202", "400", "503", "ReadTimeout", "ConnectError"]
    with writing(town.engine) as session:
        for status in statuses:
            passed = Passed("POST", "/a", b"", {}, b"", status)
            archive.sent(session, "orange", [passed], [], MARKET_DAY)
        old = Passed("POST", "/a", b"", {}, b"", "500")
        archive.sent(session, "orange", [old], [], MARKET_DAY - timedelta(minutes=16))
    found = {
        result: figure(town, "sugu_gateway_requests", gateway="orange", result=result)
        for result in ("ok", "refused", "fault", "silent")
    }
    assert found == {"ok": 2, "refused": 1, "fault": 1, "silent": 2}


def test_a_message_nobody_could_read_is_counted(town: Town):
    with writing(town.engine) as session:
        for number, state in enumerate(("stuck", "handled", "stuck")):
            session.add(
                Inbox(
                    gateway="loopback",
                    key=f"k{number}",
                    content=b"",
                    received_at=MARKET_DAY,
                    state=state,
                )
            )
    assert figure(town, "sugu_inbox_stuck") == 2


def test_a_request_the_database_refuses_is_counted(town: Town):
    before = figure(town, "sugu_not_stored_total") or 0
    with writing(town.engine) as session:
        session.execute(text("ALTER TABLE exchange RENAME TO away"))
    assert town.text("+22370000001", "AIDE") == 503
    with writing(town.engine) as session:
        session.execute(text("ALTER TABLE away RENAME TO exchange"))
    assert figure(town, "sugu_not_stored_total") == before + 1


# --- the pulse of the outbox ------------------------------------------------------------------


def one_more(session, contact_id: int, now=NOON, **said) -> Delivery:
    made = outbox.enqueue(
        session,
        contact_id=contact_id,
        body=f"Bonjour {now:%d %H:%M}",
        language="fr",
        kind="copy",
        now=now,
        limits=LIMITS,
        **said,
    )
    assert isinstance(made, Delivery), made
    return made


def test_what_waits_is_what_may_leave_now(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 5)
        run = a_run(session)
        one_more(session, one, NOON - minutes(3))
        one_more(session, one, NOON + minutes(9))  # not yet
        assert pulse.waiting(session, NOON) == pulse.Waiting(6, NOON - minutes(3))
        session.get_one(Run, run).state = "paused"
        session.flush()
        assert pulse.waiting(session, NOON) == pulse.Waiting(1, NOON - minutes(3))
        assert pulse.waiting(session, NOON + timedelta(days=3)) == pulse.Waiting()


@pytest.mark.parametrize("hours", [0, 1, 5, 30, 49, 1000])
def test_a_days_messages_are_found_by_halving(engine: Engine, hours: int):
    with writing(engine) as session:
        one, *_ = people(session, 1)
        for ago in range(48, -1, -1):
            one_more(session, one, NOON - timedelta(hours=ago))
        start = NOON - timedelta(hours=hours)
        due = len(session.exec(select(Delivery).where(Delivery.created_at >= start)).all())
        assert sum(pulse.since(session, start).values()) == due == min(hours, 48) + 1


def test_an_empty_outbox_has_an_empty_pulse(engine: Engine):
    with looking(engine) as session:
        assert pulse.waiting(session, NOON) == pulse.Waiting()
        assert pulse.since(session, NOON) == {}
        assert pulse.requests(session, NOON) == {}


def test_no_figure_reads_a_whole_table(engine: Engine):
    """The plans, and not a stop-watch: every question about many rows is asked of an index."""
    asked: list[tuple[str, object]] = []
    with writing(engine) as session:
        people(session, 3)
        a_run(session)
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    with looking(engine) as session:
        pulse.waiting(session, NOON)
        pulse.since(session, NOON - timedelta(days=1))
        pulse.requests(session, NOON)
    questions = [
        (sql, given) for sql, given in asked if "FROM delivery" in sql or "FROM exchange" in sql
    ]
    assert questions
    if engine.dialect.name != "sqlite":
        return  # a planner that counts rows reads three of them whole, and is right
    with engine.connect() as connection:
        for sql, given in questions:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all()
            whole = [row[3] for row in plan if row[3].startswith("SCAN") and "INDEX" not in row[3]]
            assert whole == [], (sql, plan)
