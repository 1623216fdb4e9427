"""The book taken down: what it holds, what it keeps of the last one, where it estimates."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.prices.catalog import Stage
from service.prices.quote import METHOD
from service.prices.shelf import read_book, read_version
from service.prices.store import bump
from service.prices.tables import MarketRow, ProductRow, QuoteRow
from tests.prices.fair import BEFORE, FRIDAY, Fair, instant, open_fair

TODAY = FRIDAY + timedelta(days=1)


@pytest.fixture
def fair(engine: Engine):
    with open_fair(engine) as opened:
        yield opened


def publish(fair: Fair, market: str, on: date, value: int, stage: Stage = Stage.PRODUCER) -> None:
    fair.session.add(
        QuoteRow(
            product="ARA", market=market, stage=stage.value, unit="kg", fair_on=on, value=value,
            low=value, high=value, reporters=3, grade="A", n_eff=3.0, se_ln=0.06,
            method=METHOD, computed_at=instant(on),
        )
    )  # fmt: skip
    fair.session.flush()


def test_the_newest_quote_comes_first_and_a_report_moves_the_version(fair: Fair):
    before = read_version(fair.session)
    fair.say("awa", 220, on=BEFORE)
    fair.say("awa", 230)
    book = read_book(fair.session, TODAY)
    assert [each.value for each in book.quotes["ARA", "KITA"]] == [230, 220]
    assert book.version == read_version(fair.session) > before


def test_reference_facts_are_read_again_only_when_they_or_the_day_changed(fair: Fair):
    book = read_book(fair.session, TODAY)
    fair.say("awa", 230)
    assert read_book(fair.session, TODAY, book).catalog is book.catalog
    assert read_book(fair.session, TODAY + timedelta(days=1), book).catalog is not book.catalog
    fair.session.get_one(MarketRow, "KITA").name = "Kita ville"
    bump(fair.session, catalog=True)
    assert read_book(fair.session, TODAY, book).catalog.markets["KITA"].name == "Kita ville"


def test_farm_gate_prices_are_homes_and_never_market_prices(fair: Fair):
    publish(fair, "KITA", FRIDAY, 190, Stage.FARMGATE)
    book = read_book(fair.session, TODAY)
    commune = book.catalog.markets["KITA"].commune
    assert book.homes["ARA", commune].value == 190
    assert ("ARA", "KITA") not in book.quotes


def test_a_market_is_estimated_only_once_its_own_price_has_expired(fair: Fair):
    for week in range(8):
        publish(fair, "KITA", FRIDAY - timedelta(weeks=week), 200)
        publish(fair, "DJIDIAN", FRIDAY - timedelta(weeks=week), 160)
    assert read_book(fair.session, TODAY).estimates == {}
    later = FRIDAY + timedelta(weeks=5)
    publish(fair, "DJIDIAN", later, 180)
    book = read_book(fair.session, later)
    assert {pair: each.value for pair, each in book.estimates.items()} == {("ARA", "KITA"): 225}
    assert not book.price("ARA", "KITA", later).shown


def test_a_book_amended_report_by_report_is_the_book_read_whole(fair: Fair):
    book = read_book(fair.session, TODAY)
    for name, value, said in (
        ("awa", 220, {"on": BEFORE}),
        ("awa", 230, {}),
        ("moussa", 240, {}),
        ("awa", 245, {"stage": Stage.FARMGATE}),
    ):
        fair.say(name, value, **said)
        book = read_book(fair.session, TODAY, book)
        assert _told(book) == _told(read_book(fair.session, TODAY))


def test_a_report_leaves_every_other_pair_as_it_was(fair: Fair):
    fair.say("awa", 230)
    book = read_book(fair.session, TODAY)
    publish(fair, "DJIDIAN", FRIDAY, 300)  # nobody was told of it
    fair.say("awa", 235)
    after = read_book(fair.session, TODAY, book)
    assert after.version > book.version
    assert ("ARA", "DJIDIAN") not in after.quotes
    assert after.quotes["ARA", "KITA"][0].value == 235


def test_a_quote_that_is_taken_away_leaves_the_book(fair: Fair):
    publish(fair, "KITA", FRIDAY, 300)
    book = read_book(fair.session, TODAY)
    fair.session.delete(fair.session.exec(select(QuoteRow)).one())
    bump(fair.session, withdrawn=True)
    assert ("ARA", "KITA") not in read_book(fair.session, TODAY, book).quotes


def _told(book):
    return book.version, book.quotes, book.vessels, book.trends, book.estimates, book.homes


def test_a_sheep_must_move_by_a_tick_of_a_head_to_be_said_to_move(fair: Fair):
    """Four exact quotes: 6 000 rises by 400 F, more than 5 %, less than the 500 F of a head."""
    fair.session.add(
        ProductRow(
            code="MOU", chain="sheep", family="livestock", names={"fr": "Mouton"},
            quantity="head", ussd_key=9,
        )
    )  # fmt: skip
    fair.session.flush()
    for week, value in enumerate((6_000, 6_000, 6_400, 6_400)):
        fair.session.add(
            QuoteRow(
                product="MOU", market="KITA", stage="producer", unit="head",
                fair_on=FRIDAY - timedelta(weeks=3 - week), value=value, low=value, high=value,
                reporters=3, grade="A", n_eff=3.0, se_ln=0.001, method=METHOD,
                computed_at=instant(FRIDAY),
            )
        )  # fmt: skip
    fair.session.flush()
    assert read_book(fair.session, TODAY).trends["MOU", "KITA"] == "stable"
