"""Trend: whether a price rises, falls or stands still, said only when it is sure.

Source: `method.md` 2.7 with settled reading 12. Two rural prices in three do not move in a
week; a service that cries change every week is not believed the day it matters.
"""

from collections.abc import Sequence
from datetime import date
from itertools import combinations
from math import log, sqrt
from statistics import median
from typing import Literal, NamedTuple

Word = Literal["up", "down", "stable"]

SMALLEST_MOVE = 0.05
"""Share under which a move is never called one: the size of two trading ticks at 200 F."""

SURE = 1.5
"""Standard errors a move must exceed; wide on purpose (reading 12: 1-10 % of steps speak)."""

STEP = 10
"""F/kg a move must exceed: the usual step of the official market observatory in rural markets."""

COMPARED = 4
"""Fairs compared: the last two with the two before."""

SLOPE_FAIRS = 6
"""Fairs behind the slope that staff see."""

COUNTING = frozenset("ABC")
"""Grades that may speak of change; an estimate (D) never does."""


class Point(NamedTuple):
    """A published quote as the trend sees it: value (F per quoted quantity), error on the log."""

    value: float
    se_ln: float
    grade: str
    fair_on: date


def trend(quotes: Sequence[tuple[float, float, str, date]], step: float = STEP) -> Word | None:
    """One word, or None with fewer than four quotes of grade A to C. `step` in F: 10 a kilo."""
    last = _counting(quotes)[-COMPARED:]
    if len(last) < COMPARED:
        return None
    before, now = _middle(last[:2]), _middle(last[2:])
    error = sqrt(sum(each.se_ln**2 for each in last))
    if abs(now - before) <= max(before * max(SMALLEST_MOVE, SURE * error), step):
        return "stable"
    return "up" if now > before else "down"


def slope(quotes: Sequence[tuple[float, float, str, date]]) -> float | None:
    """Theil-Sen slope of the last six fairs on the log, a week (0.02 is about +2 %); for staff.

    None with fewer than four quotes of grade A to C.
    """
    last = _counting(quotes)[-SLOPE_FAIRS:]
    if len(last) < COMPARED:
        return None
    slopes = [
        7 * log(later.value / sooner.value) / (later.fair_on - sooner.fair_on).days
        for sooner, later in combinations(last, 2)
        if later.fair_on > sooner.fair_on
    ]
    return median(slopes) if slopes else None


def _counting(quotes: Sequence[tuple[float, float, str, date]]) -> list[Point]:
    points = (Point(*each) for each in quotes)
    return sorted(
        (each for each in points if each.grade in COUNTING), key=lambda each: each.fair_on
    )


def _middle(pair: Sequence[Point]) -> float:
    """The geometric mean: the middle on the scale where prices move."""
    return sqrt(pair[0].value * pair[1].value)
