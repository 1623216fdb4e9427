"""`seed demo`: the world demonstrations and checks count on, and every part of it says so."""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.db import make_engine, reading, writing
from service.people import store
from service.people.atlas import read_book
from service.people.demo import RealPeople, seed_demo
from service.people.tables import Contact, Cooperative, Reporter, Subscriber, Village
from service.phone import Phone, Vault
from service.prices.freshness import Freshness
from service.prices.store import replay
from service.prices.tables import (
    MarketRow,
    ProductRow,
    QuoteRow,
    ReferencePrice,
    ReportRow,
    RouteRow,
    WeighingRow,
)
from service.sms.lexicon import default_aliases
from tests.people.test_seed import MARKETS, PRODUCTS, everything
from tests.sms.talk import the_vault

NOW = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)


def sow(engine: Engine, now: datetime = NOW) -> int:
    with writing(engine) as session:
        return seed_demo(session, the_vault(), default_aliases(), now)


@pytest.fixture(scope="module")
def sown(seeded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo world in a file: sowing takes seconds, copying none."""
    path = Path(shutil.copy(seeded_sqlite, tmp_path_factory.mktemp("sown") / "demo.db"))
    engine = make_engine(f"sqlite:///{path}")
    sow(engine)
    engine.dispose()
    return path


@pytest.fixture
def demo(sown: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{shutil.copy(sown, tmp_path / 'demo.db')}")
    yield engine
    engine.dispose()


def phones(engine: Engine, vault: Vault, table) -> dict[str, object]:
    with reading(engine) as session:
        query = select(table, Contact).join(Contact, col(Contact.id) == table.contact_id)
        return {vault.open(contact.sealed).e164: row for row, contact in session.exec(query)}


def test_its_markets_and_products_are_those_of_the_page(demo: Engine):
    with reading(demo) as session:
        book = read_book(session, NOW.date())
    assert [each.code for each in book.fairs()] == MARKETS
    assert [each.code for each in book.sold()] == PRODUCTS
    assert book.catalog.products["MOU"].quantity == "head"
    assert book.demo


def test_its_reporters_stand_where_the_page_says(demo: Engine):
    found = phones(demo, the_vault(), Reporter)
    places = {phone: row.market for phone, row in found.items()}
    assert places == {
        "+22370000001": "KITA", "+22370000002": "KITA", "+22370000003": "KITA",
        "+22370000004": "SEBEKORO", "+22370000005": "SEBEKORO", "+22370000006": "SEBEKORO",
        "+22370000007": "DJIDIAN",
    }  # fmt: skip


def test_its_farmers_are_twenty_half_women_five_without_a_language(demo: Engine):
    found = phones(demo, the_vault(), Subscriber)
    assert sorted(found) == [f"+223760000{number:02d}" for number in range(1, 21)]
    rows = list(found.values())
    assert Counter(each.sex for each in rows) == {"f": 10, "m": 10}
    silent = [each for each in rows if each.language is None]
    assert len(silent) == 5
    assert {each.language for each in rows} == {"fr", "bm", None}
    with reading(demo) as session:
        villages = {each.code: each for each in session.exec(select(Village).where(Village.demo))}
    assert all(each.village in villages for each in rows)
    assert not any(each.consented for each in silent)


def test_everything_invented_says_that_it_is_demo(demo: Engine):
    with reading(demo) as session:
        for table in (Reporter, Subscriber, RouteRow, Cooperative, ReportRow):
            rows = session.exec(select(table)).all()
            assert rows
            assert all(each.demo for each in rows), table
        assert all(m.demo for m in session.exec(select(MarketRow).where(MarketRow.active)))
        for weighing in session.exec(select(WeighingRow)):
            assert weighing.demo or weighing.source != "démo"
        for village in session.exec(select(Village)):
            assert village.demo == village.code.endswith("-DEMO")
        for product in session.exec(select(ProductRow)):
            assert product.demo or product.loss_per_month is None
        assert all("WFP" in each.source for each in session.exec(select(ReferencePrice)))


def test_it_holds_twelve_weeks_of_reports_and_none_of_today(demo: Engine):
    with reading(demo) as session:
        days = session.exec(select(ReportRow.observed_on)).all()
        quotes = session.exec(select(QuoteRow)).all()
    assert (max(days) - min(days)).days >= 7 * 11
    assert max(days) < NOW.date()
    assert len({day.isocalendar()[:2] for day in days}) >= 12
    fridays = {each.fair_on for each in quotes if (each.market, each.product) == ("KITA", "ARA")}
    assert len(fridays) == 12
    assert {day.weekday() for day in fridays} == {4}


def test_its_quotes_come_out_again_from_its_reports(demo: Engine):
    with reading(demo) as session:
        book = read_book(session, NOW.date())
        made = list(replay(session, book.catalog, NOW.date() - timedelta(weeks=13), NOW.date()))
    assert len(made) > 500
    assert all(each["same"] for each in made)


def test_a_first_dial_shows_a_fresh_price_of_three_reporters_in_kita(demo: Engine):
    with reading(demo) as session:
        book = read_book(session, NOW.date())
    price = book.price("ARA", "KITA", NOW.date())
    assert (price.freshness, price.quote.reporters, price.quote.grade) == (Freshness.FRESH, 3, "A")
    assert 150 < price.quote.value < 350
    assert book.where("ARA", "KITA-DEMO", 500, NOW.date()).options


def test_two_demo_worlds_of_one_day_are_the_same_on_either_database(
    demo: Engine, kita_postgresql_url: str
):
    def told(engine: Engine) -> list[tuple]:
        with reading(engine) as session:
            columns = (QuoteRow.product, QuoteRow.market, QuoteRow.stage, QuoteRow.fair_on)
            query = select(*columns, QuoteRow.value).order_by(*map(col, columns))
            return [tuple(row) for row in session.exec(query)]

    other = make_engine(kita_postgresql_url)
    sow(other)
    assert sorted(told(other)) == sorted(told(demo))
    other.dispose()


def test_sowing_again_changes_nothing_but_the_version_of_the_book(demo: Engine):
    before = everything(demo)
    assert sow(demo, NOW + timedelta(days=3)) == len(before["report"])
    assert everything(demo) == before


def test_what_visitors_did_in_a_demo_world_is_no_reason_to_refuse_and_stays(demo: Engine):
    with writing(demo) as session:
        visitor = store.enrol_subscriber(session, the_vault(), Phone("+22366112233"), NOW)
        store.agree(session, visitor.contact_id, NOW, how="sms")
        store.enrol_reporter(
            session, the_vault(), Phone("+22370000001"), NOW, habits={"money": "dorome"}
        )
        session.get_one(MarketRow, "KITA").fair_days = ["sat"]
    sow(demo, NOW + timedelta(days=1))
    with reading(demo) as session:
        assert session.get_one(MarketRow, "KITA").fair_days == ["sat"]
        habits = session.exec(select(Reporter.habits).order_by(col(Reporter.id))).first()
        assert habits == {"money": "dorome"}


@pytest.mark.parametrize("who", ["reporter", "subscriber"])
def test_a_database_with_real_people_is_refused_and_untouched(kita: Engine, who: str):
    with writing(kita) as session:
        phone = Phone("+22366112233")
        if who == "reporter":
            store.enrol_reporter(session, the_vault(), phone, NOW, name="A", market="KITA")
        else:
            store.enrol_subscriber(session, the_vault(), phone, NOW, language="bm")
    before = everything(kita)
    with pytest.raises(RealPeople, match="use another file"):
        sow(kita)
    assert everything(kita) == before


def test_sowing_again_does_not_bring_back_what_staff_removed_or_rest(demo: Engine):
    with writing(demo) as session:
        for row in session.exec(select(RouteRow)).all():
            session.delete(row)
        for row in session.exec(select(WeighingRow)).all():
            session.delete(row)
        session.get_one(MarketRow, "TOUKOTO").active = False
        session.get_one(MarketRow, "KITA").fair_days = ["tue"]
    before = everything(demo)
    sow(demo, NOW + timedelta(days=40))
    assert everything(demo) == before
