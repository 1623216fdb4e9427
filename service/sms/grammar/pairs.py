"""Which price goes with which product: any order, with or without separators.

A message is read as products and prices taking turns. If they do not take turns over the whole
message, each part between breaks (new line, semicolon) is read on its own; what still does not
pair off is asked, never guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.sms.words.nodes import Figure, Mark, Node, Stray, Thing


@dataclass(frozen=True, slots=True)
class Pair:
    """A product and its price, with their places in the message.

    `rivals` are other products the price may be for, `prices` other prices the product may have.
    """

    thing: Thing | None
    price: Figure | None
    at: int
    rivals: tuple[Thing, ...] = ()
    prices: tuple[Figure, ...] = ()


_Placed = tuple[int, Thing | Figure]


def pairs(nodes: Sequence[Node]) -> list[Pair]:
    """The pairs of a message, and its products without price and prices without product."""
    whole = _sequence(nodes, 0)
    turns = _taking_turns(whole) or _taking_turns(_with_strays(nodes))
    if turns:
        return turns
    return [pair for part in _parts(nodes) for pair in _part_pairs(part)]


def _sequence(nodes: Sequence[Node], start: int) -> list[_Placed]:
    return [(start + i, n) for i, n in enumerate(nodes) if isinstance(n, (Thing, Figure))]


def _with_strays(nodes: Sequence[Node]) -> list[_Placed]:
    """As if every unknown word were a product nobody knows: `xyz 225 mai 150`."""
    named = [Thing(n.word, (), certain=False) if isinstance(n, Stray) else n for n in nodes]
    return _sequence(named, 0)


def _taking_turns(sequence: Sequence[_Placed]) -> list[Pair]:
    """Product and price, product and price; or price and product throughout. Else nothing."""
    if len(sequence) % 2:
        return []
    found = []
    for (at, one), (_, other) in zip(sequence[::2], sequence[1::2], strict=True):
        if isinstance(one, Thing) and isinstance(other, Figure):
            found.append(Pair(one, other, at))
        elif isinstance(one, Figure) and isinstance(other, Thing):
            found.append(Pair(other, one, at))
    same_way = len({isinstance(one, Thing) for _, one in sequence[::2]}) == 1
    return found if same_way and len(found) * 2 == len(sequence) else []


def _parts(nodes: Sequence[Node]) -> Iterator[list[_Placed]]:
    """The products and prices of each part between breaks."""
    start = 0
    for at, node in enumerate((*nodes, Mark.BREAK)):
        if node is Mark.BREAK:
            yield _sequence(nodes[start:at], start)
            start = at + 1


def _part_pairs(part: Sequence[_Placed]) -> list[Pair]:
    turns = _taking_turns(part)
    if turns or not part:
        return turns
    figures = [(at, n) for at, n in part if isinstance(n, Figure)]
    things = [(at, n) for at, n in part if isinstance(n, Thing)]
    if not figures:
        return [Pair(thing, None, at) for at, thing in things]
    if not things:
        return [Pair(None, figure, at) for at, figure in figures]
    if isinstance(part[0][1], Thing):
        return list(_product_first(part))
    return _tangled(things, [figure for _, figure in figures])


def _product_first(part: Sequence[_Placed]) -> Iterator[Pair]:
    """Each product with the prices up to the next product. Products piled up before a price are
    all candidates for it; a last product without price simply lacks one."""
    piled: list[tuple[int, Thing]] = []
    prices: list[Figure] = []
    for at, node in part:
        if isinstance(node, Figure):
            prices.append(node)
            continue
        if prices:
            yield from _group(piled, prices)
            piled, prices = [], []
        piled.append((at, node))
    yield from _group(piled, prices)


def _group(piled: Sequence[tuple[int, Thing]], prices: Sequence[Figure]) -> Iterator[Pair]:
    things = [thing for _, thing in piled]
    at = piled[0][0]
    if not prices:
        yield from (Pair(thing, None, where) for where, thing in piled)
    elif len(things) > 1:
        yield Pair(things[-1], prices[0], at, rivals=tuple(things), prices=tuple(prices[1:]))
    elif len(prices) > 1 and _each_its_unit(prices):
        yield from (Pair(things[0], price, at) for price in prices)
    else:
        yield Pair(things[0], prices[0], at, prices=tuple(prices[1:]))


def _each_its_unit(prices: Sequence[Figure]) -> bool:
    """Whether several prices of one product are for different units, all of them said."""
    units = {p.unit.targets for p in prices if p.unit and p.unit.count is None}
    return len(units) == len(prices) and all(len(targets) == 1 for targets in units)


def _tangled(things: Sequence[tuple[int, Thing]], prices: Sequence[Figure]) -> list[Pair]:
    """Prices and products in no order that tells: every product may have every price."""
    return [Pair(thing, prices[0], at, prices=tuple(prices[1:])) for at, thing in things]
