"""Counts that staff look at every second: right for small runs, cheap for large ones."""

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.sms.broadcasts import runs, tallies
from service.sms.broadcasts.tallies import Tallies
from service.sms.tables import Delivery, Run
from tests.sms.outbox_world import NOON, a_run, drain, looking, people


def test_a_small_run_is_counted_at_every_look(engine: Engine):
    with writing(engine) as session:
        people(session, 3)
        run = a_run(session)
        kept, row = Tallies(), session.get_one(Run, run)
        assert kept.counts(session, row)["queued"] == 3
    drain(engine)
    with looking(engine) as session:
        assert kept.counts(session, session.get_one(Run, run))["accepted"] == 3


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(tallies, "LARGE", 2)
    now = [0.0]
    monkeypatch.setattr(tallies, "monotonic", lambda: now[0])
    return now


def test_a_large_run_is_counted_again_after_a_while(engine: Engine, large, monkeypatch):
    def slowly(session, run_id):
        large[0] += 0.1
        return tallies.tally(
            {"queued": len(session.exec(select(Delivery).where(Delivery.state == "queued")).all())}
        )

    monkeypatch.setattr(tallies, "counts", slowly)
    with writing(engine) as session:
        people(session, 3)
        run = session.get_one(Run, a_run(session))
        kept = Tallies()
        assert kept.counts(session, run)["queued"] == 3
        session.exec(select(Delivery)).first().state = "accepted"
        session.flush()
        large[0] += 1.9
        assert kept.counts(session, run)["queued"] == 3
        large[0] += 0.2
        assert kept.counts(session, run)["queued"] == 2


def test_a_large_run_that_was_paused_is_counted_at_once(engine: Engine, large):
    with writing(engine) as session:
        people(session, 3)
        run = session.get_one(Run, a_run(session))
        kept = Tallies()
        kept.counts(session, run)
        session.exec(select(Delivery)).first().state = "cancelled"
        run.state = "cancelled"
        session.flush()
        assert kept.counts(session, run)["cancelled"] == 1


def test_a_finished_large_run_is_counted_again_only_when_a_report_came(engine: Engine, large):
    with writing(engine) as session:
        people(session, 3)
        run = session.get_one(Run, a_run(session))
        run.state = "finished"
        kept = Tallies()
        kept.counts(session, run)
        session.exec(select(Delivery)).first().state = "delivered"
        large[0] += 1e6
        assert kept.counts(session, run)["delivered"] == 0
        run.progressed_at = NOON
        assert kept.counts(session, run)["delivered"] == 1


def test_shares_add_up_to_the_run(engine: Engine):
    with writing(engine) as session:
        people(session, 4)
        people(session, 3, village="LOIN", first=100)
        run = session.get_one(Run, a_run(session))
        found = Tallies().statistics(session, run)
        assert [(each.name, each.counts["queued"]) for each in found["village"]] == [
            ("Loin", 3),
            ("Sibi", 4),
        ]
        assert {kind: sum(each.counts["queued"] for each in found[kind]) for kind in found} == {
            "operator": 7, "village": 7, "sex": 7,
        }  # fmt: skip


def test_a_page_of_accepted_people_holds_those_in_transit_too(engine: Engine):
    with writing(engine) as session:
        people(session, 6)
        run = a_run(session)
    drain(engine)
    with writing(engine) as session:
        for row in session.exec(select(Delivery).where(Delivery.id % 2 == 0)):
            row.state = "sent"
        session.flush()
        seen, after = [], 0
        while page := runs.recipients(session, run, state="accepted", after=after, limit=4):
            seen += [line.id for line in page]
            after = page[-1].cursor
        assert seen == sorted(seen)
        assert len(seen) == 6
