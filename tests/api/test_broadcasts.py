"""Broadcasts and runs as `product.md` 6.2 says them, asked from outside."""

import json
from datetime import timedelta

import pytest
from sqlmodel import select

from service.api.v1.runs import press_of
from service.db import writing
from service.phone import Phone
from service.sms.broadcasts import addressing, firing
from service.sms.broadcasts.firing import fire_due
from service.sms.gateway import Outcome, Sent
from service.sms.outbox import sweep
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import Batch, claim
from service.sms.outbox.settle import settle
from service.sms.tables import Delivery, JobRun, Run
from tests.api.office import Office, code, subscriber
from tests.sms.outbox_world import CHANCE

API = "/api/v1"
COUNTS = {
    "queued",
    "sending",
    "accepted",
    "delivered",
    "failed",
    "unknown",
    "expired",
    "suppressed",
}
PLAN = {
    "name": "Foire de Kita",
    "body": {"fr": "Bonjour de Kita", "bm": "I ni sogoma"},
    "audience": {"villages": ["*"]},
    "when": "now",
}


def made(office: Office, **said) -> int:
    answer = office.operator.post(f"{API}/broadcasts", json=PLAN | said)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def sent(office: Office, **said) -> int:
    """A broadcast of now; its run."""
    answer = office.operator.post(f"{API}/broadcasts/{made(office, **said)}/submit")
    assert answer.status_code == 200, answer.text
    return answer.json()["run_id"]


def taken(office: Office, outcome: Outcome = Outcome.ACCEPTED, reason: str | None = None) -> int:
    """What a worker does: one batch, and what the carrier said to it; how many there were."""
    state, now = office.state, office.clock()
    with writing(office.engine) as session:
        batch = claim(session, "w1", [Way("loopback", 20, 1e9)], now, state.limits, state.vault)
    if not isinstance(batch, Batch):
        return 0
    good = outcome is Outcome.ACCEPTED
    answer = [
        Sent(str(row.id), outcome, provider_id=f"p-{row.id}" if good else None, reason=reason)
        for row in batch.rows
    ]
    with writing(office.engine) as session:
        settle(session, "w1", batch, answer, now, state.limits, CHANCE)
    return len(batch.rows)


def many(office: Office, count: int = 4) -> None:
    for number in range(1, count + 1):
        subscriber(office, f"+2237600000{number}", sex="f" if number % 2 else "m")


def test_a_weekly_broadcast_goes_out_at_its_local_hour(office: Office):
    many(office, 2)
    number = made(office, when={"weekly": ["fri"], "at": "06:45"})
    office.operator.post(f"{API}/broadcasts/{number}/submit")
    due = office.clock() + timedelta(days=6, hours=20, minutes=45)
    with writing(office.engine) as session:
        work = type("Work", (), {"state": office.state})
        fire_due(session, due, press_of(work))
    office.clock.at = due
    (run,) = office.viewer.get(f"{API}/broadcasts/{number}/runs").json()["items"]
    assert (run["due_at"], run["total"], run["state"]) == ("2026-11-27T06:45:00Z", 2, "running")
    assert office.viewer.get(f"{API}/broadcasts/{number}").json()["next"][0][:10] == "2026-12-04"


def test_runs_are_listed_newest_first_with_all_eight_counts(office: Office):
    many(office)
    first = sent(office)
    taken(office, Outcome.REJECTED, "GatewayError")
    office.clock.pass_(minutes=1)
    again = office.operator.post(f"{API}/runs/{first}/retry-failed").json()
    number = office.viewer.get(f"{API}/runs/{first}").json()["broadcast_id"]
    items = office.viewer.get(f"{API}/broadcasts/{number}/runs").json()["items"]
    assert [each["id"] for each in items] == [again["run_id"], first]
    assert [each["kind"] for each in items] == ["retry", "slot"]
    assert set(items[0]["counts"]) >= COUNTS
    assert items[1]["counts"]["failed"] == again["total"] == 4


def test_nobody_who_was_reached_is_tried_again(office: Office):
    many(office)
    run = sent(office)
    taken(office)
    assert code(office.operator.post(f"{API}/runs/{run}/retry-failed")) == "blocked"
    assert code(office.viewer.post(f"{API}/runs/{run}/retry-failed")) == "role_too_low"


def test_a_run_says_its_rate_the_time_left_and_when_it_stands_still(office: Office, monkeypatch):
    monkeypatch.setattr(firing, "FIRST", 100)
    for number in range(10, 40):
        subscriber(office, f"+223760000{number}")
    run = sent(office)
    office.clock.pass_(seconds=10)
    assert taken(office) == 20 or taken(office)
    seen = office.viewer.get(f"{API}/runs/{run}").json()
    handled = seen["counts"]["accepted"]
    assert seen["rate"] == pytest.approx(handled / 10)
    assert seen["left"] == pytest.approx(seen["counts"]["queued"] / seen["rate"])
    assert seen["stuck"] is False
    office.clock.pass_(minutes=2, seconds=1)
    assert office.viewer.get(f"{API}/runs/{run}").json()["stuck"] is True


