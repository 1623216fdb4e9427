"""Claims made of pairs, each with its market, day, unit and the doubts that concern it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce

from service.prices.catalog import Measure
from service.prices.report import Claim
from service.sms.grammar.counts import SMALL, counted
from service.sms.grammar.leftovers import (
    clashes,
    odd_words,
    open_units,
    payable,
    repeats,
    staged,
)
from service.sms.grammar.markets import markets, one_market
from service.sms.grammar.missing import set_apart
from service.sms.grammar.pairs import Pair, pairs
from service.sms.grammar.shapes import shaped
from service.sms.grammar.units import bound
from service.sms.lexicon import Lexicon, Sense
from service.sms.reading import NO_CLAIM, About, Doubt, Reason, Reports, Unreadable, without
from service.sms.words.days import resolve
from service.sms.words.figures import GREATEST, is_small
from service.sms.words.nodes import DayWord, Figure, Node, Thing, UnitWord


@dataclass(slots=True)
class _Draft:
    """A report in the making."""

    lexicon: Lexicon
    on: date | None
    claims: list[Claim] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    formless: set[int] = field(default_factory=set)
    again: list[int] = field(default_factory=list)

    def ask(self, *doubts: Doubt | None) -> None:
        self.doubts += [doubt for doubt in doubts if doubt]


def reports(nodes: Sequence[Node], lexicon: Lexicon, today: date) -> Reports | Unreadable:
    """What the nodes of a reporter's message claim. `today` is the day it was sent."""
    on, day_doubt = resolve([n for n in nodes if isinstance(n, DayWord)], today)
    draft = _Draft(lexicon, on)
    undated = [n for n in nodes if not isinstance(n, DayWord)]
    priced, missing, vague = set_apart(shaped(undated, lexicon))
    kept, homeless = bound(counted(priced, lexicon), lexicon)
    draft.ask(day_doubt, *vague, *_wavering(priced, lexicon))
    _claim_all(kept, draft)
    if not (draft.claims or missing):
        return _unreadable(kept, homeless, draft)
    draft.ask(*(Doubt(About.UNIT, unit.word, unit.targets) for unit in homeless))
    found = Reports(
        claims=tuple(draft.claims),
        doubts=tuple(draft.doubts),
        unmatched=tuple(draft.unmatched),
        missing=missing,
        formless=frozenset(draft.formless),
        market=one_market(kept),
        on=on,
    )
    return reduce(without, draft.again, found)


def _wavering(nodes: Sequence[Node], lexicon: Lexicon) -> Iterator[Doubt]:
    """`mille` that may be a number or millet: it shifts every pair, so it stops them all."""
    for node in nodes:
        if isinstance(node, Thing) and not node.certain and lexicon.has(node.word, Sense.THOUSAND):
            yield Doubt(About.WORD, node.word)


def _claim_all(nodes: Sequence[Node], draft: _Draft) -> None:
    """Make the claims of the message, and ask what they leave open between them."""
    found = pairs(nodes)
    places, place_doubt = markets(nodes, found)
    for pair, market in zip(found, places, strict=True):
        _claim(pair, market, draft)
    draft.claims, stage_doubt = staged(nodes, draft.claims)
    draft.again = [] if stage_doubt else repeats(draft.claims)  # two stages are two prices
    draft.ask(place_doubt, stage_doubt, *clashes(draft.claims, draft.again))
    asked = {d.claim for d in draft.doubts if d.about is About.UNIT and d.claim is not None}
    draft.ask(*open_units(draft.claims, asked, draft.lexicon))
    for word, doubt in odd_words(nodes, found):
        draft.unmatched.append(word)
        draft.ask(doubt)


def _claim(pair: Pair, market: str | None, draft: _Draft) -> None:
    """Add the claim of a pair, or what keeps it from being one."""
    thing, price = pair.thing, pair.price
    if thing is None:
        word = price.word if price else ""
        draft.unmatched.append(word)
        draft.ask(Doubt(About.PRODUCT, word))
    elif not thing.targets:
        draft.unmatched.append(thing.word)
        draft.ask(None if thing.certain else Doubt(About.PRODUCT, thing.word))
    elif price is None:
        draft.ask(Doubt(About.AMOUNT, thing.targets[0], (), NO_CLAIM))
    else:
        _add(pair, thing, price, market, draft)


