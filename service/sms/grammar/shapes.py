"""What changes a product: shell or kernel said apart, butter or paddy beside it, `mille`."""

from collections.abc import Sequence
from dataclasses import replace

from service.sms.lexicon.index import Lexicon
from service.sms.words.nodes import (
    Figure,
    FormWord,
    Mark,
    Mille,
    Modifier,
    Node,
    Place,
    StageWord,
    Thing,
    UnitWord,
)

MILLE = 1000
"""What `mille` says when it is a number."""
MILLET = "MIL"
"""What `mille` says when it is a misspelt crop."""


def shaped(nodes: Sequence[Node], lexicon: Lexicon) -> list[Node]:
    """The nodes with every `Mille`, `Modifier` and `FormWord` resolved into its neighbours."""
    crops = [_mille(nodes, at, lexicon) for at in range(len(nodes))]
    return _once(_doubted_thousands(_formed(_modified(crops), lexicon)))


def _mille(nodes: Sequence[Node], at: int, lexicon: Lexicon) -> Node:
    """`mille` before a price is millet, behind a product a thousand; otherwise it is asked."""
    node = nodes[at]
    if not isinstance(node, Mille):
        return node
    word = node.word
    ours = (MILLET,) if MILLET in lexicon.catalog.products else ()
    before, after = _beside(nodes, at, -1), _beside(nodes, at, 1)
    if isinstance(after, Figure):
        return Thing(word, ours, certain=not isinstance(before, (Thing, Figure)))
    if nodes[at + 1 : at + 2] in ([Mark.ARTICLE], [Mark.SLASH]):
        return Figure(word, MILLE, MILLE, spoken=True)
    if isinstance(before, (Thing, UnitWord)):
        return Figure(word, MILLE, MILLE, spoken=True)
    return Thing(word, ours, certain=False)


def _beside(nodes: Sequence[Node], at: int, step: int) -> Node | None:
    """The next node in direction `step` that is not a place, a stage or a small word."""
    index = at + step
    small = (Mark.ARTICLE, Mark.AT, Mark.SLASH)
    while 0 <= index < len(nodes):
        node = nodes[index]
        if not (isinstance(node, (Place, StageWord)) or node in small):
            return node
        index += step
    return None


def _modified(nodes: Sequence[Node]) -> list[Node]:
    """`beurre karite` and `riz paddy` are asked about; `beurre` alone is nothing of ours."""
    out = list(nodes)
    for at, node in enumerate(nodes):
        if not isinstance(node, Modifier):
            continue
        index = next((i for i in (at - 1, at + 1) if _is_thing(out, i)), None)
        if index is None:
            out[at] = Thing(node.word, ())
            continue
        thing = out[index]
        if isinstance(thing, Thing):
            out[index] = replace(
                thing, word=_both(thing.word, node.word, index - at), certain=False
            )
    return [node for node in out if not isinstance(node, Modifier)]


def _is_thing(nodes: Sequence[Node], at: int) -> bool:
    return 0 <= at < len(nodes) and isinstance(nodes[at], Thing)


def _both(thing: str, word: str, side: int) -> str:
    return f"{thing} {word}" if side < 0 else f"{word} {thing}"


def _formed(nodes: Sequence[Node], lexicon: Lexicon) -> list[Node]:
    """Each form word given to its product, or made a product when it has a price of its own."""
    out = list(nodes)
    at = 0
    while at < len(out):
        node = out[at]
        if isinstance(node, FormWord):
            _place_form(out, at, node, lexicon)
        if not (at < len(out) and isinstance(out[at], FormWord)):
            at += 1
    return out


def _place_form(nodes: list[Node], at: int, form: FormWord, lexicon: Lexicon) -> None:
    for index in _thing_indexes(nodes, at):
        thing = nodes[index]
        if isinstance(thing, Thing):
            nodes[index] = _turned(thing, form, lexicon)
            del nodes[at]
            return
    nodes[at] = _own_thing(nodes, at, form, lexicon)


def _thing_indexes(nodes: Sequence[Node], at: int) -> list[int]:
    """Where the product of a form word may be, best first: right beside it, then the last one
    before it whose form is still open, unless a price follows the form word."""
    beside = [i for i in (at - 1, at + 1) if _is_thing(nodes, i)]
    if beside:
        return beside
    if isinstance(_beside(nodes, at, 1), Figure):
        return []
    before = [i for i in range(at - 1, -1, -1) if _is_thing(nodes, i)][:1]
    return [i for i in before if getattr(nodes[i], "formless", False)]


def _turned(thing: Thing, form: FormWord, lexicon: Lexicon) -> Thing:
    """The product in the form said. A form it cannot have, or one that contradicts, is asked."""
    turns = lexicon.turns[form.form]
    word = f"{thing.word} {form.word}"
    meant = tuple(dict.fromkeys(turns.get(target, target) for target in thing.targets))
    fits = all(target in turns for target in thing.targets)
    agrees = thing.formless or meant == thing.targets
    ours = tuple(code for code in meant if code in lexicon.catalog.products)
    if fits and agrees:
        return replace(thing, word=word, targets=ours, formless=False)
    both = tuple(dict.fromkeys((*thing.targets, *ours)))
    return replace(thing, word=word, targets=both, certain=False, formless=False)


def _own_thing(nodes: Sequence[Node], at: int, form: FormWord, lexicon: Lexicon) -> Thing:
    """`coque 225 decortique 600`: a form word standing for its product.

    Certain only when the same chain has just been named; else asked, the open chains proposed.
    """
    turns = lexicon.turns[form.form]
    things = [n for n in nodes[:at] if isinstance(n, Thing)][-1:]
    named = [turns[t] for thing in things for t in thing.targets if _changes(lexicon, t)]
    proposed = named or [to for said, to in turns.items() if _changes(lexicon, said)]
    ours = tuple(c for c in dict.fromkeys(proposed) if c in lexicon.catalog.products)
    return Thing(form.word, ours, certain=bool(named) and len(ours) == 1)


def _changes(lexicon: Lexicon, code: str) -> bool:
    """Whether a product has more than one form."""
    return len({turns.get(code, code) for turns in lexicon.turns.values()} | {code}) > 1


def _doubted_thousands(nodes: Sequence[Node]) -> list[Node]:
    """`mouton 45 mil`: a number before `mil` that has no price of its own may be thousands."""
    out = list(nodes)
    for at, node in enumerate(nodes[1:], start=1):
        before = nodes[at - 1]
        if not (isinstance(node, Thing) and MILLET in node.targets and isinstance(before, Figure)):
            continue
        opened = _beside(nodes, at - 1, -1)
        after = _beside(nodes, at, 1)
        priced = isinstance(after, Figure) or after in (Mark.ASK, Mark.NONE)
        if isinstance(opened, Thing) and not priced and before.value < MILLE and not before.marked:
            out[at - 1] = replace(before, options=(before.value, before.value * MILLE))
    return out


def _once(nodes: Sequence[Node]) -> list[Node]:
    """The same product said twice in a row (`tiga arachide`) is one."""
    out: list[Node] = []
    for node in nodes:
        last = out[-1] if out else None
        if isinstance(node, Thing) and isinstance(last, Thing) and _same(last, node):
            out[-1] = replace(
                last,
                word=f"{last.word} {node.word}",
                formless=last.formless and node.formless,
                count=last.count or node.count,
            )
        else:
            out.append(node)
    return out


def _same(one: Thing, other: Thing) -> bool:
    return one.targets == other.targets and one.certain and other.certain
