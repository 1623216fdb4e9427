"""The book taken down from the database: one picture of everything farmers are answered from."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from service.prices.book import Book, Pair
from service.prices.catalog import Catalog, Product, Quantity, Stage
from service.prices.freshness import age_days
from service.prices.neighbours import Estimate, estimate
from service.prices.quote import Quote, grade_on
from service.prices.reference import read_catalog
from service.prices.season import History, choose, month_index, monthly
from service.prices.shelling import Yield
from service.prices.tables import (
    BookVersion,
    ProductRow,
    QuoteRow,
    ReferencePrice,
    RouteRow,
    ShellingRow,
)
from service.prices.trend import STEP, trend
from service.prices.trip import RouteCost
from service.prices.waiting import StorageCost

KEPT_WEEKS = 26
"""Weeks of quotes the book holds: what trend, estimates and the newest price can need."""
MOST_CHANGED = 50
"""Pairs read one by one; of more the whole book is read at once."""
TREND_FAIRS = 6
"""Fairs a trend may look back on."""


def read_version(session: Session) -> int:
    """The number every change of the book moves; one indexed read."""
    row = session.exec(select(BookVersion.version).where(BookVersion.id == 1)).first()
    return row or 0


def read_book(session: Session, today: date, last: Book | None = None) -> Book:
    """Everything current, as of the local day `today`.

    Of the `last` book everything is taken over that still holds: the reference facts and what is
    reckoned once a day, and when only prices have come, all pairs but those.
    `villages` are added a floor up (`people.atlas`): prices know of no people.
    """
    marks = session.get(BookVersion, 1) or BookVersion(version=0, catalog=0)
    kept = last if last and (last.reference, last.day) == (marks.catalog, today) else None
    if kept and marks.withdrawn <= kept.version:
        changed = _changed(session, kept)
        if len(changed) <= MOST_CHANGED:
            return _amended(session, kept, changed, marks.version)
    return _whole(session, today, kept, marks)


def _whole(session: Session, today: date, kept: Book | None, marks: BookVersion) -> Book:
    catalog = kept.catalog if kept else read_catalog(session)
    prices, vessels = _by_pair(_recent(session, today, catalog), catalog)
    return Book(
        version=marks.version,
        reference=marks.catalog,
        day=today,
        catalog=catalog,
        quotes=prices,
        vessels=vessels,
        trends=_trends(prices, catalog, today),
        estimates=_estimates(prices, catalog, today, catalog.products),
        homes=_homes(session, catalog, today),
        histories=kept.histories if kept else _histories(session, catalog),
        storage=kept.storage if kept else _storage_costs(session),
        yields=kept.yields if kept else _yields(session),
        routes=kept.routes if kept else _routes(session),
        villages=kept.villages if kept else {},
        demo=any(market.demo for market in catalog.markets.values()),
    )


def _changed(session: Session, last: Book) -> set[Pair]:
    """What has a quote newer than the last book."""
    query = columns(col(QuoteRow.product), col(QuoteRow.market)).distinct()
    known = last.catalog.products.keys(), last.catalog.markets.keys()
    rows = session.execute(query.where(col(QuoteRow.book) > last.version))
    return {(row[0], row[1]) for row in rows if row[0] in known[0] and row[1] in known[1]}


def _amended(session: Session, last: Book, changed: set[Pair], version: int) -> Book:
    """The last book with these pairs read again. A withdrawn quote is not seen by it."""
    today, catalog = last.day, last.catalog
    fresh, vessels = _by_pair(
        [each for pair in changed for each in _recent(session, today, catalog, pair)], catalog
    )
    prices = {**last.quotes, **fresh}
    products = {product for product, _ in changed}
    others = {pair: each for pair, each in last.estimates.items() if pair[0] not in products}
    return replace(
        last,
        version=version,
        quotes=prices,
        vessels={**last.vessels, **vessels},
        trends={
            **last.trends,
            **{pair: _trend(fresh[pair], today, catalog.products[pair[0]]) for pair in fresh},
        },
        estimates=others | _estimates(prices, catalog, today, products),
        homes={**last.homes, **_homes(session, catalog, today, products)},
        whens={pair: each for pair, each in last.whens.items() if pair not in changed},
    )


def quote_of(row: QuoteRow) -> Quote:
    return Quote(
        product=row.product,
        market=row.market,
        stage=Stage(row.stage),
        unit=row.unit,
        value=row.value,
        low=row.low,
        high=row.high,
        reporters=row.reporters,
        grade=row.grade,
        fair_on=row.fair_on,
        method=row.method,
        n_eff=row.n_eff,
        se_ln=row.se_ln,
        reports=tuple(row.reports),
        stale_unit=row.stale_unit,
    )


def _recent(
    session: Session, today: date, catalog: Catalog, pair: Pair | None = None
) -> list[Quote]:
    """Quotes of the kept weeks, newest first; of one pair when it is given."""
    query = (
        select(QuoteRow)
        .where(
            QuoteRow.stage == Stage.PRODUCER.value,
            QuoteRow.fair_on >= today - timedelta(weeks=KEPT_WEEKS),
        )
        .order_by(col(QuoteRow.fair_on).desc(), col(QuoteRow.reporters).desc(), QuoteRow.unit)
    )
    if pair:
        query = query.where(QuoteRow.product == pair[0], QuoteRow.market == pair[1])
    known = catalog.products.keys(), catalog.markets.keys()
    rows = session.exec(query)
    return [quote_of(row) for row in rows if row.product in known[0] and row.market in known[1]]


def _by_pair(
    quotes: Iterable[Quote], catalog: Catalog
) -> tuple[dict[Pair, list[Quote]], dict[Pair, list[Quote]]]:
    """Quotes in the product's own quantity, and those in vessels nobody weighed."""
    own: dict[Pair, list[Quote]] = defaultdict(list)
    vessels: dict[Pair, list[Quote]] = defaultdict(list)
    for quote in quotes:
        proper = quote.unit == catalog.products[quote.product].quantity
        (own if proper else vessels)[quote.product, quote.market].append(quote)
    return dict(own), dict(vessels)


