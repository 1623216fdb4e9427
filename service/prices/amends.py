"""Reports that change after they were stored: confirmed, replaced, undone; quotes follow."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from service.prices.catalog import Catalog
from service.prices.reception import REPLACED, Teller, earlier, give_way
from service.prices.report import COUNTING, Status
from service.prices.store import COUNTED, Moved, publish, window_of
from service.prices.tables import ReportRow


def set_status(
    session: Session,
    catalog: Catalog,
    reports: Iterable[ReportRow],
    status: Status,
    reason: str,
    now: datetime,
) -> list[Moved]:
    """Move reports to a status and publish what that changes."""
    rows = list(reports)
    touched = {window_of(row) for row in rows if _matters(row, status)}
    for row in rows:
        row.status, row.reason, row.version = status.value, reason, row.version + 1
        session.add(row)
    session.flush()
    return publish(session, catalog, touched, now)


def confirm(
    session: Session, catalog: Catalog, asked: ReportRow, status: Status, now: datetime
) -> list[Moved]:
    """The reporter stands by the claim: it counts (or waits for staff), and takes the place of
    what the same reporter said before."""
    moved = set_status(session, catalog, [asked], status, "answered", now)
    if status in COUNTING:
        older = [row for row in earlier(session, asked, counts=True) if row.id != asked.id]
        asked.supersedes = older[-1].id if older else asked.supersedes
        moved += _displace(session, catalog, older, now)
    return moved


def replace_by(
    session: Session, catalog: Catalog, old: ReportRow, new: ReportRow, now: datetime
) -> list[Moved]:
    """`new` is what `old` meant."""
    new.supersedes = old.id
    if old.status == Status.SUPERSEDED.value:
        return []
    return _displace(session, catalog, [old], now)


def last_message(session: Session, teller: Teller, since: datetime) -> Sequence[ReportRow]:
    """The reports of this reporter's newest message that can still be undone."""
    newest = session.exec(
        select(ReportRow)
        .where(
            ReportRow.reporter_id == teller.reporter_id,
            ReportRow.received_at >= since,
            col(ReportRow.status).not_in((Status.CANCELLED.value, Status.SUPERSEDED.value)),
        )
        .order_by(col(ReportRow.id).desc())
        .limit(1)
    ).first()
    if newest is None:
        return ()
    same = select(ReportRow).where(
        ReportRow.reporter_id == teller.reporter_id,
        ReportRow.received_at == newest.received_at,
        col(ReportRow.status).not_in((Status.CANCELLED.value, Status.SUPERSEDED.value)),
    )
    return session.exec(same.order_by(col(ReportRow.id))).all()


def undo(
    session: Session, catalog: Catalog, reports: Sequence[ReportRow], now: datetime
) -> list[Moved]:
    """Cancel reports, and give back their place to prices that counted before them."""
    moved = set_status(session, catalog, reports, Status.CANCELLED, "undone", now)
    for row in reports:
        if before := _replaced(session, row):
            moved += set_status(session, catalog, [before], Status.ACCEPTED, "restored", now)
    return moved


def _displace(
    session: Session, catalog: Catalog, rows: Sequence[ReportRow], now: datetime
) -> list[Moved]:
    windows = {window_of(row) for row in rows if Status(row.status) in COUNTING}
    give_way(rows)
    session.flush()
    return publish(session, catalog, windows, now)


def _replaced(session: Session, gone: ReportRow) -> ReportRow | None:
    """The newest word of this reporter that counted before; None while another one counts.

    What was only asked about or held never comes back: nobody has said that it is a price.
    """
    rows = session.exec(
        select(ReportRow)
        .where(
            ReportRow.reporter_id == gone.reporter_id,
            ReportRow.product == gone.product,
            ReportRow.market == gone.market,
            ReportRow.stage == gone.stage,
            ReportRow.basis == gone.basis,
            ReportRow.observed_on == gone.observed_on,
            col(ReportRow.status).in_((*COUNTED, Status.SUPERSEDED.value)),
        )
        .order_by(col(ReportRow.id).desc())
    ).all()
    if any(row.status in COUNTED for row in rows):
        return None
    return next((row for row in rows if row.reason == REPLACED), None)


def _matters(row: ReportRow, status: Status) -> bool:
    return Status(row.status) in COUNTING or status in COUNTING
