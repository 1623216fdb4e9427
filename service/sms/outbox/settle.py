"""Writing down what became of a batch, and of batches whose owner never came back.

A result counts only while its lease does: same owner, same fence. One that comes later is
kept and joined as evidence, never taken as an order. What may have been sent and is not known
becomes `unknown`, which no program resends (`reliability.md` 2.1: it would be wrong nine
times in ten).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import literal, update
from sqlmodel import Session, col, select

from service.sms.gateway import Halt, Outcome, Sent
from service.sms.outbox import budget, circuits, deliveries
from service.sms.outbox.claim import Batch, Taken
from service.sms.outbox.limits import SHARED, Limits
from service.sms.outbox.states import RANK, Standing, State
from service.sms.tables import Delivery, DeliveryEvent, Run

ATTEMPTS = 5
"""Tries of a message that certainly did not leave; the fifth comes about a quarter hour later."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
UNREACHABLE = "gateway_unreachable"
"""Reason of a message that never reached its gateway in `ATTEMPTS` tries."""
REAPED = 500
"""Leases ended in one transaction."""

SENDING = literal(State.SENDING.value, literal_execute=True)
"""Written into the SQL itself: a partial index is not used for a bound parameter."""

_STATE: Mapping[Outcome, State] = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.REJECTED: State.REJECTED,
    Outcome.UNKNOWN: State.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """What one batch came to: messages per state, results that came too late, and the ids
    now accepted (for a gateway that sends no reports of its own)."""

    counts: Mapping[str, int]
    late: int = 0
    accepted: tuple[int, ...] = ()
    halted: bool = False


@dataclass(slots=True)
class _Ledger:
    """Changes gathered over a batch, written once at the end."""

    now: datetime
    limits: Limits
    rows: list[dict[str, object]] = field(default_factory=list)
    segments: Counter[str] = field(default_factory=Counter)
    unsent: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)

    def refund(self, row: Delivery, segments: int) -> None:
        """Give segments back (or take more, when negative) where they were reserved."""
        for scope in budget.scopes(self.limits, row.run_id, row.sending_at or self.now):
            self.segments[scope] -= segments


def settle(
    session: Session,
    owner: str,
    batch: Batch,
    answer: Sequence[Sent] | Halt,
    now: datetime,
    limits: Limits,
    chance: Random,
) -> Settled:
    """Record the gateway's answer to a batch. A recipient it does not mention is unknown,
    or, after a halt, still queued."""
    said = {sent.key: sent for sent in (answer.sent if isinstance(answer, Halt) else answer)}
    held = _held(session, [row.id for row in batch.rows])
    ledger = _Ledger(now, limits)
    taken_ids = _ids_in_use(session, batch.gateway, said.values())
    named: dict[str, int] = {}
    counts: Counter[str] = Counter()
    late = 0
    for taken in batch.rows:
        row = held[taken.id]
        sent = said.get(str(taken.id)) or _unsaid(taken, answer)
        provider_id = _own_id(sent, taken_ids)
        if not _leased(row, owner, taken):
            late += 1
            _late(session, row, sent, provider_id, now)
        else:
            change = _change(ledger, row, sent, provider_id, chance)
            ledger.rows.append(change)
            counts[str(change["state"])] += 1
        if provider_id:
            named[provider_id] = taken.id
    _write(session, ledger, batch)
    _circuit(session, batch, answer, now)
    _after(session, batch, named, ledger)
    return Settled(dict(counts), late, tuple(named.values()), isinstance(answer, Halt))


