"""Farmers who call a price wrong: one phone is noted once, three open one check."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.people.tables import Contact
from service.prices.disputes import complain, disputants
from service.prices.tables import Dispute, PriceCheck
from tests.prices.fair import BEFORE, FRIDAY, instant, open_fair

NOW = instant(FRIDAY, 12)


def phones(session: Session) -> list[int]:
    found = session.exec(select(Contact.id).order_by(col(Contact.id))).all()
    return [each for each in found if each is not None]


def wrong(session: Session, phone: int, market: str = "KITA", on=FRIDAY) -> PriceCheck | None:
    return complain(session, phone, "ARA", market, on, NOW)


def test_three_phones_open_one_check_and_a_fourth_joins_it(engine: Engine):
    with open_fair(engine) as fair:
        first, second, third, fourth = phones(fair.session)
        assert wrong(fair.session, first) is None
        assert wrong(fair.session, second) is None
        check = wrong(fair.session, third)
        assert check is not None
        assert (check.product, check.market, check.fair_on) == ("ARA", "KITA", FRIDAY)
        assert wrong(fair.session, fourth) is check
        assert disputants(fair.session, check) == [first, second, third, fourth]


def test_one_phone_counts_once_however_often_it_says_so(engine: Engine):
    with open_fair(engine) as fair:
        one, other, *_ = phones(fair.session)
        assert [wrong(fair.session, who) for who in (one, one, one, other)] == [None] * 4
        assert len(fair.session.exec(select(Dispute)).all()) == 2


def test_another_market_or_fair_is_another_dispute(engine: Engine):
    with open_fair(engine) as fair:
        first, second, third, _ = phones(fair.session)
        wrong(fair.session, first)
        wrong(fair.session, second)
        assert wrong(fair.session, third, market="SEBEKORO") is None
        assert wrong(fair.session, third, on=BEFORE) is None
        assert fair.session.exec(select(PriceCheck)).all() == []
