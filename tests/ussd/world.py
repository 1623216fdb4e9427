"""A paper world for screens: twelve products, nine markets, villages, prices of every age.

Everything is invented and small enough to reckon by hand. The day is Wednesday 2026-11-25; most
fairs are on Fridays, so that a price of the 20th is the last there can be.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from service.i18n import speaker
from service.prices.book import Book, VillageCard
from service.prices.catalog import (
    Catalog,
    Family,
    Market,
    Measure,
    Product,
    Quantity,
    Stage,
    Unit,
)
from service.prices.neighbours import Estimate
from service.prices.quote import Quote
from service.prices.season import History, month_index
from service.prices.trip import RouteCost
from service.prices.waiting import StorageCost
from service.ussd.caller import AlertCard, Opening, Profile, ReporterCard
from service.ussd.scene import Scene
from service.ussd.screens import Screen
from service.ussd.walk import keys_of, screen_of

TODAY = date(2026, 11, 25)
FRIDAY = date(2026, 11, 20)

PRODUCTS = (
    ("ARA", 1, "groundnut", Family.OILSEED, "Arachide coque", "Tiga farama"),
    ("ARD", 2, "groundnut", Family.OILSEED, "Arachide décortiquée", "Tiga kisɛ"),
    ("MAI", 3, "maize", Family.GRAIN, "Maïs", "Kaba"),
    ("SOR", 4, "sorghum", Family.GRAIN, "Sorgho", "Keninge"),
    ("MIL", 5, "millet", Family.GRAIN, "Mil", "Saɲɔ"),
    ("RIZ", 6, "rice", Family.GRAIN, "Riz", "Malo"),
    ("NIE", 7, "cowpea", Family.PULSE, "Niébé", "Shɔ"),
    ("SES", 8, "sesame", Family.OILSEED, "Sésame", "Bɛnɛ"),
    ("FON", 10, "fonio", Family.GRAIN, "Fonio", "Fini"),
    ("KAR", 11, "shea", Family.SHEA, "Karité noix", "Sikɔlɔ"),
    ("OIG", 12, "garden", Family.GARDEN, "Oignon", "Jaba"),
)
MARKETS = (
    ("KITA", 1, "Kita"),
    ("SEBEKORO", 2, "Sébékoro"),
    ("DJIDIAN", 3, "Djidian"),
    ("BENDOUGOUBA", 4, "Bendougouba"),
    ("FOUNIA", 5, "Founia"),
    ("TOUKOTO", 6, "Toukoto"),
    ("KAYES", 7, "Kayes"),
    ("BAMAKO", 8, "Bamako"),
    ("MAHINA", 10, "Mahina"),
)
UNITS = {
    "KG": Unit("KG", {"fr": "kg", "bm": "kilo"}, Measure.MASS, 1.0),
    "TONNE": Unit("TONNE", {"fr": "tonne", "bm": "tɔni"}, Measure.MASS, 1000.0),
    "SAC": Unit("SAC", {"fr": "sac", "bm": "bɔrɔ"}, Measure.VESSEL),
    "TINE": Unit("TINE", {"fr": "tine", "bm": "tini"}, Measure.VESSEL),
    "HEAD": Unit("HEAD", {"fr": "tête", "bm": "kelen"}, Measure.COUNT),
}


def product(code, key, chain, family, fr, bm, quantity=Quantity.KG) -> Product:
    return Product(code, chain, "", family, {"fr": fr, "bm": bm}, quantity, key)


def market(code, key, name) -> Market:
    return Market(code, name, "Kita", key, frozenset({4}))


def quote(product, market, value, on=FRIDAY, *, spread=15, n=3, grade="A", unit="kg") -> Quote:
    low, high = value - spread, value + spread
    return Quote(
        product, market, Stage.PRODUCER, unit, value, low, high, n, grade, on, "test", n, 0.02, ()
    )


def catalog() -> Catalog:
    sheep = product("MOU", 13, "livestock", Family.LIVESTOCK, "Mouton", "Saga", Quantity.HEAD)
    sold = [product(*each) for each in PRODUCTS] + [sheep]
    places = [market(*each) for each in MARKETS]
    return Catalog({p.code: p for p in sold}, {m.code: m for m in places}, UNITS)


def seasons() -> History:
    """Ten years of groundnuts: low at harvest, a third higher in July."""
    last = month_index(date(2026, 10, 1))
    lift = (1.12, 1.2, 1.25, 1.3, 1.33, 1.33, 1.3, 1.2, 1.1, 1.0, 0.95, 1.0)  # January first
    prices = {last - back: 200.0 * lift[(9 - back) % 12] for back in range(120)}
    return History(prices, "relevés OMA", same_series=True)


def book(**changes) -> Book:
    """The paper book; `changes` replace its parts."""
    quotes = [
        quote("ARA", "KITA", 225),
        quote("ARA", "SEBEKORO", 275, n=4),
        quote("ARA", "DJIDIAN", 230, FRIDAY - timedelta(7), n=2, grade="B"),
        quote("ARA", "KAYES", 350, n=5),
        quote("ARA", "MAHINA", 210, FRIDAY - timedelta(21), n=1, grade="D"),
        quote("MAI", "KITA", 150, date(2026, 10, 26)),
        quote("MAI", "SEBEKORO", 155),
        quote("MIL", "KITA", 260, spread=0, n=1, grade="C"),
        quote("RIZ", "KITA", 390, FRIDAY - timedelta(14), n=2, grade="B"),
        quote("MOU", "KITA", 75_000, spread=5_000, n=2, grade="B", unit="head"),
        quote("OIG", "KITA", 300, date(2026, 11, 6)),
    ]
    sack = quote("SOR", "KITA", 17_500, spread=500, n=2, grade="B", unit="SAC")
    made = Book(
        version=1,
        day=TODAY,
        catalog=catalog(),
        quotes={(each.product, each.market): [each] for each in quotes},
        vessels={("SOR", "KITA"): [sack]},
        trends={("ARA", "KITA"): "up"},
        estimates={("NIE", "KITA"): estimate("NIE", "KITA", 610, "SEBEKORO")},
        homes={("ARA", "Kita"): quote("ARA", "KITA", 200)},
        histories={("ARA", "KITA"): seasons()},
        storage={"ARA": StorageCost(0.01, 0.01)},
        villages=villages(),
        routes={"V3": routes()},
    )
    return replace(made, **changes)


def estimate(product, market, value, source) -> Estimate:
    return Estimate(product, market, value, source, FRIDAY, 0.0, 0.05, 8)


def villages(count: int = 32) -> Mapping[str, VillageCard]:
    numbers = [n for n in range(1, count + 2) if n != 9]
    return {f"V{n}": VillageCard(f"V{n}", f"Village {n}", "Kita", "KITA", n) for n in numbers}


def routes() -> list[RouteCost]:
    return [
        RouteCost("KITA", 0, 0, date(2026, 10, 1)),
        RouteCost("SEBEKORO", 5, 3_000, date(2026, 10, 1)),
        RouteCost("KAYES", 20, 15_000, date(2026, 1, 1)),
    ]


STRANGER = Profile()
FARMER = Profile("fr", "V3", "ARA", "KITA", 200, consented=True)
FARMER_BM = FARMER._replace(language="bm")
RELAY = FARMER._replace(is_relay=True)
REPORTER = FARMER._replace(
    reporter=ReporterCard("Awa K.", ("KITA",), 12, 4, 3, date(2026, 11, 20), 3, 2)
)
WATCHED = FARMER._replace(alerts=(AlertCard("ARA", "KITA", 250),))
PROFILES = {
    "stranger": STRANGER,
    "farmer": FARMER,
    "farmer_bm": FARMER_BM,
    "relay": RELAY,
    "reporter": REPORTER,
    "watched": WATCHED,
    "relay_bm": RELAY._replace(language="bm"),
    "reporter_bm": REPORTER._replace(language="bm"),
    "placeless": Profile("fr"),
    "villager": Profile("fr", "V3"),
}


def scene(its: Book | None = None, say=None, tier=None) -> Scene:
    voices = (lambda _lang: say) if say else speaker
    made = Scene(STRANGER, its or book(), TODAY, voices)
    return replace(made, tier=tier) if tier else made


def dial(profile: Profile, text: str = "", where: Scene | None = None, **opening) -> Screen:
    """The screen a caller sees after these keys."""
    return screen_of(Opening(profile, **opening), keys_of(text), where or scene())