def reap(session: Session, now: datetime, limit: int = REAPED) -> int:
    """Leases that ran out: their owner died or hung, and what it sent is not known."""
    expired = (
        select(Delivery.id, Delivery.contact_id)
        .where(col(Delivery.state) == SENDING, col(Delivery.lease_until) < now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(expired).all()
    session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_([row_id for row_id, _ in found]))
        .values(
            state=State.UNKNOWN.value,
            rank=RANK[State.UNKNOWN],
            reason="lease",
            owner=None,
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    deliveries.reconcile(session, [contact for _, contact in found])
    return len(found)


# --- one recipient ----------------------------------------------------------------------------


def _leased(row: Delivery, owner: str, taken: Taken) -> bool:
    return (row.state, row.owner, row.fence) == (State.SENDING, owner, taken.fence)


def _unsaid(taken: Taken, answer: Sequence[Sent] | Halt) -> Sent:
    if isinstance(answer, Halt):
        return Sent(str(taken.id), Outcome.NOT_SENT, code=answer.kind.value, reason="halt")
    return Sent(str(taken.id), Outcome.UNKNOWN, reason="no entry in the answer")


def _change(
    ledger: _Ledger, row: Delivery, sent: Sent, provider_id: str | None, chance: Random
) -> dict[str, object]:
    """The columns of a delivery after its result. Every change has the same keys."""
    state, reason, not_before = _verdict(row, sent, ledger.now, chance)
    if sent.outcome in (Outcome.NOT_SENT, Outcome.REJECTED):
        ledger.refund(row, row.segments)
        if row.kind in SHARED:
            ledger.unsent.append(row.contact_id)
    elif sent.parts is not None:
        ledger.refund(row, row.segments - sent.parts)
    if sent.outcome is Outcome.REJECTED and deliveries.is_opt_out(sent.reason, sent.code):
        ledger.blocked.append(row.contact_id)
    halted = sent.outcome is Outcome.NOT_SENT and sent.reason == "halt"
    return {
        "id": row.id,
        "state": state.value,
        "rank": RANK[state],
        "reason": reason,
        "not_before": not_before,
        "attempts": row.attempts - halted,
        "owner": None,
        "lease_until": None,
        "provider_id": provider_id,
        "segments": row.segments if sent.parts is None else sent.parts,
        "cost": float(sent.cost.amount) if sent.cost else None,
        "currency": sent.cost.currency[:3] if sent.cost else None,
        "accepted_at": ledger.now if state is State.ACCEPTED else None,
        "final_at": ledger.now if state in (State.REJECTED, State.FAILED) else None,
    }


def _verdict(
    row: Delivery, sent: Sent, now: datetime, chance: Random
) -> tuple[State, str | None, datetime]:
    """State, reason and earliest next try."""
    reason = (sent.reason or sent.code or "")[:60] or None
    if sent.outcome is not Outcome.NOT_SENT:
        good = sent.outcome is Outcome.ACCEPTED
        return _STATE[sent.outcome], None if good else reason, row.not_before
    if sent.reason == "halt":
        return State.QUEUED, reason, now
    if row.attempts >= ATTEMPTS:
        return State.FAILED, UNREACHABLE, row.not_before
    return State.QUEUED, reason, now + wait(row.attempts, sent.retry_after, chance)


def wait(attempts: int, asked: float | None, chance: Random) -> timedelta:
    """Before the next try: doubling, half of it by chance, never sooner than asked (seconds)."""
    full = min(FIRST_WAIT * (1 << min(max(attempts - 1, 0), 8)), LONGEST_WAIT)
    backoff = full * (0.5 + chance.random() / 2)
    return max(backoff, timedelta(seconds=asked or 0))


def _late(
    session: Session, row: Delivery, sent: Sent, provider_id: str | None, now: datetime
) -> None:
    """A result whose lease is over. It may name the message; it gives no orders."""
    state = _STATE.get(sent.outcome)
    event = DeliveryEvent(
        delivery_id=row.id,
        gateway=row.gateway or "",
        provider_id=provider_id,
        contact_id=row.contact_id,
        state=(state or sent.outcome).value,
        word="late_result",
        reason=(sent.reason or sent.code or "")[:80],
        at=now,
    )
    session.add(event)
    unsent = row.state in deliveries.UNSENT
    if state is None or unsent:
        return
    row.provider_id = row.provider_id or provider_id
    deliveries.note_late(
        session, row, Standing(state, "" if state is State.ACCEPTED else event.reason[:60]), event
    )


# --- the whole batch --------------------------------------------------------------------------


def _held(session: Session, ids: Sequence[int]) -> dict[int, Delivery]:
    rows = session.exec(
        select(Delivery)
        .where(col(Delivery.id).in_(ids))
        .order_by(col(Delivery.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows if row.id is not None}


def _ids_in_use(session: Session, gateway: str, sent: Iterable[Sent]) -> set[str]:
    """Carrier ids that some delivery already has: a carrier that repeats one names nobody."""
    ids = [each.provider_id for each in sent if each.provider_id]
    if not ids:
        return set()
    known = select(Delivery.provider_id).where(
        Delivery.gateway == gateway, col(Delivery.provider_id).in_(ids)
    )
    return {provider_id for provider_id in session.exec(known) if provider_id}


def _own_id(sent: Sent, taken: set[str]) -> str | None:
    """The carrier's id when it is new, which it then no longer is."""
    provider_id = sent.provider_id[:80] if sent.provider_id else None
    if provider_id is None or provider_id in taken or sent.outcome is Outcome.REJECTED:
        return None
    taken.add(provider_id)
    return provider_id


def _write(session: Session, ledger: _Ledger, batch: Batch) -> None:
    if ledger.rows:
        session.execute(update(Delivery), ledger.rows)
        session.expire_all()
    budget.move(session, ledger.segments)
    budget.take_back(session, ledger.unsent, ledger.limits.today(ledger.now))
    if (run_id := batch.rows[0].run_id) is not None:
        session.execute(
            update(Run)
            .where(col(Run.id) == run_id)
            .values(progressed_at=ledger.now)
            .execution_options(synchronize_session=False)
        )


def _circuit(session: Session, batch: Batch, answer: Sequence[Sent] | Halt, now: datetime) -> None:
    if isinstance(answer, Halt):
        circuits.open_circuit(session, batch.gateway, answer, now, probe=batch.probe)
        return
    if batch.probe:
        circuits.close_circuit(session, batch.gateway)
    pause = max((sent.retry_after or 0 for sent in answer), default=0)
    if pause:
        circuits.slow_down(session, batch.gateway, now + timedelta(seconds=pause))


def _after(session: Session, batch: Batch, named: Mapping[str, int], ledger: _Ledger) -> None:
    """Reports that were here first, and people the carrier says have stopped."""
    if named:
        deliveries.adopt(session, batch.gateway, named)
    deliveries.reconcile(session, [row.contact_id for row in batch.rows])
    for contact_id in ledger.blocked:
        deliveries.opt_out(session, contact_id, batch.gateway, ledger.now)