def _trends(
    prices: Mapping[Pair, Sequence[Quote]], catalog: Catalog, today: date
) -> dict[Pair, str | None]:
    return {
        pair: _trend(quotes, today, catalog.products[pair[0]]) for pair, quotes in prices.items()
    }


def _trend(quotes: Sequence[Quote], today: date, product: Product) -> str | None:
    """By the kilo a move is at least the observatory's step; by the head, the tick of a head."""
    last = list(reversed(quotes[:TREND_FAIRS]))
    step = max(STEP, product.tick) if product.quantity is not Quantity.KG else STEP
    points = [(each.value, each.se_ln, grade_on(each, today), each.fair_on) for each in last]
    return trend(points, step)


def _estimates(
    prices: Mapping[Pair, Sequence[Quote]], catalog: Catalog, today: date, of: Collection[str]
) -> dict[Pair, Estimate]:
    """Grade D stand-ins of some products, for markets whose own price has expired; only ever
    displayed (`method.md` 2.6). A market with a price of its own needs none."""
    found: dict[Pair, Estimate] = {}
    for (product, market), own in prices.items():
        if product not in of:
            continue
        goods = catalog.products[product]
        if age_days(own[0].fair_on, today) <= goods.habit.expires_after:
            continue
        others = {m: prices[product, m] for m in catalog.markets if (product, m) in prices}
        if guess := estimate(goods, market, own, others, today):
            found[product, market] = guess
    return found


