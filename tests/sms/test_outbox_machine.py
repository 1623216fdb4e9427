"""Whatever happens in whatever order: nobody twice, nothing lost, no cap passed, no way back."""

import os
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event
from sqlmodel import select

from service.db import make_engine, migrate, writing
from service.people.tables import Contact
from service.sms import broadcasts, outbox
from service.sms.broadcasts import addressing, firing
from service.sms.gateway import DeliveryNote, Halt, HaltKind, NoteState, Outcome, Sent
from service.sms.outbox import deliveries, sweep
from service.sms.outbox.circuits import Way
from service.sms.outbox.claim import LEASE, Batch
from service.sms.outbox.settle import reap
from service.sms.outbox.states import RANK
from service.sms.tables import Budget, Delivery, Run
from tests.sms.outbox_world import (
    LIMITS,
    NOON,
    VAULT,
    a_run,
    looking,
    people,
    press,
    settled,
    take,
)

PEOPLE = 6
CAPPED = replace(LIMITS, day=14, person_day=4)
WAY = Way("pigeon", 3, 1e9)
FIRST, SLICE = 2, 3
"""Six people are three transactions: things happen between them."""
_template: list[Path] = []


def a_copy() -> Path:
    """A migrated file of its own; migrating once is enough."""
    if not _template:
        path = Path(tempfile.mkdtemp(prefix="sugu-machine-")) / "template.db"
        migrate(f"sqlite:///{path}")
        _template.append(path)
    folder = Path(tempfile.mkdtemp(prefix="sugu-machine-"))
    return Path(shutil.copy(_template[0], folder / "sugu.db"))


