"""Counting questions without any phone: per day, screen, product, market, village, language, sex.

Counts gather in memory and are added to the tables once a second, away from the answers.
"""

from collections import Counter
from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from service.db import upsert
from service.prices.tables import Gap, Usage
from service.ussd.caller import Profile
from service.ussd.screens import Screen

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

    def count(self, screen: Screen, caller: Profile, day: date) -> None:
        if len(self.asked) >= MOST:
            return
        product, market = (screen.about.product, screen.about.market) if screen.about else ("", "")
        village = caller.village or NOBODY
        who = (village, screen.language, caller.sex or NOBODY)
        self.asked[Asked(day, CHANNEL, screen.label, product, market, *who)] += 1
        if screen.about and not screen.about.answered:
            year, week, _ = day.isocalendar()
            self.unanswered[Unanswered(f"{year}-W{week:02}", village, product, market)] += 1

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


def write(session: Session, tally: Tally) -> None:
    """Add the counts to the tables, in an order that lets many processes do so at once."""
    used = [{**key._asdict(), "count": n} for key, n in sorted(tally.asked.items())]
    missed = [{**key._asdict(), "asked": n} for key, n in sorted(tally.unanswered.items())]
    if used:
        insert = upsert(session, Usage).values(used)
        total = Usage.count + insert.excluded["count"]
        session.execute(
            insert.on_conflict_do_update(index_elements=list(Asked._fields), set_={"count": total})
        )
    if missed:
        insert = upsert(session, Gap).values(missed)
        total = Gap.asked + insert.excluded["asked"]
        session.execute(
            insert.on_conflict_do_update(
                index_elements=list(Unanswered._fields), set_={"asked": total}
            )
        )
