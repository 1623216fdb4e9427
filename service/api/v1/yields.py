"""Yields: the kilos of kernel that a kilo in the shell was measured to leave, and its cost.

Without one, nobody is told whether shelling pays.
"""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from sqlmodel import select

from service.api import records
from service.api.deps import Operator, Viewer
from service.api.errors import invalid
from service.api.letters import Answer, Code, Id, Letter, Source
from service.api.pages import Page, Paging, paged
from service.prices.tables import ProductRow, ShellingRow

router = APIRouter(prefix="/yields", tags=["yields"])

EXAMPLE: Any = {
    "raw": "ARA", "made": "ARD", "share": 0.65, "cost_per_kg": 10, "measured_on": "2026-11-20",
}  # fmt: skip


class YieldForm(Letter):
    """A measured yield: `share` kilos of `made` from one kilo of `raw`, at `cost_per_kg` F per
    kilo of `raw` (who shells, or the mill)."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    raw: Code
    made: Code
    share: Annotated[float, Field(gt=0, le=1)]
    cost_per_kg: Annotated[int, Field(ge=0, le=10_000)] = 0
    measured_on: date | None = None
    source: Source = ""


class Yield(Answer):
    id: int
    raw: str
    made: str
    share: float
    cost_per_kg: int
    measured_on: date
    source: str


@router.get("")
def list_yields(work: Viewer, ask: Paging) -> Page[Yield]:
    """Yields, newest first; the newest of a product is the one that counts."""
    query = select(ShellingRow)
    return paged(
        work.session, query, [ShellingRow.id], ask, Yield.model_validate, newest_first=True
    )


@router.post("", status_code=201)
def create_yield(work: Operator, form: YieldForm) -> Yield:
    """A yield as measured; advice on where to sell says from now on whether shelling pays."""
    raw, made, on = form.raw.upper(), form.made.upper(), form.measured_on or work.today
    records.must_exist(work.session, ProductRow, raw, "raw")
    records.must_exist(work.session, ProductRow, made, "made")
    if raw == made:
        raise invalid(
            "made",
            "same",
            "A product is not made into itself.",
            "Un produit ne se fait pas de lui-même.",
        )
    if on > work.today:
        raise invalid(
            "measured_on", "future", "This day has not come yet.", "Ce jour n'est pas encore venu."
        )
    facts = form.model_dump() | {"raw": raw, "made": made, "measured_on": on}
    return Yield.model_validate(records.create(work, ShellingRow(**facts), None))


@router.delete("/{yield_id}", status_code=204)
def remove_yield(work: Operator, yield_id: Id) -> None:
    """Remove a yield that was wrong. To correct one, remove it and enter it again."""
    records.remove(work, work.one(ShellingRow, yield_id))