def _add(pair: Pair, thing: Thing, price: Figure, market: str | None, draft: _Draft) -> None:
    index = len(draft.claims)
    unit, unit_doubt = _unit(thing, price, draft.lexicon)
    claim = Claim(thing.targets[0], price.value, price.said, price.money, market, unit)
    draft.claims.append(replace(claim, quantity=_quantity(thing, price), on=draft.on))
    if thing.formless and thing.certain:
        draft.formless.add(index)
    asked = (*_pair_doubts(pair, thing, price, draft.lexicon), unit_doubt)
    draft.ask(*(replace(doubt, claim=index) for doubt in asked if doubt))


def _quantity(thing: Thing, price: Figure) -> int:
    if price.each:
        return 1
    return (price.unit.count if price.unit else None) or thing.count or 1


def _options(thing: Thing, price: Figure, lexicon: Lexicon) -> tuple[int, ...]:
    """What a price may mean. `177.500` is one number for a sheep or a tonne, which cost that."""
    dear = lexicon.countable.issuperset(thing.targets) or (
        price.unit is not None and price.unit.targets == ("TONNE",)
    )
    return () if price.grouped and dear else price.options


def _pair_doubts(pair: Pair, thing: Thing, price: Figure, lexicon: Lexicon) -> Iterator[Doubt]:
    """Which product, which of two amounts, for one or for several."""
    if pair.rivals or not thing.certain:
        things = pair.rivals or (thing,)
        codes = dict.fromkeys(code for each in things for code in each.targets)
        yield Doubt(About.PRODUCT, " ".join(each.word for each in things), tuple(codes))
    if is_small(price, SMALL) or not 0 < price.value <= GREATEST:
        yield Doubt(About.AMOUNT, price.word)
    elif (options := _options(thing, price, lexicon)) or pair.prices:
        values = options or (price.value,)
        known = payable((*values, *(other.value for other in pair.prices)))
        words = " ".join(figure.word for figure in (price, *pair.prices))
        yield Doubt(About.AMOUNT, words, tuple(map(str, known)))
    quantity = _quantity(thing, price)
    if price.at and quantity > 1:
        yield Doubt(About.QUANTITY, price.word, ("1", str(quantity)))


def _unit(thing: Thing, price: Figure, lexicon: Lexicon) -> tuple[str | None, Doubt | None]:
    """The unit code of a price and what is doubtful about it.

    What is sold by the head has no other unit; anything else is not sold by the head.
    """
    product = lexicon.catalog.products[thing.targets[0]]
    countable = product.code in lexicon.countable
    own = product.quantity.upper() if countable else None
    own = own if own in lexicon.catalog.units else None
    if price.unit is None:
        return own, None
    counts = {lexicon.catalog.units[code].measure is Measure.COUNT for code in price.unit.targets}
    if counts == {True} and countable:
        return own, None
    if counts == {False} and not countable:
        several = len(price.unit.targets) > 1
        doubt = Doubt(About.UNIT, price.unit.word, price.unit.targets)
        return price.unit.targets[0], doubt if several else None
    return own, Doubt(About.UNIT, price.unit.word, (own,) if own else ())


def _unreadable(nodes: Sequence[Node], homeless: Sequence[UnitWord], draft: _Draft) -> Unreadable:
    """Why no claim could be made, with what may still answer an open question."""
    figures = [n for n in nodes if isinstance(n, Figure)]
    things = any(isinstance(n, Thing) and n.targets for n in nodes)
    units = [f.unit for f in figures if f.unit] + list(homeless)
    reason = Reason.NO_PRODUCT if figures else Reason.NO_AMOUNT if things else Reason.UNKNOWN
    certain = [f.value for f in figures if not f.options]
    return Unreadable(
        unmatched=tuple(dict.fromkeys(draft.unmatched)),
        reason=reason,
        market=one_market(nodes),
        unit=next((u.targets[0] for u in units if len(u.targets) == 1), None),
        amount=certain[0] if len(figures) == len(certain) == 1 else None,
    )
