"""From a draft to a finished run: words, people, approval, sending, and second thoughts."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Contact, Subscriber
from service.sms import broadcasts
from service.sms.broadcasts import Step, runs, tallies
from service.sms.broadcasts.firing import GRACE, fire_due
from service.sms.gateway import Outcome, Sent
from service.sms.outbox import sweep
from service.sms.outbox.limits import Limits
from service.sms.refused import Refused
from service.sms.tables import Broadcast, Delivery, MessageText, Run, RunPrice
from tests.sms.outbox_world import (
    LIMITS,
    NOON,
    a_broadcast,
    a_quote,
    a_run,
    drain,
    looking,
    people,
    press,
    states,
    the_book,
)

STRICT = press(replace(LIMITS, approval_above=2))
PRICES = {"fr": "PRIX {market} {date} {prices}", "bm": "{market} {date} {prices}"}


def create(session, **said):
    facts = {
        "name": "Foire", "body": {"fr": "Bonjour"}, "whom": {"villages": ["*"]}, "when": "now",
        "actor": "op", "now": NOON, "press": press(),
    } | said  # fmt: skip
    return broadcasts.create(session, **facts)


def texts(session, run_id: int) -> set[str]:
    query = select(MessageText.body).join(Delivery, Delivery.text_id == MessageText.id)
    return set(session.exec(query.where(Delivery.run_id == run_id)))


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("body", {"fr": "{prenom}"}, "{prenom}"),
        ("body", {"bm": "I ni ce"}, "French"),
        ("body", {"fr": "a", "en": "b"}, "en"),
        ("body", {"fr": "{price:XXX:KITA}"}, "XXX"),
        ("whom", {"villages": ["SIBIX"]}, "SIBIX"),
        ("whom", {"villagez": ["SIBI"]}, "villagez"),
        ("whom", {}, "everybody"),
        ("whom", {"villages": ["*"], "exclude": {"villages": ["*"]}}, "everybody"),
        ("when", {"weekly": [5], "at": "06:45"}, "names"),
        ("when", {"fair": "OULAN", "at": "06:45"}, "OULAN"),
        ("name", "", "name"),
        ("freeze_at", "never", "approval"),
    ],
)
def test_what_is_wrong_is_refused_by_name_when_it_is_saved(engine, field, value, names):
    with writing(engine) as session:
        people(session, 1)
        refused = create(session, **{field: value})
    assert isinstance(refused, Refused)
    assert names in refused.detail


def test_now_sends_at_once_and_to_everybody_once(engine: Engine):
    with writing(engine) as session:
        people(session, 3)
        run = a_run(session, whom={"villages": ["SIBI"], "sex": ["f", "m"], "roles": ["farmer"]})
        assert states(session, run) == {"queued": 3}
        assert session.get_one(Run, run).total == 3


def test_each_reads_their_own_language_and_market(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        people(session, 2, first=10, language="bm")
        people(session, 1, first=20, language=None)
        run = a_run(session, body=PRICES)
        assert texts(session, run) == {
            "PRIX Kita 20/11 Arachide coque 225 F/kg, Mil 150 F/kg STOP=arret",
            next(text for text in texts(session, run) if text.startswith("Kita")),
        }
        assert len(session.exec(select(RunPrice).where(RunPrice.run_id == run)).all()) == 4


def test_a_missing_bambara_text_is_said_in_french(engine: Engine):
    with writing(engine) as session:
        people(session, 2, language="bm")
        assert texts(session, a_run(session)) == {"Reunion samedi"}


def test_a_text_without_prices_goes_out_beside_one_that_has_them(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        people(session, 1, first=10, language="bm")
        run = a_run(session, body={"fr": PRICES["fr"], "bm": "Sugu bɛ juma don"})
        assert states(session, run) == {"queued": 2}
        assert "Sugu bè juma don" in texts(session, run)


def test_people_of_a_market_without_prices_are_left_out_and_it_says_so(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        people(session, 2, village="LOIN", first=10)
        run = a_run(session, body=PRICES)
        assert states(session, run) == {"queued": 2}
        assert "KAYES" in session.get_one(Run, run).reason


def test_without_a_fresh_price_the_run_is_skipped(engine: Engine):
    old = press(book=the_book(date(2026, 11, 6)))
    with writing(engine) as session:
        people(session, 2)
        made = create(session, body=PRICES, press=old)
        assert broadcasts.submit(session, made.id, "op", NOON, old).code == "stale"
        broadcasts.update(session, made.id, {"when": {"once": "2026-11-20T18:00:00Z"}}, old)
        assert isinstance(broadcasts.submit(session, made.id, "op", NOON, old), Step)
        (fired,) = fire_due(session, NOON + timedelta(hours=6), old)
        assert (fired.state, fired.reason) == ("skipped", "no fresh price")
        assert made.state == "finished"


def test_many_people_need_a_second_person(engine: Engine):
    with writing(engine) as session:
        people(session, 3)
        made = create(session)
        assert broadcasts.submit(session, made.id, "op", NOON, STRICT).broadcast.state == "pending"
        own = broadcasts.approve(session, made.id, "op", NOON, STRICT)
        assert isinstance(own, Refused)
        step = broadcasts.approve(session, made.id, "chief", NOON, STRICT)
        assert isinstance(step, Step)
        assert states(session, step.run_id) == {"queued": 3}


def test_a_change_withdraws_the_approval(engine: Engine):
    with writing(engine) as session:
        people(session, 3)
        made = create(session, when={"weekly": ["fri"], "at": "06:45"})
        broadcasts.submit(session, made.id, "op", NOON, STRICT)
        broadcasts.approve(session, made.id, "chief", NOON, STRICT)
        assert made.state == "scheduled"
        changed = broadcasts.update(session, made.id, {"body": {"fr": "Autre"}}, STRICT)
        assert (changed.state, changed.approved_by, changed.next_due) == ("draft", None, None)


def test_the_same_words_twice_want_to_be_confirmed(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        a_run(session, body={"fr": "Bonjour"})
        made = create(session)
        refused = broadcasts.submit(session, made.id, "op", NOON, press())
        assert isinstance(refused, Refused)
        assert refused.code == "duplicate"
        assert isinstance(
            broadcasts.submit(session, made.id, "op", NOON, press(), confirm=True), Step
        )


def test_the_same_words_to_other_people_are_no_duplicate(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        people(session, 2, village="LOIN", first=10)
        a_run(session, body={"fr": "Bonjour"}, whom={"villages": ["SIBI"]})
        made = create(session, whom={"villages": ["LOIN"]})
        assert isinstance(broadcasts.submit(session, made.id, "op", NOON, press()), Step)


def test_the_same_plan_waiting_beside_it_is_a_duplicate(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        weekly = {"weekly": ["fri"], "at": "06:45"}
        first, second = create(session, when=weekly), create(session, when=weekly)
        broadcasts.submit(session, first.id, "op", NOON, press())
        assert broadcasts.submit(session, second.id, "op", NOON, press()).code == "duplicate"


def test_a_preview_counts_people_parts_and_money(engine: Engine):
    limits = replace(LIMITS, tariffs={"*": Decimal(12)})
    with writing(engine) as session:
        people(session, 3)
        people(session, 2, first=10, language="bm")
        one, *_ = people(session, 2, first=20)
        session.get_one(Contact, one).stopped_at = NOON
        made = create(session, body={"fr": "é" * 161 + "ɛ"})
        seen = broadcasts.look(session, made.id, NOON, press(limits))
    french, bambara = seen.pages
    assert (french.people, bambara.people, bambara.own) == (4, 2, False)
    assert (seen.people, seen.segments, seen.cost) == (6, 12, Decimal(144))
    assert seen.unreachable == {"stopped": 1, "consent": 0}
    assert [(o.position, o.character, o.instead) for o in french.offenders] == [(161, "ɛ", "è")]
    assert seen.blockers == ()


def test_what_no_phone_shows_blocks_and_is_named(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        made = create(session, body={"fr": "Bonjour 你"})
        refused = broadcasts.submit(session, made.id, "op", NOON, press())
    assert "你" in refused.detail


def test_more_than_the_budget_is_refused_before_it_is_sent(engine: Engine):
    with writing(engine) as session:
        people(session, 3)
        made = create(session)
        refused = broadcasts.submit(session, made.id, "op", NOON, press(replace(LIMITS, day=2)))
    assert refused.code == "cap_day"


def test_a_test_goes_to_our_own_phones_only(engine: Engine):
    with writing(engine) as session:
        one, *_ = people(session, 3)
        made = create(session)
        (queued,) = broadcasts.test_send(session, made.id, [one, one], "fr", NOON, press())
        assert (queued.kind, queued.contact_id) == ("test", one)
        assert made.state == "draft"


def test_frozen_prices_stay_as_they_were_approved(engine: Engine):
    morning = {"once": "2026-11-20T18:00:00Z"}
    with writing(engine) as session:
        people(session, 1)
        made = create(session, body=PRICES, when=morning, freeze_at="approval")
        broadcasts.submit(session, made.id, "op", NOON, press())
        moved = the_book()
        moved = replace(
            moved, quotes={("ARA", "KITA"): [a_quote("ARA", "KITA", 300, date(2026, 11, 20))]}
        )
        (fired,) = fire_due(session, NOON + timedelta(hours=6), press(book=moved))
        assert "225" in next(iter(texts(session, fired.run_id)))


def test_prices_frozen_for_longer_than_a_day_are_refused(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        made = create(
            session, body=PRICES, when={"once": "2026-11-22T18:00:00Z"}, freeze_at="approval"
        )
        step = broadcasts.submit(session, made.id, "op", NOON, press())
        assert isinstance(step, Step) or step.code == "frozen"


def scheduled(session, when, **said) -> Broadcast:
    made = a_broadcast(session, when=when, **said)
    step = broadcasts.submit(session, made.id, "op", NOON, press(), confirm=True)
    assert isinstance(step, Step), step
    return made


def test_a_slot_fires_once_however_often_the_clock_ticks(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        made = scheduled(session, {"weekly": ["fri"], "at": "06:45"})
    due = NOON + timedelta(days=6, hours=18, minutes=45)
    for _ in range(3):
        with writing(engine) as session:
            fire_due(session, due, press())
    with looking(engine) as session:
        runs_made = session.exec(select(Run)).all()
        assert [(run.state, run.total, run.due_at) for run in runs_made] == [("running", 2, due)]
        assert session.get_one(Broadcast, made.id).next_due == due + timedelta(days=7)


def test_after_an_outage_the_newest_slot_goes_out_and_older_ones_are_missed(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        scheduled(session, {"weekly": ["fri"], "at": "06:45"})
        back = NOON + timedelta(days=20, hours=19)
        fire_due(session, back, press())
        found = session.exec(select(Run.state).order_by(Run.due_at)).all()
        assert found == ["missed", "missed", "running"]


def test_after_too_long_an_outage_nothing_old_goes_out(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        made = scheduled(session, {"once": "2026-11-21T06:45:00Z"})
        late = NOON + timedelta(days=1, minutes=5) - timedelta(hours=5, minutes=15) + GRACE
        (fired,) = fire_due(session, late, press())
        assert fired.state == "missed"
        assert states(session) == {}
        assert made.state == "finished"


def test_a_run_ends_before_the_next_of_its_schedule(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        scheduled(session, {"fair": "KAYES", "at": "06:45"})
        (fired,) = fire_due(session, NOON + timedelta(hours=18, minutes=45), press())
        assert session.get_one(Run, fired.run_id).not_after == NOON + timedelta(
            hours=21, minutes=45
        )


def test_pause_holds_and_resume_goes_on_where_it_stopped(engine: Engine):
    with writing(engine) as session:
        people(session, 5)
        run = a_run(session)
        broadcast = session.get_one(Run, run).broadcast_id
        broadcasts.pause(session, broadcast)
    assert drain(engine) == []
    with writing(engine) as session:
        step = broadcasts.resume(session, broadcast, NOON, press())
        assert step.broadcast.state == "running"
    drain(engine)
    with looking(engine) as session:
        assert states(session, run) == {"accepted": 5}


def test_cancel_leaves_nothing_queued(engine: Engine):
    with writing(engine) as session:
        people(session, 5)
        run = a_run(session)
        broadcasts.cancel(session, session.get_one(Run, run).broadcast_id, NOON)
        assert states(session, run) == {"cancelled": 5}
        refused = broadcasts.cancel(session, session.get_one(Run, run).broadcast_id, NOON)
        assert isinstance(refused, Refused)


def test_a_run_with_nothing_left_is_finished_and_so_is_its_broadcast(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        run = a_run(session)
    drain(engine)
    with writing(engine) as session:
        assert sweep.finish_runs(session, NOON) == 1
        assert session.get_one(Run, run).state == "finished"
        assert session.exec(select(Broadcast.state)).all() == ["finished"]


def test_a_run_of_failures_is_paused(engine: Engine):
    with writing(engine) as session:
        people(session, 60)
        run = a_run(session)

    def refuse(batch):
        return [Sent(str(row.id), Outcome.REJECTED, reason="no") for row in batch.rows]

    drain(engine, answer=refuse)
    with writing(engine) as session:
        assert sweep.pause_failing(session) == [run]


def test_counts_add_up_and_progress_says_what_is_left(engine: Engine):
    with writing(engine) as session:
        people(session, 30)
        run = a_run(session)
    drain(engine, NOON + timedelta(seconds=10))
    with looking(engine) as session:
        seen = runs.progress(
            session, session.get_one(Run, run), NOON + timedelta(minutes=1), LIMITS
        )
        assert sum(seen.counts.values()) == seen.total == 30
        assert seen.rate == 3.0
        assert seen.left == 0.0
        assert not seen.stuck
        stats = tallies.statistics(session, run)
        assert [share.name for share in stats["sex"]] == ["f", "m"]
        assert stats["operator"][0].name == "orange"


def test_no_progress_for_two_minutes_is_said(engine: Engine):
    with writing(engine) as session:
        people(session, 3)
        run = a_run(session)
        late = NOON + runs.STUCK + timedelta(seconds=1)
        assert runs.progress(session, session.get_one(Run, run), late, LIMITS).stuck


def test_recipients_come_in_pages_that_miss_nobody(engine: Engine):
    with writing(engine) as session:
        people(session, 7)
        run = a_run(session)
        seen, after = [], 0
        while page := runs.recipients(session, run, after=after, limit=3):
            seen += [line.contact_id for line in page]
            after = page[-1].cursor
        assert len(seen) == len(set(seen)) == 7
        assert len(runs.recipients(session, run, state="queued")) == 7
        assert runs.recipients(session, run, state="delivered") == []


def outcomes(*kinds):
    def answer(batch):
        return [
            Sent(
                str(row.id),
                kind,
                provider_id=f"p-{row.id}" if kind is Outcome.ACCEPTED else None,
                reason=reason,
            )
            for row, (kind, reason) in zip(batch.rows, kinds, strict=True)
        ]

    return answer


def test_retry_goes_only_to_those_a_passing_fault_kept_from_it(engine: Engine):
    with writing(engine) as session:
        people(session, 4)
        run = a_run(session)
    kinds = (
        (Outcome.ACCEPTED, None),
        (Outcome.REJECTED, "GatewayError"),
        (Outcome.REJECTED, "InvalidPhoneNumber"),
        (Outcome.UNKNOWN, None),
    )
    drain(engine, answer=outcomes(*kinds))
    with writing(engine) as session:
        again = runs.retry_failed(session, run, NOON, LIMITS)
        assert isinstance(again, Run)
        assert (again.total, again.parent_id) == (1, run)
        twice = runs.retry_failed(session, run, NOON, LIMITS)
        assert isinstance(twice, Refused)
    drain(engine)
    with writing(engine) as session:
        assert isinstance(
            runs.retry_failed(session, run, NOON + timedelta(minutes=1), LIMITS), Refused
        )
        resent = runs.resend_unknown(session, run, NOON + timedelta(minutes=2), LIMITS)
        assert isinstance(resent, Run)
        assert resent.total == runs.unknown(session, run) == 1


def test_old_prices_are_not_retried(engine: Engine):
    with writing(engine) as session:
        people(session, 1)
        run = a_run(session, body=PRICES)
    drain(engine, answer=outcomes((Outcome.REJECTED, "GatewayError")))
    with writing(engine) as session:
        refused = runs.retry_failed(session, run, NOON + timedelta(days=1), LIMITS)
        assert isinstance(refused, Refused)
        assert refused.code == "late"


def test_an_audience_is_what_it_says(engine: Engine):
    with writing(engine) as session:
        sibi = people(session, 4)
        people(session, 2, village="LOIN", first=10, language="bm")
        session.exec(
            select(Subscriber).where(Subscriber.contact_id == sibi[0])
        ).one().product = "ARA"
        for whom, count in (
            ({"villages": ["*"]}, 6),
            ({"villages": ["LOIN"]}, 2),
            ({"markets": ["KAYES"]}, 2),
            ({"communes": ["Kita"], "sex": ["f"]}, 3),
            ({"languages": ["bm"]}, 2),
            ({"villages": ["*"], "exclude": {"languages": ["bm"]}}, 4),
            ({"villages": ["*"], "exclude": {"sex": ["f"], "villages": ["SIBI"]}}, 4),
            ({"roles": ["reporter"]}, 0),
        ):
            made = create(session, whom=whom)
            assert isinstance(made, Broadcast), (whom, made)
            assert broadcasts.look(session, made.id, NOON, press()).people == count, whom


def test_limits_come_from_the_settings():
    from service.settings import Settings
    from service.sms.outbox.limits import limits

    made = limits(Settings(_env_file=None))
    assert isinstance(made, Limits)
    assert (made.run, made.person_day, made.prefixes) == (6_000, 3, ("+223",))
