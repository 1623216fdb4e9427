"""Forms of plain records, described once: what is asked, how it is read, what stands in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from starlette.datastructures import FormData

from service.api.console.desk import text, texts

Kind = Literal["text", "whole", "decimal", "tick", "choice", "many", "dates", "date", "password"]
Pairs = Sequence[tuple[str, str]]

BLANK: Mapping[str, object] = {"text": ""}
"""What an emptied field means to the API: an empty text, and nothing at all for other kinds."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. `name` is the API's, with a dot where it lies in an object. `choices`
    are codes with their French, or the name of a list that the page brings. `fixed`: only asked
    when the record is made. `value`: what stands in the form of a new one."""

    name: str
    label: str
    kind: Kind = "text"
    choices: Pairs | str = ()
    needed: bool = False
    fixed: bool = False
    hint: str = ""
    value: str = ""

    @property
    def words(self) -> list[str]:
        """What a page says of it, in French."""
        listed = [] if isinstance(self.choices, str) else [word for _, word in self.choices]
        return [each for each in (self.label, self.hint, *listed) if each]

    def read(self, form: FormData) -> object:
        """What was filled in, as the API takes it; None for nothing."""
        said = text(form, self.name)
        match self.kind:
            case "tick":
                return bool(said)
            case "many":
                return texts(form, self.name)
            case "dates":
                return [_iso(each) for each in said.replace(",", " ").split()]
            case "date":
                return _iso(said) or None
            case "whole":
                return "".join(said.split()) or None
            case "decimal":
                return "".join(said.split()).replace(",", ".") or None
            case _:
                return said or None


def filled(fields: Iterable[Field], form: FormData) -> dict[str, Any]:
    """A form that makes a record: what was left empty is not mentioned."""
    said = {each.name: each.read(form) for each in fields}
    return _nested({name: value for name, value in said.items() if value not in (None, [])})


def changed(fields: Iterable[Field], form: FormData) -> dict[str, Any]:
    """A form that changes a record: what was emptied is emptied."""
    said: dict[str, Any] = {}
    for each in fields:
        if each.fixed:
            continue
        value = each.read(form)
        blank = None if each.needed else BLANK.get(each.kind)
        if "." in each.name and value is None:
            continue  # a name that is not there is not a name
        said[each.name] = blank if value is None else value
    return _nested(said)


def typed(fields: Iterable[Field], form: FormData) -> dict[str, Any]:
    """What was typed, to be shown again beside what is wrong with it."""
    return {
        each.name: texts(form, each.name) if each.kind == "many" else text(form, each.name)
        for each in fields
    }


def standing(fields: Iterable[Field], record: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows of a record."""
    return {each.name: _shown(_reach(record, each.name)) for each in fields}


def starting(fields: Iterable[Field]) -> dict[str, Any]:
    return {each.name: [] if each.kind == "many" else each.value for each in fields}


def faults(fields: Iterable[Field], wrong: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """What is wrong, by the field it stands beside; under `""` what belongs to none."""
    names = [each.name for each in fields]
    found: dict[str, list[str]] = {}
    if wrong is None:
        return found
    for error in wrong["errors"]:
        said = str(error["field"])
        near = (name for name in names if f"{said}.".startswith(f"{name}."))
        inner = (name for name in names if name.startswith(f"{said}."))
        place = next(near, next(inner, ""))
        found.setdefault(place, []).append(str(error.get("detail") or wrong["detail"]))
    return found


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`names.fr` as `{"names": {"fr": ...}}`."""
    made: dict[str, Any] = {}
    for name, value in flat.items():
        outer, dot, inner = name.partition(".")
        if dot:
            made.setdefault(outer, {})[inner] = value
        else:
            made[outer] = value
    return made


def _reach(record: Mapping[str, Any], name: str) -> Any:
    outer, dot, inner = name.partition(".")
    return (record.get(outer) or {}).get(inner) if dot else record.get(outer)


def _shown(value: Any) -> Any:
    match value:
        case None | False:
            return ""
        case True:
            return "1"
        case [date(), *_]:
            return " ".join(each.isoformat() for each in value)
        case list():
            return value
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _iso(said: str) -> str:
    """`27/11/2026` as `2026-11-27`; anything else as it was typed."""
    day, _, rest = said.partition("/")
    month, _, year = rest.partition("/")
    whole = day.isdigit() and month.isdigit() and len(year) == 4 and year.isdigit()
    return f"{year}-{month:0>2}-{day:0>2}" if whole else said
