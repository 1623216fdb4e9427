"""Prices: the table of markets and products, one product in charts, one number explained."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query, Response

from service.api.console import product_charts as drawn
from service.api.console.desk import Reader, collect, pages, show, voice_of
from service.api.deps import Work
from service.api.problems import Problem
from service.api.v1 import advice, history, quotes
from service.api.v1.advice import Where
from service.api.v1.quotes import Quote
from service.prices.book import Price
from service.prices.catalog import Stage
from service.prices.quote import grade_on

router = pages()

YEAR = timedelta(days=365)
LATEST = 26
"""Past fairs listed under the charts: half a year of a weekly market."""
LOT = 100
"""Kilos reckoned with when nobody says how many."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One price of the table as farmers would be answered, with today's grade."""

    price: Price
    grade: str


@router.get("/prices")
def price_table(work: Reader) -> Response:
    book = work.state.book()
    cells = {
        (goods.code, place.code): _cell(book.price(goods.code, place.code, work.today), work.today)
        for goods in book.sold()
        for place in book.fairs()
    }
    return show(work, "prices.html", products=book.sold(), markets=book.fairs(), cells=cells)


@router.get("/prices/{product}")
def product_page(
    work: Reader,
    product: str,
    market: str = "",
    village: str = "",
    kg: Annotated[int, Query(ge=1, le=1_000_000)] = LOT,
    month: Annotated[str, Query(pattern=r"^(\d{4}-\d{2})?$")] = "",
) -> Response:
    book, voice = work.state.book(), voice_of(work.request, work.state)
    _must_be_known(work, product, market)
    places = book.fairs()
    chosen = market.upper() or next(
        (each.code for each in places if (product.upper(), each.code) in book.quotes),
        places[0].code if places else "",
    )
    goods, place = quotes.known(book, product, chosen)
    year = _past(work, goods.code, since=work.today - YEAR)
    own = _past(work, goods.code, market=place.code)
    references = _references(work, goods.code, place.code)
    where = _where(work, goods.code, village or _home(work, place.code), kg)
    when = advice.advise_when(work, goods.code, place.code)
    return show(
        work,
        "product.html",
        product=goods,
        market=place,
        markets=places,
        villages=sorted(
            (book.villages[code] for code in book.routes if code in book.villages),
            key=lambda each: each.name,
        ),
        kg=kg,
        where=where,
        when=when,
        village=book.villages[where.village].name if where else "",
        by_market=_grouped(year),
        own=[each for each in own if f"{each.fair_on}".startswith(month)][:LATEST],
        month=month,
        year=drawn.by_market(year, book.catalog, voice, work.today),
        years=drawn.years(own, references, voice, work.today),
        season=drawn.season(own, references, voice),
        spread=drawn.net(where, book.catalog, voice) if where else None,
    )


@router.get("/prices/{product}/{market}")
def explain_page(
    work: Reader, product: str, market: str, on: date | None = None, stage: Stage = Stage.PRODUCER
) -> Response:
    """Why this number: every report that was looked at, its weight, or why it has none."""
    _must_be_known(work, product, market)
    found = quotes.explain_quote(work, product, market, on, stage)
    return show(
        work,
        "explain.html",
        found=found,
        product=work.state.book().catalog.products[product.upper()],
        market=work.state.book().catalog.markets[market.upper()],
    )


def _must_be_known(work: Work, product: str, market: str) -> None:
    """An address that names nothing leads to nothing."""
    catalog = work.state.book().catalog
    if product.upper() not in catalog.products or (
        market and market.upper() not in catalog.markets
    ):
        raise Problem("not_found")


def _cell(price: Price, today: date) -> Cell:
    return Cell(price, grade_on(price.quote, today) if price.quote else "")


def _past(
    work: Work, product: str, market: str | None = None, since: date | None = None
) -> list[Quote]:
    """Published producer prices in the product's own quantity, newest first."""
    quantity = work.state.book().catalog.products[product].quantity
    found = collect(
        lambda ask: quotes.list_quotes(
            work, ask, product=product, market=market, stage=Stage.PRODUCER, since=since
        )
    )
    return [each for each in found if each.unit == quantity]


def _references(work: Work, product: str, market: str) -> list[history.ReferenceLine]:
    """Another survey's months: of this very market, else the longest there is of the product."""
    lines = collect(lambda ask: history.list_reference_prices(work, ask, product=product))
    series: dict[tuple[str, str], list[history.ReferenceLine]] = defaultdict(list)
    for each in lines:
        series[each.market, each.source].append(each)
    own = [rows for (place, _), rows in series.items() if place == market]
    return max(own or series.values(), key=len, default=[])


def _home(work: Work, market: str) -> str:
    """A village to reckon from: one whose usual market this is, else any with known routes."""
    book = work.state.book()
    near = [each.code for each in book.villages.values() if each.market == market]
    with_routes = [code for code in near if code in book.routes]
    return next(iter([*with_routes, *book.routes]), "")


def _where(work: Work, product: str, village: str, kg: int) -> Where | None:
    return advice.advise_where(work, product, village, kg) if village else None


def _grouped(found: Sequence[Quote]) -> Mapping[str, Mapping[str, Any]]:
    """By market: the newest price, and lowest and highest of the year."""
    groups: dict[str, list[Quote]] = defaultdict(list)
    for each in found:
        groups[each.market].append(each)
    return {
        code: {
            "last": rows[0],
            "low": min(each.value for each in rows),
            "high": max(each.value for each in rows),
            "count": len(rows),
        }
        for code, rows in groups.items()
    }
