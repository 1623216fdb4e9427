"""Reference history: prices of another survey taken in, kept apart and labelled with its source."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from sqlmodel import select

from service.api import imports
from service.api.deps import Operator, Viewer, Work
from service.api.errors import invalid, unknown
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Imported, Letter
from service.api.pages import Page, Paging, paged
from service.encoding import fold
from service.prices.catalog import Product
from service.prices.store import bump
from service.prices.tables import ReferencePrice

router = APIRouter(prefix="/prices", tags=["prices"])

WFP = {
    "groundnuts (unshelled)": "ARA",
    "groundnuts (in shell)": "ARA",
    "groundnuts": "ARA",
    "groundnuts (shelled)": "ARD",
    "maize": "MAI",
    "maize (white)": "MAI",
    "sorghum": "SOR",
    "millet": "MIL",
    "rice (local)": "RIZ",
    "rice": "RIZ",
    "beans (niebe)": "NIE",
    "cowpeas": "NIE",
    "sesame": "SES",
    "fonio": "FON",
    "onions": "OIG",
    "sheep": "MOU",
    "livestock (sheep)": "MOU",
}
"""Commodity names of WFP, folded, by our product: the spellings of its Mali series."""
MASS = re.compile(r"^(\d+(?:\.\d+)?)?\s*(kg|g|t|mt)$")
IN_KILOS = {"kg": 1.0, "g": 0.001, "t": 1000.0, "mt": 1000.0}
HEADS = frozenset({"head", "unit", "tete", "piece"})


class PriceForm(Letter):
    """A line of HDX; columns it has and we have no use for are let through."""

    model_config = ConfigDict(extra="ignore")

    date: date
    market: Annotated[str, Field(min_length=1, max_length=60)]
    commodity: Annotated[str, Field(min_length=1, max_length=80)]
    unit: Annotated[str, Field(max_length=20)] = "KG"
    pricetype: Annotated[str, Field(max_length=20)] = ""
    price: Annotated[float, Field(gt=0, le=100_000_000)]
    currency: Annotated[str, Field(max_length=5)] = "XOF"


class ReferenceLine(Answer):
    """F per kg (or head), as the survey said; never mixed with reports."""

    id: int
    month: date
    market: str
    product: str
    commodity: str
    unit: str
    pricetype: str
    price: float
    source: str


@router.get("")
def list_reference_prices(
    work: Viewer, ask: Paging, product: str | None = None, market: str | None = None
) -> Page[ReferenceLine]:
    """Prices of other surveys, newest month first."""
    query = select(ReferencePrice)
    if product:
        query = query.where(ReferencePrice.product == product.upper())
    if market:
        query = query.where(ReferencePrice.market == market)
    keys = [ReferencePrice.month, ReferencePrice.id]
    return paged(work.session, query, keys, ask, ReferenceLine.model_validate, newest_first=True)


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_prices(
    work: Operator,
    file: FileDep,
    dry_run: bool = False,
    source: Annotated[str, Query(min_length=1, max_length=200)] = "import",
) -> Imported:
    """Take in a file with the HDX columns date, market, commodity, unit, pricetype, price."""
    return take(work, file, source, dry_run=dry_run)


def take(work: Work, file: bytes, source: str, *, dry_run: bool) -> Imported:
    done = imports.run(work, file, _loader(source), dry_run=dry_run)
    if (done.created or done.changed) and not dry_run:
        bump(work.session, catalog=True)
        facts = {"source": source, "created": done.created, "changed": done.changed}
        work.record("prices.import", "reference_price", after=facts)
    return done


def _loader(source: str) -> Loader[PriceForm]:
    return Loader(PriceForm, lambda work, form: _save(work, form, source))


def _save(work: Work, form: PriceForm, source: str) -> bool | None:
    """One month of one series; the last line of a month is the one that counts."""
    catalog = work.state.book().catalog
    product = _product(form.commodity, catalog.products)
    if form.currency.upper() not in {"XOF", "FCFA", "CFA"}:
        raise invalid("currency", "currency", "Prices are in XOF.", "Les prix sont en XOF.")
    kilos = _kilos(form.unit)
    facts: dict[str, Any] = {
        "month": form.date.replace(day=1),
        "market": _market(form.market, ((m.code, m.name) for m in catalog.markets.values())),
        "product": product.code,
        "pricetype": form.pricetype.lower(),
        "unit": "KG" if kilos else "HEAD",
        "source": source,
    }
    same = [getattr(ReferencePrice, name) == value for name, value in facts.items()]
    price = round(form.price / (kilos or 1), 4)
    known = work.session.exec(select(ReferencePrice).where(*same)).first()
    if known is None:
        row = ReferencePrice(**facts, commodity=form.commodity, price=price)
        work.session.add(row)
        work.session.flush()
        return True
    if known.price == price:
        return None
    known.price = price
    work.session.add(known)
    work.session.flush()
    return False


def _product(said: str, products: Mapping[str, Product]) -> Product:
    """Our product by its code, any of its names, or the name WFP gives it."""
    word = " ".join(fold(said).split())
    for product in products.values():
        if word in {fold(product.code), *(fold(name) for name in product.names.values())}:
            return product
    code = WFP.get(word)
    if code is None or code not in products:
        raise unknown("commodity")
    return products[code]


def _market(said: str, markets: Iterable[tuple[str, str]]) -> str:
    """Our market's code when the name is ours (`Kita (R)` is Kita); else the name as it is."""
    word = fold(said.partition("(")[0]).strip()
    return next((code for code, name in markets if word in {fold(code), fold(name)}), said)


def _kilos(unit: str) -> float | None:
    """Kilos of a unit of the file; None for a head."""
    word = fold(unit).strip()
    if word in HEADS:
        return None
    found = MASS.match(word)
    if not found or float(found[1] or 1) == 0:
        raise invalid(
            "unit",
            "unit",
            "The unit is no mass: KG, 100 KG, ...",
            "L'unité n'est pas une masse : KG, 100 KG, ...",
        )
    return float(found[1] or 1) * IN_KILOS[found[2]]
