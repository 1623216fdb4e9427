"""What a gateway's answer does to a batch, and what the lack of one does."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Contact
from service.sms.gateway import Cost, Halt, HaltKind, Outcome, Sent
from service.sms.outbox import settle as settling
from service.sms.outbox.claim import LEASE, Batch, Idle
from service.sms.outbox.settle import ATTEMPTS, UNREACHABLE, reap
from service.sms.tables import Budget, Circuit, Delivery, DeliveryEvent, Pace, PersonDay
from tests.sms.outbox_world import (
    LIMITS,
    NOON,
    a_run,
    accept,
    looking,
    people,
    settled,
    states,
    take,
)


def a_batch(session, count: int = 3) -> Batch:
    people(session, count)
    a_run(session)
    batch = take(session)
    assert isinstance(batch, Batch)
    return batch


def each(batch: Batch, outcome: Outcome, **said) -> list[Sent]:
    return [Sent(str(row.id), outcome, **said) for row in batch.rows]


def rows(engine: Engine) -> list[Delivery]:
    with looking(engine) as session:
        return list(session.exec(select(Delivery).order_by(Delivery.id)))


def test_an_accepted_message_keeps_its_id_and_cost(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        (row,) = batch.rows
        cost = Cost(Decimal("18.5"), "XOF")
        settled(session, batch, [Sent(str(row.id), Outcome.ACCEPTED, "p-1", parts=2, cost=cost)])
    (kept,) = rows(engine)
    assert (kept.state, kept.provider_id, kept.cost, kept.currency) == (
        "accepted",
        "p-1",
        18.5,
        "XOF",
    )
    with looking(engine) as session:
        assert session.get(Budget, "day:2026-11-20").used == 2


def test_a_recipient_the_answer_forgets_is_unknown(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 3)
        settled(session, batch, accept(batch)[:2])
    assert [row.state for row in rows(engine)] == ["accepted", "accepted", "unknown"]


def test_what_was_not_sent_is_tried_again_later_and_costs_nothing(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        settled(session, batch, each(batch, Outcome.NOT_SENT, reason="connection refused"))
        assert isinstance(take(session), Idle)
    (kept,) = rows(engine)
    assert kept.state == "queued"
    assert NOON + timedelta(seconds=15) <= kept.not_before <= NOON + timedelta(seconds=30)
    with looking(engine) as session:
        assert session.get(Budget, "day:2026-11-20").used == 0
        assert session.exec(select(PersonDay.pushed)).one() == 0


def test_after_five_tries_it_has_failed(engine: Engine):
    with writing(engine) as session:
        batch, now = a_batch(session, 1), NOON
        for _ in range(ATTEMPTS):
            assert isinstance(batch, Batch)
            settled(session, batch, each(batch, Outcome.NOT_SENT), now)
            now += timedelta(minutes=16)
            batch = take(session, now)
    assert [(row.state, row.reason) for row in rows(engine)] == [("failed", UNREACHABLE)]


def test_a_refused_number_is_rejected_for_good(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        settled(
            session, batch, each(batch, Outcome.REJECTED, code="403", reason="InvalidPhoneNumber")
        )
    assert [(row.state, row.reason) for row in rows(engine)] == [("rejected", "InvalidPhoneNumber")]


def test_a_blacklisted_person_has_opted_out_everywhere(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        a_run(session, body={"fr": "Autre"})
        settled(session, batch, each(batch, Outcome.REJECTED, code="406", reason="UserInBlacklist"))
    with looking(engine) as session:
        assert session.exec(select(Contact.stopped_at)).one() == NOON
        assert states(session) == {"rejected": 1, "suppressed": 1}


def test_an_unknown_message_is_never_taken_again(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 3)
        settled(session, batch, each(batch, Outcome.UNKNOWN))
        assert isinstance(take(session, NOON + timedelta(hours=1)), Idle)
    assert {row.state for row in rows(engine)} == {"unknown"}


def test_a_lease_that_ran_out_leaves_an_unknown(engine: Engine):
    with writing(engine) as session:
        a_batch(session, 3)
        assert reap(session, NOON + LEASE) == 0
        assert reap(session, NOON + LEASE + timedelta(seconds=1)) == 3
    assert {row.state for row in rows(engine)} == {"unknown"}


def test_a_late_acceptance_is_evidence_and_names_the_message(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        reap(session, NOON + LEASE * 2)
        result = settled(session, batch, accept(batch), NOON + LEASE * 2)
    (kept,) = rows(engine)
    assert result.late == 1
    assert (kept.state, kept.provider_id) == ("accepted", f"p-{kept.id}")
    with looking(engine) as session:
        assert session.exec(select(DeliveryEvent.word)).all() == ["late_result"]


def test_a_late_not_sent_gives_no_order_to_send_again(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        reap(session, NOON + LEASE * 2)
        settled(session, batch, each(batch, Outcome.NOT_SENT), NOON + LEASE * 2)
    assert [row.state for row in rows(engine)] == ["unknown"]


def test_a_stranger_settles_nothing(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        assert settled(session, batch, each(batch, Outcome.NOT_SENT), owner="thief").late == 1
    assert [row.state for row in rows(engine)] == ["sending"]


def test_a_carrier_that_repeats_an_id_breaks_nothing(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 3)
        settled(session, batch, each(batch, Outcome.ACCEPTED, provider_id="same"))
    assert [row.provider_id for row in rows(engine)] == ["same", None, None]


def test_a_halt_keeps_the_queue_and_opens_the_circuit(engine: Engine):
    halt = Halt("401", HaltKind.CREDENTIALS)
    with writing(engine) as session:
        batch = a_batch(session, 30)
        settled(session, batch, halt)
        assert isinstance(take(session, NOON + timedelta(seconds=59)), Idle)
        assert states(session) == {"queued": 30}
        assert {row.attempts for row in session.exec(select(Delivery))} == {0}
        probe = take(session, NOON + timedelta(seconds=60))
        assert isinstance(probe, Batch)
        assert len(probe.rows) == 1
        assert isinstance(take(session, NOON + timedelta(seconds=61)), Idle)
        settled(session, probe, halt, NOON + timedelta(seconds=62))
        circuit = session.exec(select(Circuit)).one()
        assert circuit.retry_at == NOON + timedelta(seconds=62 + 120)
        again = take(session, circuit.retry_at)
        assert isinstance(again, Batch)
        settled(session, again, accept(again), circuit.retry_at)
        assert session.exec(select(Circuit)).first() is None
        assert len(take(session, NOON + timedelta(minutes=10)).rows) == 20


def test_a_halt_half_way_keeps_what_was_decided(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 3)
        settled(session, batch, Halt("no credit", HaltKind.CREDIT, tuple(accept(batch)[:1])))
    assert [row.state for row in rows(engine)] == ["accepted", "queued", "queued"]


def test_a_carrier_that_asks_for_a_pause_gets_one(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session, 1)
        settled(session, batch, each(batch, Outcome.NOT_SENT, code="429", retry_after=120.0))
        assert session.get(Pace, "pigeon").free_at == NOON + timedelta(seconds=120)
    (kept,) = rows(engine)
    assert kept.not_before >= NOON + timedelta(seconds=120)


def test_waits_double_up_to_a_quarter_hour():
    from random import Random

    longest = [settling.wait(n, None, Random(n)) for n in range(1, 12)]
    assert max(longest) <= settling.LONGEST_WAIT
    assert longest[0] >= settling.FIRST_WAIT / 2
    assert replace(LIMITS).run == 6_000
