"""What every letter of the API has in common: strict forms in, plain values out."""

from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from service.api.pages import LARGEST_ID
from service.phone import parse


class Letter(BaseModel):
    """A form from outside: unknown fields are refused, and characters nobody can read."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for value in self.__dict__.values():
            if isinstance(value, str) and any(ord(c) < 32 and c not in "\n\t" for c in value):
                raise PydanticCustomError("control_character", "Control characters in the text.")
        return self


class Answer(BaseModel):
    """What the API says of something."""

    model_config = ConfigDict(from_attributes=True)


def _phone(said: str) -> str:
    phone = parse(said)
    if phone is None:
        raise PydanticCustomError("phone", "This is not a telephone number.")
    return phone.e164


PhoneText = Annotated[str, Field(max_length=32, examples=["+22370000001"]), AfterValidator(_phone)]
"""A number as people write it; E.164 from here on."""
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", min_length=2, max_length=20)]
PlaceCode = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", min_length=2, max_length=40)
]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Language = Literal["fr", "bm"]
Named = Literal["fr", "bm", "en"]
"""Languages a thing may have a name in: English for staff who read the console in it."""
Sex = Literal["f", "m"]
Stage = Literal["farmgate", "producer", "wholesale", "retail"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _with_french(names: dict[Named, str]) -> dict[Named, str]:
    if "fr" not in names:
        raise PydanticCustomError("french_missing", "A name in French is needed.")
    return names


Names = Annotated[
    dict[Named, Annotated[str, Field(min_length=1, max_length=60)]],
    Field(examples=[{"fr": "Voandzou", "bm": "Tiganikuru"}]),
    AfterValidator(_with_french),
]
Money = Annotated[int, Field(ge=0, le=100_000_000)]
"""Whole francs."""
Share = Annotated[float, Field(ge=0, lt=1)]
Source = Annotated[str, Field(max_length=200)]
Id = Annotated[int, Path(ge=1, lt=LARGEST_ID)]
Reason = Annotated[
    str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$", examples=["typo_x10"])
]


class Imported(Answer):
    """What an import did, or with `dry_run` would do. A line that is wrong is left out."""

    dry_run: bool
    lines: int
    created: int
    changed: int
    errors: list["LineError"]


class LineError(Answer):
    """`line` is the line of the file as a spreadsheet numbers it; the heading is line 1."""

    line: int
    field: str
    code: str
    detail: str


def plain(row: Any, *without: str) -> dict[str, Any]:
    """A row's columns as the audit trail keeps them."""
    skip = {"version", "sealed", "lookup", "password", "digest", *without}
    return {name: value for name, value in row.model_dump().items() if name not in skip}
