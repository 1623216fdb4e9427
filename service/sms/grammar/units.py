"""Which unit goes with which price: before it, after it, or once for several kilos of it."""

from collections.abc import Sequence
from dataclasses import replace

from service.sms.lexicon import Lexicon
from service.sms.words.nodes import Figure, Mark, Node, Place, StageWord, Thing, UnitWord

LIGHT = (("KG",), ("BOWL",))
"""Units whose price is below `SMALL_MONEY`."""
MIDDLING = (("TINE",), ("BASKET",), ("PIECE",), ())
"""Units whose price may lie on either side of it."""
SMALL_MONEY = 2000
"""F. Below it a price is for a kilo or a bowl, above it for a sack or more, if one must tell."""


def bound(nodes: Sequence[Node], lexicon: Lexicon) -> tuple[list[Node], list[UnitWord]]:
    """The nodes with each unit given to its price, and the units that found none."""
    out: list[Node] = []
    pending: UnitWord | None = None
    homeless: list[UnitWord] = []
    for at, node in enumerate(nodes):
        if isinstance(node, UnitWord):
            if _torn(out, nodes, at, node, lexicon):
                homeless.append(node)
            elif not _bound_back(out, nodes, at, node, lexicon):
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


def _bound_back(
    out: list[Node], nodes: Sequence[Node], at: int, unit: UnitWord, lexicon: Lexicon
) -> bool:
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
    if not _leads_next(nodes, at, figure, lexicon):
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


def _leads_next(nodes: Sequence[Node], at: int, before: Figure, lexicon: Lexicon) -> bool:
    """Whether a unit between two prices belongs to the later one: `ara 225 sac mai 15000`.

    It does when it could be of either and only the later price is of its size. When sizes do not
    tell, it stays with the price it follows.
    """
    later = _rival(nodes, at, lexicon)
    unit = nodes[at]
    if later is None or not isinstance(unit, UnitWord):
        return False
    heavy = unit.targets not in LIGHT
    return (before.value >= SMALL_MONEY) is not heavy and (later.value >= SMALL_MONEY) is heavy


def _torn(
    out: Sequence[Node], nodes: Sequence[Node], at: int, unit: UnitWord, lexicon: Lexicon
) -> bool:
    """Whether a unit of middle size stands between two prices without a unit, so that nothing
    tells whose it is: `mai 1750 panier tomate 4500`."""
    before = _last_figure(out)
    figure = out[before] if before is not None else None
    free = isinstance(figure, Figure) and figure.unit is None
    return free and unit.targets in MIDDLING and _rival(nodes, at, lexicon) is not None


def _rival(nodes: Sequence[Node], at: int, lexicon: Lexicon) -> Figure | None:
    """The later price that the unit at `at` may belong to instead of the one before it.

    None when `le`, `/` or `par` ties it to the price before, when no product follows at once or
    one that is not sold by it, when the later price has its own unit, and when prices stand
    before their products.
    """
    follows, unit = nearest(nodes, at, 1), nodes[at]
    tied = at > 0 and nodes[at - 1] in (Mark.ARTICLE, Mark.SLASH, Mark.EACH)
    if tied or not isinstance(follows, Thing) or not isinstance(unit, UnitWord):
        return None
    if _starts_with_price(nodes) or lexicon.countable.issuperset(follows.targets):
        return None
    return _next_free_price(nodes, at + 1)


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
