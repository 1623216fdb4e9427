"""Report: what one reporter says of one product at one market on one day."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.prices.catalog import Stage


class Status(StrEnum):
    """What became of a report. Raw text is never changed; a correction is a new report."""

    ACCEPTED = "accepted"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    CORROBORATED = "corroborated"
    HELD = "held"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


COUNTING = frozenset({Status.ACCEPTED, Status.CONFIRMED, Status.CORROBORATED})
"""The statuses whose value may enter a quote."""


class Money(StrEnum):
    """How the amount was marked. Only a marker or number words multiply by five on their own."""

    FRANC = "franc"
    DOROME = "dorome"
    BARE = "bare"


@dataclass(frozen=True, slots=True)
class Claim:
    """One price as understood from words, before it is judged.

    `amount` is in F for `quantity` of `unit` (dorome already multiplied when marked);
    `said` is the number as written. A missing market, unit or day is left to the reporter's
    habits. `unit` is a unit code (KG, SAC, ...), `on` the fair day when one was said.
    """

    product: str
    amount: int
    said: int
    money: Money = Money.BARE
    market: str | None = None
    unit: str | None = None
    quantity: int = 1
    stage: Stage = Stage.PRODUCER
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """A counting report as the quote sees it: one reporter's last word for a fair day.

    `value` is F per quoted quantity (or per whole vessel when the unit has no weighing);
    `trust` the reporter's reliability in [0.5, 1]; `weighed_on` the date of the unit's last
    weighing, None for kg and head which never go stale.
    """

    report: int
    reporter: int
    on: date
    value: float
    trust: float = 1.0
    weighed_on: date | None = None
    verified: bool = True
