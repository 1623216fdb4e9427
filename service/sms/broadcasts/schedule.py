"""When a broadcast is due: rules as values, and the next instant as a pure function.

Days are names only. In a list of numbers nobody agrees whether 1 is Sunday, and a price that
goes out on the day after the fair is worth nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from service.sms.refused import Refused

HORIZON = 400
"""Days looked ahead: a fair once a year is still found, one that never comes ends the search."""

_NAMES = (
    ("mon", "monday", "lun", "lundi"),
    ("tue", "tuesday", "mar", "mardi"),
    ("wed", "wednesday", "mer", "mercredi"),
    ("thu", "thursday", "jeu", "jeudi"),
    ("fri", "friday", "ven", "vendredi"),
    ("sat", "saturday", "sam", "samedi"),
    ("sun", "sunday", "dim", "dimanche"),
)
_DAY_OF = {name: day for day, names in enumerate(_NAMES) for name in names}


@dataclass(frozen=True, slots=True)
class Now:
    """As soon as it may."""


@dataclass(frozen=True, slots=True)
class Once:
    at: datetime


@dataclass(frozen=True, slots=True)
class Weekly:
    """On these days of the week (0 is Monday) at a local time."""

    days: frozenset[int]
    at: time


@dataclass(frozen=True, slots=True)
class OnFair:
    """On every fair day of a market at a local time."""

    market: str
    at: time


Rule = Now | Once | Weekly | OnFair

Fairs = Callable[[str], tuple[Collection[int], Collection[date]]]
"""Fair weekdays (0 is Monday; none means daily) and cancelled days of a market by its code."""


def read(when: object, zone: ZoneInfo) -> Rule | Refused:
    """`"now"`, `{"once": iso}`, `{"weekly": ["fri"], "at": "06:45"}` or
    `{"fair": "KITA", "at": "06:45"}`. An instant without offset is local."""
    match when:
        case "now" | {"now": True}:
            return Now()
        case {"once": str(said), **rest} if not rest:
            return _once(said, zone)
        case {"weekly": [*days], "at": str(at), **rest} if days and not rest:
            return _weekly(days, at)
        case {"fair": str(market), "at": str(at), **rest} if market and not rest:
            clock = _time(at)
            return clock if isinstance(clock, Refused) else OnFair(market, clock)
        case _:
            return Refused(
                "when",
                'Say when: "now", {"once": "2026-11-27T06:45:00Z"}, '
                '{"weekly": ["fri"], "at": "06:45"} or {"fair": "KITA", "at": "06:45"}.',
                'Dites quand : "now", {"once": "2026-11-27T06:45:00Z"}, '
                '{"weekly": ["fri"], "at": "06:45"} ou {"fair": "KITA", "at": "06:45"}.',
            )


def write(rule: Rule) -> dict[str, Any]:
    """The rule as it is kept; `read` gives it back."""
    match rule:
        case Now():
            return {"now": True}
        case Once(at):
            return {"once": at.isoformat()}
        case Weekly(days, at):
            return {"weekly": [_NAMES[day][0] for day in sorted(days)], "at": f"{at:%H:%M}"}
        case OnFair(market, at):
            return {"fair": market, "at": f"{at:%H:%M}"}


def next_fire(rule: Rule, after: datetime, zone: ZoneInfo, fairs: Fairs) -> datetime | None:
    """The first instant strictly after `after` at which the rule is due, in UTC; None if never.

    A local time that the clocks skip happens an hour later, one they repeat happens once.
    """
    match rule:
        case Now():
            return None
        case Once(at):
            return at if at > after else None
        case Weekly(days, at):
            return _next(after, zone, at, lambda day: day.weekday() in days)
        case OnFair(market, at):
            weekdays, cancelled = fairs(market)
            held = set(weekdays) or set(range(7))
            return _next(
                after, zone, at, lambda day: day.weekday() in held and day not in cancelled
            )


def next_times(
    rule: Rule, after: datetime, zone: ZoneInfo, fairs: Fairs, count: int = 3
) -> list[datetime]:
    """The next few instants, for people to check what they meant."""
    times: list[datetime] = []
    while len(times) < count and (
        due := next_fire(rule, times[-1] if times else after, zone, fairs)
    ):
        times.append(due)
    return times


def repeats(rule: Rule) -> bool:
    return isinstance(rule, Weekly | OnFair)


def _next(
    after: datetime, zone: ZoneInfo, at: time, held: Callable[[date], bool]
) -> datetime | None:
    first = after.astimezone(zone).date()
    for ahead in range(HORIZON):
        day = first + timedelta(days=ahead)
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if held(day) and due > after:
            return due
    return None


def _once(said: str, zone: ZoneInfo) -> Rule | Refused:
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return Refused(
            "when",
            f"{said!r} is no date and time: write 2026-11-27T06:45:00Z.",
            f"{said!r} n'est pas une date et une heure : écrivez 2026-11-27T06:45:00Z.",
        )
    return Once((at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC))


def _weekly(said: Collection[object], at: str) -> Rule | Refused:
    days = {_DAY_OF.get(day.strip().lower()) if isinstance(day, str) else None for day in said}
    clock = _time(at)
    if isinstance(clock, Refused):
        return clock
    if None in days:
        return Refused(
            "when",
            "Days are names: mon, tue, wed, thu, fri, sat, sun.",
            "Les jours sont des noms : mon, tue, wed, thu, fri, sat, sun.",
        )
    return Weekly(frozenset(day for day in days if day is not None), clock)


def _time(said: str) -> time | Refused:
    try:
        at = time.fromisoformat(said)
    except ValueError:
        at = None
    if at is None or at.tzinfo or at.second or at.microsecond or ":" not in said:
        return Refused(
            "when",
            f"{said!r} is no time of day: write 06:45.",
            f"{said!r} n'est pas une heure : écrivez 06:45.",
        )
    return at
