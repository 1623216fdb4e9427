"""What words become once looked up: the pieces a report or a command is made of."""

from dataclasses import dataclass
from enum import StrEnum

from service.prices.catalog import Stage
from service.prices.report import Money


@dataclass(frozen=True, slots=True)
class Thing:
    """A product as written. No target: known, but nothing Sugu follows."""

    word: str
    targets: tuple[str, ...]
    certain: bool = True
    formless: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FormWord:
    """A shape said apart from its product: `coque`, `decortique`."""

    word: str
    form: str


@dataclass(frozen=True, slots=True)
class Modifier:
    """A word that makes another product of the one beside it: `beurre`, `paddy`."""

    word: str


@dataclass(frozen=True, slots=True)
class Place:
    """A market as written. No target: known, but no market of ours."""

    word: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitWord:
    """A unit as written, with the count said before or after it. No target: not ours."""

    word: str
    targets: tuple[str, ...]
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number. `value` in F (dɔrɔmɛ multiplied when marked), `said` as written.

    `options` (F) makes it doubtful; `grouped`: only because its first group could be a price of
    its own; `parts` are the groups of a figure written with spaces. `marked`: as money; `spoken`:
    in words; `article`: only `un`, `une`. `unit` is the unit that goes with it; `each`: said to be
    the price of one; `at`: `a` stands before it, so of several it may be for each.
    """

    word: str
    value: int
    said: int
    money: Money = Money.BARE
    options: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()
    marked: bool = False
    spoken: bool = False
    article: bool = False
    grouped: bool = False
    unit: UnitWord | None = None
    each: bool = False
    at: bool = False


@dataclass(frozen=True, slots=True)
class Mille:
    """`mille` on its own: a thousand, or millet misspelt."""

    word: str


@dataclass(frozen=True, slots=True)
class DayWord:
    """A day as written: a named one (`friday`, `yesterday`, `last`) or a date, year optional."""

    word: str
    name: str = ""
    day: int = 0
    month: int = 0
    year: int = 0


@dataclass(frozen=True, slots=True)
class StageWord:
    word: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class CommandWord:
    """A command word; `name` is its key in `forms.toml`."""

    word: str
    name: str


class Mark(StrEnum):
    """Signs and small words that only tell how their neighbours belong together."""

    BREAK = "break"
    SOFT = "soft"
    JOINT = "joint"
    SLASH = "slash"
    ASK = "ask"
    NONE = "none"
    AT = "at"
    EACH = "each"
    ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class Stray:
    """A word nobody knows, or a number no price can be. `vague`: it is near several others."""

    word: str
    vague: bool = False


Node = (
    Thing
    | FormWord
    | Modifier
    | Place
    | UnitWord
    | Figure
    | Mille
    | DayWord
    | StageWord
    | CommandWord
    | Mark
    | Stray
)
