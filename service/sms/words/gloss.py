"""Tokens looked up: what each word of a message is, before anything is put together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.prices.catalog import Stage
from service.sms.lexicon import Found, Lexicon, Sense
from service.sms.lexicon.meaning import WEAK
from service.sms.words.dates import date_at, named_date_at
from service.sms.words.figures import figure_at
from service.sms.words.mending import mended
from service.sms.words.nodes import (
    CommandWord,
    DayWord,
    Figure,
    FormWord,
    Mark,
    Mille,
    Modifier,
    Node,
    Place,
    StageWord,
    Stray,
    Thing,
    UnitWord,
)
from service.sms.words.tokens import Kind, Token, cut

_SIGNS = {
    **dict.fromkeys("\n;|", Mark.BREAK),
    **dict.fromkeys(",.!+-", Mark.SOFT),
    "/": Mark.SLASH,
    "?": Mark.ASK,
}
_SMALL = {
    Sense.NONE: Mark.NONE,
    Sense.AT: Mark.AT,
    Sense.EACH: Mark.EACH,
    Sense.ARTICLE: Mark.ARTICLE,
    Sense.JOINT: Mark.JOINT,
}
COUNTED = frozenset({Sense.NUMBER, Sense.MONTH})
"""Senses that a figure or an amount in words would have used up already."""
TEN = 10
"""`bi` is ten of what follows it."""
_DROPPED = frozenset({Sense.POLITE, Sense.FILLER, Sense.FRANC})

Tokens = Sequence[Token]


def gloss(text: str, lexicon: Lexicon) -> list[Node]:
    """The nodes of a message, in order; politeness and small words are left out."""
    tokens = list(mended(cut(text), lexicon))
    nodes: list[Node] = []
    at = 0
    while at < len(tokens):
        node, at = _next(tokens, at, lexicon, nodes)
        if node is not None:
            nodes.append(node)
    nodes = [_day_or_tens(nodes, at) for at in range(len(nodes))]
    return [_wary(nodes, at) for at in range(len(nodes))]


def _day_or_tens(nodes: Sequence[Node], at: int) -> Node:
    """`bi` is today, unless it stands in a half-understood number: `keme ni bi sbaa`, or after
    a lone digit, which with it may be tens the wrong way round: `duuru bi`."""
    node = nodes[at]
    if _is_bi(nodes, at + 1) and isinstance(node, Figure) and _is_digit(node):
        return replace(node, options=(node.value * TEN, node.value))
    if not _is_bi(nodes, at):
        return node
    linked = nodes[at - 1 : at] == [Mark.JOINT]
    cut_off = isinstance(nodes[at + 1], Stray) if at + 1 < len(nodes) else False
    return Stray("bi") if linked or cut_off else node


def _is_bi(nodes: Sequence[Node], at: int) -> bool:
    node = nodes[at] if at < len(nodes) else None
    return isinstance(node, DayWord) and node.word == "bi"


def _is_digit(figure: Figure) -> bool:
    return figure.spoken and not figure.article and figure.said < TEN


def _wary(nodes: Sequence[Node], at: int) -> Node:
    """An amount in words next to a word nobody knows may be half an amount: it is doubtful."""
    node = nodes[at]
    if not isinstance(node, Figure) or not node.spoken or node.article or node.options:
        return node
    before, after = _linked(nodes, at, -1), _linked(nodes, at, 1)
    dangling = nodes[at + 1 : at + 2] == [Mark.JOINT] and not _opens_next(after)
    if dangling or any(_unheard(beside) for beside in (before, after)):
        return replace(node, options=(node.value,))
    return node


def _linked(nodes: Sequence[Node], at: int, step: int) -> Node | None:
    """What stands beside, linked by `ni` or not."""
    at += step
    while 0 <= at < len(nodes) and nodes[at] is Mark.JOINT:
        at += step
    return nodes[at] if 0 <= at < len(nodes) else None


def _unheard(node: Node | None) -> bool:
    return isinstance(node, Stray) or (isinstance(node, Thing) and not node.certain)


def _opens_next(node: Node | None) -> bool:
    """Whether `ni` before this can mean "and", not the rest of a number."""
    return isinstance(node, (Thing, Place, CommandWord))


def _next(
    tokens: Tokens, at: int, lexicon: Lexicon, before: Sequence[Node]
) -> tuple[Node | None, int]:
    token = tokens[at]
    if token.kind is Kind.SIGN:
        return _SIGNS.get(token.text), at + 1
    read = date_at(tokens, at) or named_date_at(tokens, at, lexicon, before)
    read = read or figure_at(tokens, at, lexicon)
    if read:
        return read
    words = [t.text for t in _run(tokens, at)]
    found = lexicon.find(words)
    end = at + found.length
    before_figure = end < len(tokens) and tokens[end].kind is Kind.FIGURE
    return _node(found, lexicon, before_figure=before_figure), end


def _run(tokens: Tokens, at: int) -> Iterator[Token]:
    """The words from `at` to the next sign or figure."""
    for token in tokens[at : at + 6]:
        if token.kind is not Kind.WORD:
            return
        yield token


def _node(found: Found, lexicon: Lexicon, *, before_figure: bool) -> Node | None:
    """The node of one look-up; a word with senses of two classes is nobody's word."""
    senses = found.senses()
    if senses >= {Sense.DAY, Sense.PRODUCT}:
        senses = frozenset({Sense.PRODUCT if before_figure else Sense.DAY})
    if found.exact and len(senses) > 1:
        senses -= COUNTED
    if not senses or (senses - WEAK - COUNTED == {Sense.PRODUCT} != senses):
        return _guess(found, lexicon)
    sense = next(iter(senses))
    if len(senses) > 1 or not (found.exact or found.target(sense) or sense in _DROPPED):
        return Stray(found.word, vague=True)
    if sense in _DROPPED:
        return None
    return _SMALL.get(sense) or _content(found, sense)


def _guess(found: Found, lexicon: Lexicon) -> Node:
    """A word that may be a product, near enough to propose it and too far to believe it."""
    near = found.meanings or lexicon.guesses(found.word)
    codes = tuple(m.target for m in near if m.sense is Sense.PRODUCT and m.target)
    return Thing(found.word, codes, certain=False) if codes else Stray(found.word)


def _content(found: Found, sense: Sense) -> Node:
    word, target = found.word, found.target(sense)
    match sense:
        case Sense.PRODUCT:
            return _thing(found)
        case Sense.MARKET:
            return Place(word, _targets(found, sense))
        case Sense.UNIT:
            return UnitWord(word, _targets(found, sense))
        case Sense.FORM:
            return FormWord(word, target)
        case Sense.MODIFIER:
            return Modifier(word)
        case Sense.DAY:
            return DayWord(word, target)
        case Sense.STAGE:
            return StageWord(word, Stage(target))
        case Sense.COMMAND:
            return CommandWord(word, target)
        case Sense.THOUSAND:
            return Mille(word)
        case _:
            return Stray(word)


def _targets(found: Found, sense: Sense) -> tuple[str, ...]:
    return tuple(m.target for m in found.meanings if m.sense is sense and m.target)


def _thing(found: Found) -> Thing:
    ours = [m for m in found.meanings if m.sense is Sense.PRODUCT]
    targets = tuple(m.target for m in ours if m.target)
    certain = len(ours) == 1 and ours[0].certain
    return Thing(found.word, targets, certain, any(m.formless for m in ours))
