"""Which number is a count, which a sack size, which a price; and which unit goes with which.

Works on the nodes of one message, in their order, and returns nodes again: at the end each
price is a `Figure` that carries its unit and count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.sms.lexicon.index import Lexicon
from service.sms.words.figures import is_small
from service.sms.words.nodes import Figure, Mark, Node, Place, StageWord, Thing, UnitWord

SMALL = 10
"""A bare number up to here is a count, never a price: 10 F buys nothing at a fair."""
FEW = 20
"""A bare number up to here before a sack, a bowl or a head is a count of them."""
KILO_LOTS = frozenset({20, 25, 50, 100})
"""Kilos that produce is often priced by; as F/kg they would be just as likely."""
SACK_SIZES = frozenset({50, 100})
"""Kilos printed on sacks."""
OTHER_SACKS = range(11, 121)
"""Kilos that a number between `sac` and `kg` may be: a size we have no sack for."""
SMALL_MONEY = 2000
"""F. Below it a price is for a kilo or a bowl, above it for a sack or more, if one must tell."""
MASSES = frozenset({"KG"})


def placed(nodes: Sequence[Node], lexicon: Lexicon) -> tuple[list[Node], list[UnitWord]]:
    """The nodes with sizes, counts and units settled, and the units that found no price."""
    sized = list(_sized(nodes, lexicon))
    counted = _counted(sized, lexicon)
    return _bound(counted)


def nearest(nodes: Sequence[Node], at: int, step: int, *skip: Mark) -> Node | None:
    """The next node from `at` in direction `step`, stepping over places, stages and `skip`."""
    index = at + step
    while 0 <= index < len(nodes):
        node = nodes[index]
        if not (isinstance(node, (Place, StageWord)) or node in skip):
            return node
        index += step
    return None


# ---------------------------------------------------------------- sack sizes


def _sized(nodes: Sequence[Node], lexicon: Lexicon) -> Iterator[Node]:
    """`sac 50 kg`, `sac 100 15000`: the size made part of the unit."""
    at = 0
    while at < len(nodes):
        size = _size_at(nodes, at)
        if size:
            kilos, length = size
            word = f"{_word(nodes[at])} {kilos} kg"
            code = f"SAC{kilos}"
            known = (code,) if code in lexicon.catalog.units else ()
            yield UnitWord(word, known, _count_of(nodes[at]))
            at += length
        else:
            yield _vague_size(nodes, at)
            at += 1


def _word(node: Node) -> str:
    return node.word if isinstance(node, UnitWord) else ""


def _count_of(node: Node) -> int | None:
    return node.count if isinstance(node, UnitWord) else None


def _size_at(nodes: Sequence[Node], at: int) -> tuple[int, int] | None:
    """(kilos, nodes taken) when a sack with its size begins at `at`."""
    if not _is_sack(nodes[at]) or at + 1 >= len(nodes):
        return None
    size, after = nodes[at + 1], nodes[at + 2] if at + 2 < len(nodes) else None
    if not isinstance(size, Figure) or size.marked or size.options or size.parts:
        return None
    kilos = isinstance(after, UnitWord) and after.targets == ("KG",) and after.count is None
    if kilos and size.value in OTHER_SACKS:
        return size.value, 3
    if size.value in SACK_SIZES and isinstance(after, Figure):
        return size.value, 2
    return None


def _is_sack(node: Node) -> bool:
    return isinstance(node, UnitWord) and node.targets == ("SAC",)


def _vague_size(nodes: Sequence[Node], at: int) -> Node:
    """`sac 50 500`, `kilo 1 250`, `100 kg sac`: figures that can be read in two ways."""
    node, before = nodes[at], nodes[at - 1] if at else None
    if not isinstance(node, Figure):
        return node
    if node.parts and isinstance(before, UnitWord) and not node.marked:
        head, tail = node.parts[0], node.parts[1]
        size = _is_sack(before) and head in SACK_SIZES and tail
        if size or head <= SMALL:
            return replace(node, options=(node.value, tail))
    after = nodes[at + 1 : at + 3]
    sack_of = len(after) == 2 and _is_sack(after[1]) and isinstance(after[0], UnitWord)
    if sack_of and node.value in SACK_SIZES:
        return replace(node, options=(node.value,))
    return node


# ---------------------------------------------------------------- counts


def _counted(nodes: Sequence[Node], lexicon: Lexicon) -> list[Node]:
    """`2 sacs`, `boro fila`, `2 moutons`: small numbers made the count of what they stand by."""
    out = list(nodes)
    lots = _lots_are_counts(nodes)
    at = 0
    while at < len(out):
        if not _count_at(out, at, lexicon, lots=lots):
            at += 1
    return out


def _count_at(nodes: list[Node], at: int, lexicon: Lexicon, *, lots: bool) -> bool:
    """Fold the number at `at` into its neighbour if it is a count; whether `nodes` shrank."""
    figure = nodes[at]
    if not isinstance(figure, Figure) or not is_small(figure, max(KILO_LOTS)):
        return False
    before = nodes[at - 1] if at else None
    after = nodes[at + 1] if at + 1 < len(nodes) else None
    if isinstance(after, UnitWord) and after.count is None and _counts(figure, after, lots=lots):
        nodes[at : at + 2] = [replace(after, count=figure.said)]
    elif isinstance(after, Thing) and _by_head(after, figure, lexicon):
        nodes[at : at + 2] = [replace(after, count=figure.said)]
    elif figure.said <= SMALL and _takes_count(before, nodes, at, lexicon):
        nodes[at - 1 : at + 1] = [_with_count(before, figure.said)]
    elif figure.article:
        del nodes[at]
    else:
        return False
    return True


def _counts(figure: Figure, unit: UnitWord, *, lots: bool) -> bool:
    if unit.targets == ("KG",):
        return figure.said <= SMALL or (lots and figure.said in KILO_LOTS)
    return figure.said <= FEW


def _by_head(thing: Thing, figure: Figure, lexicon: Lexicon) -> bool:
    """`2 moutons`, but not `45 mai`: only what is sold by head is counted without a unit."""
    return figure.said <= FEW and thing.count is None and _countable(thing, lexicon)


def _countable(thing: Thing, lexicon: Lexicon) -> bool:
    return bool(thing.targets) and lexicon.countable.issuperset(thing.targets)


def _takes_count(
    before: Node | None, nodes: Sequence[Node], at: int, lexicon: Lexicon
) -> bool:
    """Whether the node before may be counted by what follows it, as Bambara counts: a price
    must still come."""
    open_unit = isinstance(before, UnitWord) and before.count is None
    open_head = isinstance(before, Thing) and before.count is None and _countable(before, lexicon)
    return (open_unit or open_head) and isinstance(
        nearest(nodes, at, 1, Mark.AT, Mark.SOFT, Mark.ARTICLE), Figure
    )


def _with_count(node: Node | None, count: int) -> Node:
    if isinstance(node, (UnitWord, Thing)):
        return replace(node, count=count)
    raise TypeError(f"{node} cannot be counted")


def _lots_are_counts(nodes: Sequence[Node]) -> bool:
    """Whether numbers like the 100 of `100 kg 22500` are counts: only if products and prices
    then pair off, and would not otherwise."""
    things = sum(isinstance(node, Thing) for node in nodes)
    figures = [at for at, node in enumerate(nodes) if _may_be_price(node)]
    lots = [at for at in figures if _is_lot(nodes, at)]
    return bool(lots) and len(figures) - len(lots) == things and len(figures) != things


def _may_be_price(node: Node) -> bool:
    return isinstance(node, Figure) and not is_small(node, SMALL)


def _is_lot(nodes: Sequence[Node], at: int) -> bool:
    figure, after = nodes[at], nodes[at + 1] if at + 1 < len(nodes) else None
    kilos = isinstance(after, UnitWord) and after.targets == ("KG",)
    return kilos and is_small(figure, max(KILO_LOTS)) and getattr(figure, "said", 0) in KILO_LOTS


# ---------------------------------------------------------------- units


def _bound(nodes: Sequence[Node]) -> tuple[list[Node], list[UnitWord]]:
    """Each unit given to its price: to the one it follows, or the one it leads."""
    out: list[Node] = []
    pending: UnitWord | None = None
    homeless: list[UnitWord] = []
    for at, node in enumerate(nodes):
        if isinstance(node, UnitWord):
            if not _bound_back(out, nodes, at, node):
                homeless += [pending] if pending else []
                pending = node
        elif isinstance(node, Figure) and pending:
            out.append(_joined(node, pending, nodes[at - 1]))
            pending = None
        else:
            out.append(node)
    return out, homeless + [pending] * (pending is not None and not _bound_last(out, pending))


def _joined(figure: Figure, unit: UnitWord, before: Node) -> Figure:
    """A price behind its unit. `2 sacs a 15000` may be the price of each or of both."""
    several = (unit.count or 1) > 1
    if several and before is Mark.EACH:
        return replace(figure, unit=replace(unit, count=None))
    return replace(figure, unit=unit, quantity_open=several and before is Mark.AT)


def _bound_back(out: list[Node], nodes: Sequence[Node], at: int, unit: UnitWord) -> bool:
    """Give the unit to the price it follows, if that price is free and has the better claim."""
    index = _last_figure(out)
    if index is None:
        return False
    figure = out[index]
    if not isinstance(figure, Figure):
        return False
    if figure.unit:
        return _said_again(out, index, figure, unit)
    if not _leads_next(nodes, at, figure):
        out[index] = replace(figure, unit=unit)
        return True
    return False


def _last_figure(out: Sequence[Node]) -> int | None:
    """The price right before, with at most a place, a stage or a small word between."""
    small = (Mark.ARTICLE, Mark.SLASH, Mark.EACH, Mark.AT)
    for index in range(len(out) - 1, -1, -1):
        node = out[index]
        if isinstance(node, Figure):
            return index
        if not (isinstance(node, (Place, StageWord)) or node in small):
            return None
    return None


def _said_again(out: list[Node], index: int, figure: Figure, unit: UnitWord) -> bool:
    """`2 sacs 15000 le sac`: the price is for one after all."""
    if not figure.unit or figure.unit.targets != unit.targets or unit.count not in (None, 1):
        return False
    out[index] = replace(figure, unit=replace(figure.unit, count=None), quantity_open=False)
    return True


def _leads_next(nodes: Sequence[Node], at: int, before: Figure) -> bool:
    """Whether a unit between two prices belongs to the later one: `ara 225 sac mai 15000`.

    Tied to the price before by `le`, `/` or `par`, or followed by a break, it stays there; so it
    does when the next price has its own unit, or when prices stand before their products. Else
    the size of the prices tells, and when it does not the unit stays and the next price is
    asked about its unit by the judge.
    """
    if nodes[at - 1] in (Mark.ARTICLE, Mark.SLASH, Mark.EACH):
        return False
    follows = nearest(nodes, at, 1)
    if not isinstance(follows, Thing) or _starts_with_price(nodes):
        return False
    later = _next_free_price(nodes, at + 1)
    if later is None:
        return False
    unit = nodes[at]
    big = isinstance(unit, UnitWord) and unit.targets not in (("KG",), ("BOWL",))
    return (before.value >= SMALL_MONEY) is not big and (later.value >= SMALL_MONEY) is big


def _starts_with_price(nodes: Sequence[Node]) -> bool:
    first = next((n for n in nodes if isinstance(n, (Thing, Figure))), None)
    return isinstance(first, Figure)


def _next_free_price(nodes: Sequence[Node], at: int) -> Figure | None:
    """The next price, unless a unit of its own stands beside it."""
    for index in range(at, len(nodes)):
        node = nodes[index]
        if isinstance(node, UnitWord):
            return None
        if isinstance(node, Figure):
            after = nearest(nodes, index, 1, Mark.ARTICLE, Mark.SLASH, Mark.EACH)
            return None if isinstance(after, UnitWord) else node
    return None


def _bound_last(out: list[Node], unit: UnitWord) -> bool:
    """A unit at the very end, after the product: `225 ara kg`."""
    free = [i for i, node in enumerate(out) if isinstance(node, Figure)]
    if not free or not _starts_with_price(out):
        return False
    figure = out[free[-1]]
    if not isinstance(figure, Figure) or figure.unit:
        return False
    out[free[-1]] = replace(figure, unit=unit)
    return True
