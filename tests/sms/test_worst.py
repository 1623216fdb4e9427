"""The longest names of the real seed with the largest amounts: every SMS is one segment, uncut.

A product, market, unit or village with a longer name makes this fail before it costs anybody.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product as pairs
from pathlib import Path
from typing import Any

import pytest

from service.db import make_engine, reading
from service.encoding import is_gsm7, segments, to_gsm
from service.i18n import LANGS, speaker
from service.people.atlas import read_book
from service.people.store import Caller
from service.people.tables import Contact, Reporter, Subscriber
from service.prices.book import Book
from service.prices.catalog import Catalog, Stage
from service.prices.freshness import Freshness
from service.prices.neighbours import Estimate
from service.prices.quote import Quote
from service.prices.tables import QuestionRow, ReportRow
from service.prices.trip import RouteCost
from service.sms.answers import Ask, price_text, usage, where
from service.sms.intake import replies
from service.sms.notices import alerting, nudges

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
AGES = {"fresh": 0, "last": 8, "old": 16, "expired": 40}
DEAR = {"kg": 99_995, "head": 999_500, "piece": 99_995, "SAC100": 999_750}


@pytest.fixture(scope="module")
def bare(seeded_sqlite: Path) -> Book:
    engine = make_engine(f"sqlite:///{seeded_sqlite}")
    with reading(engine) as session:
        book = read_book(session, TODAY)
    engine.dispose()
    return book


def quote(product: str, market: str, unit: str, age: int) -> Quote:
    value = DEAR[unit]
    return Quote(
        product, market, Stage.PRODUCER, unit, value, value - 9 * 5, value, 10, "A",
        TODAY - timedelta(days=age), "sugu-1", 10.0, 0.05, (1, 2, 3),
    )  # fmt: skip


def guess(code: str, market: str) -> Estimate:
    return Estimate(code, market, 99_995, "KITA", TODAY - timedelta(days=3), 0.1, 0.05, 8)


def stocked(bare: Book, age: int, *, vessels: bool = False, estimates: bool = False) -> Book:
    """Every product at every market, at that age; one market fresh, to be named as the nearest."""
    quotes, sacks, guesses = {}, {}, {}
    catalog = bare.catalog
    for code, market in pairs(catalog.products, catalog.markets):
        unit = "SAC100" if vessels else str(catalog.products[code].quantity)
        old = age if market != "BENDOUGOUBA" else 0
        (sacks if vessels else quotes)[code, market] = [quote(code, market, unit, old)]
        if estimates:
            guesses[code, market] = guess(code, market)
    return Book(
        version=1, day=TODAY, catalog=catalog, quotes=quotes, vessels=sacks, estimates=guesses,
        trends=dict.fromkeys(quotes, "down"), villages=bare.villages,
    )  # fmt: skip


def asking(book: Book, lang: str, village: str | None = None) -> Ask:
    person = Subscriber(contact_id=1, created_at=NOW, village=village, kilos=99_999)
    caller = Caller(Contact(id=1, lookup=b"", sealed=b"", created_at=NOW), person, None)
    return Ask(None, book, caller, speaker(lang), lang, NOW, TODAY, "*384*77*12#")  # type: ignore[arg-type]


def fits(text: str) -> str:
    """The text, when it goes on the wire as one segment of GSM-7 with nothing cut off."""
    wire = to_gsm(text)
    assert is_gsm7(wire), wire
    assert segments(wire) == 1, (len(wire), wire)
    assert not wire.endswith(".."), wire
    return wire


def everything(catalog: Catalog) -> Iterator[tuple[str, str]]:
    return pairs(catalog.products, catalog.markets)


# prices


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("state", AGES)
def test_every_price_of_every_age_fits(bare: Book, lang: str, state: str):
    book = stocked(bare, AGES[state])
    for code, market in everything(book.catalog):
        fits(price_text(book.price(code, market, TODAY), asking(book, lang)))
    assert {each.freshness for each in states(book)} >= {Freshness(state)}


def states(book: Book) -> list[Any]:
    return [book.price("ARA", market, TODAY) for market in ("KITA", "MAHINA", "BENDOUGOUBA")]


@pytest.mark.parametrize("lang", LANGS)
def test_every_price_of_a_sack_nobody_weighed_fits(bare: Book, lang: str):
    for age in AGES.values():
        book = stocked(bare, age, vessels=True)
        for code, market in everything(book.catalog):
            fits(price_text(book.price(code, market, TODAY), asking(book, lang)))


@pytest.mark.parametrize("lang", LANGS)
def test_every_estimate_fits(bare: Book, lang: str):
    book = stocked(bare, AGES["expired"], estimates=True)
    for code, market in everything(book.catalog):
        found = book.price(code, market, TODAY)
        if market != "BENDOUGOUBA":
            assert found.estimate
        fits(price_text(found, asking(book, lang)))


@pytest.mark.parametrize("lang", LANGS)
def test_no_price_at_all_fits(bare: Book, lang: str):
    for code, market in everything(bare.catalog):
        fits(price_text(bare.price(code, market, TODAY), asking(bare, lang)))


# where


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("cost", [0, 5, 99_000, None], ids=["free", "cheap", "dear", "unknown"])
def test_where_fits_from_the_village_with_the_longest_name(bare: Book, lang: str, cost: int | None):
    village = max(bare.villages.values(), key=lambda each: len(each.name)).code
    book = stocked(bare, 0)
    routes = [
        RouteCost(market, cost or 0, 0, TODAY)
        for market in ("BENDOUGOUBA", "SEBEKORO", "TOUKOTO", "DJIDIAN")
    ]
    book = replace(book, routes={} if cost is None else {village: routes})
    for code in book.catalog.products:
        fits(where(asking(book, lang, village), code))
    fits(where(asking(book, lang), "ARA"))
    fits(usage(asking(book, lang)))


# alerts and nudges


@pytest.mark.parametrize("lang", LANGS)
def test_every_alert_fits(bare: Book, lang: str):
    for vessels in (False, True):
        book = stocked(bare, 0, vessels=vessels)
        for code, market in everything(book.catalog):
            fits(
                alerting.wording(book.price(code, market, TODAY), book.catalog, speaker(lang), lang)
            )


@pytest.mark.parametrize("lang", LANGS)
def test_every_nudge_fits(bare: Book, lang: str):
    who = Reporter(contact_id=1, name="Awa", language=lang, created_at=NOW)
    for market in bare.catalog.markets.values():
        for words in (nudges._reminder, nudges._question):
            fits(words(speaker(lang), who, market, TODAY))


# what a reporter is answered


def report(code: str, market: str, unit: str, **facts: Any) -> ReportRow:
    known = {
        "received_at": NOW, "observed_on": TODAY, "product": code, "market": market, "unit": unit,
        "quantity": 1, "amount": 999_750, "said": 199_950, "money": "dorome", "value": 9_995.0,
        "basis": "kg", "basis_value": 9_995.0, "status": "accepted", "reporter_id": 1,
    }  # fmt: skip
    return ReportRow(**{**known, **facts})


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "facts", [{}, {"value": None}, {"quantity": 99}], ids=["", "unweighed", "many"]
)
def test_every_echo_of_one_price_fits_with_how_to_undo_it(
    bare: Book, lang: str, facts: dict[str, Any]
):
    say, catalog = speaker(lang), bare.catalog
    for code, market, unit in pairs(catalog.products, catalog.markets, catalog.units):
        told = fits(replies.understood([report(code, market, unit, **facts)], catalog, say, lang))
        assert to_gsm(catalog.products[code].name(lang)) in told, "not shortened to codes"
        assert ("ANNULER" if lang == "fr" else "AYI") in told
        fits(replies.undone([report(code, market, unit, **facts)], [], catalog, say, lang))


@pytest.mark.parametrize("lang", LANGS)
def test_an_echo_of_many_prices_says_them_all_or_their_codes(bare: Book, lang: str):
    say, catalog = speaker(lang), bare.catalog
    for count in range(2, 6):
        rows = [report(code, "BENDOUGOUBA", "KG") for code in list(catalog.products)[:count]]
        told = fits(replies.understood(rows, catalog, say, lang))
        for row in rows:
            assert row.product in told or to_gsm(catalog.products[row.product].name(lang)) in told


def option(kind: str, code: str, market: str, unit: str) -> dict[str, Any]:
    return {
        "kind": kind, "amount": 999_750, "quantity": 1, "unit": unit, "product": code,
        "market": market, "value": 9_995.0,
    }  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("unit", ("unit", "said", "wrong")),
        ("zero", ("zero", "said", "unit")),
        ("dorome", ("dorome", "said", "wrong")),
        ("money", ("said", "dorome")),
        ("form", ("said", "form")),
        ("market", ("market", "said", "wrong")),
        ("outlier", ("said", "wrong")),
    ],
)
def test_every_question_fits_with_all_its_choices(
    bare: Book, lang: str, kind: str, kinds: tuple[str, ...]
):
    say, catalog = speaker(lang), bare.catalog
    for code, market, unit in pairs(catalog.products, catalog.markets, catalog.units):
        options = [option(each, code, market, unit) for each in kinds]
        row = QuestionRow(reporter_id=1, kind=kind, options=options, state="open", created_at=NOW)
        told = fits(replies.question(row, catalog, say, lang))
        assert all(f"{digit}=" in told for digit in range(1, len(kinds) + 1)), told


@pytest.mark.parametrize("lang", LANGS)
def test_the_short_replies_fit(lang: str):
    say = speaker(lang)
    for words in (
        replies.no_amount, replies.no_market, replies.nothing_to_undo, replies.no_question,
        replies.held, replies.dropped, replies.habit, replies.habit_kept, replies.habit_dropped,
    ):  # fmt: skip
        fits(words(say))
    fits(replies.not_understood(["x" * 40, "y" * 40], say))
    fits(replies.not_understood([], say))
