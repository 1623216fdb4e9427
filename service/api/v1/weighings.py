"""Weighings: the kilos of a vessel for one product at one market. Without one, no kilo price."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from sqlmodel import select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.errors import invalid
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Code, Id, Imported, Letter, Source
from service.api.pages import Page, Paging, paged
from service.prices.catalog import ANY_MARKET, Weight
from service.prices.quote import STALE_AFTER_DAYS
from service.prices.tables import MarketRow, ProductRow, UnitRow, WeighingRow
from service.prices.units import REWEIGH_AFTER_DAYS

router = APIRouter(prefix="/weighings", tags=["weighings"])

EXAMPLE: Any = {
    "unit": "SAC", "product": "ARA", "market": "KITA", "kilos": 42.5, "weighed_on": "2026-11-20",
}  # fmt: skip


class WeighingForm(Letter):
    """One sack, tine or bowl on a scale. `market` `*`: it holds wherever the product is sold."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    unit: Code
    product: Code
    market: Code | Annotated[str, Field(pattern=r"^\*$")] = ANY_MARKET
    kilos: Annotated[float, Field(gt=0, le=10_000)]
    weighed_on: date | None = None
    source: Source = ""


class Weighing(Answer):
    id: int
    unit: str
    product: str
    market: str
    kilos: float
    weighed_on: date
    actor: str
    source: str
    demo: bool


class Standing(Answer):
    """A vessel as it is reckoned with: median `kilos`, `cv` (spread over mean), `count` weighings,
    the last on `last_on`. `due`: not weighed for 90 days; `stale`: for 120, which costs its prices
    a grade."""

    unit: str
    product: str
    market: str
    kilos: float
    cv: float
    count: int
    last_on: date
    due: bool
    stale: bool


class Summary(Page[Standing]):
    """All of them: no next page."""


@router.get("")
def list_weighings(
    work: Viewer,
    ask: Paging,
    unit: str | None = None,
    product: str | None = None,
    market: str | None = None,
) -> Page[Weighing]:
    """Weighings, newest first."""
    query = select(WeighingRow)
    for column, code in (
        (WeighingRow.unit, unit),
        (WeighingRow.product, product),
        (WeighingRow.market, market),
    ):
        if code:
            query = query.where(column == code.upper())
    return paged(
        work.session, query, [WeighingRow.id], ask, Weighing.model_validate, newest_first=True
    )


@router.post("", status_code=201)
def create_weighing(work: Operator, form: WeighingForm) -> Weighing:
    """One more weighing; the unit's kilos are their median. Reports from now on use it."""
    return Weighing.model_validate(_weigh(work, form))


@router.get("/summary")
def summarise_weighings(
    work: Viewer, product: str | None = None, market: str | None = None
) -> Summary:
    """What each vessel weighs, by product and market: the kilos reports are valued with now, their
    spread, how many weighings and how old; and which are due again."""
    found = work.state.book().catalog.weights.items()
    return Summary(
        items=[
            _standing(work, *which, weight)
            for which, weight in sorted(found)
            if product in (None, which[1]) and market in (None, which[2])
        ]
    )


@router.get("/{weighing_id}")
def read_weighing(work: Viewer, weighing_id: Id) -> Weighing:
    return Weighing.model_validate(work.one(WeighingRow, weighing_id))


@router.delete("/{weighing_id}", status_code=204)
def remove_weighing(work: Operator, weighing_id: Id) -> None:
    """Remove a weighing that was wrong. To correct one, remove it and weigh again."""
    records.remove(work, work.one(WeighingRow, weighing_id))


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_weighings(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: unit, product, market, kilos, weighed_on, source."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _weigh(work: Work, form: WeighingForm) -> WeighingRow:
    facts = form.model_dump() | {
        "unit": form.unit.upper(),
        "product": form.product.upper(),
        "market": form.market.upper(),
        "weighed_on": form.weighed_on or work.today,
        "actor": work.who.name,
    }
    _check(work, facts["unit"], facts["product"], facts["market"])
    if facts["weighed_on"] > work.today:
        raise invalid(
            "weighed_on", "future", "This day has not come yet.", "Ce jour n'est pas encore venu."
        )
    return records.create(work, WeighingRow(**facts), None)


def _check(work: Work, unit: str, product: str, market: str) -> None:
    records.must_exist(work.session, UnitRow, unit, "unit")
    records.must_exist(work.session, ProductRow, product, "product")
    if market != ANY_MARKET:
        records.must_exist(work.session, MarketRow, market, "market")
    if work.one(UnitRow, unit).measure != "vessel":
        raise invalid(
            "unit", "not_a_vessel", "Only a vessel is weighed.", "On ne pèse qu'un récipient."
        )


def _save(work: Work, form: WeighingForm) -> bool | None:
    """The same weighing twice in one file, or from an earlier import, is one weighing."""
    same = select(WeighingRow.id).where(
        WeighingRow.unit == form.unit.upper(),
        WeighingRow.product == form.product.upper(),
        WeighingRow.market == form.market.upper(),
        WeighingRow.kilos == form.kilos,
        WeighingRow.weighed_on == (form.weighed_on or work.today),
    )
    if work.session.exec(same.limit(1)).first() is not None:
        return None
    _weigh(work, form)
    return True


LOADER = Loader(WeighingForm, _save)


def _standing(work: Work, unit: str, product: str, market: str, weight: Weight) -> Standing:
    age = (work.today - weight.last_on).days
    return Standing(
        unit=unit,
        product=product,
        market=market,
        kilos=round(weight.kilos, 2),
        cv=round(weight.cv, 4),
        count=weight.count,
        last_on=weight.last_on,
        due=age > REWEIGH_AFTER_DAYS,
        stale=age > STALE_AFTER_DAYS,
    )
