"""Prices in the columns of WFP on HDX, with ours after them: what others can already read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.prices.tables import MarketRow, ProductRow, QuoteRow

COLUMNS = (
    "date", "admin1", "admin2", "market", "market_id", "latitude", "longitude", "category",
    "commodity", "commodity_id", "unit", "priceflag", "pricetype", "currency", "price", "usdprice",
    "n", "n_eff", "p25", "p75", "grade", "form", "unit_kg", "method_version", "source",
)  # fmt: skip
CURRENCY = "XOF"
PRICETYPES = MappingProxyType(
    {
        "farmgate": "Farm Gate",
        "producer": "Producer",
        "wholesale": "Wholesale",
        "retail": "Retail",
    }
)
UNITS = MappingProxyType({"kg": "KG", "head": "Head", "piece": "Unit"})
SOURCE = "Sugu"
DEMO_SOURCE = "Sugu DEMO (invented prices)"
NOTES = (
    ("price", "F CFA (XOF) per unit; the weighted median of the reporters of one fair day"),
    ("usdprice", "empty: Sugu publishes no exchange rate"),
    ("n, n_eff", "reporters that count, and how many equal ones they are worth"),
    ("p25, p75", "the middle half of the reports; with fewer than five, the lowest and highest"),
    ("grade", "A to D: number of reporters, age and spread on the fair day"),
    ("unit_kg", "kilos of the unit; empty when it is not a mass"),
    ("licence", "CC BY 4.0, source: Sugu"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which quotes. Days are fair days, both included."""

    first: date
    last: date
    product: str | None = None
    market: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells one state of the data from another, without reading it."""

    count: int
    newest: datetime | None

    @property
    def etag(self) -> str:
        at = self.newest.timestamp() if self.newest else 0
        return f'W/"{self.count}-{at:.0f}"'


def mark(session: Session, choice: Choice) -> Mark:
    query = select(func.count(), func.max(QuoteRow.computed_at)).where(*_chosen(choice))
    count, newest = session.exec(query).one()
    return Mark(count, newest)


def rows(session: Session, choice: Choice, *, demo: bool) -> Iterator[Sequence[Any]]:
    """One row a quote, newest fair first, in the order of `COLUMNS`."""
    query = (
        select(QuoteRow, ProductRow, MarketRow)
        .join(ProductRow, col(ProductRow.code) == col(QuoteRow.product))
        .join(MarketRow, col(MarketRow.code) == col(QuoteRow.market))
        .where(*_chosen(choice))
        .order_by(col(QuoteRow.fair_on).desc(), col(QuoteRow.id).desc())
    )
    for quote, product, market in session.exec(query):
        yield _row(quote, product, market, DEMO_SOURCE if demo else SOURCE)


def _row(quote: QuoteRow, product: ProductRow, market: MarketRow, source: str) -> Sequence[Any]:
    return (
        quote.fair_on,
        market.region,
        market.cercle,
        market.name,
        market.code,
        market.latitude,
        market.longitude,
        product.chain,
        product.names.get("fr", product.code),
        product.code,
        UNITS.get(quote.unit, quote.unit),
        "aggregate" if quote.reporters > 1 else "actual",
        PRICETYPES[quote.stage],
        CURRENCY,
        quote.value,
        None,
        quote.reporters,
        round(quote.n_eff, 2),
        quote.low,
        quote.high,
        quote.grade,
        product.form,
        1 if quote.unit == "kg" else None,
        quote.method,
        source,
    )


def _chosen(choice: Choice) -> list[Any]:
    clauses: list[Any] = [QuoteRow.fair_on >= choice.first, QuoteRow.fair_on <= choice.last]
    if choice.product:
        clauses.append(QuoteRow.product == choice.product.upper())
    if choice.market:
        clauses.append(QuoteRow.market == choice.market.upper())
    return clauses
