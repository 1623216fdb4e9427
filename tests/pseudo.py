"""Three invented languages that find what real catalogues hide.

`xa` swells every text by a third and marks its ends: a screen that overflows in it will overflow
in a real language one day, and a text without marks never went through a catalogue. `xu` writes
every text in letters the wire cannot carry: what reaches a gateway unfolded is caught. `xb` keeps
only the figures: what is left is all that someone who does not read will see.
"""

import math
import re
from collections.abc import Callable
from string import Formatter

from service.i18n import Say

GROWTH = 0.35
"""How much longer than French a translation may turn out."""
FILLER = "à é è ò ù "
LONGER = str.maketrans("aeiou", "àéìòù")
UNSENDABLE = str.maketrans("eonEON", "ɛɔŋƐƆŊ")


def pseudo(retold: Callable[[str], str]) -> Say:
    """A voice that retells the template of a text and puts the values in unchanged."""

    def say(_context: str, text: str, /, **values: object) -> str:
        return retold(text).format(**values)

    return say


def each_word(template: str, change: Callable[[str], str]) -> str:
    """The template with its words changed and its fields kept."""
    pieces = []
    for words, name, spec, conversion in Formatter().parse(template):
        pieces.append(change(words).replace("{", "{{").replace("}", "}}"))
        if name is not None:
            pieces.append(
                "{" + name + f"!{conversion}" * bool(conversion) + f":{spec}" * bool(spec) + "}"
            )
    return "".join(pieces)


def grown(template: str) -> str:
    """Each line after its menu key: longer, accented, between < and >."""
    return re.sub(
        r"^(\d{1,2} )?(.+)$", lambda line: (line[1] or "") + _longer(line[2]), template, flags=re.M
    )


def _longer(words: str) -> str:
    letters = sum(len(piece) for piece, *_ in Formatter().parse(words))
    extra = math.ceil(letters * GROWTH)
    return f"<{each_word(words, lambda piece: piece.translate(LONGER))}{(FILLER * extra)[:extra]}>"


def figures(template: str) -> str:
    return each_word(template, lambda words: re.sub(r"[^\W\d_]+", "-", words))


def unsendable(template: str) -> str:
    return each_word(template, lambda words: words.translate(UNSENDABLE))


xa: Say = pseudo(grown)
xu: Say = pseudo(unsendable)
xb: Say = pseudo(figures)
