"""Reports in, quotes out: the only SQL that publishes a price.

A quote is recomputed from the reports of its window in the transaction that changed one of them,
so that it cannot drift from them. Cost stays flat: two lookups in a covering index.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.prices.catalog import Catalog, Stage
from service.prices.quote import Quote, Workings, explain
from service.prices.report import COUNTING, Vote
from service.prices.shelf import quote_of
from service.prices.tables import BookVersion, ProductRow, QuoteRow, ReportRow

COUNTED = tuple(status.value for status in COUNTING)


@dataclass(frozen=True, slots=True)
class Window:
    """What one quote is about. `unit` is what its value counts: kg, head, or a vessel's code."""

    product: str
    market: str
    stage: Stage
    unit: str
    day: date


@dataclass(frozen=True, slots=True)
class Moved:
    """A published value that changed; `old` is None for a first one, `new` for a withdrawn one."""

    window: Window
    old: int | None
    new: int | None


def window_of(report: ReportRow) -> Window:
    return Window(
        report.product, report.market, Stage(report.stage), report.basis, report.observed_on
    )


def bump(session: Session, *, catalog: bool = False, withdrawn: bool = False) -> None:
    """Tell every process that the book has changed; `catalog` when reference facts did,
    `withdrawn` when a quote was taken away."""
    changes: dict[str, Any] = {"version": BookVersion.version + 1}
    if catalog:
        changes["catalog"] = BookVersion.catalog + 1
    if withdrawn:
        changes["withdrawn"] = BookVersion.version + 1
    done = session.execute(update(BookVersion).where(col(BookVersion.id) == 1).values(**changes))
    if not done.rowcount:  # type: ignore[attr-defined]
        session.add(BookVersion(id=1))
        session.flush()


def publish(
    session: Session, catalog: Catalog, windows: Iterable[Window], now: datetime
) -> list[Moved]:
    """Recompute the quotes of these windows, and of the fair after each, which may lean on it.

    A product that staff have switched off keeps what it had.
    """
    known = [each for each in windows if each.product in catalog.products]
    if not known:
        return []
    book = _one_at_a_time(session) + 1
    todo = {each for window in known for each in (window, _next(session, window)) if each}
    found = [_recompute(session, catalog, each, book, now) for each in sorted(todo, key=_order)]
    moved = [each for each in found if each]
    if moved:
        bump(session, withdrawn=any(each.new is None for each in moved))
    return moved


def _one_at_a_time(session: Session) -> int:
    """The book's version, after waiting for whoever publishes: two reports at one moment must see
    each other (PostgreSQL; SQLite has one writer anyway). `bump` takes the same row in the end."""
    row = BookVersion.id == 1
    return session.exec(select(BookVersion.version).where(row).with_for_update()).first() or 0


def workings(session: Session, catalog: Catalog, window: Window) -> Workings | None:
    """The quote of a window with every vote that was looked at."""
    votes = _votes(session, window, window.day)
    earlier = _votes(session, window, _last_day(session, window))
    return explain(
        catalog.products[window.product],
        window.market,
        window.stage,
        window.unit,
        votes,
        earlier,
        window.day,
        window.day,
    )


def uncounted(session: Session, window: Window, found: Workings) -> list[ReportRow]:
    """Reports of the same product, market and day that were not even looked at: asked about,
    held, rejected, superseded, cancelled, or said in another measure."""
    seen = {each.vote.report for each in found.shares}
    seen |= {each.vote.report for each in found.dropped}
    rows = session.exec(
        select(ReportRow)
        .where(
            ReportRow.product == window.product,
            ReportRow.market == window.market,
            ReportRow.stage == window.stage.value,
            ReportRow.observed_on == window.day,
        )
        .order_by(col(ReportRow.id))
    )
    return [row for row in rows if row.id not in seen]


def replay(session: Session, catalog: Catalog, first: date, last: date) -> Iterator[dict[str, Any]]:
    """Every quote of these days made again from its reports, oldest first; nothing is written.

    Each carries `same`: whether what is published is byte for byte what comes out again.
    """
    for window in _windows(session, first, last):
        if window.product not in catalog.products:
            continue
        found = workings(session, catalog, window)
        if found is None:
            continue
        stored = _row(session, window)
        same = stored is not None and quote_of(stored) == found.quote
        yield {**asdict(found.quote), "same": same}


