"""Which unit goes with which price: before it, after it, or once for several kilos of it."""

from collections.abc import Sequence
from dataclasses import replace

from service.sms.words.nodes import Figure, Mark, Node, Place, StageWord, Thing, UnitWord

SMALL_MONEY = 2000
"""F. Below it a price is for a kilo or a bowl, above it for a sack or more, if one must tell."""


def bound(nodes: Sequence[Node]) -> tuple[list[Node], list[UnitWord]]:
    """The nodes with each unit given to its price, and the units that found none."""
    out: list[Node] = []
    pending: UnitWord | None = None
    homeless: list[UnitWord] = []
    for at, node in enumerate(nodes):
        if isinstance(node, UnitWord):
            if not _bound_back(out, nodes, at, node):
                homeless += [pending] if pending else []
                pending = node
        elif isinstance(node, Figure):
            out.append(replace(_beside(node, nodes, at), unit=pending))
            pending = None
        else:
            out.append(node)
    if pending and not _bound_last(out, pending):
        homeless.append(pending)
    return out, homeless


def _beside(figure: Figure, nodes: Sequence[Node], at: int) -> Figure:
    """The price with the small words beside it: `a 15000`, `15000 chacun`."""
    around = nodes[max(at - 1, 0) : at + 2]
    return replace(figure, each=Mark.EACH in around, at=at > 0 and nodes[at - 1] is Mark.AT)


def _bound_back(out: list[Node], nodes: Sequence[Node], at: int, unit: UnitWord) -> bool:
    """Give the unit to the price it follows, if that price is free and has the better claim."""
    index = _last_figure(out)
    if index is None:
        return False
    figure = out[index]
    if not isinstance(figure, Figure):
        return False
    if figure.unit:
        tied = nodes[at - 1] in (Mark.ARTICLE, Mark.SLASH, Mark.EACH)
        return (tied or not _has_more(nodes, at)) and _said_again(out, index, figure, unit)
    if not _leads_next(nodes, at, figure):
        out[index] = replace(figure, unit=unit)
        return True
    return False


def _has_more(nodes: Sequence[Node], at: int) -> bool:
    """Whether another price comes, for which the unit may be meant."""
    return any(isinstance(node, Figure) for node in nodes[at + 1 :])


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
    out[index] = replace(figure, each=True)
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


def nearest(nodes: Sequence[Node], at: int, step: int, *skip: Mark) -> Node | None:
    """The next node from `at` in direction `step`, stepping over places, stages and `skip`."""
    index = at + step
    while 0 <= index < len(nodes):
        node = nodes[index]
        if not (isinstance(node, (Place, StageWord)) or node in skip):
            return node
        index += step
    return None
