"""How messages are doing, for operators' eyes: cheap enough to be asked four times a minute.

Nothing here reads the whole outbox: what waits is found by the indexes that the sending uses,
a day's messages by their ids, which grow with time.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from service.sms.outbox.due import QUEUED, running
from service.sms.tables import Delivery, Exchange

RESULTS: Mapping[str, str] = MappingProxyType({"2": "ok", "4": "refused", "5": "fault"})
"""What a request to a gateway met, by the first digit of its status; anything else `silent`."""
FEWEST_STEPS = 64
"""Halvings after which any two ids are one."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that should leave now, and since when the first of them should."""

    count: int = 0
    oldest: datetime | None = None

    def __add__(self, other: "Waiting") -> "Waiting":
        known = [each for each in (self.oldest, other.oldest) if each is not None]
        return Waiting(self.count + other.count, min(known, default=None))


def waiting(session: Session, now: datetime) -> Waiting:
    """What is due: messages of their own, and those of runs that may send."""
    total = _due(session, col(Delivery.run_id).is_(None), now)
    for run_id in running(session, now):
        total += _due(session, col(Delivery.run_id) == run_id, now)
    return total


def _due(session: Session, whose: ColumnElement[bool], now: datetime) -> Waiting:
    due = (col(Delivery.not_before) <= now, col(Delivery.not_after) > now)
    found = select(func.count(), func.min(Delivery.not_before)).where(whose, *due)
    count, oldest = session.exec(found.where(col(Delivery.state) == QUEUED)).one()
    return Waiting(count, oldest)


def since(session: Session, start: datetime) -> Counter[tuple[str, str]]:
    """Messages made since `start`, by gateway (`` before one is chosen) and state."""
    found = (
        select(Delivery.gateway, Delivery.state, func.count())
        .where(col(Delivery.id) >= _first(session, start))
        .group_by(col(Delivery.gateway), col(Delivery.state))
    )
    return Counter({(gateway or "", state): n for gateway, state, n in session.exec(found)})


def _first(session: Session, start: datetime) -> int:
    """The first id made at `start` or later, by halving: ids are given in the order of time."""
    low, high = session.exec(select(func.min(Delivery.id), func.max(Delivery.id))).one()
    if low is None or high is None:
        return 0
    low, high = int(low), int(high) + 1
    for _ in range(FEWEST_STEPS):
        if low >= high:
            break
        middle = (low + high) // 2
        at = select(Delivery.id, Delivery.created_at).where(col(Delivery.id) >= middle)
        found = session.exec(at.order_by(col(Delivery.id)).limit(1)).first()
        if found is None or found[1] >= start:
            high = middle
        else:
            low = int(found[0] or middle) + 1
    return low


def requests(session: Session, start: datetime) -> Counter[tuple[str, str]]:
    """Requests made to gateways since `start`, by gateway and what they met (`RESULTS`)."""
    found = (
        select(Exchange.gateway, Exchange.answer, func.count())
        .where(Exchange.at >= start, Exchange.direction == "out")
        .group_by(Exchange.gateway, Exchange.answer)
    )
    counted: Counter[tuple[str, str]] = Counter()
    for gateway, answer, number in session.exec(found):
        met = RESULTS.get(answer[:1], "silent") if answer.isdecimal() else "silent"
        counted[gateway, met] += number
    return counted
