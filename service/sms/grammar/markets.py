"""Which market each price is of: said once for all, or before or after the prices it holds for."""

from collections.abc import Sequence

from service.sms.grammar.pairs import Pair
from service.sms.reading import About, Doubt
from service.sms.words.nodes import Node, Place

Placed = tuple[int, Place]


def markets(nodes: Sequence[Node], found: Sequence[Pair]) -> tuple[list[str | None], Doubt | None]:
    """The market code of each pair (None: not said), and what is doubtful about them."""
    places = [(at, n) for at, n in enumerate(nodes) if isinstance(n, Place)]
    nowhere: list[str | None] = [None] * len(found)
    if not places:
        return nowhere, None
    if len({place.targets or place.word for _, place in places}) == 1:
        place = places[0][1]
        doubt = None if len(place.targets) == 1 else _doubt(places)
        return [next(iter(place.targets), None)] * len(found), doubt
    chosen = _before_theirs(places, found) or _after_theirs(places, found)
    if chosen and all(len(place.targets) == 1 for place in chosen):
        return [place.targets[0] for place in chosen], None
    return nowhere, _doubt(places)


def one_market(nodes: Sequence[Node]) -> str | None:
    """The market said for the whole message, if it is certain."""
    said = {node.targets for node in nodes if isinstance(node, Place)}
    targets = said.pop() if len(said) == 1 else ()
    return targets[0] if len(targets) == 1 else None


def _doubt(places: Sequence[Placed]) -> Doubt:
    words = " ".join(place.word for _, place in places)
    codes = dict.fromkeys(code for _, place in places for code in place.targets)
    return Doubt(About.MARKET, words, tuple(codes))


def _before_theirs(places: Sequence[Placed], found: Sequence[Pair]) -> list[Place]:
    """`kita ara 225 sebekoro ara 240`: each pair has the last market before it."""
    return _all_used([[p for p in places if p[0] < pair.at][-1:] for pair in found], places)


def _after_theirs(places: Sequence[Placed], found: Sequence[Pair]) -> list[Place]:
    """`ara 225 kita, ara 240 sebekoro`: each pair has the first market after it begins."""
    return _all_used([[p for p in places if p[0] > pair.at][:1] for pair in found], places)


def _all_used(chosen: Sequence[Sequence[Placed]], places: Sequence[Placed]) -> list[Place]:
    """The chosen places if every pair has one and every place serves a pair, else nothing."""
    used = [choice[0] for choice in chosen if choice]
    if len(used) != len(chosen) or {at for at, _ in used} != {at for at, _ in places}:
        return []
    return [place for _, place in used]
