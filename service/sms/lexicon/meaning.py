"""What a word can mean: its sense, and what in that sense it points to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Sense(StrEnum):
    """The class of a word. Nothing is ever guessed across classes."""

    PRODUCT = "product"
    MARKET = "market"
    UNIT = "unit"
    FORM = "form"
    MODIFIER = "modifier"
    FRANC = "franc"
    DOROME = "dorome"
    THOUSAND = "thousand"
    NUMBER = "number"
    DAY = "day"
    MONTH = "month"
    COMMAND = "command"
    STAGE = "stage"
    NONE = "none"
    AT = "at"
    EACH = "each"
    JOINT = "joint"
    ARTICLE = "article"
    POLITE = "polite"
    FILLER = "filler"
    EVERYDAY = "everyday"


WEAK = frozenset({Sense.ARTICLE, Sense.POLITE, Sense.FILLER, Sense.EVERYDAY, Sense.MODIFIER})
"""Senses that give way to any other sense of the same word."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sense of a word. `target` is a code or a name; "" is a thing known but not ours."""

    sense: Sense
    target: str
    certain: bool = True
    formless: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What the words at one place mean, and how many of them it took. `exact`: as written."""

    word: str
    meanings: tuple[Meaning, ...]
    length: int = 1
    exact: bool = True

    def senses(self) -> frozenset[Sense]:
        return frozenset(m.sense for m in self.meanings)

    def only(self, sense: Sense) -> bool:
        return bool(self.meanings) and all(m.sense is sense for m in self.meanings)

    def target(self, sense: Sense) -> str:
        return next((m.target for m in self.meanings if m.sense is sense), "")


def distinct(meanings: Iterable[Meaning]) -> tuple[Meaning, ...]:
    """Each (sense, target) once; of two, the one that leaves more open is kept."""
    kept: dict[tuple[Sense, str], Meaning] = {}
    for m in meanings:
        old = kept.get((m.sense, m.target), m)
        kept[m.sense, m.target] = Meaning(
            m.sense, m.target, m.certain and old.certain, m.formless or old.formless
        )
    return tuple(kept.values())
