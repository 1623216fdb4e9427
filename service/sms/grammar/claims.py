"""Claims and doubts made of pairs: the market, the day and the stage that go with each price."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from service.prices.catalog import Measure, Stage
from service.prices.report import Claim
from service.sms.grammar.counts import SMALL, SMALL_MONEY, placed
from service.sms.grammar.pairs import Pair, pairs
from service.sms.grammar.shapes import shaped
from service.sms.lexicon import Lexicon
from service.sms.reading import NO_CLAIM, About, Doubt, Reason, Reports, Unreadable
from service.sms.words.days import resolve
from service.sms.words.figures import GREATEST, is_small
from service.sms.words.nodes import (
    CommandWord,
    DayWord,
    Figure,
    FormWord,
    Mark,
    Modifier,
    Node,
    Place,
    StageWord,
    Stray,
    Thing,
    UnitWord,
)

HARMLESS = frozenset({"price", "where", "yes", "start", "correct", "same", "alert"})
"""Command words that change nothing inside a report: `prix ara 225`, `ok ara 225`."""


@dataclass(slots=True)
class _Draft:
    """A report in the making."""

    lexicon: Lexicon
    claims: list[Claim] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    formless: set[int] = field(default_factory=set)


def reports(nodes: Sequence[Node], lexicon: Lexicon, today: date) -> Reports | Unreadable:
    """What the nodes of a reporter's message claim. `today` is the day it was sent."""
    on, day_doubt = resolve([n for n in nodes if isinstance(n, DayWord)], today)
    kept = [n for n in nodes if not isinstance(n, DayWord)]
    draft = _Draft(lexicon, doubts=[day_doubt] if day_doubt else [])
    kept, missing = _set_missing_apart(shaped(kept, lexicon), draft)
    kept, homeless = placed(kept, lexicon)
    found = pairs(kept)
    markets = _markets(kept, found, draft)
    for pair, market in zip(found, markets, strict=True):
        _claim(pair, market, on, draft)
    _ask_about_words(kept, found, draft)
    draft.doubts += [Doubt(About.UNIT, unit.word, unit.targets) for unit in homeless]
    _ask_about_stage(kept, draft)
    _ask_twice_said(draft)
    if not (draft.claims or missing):
        return _unreadable(kept, homeless, draft)
    return Reports(
        claims=tuple(draft.claims),
        doubts=tuple(draft.doubts),
        unmatched=tuple(draft.unmatched),
        missing=missing,
        formless=frozenset(draft.formless),
        market=_one_market(kept),
        on=on,
    )


def _claim(pair: Pair, market: str | None, on: date | None, draft: _Draft) -> None:
    """Add the claim of a pair, or what keeps it from being one."""
    thing, price = pair.thing, pair.price
    if thing is None:
        word = price.word if price else ""
        draft.unmatched.append(word)
        draft.doubts.append(Doubt(About.PRODUCT, word))
    elif not thing.targets:
        draft.unmatched.append(thing.word)
        if not thing.certain:
            draft.doubts.append(Doubt(About.PRODUCT, thing.word, (), NO_CLAIM))
    elif price is None:
        draft.doubts.append(Doubt(About.AMOUNT, thing.targets[0], (), NO_CLAIM))
    else:
        index = len(draft.claims)
        unit, unit_doubt = _unit(thing, price, draft.lexicon)
        quantity = 1 if price.each else _count(thing, price)
        draft.claims.append(
            Claim(
                thing.targets[0],
                price.value,
                price.said,
                price.money,
                market,
                unit,
                quantity,
                on=on,
            )
        )
        if thing.formless and thing.certain:
            draft.formless.add(index)
        asked = (
            _product_doubt(pair),
            _amount_doubt(pair),
            unit_doubt,
            _count_doubt(price, quantity),
        )
        draft.doubts += [replace(doubt, claim=index) for doubt in asked if doubt]


def _count(thing: Thing, price: Figure) -> int:
    return (price.unit.count if price.unit else None) or thing.count or 1


def _product_doubt(pair: Pair) -> Doubt | None:
    if pair.thing is None or (pair.thing.certain and not pair.rivals):
        return None
    things = pair.rivals or (pair.thing,)
    codes = dict.fromkeys(code for thing in things for code in thing.targets)
    return Doubt(About.PRODUCT, " ".join(thing.word for thing in things), tuple(codes))


def _amount_doubt(pair: Pair) -> Doubt | None:
    """Two readings, two prices, or a number too small or too large for a price."""
    price = pair.price
    if price is None:
        return None
    options = price.options + tuple(other.value for other in pair.prices)
    odd = is_small(price, SMALL) or not 0 < price.value <= GREATEST
    if not options and not odd:
        return None
    values = dict.fromkeys((price.value, *options) if not price.options else options)
    words = " ".join(figure.word for figure in (price, *pair.prices))
    return Doubt(About.AMOUNT, words, () if odd else tuple(map(str, values)))


def _count_doubt(price: Figure, quantity: int) -> Doubt | None:
    if not price.at or quantity == 1 or price.each:
        return None
    return Doubt(About.QUANTITY, price.word, ("1", str(quantity)))


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
    if counts == {countable}:
        certain = len(price.unit.targets) == 1
        doubt = None if certain else Doubt(About.UNIT, price.unit.word, price.unit.targets)
        return price.unit.targets[0], doubt
    return own, Doubt(About.UNIT, price.unit.word, (own,) if own and price.unit.targets else ())


def _unreadable(nodes: Sequence[Node], homeless: Sequence[UnitWord], draft: _Draft) -> Unreadable:
    """Why no claim could be made, with what may still answer an open question."""
    figures = [n for n in nodes if isinstance(n, Figure)]
    things = [n for n in nodes if isinstance(n, Thing) and n.targets]
    units = [f.unit for f in figures if f.unit] + list(homeless)
    reason = Reason.NO_PRODUCT if figures else Reason.NO_AMOUNT if things else Reason.UNKNOWN
    certain = [f for f in figures if not f.options]
    return Unreadable(
        unmatched=tuple(dict.fromkeys(draft.unmatched)),
        reason=reason,
        market=_one_market(nodes),
        unit=next((u.targets[0] for u in units if len(u.targets) == 1), None),
        amount=certain[0].value if len(figures) == len(certain) == 1 else None,
    )
