"""Quotes: the published prices, current and past, and why each is what it is."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from sqlmodel import col, select

from service.api.deps import Viewer, Work
from service.api.errors import unknown
from service.api.letters import Answer
from service.api.pages import Page, Paging, paged
from service.api.problems import Problem
from service.people.tables import Reporter
from service.prices.book import Book
from service.prices.catalog import Market, Product, Stage
from service.prices.freshness import Freshness, freshness
from service.prices.quote import Quote as Published
from service.prices.quote import grade_on
from service.prices.report import Vote
from service.prices.shelf import quote_of
from service.prices.store import Window, uncounted, workings
from service.prices.tables import QuoteRow, ReportRow
from service.prices.units import kilos_used

router = APIRouter(prefix="/quotes", tags=["quotes"])

Trend = Literal["up", "down", "stable"]


class Quote(Answer):
    """F per `unit`: the product's quoted quantity, or a vessel nobody weighed. `grade` is
    today's, `grade_then` that of its fair day; an expired quote is never shown to farmers."""

    product: str
    market: str
    stage: str
    unit: str
    value: int
    low: int
    high: int
    reporters: int
    grade: str
    grade_then: str
    fair_on: date
    freshness: Freshness
    trend: Trend | None
    method: str
    n_eff: float
    reports: list[int]


class Weighed(Answer):
    """A report that was looked at: its share of the quote, or the reason it has none. `kilos` are
    those of one unit as it was weighed when the report came, `weighed_on` when; null for a kilo, a
    head, and a vessel nobody has weighed. `cv` is the unit's spread."""

    report: int
    reporter: int
    reporter_name: str
    observed_on: date
    received_at: datetime
    text: str
    amount: int
    unit: str
    quantity: int
    kilos: float | None
    weighed_on: date | None
    cv: float
    value: float
    trust: float
    share: float
    left_out: str | None


class Uncounted(Answer):
    """A report of the same day that does not count, and why."""

    report: int
    status: str
    reason: str
    value: float


class Explanation(Answer):
    """Everything a number rests on. The shares add up to one; the middle one is the value."""

    quote: Quote
    reports: list[Weighed]
    uncounted: list[Uncounted]


