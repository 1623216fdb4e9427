"""Tables in and out of files: CSV and XLSX, as people's spreadsheets make them and open them.

What is written can never run: a cell that a spreadsheet would take for a formula is text. Phone
numbers leave masked.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from service.api.problems import Problem
from service.encoding import fold

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet compute (OWASP list, and their full-width twins)."""
MOST_LINES = 20_000
"""Lines of one import: ten times the villages, people and routes of the region."""
WIDEST = 60
"""Characters of the widest column of a workbook."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to write: a name, headings, rows, and notes that say what the figures mean."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: its number in a spreadsheet, and its cells by folded heading."""

    number: int
    cells: Mapping[str, str]


def safe(value: Any) -> Any:
    """A cell that cannot become a formula: text gets an apostrophe, numbers stay numbers. Text
    that looks as if it had one gets another, so that `_bare` gives back exactly what was there."""
    if isinstance(value, str) and value.lstrip("'").startswith(FORMULA):
        return f"'{value}"
    return value


def _bare(cell: str) -> str:
    """What `safe` was given."""
    guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA)
    return cell[1:] if guarded else cell


# --- writing --------------------------------------------------------------------------------------


def to_csv(sheet: Sheet, *, separator: str = ",", bom: bool = False) -> bytes:
    """UTF-8; with a mark (`bom`) and `;` for a spreadsheet that speaks French."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    writer.writerows([_said(value) for value in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig" if bom else "utf-8")


def to_xlsx(sheet: Sheet) -> bytes:
    """A workbook with typed cells, a frozen heading, a filter, and a sheet of notes."""
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }

    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#EDEDED"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page = book.add_worksheet(sheet.name[:31])
        page.write_row(0, 0, sheet.columns, bold)
        for number, row in enumerate(sheet.rows, start=1):
            for column, value in enumerate(row):
                _write(page, number, column, value, moment)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(len(sheet.rows), 1), max(len(sheet.columns) - 1, 0))
        page.autofit(WIDEST * 7)
        notes = book.add_worksheet("notes")
        for number, (about, text) in enumerate(sheet.notes):
            notes.write_string(number, 0, about, bold)
            notes.write_string(number, 1, text)
        notes.autofit()
    return out.getvalue()


def _write(page: Any, row: int, column: int, value: Any, moment: Any) -> None:
    match value:
        case None | "":
            return
        case bool():
            page.write_boolean(row, column, value)
        case int() | float():
            page.write_number(row, column, value)
        case datetime():
            page.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), moment)
        case date():
            page.write_datetime(row, column, value)
        case _:
            page.write_string(row, column, str(safe(str(value))))


def _said(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case float():
            return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
        case _:
            return safe(value)


# --- reading --------------------------------------------------------------------------------------


def read(file: bytes) -> list[Line]:
    """The lines of a CSV or XLSX file under its first heading; empty lines are left out."""
    rows = _from_workbook(file) if file.startswith(b"PK") else _from_csv(file)
    lines = list(_lines(rows))
    if len(lines) > MOST_LINES:
        raise Problem("too_large")
    return lines


def heading(text: str) -> str:
    """A heading as a field name: `Téléphone` and `phone` are one."""
    name = "_".join(fold(text).replace("-", " ").replace(".", " ").split())
    return HEADINGS.get(name, name)


HEADINGS: Mapping[str, str] = {
    "telephone": "phone",
    "tel": "phone",
    "numero": "phone",
    "nom": "name",
    "langue": "language",
    "sexe": "sex",
    "marche": "market",
    "produit": "product",
    "unite": "unit",
    "cooperative_code": "cooperative",
    "menages": "households",
    "poids": "kilos",
    "kg": "kilos",
    "pese_le": "weighed_on",
    "consentement": "consent_how",
    "consentement_ref": "consent_ref",
    "fiche": "consent_ref",
    "date_du_cout": "as_of",
    "saison": "season",
    "moyen": "mode",
    "prix": "price",
}
"""Headings people write, folded, by the field they mean."""


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[Line]:
    names: list[str] | None = None
    for number, row in enumerate(rows, start=1):
        cells = [_bare(cell.strip()) for cell in row]
        if not any(cells) or cells[0].startswith("#"):  # HXL tags under the heading
            continue
        if names is None:
            names = [heading(cell) for cell in cells]
            continue
        yield Line(number, {n: c for n, c in zip(names, cells, strict=False) if n and c})


def _from_csv(file: bytes) -> Iterator[list[str]]:
    text = _decoded(file)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error as error:
        raise Problem("unknown_format") from error


def _decoded(file: bytes) -> str:
    if b"\0" in file:
        raise Problem("unknown_format")
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError:
        return file.decode("cp1252", errors="replace")  # what older Windows spreadsheets save


def _from_workbook(file: bytes) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    except (CalamineError, IndexError, ValueError) as error:
        raise Problem("unknown_format") from error
    for row in rows:
        yield [_text(value) for value in row]


def _text(value: Any) -> str:
    match value:
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if not (value.hour or value.minute or value.second):
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
