"""Monthly series for the tests of season, waiting and back-test."""

import csv
from collections import defaultdict
from importlib import resources

from service.prices.season import YEAR, Month

KITA = "World Bank Real Time Food Prices (WFP, FAO), Kita"


def kita() -> dict[str, dict[Month, float]]:
    """Surveyed prices of Kita, F/kg by value chain and month, 2007 to 2019, with their gaps."""
    found: dict[str, dict[Month, float]] = defaultdict(dict)
    text = resources.files("service.prices.seed").joinpath("kita_prices.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        year, month = map(int, row["month"].split("-"))
        found[row["value_chain"]][year * YEAR + month - 1] = float(row["price_xof_per_kg"])
    return found


def spread(history: dict[str, list[float | None]]) -> dict[Month, float]:
    """`{"2009-11": [110, null, ...]}`: successive months from the one named, holes left out."""
    found = {}
    for first, prices in history.items():
        year, month = map(int, first.split("-"))
        start = year * YEAR + month - 1
        found |= {start + at: price for at, price in enumerate(prices) if price is not None}
    return found
