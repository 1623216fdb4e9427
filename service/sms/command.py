"""What anyone may ask by SMS: a price, where to sell, an alert, help, stop; and plain answers.

A reporter who writes a product and a number reports; anyone else asks a price. STOP at the
beginning always stops.
"""

from collections.abc import Iterator, Sequence

from service.sms.lexicon import Lexicon, Sense
from service.sms.lexicon.forms import plain
from service.sms.reading import (
    About,
    Answer,
    Command,
    CommandKind,
    Doubt,
    Reading,
    Silence,
)
from service.sms.words.figures import is_small
from service.sms.words.nodes import (
    CommandWord,
    Figure,
    Mark,
    Mille,
    Node,
    Place,
    Stray,
    Thing,
    UnitWord,
)

CHATTY = 3
"""Unknown words up to which a message that names a product is taken for a price question."""
DIGIT = 9
"""The highest choice a question offers."""

_LANGUAGES = {"fr": "fr", "bm": "bm"}
_FIRST = ("help", "alert", "where")
_PLAIN = {
    "yes": CommandKind.YES,
    "start": CommandKind.START,
    "no": CommandKind.NO,
    "stop": CommandKind.STOP,
    "help": CommandKind.HELP,
}


def recognise(
    text: str, nodes: Sequence[Node], lexicon: Lexicon, *, reporter: bool
) -> Reading | None:
    """The command, answer or silence of a message; None when it must be read as a report."""
    said = [n for n in nodes if n not in (Mark.SOFT, Mark.JOINT, Mark.BREAK, Mark.ARTICLE, Mark.AT)]
    lone = lexicon.alone.get(_polished(text, lexicon))
    if lone:
        return _lone(lone)
    if not any(n is not Mark.ASK for n in said):
        return Command(CommandKind.HELP) if said else Silence()
    return _answer(said) or _worded(said, reporter=reporter)


def _polished(text: str, lexicon: Lexicon) -> str:
    """The words of a message less its politeness."""
    return " ".join(w for w in plain(text[:80]).split() if not lexicon.has(w, Sense.POLITE))


def _lone(name: str) -> Command:
    if name in _LANGUAGES:
        return Command(CommandKind.LANGUAGE, lang=_LANGUAGES[name])
    return Command(_PLAIN[name])


def _answer(said: Sequence[Node]) -> Answer | None:
    """`2`, `2.`, `1 oui`, `kelen`, `2 kg`: the digit of a choice."""
    asked = [n for n in said if n is not Mark.ASK]
    figures = [n for n in asked if is_small(n, DIGIT)]
    others = [n for n in asked if not isinstance(n, Figure)]
    if len(figures) != 1 or len(asked) > 2 or len(figures) + len(others) != len(asked):
        return None
    plain_others = all(isinstance(n, UnitWord) or _is(n, "yes", "no") for n in others)
    figure = figures[0]
    return Answer(figure.said) if plain_others and isinstance(figure, Figure) else None


def _is(node: Node, *names: str) -> bool:
    return isinstance(node, CommandWord) and node.name in names


def _worded(said: Sequence[Node], *, reporter: bool) -> Command | None:
    names = [n.name for n in said if isinstance(n, CommandWord)]
    first = said[0].name if isinstance(said[0], CommandWord) else ""
    priced = _is_priced(said)
    if first == "stop" or ("stop" in names and not (reporter and priced)):
        return _command(CommandKind.STOP, said)
    if first == "cancel":
        return _command(CommandKind.CANCEL, said)
    if first in _FIRST and (first != "where" or not (reporter and priced)):
        return _command(CommandKind(first), said)
    if first in _PLAIN and len(said) == 1:
        return Command(_PLAIN[first])
    return None if reporter and (priced or _speaks_of_reports(said)) else _question(said, names)


def _is_priced(said: Sequence[Node]) -> bool:
    """A product and a price; `mille` may be either, but not both."""
    things = sum(isinstance(n, Thing) for n in said)
    figures = sum(isinstance(n, Figure) for n in said)
    mille = sum(isinstance(n, Mille) for n in said)
    return things + figures + mille > 1 and things + mille > 0 and figures + mille > 0


def _speaks_of_reports(said: Sequence[Node]) -> bool:
    """IDEM, CORR and "pas de mil" mean something only from a reporter. A unit beside a word nobody
    knows is a price that was not understood: `dorome mvgan kilo tigasi`; so is a product beside a
    number longer than any price: `ara 999999999`."""
    if any(n is Mark.NONE or _is(n, "same", "correct") for n in said):
        return True
    asks = any(_is(n, "price", "where") or n is Mark.ASK for n in said)
    kinds = {type(n) for n in said}
    absurd = Thing in kinds and any(isinstance(n, Stray) and n.word.isdigit() for n in said)
    return (absurd or {UnitWord, Stray} <= kinds) and not asks


def _question(said: Sequence[Node], names: Sequence[str]) -> Command | None:
    """PRIX, OU, or a product on its own."""
    if "where" in names:
        return _command(CommandKind.WHERE, said)
    strays = sum(isinstance(n, Stray) for n in said)
    named = any(isinstance(n, (Thing, Mille)) for n in said) and strays <= CHATTY
    if "price" in names or named:
        return _command(CommandKind.PRICE, said)
    return None


def _command(kind: CommandKind, said: Sequence[Node]) -> Command:
    """The command with the first product, market and amount it names."""
    thing = next((n for n in map(_as_thing, said) if isinstance(n, Thing)), None)
    place = next((n for n in said if isinstance(n, Place)), None)
    figure = next((n for n in said if isinstance(n, Figure) and not is_small(n, DIGIT)), None)
    doubts = tuple(_doubts(thing, place, figure if kind is CommandKind.ALERT else None))
    return Command(
        kind,
        product=thing.targets[0] if thing and thing.certain and thing.targets else None,
        market=place.targets[0] if place and len(place.targets) == 1 else None,
        amount=figure.value if figure and not figure.options else None,
        doubts=doubts,
        unmatched=tuple(_unmatched(said)),
    )


def _as_thing(node: Node) -> Node:
    """In a question `mille` can only be the crop."""
    return Thing(node.word, ("MIL",)) if isinstance(node, Mille) else node


def _doubts(thing: Thing | None, place: Place | None, figure: Figure | None) -> Iterator[Doubt]:
    if thing and thing.targets and not thing.certain:
        yield Doubt(About.PRODUCT, thing.word, thing.targets)
    if place and len(place.targets) != 1:
        yield Doubt(About.MARKET, place.word, place.targets)
    if figure and figure.options:
        yield Doubt(About.AMOUNT, figure.word, tuple(map(str, figure.options)))


def _unmatched(said: Sequence[Node]) -> Iterator[str]:
    for node in said:
        if isinstance(node, Stray) or (isinstance(node, Thing) and not node.targets):
            yield node.word
