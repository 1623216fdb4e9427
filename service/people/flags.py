"""Signs of made-up prices, read from the reports of the last weeks (`method.md` 2.9).

For staff alone: nothing here goes into a text, an export or an open page.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from service.prices.catalog import Catalog, Quantity
from service.prices.report import COUNTING, Status
from service.prices.signs import Entry, Sign, signs, twins
from service.prices.tables import ReportRow

LOOK_BACK = timedelta(weeks=8)
"""What is older has been looked at, or never will be."""
GONE = (Status.CANCELLED.value, Status.SUPERSEDED.value)
BY_STAFF = "staff"
"""Channel of what staff wrote in a reporter's name: its hour and its day are theirs."""
COUNTED = frozenset(each.value for each in COUNTING)

Fair = tuple[str, str, str, str, date]
"""(product, market, stage, basis, day)."""


def read_signs(
    session: Session, catalog: Catalog, today: date, zone: ZoneInfo, reporter: int | None = None
) -> dict[int, list[Sign]]:
    """By reporter, what staff should look at; those of whom there is nothing are left out. With
    `reporter`, only the markets that this one reported from are read."""
    found: dict[int, list[Sign]] = defaultdict(list)
    by_market: dict[str, list[Entry]] = defaultdict(list)
    for entry in _entries(_rows(session, today, reporter), catalog, zone):
        by_market[entry.market].append(entry)
    for market, entries in sorted(by_market.items()):
        place = catalog.markets.get(market)
        pairs = twins(entries)
        for who, mine in _by_reporter(entries).items():
            found[who] += signs(mine, place.fair_days if place else frozenset(), pairs)
    return {who: said for who, said in sorted(found.items()) if said}


def _rows(session: Session, today: date, reporter: int | None) -> Sequence[ReportRow]:
    since = today - LOOK_BACK
    query = select(ReportRow).where(
        ReportRow.observed_on > since,
        col(ReportRow.status).not_in(GONE),
        ReportRow.channel != BY_STAFF,
    )
    if reporter is not None:
        mine = select(ReportRow.market).where(
            ReportRow.reporter_id == reporter, ReportRow.observed_on > since
        )
        query = query.where(col(ReportRow.market).in_(mine))
    return session.exec(query.order_by(col(ReportRow.observed_on), col(ReportRow.id))).all()


def _entries(rows: Sequence[ReportRow], catalog: Catalog, zone: ZoneInfo) -> list[Entry]:
    fairs: dict[Fair, list[ReportRow]] = defaultdict(list)
    for row in rows:
        if row.status in COUNTED:
            fairs[_fair(row)].append(row)
    return [_entry(row, fairs, catalog, zone) for row in rows]


def _entry(
    row: ReportRow, fairs: Mapping[Fair, Sequence[ReportRow]], catalog: Catalog, zone: ZoneInfo
) -> Entry:
    goods = catalog.products.get(row.product)
    return Entry(
        report=row.id or 0,
        reporter=row.reporter_id,
        product=row.product,
        market=row.market,
        on=row.observed_on,
        received_at=row.received_at.astimezone(zone).replace(tzinfo=None),
        amount=row.amount,
        value=row.basis_value,
        basis=f"{row.stage}:{row.basis}",
        peers=_peers(row, fairs.get(_fair(row), ())),
        by_head=goods is not None and goods.quantity is not Quantity.KG,
    )


def _fair(row: ReportRow) -> Fair:
    return row.product, row.market, row.stage, row.basis, row.observed_on


def _peers(row: ReportRow, everybody: Iterable[ReportRow]) -> float | None:
    """The middle of what the others said, on the log scale where prices move."""
    logs = [math.log(e.basis_value) for e in everybody if e.reporter_id != row.reporter_id]
    return math.exp(statistics.median(logs)) if logs else None


def _by_reporter(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.reporter].append(entry)
    return found
