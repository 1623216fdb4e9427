"""Fair days as they are said: `hier`, `kunu`, `vendredi`, `20/11`, `ven 20/11`."""

from collections.abc import Sequence
from datetime import date, timedelta

from service.sms.reading import About, Doubt
from service.sms.words.nodes import DayWord

OLDEST = 27
"""Days. A price said for a day further back could never be shown as a price (28 days expire)."""
WEEK = 7

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AGO = {"today": 0, "yesterday": 1, "before_yesterday": 2}


def resolve(words: Sequence[DayWord], today: date) -> tuple[date | None, Doubt | None]:
    """The one day that `words` agree on, counted from `today`; or the doubt they leave.

    A weekday is the last one, today included; `dernier` is doubtful on that very weekday. A date
    in the future or more than `OLDEST` days back is doubtful.
    """
    if not words:
        return None, None
    said = " ".join(word.word for word in words)
    last = any(word.name == "last" for word in words)
    days = [_days(word, today, last=last) for word in words if word.name != "last"]
    common = set.intersection(*days) if days else set()
    if len(common) == 1:
        return common.pop(), None
    proposed = sorted(common or set().union(*days), reverse=True)
    return None, Doubt(About.DAY, said, tuple(day.isoformat() for day in proposed))


def _days(word: DayWord, today: date, *, last: bool) -> set[date]:
    """The days one word may mean, none when it means none that can be."""
    if word.name in _AGO:
        return {today - timedelta(days=_AGO[word.name])}
    if word.name in WEEKDAYS:
        back = (today.weekday() - WEEKDAYS.index(word.name)) % WEEK
        return {today - timedelta(days=d) for d in ((back, WEEK) if last and not back else (back,))}
    if not word.day:
        return set()
    recent = (today - timedelta(days=back) for back in range(OLDEST + 1))
    return {day for day in recent if _matches(word, day)}


def _matches(word: DayWord, day: date) -> bool:
    return (
        day.day == word.day
        and word.month in (0, day.month)
        and word.year in (0, day.year, day.year % 100)
    )
