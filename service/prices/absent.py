"""Products a reporter saw no price of: kept apart from reports, so that nothing takes "no millet
today" for a price, and so that its fair is not taken for silent."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from service.prices.tables import NoPrice, ReportRow


def note(
    session: Session,
    reporter_id: int,
    products: Iterable[str],
    market: str,
    day: date,
    now: datetime,
    inbox_id: int | None = None,
) -> list[NoPrice]:
    """Keep that these products had no price that day; said twice, the last word is kept."""
    rows = []
    for product in products:
        mine = (reporter_id, product, market, day)
        row = session.get(NoPrice, mine) or NoPrice(
            reporter_id=reporter_id,
            product=product,
            market=market,
            observed_on=day,
            received_at=now,
        )
        row.received_at, row.inbox_id = now, inbox_id
        session.add(row)
        rows.append(row)
    session.flush()
    return rows


def priced_after_all(session: Session, report: ReportRow) -> None:
    """A price said by the same reporter ends what was said of having none."""
    session.execute(
        delete(NoPrice).where(
            col(NoPrice.reporter_id) == report.reporter_id,
            col(NoPrice.product) == report.product,
            col(NoPrice.market) == report.market,
            col(NoPrice.observed_on) == report.observed_on,
        )
    )


def said_absent(session: Session, market: str, since: date) -> list[str]:
    """Codes of products that somebody said had no price at a market from a day on."""
    rows = select(NoPrice.product).where(
        NoPrice.market == market, col(NoPrice.observed_on) >= since
    )
    return sorted(set(session.exec(rows)))


def last_said(session: Session, reporter_id: int, since: datetime) -> Sequence[NoPrice]:
    """What this reporter's newest message of that kind said, if it came after `since`."""
    mine = select(NoPrice).where(
        NoPrice.reporter_id == reporter_id, col(NoPrice.received_at) >= since
    )
    rows = session.exec(mine.order_by(col(NoPrice.received_at).desc(), NoPrice.product)).all()
    return [row for row in rows if row.received_at == rows[0].received_at]


def unsay(session: Session, rows: Iterable[NoPrice]) -> None:
    for row in rows:
        session.delete(row)
    session.flush()