def current(session: Session, product: str, market: str, on: date | None = None) -> Quote | None:
    """The newest quote up to a day, of the product's own quantity first; producer stage."""
    query = (
        select(QuoteRow)
        .join(ProductRow, col(ProductRow.code) == col(QuoteRow.product))
        .where(
            QuoteRow.product == product,
            QuoteRow.market == market,
            QuoteRow.stage == Stage.PRODUCER.value,
        )
    )
    if on:
        query = query.where(QuoteRow.fair_on <= on)
    own = col(QuoteRow.unit) == col(ProductRow.quantity)
    row = session.exec(query.order_by(col(QuoteRow.fair_on).desc(), own.desc()).limit(1)).first()
    return quote_of(row) if row else None


def _recompute(
    session: Session, catalog: Catalog, window: Window, book: int, now: datetime
) -> Moved | None:
    found = workings(session, catalog, window)
    row = _row(session, window)
    old = row.value if row else None
    if found is None:
        if row is None:
            return None
        session.delete(row)
        session.flush()
        return Moved(window, old, None)
    if row is not None and quote_of(row) == found.quote:
        return None
    _write(session, row, found.quote, book, now)
    return Moved(window, old, found.quote.value)


def _write(session: Session, row: QuoteRow | None, quote: Quote, book: int, now: datetime) -> None:
    facts = asdict(quote) | {
        "reports": list(quote.reports),
        "spread": quote.spread,
        "computed_at": now,
        "book": book,
    }
    if row is None:
        row = QuoteRow(**facts)
    else:
        for name, value in facts.items():
            setattr(row, name, value)
        row.version += 1
    session.add(row)
    session.flush()


def _row(session: Session, window: Window) -> QuoteRow | None:
    return session.exec(
        select(QuoteRow).where(
            QuoteRow.product == window.product,
            QuoteRow.market == window.market,
            QuoteRow.stage == window.stage.value,
            QuoteRow.unit == window.unit,
            QuoteRow.fair_on == window.day,
        )
    ).first()


def _votes(session: Session, window: Window, day: date | None) -> Sequence[Vote]:
    if day is None:
        return ()
    rows = session.exec(
        select(ReportRow).where(
            *_same(window), ReportRow.observed_on == day, col(ReportRow.status).in_(COUNTED)
        )
    )
    # Put in order here: asked to, SQLite reads the whole day instead of the window's few rows.
    return sorted((vote_of(row) for row in rows), key=lambda vote: vote.report)


def vote_of(row: ReportRow) -> Vote:
    return Vote(
        report=row.id or 0,
        reporter=row.reporter_id,
        on=row.observed_on,
        value=row.basis_value,
        trust=row.trust,
        weighed_on=row.weighed_on,
        verified=row.verified,
    )


def _same(window: Window) -> tuple[Any, ...]:
    return (
        ReportRow.product == window.product,
        ReportRow.market == window.market,
        ReportRow.stage == window.stage.value,
        ReportRow.basis == window.unit,
    )


def _last_day(session: Session, window: Window) -> date | None:
    """The last day before with a counting report."""
    return session.exec(
        select(func.max(ReportRow.observed_on)).where(
            *_same(window),
            ReportRow.observed_on < window.day,
            col(ReportRow.status).in_(COUNTED),
        )
    ).one()


def _next(session: Session, window: Window) -> Window | None:
    """The next quote after: with few reporters of its own it has borrowed from this day."""
    day: date | None = session.exec(
        select(func.min(QuoteRow.fair_on)).where(
            QuoteRow.product == window.product,
            QuoteRow.market == window.market,
            QuoteRow.stage == window.stage.value,
            QuoteRow.unit == window.unit,
            QuoteRow.fair_on > window.day,
        )
    ).one()
    return None if day is None else replace(window, day=day)


def _windows(session: Session, first: date, last: date) -> list[Window]:
    query = (
        columns(
            col(ReportRow.product),
            col(ReportRow.market),
            col(ReportRow.stage),
            col(ReportRow.basis),
            col(ReportRow.observed_on),
        )
        .where(col(ReportRow.observed_on).between(first, last))
        .distinct()
    )
    rows = session.execute(query)
    found = [Window(p, m, Stage(stage), unit, day) for p, m, stage, unit, day in rows]
    return sorted(found, key=_order)


def _order(window: Window) -> tuple[Any, ...]:
    return window.day, window.product, window.market, window.stage, window.unit
