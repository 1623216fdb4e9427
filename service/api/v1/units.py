"""Units: how prices are said. A vessel has no kilos of its own; weighings give them."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlmodel import select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.imports import FileDep, Loader
from service.api.letters import Answer, Code, Imported, Letter, Names, Source
from service.api.pages import Page, Paging, paged
from service.prices.tables import UnitRow

router = APIRouter(prefix="/units", tags=["units"])

Kilos = Annotated[float, Field(gt=0, le=10_000)]


class UnitChange(Letter):
    """Only the fields given are changed."""

    names: Names | None = None
    kilos: Kilos | None = None
    source: Source | None = None


class UnitForm(Letter):
    code: Annotated[Code, Field(examples=["PANIER"])]
    names: Names
    measure: Annotated[
        Literal["mass", "vessel", "count"],
        Field(description="`mass` has kilos by definition, `vessel` by weighing, `count` none"),
    ]
    kilos: Kilos | None = None
    source: Source = ""

    @model_validator(mode="after")
    def _masses_have_kilos(self) -> Self:
        if (self.measure == "mass") != (self.kilos is not None):
            raise PydanticCustomError("kilos", "A mass has kilos, and nothing else has.")
        return self


class Unit(Answer):
    code: str
    names: dict[str, str]
    measure: str
    kilos: float | None
    demo: bool
    source: str
    version: int


@router.get("")
def list_units(work: Viewer, ask: Paging) -> Page[Unit]:
    return paged(work.session, select(UnitRow), [UnitRow.code], ask, Unit.model_validate)


@router.post("", status_code=201)
def create_unit(work: Operator, form: UnitForm) -> Unit:
    """A new unit, in service at once."""
    row = UnitRow(**(form.model_dump() | {"code": form.code.upper()}))
    row = records.create(work, row, row.code)
    work.tag(row.version)
    return Unit.model_validate(row)


@router.get("/{code}")
def read_unit(work: Viewer, code: str) -> Unit:
    row = work.one(UnitRow, code.upper())
    work.tag(row.version)
    return Unit.model_validate(row)


@router.patch("/{code}")
def change_unit(work: Operator, code: str, form: UnitChange) -> Unit:
    row = records.change(work, work.one(UnitRow, code.upper()), records.given(form))
    work.tag(row.version)
    return Unit.model_validate(row)


@router.delete("/{code}", status_code=204)
def remove_unit(work: Operator, code: str) -> None:
    """Remove a unit that no report and no weighing names."""
    records.remove(work, work.one(UnitRow, code.upper()))


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_units(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: code, name_fr, name_bm, measure, kilos, source."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _save(work: Work, form: UnitForm) -> bool | None:
    known = work.session.get(UnitRow, form.code.upper())
    if known is None:
        create_unit(work, form)
        return True
    before = known.version
    records.change(work, known, records.given(form, ("code", "measure")))
    return None if known.version == before else False


LOADER = Loader(UnitForm, _save, imports.spoken)
