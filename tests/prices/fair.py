"""A fair on two databases: a few products and markets, reporters by name, and what they say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.db import writing
from service.people.tables import Contact, Reporter
from service.prices.book import Book
from service.prices.catalog import Stage
from service.prices.reception import Heard, Origin, Teller, hear
from service.prices.report import Claim, Money
from service.prices.shelf import read_book
from service.prices.store import Window, bump
from service.prices.tables import MarketRow, ProductRow, QuoteRow, ReportRow, UnitRow

FRIDAY = date(2026, 11, 20)
BEFORE = FRIDAY - timedelta(days=7)
AFTER = FRIDAY + timedelta(days=7)
NAMES = ("awa", "moussa", "fanta", "issa")


def instant(day: date, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


class Fair:
    """Speaks inside one session; `minute` moves so that no two messages are of one instant."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.minute = 0

    @property
    def book(self) -> Book:
        return read_book(self.session, FRIDAY)

    def teller(self, name: str, **facts: Any) -> Teller:
        number = NAMES.index(name) + 1
        return Teller(number, **{"market": "KITA", "markets": ("KITA",), **facts})

    def say(
        self, name: str, amount: int, product: str = "ARA", on: date = FRIDAY, **facts: Any
    ) -> Heard:
        """A price with a marker, unless `money` says otherwise: it is taken as it stands."""
        self.minute += 1
        known = {key: facts.pop(key) for key in ("trust", "markets", "dorome") if key in facts}
        claim = Claim(product, amount, amount, **{"money": Money.FRANC, "on": on, **facts})
        origin = Origin(instant(on, 10, self.minute), on, text=f"{product} {amount}")
        heard = hear(self.session, self.book, self.teller(name, **known), claim, origin)
        assert isinstance(heard, Heard)
        return heard

    def quote(
        self, on: date = FRIDAY, product: str = "ARA", market: str = "KITA"
    ) -> QuoteRow | None:
        return self.session.exec(
            select(QuoteRow).where(
                QuoteRow.product == product, QuoteRow.market == market, QuoteRow.fair_on == on
            )
        ).first()

    def value(self, on: date = FRIDAY, product: str = "ARA") -> int | None:
        row = self.quote(on, product)
        return row.value if row else None

    def statuses(self) -> list[str]:
        return list(self.session.exec(select(ReportRow.status).order_by(col(ReportRow.id))))

    def window(self, on: date = FRIDAY, product: str = "ARA", unit: str = "kg") -> Window:
        return Window(product, "KITA", Stage.PRODUCER, unit, on)


@contextmanager
def open_fair(engine: Engine) -> Iterator[Fair]:
    furnish(engine)
    with writing(engine) as session:
        yield Fair(session)


def furnish(engine: Engine) -> None:
    with writing(engine) as session:
        session.add_all(_goods())
        session.add_all(_places())
        session.add_all(_units())
        session.flush()
        for number, name in enumerate(NAMES, 1):
            _reporter(session, number, name)
        bump(session, catalog=True)


def _goods() -> Iterator[ProductRow]:
    for key, (code, chain, family, low, high) in enumerate(
        (
            ("ARA", "groundnut", "oilseed", 75, 800),
            ("ARD", "groundnut", "oilseed", 200, 1600),
            ("MAI", "maize", "grain", 60, 700),
            ("SES", "sesame", "oilseed", None, None),
        ),
        1,
    ):
        yield ProductRow(
            code=code,
            chain=chain,
            family=family,
            names={"fr": code},
            ussd_key=key,
            band_low=low,
            band_high=high,
        )


def _places() -> Iterator[MarketRow]:
    for key, code in enumerate(("KITA", "DJIDIAN", "KAYES"), 1):
        yield MarketRow(code=code, name=code.title(), fair_days=["fri"], daily=False, ussd_key=key)


def _units() -> Iterator[UnitRow]:
    yield UnitRow(code="KG", names={"fr": "kg"}, measure="mass", kilos=1)
    yield UnitRow(code="SAC", names={"fr": "sac"}, measure="vessel")


def _reporter(session: Session, number: int, name: str) -> None:
    at = instant(BEFORE)
    session.add(Contact(id=number, lookup=name.encode(), sealed=b"sealed", created_at=at))
    session.flush()
    session.add(Reporter(id=number, contact_id=number, name=name, market="KITA", created_at=at))
    session.flush()
