"""A message cut into words, figures and signs. Nothing is understood yet."""

import re
from dataclasses import dataclass
from enum import StrEnum

from service.encoding import fold

LONGEST_TEXT = 1530
"""Characters read: ten parts of 153 septets. What comes after is not a price report."""

MOST_TOKENS = 400
"""Tokens read: more than ten full SMS of words hold."""


class Kind(StrEnum):
    WORD = "word"
    FIGURE = "figure"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of text, folded. `glued`: nothing stands between it and the piece before."""

    kind: Kind
    text: str
    glued: bool = False


SIGNS = frozenset("\n;|,.:/?()=+-!*")
"""Signs that may mean something; any other is a space."""

_ELISION = re.compile(r"(?<![^\W\d_])[dl]'")  # d'arachide: a lone d must not look like a money mark
_PIECE = re.compile(r"(?P<figure>[0-9]+)|(?P<word>[^\W_0-9]+)|(?P<sign>[\n;|,.:/?()=+*!-])")


def cut(text: str) -> list[Token]:
    """The tokens of a message, at most `LONGEST_TEXT` characters of it.

    A word is a run of letters, a figure a run of digits, so `ara600kita` is three tokens glued
    together. An apostrophe is a space, and so is a hyphen between letters: `Benkady-Founia`.
    """
    tokens: list[Token] = []
    end = -1
    folded = _ELISION.sub(" ", fold(text[:LONGEST_TEXT]).replace("\r", "\n"))
    for found in _PIECE.finditer(folded):
        kind = Kind(found.lastgroup or "")
        tokens.append(Token(kind, found.group(), found.start() == end))
        end = found.end()
    return [t for at, t in enumerate(tokens) if not _is_hyphen(tokens, at)][:MOST_TOKENS]


def _is_hyphen(tokens: list[Token], at: int) -> bool:
    """A hyphen with letters on both sides, which joins the parts of one name."""
    if tokens[at].text != "-" or not 0 < at < len(tokens) - 1:
        return False
    return tokens[at - 1].kind is Kind.WORD and tokens[at + 1].kind is Kind.WORD
