"""`sugu seed kita`: sourced facts. Safe to repeat: each fact is planted once, and what staff change
or remove afterwards is theirs."""

import csv
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from service.encoding import fold
from service.people.tables import Seeded, Village
from service.prices.catalog import ANY_MARKET, Alias
from service.prices.tables import (
    AliasRow,
    MarketRow,
    ProductRow,
    ReferencePrice,
    UnitRow,
    WeighingRow,
)

SEED = files("service.prices.seed")
VILLAGES_SOURCE = "github.com/kevinwilson/lakana-scheduling, village names of the health district"
PROJECT_COMMUNES = ("Bendougouba", "Benkadi Founia", "Djidian", "Sébékoro")
"""The communes served first: their villages get a keypad number."""
OFFICIAL = {
    "Benkady-Founia": "Benkadi Founia",
    "Djidjan": "Djidian",
    "Souranzan": "Souransan-Tomoto",
}
"""Spellings of the village list, by the official name of the commune."""
WEIGHED_ON = date(2022, 12, 1)
"""When the stamped-sack facts were published; their age lowers the grade like any other."""


def facts(name: str) -> dict[str, Any]:
    """A seed file as a dictionary."""
    return tomllib.loads((SEED / name).read_text("utf-8"))


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((SEED / name).read_text("utf-8").splitlines()))


def seed_kita(session: Session, aliases: Iterable[Alias]) -> int:
    """Load what is known and sourced. Returns how many rows were new."""
    kita = facts("kita.toml")
    made = 0
    for group in (_products(kita), _markets(kita), _units(kita), _villages()):
        made += add_missing(session, group)
    made += _plant(session, _of_what_is_there(session, _weighings(kita)), _weighed)
    made += _plant(session, _new_aliases(session, aliases), _written)
    made += _plant(session, reference_prices(kita["reference"]), _surveyed)
    return made


def add_missing(session: Session, wanted: Iterable[SQLModel]) -> int:
    """Plant rows that go by their code."""
    return _plant(session, wanted, lambda row: row.code)


def _plant(session: Session, wanted: Iterable[SQLModel], key: Callable[[Any], str]) -> int:
    """Add the rows that were never planted before; how many. One that somebody has entered
    meanwhile stays as it is."""
    rows = {key(row): row for row in wanted}
    kind = str(next(iter(rows.values())).__tablename__) if rows else ""
    planted = set(session.exec(select(Seeded.key).where(Seeded.kind == kind)))
    if not (new := rows.keys() - planted):
        return 0
    there = {key(row) for row in session.exec(select(type(next(iter(rows.values())))))}
    session.add_all(rows[name] for name in rows if name in new - there)
    session.add_all(Seeded(kind=kind, key=name) for name in sorted(new))
    session.flush()
    return len(new - there)


def reference_prices(reference: Mapping[str, Any]) -> Iterator[ReferencePrice]:
    """The Kita survey prices, 2007 to 2019, with their attribution."""
    for row in rows("kita_prices.csv"):
        yield ReferencePrice(
            month=date.fromisoformat(f"{row['month']}-01"),
            market=reference["market"],
            product=reference["products"][_chain(row["value_chain"])],
            commodity=row["source_item"],
            unit=row["unit"],
            pricetype="wholesale",
            price=float(row["price_xof_per_kg"]),
            source=reference["attribution"],
        )


def code_of(name: str) -> str:
    """`Karaya Kofoulabé` -> `KARAYA-KOFOULABE`."""
    return re.sub(r"[^A-Z0-9]+", "-", fold(name).upper()).strip("-")


def _products(kita: Mapping[str, Any]) -> Iterator[ProductRow]:
    for each in kita["product"]:
        low, high = each.get("band", (None, None))
        kept = {name: value for name, value in each.items() if name != "band"}
        yield ProductRow(**kept, band_low=low, band_high=high, source="kita")


def _markets(kita: Mapping[str, Any]) -> Iterator[MarketRow]:
    for each in kita["market"]:
        yield MarketRow(**each)


def _units(kita: Mapping[str, Any]) -> Iterator[UnitRow]:
    for each in kita["unit"]:
        yield UnitRow(**each, source="kita")


def _weighings(kita: Mapping[str, Any]) -> Iterator[WeighingRow]:
    for each in kita["weighing"]:
        for product in each["products"]:
            yield WeighingRow(
                unit=each["unit"],
                product=product,
                market=ANY_MARKET,
                kilos=each["kilos"],
                weighed_on=WEIGHED_ON,
                source=each["source"],
            )


def _villages() -> Iterator[Village]:
    """Names are facts; codes carry the commune where one name stands in two of them."""
    listed = [(row["village"], _commune(row["commune_as_written"])) for row in rows("villages.csv")]
    seen: set[str] = set()
    number = 0
    for name, commune in listed:
        code = code_of(name)
        if code in seen:
            code = f"{code}-{code_of(commune)}"
        if code in seen:
            continue
        seen.add(code)
        number += commune in PROJECT_COMMUNES
        yield Village(
            code=code,
            name=name,
            commune=commune,
            cercle="Kita",
            region="Kita",
            ussd_key=number if commune in PROJECT_COMMUNES else None,
            source=VILLAGES_SOURCE,
        )


def _commune(written: str) -> str:
    return OFFICIAL.get(written, written)


def _chain(written: str) -> str:
    return "cowpea" if written == "beans" else written


def _new_aliases(session: Session, aliases: Iterable[Alias]) -> Iterator[AliasRow]:
    """Ways of writing what is there: a product that staff removed is not taught again."""
    targets = {
        "product": set(session.exec(select(col(ProductRow.code)))),
        "market": set(session.exec(select(col(MarketRow.code)))),
        "unit": set(session.exec(select(col(UnitRow.code)))),
    }
    for alias in aliases:
        if alias.target in targets[alias.kind]:
            yield AliasRow(kind=alias.kind, target=alias.target, form=alias.form, lang=alias.lang)


def _of_what_is_there(session: Session, rows: Iterable[WeighingRow]) -> Iterator[WeighingRow]:
    """Weighings of products and units that staff have not removed."""
    products = set(session.exec(select(col(ProductRow.code))))
    units = set(session.exec(select(col(UnitRow.code))))
    return (row for row in rows if row.product in products and row.unit in units)


def _written(row: AliasRow) -> str:
    return f"{row.kind}:{row.target}:{row.form}"


def _weighed(row: WeighingRow) -> str:
    return f"{row.unit}:{row.product}:{row.market}:{row.weighed_on}:{row.kilos:g}"


def _surveyed(row: ReferencePrice) -> str:
    return f"{row.product}:{row.market}:{row.pricetype}:{row.unit}:{row.month}"
