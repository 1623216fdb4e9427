"""Products a reporter says have no price: `MIL ?`, `mil neant`, `pas de mil`."""

from collections.abc import Sequence

from service.sms.reading import NO_CLAIM, About, Doubt
from service.sms.words.nodes import Figure, Mark, Node, Place, Stray, Thing


def set_apart(nodes: Sequence[Node]) -> tuple[list[Node], tuple[str, ...], list[Doubt]]:
    """The nodes without those products, their codes, and the doubts about which they are."""
    gone: set[int] = set()
    things: list[Thing] = []
    for at, node in enumerate(nodes):
        sign = _sign_of_none(nodes, at) if isinstance(node, Thing) else None
        if sign is not None and isinstance(node, Thing):
            gone |= {at, sign}
            things.append(node)
    left = (n for i, n in enumerate(nodes) if i not in gone)
    kept: list[Node] = [Stray("pas") if n is Mark.NONE else n for n in left]
    codes = dict.fromkeys(code for thing in things if thing.certain for code in thing.targets)
    vague = [thing for thing in things if not thing.certain]
    return kept, tuple(codes), [Doubt(About.PRODUCT, t.word, t.targets, NO_CLAIM) for t in vague]


def _sign_of_none(nodes: Sequence[Node], at: int) -> int | None:
    """Where the sign stands that says the product at `at` has no price, if it has none."""
    after = at + 1
    while isinstance(_node(nodes, after), Place):
        after += 1
    if isinstance(_node(nodes, after), Figure):
        return None
    if _node(nodes, after) in (Mark.ASK, Mark.NONE):
        return None if isinstance(_node(nodes, after + 1), Figure) else after
    return at - 1 if _node(nodes, at - 1) is Mark.NONE else None


def _node(nodes: Sequence[Node], at: int) -> Node | None:
    return nodes[at] if 0 <= at < len(nodes) else None
