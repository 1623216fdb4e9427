"""Signs that a price may have been thought up and not seen (`method.md` 2.9).

They ask staff to look, with what was seen, and never punish by themselves; nothing here reaches
a reporter, a text or an open page.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

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
class Entry:
    """One report as the signs see it. `received_at` is local time; `amount` F as said; `value` F
    per `basis`; `peers` the median of the others of that fair, None when alone.

    `by_head`: animals, whose prices are thousands anyway.
    """

    report: int
    reporter: int
    product: str
    market: str
    on: date
    received_at: datetime
    amount: int
    value: float
    basis: str = "kg"
    peers: float | None = None
    by_head: bool = False


class Flag(StrEnum):
    """What staff should look at."""

    STUCK = "stuck"
    TWIN = "twin"
    ROUND = "round"
    NO_FAIR = "no_fair"
    BEFORE_DAWN = "before_dawn"


@dataclass(frozen=True, slots=True)
class Sign:
    """A flag with its evidence: where, on which days, in which reports.

    `product` and `value` belong to a stuck price, with the lowest and highest median of the
    others; `other` is the reporter who said the same.
    """

    flag: Flag
    market: str
    days: tuple[date, ...]
    reports: tuple[int, ...]
    product: str | None = None
    value: float | None = None
    peers: tuple[float, float] | None = None
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """Two reporters (lower id first) with the same values at one fair."""

    one: int
    other: int
    market: str
    on: date
    reports: tuple[int, ...]


def signs(
    entries: Sequence[Entry], fair_days: AbstractSet[int], pairs: Iterable[Twin] = ()
) -> tuple[Sign, ...]:
    """What staff should look at in one reporter's entries at one market, oldest first.

    `pairs` is the result of `twins` for that market.
    """
    return (
        *_stuck(entries),
        *_same_hand(entries, pairs),
        *_of(Flag.ROUND, rounded(entries)),
        *_of(Flag.NO_FAIR, [each for each in entries if is_off_day(each, fair_days)]),
        *_of(Flag.BEFORE_DAWN, [each for each in entries if is_before_dawn(each)]),
    )


def is_stuck(values: Sequence[float], peers: Sequence[float]) -> bool:
    """The same value four fairs running while the peers' median moved more than 7 %.

    Both are for the same fairs, oldest first.
    """
    own, theirs = values[-STUCK_FAIRS:], peers[-STUCK_FAIRS:]
    if min(len(own), len(theirs)) < STUCK_FAIRS or len(set(own)) > 1:
        return False
    return max(theirs) > (1 + PEERS_MOVED) * min(theirs)


def rounded(entries: Iterable[Entry]) -> list[Entry]:
    """The amounts, when every one of them ends in 000 and there are enough to tell."""
    said = [each for each in entries if not each.by_head]
    whole = all(each.amount % ROUND_TO == 0 for each in said)
    return said if whole and len(said) >= ROUND_FROM else []


def is_before_dawn(entry: Entry) -> bool:
    """Sent on the fair day itself before 6:00."""
    return entry.received_at.date() == entry.on and entry.received_at.time() < DAWN


def is_off_day(entry: Entry, fair_days: AbstractSet[int]) -> bool:
    """For a day that is no fair day there; a daily or unknown market has none of these."""
    return bool(fair_days) and entry.on.weekday() not in fair_days


def twins(entries: Iterable[Entry]) -> tuple[Twin, ...]:
    """Pairs of reporters with the same value for four products or more of one fair, sent within
    ten minutes of each other."""
    fairs: dict[tuple[date, str], dict[tuple[str, str, float], list[Entry]]] = {}
    for entry in entries:
        same = fairs.setdefault((entry.on, entry.market), {})
        same.setdefault((entry.product, entry.basis, entry.value), []).append(entry)
    return tuple(
        Twin(*pair, market, on, tuple(sorted(reports)))
        for (on, market), same in sorted(fairs.items())
        for pair, (products, reports) in sorted(_shared(same).items())
        if len(products) >= TWIN_PRODUCTS
    )


Shared = dict[tuple[int, int], tuple[set[str], set[int]]]
"""By pair of reporters: the products they agree on, and the reports that do."""


def _shared(same: Mapping[tuple[str, str, float], Sequence[Entry]]) -> Shared:
    shared: Shared = {}
    for (product, _, _), entries in same.items():
        for one in entries:
            for other in entries:
                near = abs(one.received_at - other.received_at) <= TWIN_WITHIN
                if one.reporter < other.reporter and near:
                    found = shared.setdefault((one.reporter, other.reporter), (set(), set()))
                    found[0].add(product)
                    found[1].update((one.report, other.report))
    return shared


def _stuck(entries: Sequence[Entry]) -> Iterator[Sign]:
    by_product: dict[tuple[str, str], list[tuple[Entry, float]]] = defaultdict(list)
    for entry in entries:
        if entry.peers is not None:
            by_product[entry.product, entry.basis].append((entry, entry.peers))
    for (product, _), seen in sorted(by_product.items()):
        if is_stuck([each.value for each, _ in seen], [peers for _, peers in seen]):
            yield _one_value(product, seen[-STUCK_FAIRS:])


def _one_value(product: str, seen: Sequence[tuple[Entry, float]]) -> Sign:
    theirs = [peers for _, peers in seen]
    (sign,) = _of(Flag.STUCK, [entry for entry, _ in seen])
    extremes = min(theirs), max(theirs)
    return replace(sign, product=product, value=seen[-1][0].value, peers=extremes)


def _same_hand(entries: Sequence[Entry], pairs: Iterable[Twin]) -> Iterator[Sign]:
    me = {each.reporter for each in entries}
    found: dict[int, list[Twin]] = defaultdict(list)
    for twin in pairs:
        if twin.one in me or twin.other in me:
            found[twin.other if twin.one in me else twin.one].append(twin)
    for other, fairs in sorted(found.items()):
        reports = sorted(report for each in fairs for report in each.reports)
        days = tuple(sorted({each.on for each in fairs}))
        yield Sign(Flag.TWIN, fairs[0].market, days, tuple(reports), other=other)


def _of(flag: Flag, entries: Sequence[Entry]) -> Iterator[Sign]:
    if entries:
        days = tuple(sorted({each.on for each in entries}))
        yield Sign(flag, entries[0].market, days, tuple(each.report for each in entries))
