"""The longest names of the real seed, with the largest amounts: nothing is cut, in any language.

A market or a product with a longer name than these makes this fail before it reaches a phone.
"""

import csv
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

import service.prices.seed as seed
from service.encoding import septets
from service.prices.book import VillageCard
from service.prices.catalog import Catalog, Family, Market, Product, Quantity
from service.prices.trip import RouteCost
from service.ussd.screens import ROOM
from tests.ussd.test_tree import crawl
from tests.ussd.world import (
    FARMER,
    FRIDAY,
    REPORTER,
    TODAY,
    UNITS,
    book,
    dial,
    quote,
    scene,
    seasons,
)

SEED = Path(next(iter(seed.__path__)))
FACTS = tomllib.loads((SEED / "kita.toml").read_text(encoding="utf-8"))
DEAR = 125_000
AGES = (0, 7, 14, 21, 35)
"""Days before Friday: fresh, one missed, old, older, expired."""


def goods() -> list[Product]:
    return [
        Product(
            each["code"],
            each["chain"],
            each.get("form", ""),
            Family(each["family"]),
            each["names"],
            Quantity(each.get("quantity", "kg")),
            each["ussd_key"],
        )
        for each in FACTS["product"]
    ]


def places() -> list[Market]:
    return [
        Market(each["code"], each["name"], "Kita", each["ussd_key"], frozenset({4}))
        for each in FACTS["market"]
    ]


def names() -> list[str]:
    with (SEED / "villages.csv").open(encoding="utf-8") as file:
        return [row["village"] for row in csv.DictReader(file)]


def seeded(value: int, age: int, grade: str, unit: str | None = None):
    """A book where every product has a price of `value` at every market."""
    products, markets = goods(), places()
    on = FRIDAY - timedelta(age)
    quotes = [
        quote(
            p.code, m.code, value, on, spread=value // 9, n=12, grade=grade, unit=unit or p.quantity
        )
        for p in products
        for m in markets
    ]
    cards = {
        name: VillageCard(name, name, "Kita", "KITA", number)
        for number, name in enumerate(names(), 100)
    }
    return book(
        catalog=Catalog({p.code: p for p in products}, {m.code: m for m in markets}, UNITS),
        quotes={(q.product, q.market): [q] for q in quotes},
        vessels={},
        trends={(q.product, q.market): "down" for q in quotes},
        estimates={},
        homes={(p.code, "Kita"): quote(p.code, "KITA", value // 2) for p in products},
        histories={(q.product, q.market): seasons() for q in quotes},
        villages=cards,
        routes={
            name: [RouteCost(m.code, 25, 15_000, date(2026, 10, 1)) for m in markets]
            for name in cards
        },
    )


def longest(profile, its):
    """The caller who remembers the longest names there are."""
    product = max(its.catalog.products.values(), key=lambda p: len(p.name(profile.language)))
    market = max(its.catalog.markets.values(), key=lambda m: len(m.name))
    village = max(its.villages, key=len)
    return profile._replace(product=product.code, market=market.code, village=village, kilos=50_000)


@pytest.mark.parametrize("language", ["fr", "bm"])
@pytest.mark.parametrize("who", [FARMER, REPORTER, FARMER._replace(is_relay=True)])
@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("value", [225, DEAR])
def test_the_longest_names_and_amounts_fit_uncut(language, who, age, value):
    its = seeded(value, age, "D" if age > 20 else "A")
    caller = longest(who._replace(language=language), its)
    where = scene(its)
    for path, screen in crawl(caller, where, deepest=2):
        assert septets(screen.text) <= ROOM, path
        assert not screen.text.endswith(".."), (path, screen.text)


@pytest.mark.parametrize("language", ["fr", "bm"])
def test_every_product_at_every_market_shows_its_whole_price(language):
    its = seeded(DEAR, 14, "D")
    where = scene(its)
    lasting = [p.code for p in its.catalog.products.values() if p.habit.expires_after > 20]
    for product in lasting:
        for market in its.catalog.markets:
            caller = REPORTER._replace(language=language, product=product, market=market)
            home = dial(caller, "", where).text
            assert "125 000 F" in home
            assert "06/11" in home
            assert home.split("\n")[-1].startswith("9 ")


@pytest.mark.parametrize("language", ["fr", "bm"])
def test_an_unweighed_sack_at_the_longest_names_fits(language):
    its = seeded(DEAR, 14, "D", unit="SAC")
    caller = longest(REPORTER._replace(language=language), its)
    home = dial(caller, "", scene(its)).text
    assert "125 000 F" in home
    assert not home.endswith("..")


def test_the_best_nets_the_floor_and_the_advice_are_all_there_at_the_longest_names():
    its = seeded(DEAR, 0, "A")
    text = dial(longest(FARMER, its), "2", scene(its)).text
    assert text.count("124 975 F") >= 3 + 1
    assert "50 000 kg" in text
    assert "9 Plus 0 Retour 00 Accueil" in text


def test_a_price_wrongly_dated_tomorrow_is_shown_with_its_day():
    its = book(quotes={("ARA", "KITA"): [quote("ARA", "KITA", 225, TODAY + timedelta(1))]})
    assert "jeu 26/11" in dial(FARMER, "", scene(its)).text
