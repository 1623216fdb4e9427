"""The catalogue that the reading tests share: the seed of Kita, and more of what fairs sell."""

import tomllib
from datetime import date
from importlib.resources import files

from service.prices.catalog import Catalog, Family, Market, Measure, Product, Quantity, Unit
from service.sms.lexicon import Lexicon, default_aliases

TODAY = date(2026, 11, 25)
"""A Wednesday."""

MORE = [
    ("TOM", Family.GARDEN, Quantity.KG, "Tomate", "Tamati"),
    ("GOM", Family.GARDEN, Quantity.KG, "Gombo", "Gan"),
    ("PIM", Family.GARDEN, Quantity.KG, "Piment", "Foronto"),
    ("CHE", Family.LIVESTOCK, Quantity.HEAD, "Chèvre", "Bakɔrɔ"),
    ("BOV", Family.LIVESTOCK, Quantity.HEAD, "Bœuf", "Misi"),
    ("POU", Family.LIVESTOCK, Quantity.HEAD, "Poulet", "Shɛ"),
    ("PIN", Family.LIVESTOCK, Quantity.HEAD, "Pintade", "Kami"),
]


def _seed():
    text = (files("service.prices.seed") / "kita.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _product(row):
    family, quantity = Family(row["family"]), Quantity(row.get("quantity", "kg"))
    names = row["names"]
    return Product(row["code"], row["chain"], row["form"], family, names, quantity, row["ussd_key"])


def _more(key, code, family, quantity, fr, bm):
    return Product(code, code, "", family, {"fr": fr, "bm": bm}, quantity, 20 + key)


def _unit(row):
    return Unit(row["code"], row["names"], Measure(row["measure"]), row.get("kilos"))


def kita_only(aliases=None):
    """The twelve products of the seed and nothing else."""
    seed = _seed()
    products = [_product(row) for row in seed["product"]]
    markets = [Market(m["code"], m["name"], m["commune"], m["ussd_key"]) for m in seed["market"]]
    units = [_unit(row) for row in seed["unit"]]
    return Catalog(
        products={p.code: p for p in products},
        markets={m.code: m for m in markets},
        units={u.code: u for u in units},
        aliases=default_aliases() if aliases is None else aliases,
    )


def whole_fair():
    """Everything the default aliases know by name."""
    kita = kita_only()
    more = {row[0]: _more(key, *row) for key, row in enumerate(MORE)}
    return Catalog({**kita.products, **more}, kita.markets, kita.units, aliases=kita.aliases)


CATALOG = whole_fair()
LEXICON = Lexicon.of(CATALOG)
