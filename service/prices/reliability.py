"""How far a reporter can be relied on, and what staff should look at (`method.md` 2.9).

Trust lowers a vote's weight by half at most; flags ask a human to look and never punish by
themselves. Pay follows complete, on-time market days, never the prices reported.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from service.prices.quote import MAD_TO_SIGMA

DAYS_TO_JUDGE = 8
"""Fair days shared with others before anything is said of a reporter."""

BIAS_COST = 0.20
"""A bias of this much (log) would take all trust; the same for noise above the usual."""

USUAL_NOISE = 0.10
"""Honest reporters of one fair differ by about 8 %: noise up to here costs nothing."""

LEAST_TRUST, FULL_TRUST = 0.5, 1.0

STUCK_FAIRS = 4
"""The same value at so many fairs running, while peers moved more than `PEERS_MOVED`."""

PEERS_MOVED = 0.07

TWIN_PRODUCTS = 4
"""Products on which two reporters must agree to the franc to look like one hand."""

TWIN_WITHIN = timedelta(minutes=10)

DAWN = time(6)
"""No fair has prices before this hour, local time."""

ROUND_TO = 1000
ROUND_FROM = 4
"""All of at least so many amounts ending in 000 were likely not seen but thought up."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One reporter's value on one day beside the others' of that day (or an audit's), F.

    `counted` tells whether the value entered the quote; a held one did not.
    """

    value: float
    others: tuple[float, ...]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bias and noise in log units (0.10 is about 10 %), trust in [0.5, 1], over `days` days."""

    bias: float
    noise: float
    trust: float
    days: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One report as the flags see it. `received_at` is local time; `amount` F as said."""

    reporter: int
    product: str
    market: str
    on: date
    received_at: datetime
    amount: int
    value: float


class Flag(StrEnum):
    """What staff should look at."""

    STUCK = "stuck"
    TWIN = "twin"
    ROUND = "round"
    NO_FAIR = "no_fair"
    BEFORE_DAWN = "before_dawn"


@dataclass(frozen=True, slots=True)
class MarketDay:
    """A fair a reporter owed: products expected and sent, and when the last one came in."""

    on: date
    expected: int
    sent: int
    on_time: bool

    @property
    def complete(self) -> bool:
        return self.sent >= self.expected


@dataclass(frozen=True, slots=True)
class Card:
    """A reporter's month: shares in 0 to 1, `closeness` the median distance to peers (log).

    `airtime` is in F. `served` counts the answers given from the prices this reporter helped make.
    """

    fairs: int
    reported: int
    on_time: float
    closeness: float | None
    airtime: int
    served: int


def reliability(comparisons: Iterable[Comparison]) -> Reliability | None:
    """Bias, noise and trust; None under eight days, and never from held values alone."""
    shared = [each for each in comparisons if each.others]
    if sum(each.counted for each in shared) < DAYS_TO_JUDGE:
        return None
    gaps = [_gap(each) for each in shared]
    bias = statistics.median(gaps)
    noise = MAD_TO_SIGMA * statistics.median(abs(gap - bias) for gap in gaps)
    return Reliability(round(bias, 6), round(noise, 6), round(trust(bias, noise), 6), len(shared))


def trust(bias: float, noise: float) -> float:
    """r = clip(1 - |b|/0.20 - max(0, v - 0.10)/0.20, 0.5, 1)."""
    lost = abs(bias) / BIAS_COST + max(0.0, noise - USUAL_NOISE) / BIAS_COST
    return min(FULL_TRUST, max(LEAST_TRUST, 1.0 - lost))


def is_stuck(values: Sequence[float], peers: Sequence[float]) -> bool:
    """The same value four fairs running while the peers' median moved more than 7 %.

    Both are for the same fairs, oldest first.
    """
    own, theirs = values[-STUCK_FAIRS:], peers[-STUCK_FAIRS:]
    if min(len(own), len(theirs)) < STUCK_FAIRS or len(set(own)) > 1:
        return False
    return max(theirs) > (1 + PEERS_MOVED) * min(theirs)


def is_round(entries: Sequence[Entry]) -> bool:
    """Every amount of a message or month ends in 000."""
    return len(entries) >= ROUND_FROM and all(each.amount % ROUND_TO == 0 for each in entries)


def is_before_dawn(entry: Entry) -> bool:
    """Sent on the fair day itself before 6:00."""
    return entry.received_at.date() == entry.on and entry.received_at.time() < DAWN


def is_off_day(entry: Entry, fair_days: AbstractSet[int]) -> bool:
    """For a day that is no fair day there; a daily or unknown market has none of these."""
    return bool(fair_days) and entry.on.weekday() not in fair_days


def twins(entries: Iterable[Entry]) -> set[tuple[int, int]]:
    """Pairs of reporters (lower id first) with the same value for four products or more of one
    fair, sent within ten minutes of each other."""
    fairs: dict[tuple[str, date], dict[tuple[str, float], list[Entry]]] = {}
    for entry in entries:
        same = fairs.setdefault((entry.market, entry.on), {})
        same.setdefault((entry.product, entry.value), []).append(entry)
    return {
        pair
        for same in fairs.values()
        for pair, products in _shared_products(same).items()
        if len(products) >= TWIN_PRODUCTS
    }


def flags(
    entries: Sequence[Entry],
    fair_days: AbstractSet[int],
    peers: Mapping[str, Sequence[float]],
    suspected: AbstractSet[tuple[int, int]] = frozenset(),
) -> frozenset[Flag]:
    """What staff should look at in one reporter's entries at one market, oldest first.

    `peers` holds, by product, the others' median at each of this reporter's entries for it;
    `suspected` the result of `twins` for that market.
    """
    raised = {
        Flag.STUCK: _any_stuck(entries, peers),
        Flag.TWIN: any(each.reporter in pair for each in entries for pair in suspected),
        Flag.ROUND: is_round(entries),
        Flag.NO_FAIR: any(is_off_day(each, fair_days) for each in entries),
        Flag.BEFORE_DAWN: any(is_before_dawn(each) for each in entries),
    }
    return frozenset(flag for flag, up in raised.items() if up)


def card(
    days: Sequence[MarketDay],
    comparisons: Iterable[Comparison],
    *,
    per_day: int,
    audit_bonus: int = 0,
    audits_passed: int = 0,
    served: int = 0,
) -> Card:
    """A month on one card. `per_day` and `audit_bonus` in F of airtime; prices play no part."""
    earned = sum(day.complete and day.on_time for day in days)
    gaps = [abs(_gap(each)) for each in comparisons if each.others]
    return Card(
        fairs=len(days),
        reported=sum(day.sent > 0 for day in days),
        on_time=sum(day.on_time and day.sent > 0 for day in days) / len(days) if days else 0.0,
        closeness=round(statistics.median(gaps), 6) if gaps else None,
        airtime=earned * per_day + audits_passed * audit_bonus,
        served=served,
    )


def _gap(one: Comparison) -> float:
    return math.log(one.value) - statistics.median(math.log(other) for other in one.others)


def _any_stuck(entries: Sequence[Entry], peers: Mapping[str, Sequence[float]]) -> bool:
    by_product: dict[str, list[float]] = {}
    for entry in entries:
        by_product.setdefault(entry.product, []).append(entry.value)
    return any(is_stuck(values, peers.get(code, ())) for code, values in by_product.items())


def _shared_products(
    same: Mapping[tuple[str, float], Sequence[Entry]],
) -> dict[tuple[int, int], set[str]]:
    """By pair of reporters, the products they gave the same value for within ten minutes."""
    shared: dict[tuple[int, int], set[str]] = {}
    for (product, _), entries in same.items():
        for one in entries:
            for other in entries:
                near = abs(one.received_at - other.received_at) <= TWIN_WITHIN
                if one.reporter < other.reporter and near:
                    shared.setdefault((one.reporter, other.reporter), set()).add(product)
    return shared
