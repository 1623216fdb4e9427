"""The tables that leave Sugu as files. Phones are masked, whoever asks, but in the list of airtime,
which is of no use without them: there they are whole for those who see them whole anyway."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlmodel import col, select

from service.api import hdx
from service.api.deps import Work
from service.api.hdx import Choice
from service.api.sheets import Sheet
from service.api.v1.rewards import UNPAID, Pay, rewards
from service.api.v1.silence import read_silence
from service.people.tables import Contact, Reporter, Subscriber
from service.prices.tables import Gap, QuoteRow, ReportRow, RouteRow, WeighingRow
from service.sms.outbox import states
from service.sms.tables import Broadcast, Delivery, Run

MOST_ROWS = 200_000
"""Rows of one file: a spreadsheet holds a million, an office computer fewer."""
MONEY = ("money", "francs CFA (XOF), whole")
MASKED = ("phone", "masked: the whole number stays with Sugu")


@dataclass(frozen=True, slots=True)
class Span:
    """The days asked for, both included."""

    first: date
    last: date
    run: int | None = None
    pay: Pay = UNPAID


def _reports(work: Work, span: Span) -> Sheet:
    query = (
        select(ReportRow, Reporter.name)
        .join(Reporter, col(Reporter.id) == col(ReportRow.reporter_id))
        .where(ReportRow.observed_on >= span.first, ReportRow.observed_on <= span.last)
        .order_by(col(ReportRow.id).desc())
        .limit(MOST_ROWS)
    )
    columns = (
        "id", "received_at", "observed_on", "product", "market", "stage", "unit", "quantity",
        "amount", "value", "basis", "basis_value", "status", "reason", "reporter_id", "channel",
        "text", "supersedes",
    )  # fmt: skip
    rows = [(*_cells(row, columns), name) for row, name in work.session.exec(query)]
    notes = (
        MONEY,
        ("amount", "F for `quantity` of `unit`, as said"),
        ("value", "F per kg, head or piece; empty when the unit has no weighing"),
    )
    return Sheet("reports", (*columns, "reporter"), rows, notes)


def _quotes(work: Work, span: Span) -> Sheet:
    columns = (
        "product", "market", "stage", "unit", "fair_on", "value", "low", "high", "reporters",
        "grade", "n_eff", "se_ln", "method", "computed_at",
    )  # fmt: skip
    query = (
        select(QuoteRow)
        .where(QuoteRow.fair_on >= span.first, QuoteRow.fair_on <= span.last)
        .order_by(col(QuoteRow.fair_on).desc(), col(QuoteRow.id).desc())
        .limit(MOST_ROWS)
    )
    rows = [_cells(row, columns) for row in work.session.exec(query)]
    return Sheet("quotes", columns, rows, (MONEY, ("value", "F per `unit`, weighted median")))


def _prices(work: Work, span: Span) -> Sheet:
    demo = work.state.settings.demo or work.state.book().demo
    rows = list(hdx.rows(work.session, Choice(span.first, span.last), demo=demo))
    return Sheet("prices", hdx.COLUMNS, rows, hdx.NOTES)


def _deliveries(work: Work, span: Span) -> Sheet:
    query = (
        select(Delivery, Run.due_at, Broadcast.name, Contact)
        .join(Run, col(Run.id) == col(Delivery.run_id))
        .join(Broadcast, col(Broadcast.id) == col(Run.broadcast_id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .order_by(col(Delivery.id).desc())
        .limit(MOST_ROWS)
    )
    if span.run is None:
        query = query.where(*_within(work, Run.due_at, span))
    else:
        query = query.where(Delivery.run_id == span.run)
    columns = ("id", "run_id", "reason", "gateway", "provider_id", "segments", "cost", "currency",
               "attempts", "sending_at", "final_at")  # fmt: skip
    rows = [
        (
            *_cells(row, columns),
            states.shown(row.state),
            name,
            due_at,
            _masked(work, contact),
        )
        for row, due_at, name, contact in work.session.exec(query)
    ]
    heads = (*columns, "state", "broadcast", "due_at", "phone")
    return Sheet("deliveries", heads, rows, (MASKED, ("cost", "as the gateway says, if it does")))


def _subscribers(work: Work, _span: Span) -> Sheet:
    columns = ("id", "name", "language", "village", "cooperative", "sex", "role", "consented",
               "product", "market", "kilos", "created_at", "demo")  # fmt: skip
    query = select(Subscriber, Contact).join(Contact, col(Contact.id) == col(Subscriber.contact_id))
    rows = [
        (*_cells(row, columns), contact.stopped_at is not None, _masked(work, contact))
        for row, contact in work.session.exec(query.order_by(col(Subscriber.id)))
    ]
    return Sheet("subscribers", (*columns, "stopped", "phone"), rows, (MASKED,))


def _reporters(work: Work, _span: Span) -> Sheet:
    columns = ("id", "name", "cooperative", "market", "language", "sex", "active", "trust", "bias",
               "noise", "created_at", "demo")  # fmt: skip
    query = select(Reporter, Contact).join(Contact, col(Contact.id) == col(Reporter.contact_id))
    rows = [
        (*_cells(row, columns), _masked(work, contact))
        for row, contact in work.session.exec(query.order_by(col(Reporter.id)))
    ]
    trust = ("trust", "0.5 to 1: the weight of this reporter's prices")
    return Sheet("reporters", (*columns, "phone"), rows, (MASKED, trust))


def _routes(work: Work, _span: Span) -> Sheet:
    columns = ("id", "village", "market", "mode", "season", "per_kg", "per_trip", "fee_per_kg",
               "load_kg", "loss", "as_of", "source", "demo")  # fmt: skip
    rows = [
        _cells(row, columns)
        for row in work.session.exec(select(RouteRow).order_by(col(RouteRow.id)))
    ]
    return Sheet("routes", columns, rows, (MONEY, ("loss", "share of the load lost on the way")))


def _weighings(work: Work, _span: Span) -> Sheet:
    columns = ("id", "unit", "product", "market", "kilos", "weighed_on", "actor", "source", "demo")
    rows = [
        _cells(row, columns)
        for row in work.session.exec(select(WeighingRow).order_by(col(WeighingRow.id)))
    ]
    return Sheet("weighings", columns, rows, (("market", "*: wherever the product is sold"),))


def _silence(work: Work, _span: Span) -> Sheet:
    columns = ("market", "name", "fair_on", "hours", "silent", "received", "absent", "owed", "call")
    rows = [
        (
            each.market,
            each.name,
            each.fair_on,
            each.hours,
            each.silent,
            " ".join(each.received),
            " ".join(each.absent),
            " ".join(each.owed),
            ", ".join(caller.name for caller in each.call),
        )
        for each in read_silence(work).items
    ]
    notes = (("hours", "since the end of the fair"), ("absent", "said to have no price"))
    return Sheet("silence", columns, rows, notes)


def _gaps(work: Work, span: Span) -> Sheet:
    columns = ("week", "village", "product", "market", "asked")
    query = select(Gap).where(Gap.week >= _week(span.first), Gap.week <= _week(span.last))
    ordered = query.order_by(col(Gap.week).desc(), col(Gap.asked).desc()).limit(MOST_ROWS)
    rows = [_cells(row, columns) for row in work.session.exec(ordered)]
    return Sheet("gaps", columns, rows, (("asked", "questions of the week without an answer"),))


def _rewards(work: Work, span: Span) -> Sheet:
    return rewards(work, span.first, span.last, span.pay)


EXTRACTS: Mapping[str, Callable[[Work, Span], Sheet]] = MappingProxyType(
    {
        "reports": _reports,
        "quotes": _quotes,
        "prices": _prices,
        "deliveries": _deliveries,
        "subscribers": _subscribers,
        "reporters": _reporters,
        "routes": _routes,
        "weighings": _weighings,
        "silence": _silence,
        "gaps": _gaps,
        "rewards": _rewards,
    }
)


def _cells(row: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in columns)


def _masked(work: Work, contact: Contact) -> str:
    """`223****0001`: without its plus, which a spreadsheet takes for a sum."""
    if not contact.sealed:
        return ""  # erased
    return str(work.state.vault.open(contact.sealed)).removeprefix("+")


def _within(work: Work, column: Any, span: Span) -> tuple[Any, ...]:
    start, end = work.span(span.first, span.last)
    return (column >= start, column < end)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