def test_a_run_is_counted_by_operator_village_and_sex(office: Office):
    many(office)
    run = sent(office)
    taken(office)
    shares = office.viewer.get(f"{API}/runs/{run}").json()["shares"]
    assert {(each["name"], sum(each["counts"].values())) for each in shares["sex"]} == {
        ("f", 2),
        ("m", 2),
    }
    assert [each["name"] for each in shares["village"]] == ["Kita démo"]
    assert sum(each["counts"]["accepted"] for each in shares["operator"]) == 4


def test_each_person_of_a_run_has_a_line_with_state_reason_and_parts(office: Office):
    many(office, 2)
    run = sent(office)
    taken(office, Outcome.REJECTED, "InvalidPhoneNumber")
    lines = office.operator.get(f"{API}/runs/{run}/deliveries?state=rejected").json()["items"]
    assert {(each["state"], each["reason"], each["segments"]) for each in lines} == {
        ("rejected", "InvalidPhoneNumber", 1)
    }
    assert {each["phone"] for each in lines} == {"+22376000001", "+22376000002"}


def test_a_followed_run_tells_its_counts_as_events(desk: Office):
    many(desk, 2)
    run = sent(desk)
    taken(desk)
    with writing(desk.engine) as session:
        sweep.finish_runs(session, desk.clock())
    told = desk.viewer.get(f"{API}/runs/{run}/events").text
    data = [line[5:] for line in told.splitlines() if line.startswith("data:")]
    seen = json.loads(data[0])
    assert (seen["state"], seen["counts"]["accepted"], seen["total"]) == ("finished", 2, 2)
    assert "event: end" in told


def test_a_broadcast_to_more_than_a_slice_is_whole_in_the_end(office: Office, monkeypatch):
    monkeypatch.setattr(firing, "FIRST", 1)
    many(office, 3)
    run = sent(office)
    assert office.viewer.get(f"{API}/runs/{run}").json()["total"] == 1
    with writing(office.engine) as session:
        addressing.go_on(session, office.clock(), office.state.limits)
        assert session.get_one(Run, run).addressed_at is not None
    assert office.viewer.get(f"{API}/runs/{run}").json()["counts"]["queued"] == 3


def test_stop_reaches_the_rows_of_every_run(office: Office):
    many(office, 2)
    runs = [sent(office, body={"fr": f"Texte {n}"}) for n in range(3)]
    phone = office.state.vault.lookup(Phone("+22376000001"))
    items = office.operator.get(f"{API}/subscribers?q=76000001").json()["items"]
    office.operator.post(f"{API}/subscribers/{items[0]['id']}/stop")
    for run in runs:
        counts = office.viewer.get(f"{API}/runs/{run}").json()["counts"]
        assert (counts["queued"], counts["suppressed"]) == (1, 1)
    while taken(office):
        pass
    with writing(office.engine) as session:
        from service.people.tables import Contact

        states = session.exec(
            select(Delivery.state)
            .join(Contact, Contact.id == Delivery.contact_id)
            .where(Contact.lookup == phone)
        ).all()
    assert set(states) <= {"suppressed", "queued"}  # "queued" is the goodbye, if one is said
    assert states.count("suppressed") == 3


def test_readyz_says_when_the_clock_stands_still(office: Office):
    with writing(office.engine) as session:
        session.add(JobRun(name="sweep", started_at=office.clock(), finished_at=office.clock()))
    checks = {each["name"]: each for each in office.nobody.get("/readyz").json()["checks"]}
    assert checks["worker"]["ok"] is True
    office.clock.pass_(minutes=4)
    said = office.nobody.get("/readyz")
    checks = {each["name"]: each for each in said.json()["checks"]}
    assert (said.status_code, checks["worker"]["ok"]) == (200, False)
    assert checks["worker"]["detail"] == "240 s"


def test_a_phone_that_lives_is_no_worker_that_lives(office: Office):
    with writing(office.engine) as session:
        session.add(JobRun(name="sweep", started_at=office.clock()))
    office.clock.pass_(minutes=4)
    with writing(office.engine) as session:
        session.add(JobRun(name="phone android", started_at=office.clock()))
    checks = {each["name"]: each for each in office.nobody.get("/readyz").json()["checks"]}
    assert checks["worker"]["ok"] is False


def test_every_timed_job_says_how_its_last_run_went(office: Office):
    with writing(office.engine) as session:
        session.add(JobRun(name="fire", started_at=office.clock(), result="run 1 running: 4"))
        session.add(JobRun(name="sweep", started_at=office.clock(), error="OperationalError"))
    office.clock.pass_(seconds=5)
    items = office.viewer.get(f"{API}/jobs").json()["items"]
    assert [(each["name"], each["age"], each["result"], each["error"]) for each in items] == [
        ("fire", 5.0, "run 1 running: 4", ""),
        ("sweep", 5.0, "", "OperationalError"),
    ]