class Outbox(RuleBasedStateMachine):
    """The outbox under a carrier that keeps the truth in `truth`."""

    @initialize()
    def open(self) -> None:
        self.path = a_copy()
        self.engine = make_engine(f"sqlite:///{self.path}")
        # No power is cut here, and twenty steps of two hundred lives would be all waiting.
        event.listen(self.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        self.now = NOON
        self.flying: list[Batch] = []
        self.truth: Counter[int] = Counter()
        self.ranks: dict[int, int] = {}
        self.stopped: set[int] = set()
        self.runs = 0
        with writing(self.engine) as session:
            self.people = people(session, PEOPLE)

    @rule()
    @precondition(lambda self: self.runs < 3)
    def broadcast(self) -> None:
        self.runs += 1
        with writing(self.engine) as session:
            a_run(session, self.now, body={"fr": f"Texte {self.runs}"})

    @rule()
    def address(self) -> None:
        with writing(self.engine) as session:
            addressing.go_on(session, self.now, CAPPED)

    @rule(
        who=st.integers(0, PEOPLE - 1),
        kind=st.sampled_from(["reply", "alert"]),
        n=st.integers(0, 99),
    )
    def enqueue(self, who: int, kind: str, n: int) -> None:
        with writing(self.engine) as session:
            outbox.enqueue(
                session,
                contact_id=self.people[who],
                body=f"{kind} {n}",
                language="fr",
                kind=kind,
                now=self.now,
                limits=CAPPED,
            )

    @rule()
    def claim(self) -> None:
        with writing(self.engine) as session:
            found = take(session, self.now, CAPPED, [WAY])
        if isinstance(found, Batch):
            self.flying.append(found)
            for row in found.rows:
                assert row.kind == "reply" or row.contact_id not in self.stopped
                assert row.not_after > self.now

    @rule(seed=st.integers(0, 2**16), told=st.booleans())
    @precondition(lambda self: self.flying)
    def send(self, seed: int, told: bool) -> None:
        """The carrier takes some; its answer comes, or is lost with the worker."""
        chance = Random(seed)
        batch = self.flying.pop(0)
        answer = []
        for row in batch.rows:
            outcome = chance.choice(list(Outcome))
            if outcome is Outcome.ACCEPTED or (
                outcome is Outcome.UNKNOWN and chance.random() < 0.8
            ):
                self.truth[row.id] += 1
            name = f"p-{row.id}" if outcome is Outcome.ACCEPTED else None
            answer.append(Sent(str(row.id), outcome, provider_id=name))
        if told:
            with writing(self.engine) as session:
                settled(session, batch, answer, self.now, CAPPED)

    @rule()
    @precondition(lambda self: self.flying)
    def halt(self) -> None:
        batch = self.flying.pop(0)
        with writing(self.engine) as session:
            settled(session, batch, Halt("no credit", HaltKind.CREDIT), self.now, CAPPED)

    @rule(state=st.sampled_from(list(NoteState)), pick=st.integers(0, 99))
    def report(self, state: NoteState, pick: int) -> None:
        """A true report of something the carrier took."""
        taken = sorted(self.truth)
        if not taken:
            return
        row_id = taken[pick % len(taken)]
        with writing(self.engine) as session:
            contact = session.get_one(Contact, session.get_one(Delivery, row_id).contact_id)
            number = VAULT.open(contact.sealed).e164
            note = DeliveryNote(f"p-{row_id}", None, number, state, None, "word")
            deliveries.apply(session, VAULT, "pigeon", note, self.now)

    @rule(who=st.integers(0, PEOPLE - 1))
    def stop(self, who: int) -> None:
        contact = self.people[who]
        with writing(self.engine) as session:
            session.get_one(Contact, contact).stopped_at = self.now
            outbox.suppress(session, contact, self.now)
        self.stopped.add(contact)

    @rule()
    def cancel(self) -> None:
        with writing(self.engine) as session:
            run = session.exec(select(Run).where(Run.state == "running")).first()
            if run is not None:
                broadcasts.cancel(session, run.broadcast_id, self.now)

    @rule(pausing=st.booleans())
    def pause_or_resume(self, pausing: bool) -> None:
        with writing(self.engine) as session:
            run = session.exec(select(Run)).first()
            if run is not None and pausing:
                broadcasts.pause(session, run.broadcast_id)
            elif run is not None:
                broadcasts.resume(session, run.broadcast_id, self.now, press())

    @rule(minutes=st.sampled_from([1, 20, 200]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        with writing(self.engine) as session:
            reap(session, self.now)
            sweep.expire(session, self.now)
            sweep.clear_cancelled(session, self.now)
            sweep.finish_runs(session, self.now)
            sweep.close_unknowns(session, self.now)
        if minutes * 60 > LEASE.total_seconds() * 3:
            self.flying = self.flying[1:]  # its worker is gone for good

    @invariant()
    def nobody_is_written_to_twice(self) -> None:
        assert all(times == 1 for times in self.truth.values())

    @invariant()
    def what_was_taken_is_never_queued_again(self) -> None:
        with looking(self.engine) as session:
            rows = {row.id: row for row in session.exec(select(Delivery))}
            for row_id in self.truth:
                assert rows[row_id].rank >= RANK["sending"], rows[row_id]
            for row in rows.values():
                if row.rank >= RANK["unknown"]:
                    assert row.rank >= self.ranks.get(row.id, 0)
                    self.ranks[row.id] = row.rank
                assert row.rank == RANK[row.state]

    @invariant()
    def no_cap_is_passed_and_no_money_is_lost(self) -> None:
        with looking(self.engine) as session:
            used = {line.scope: line.used for line in session.exec(select(Budget))}
            spent: Counter[str] = Counter()
            for row in session.exec(select(Delivery).where(Delivery.sending_at.is_not(None))):
                if (
                    row.state not in ("queued", "rejected", "expired", "suppressed", "cancelled")
                    and row.reason != "gateway_unreachable"
                ):
                    spent[f"day:{CAPPED.today(row.sending_at)}"] += row.segments
            for scope, segments in spent.items():
                assert segments <= used[scope]
            assert all(n <= CAPPED.day for scope, n in used.items() if scope.startswith("day"))
            assert all(n >= 0 for n in used.values())

    @invariant()
    def runs_keep_all_their_people(self) -> None:
        with looking(self.engine) as session:
            for run in session.exec(select(Run)):
                rows = session.exec(select(Delivery).where(Delivery.run_id == run.id)).all()
                assert len(rows) == run.total
                assert len({row.contact_id for row in rows}) == run.total
                if run.state == "finished":
                    assert run.addressed_at is not None

    def teardown(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.path.parent)


@pytest.fixture(autouse=True, scope="module")
def _small_slices():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(firing, "FIRST", FIRST)
        patch.setattr(addressing, "SLICE", SLICE)
        yield


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(
    max_examples=2000 if os.environ.get("FAULTS") == "full" else 200,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestOutbox.pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
