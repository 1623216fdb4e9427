"""Counting questions without any phone: per day, screen, product, market, village, language, sex.

Counts gather in memory and are added to the tables once a second, away from the answers.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlmodel import Session

from service.db import table_of, upsert
from service.prices.tables import Gap, Usage
from service.ussd.caller import Profile
from service.ussd.screens import Screen

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert

CHANNEL = "ussd"
NOBODY = ""
MOST = 50_000
"""Different counts kept while the database is away; further ones are let go."""


class Asked(NamedTuple):
    """One row of `usage`."""

    day: date
    channel: str
    screen: str
    product: str
    market: str
    village: str
    language: str
    sex: str


class Unanswered(NamedTuple):
    """One row of `gap`."""

    week: str
    village: str
    product: str
    market: str


class Tally:
    """What was asked since the last time it was written down."""

    def __init__(self) -> None:
        self.asked: Counter[Asked] = Counter()
        self.unanswered: Counter[Unanswered] = Counter()

    def count(self, one: Asked, missed: Unanswered | None) -> None:
        if len(self.asked) >= MOST:
            return
        self.asked[one] += 1
        if missed is not None:
            self.unanswered[missed] += 1

    def taken(self) -> "Tally":
        """Everything counted so far, which starts again from nothing."""
        taken = Tally()
        taken.asked, self.asked = self.asked, Counter()
        taken.unanswered, self.unanswered = self.unanswered, Counter()
        return taken

    def give_back(self, other: "Tally") -> None:
        """Counts that could not be written: kept for the next time."""
        self.asked.update(other.asked)
        self.unanswered.update(other.unanswered)

    def __bool__(self) -> bool:
        return bool(self.asked or self.unanswered)


def asked(screen: Screen, caller: Profile, day: date) -> Asked:
    """What showing this screen counts as."""
    product, market = (screen.about.product, screen.about.market) if screen.about else ("", "")
    who = (caller.village or NOBODY, screen.language, caller.sex or NOBODY)
    return Asked(day, CHANNEL, screen.label, product, market, *who)


def unanswered(screen: Screen, caller: Profile, day: date) -> Unanswered | None:
    """The question this screen had no answer to, if that is what it is."""
    if screen.about is None or screen.about.answered:
        return None
    year, week, _ = day.isocalendar()
    village = caller.village or NOBODY
    return Unanswered(f"{year}-W{week:02}", village, screen.about.product, screen.about.market)


def write(session: Session, tally: Tally) -> None:
    """Add the counts to the tables, in an order that lets many processes do so at once.

    Row by row through one prepared statement: a busy second has more of them than a statement
    may have values.
    """
    used = [{**key._asdict(), "count": n} for key, n in sorted(tally.asked.items())]
    missed = [{**key._asdict(), "asked": n} for key, n in sorted(tally.unanswered.items())]
    if used:
        session.execute(_adding(upsert(session, table_of(Usage)), Asked._fields, "count"), used)
    if missed:
        session.execute(
            _adding(upsert(session, table_of(Gap)), Unanswered._fields, "asked"), missed
        )


def _adding(insert: "Insert", keys: Sequence[str], count: str) -> "Insert":
    """The insert that adds to the count of a row that is there already."""
    total = insert.table.c[count] + insert.excluded[count]
    return insert.on_conflict_do_update(index_elements=list(keys), set_={count: total})
