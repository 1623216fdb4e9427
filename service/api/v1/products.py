"""Products: a value chain in one form, with its names and the digit that never changes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import String, cast, func, or_
from sqlmodel import Session, col, select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Code, Imported, Letter, Name, Names, Share, Source
from service.api.pages import Page, Paging, like, paged
from service.prices.tables import ProductRow

router = APIRouter(prefix="/products", tags=["products"])

Family = Literal["grain", "pulse", "oilseed", "shea", "cotton", "garden", "livestock"]
Price = Annotated[int, Field(gt=0, le=100_000_000)]


class ProductChange(Letter):
    """Only the fields given are changed. Holding costs are shares of the price a month, and F."""

    chain: Name | None = None
    form: Annotated[str, Field(max_length=40)] | None = None
    family: Family | None = None
    names: Names | None = None
    band_low: Price | None = None
    band_high: Price | None = None
    loss_per_month: Share | None = None
    money_per_month: Share | None = None
    store_per_month: Annotated[float, Field(ge=0, le=10_000)] | None = None
    active: bool | None = None
    source: Source | None = None


class ProductForm(ProductChange):
    code: Annotated[Code, Field(examples=["VOA"])]
    chain: Annotated[Name, Field(examples=["bambara groundnut"])]
    family: Annotated[Family, Field(examples=["pulse"])]
    names: Names
    form: Annotated[str, Field(max_length=40)] = ""
    quantity: Literal["kg", "head", "piece"] = "kg"
    active: bool = True
    source: Source = ""


class Product(Answer):
    """`ussd_key` is the digit printed on cards. `band` is asked about when a price leaves it."""

    code: str
    chain: str
    form: str
    family: str
    names: dict[str, str]
    quantity: str
    ussd_key: int
    band_low: int | None
    band_high: int | None
    loss_per_month: float | None
    money_per_month: float | None
    store_per_month: float | None
    active: bool
    demo: bool
    source: str
    version: int


@router.get("")
def list_products(
    work: Viewer,
    ask: Paging,
    q: Annotated[str | None, Query(max_length=60)] = None,
    chain: str | None = None,
    active: bool | None = None,
) -> Page[Product]:
    """Every product in order of code; `q` searches codes and names."""
    query = select(ProductRow)
    if q:
        names = func.lower(cast(col(ProductRow.names), String))
        pattern = like(q.lower())
        query = query.where(
            or_(
                func.lower(col(ProductRow.code)).like(pattern, escape="|"),
                names.like(pattern, escape="|"),
            )
        )
    if chain:
        query = query.where(ProductRow.chain == chain)
    if active is not None:
        query = query.where(ProductRow.active == active)
    return paged(work.session, query, [ProductRow.code], ask, Product.model_validate)


@router.post("", status_code=201)
def create_product(work: Operator, form: ProductForm) -> Product:
    """A new product; it takes the next free digit of the keypad and is in service at once."""
    facts = form.model_dump() | {"code": form.code.upper()}
    row = ProductRow(**facts, ussd_key=next_key(work.session))
    row = records.create(work, row, row.code)
    work.tag(row.version)
    return Product.model_validate(row)


@router.get("/{code}")
def read_product(work: Viewer, code: str) -> Product:
    row = work.one(ProductRow, code.upper())
    work.tag(row.version)
    return Product.model_validate(row)


@router.patch("/{code}")
def change_product(work: Operator, code: str, form: ProductChange) -> Product:
    """Change a product. Its code, its quantity and its digit are for ever."""
    row = records.change(work, work.one(ProductRow, code.upper()), records.given(form))
    work.tag(row.version)
    return Product.model_validate(row)


@router.delete("/{code}", status_code=204)
def remove_product(work: Operator, code: str) -> None:
    """Take a product out of service. Its history stays."""
    records.change(work, work.one(ProductRow, code.upper()), {"active": False})


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_products(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: code, chain, family, name_fr, name_bm, ..."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def next_key(session: Session) -> int:
    """Keypad digits only grow: one printed on a card is never given away."""
    return (session.exec(select(func.max(ProductRow.ussd_key))).one() or 0) + 1


def _save(work: Work, form: ProductForm) -> bool | None:
    known = work.session.get(ProductRow, form.code.upper())
    if known is None:
        create_product(work, form)
        return True
    before = known.version
    records.change(work, known, records.given(form, ("code", "quantity")))
    return None if known.version == before else False


LOADER = Loader(ProductForm, _save, imports.spoken)
