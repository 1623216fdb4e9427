"""Products a reporter says have no price: `MIL ?`, `mil neant`, `pas de mil`."""

from collections.abc import Sequence

from service.sms.reading import NO_CLAIM, About, Doubt
from service.sms.words.nodes import Figure, Mark, Node, Place, Stray, Thing


def set_apart(nodes: Sequence[Node]) -> tuple[list[Node], tuple[str, ...], list[Doubt]]:
    """The nodes without those products, their codes, and the doubts about which they are."""
    signs = _signs(nodes)
    gone = {*signs, *signs.values()}
    things = [node for at, node in enumerate(nodes) if at in signs and isinstance(node, Thing)]
    left = (n for i, n in enumerate(nodes) if i not in gone)
    kept: list[Node] = [Stray("pas") if n is Mark.NONE else n for n in left]
    codes = dict.fromkeys(code for thing in things if thing.certain for code in thing.targets)
    vague = [thing for thing in things if not thing.certain]
    return kept, tuple(codes), [Doubt(About.PRODUCT, t.word, t.targets, NO_CLAIM) for t in vague]


def _signs(nodes: Sequence[Node]) -> dict[int, int]:
    """The products without a price, each with the sign that says so: its own, or that of the
    product it is joined to (`pas de mil ni de sorgho`, `mil et sorgho absents`)."""
    found = {at: sign for at in range(len(nodes)) if (sign := _sign_of_none(nodes, at)) is not None}
    for at in range(len(nodes)):
        if at - 2 in found and found[at - 2] < at - 2 and _joined(nodes, at, -1):
            found.setdefault(at, at - 1)
    for at in reversed(range(len(nodes))):
        if at + 2 in found and found[at + 2] > at + 2 and _joined(nodes, at, 1):
            found.setdefault(at, at + 1)
    return found


def _joined(nodes: Sequence[Node], at: int, step: int) -> bool:
    """Whether a product without a number beside it is joined to the one two steps away."""
    numbered = any(isinstance(_node(nodes, beside), Figure) for beside in (at - 1, at + 1))
    linked = _node(nodes, at + step) is Mark.JOINT
    return isinstance(_node(nodes, at), Thing) and linked and not numbered


def _sign_of_none(nodes: Sequence[Node], at: int) -> int | None:
    """Where the sign stands that says the product at `at` has no price, if it has none."""
    if not isinstance(_node(nodes, at), Thing):
        return None
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
