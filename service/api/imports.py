"""Files of rows taken in: every line is checked like a form, and a wrong one is named.

A dry run does everything and then undoes it, so that it cannot promise more than the real one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import UploadFile

from service.api import sheets
from service.api.deps import Work
from service.api.errors import mistakes
from service.api.letters import Imported, Letter, LineError
from service.api.problems import CATALOGUE, Problem, language_of, said_in
from service.api.sheets import Line

LARGEST_FILE = 5 * 1024 * 1024
"""Bytes of an imported file: twenty thousand lines with room to spare."""
MOST_ERRORS = 200
"""Errors that are named; a file with more of them is the wrong file."""

Form = TypeVar("Form", bound=Letter)


@dataclass(frozen=True, slots=True)
class Loader(Generic[Form]):
    """How lines of one resource are read and kept. `save` answers whether the row is new, and
    None when nothing differed; `shape` turns flat cells into the form's fields."""

    form: type[Form]
    save: Callable[[Work, Form], bool | None]
    shape: Callable[[Mapping[str, str]], Mapping[str, Any]] = dict


async def upload_of(request: Request) -> bytes:
    """The file of a request: the only part of a form, or the body itself."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await request.body()
    async with request.form(max_files=1) as form:
        for part in form.values():
            if isinstance(part, UploadFile):
                return await part.read()
    raise Problem("unknown_format")


FileDep = Annotated[bytes, Depends(upload_of)]

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV (UTF-8, comma, semicolon or tab) or XLSX; headings name the fields.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
"""The request body of an import, for the documentation."""


def run(work: Work, file: bytes, loader: Loader[Form], *, dry_run: bool) -> Imported:
    """Take in a file; the lines that are wrong are left out and named."""
    lines = sheets.read(file)
    if not lines:
        raise Problem("unknown_format")
    counts = {True: 0, False: 0, None: 0}
    errors: list[LineError] = []
    whole = work.session.begin_nested()
    for line in lines:
        outcome = _take(work, line, loader)
        if isinstance(outcome, list):
            errors += outcome
        else:
            counts[outcome] += 1
    if dry_run:
        whole.rollback()
    else:
        whole.commit()
    return Imported(
        dry_run=dry_run,
        lines=len(lines),
        created=counts[True],
        changed=counts[False],
        errors=errors[:MOST_ERRORS],
    )


def _take(work: Work, line: Line, loader: Loader[Form]) -> bool | list[LineError] | None:
    lang = language_of(work.request)
    try:
        form = loader.form.model_validate(loader.shape(line.cells))
    except ValidationError as error:
        found = [{**each, "loc": ("line", *each["loc"])} for each in error.errors()]
        return [_error(line, each) for each in mistakes(found, lang)]
    try:
        with work.session.begin_nested():
            return loader.save(work, form)
    except Problem as problem:
        return _named(line, problem, lang)
    except IntegrityError:
        return _named(line, Problem("conflict"), lang)


def _named(line: Line, problem: Problem, lang: str) -> list[LineError]:
    detail = CATALOGUE[problem.code].worded(lang, problem.values)
    if not problem.errors:
        return [LineError(line=line.number, field="", code=problem.code, detail=detail)]
    return [_error(line, {"detail": detail, **each}) for each in said_in(lang, problem.errors)]


def _error(line: Line, said: Mapping[str, Any]) -> LineError:
    return LineError(
        line=line.number, field=said["field"], code=said["code"], detail=said["detail"]
    )


def listed(*fields: str) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    """A shape whose named fields are lists written in one cell: `mon tue` or `mon,tue`."""

    def shape(cells: Mapping[str, str]) -> dict[str, Any]:
        return {
            name: value.replace(",", " ").replace(";", " ").split() if name in fields else value
            for name, value in cells.items()
        }

    return shape


def spoken(cells: Mapping[str, str]) -> dict[str, Any]:
    """A shape for things with a name per language: columns `name_fr`, `name_bm`, `name_en`."""
    return grouped(cells, "names", NAME_COLUMNS)


NAME_COLUMNS = {"name_fr": "fr", "name": "fr", "nom_fr": "fr", "name_bm": "bm", "name_en": "en"}


def grouped(cells: Mapping[str, str], into: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """Some columns gathered into one object."""
    inside = {columns[name]: value for name, value in cells.items() if name in columns}
    rest = {name: value for name, value in cells.items() if name not in columns}
    return {**rest, into: inside} if inside else rest
