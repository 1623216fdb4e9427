"""Which gateways may be called now: pace and circuit, kept in the database for all workers.

A halt (bad credentials, no credit) opens the circuit: nothing is taken for that gateway until
`retry_at`, then one single message goes first to see. Rows stay queued meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from service.db import upsert
from service.sms.gateway import Halt
from service.sms.tables import Circuit, Pace

PROBE = timedelta(seconds=60)
"""How long an open circuit rests before one message tries it, and how long that try may take."""
LONGEST_REST = timedelta(minutes=15)
"""The rest doubles with every failed try up to this: soon enough after staff have topped up."""
SLACK = timedelta(seconds=1)
"""Unused pace that may be caught up: a worker that woke late still keeps its rate."""


@dataclass(frozen=True, slots=True)
class Way:
    """What the worker knows of one gateway: recipients per request, messages per second.
    `probe` is set for the one message that tries an open circuit."""

    name: str
    recipients: int
    rate: float
    probe: bool = False


def ready(
    session: Session, ways: Sequence[Way], now: datetime
) -> tuple[dict[str, Way], datetime | None]:
    """The gateways free at `now`, and when the first of the others will be.

    A gateway whose circuit has rested long enough is free for one recipient.
    """
    names = [way.name for way in ways]
    busy = _lock_paces(session, names, now)
    # Read after the lock on the pace, or two workers would both be the one that tries.
    circuits = session.exec(select(Circuit).where(col(Circuit.gateway).in_(names)))
    rest = {circuit.gateway: circuit.retry_at for circuit in circuits}
    free: dict[str, Way] = {}
    waits: list[datetime] = []
    for way in ways:
        until = max(rest.get(way.name, now), busy.get(way.name, now))
        if until > now:
            waits.append(until)
        else:
            probes = way.name in rest
            free[way.name] = replace(way, recipients=1, probe=True) if probes else way
    return free, min(waits, default=None)


def _lock_paces(session: Session, names: Sequence[str], now: datetime) -> dict[str, datetime]:
    """When each gateway is free. The rows stay locked: claims queue up here, holding nothing
    else yet, and so can never wait for each other in a circle."""
    locked = (
        select(Pace)
        .where(col(Pace.gateway).in_(names))
        .order_by(col(Pace.gateway))
        .with_for_update()
    )
    found = {pace.gateway: pace.free_at for pace in session.exec(locked)}
    if len(found) == len(set(names)):
        return found
    rows = [{"gateway": name, "free_at": now} for name in sorted(set(names) - found.keys())]
    session.execute(upsert(session, Pace).values(rows).on_conflict_do_nothing())
    return {pace.gateway: pace.free_at for pace in session.exec(locked)}


def take_turn(session: Session, way: Way, messages: int, now: datetime) -> None:
    """Count `messages` against the pace; hold a half-open circuit for this one try."""
    pace = session.get_one(Pace, way.name, with_for_update=True)
    start = max(pace.free_at, now - SLACK)
    _set_pace(session, way.name, start + timedelta(seconds=messages / way.rate))
    circuit = session.get(Circuit, way.name, with_for_update=True)
    if circuit is not None:
        circuit.retry_at = now + PROBE
        session.add(circuit)


def slow_down(session: Session, gateway: str, until: datetime) -> None:
    """The carrier asked for a pause."""
    pace = session.get(Pace, gateway, with_for_update=True)
    if pace is None or pace.free_at < until:
        _set_pace(session, gateway, until)


def open_circuit(session: Session, gateway: str, halt: Halt, now: datetime, *, probe: bool) -> None:
    """Stop calling the gateway. Only a try that failed again (`probe`) lengthens the rest:
    requests that were on their way together fail together, and are one failure."""
    session.execute(
        upsert(session, Circuit)
        .values(
            gateway=gateway, kind="", reason="", opened_at=now, retry_at=now + PROBE, failures=1
        )
        .on_conflict_do_nothing()
    )
    circuit = session.get_one(Circuit, gateway, with_for_update=True, populate_existing=True)
    if probe:
        circuit.retry_at = now + min(PROBE * 2 ** min(circuit.failures, 8), LONGEST_REST)
        circuit.failures += 1
    circuit.kind, circuit.reason = halt.kind.value, halt.reason[:120]
    session.add(circuit)
    session.flush()


def close_circuit(session: Session, gateway: str) -> bool:
    """The gateway answered as it should; whether it had been closed off."""
    circuit = session.get(Circuit, gateway)
    if circuit is None:
        return False
    session.delete(circuit)
    session.flush()
    return True


def _set_pace(session: Session, gateway: str, free_at: datetime) -> None:
    session.execute(
        upsert(session, Pace)
        .values(gateway=gateway, free_at=free_at)
        .on_conflict_do_update(index_elements=["gateway"], set_={"free_at": free_at})
    )
