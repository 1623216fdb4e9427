"""What is left to ask once claims are made: unknown words, stages, prices that clash."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from service.prices.catalog import Measure, Stage
from service.prices.report import Claim
from service.sms.grammar.pairs import Pair
from service.sms.grammar.units import SMALL_MONEY
from service.sms.lexicon import Lexicon
from service.sms.reading import About, Doubt
from service.sms.words.figures import GREATEST
from service.sms.words.nodes import (
    CommandWord,
    FormWord,
    Mark,
    Modifier,
    Node,
    Place,
    StageWord,
    Stray,
)

NAME_FROM = 5
"""Letters. A shorter unknown word may be a misspelt day, unit or market."""
HARMLESS = frozenset({"price", "where", "yes", "start", "correct", "same", "alert"})
"""Command words that change nothing inside a report: `prix ara 225`, `ok ara 225`."""


def odd_words(nodes: Sequence[Node], found: Sequence[Pair]) -> Iterator[tuple[str, Doubt | None]]:
    """Each word that has no place in the report, with the doubt it leaves.

    It may be a market, a unit or a form we do not know, so it is asked, unless it can change
    nothing: a name beside the market, a phone number.
    """
    named = any(isinstance(n, Place) and len(n.targets) == 1 for n in nodes)
    taken = {pair.thing.word for pair in found if pair.thing and not pair.thing.targets}
    for at, node in enumerate(nodes):
        word = _odd_word(node)
        if word and word not in taken:
            harmless = word.isdigit() or (named and _is_name(node) and _apart(nodes, at))
            yield word, None if harmless else Doubt(About.WORD, word)


def _is_name(node: Node) -> bool:
    """Whether an unknown word is like no word of ours, so long that a slip cannot hide one."""
    return isinstance(node, Stray) and not node.vague and len(node.word) >= NAME_FROM


def _odd_word(node: Node) -> str:
    """The word of a node that has no place in a report, or nothing."""
    if isinstance(node, (Stray, Modifier, FormWord)):
        return node.word
    if isinstance(node, CommandWord) and node.name not in HARMLESS:
        return node.word
    return ""


def _apart(nodes: Sequence[Node], at: int) -> bool:
    """Whether unknown words stand between breaks, markets and edges only."""
    return all(_meets_edge(nodes, at, step) for step in (-1, 1))


def _meets_edge(nodes: Sequence[Node], at: int, step: int) -> bool:
    while 0 <= at < len(nodes) and isinstance(nodes[at], Stray):
        at += step
    if not 0 <= at < len(nodes):
        return True
    return nodes[at] in (Mark.BREAK, Mark.SOFT) or isinstance(nodes[at], Place)


def staged(nodes: Sequence[Node], claims: Sequence[Claim]) -> tuple[list[Claim], Doubt | None]:
    """The claims at the stage said. Beside several prices it is asked whose stage it is."""
    stages = {n.stage: n.word for n in nodes if isinstance(n, StageWord)}
    if len(stages) == len(claims) == 1:
        return [replace(claims[0], stage=stage) for stage in stages], None
    if not stages:
        return list(claims), None
    candidates = tuple(map(str, (*stages, Stage.PRODUCER)))
    return list(claims), Doubt(About.STAGE, " ".join(stages.values()), candidates)


def payable(amounts: Iterable[int]) -> tuple[int, ...]:
    """Each amount once, in order, that somebody may have paid: nothing is no answer to offer."""
    return tuple(dict.fromkeys(each for each in amounts if 0 < each <= GREATEST))


def clashes(claims: Sequence[Claim], again: Collection[int]) -> Iterator[Doubt]:
    """The same product, market and unit priced more than once: not asked of the claims that are
    `again` what an earlier one said."""
    for index, claim in enumerate(claims):
        amounts = (c.amount for c in claims if _key(c) == _key(claim))
        known = payable((claim.amount, *amounts))
        if len(known) > 1 and index not in again:
            yield Doubt(About.AMOUNT, claim.product, tuple(map(str, known)), index)


def repeats(claims: Sequence[Claim]) -> list[int]:
    """The claims of a product, market and unit that was priced before, the last one first: one
    question about the first stands for them all."""
    keys = [_key(claim) for claim in claims]
    return [index for index in reversed(range(len(keys))) if keys[index] in keys[:index]]


def _key(claim: Claim) -> tuple[str, str | None, str | None]:
    return claim.product, claim.market, claim.unit


def open_units(claims: Sequence[Claim], asked: set[int], lexicon: Lexicon) -> Iterator[Doubt]:
    """A price without unit, as large as another that was said for a sack: a sack too?"""
    units = lexicon.catalog.units
    for index, claim in enumerate(claims):
        like = [c.unit for c in claims if c.unit and _as_large(c, claim)]
        vessels = dict.fromkeys(u for u in like if units[u].measure is Measure.VESSEL)
        if claim.unit is None and vessels and index not in asked:
            yield Doubt(About.UNIT, claim.product, (*vessels, "KG"), index)


def _as_large(one: Claim, other: Claim) -> bool:
    return (one.amount >= SMALL_MONEY) is (other.amount >= SMALL_MONEY)
