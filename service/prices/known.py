"""What was known before a price came in: the prior it is judged by, and its rivals."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.prices.catalog import Catalog, Product, Stage
from service.prices.neighbours import Estimate
from service.prices.prior import Prior, best_prior, from_history
from service.prices.report import COUNTING
from service.prices.slips import Rivals
from service.prices.store import Window
from service.prices.tables import QuoteRow, ReferencePrice, ReportRow

DAYS_A_WEEK = 7
DAY = timedelta(days=1)
TOLD_LATE = timedelta(days=31)
"""How old a fair may be that is still told of: a bound for the index, ten times what a reporter's
own message may go back."""


def prior(
    session: Session, window: Window, estimates: Mapping[tuple[str, str], Estimate]
) -> Prior | None:
    """The prior of a claim for this window: the newest quote, else what stands in for it."""
    quote = _newest(session, window)
    if quote and (found := best_prior(quote)):
        return found
    return best_prior(None, _neighbour(estimates, window), _reference(session, window))


def rivals(session: Session, catalog: Catalog, window: Window, markets: tuple[str, ...]) -> Rivals:
    """Priors of the same words read for another basis, another form or another market."""
    chain = catalog.products[window.product].chain
    forms = [
        each for each in catalog.products.values() if each.chain == chain and _differs(each, window)
    ]
    return Rivals(
        bases=_bases(session, window),
        forms=_priors(session, {each.code: _with(window, product=each.code) for each in forms}),
        markets=_priors(
            session,
            {each: _with(window, market=each) for each in markets if each != window.market},
        ),
    )


def told_in_a_day(session: Session, reporter_id: int, now: datetime) -> set[tuple[Any, ...]]:
    """(product, market, stage, fair day) of the reporter's prices that count, received in the
    twenty-four hours up to `now`."""
    mine = (
        columns(*(col(each) for each in (ReportRow.product, ReportRow.market, ReportRow.stage)))
        .add_columns(col(ReportRow.observed_on))
        .where(
            col(ReportRow.reporter_id) == reporter_id,
            col(ReportRow.observed_on) > now.date() - TOLD_LATE,
            col(ReportRow.received_at) > now - DAY,
            col(ReportRow.received_at) <= now,
            col(ReportRow.status).in_([each.value for each in COUNTING]),
        )
        .distinct()
    )
    return {tuple(row) for row in session.execute(mine)}


def _differs(product: Product, window: Window) -> bool:
    return product.code != window.product


def _with(window: Window, product: str | None = None, market: str | None = None) -> Window:
    return Window(
        product or window.product, market or window.market, window.stage, window.unit, window.day
    )


def _priors(session: Session, windows: Mapping[str, Window]) -> dict[str, Prior]:
    found = {code: _newest(session, window) for code, window in windows.items()}
    return {code: each for code, each in found.items() if each}


def _bases(session: Session, window: Window) -> dict[str, Prior]:
    units = session.exec(
        select(QuoteRow.unit)
        .where(
            QuoteRow.product == window.product,
            QuoteRow.market == window.market,
            QuoteRow.stage == window.stage.value,
            QuoteRow.unit != window.unit,
        )
        .distinct()
    ).all()
    windows = {
        unit: Window(window.product, window.market, window.stage, unit, window.day)
        for unit in units
    }
    return _priors(session, windows)


def _newest(session: Session, window: Window) -> Prior | None:
    """The newest quote up to the claim's day; its age in weeks widens what is believed."""
    row = session.exec(
        select(QuoteRow)
        .where(
            QuoteRow.product == window.product,
            QuoteRow.market == window.market,
            QuoteRow.stage == window.stage.value,
            QuoteRow.unit == window.unit,
            QuoteRow.fair_on <= window.day,
        )
        .order_by(col(QuoteRow.fair_on).desc())
        .limit(1)
    ).first()
    return Prior(row.value, _weeks(row.fair_on, window.day)) if row else None


def _weeks(since: date, day: date) -> float:
    return (day - since).days / DAYS_A_WEEK


def _neighbour(estimates: Mapping[tuple[str, str], Estimate], window: Window) -> Prior | None:
    """An estimate speaks of producer prices in the product's own quantity only."""
    guess = estimates.get((window.product, window.market))
    if guess is None or window.stage is not Stage.PRODUCER or window.unit not in {"kg", "head"}:
        return None
    return Prior(guess.value, _weeks(guess.fair_on, window.day), guess.sd, "neighbour")


def _reference(session: Session, window: Window) -> Prior | None:
    """The same calendar month of an imported survey of this very market, as far as it was known
    on the day; the older the survey, the less it says."""
    if window.unit != "kg":
        return None
    rows = session.exec(
        select(ReferencePrice).where(
            ReferencePrice.product == window.product,
            ReferencePrice.market == window.market,
            ReferencePrice.month < window.day.replace(day=1),
        )
    ).all()
    same = [row for row in rows if row.month.month == window.day.month]
    found = from_history([row.price for row in same])
    if found is None:
        return None
    return replace(found, weeks=_weeks(max(row.month for row in same), window.day))
