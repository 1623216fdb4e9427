"""What a message was understood to say: the values that the grammar hands to the intake.

A reading is never half silent: whatever was not certain is a `Doubt`, and a claim that a doubt
concerns must not be accepted before the doubt is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from service.prices.catalog import Stage
from service.prices.report import Claim

NO_CLAIM = -1
"""`Doubt.claim` of a doubt that stops no claim: a product said without its price."""


class About(StrEnum):
    """What a doubt is about: a field of a claim, or a word nobody knows."""

    PRODUCT = "product"
    MARKET = "market"
    UNIT = "unit"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    DAY = "day"
    STAGE = "stage"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to ask.

    `word` is what was written, `candidates` the answers to propose, best first: codes for
    product, market, unit and stage, whole francs for amount, a count for quantity, ISO dates for
    day. No candidate: ask openly. `claim` is the index of the claim concerned, None for all,
    `NO_CLAIM` for none.
    """

    about: About
    word: str
    candidates: tuple[str, ...] = ()
    claim: int | None = None


@dataclass(frozen=True, slots=True)
class Reports:
    """Prices said by a reporter.

    `missing` are products said to have no price ("MIL ?"); `formless` the indexes of groundnut
    claims that did not say shell or kernel; `unmatched` words left aside; `corrects` a correction
    of the last message, `same_as_last` "IDEM". `market` and `on` were said for the whole message.
    """

    claims: tuple[Claim, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    unmatched: tuple[str, ...] = ()
    corrects: bool = False
    same_as_last: bool = False
    missing: tuple[str, ...] = ()
    formless: frozenset[int] = frozenset()
    market: str | None = None
    on: date | None = None

    def doubted(self, index: int) -> bool:
        """Whether a doubt concerns the claim at `index`."""
        return any(doubt.claim in (None, index) for doubt in self.doubts)

    @property
    def sure(self) -> tuple[Claim, ...]:
        """The claims that no doubt concerns: the only ones that may be judged as they stand."""
        return tuple(c for index, c in enumerate(self.claims) if not self.doubted(index))


@dataclass(frozen=True, slots=True)
class Answer:
    """The digit of a choice offered before."""

    digit: int


class CommandKind(StrEnum):
    """What anyone may ask. `NO` undoes the last message when no question is open."""

    PRICE = "price"
    WHERE = "where"
    ALERT = "alert"
    HELP = "help"
    LANGUAGE = "language"
    STOP = "stop"
    START = "start"
    YES = "yes"
    NO = "no"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Command:
    """A request. `amount` is in F (for an alert); `lang` is a language code.

    A product or market that was said but is not certain is left None and named in `doubts`.
    """

    kind: CommandKind
    product: str | None = None
    market: str | None = None
    amount: int | None = None
    lang: str | None = None
    doubts: tuple[Doubt, ...] = ()
    unmatched: tuple[str, ...] = ()


class Reason(StrEnum):
    """Why nothing could be made of a message."""

    NO_PRODUCT = "no_product"
    NO_AMOUNT = "no_amount"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No report and no command. What was recognised may still answer an open question."""

    unmatched: tuple[str, ...]
    reason: Reason
    market: str | None = None
    unit: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Politeness or nothing at all: no answer is due."""


Reading = Reports | Answer | Command | Unreadable | Silence


def settle(reports: Reports, doubt: Doubt, candidate: str | None) -> Reports:
    """The reports once `doubt` is answered with one of its candidates.

    None drops the doubt and keeps the claims as they stand (the answer "as written"), which only
    a doubt about a word allows; for any other doubt it drops the claims concerned.
    """
    rest = tuple(d for d in reports.doubts if d is not doubt)
    if candidate is None and doubt.about is not About.WORD:
        return without(replace(reports, doubts=rest), doubt.claim)
    claims = tuple(
        _with(claim, doubt.about, candidate) if doubt.claim in (None, index) else claim
        for index, claim in enumerate(reports.claims)
    )
    formless = reports.formless
    if doubt.about is About.PRODUCT:
        formless -= {doubt.claim}
    return replace(reports, claims=claims, doubts=rest, formless=formless)


def _with(claim: Claim, about: About, candidate: str | None) -> Claim:
    """The claim with one field as answered."""
    if candidate is None:
        return claim
    match about:
        case About.PRODUCT:
            return replace(claim, product=candidate)
        case About.MARKET:
            return replace(claim, market=candidate)
        case About.UNIT:
            return replace(claim, unit=candidate)
        case About.AMOUNT:
            return replace(claim, amount=int(candidate))
        case About.QUANTITY:
            return replace(claim, quantity=int(candidate))
        case About.DAY:
            return replace(claim, on=date.fromisoformat(candidate))
        case About.STAGE:
            return replace(claim, stage=Stage(candidate))
        case About.WORD:
            return claim


def without(reports: Reports, index: int | None) -> Reports:
    """The reports less the claim at `index` (None: less all), later indexes moved down."""
    if index == NO_CLAIM:
        return reports
    if index is None:
        return replace(reports, claims=(), doubts=(), formless=frozenset())
    return replace(
        reports,
        claims=reports.claims[:index] + reports.claims[index + 1 :],
        doubts=_shifted(reports.doubts, index),
        formless=frozenset(i - (i > index) for i in reports.formless if i != index),
    )


def _shifted(doubts: Sequence[Doubt], index: int) -> tuple[Doubt, ...]:
    kept = (d for d in doubts if d.claim != index)
    return tuple(
        replace(d, claim=d.claim - 1) if d.claim is not None and d.claim > index else d
        for d in kept
    )
