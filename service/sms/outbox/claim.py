"""Taking messages to send: one batch, in one transaction, before any wire is touched.

Everything that may stop a message is asked here, for the last time: its hours, its expiry,
opt-out and consent, the country, the caps, the gateway's pace and circuit. What is taken is
leased for a minute to one owner; a higher fence makes an older owner's word worthless.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from sqlalchemy import update
from sqlmodel import Session, col

from service.phone import Phone, Vault
from service.sms.outbox import budget
from service.sms.outbox.circuits import Way, ready, take_turn
from service.sms.outbox.due import DueRow, look, served
from service.sms.outbox.limits import CONSENTED, REPLIES, SHARED, Limits
from service.sms.outbox.states import RANK, State
from service.sms.tables import Delivery, MessageText, stored

LEASE = timedelta(seconds=60)
"""Three times the worst case of a request (12 s) and its bookkeeping."""
LOOKS = 5
"""Goes in one claim before the others in the database get their turn."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One recipient of a batch. `fence` proves, when the result comes, that the lease held."""

    id: int
    fence: int
    contact_id: int
    run_id: int | None
    kind: str
    phone: Phone
    segments: int
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """One text for some people by one gateway: one request."""

    gateway: str
    text: str
    rows: tuple[Taken, ...]
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing to send. `again` is when to look, when it is already known; `more` says that rows
    were only put aside, so that it is worth looking at once."""

    again: datetime | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: DueRow
    gateway: str
    phone: Phone


@dataclass(frozen=True, slots=True)
class _Aside:
    """A row that will not be sent: its last state, and why."""

    id: int
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class _Desk:
    """What one claim works with."""

    session: Session
    owner: str
    ways: Mapping[str, Way]
    now: datetime
    limits: Limits
    vault: Vault


def claim(
    session: Session,
    owner: str,
    ways: Sequence[Way],
    now: datetime,
    limits: Limits,
    vault: Vault,
) -> Batch | Idle:
    """Take the next batch, replies first, then runs by age. Commit before sending it."""
    open_ways, again = ready(session, ways, now)
    if not open_ways:
        return Idle(again)
    desk = _Desk(session, owner, open_ways, now, limits, vault)
    prefixes = None if len(open_ways) == len(ways) else served(open_ways, limits)
    aside = False
    for _ in range(LOOKS):
        rows = look(session, now, limits, prefixes)
        if not rows:
            break
        candidates, unfit = _sift(desk, rows)
        _put_aside(desk, unfit)
        aside = aside or bool(unfit)
        if candidates and (batch := _take(desk, candidates)):
            return batch
        if not unfit and not candidates:
            break  # all of them wait for a gateway that is not free
    return Idle(again, more=aside)


# --- sifting ----------------------------------------------------------------------------------


def _sift(desk: _Desk, rows: Sequence[DueRow]) -> tuple[list[_Candidate], list[_Aside]]:
    """What may leave now, and what never may. Rows in neither list stay queued."""
    judged = [_judge(desk, row) for row in rows]
    return (
        [each for each in judged if isinstance(each, _Candidate)],
        [each for each in judged if isinstance(each, _Aside)],
    )


def _judge(desk: _Desk, row: DueRow) -> _Candidate | _Aside | None:
    if row.not_after <= desk.now:
        return _Aside(row.id, State.EXPIRED, "late")
    if row.stopped_at is not None and row.kind not in REPLIES:
        return _Aside(row.id, State.SUPPRESSED, "stopped")
    if row.kind in CONSENTED and not row.consented:
        return _Aside(row.id, State.SUPPRESSED, "consent")
    try:
        phone = desk.vault.open(row.sealed)
    except InvalidTag:
        return _Aside(row.id, State.SUPPRESSED, "sealed")
    if not desk.limits.reaches(phone.e164):
        return _Aside(row.id, State.SUPPRESSED, "prefix")
    gateway = _choose(desk, phone, row.attempts)
    return None if gateway is None else _Candidate(row, gateway, phone)


def _choose(desk: _Desk, phone: Phone, attempts: int) -> str | None:
    """The first free gateway of the number's route; each attempt starts one further on."""
    route = desk.limits.ways(phone.e164)
    turn = attempts % len(route)
    return next((name for name in (*route[turn:], *route[:turn]) if name in desk.ways), None)


