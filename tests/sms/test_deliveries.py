"""Reports find their message, early, late, twice or by phone only, and only ever move it up."""

from datetime import timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.db import writing
from service.people.tables import Consent, Contact
from service.sms.gateway import DeliveryNote, NoteState, Outcome, Sent
from service.sms.outbox import deliveries
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import LEASE, Batch
from service.sms.outbox.settle import reap
from service.sms.outbox.states import RANK, Standing, State, fold, join, shown, tally
from service.sms.tables import Delivery, DeliveryEvent
from tests.sms.outbox_world import (
    NOON,
    VAULT,
    a_run,
    accept,
    looking,
    people,
    phone,
    settled,
    states,
    take,
)


def note(
    provider_id=None,
    state=NoteState.DELIVERED,
    *,
    key=None,
    number=None,
    reason=None,
    word="Success",
) -> DeliveryNote:
    return DeliveryNote(provider_id, key, phone(number) if number else None, state, reason, word)


def tell(session: Session, *notes: DeliveryNote, now=NOON) -> list[deliveries.Applied]:
    return [deliveries.apply(session, VAULT, "pigeon", each, now) for each in notes]


def a_batch(session: Session, count: int = 1) -> Batch:
    people(session, count)
    a_run(session)
    batch = take(session)
    assert isinstance(batch, Batch)
    return batch


def the_rows(engine: Engine) -> list[Delivery]:
    with looking(engine) as session:
        return list(session.exec(select(Delivery).order_by(Delivery.id)))


def test_delivered_is_never_lost_again(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, accept(batch))
        key = f"p-{batch.rows[0].id}"
        tell(session, note(key), note(key, NoteState.IN_TRANSIT), note(key, NoteState.FAILED))
        assert states(session) == {"delivered": 1}
        assert len(session.exec(select(DeliveryEvent)).all()) == 3


def test_a_report_that_is_faster_than_our_note_waits_for_it(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        early = tell(session, note(f"p-{batch.rows[0].id}", number=1))
        assert early == [deliveries.Applied(None)]
        settled(session, batch, accept(batch))
    assert [row.state for row in the_rows(engine)] == ["delivered"]


def test_an_unknown_word_is_kept_and_moves_nothing(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, accept(batch))
        tell(session, note(f"p-{batch.rows[0].id}", NoteState.UNKNOWN_WORD, word="Teleported"))
        assert states(session) == {"accepted": 1}
        assert session.exec(select(DeliveryEvent.word)).all() == ["Teleported"]


def test_a_report_resolves_an_unknown_by_its_phone(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, [Sent(str(batch.rows[0].id), Outcome.UNKNOWN)])
        (applied,) = tell(session, note("lost-1", number=1))
        assert applied.moved
    (row,) = the_rows(engine)
    assert (row.state, row.provider_id) == ("delivered", "lost-1")


def test_a_report_waits_while_its_message_is_still_leased(engine: Engine):
    with writing(engine) as session:
        a_batch(session)
        assert tell(session, note("lost-1", number=1)) == [deliveries.Applied(None)]
        reap(session, NOON + LEASE * 2)
    (row,) = the_rows(engine)
    assert (row.state, row.provider_id) == ("delivered", "lost-1")


def test_the_oldest_of_two_unknowns_is_meant_and_that_is_said(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, [Sent(str(batch.rows[0].id), Outcome.UNKNOWN)])
        a_run(session, body={"fr": "Autre"}, now=NOON + timedelta(hours=1))
        second = take(session, NOON + timedelta(hours=1))
        settled(
            session,
            second,
            [Sent(str(second.rows[0].id), Outcome.UNKNOWN)],
            NOON + timedelta(hours=1),
        )
        (applied,) = tell(session, note("lost-1", number=1), now=NOON + timedelta(hours=2))
        assert applied.guessed
        assert session.exec(select(DeliveryEvent.guessed)).one() is True
    assert [row.state for row in the_rows(engine)] == ["delivered", "unknown"]


def test_a_report_too_old_for_a_message_is_not_about_it(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, [Sent(str(batch.rows[0].id), Outcome.UNKNOWN)])
        late = NOON + deliveries.AFTER + timedelta(seconds=1)
        early = NOON - deliveries.BEFORE - timedelta(seconds=1)
        assert tell(session, note("x", number=1), now=late)[0].delivery_id is None
        assert tell(session, note("y", number=1), now=early)[0].delivery_id is None


def test_our_own_key_names_the_message(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, [Sent(str(batch.rows[0].id), Outcome.ACCEPTED)])
        tell(session, note(key=str(batch.rows[0].id)))
    assert [row.state for row in the_rows(engine)] == ["delivered"]


def test_a_forged_key_moves_nothing_that_was_not_sent(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        a_run(session)
        row = session.exec(select(Delivery)).one()
        row.gateway = "pigeon"
        session.flush()
        for key in (str(row.id), "9" * 30, "-1", "x", "١"):
            assert tell(session, note(key=key))[0].delivery_id is None
        assert states(session) == {"queued": 1}


def test_a_blacklisting_report_opts_the_person_out(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, accept(batch))
        a_run(session, body={"fr": "Autre"})
        key = f"p-{batch.rows[0].id}"
        tell(session, note(key, NoteState.FAILED, reason="UserInBlackList", word="Failed"))
        assert states(session) == {"failed": 1, "suppressed": 1}
        assert session.exec(select(Contact.stopped_at)).one() is not None
        assert [line.how for line in session.exec(select(Consent))] == ["gateway"]


def test_reports_of_another_gateway_are_none_of_ours(engine: Engine):
    with writing(engine) as session:
        batch = a_batch(session)
        settled(session, batch, accept(batch))
        other = deliveries.apply(session, VAULT, "owl", note(f"p-{batch.rows[0].id}"), NOON)
        assert other.delivery_id is None


standings = st.builds(
    Standing, st.sampled_from([str(state) for state in State]), st.sampled_from(["", "a", "b"])
)


@settings(max_examples=5000)
@given(st.lists(standings, min_size=1, max_size=6), st.data())
def test_any_order_and_any_repetition_of_events_ends_the_same(events, data):
    held = Standing("sending")
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events)))))
    end = fold(held, shuffled)
    assert end == fold(held, events)
    assert RANK[end.state] == max(RANK[each.state] for each in [held, *events])
    assert all(join(end, each) == end for each in events)


def test_the_stored_state_is_the_fold_of_its_events_in_any_order(engine: Engine):
    kinds = (NoteState.IN_TRANSIT, NoteState.DELIVERED, NoteState.FAILED, NoteState.UNKNOWN_WORD)
    orders = list(permutations(kinds))
    with writing(engine) as session:
        people(session, len(orders))
        a_run(session)
        while isinstance(batch := take(session, ways=[Way("pigeon", 20, 1e9)]), Batch):
            settled(session, batch, accept(batch))
        for row, order in zip(session.exec(select(Delivery)).all(), orders, strict=True):
            for kind in order:
                tell(session, note(row.provider_id, kind), note(row.provider_id, kind))
        assert states(session) == {"delivered": len(orders)}


def test_staff_see_a_message_in_transit_as_accepted():
    assert shown("sent") == "accepted"
    counts = tally({"sent": 2, "accepted": 1, "rejected": 3, "failed": 1})
    assert (counts["accepted"], counts["failed"]) == (3, 4)