@router.get("")
def list_quotes(
    work: Viewer,
    ask: Paging,
    product: str | None = None,
    market: str | None = None,
    stage: Annotated[
        Stage | Literal["any"], Query(description="Stages are never mixed unless asked for")
    ] = Stage.PRODUCER,
    since: Annotated[date | None, Query(alias="from", description="First fair day")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last fair day")] = None,
    current: Annotated[bool, Query(description="Only what farmers are answered now")] = False,
) -> Page[Quote]:
    """Quotes, newest fair first."""
    book = work.state.book()
    if current:
        return Page(items=_current(book, work.today, product, market))
    query = select(QuoteRow)
    for column, code in (
        (QuoteRow.product, product.upper() if product else None),
        (QuoteRow.market, market.upper() if market else None),
        (QuoteRow.stage, None if stage == "any" else stage),
    ):
        if code is not None:
            query = query.where(column == code)
    if since:
        query = query.where(QuoteRow.fair_on >= since)
    if until:
        query = query.where(QuoteRow.fair_on <= until)
    keys = [QuoteRow.fair_on, QuoteRow.id]
    return paged(
        work.session,
        query,
        keys,
        ask,
        lambda row: answer(quote_of(row), book, work.today),
        newest_first=True,
    )


@router.get("/explain")
def explain_quote(
    work: Viewer,
    product: str,
    market: str,
    on: date | None = None,
    stage: Stage = Stage.PRODUCER,
) -> Explanation:
    """Why this number: each report of the fair day `on` (or the last one before it), its weight,
    and what was left out."""
    book = work.state.book()
    goods, place = known(book, product, market)
    row = _at(work, goods, place, stage, on or work.today)
    window = Window(row.product, row.market, stage, row.unit, row.fair_on)
    found = workings(work.session, book.catalog, window)
    if found is None:
        raise Problem("not_found")
    weighed = [(each.vote, each.share, None) for each in found.shares]
    dropped = [(each.vote, 0.0, each.reason) for each in found.dropped]
    return Explanation(
        quote=answer(found.quote, book, work.today),
        reports=_weighed(work, [*weighed, *dropped]),
        uncounted=[
            Uncounted(
                report=row.id or 0, status=row.status, reason=row.reason, value=row.basis_value
            )
            for row in uncounted(work.session, window, found)
        ],
    )


def known(book: Book, product: str, market: str) -> tuple[Product, Market]:
    """A product and a market in service, by code."""
    goods = book.catalog.products.get(product.upper())
    place = book.catalog.markets.get(market.upper())
    if goods is None or place is None:
        raise unknown("market" if goods else "product")
    return goods, place


def answer(quote: Published, book: Book, today: date) -> Quote:
    """A quote as it stands today. One whose product or market is out of service has expired."""
    goods = book.catalog.products.get(quote.product)
    place = book.catalog.markets.get(quote.market)
    state = (
        freshness(quote.fair_on, today, place.fair_days, goods, place.cancelled_on)
        if goods and place
        else Freshness.EXPIRED
    )
    newest = (book.quotes.get((quote.product, quote.market)) or (None,))[0]
    mine = newest is not None and newest == quote and state is not Freshness.EXPIRED
    return Quote(
        product=quote.product,
        market=quote.market,
        stage=quote.stage.value,
        unit=quote.unit,
        value=quote.value,
        low=quote.low,
        high=quote.high,
        reporters=quote.reporters,
        grade=grade_on(quote, today),
        grade_then=quote.grade,
        fair_on=quote.fair_on,
        freshness=state,
        trend=book.trends.get((quote.product, quote.market)) if mine else None,  # type: ignore[arg-type]
        method=quote.method,
        n_eff=quote.n_eff,
        reports=list(quote.reports),
    )


def _current(book: Book, today: date, product: str | None, market: str | None) -> list[Quote]:
    pairs = [
        (goods.code, place.code)
        for place in book.fairs()
        for goods in book.sold()
        if product in (None, goods.code) and market in (None, place.code)
    ]
    prices = [book.price(*pair, today) for pair in pairs]
    return [answer(each.quote, book, today) for each in prices if each.shown and each.quote]


def _at(work: Work, goods: Product, place: Market, stage: Stage, on: date) -> QuoteRow:
    """The quote of a day or the last before it, of the product's own quantity first."""
    rows = work.session.exec(
        select(QuoteRow)
        .where(
            QuoteRow.product == goods.code,
            QuoteRow.market == place.code,
            QuoteRow.stage == stage,
            QuoteRow.fair_on <= on,
        )
        .order_by(col(QuoteRow.fair_on).desc(), col(QuoteRow.reporters).desc())
        .limit(4)
    ).all()
    if not rows:
        raise Problem("not_found")
    same_day = [row for row in rows if row.fair_on == rows[0].fair_on]
    return next((row for row in same_day if row.unit == goods.quantity), same_day[0])


def _weighed(work: Work, votes: Iterable[tuple[Vote, float, str | None]]) -> list[Weighed]:
    listed = list(votes)
    query = (
        select(ReportRow, Reporter.name)
        .join(Reporter, col(Reporter.id) == col(ReportRow.reporter_id))
        .where(col(ReportRow.id).in_([vote.report for vote, _, _ in listed]))
    )
    rows = {row.id: (row, name) for row, name in work.session.exec(query)}
    return [
        Weighed(
            report=vote.report,
            reporter=vote.reporter,
            reporter_name=rows[vote.report][1],
            observed_on=vote.on,
            received_at=rows[vote.report][0].received_at,
            text=rows[vote.report][0].text,
            amount=rows[vote.report][0].amount,
            unit=rows[vote.report][0].unit,
            quantity=rows[vote.report][0].quantity,
            kilos=kilos_of(rows[vote.report][0]),
            weighed_on=rows[vote.report][0].weighed_on,
            cv=rows[vote.report][0].cv,
            value=round(vote.value, 2),
            trust=vote.trust,
            share=round(share, 4),
            left_out=reason,
        )
        for vote, share, reason in listed
    ]


def kilos_of(row: ReportRow) -> float | None:
    """Kilos of one weighed vessel, as the report was valued with."""
    if row.weighed_on is None:
        return None
    return kilos_used(row.amount, row.quantity, row.basis_value)