def _put_aside(desk: _Desk, unfit: Iterable[_Aside]) -> None:
    changes = [
        {
            "id": aside.id,
            "state": aside.state.value,
            "rank": RANK[aside.state],
            "reason": aside.reason,
            "final_at": desk.now,
        }
        for aside in unfit
    ]
    if changes:
        desk.session.execute(update(Delivery), changes)


# --- taking -----------------------------------------------------------------------------------


def _take(desk: _Desk, candidates: Sequence[_Candidate]) -> Batch | None:
    """Reserve and lease the first text's people; None when the caps let nobody through."""
    first = candidates[0]
    group = [
        each
        for each in candidates
        if (each.gateway, each.row.text_id, each.row.run_id)
        == (first.gateway, first.row.text_id, first.row.run_id)
    ]
    within = _within_budget(desk, group)
    chosen = _within_share(desk, within[: desk.ways[first.gateway].recipients])
    if not chosen:
        return None
    used = sum(each.row.segments for each in chosen)
    scopes = budget.scopes(desk.limits, first.row.run_id, desk.now)
    budget.move(desk.session, dict.fromkeys(scopes, used))
    fences = _lease(desk, chosen)
    text = desk.session.get_one(MessageText, first.row.text_id).body
    probe = desk.ways[first.gateway].probe
    return Batch(first.gateway, text, tuple(_taken(each, fences) for each in chosen), probe)


def _within_budget(desk: _Desk, group: Sequence[_Candidate]) -> Sequence[_Candidate]:
    """Those the caps still pay for. When they pay for nobody, the whole group is put aside."""
    row = group[0].row
    left = budget.room(desk.session, budget.scopes(desk.limits, row.run_id, desk.now))
    scope, segments = min(left.items(), key=lambda each: each[1])
    count = segments // max(row.segments, 1)
    if count == 0:
        _over_budget(desk, group, scope)
    return group[:count]


def _over_budget(desk: _Desk, group: Sequence[_Candidate], scope: str) -> None:
    """A day's cap moves a message to the next day when it is still worth something then."""
    name = scope.partition(":")[0]
    later = desk.limits.tomorrow(desk.now)
    waits = [each for each in group if name == "day" and each.row.not_after > later]
    if waits:
        moved = [{"id": each.row.id, "not_before": later} for each in waits]
        desk.session.execute(update(Delivery), moved)
    rest = [each.row.id for each in group if each not in waits]
    _put_aside(desk, [_Aside(row_id, State.SUPPRESSED, f"cap_{name}") for row_id in rest])


def _within_share(desk: _Desk, group: Sequence[_Candidate]) -> list[_Candidate]:
    """Nobody gets more pushed messages in a day than the cap; the second of two waits."""
    unique = {each.row.contact_id: each for each in reversed(group)}
    kept = [each for each in group if unique[each.row.contact_id] is each]
    shared = [each for each in kept if each.row.kind in SHARED]
    day, cap = desk.limits.today(desk.now), desk.limits.person_day
    admitted = budget.admit(desk.session, [each.row.contact_id for each in shared], day, cap)
    full = [each for each in shared if each.row.contact_id not in admitted]
    _put_aside(desk, [_Aside(each.row.id, State.SUPPRESSED, "cap_person") for each in full])
    return [each for each in kept if each not in full]


def _lease(desk: _Desk, chosen: Sequence[_Candidate]) -> dict[int, int]:
    """Mark the rows as ours for a minute; their new fences, by id."""
    leased = (
        update(Delivery)
        .where(col(Delivery.id).in_([each.row.id for each in chosen]))
        .values(
            state=State.SENDING.value,
            rank=RANK[State.SENDING],
            gateway=chosen[0].gateway,
            owner=desk.owner,
            lease_until=desk.now + LEASE,
            fence=col(Delivery.fence) + 1,
            attempts=col(Delivery.attempts) + 1,
            sending_at=desk.now,
        )
        .returning(col(Delivery.id), col(Delivery.fence))
        .execution_options(synchronize_session=False)
    )
    fences: dict[int, int] = {
        stored(row_id): fence for row_id, fence in desk.session.execute(leased)
    }
    take_turn(desk.session, desk.ways[chosen[0].gateway], len(chosen), desk.now)
    return fences


def _taken(each: _Candidate, fences: Mapping[int, int]) -> Taken:
    row = each.row
    return Taken(
        row.id,
        fences[row.id],
        row.contact_id,
        row.run_id,
        row.kind,
        each.phone,
        row.segments,
        row.not_after,
    )