def _homes(
    session: Session, catalog: Catalog, today: date, of: Collection[str] | None = None
) -> dict[Pair, Quote]:
    """The newest farm-gate quote of each (product, commune) that has not expired; of these
    products only when they are given."""
    query = select(QuoteRow).where(
        QuoteRow.stage == Stage.FARMGATE.value,
        QuoteRow.fair_on >= today - timedelta(weeks=KEPT_WEEKS),
    )
    if of is not None:
        query = query.where(col(QuoteRow.product).in_(of))
    rows = session.exec(query.order_by(col(QuoteRow.fair_on)))
    found: dict[Pair, Quote] = {}
    for row in rows:
        market, product = catalog.markets.get(row.market), catalog.products.get(row.product)
        if market is None or product is None or row.unit != product.quantity:
            continue
        if (today - row.fair_on).days <= product.habit.expires_after:
            found[row.product, market.commune] = quote_of(row)
    return found


def _own_histories(session: Session) -> dict[Pair, History]:
    """Monthly medians of our own quotes of grade A and B, whole history."""
    query = columns(
        col(QuoteRow.product),
        col(QuoteRow.market),
        col(QuoteRow.fair_on),
        col(QuoteRow.value),
        col(QuoteRow.grade),
    ).where(
        col(QuoteRow.stage) == Stage.PRODUCER.value,
        col(QuoteRow.unit).in_(("kg", "head", "piece")),
    )
    groups: dict[Pair, list[tuple[date, float, str]]] = defaultdict(list)
    for product, market, fair_on, value, grade in session.execute(query):
        groups[product, market].append((fair_on, value, grade))
    return {pair: History(monthly(quotes), "Sugu") for pair, quotes in groups.items()}


def references(session: Session) -> dict[Pair, History]:
    """Imported survey prices by (product, market); another stage than ours, and labelled."""
    rows = session.exec(select(ReferencePrice).order_by(col(ReferencePrice.month))).all()
    groups: dict[Pair, dict[int, float]] = defaultdict(dict)
    sources: dict[Pair, str] = {}
    for row in rows:
        groups[row.product, row.market][month_index(row.month)] = row.price
        sources[row.product, row.market] = row.source
    return {
        pair: History(prices, sources[pair], same_series=False) for pair, prices in groups.items()
    }


def _histories(session: Session, catalog: Catalog) -> dict[Pair, History]:
    """The series the ladder allows for each product and market; a market without a survey of its
    own is lent another market's, which its source names."""
    own, surveyed = _own_histories(session), references(session)
    found: dict[Pair, History] = {}
    for code in catalog.products:
        lent = next((each for pair, each in surveyed.items() if pair[0] == code), None)
        for market in catalog.markets:
            pair = code, market
            if history := choose(own.get(pair), surveyed.get(pair, lent)):
                found[pair] = history
    return found


def _storage_costs(session: Session) -> dict[str, StorageCost]:
    """Only products whose three figures staff have entered."""
    return {
        row.code: StorageCost(row.loss_per_month, row.money_per_month, row.store_per_month)
        for row in session.exec(select(ProductRow))
        if row.loss_per_month is not None
        and row.money_per_month is not None
        and row.store_per_month is not None
    }


def _yields(session: Session) -> dict[str, Yield]:
    """The newest yield measured of each product."""
    rows = session.exec(
        select(ShellingRow).order_by(col(ShellingRow.measured_on), col(ShellingRow.id))
    )
    return {
        row.raw: Yield(row.raw, row.made, row.share, row.cost_per_kg, row.measured_on, row.source)
        for row in rows
    }


def _routes(session: Session) -> dict[str, list[RouteCost]]:
    found: dict[str, list[RouteCost]] = defaultdict(list)
    for row in session.exec(select(RouteRow).order_by(col(RouteRow.id))):
        found[row.village].append(
            RouteCost(
                market=row.market,
                per_kg=row.per_kg,
                per_trip=row.per_trip,
                as_of=row.as_of,
                fee_per_kg=row.fee_per_kg,
                season=row.season,
                load_kg=row.load_kg,
                loss=row.loss,
                mode=row.mode,
                source=row.source,
            )
        )
    return dict(found)
