"""How many of a run's messages are in which state, counted as seldom as may be.

Whoever follows a run asks every second, and counting a million people takes a tenth of one: a
large run is counted again only after twenty times as long as it took.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import func
from sqlmodel import Session, col, select

from service.clock import monotonic
from service.people.tables import Contact, Subscriber, Village
from service.sms.outbox.routing import operator
from service.sms.outbox.states import tally
from service.sms.tables import Delivery, Run, stored

LARGE = 20_000
"""People from which on a run is not counted at every look: some milliseconds."""
PATIENCE = 20
"""A count is shown for so many times as long as it took: a twentieth of a processor."""
KEPT = 1_000
"""Counts kept in memory, a few hundred bytes each."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Share:
    """Counts of one operator, village or sex."""

    name: str
    counts: Mapping[str, int]


def counts(session: Session, run_id: int) -> dict[str, int]:
    """Messages per state; the numbers add up to the run's total."""
    found = (
        select(Delivery.state, func.count())
        .where(Delivery.run_id == run_id)
        .group_by(col(Delivery.state))
    )
    return tally(dict(session.exec(found).all()))


def statistics(session: Session, run_id: int) -> dict[str, list[Share]]:
    """Counts by `operator`, `village` and `sex` of those who were written to."""
    kinds = (col(Contact.prefix), col(Village.name), col(Subscriber.sex))
    found = (
        sqlalchemy.select(*kinds, col(Delivery.state), func.count())
        .select_from(Delivery)
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .outerjoin(Subscriber, col(Subscriber.contact_id) == col(Delivery.contact_id))
        .outerjoin(Village, col(Village.code) == col(Subscriber.village))
        .where(col(Delivery.run_id) == run_id)
        .group_by(*kinds, col(Delivery.state))
    )
    shares: dict[str, dict[str, Counter[str]]] = {"operator": {}, "village": {}, "sex": {}}
    for prefix, village, sex, state, number in session.execute(found):
        names = (operator(f"+223{prefix or ''}"), village, sex)
        for kind, name in zip(shares, names, strict=True):
            shares[kind].setdefault(name or "", Counter())[state] += number
    return {
        kind: [Share(name, tally(each)) for name, each in sorted(named.items())]
        for kind, named in shares.items()
    }


class Tallies:
    """Counts kept between two looks, for one process. Small runs are counted at every look."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[float, Any]] = {}

    def counts(self, session: Session, run: Run) -> dict[str, int]:
        return self._look(run, "counts", lambda: counts(session, stored(run.id)))

    def statistics(self, session: Session, run: Run) -> dict[str, list[Share]]:
        return self._look(run, "shares", lambda: statistics(session, stored(run.id)))

    def _look(self, run: Run, what: str, count: Callable[[], _T]) -> _T:
        if run.total < LARGE:
            return count()
        still = run.state == "finished"  # then only reports move it, and they leave their time
        key = (run.id, what, run.state, run.progressed_at if still else None)
        began = monotonic()
        until, kept = self._kept.get(key, (0.0, None))
        if until > began:
            found: _T = kept
            return found
        made = count()
        ended = monotonic()
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[key] = (math.inf if still else ended + (ended - began) * PATIENCE, made)
        return made
