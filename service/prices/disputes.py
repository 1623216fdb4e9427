"""Farmers who say a price is wrong: three distinct phones open a check that staff must close."""

from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.prices.tables import Dispute, PriceCheck

ENOUGH = 3
"""Distinct phones that open a check: one may be mistaken, three are heard."""


def complain(
    session: Session, contact_id: int, product: str, market: str, fair_on: date, now: datetime
) -> PriceCheck | None:
    """Note one phone's dispute of one quote, once; the check it opened or joined, if any."""
    about = (
        Dispute.product == product,
        Dispute.market == market,
        Dispute.fair_on == fair_on,
    )
    mine = select(Dispute.id).where(*about, Dispute.contact_id == contact_id)
    if session.exec(mine).first() is None:
        session.add(
            Dispute(contact_id=contact_id, product=product, market=market, fair_on=fair_on, at=now)
        )
        session.flush()
    count = session.exec(select(func.count()).select_from(Dispute).where(*about)).one()
    return _check(session, product, market, fair_on, now) if count >= ENOUGH else None


def disputants(session: Session, check: PriceCheck) -> list[int]:
    """Contacts who disputed this quote: the outcome is sent back to them."""
    return list(
        session.exec(
            select(Dispute.contact_id)
            .where(
                Dispute.product == check.product,
                Dispute.market == check.market,
                Dispute.fair_on == check.fair_on,
            )
            .order_by(col(Dispute.id))
        )
    )


def _check(session: Session, product: str, market: str, fair_on: date, now: datetime) -> PriceCheck:
    known = session.exec(
        select(PriceCheck).where(
            PriceCheck.product == product,
            PriceCheck.market == market,
            PriceCheck.fair_on == fair_on,
        )
    ).first()
    if known:
        return known
    check = PriceCheck(product=product, market=market, fair_on=fair_on, opened_at=now)
    session.add(check)
    session.flush()
    return check
