"""What reporters have earned in a month: the list an operator's airtime or credit is bought from.

The unit is the complete, on-time market day, with a bonus for checks passed; nothing depends on
the prices (`method.md` 2.9). What a unit is worth is the programme's decision and comes with the
question; without it the units stand alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import col, select

from service.api.deps import Work
from service.api.sheets import Sheet
from service.people.cards import Month, read_card
from service.people.tables import Contact, Reporter
from service.prices.reliability import airtime

COLUMNS = (
    "month", "reporter", "name", "phone", "market", "cooperative", "fairs", "reported", "on_time",
    "complete", "earned", "reports", "checked", "passed", "served", "airtime",
)  # fmt: skip
NOTES = (
    ("fairs", "market days owed at the reporter's own market; a daily market owes one a week"),
    ("on_time", "market days whose prices came within 24 hours of the end of the fair"),
    ("earned", "complete and on time: the unit of airtime; prices play no part"),
    ("passed", "reports asked about again and found right within 15 %"),
    ("served", "answers given to farmers from prices this reporter helped make"),
    ("airtime", "F: earned x per_day + passed x per_check, when these are given"),
    ("phone", "without its plus; masked for those who only look"),
)


@dataclass(frozen=True, slots=True)
class Pay:
    """F of airtime for a complete, on-time market day, and for a check passed; None: not said."""

    per_day: int | None = None
    per_check: int = 0


UNPAID = Pay()


def rewards(work: Work, first: date, last: date, pay: Pay) -> Sheet:
    """One row for each reporter and month of these days, newest month first. Who is at rest is
    listed where something was reported."""
    people = work.session.exec(
        select(Reporter, Contact)
        .join(Contact, col(Contact.id) == col(Reporter.contact_id))
        .order_by(col(Reporter.id))
    ).all()
    rows = [
        row
        for month in _months(first, min(last, work.today))
        for reporter, contact in people
        if (row := _row(work, reporter, contact, month, pay))
    ]
    return Sheet("rewards", COLUMNS, rows, NOTES)


def _months(first: date, last: date) -> Iterator[Month]:
    month = Month.of(last)
    while month.last >= first:
        yield month
        month = month.before


def _row(
    work: Work, reporter: Reporter, contact: Contact, month: Month, pay: Pay
) -> tuple[Any, ...] | None:
    if month.last < reporter.created_at.date() and not reporter.demo:
        return None
    card = read_card(work.session, reporter, month, work.today, work.state.limits.zone)
    if not reporter.active and not card.reported:
        return None
    return (
        str(month),
        reporter.id,
        reporter.name,
        work.phone(contact.sealed).removeprefix("+"),
        reporter.market,
        reporter.cooperative,
        card.fairs,
        card.reported,
        card.on_time,
        card.complete,
        card.earned,
        card.reports,
        card.checked,
        card.passed,
        card.served,
        None if pay.per_day is None else airtime(card, pay.per_day, pay.per_check),
    )
