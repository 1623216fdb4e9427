"""Reference rows read into the `Catalog`: products, markets, units, weighings and aliases."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session, col, select

from service.prices.catalog import (
    Alias,
    Band,
    Catalog,
    Family,
    Market,
    Measure,
    Product,
    Quantity,
    Unit,
    Weight,
)
from service.prices.tables import (
    AliasRow,
    FairCancelled,
    MarketRow,
    ProductRow,
    UnitRow,
    WeighingRow,
)

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Day names of fair days; 0 is Monday."""
DEFAULT_CV = 0.10
"""Spread of a unit before it has been weighed often enough (`method.md` 2.2)."""
ENOUGH_WEIGHINGS = 2
"""Weighings from which a spread can be computed."""


def read_catalog(session: Session) -> Catalog:
    """Every active reference fact, as one immutable value."""
    cancelled = _cancelled(session)
    products = session.exec(select(ProductRow).where(col(ProductRow.active)))
    markets = session.exec(select(MarketRow).where(col(MarketRow.active)))
    return Catalog(
        products={row.code: product_of(row) for row in products},
        markets={row.code: market_of(row, cancelled.get(row.code, frozenset())) for row in markets},
        units={row.code: unit_of(row) for row in session.exec(select(UnitRow))},
        weights=_weights(session.exec(select(WeighingRow).order_by(col(WeighingRow.id))).all()),
        aliases=tuple(
            Alias(row.kind, row.target, row.form, row.lang)
            for row in session.exec(select(AliasRow).order_by(col(AliasRow.id)))
        ),
    )


def read_market(session: Session, code: str) -> Market | None:
    """One market, also when it is out of service."""
    row = session.get(MarketRow, code)
    if row is None:
        return None
    days = session.exec(select(FairCancelled).where(FairCancelled.market == code))
    return market_of(row, frozenset(each.on for each in days))


def product_of(row: ProductRow) -> Product:
    band = Band(row.band_low, row.band_high) if row.band_low and row.band_high else None
    return Product(
        code=row.code,
        chain=row.chain,
        form=row.form,
        family=Family(row.family),
        names=row.names,
        quantity=Quantity(row.quantity),
        ussd_key=row.ussd_key,
        band=band,
    )


def market_of(row: MarketRow, cancelled: frozenset[date] = frozenset()) -> Market:
    return Market(
        code=row.code,
        name=row.name,
        commune=row.commune,
        ussd_key=row.ussd_key,
        fair_days=frozenset() if row.daily else frozenset(WEEK.index(day) for day in row.fair_days),
        kind=row.kind,
        road_closed=row.road_closed,
        insecure=row.insecure,
        cancelled_on=cancelled,
        demo=row.demo,
    )


def unit_of(row: UnitRow) -> Unit:
    return Unit(row.code, row.names, Measure(row.measure), row.kilos)


def weight_of(weighings: Sequence[WeighingRow]) -> Weight:
    """Median kilos, spread and last date of one unit's weighings (at least one)."""
    kilos = [row.kilos for row in weighings]
    enough = len(kilos) >= ENOUGH_WEIGHINGS
    return Weight(
        kilos=statistics.median(kilos),
        cv=statistics.stdev(kilos) / statistics.mean(kilos) if enough else DEFAULT_CV,
        count=len(kilos),
        last_on=max(row.weighed_on for row in weighings),
    )


def _weights(weighings: Sequence[WeighingRow]) -> Mapping[tuple[str, str, str], Weight]:
    groups: dict[tuple[str, str, str], list[WeighingRow]] = defaultdict(list)
    for row in weighings:
        groups[row.unit, row.product, row.market].append(row)
    return {which: weight_of(rows) for which, rows in groups.items()}


def _cancelled(session: Session) -> dict[str, frozenset[date]]:
    days: dict[str, set[date]] = defaultdict(set)
    for row in session.exec(select(FairCancelled)):
        days[row.market].add(row.on)
    return {market: frozenset(on) for market, on in days.items()}
