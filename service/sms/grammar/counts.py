"""Which number is a price, which a count, which the size of a sack."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.prices.report import Money
from service.sms.lexicon.index import Lexicon
from service.sms.words.figures import is_small
from service.sms.words.nodes import Figure, Mark, Node, Thing, UnitWord

SMALL = 10
"""A bare number up to here is a count, never a price: 10 F buys nothing at a fair."""
FEW = 20
"""A bare number up to here before a sack, a bowl or a head is a count of them."""
KILO_LOTS = frozenset({20, 25, 50, 100})
"""Kilos that produce is often priced by; as F/kg they would be just as likely."""
SACK_SIZES = frozenset({50, 100})
"""Kilos printed on sacks."""
OTHER_SACKS = range(11, 1000)
"""Kilos that a number between `sac` and `kg` may be, a size we have no sack for: no sack costs
less than that in francs."""


def counted(nodes: Sequence[Node], lexicon: Lexicon) -> list[Node]:
    """The nodes with sack sizes made units, and small numbers made counts of what they stand by."""
    return _echo_once(_counted(list(_sized(nodes, lexicon)), lexicon))


# ---------------------------------------------------------------- sack sizes


def _sized(nodes: Sequence[Node], lexicon: Lexicon) -> Iterator[Node]:
    """`sac 50 kg`, `sac 100 15000`: the size made part of the unit."""
    at = 0
    while at < len(nodes):
        size = _size_at(nodes, at)
        if size:
            kilos, length = size
            known = (code for code in (f"SAC{kilos}",) if code in lexicon.catalog.units)
            yield UnitWord(f"{_word(nodes[at])} {kilos} kg", tuple(known), _count_of(nodes[at]))
            at += length
        elif _size_before(nodes, at):
            yield UnitWord(f"{_said(nodes[at])} kg sac", _sacks(nodes[at], lexicon))
            at += 3
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
    if not isinstance(size, Figure) or not _may_be_size(size):
        return None
    kilos = isinstance(after, UnitWord) and after.targets == ("KG",) and after.count is None
    if kilos and size.value in OTHER_SACKS:
        return size.value, 3
    if size.value in SACK_SIZES and isinstance(after, Figure):
        return size.value, 2
    return None


def _may_be_size(figure: Figure) -> bool:
    """Whether a number may be kilos: `boro tan`, in Bambara words, counts sacks or money."""
    doubtful = figure.marked or figure.options or figure.parts
    return not doubtful and figure.money is Money.BARE


def _is_sack(node: Node) -> bool:
    return isinstance(node, UnitWord) and node.targets == ("SAC",)


def _vague_size(nodes: Sequence[Node], at: int) -> Node:
    """`sac 50 500`, `kilo 1 250`, `sac 50 jg`: figures that can be read in two ways."""
    node, before = nodes[at], nodes[at - 1] if at else None
    if not isinstance(node, Figure):
        return node
    if node.parts and isinstance(before, UnitWord) and not node.marked:
        head, tail = node.parts[0], node.parts[1]
        size = _is_sack(before) and head in SACK_SIZES and tail
        if size or head <= SMALL:
            return replace(node, options=(node.value, tail))
    if before is not None and _is_sack(before) and not node.marked and node.said in SACK_SIZES:
        return replace(node, options=(node.value,))
    return node


def _size_before(nodes: Sequence[Node], at: int) -> bool:
    """`100 kg sac 15000`: a sack of 100 kg, or 100 F a kilo and then a sack."""
    head, *rest = nodes[at : at + 3]
    sized = len(rest) == 2 and isinstance(rest[0], UnitWord) and rest[0].targets == ("KG",)
    return sized and is_small(head, 100) and _said(head) in SACK_SIZES and _is_sack(rest[1])


def _said(node: Node) -> int:
    return node.said if isinstance(node, Figure) else 0


def _sacks(node: Node, lexicon: Lexicon) -> tuple[str, ...]:
    codes = (f"SAC{_said(node)}", "SAC")
    return tuple(code for code in codes if code in lexicon.catalog.units)


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
    if (
        isinstance(after, UnitWord) and after.count is None and _counts(figure, after, lots=lots)
    ) or (isinstance(after, Thing) and _by_head(after, figure, lexicon)):
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


def _takes_count(before: Node | None, nodes: Sequence[Node], at: int, lexicon: Lexicon) -> bool:
    """Whether the node before may be counted by what follows it, as Bambara counts: a price
    must still come."""
    open_unit = isinstance(before, UnitWord) and before.count is None
    open_head = isinstance(before, Thing) and before.count is None and _countable(before, lexicon)
    return (open_unit or open_head) and _price_follows(nodes, at)


def _price_follows(nodes: Sequence[Node], at: int) -> bool:
    """Whether a price comes after `at`, at most one product away."""
    things = 0
    for node in nodes[at + 1 :]:
        things += isinstance(node, Thing)
        if node is Mark.BREAK or things > 1:
            return False
        if isinstance(node, Figure):
            return True
    return False


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
    return kilos and is_small(figure, max(KILO_LOTS)) and _said(figure) in KILO_LOTS


def _echo_once(nodes: Sequence[Node]) -> list[Node]:
    """`250 F (dorome 50)`, as our own echo writes it: the same amount twice is one price."""
    return [n for at, n in enumerate(nodes) if not (at and _echoes(nodes[at - 1], n))]


def _echoes(first: Node, then: Node) -> bool:
    if not (isinstance(first, Figure) and isinstance(then, Figure)):
        return False
    return first.value == then.value and first.marked and then.marked and first.money != then.money
