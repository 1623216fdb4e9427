"""Is this price believable? Accept it, or ask its reporter before anybody reads it.

Asking replaces rejecting: a true move of 40 % must get through, a zero too many must not
(`method.md` 2.3, settled readings 9, 10, 11, 18; the money guard of `languages.md` 3).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from service.prices.catalog import Band, Product, Unit
from service.prices.prior import Prior, within_reach, z_score
from service.prices.report import Money, Status
from service.prices.units import Unweighed, Valued

ACCEPTED_Z = 2.5
"""Deviations from what is known up to which a price needs no question."""

AGREEMENT = 0.15
"""Two reporters this close (as a share) vouch for each other."""

HALF_AS_MUCH = 0.5
"""Share of a move (log) that an adjacent market must have made the same way to vouch for it."""

COIN = 5
"""The smallest coin, F, and the francs in a dorome: no price in francs ends in another digit."""

MILLION = 1_000_000
"""Millions are said in francs; only what is below them is counted in dorome."""

OPTIONS = 3
"""A question is answered by one digit, and a short message holds no more choices."""

OptionKind = Literal["said", "wrong", "unit", "zero", "dorome", "franc", "form", "market"]
QuestionKind = Literal["unit", "zero", "dorome", "money", "form", "market", "outlier"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One claim and all that is known when it is judged. `amount` is in F for `quantity` of
    `unit`; `said` the number as written; `prior` counts what `valued` counts."""

    product: Product
    market: str
    unit: Unit
    amount: int
    said: int
    valued: Valued | Unweighed
    quantity: int = 1
    money: Money = Money.BARE
    unit_said: bool = True
    prior: Prior | None = None

    @property
    def value(self) -> float:
        """F per quoted quantity, or per unit when nobody weighed it."""
        return self.valued.value if isinstance(self.valued, Valued) else self.valued.per_unit

    @property
    def band(self) -> Band | None:
        """The staff bounds, which speak of the quoted quantity only."""
        return self.product.band if isinstance(self.valued, Valued) else None


@dataclass(frozen=True, slots=True)
class Option:
    """One way of reading a claim, chosen by a digit. `value` as in `Evidence.value`.

    Kind `said` is the claim as it stands, `wrong` none of the others: the reporter sends anew.
    """

    kind: OptionKind
    amount: int
    quantity: int
    unit: str
    product: str
    market: str
    value: float


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask, at most three ways to answer; the likeliest first, except kind `money`,
    where francs come first and dorome second, as the reporters' card says."""

    kind: QuestionKind
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Accept:
    """Believed. `z` is None without a prior; not `verified` when there was nothing to go by."""

    z: float | None
    reason: Literal["near_prior", "in_band", "nothing_known"]
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """Not believed before the reporter answers."""

    question: Question
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """No price at all: nothing to ask about. Staff see it."""

    reason: Literal["not_a_price", "too_many"]


Verdict = Accept | Ask | Hold


class Fit(Enum):
    """How a value stands to what is known."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


def judge(case: Evidence, readings: Sequence[Option] = ()) -> Verdict:
    """The verdict on one claim. `readings` are other ways to read it that fit what is known,
    the likeliest first (`slips.readings`)."""
    if not 0 < case.value < math.inf:
        return Hold("not_a_price")
    plain = fit(case, case.value)
    if _may_be_dorome(case, plain):
        return Ask(money_question(case), _z(case))
    match plain:
        case Fit.INSIDE:
            return Accept(_z(case), "near_prior" if case.prior else "in_band")
        case Fit.UNKNOWN:
            return Accept(None, "nothing_known", verified=False)
        case Fit.OUTSIDE:
            return Ask(slip_question(case, readings), _z(case))


def fit(case: Evidence, value: float) -> Fit:
    """Whether a value would be believed: by the prior, else by the staff's bounds (9)."""
    if case.prior:
        z = z_score(value, case.prior, case.product, case.valued.cv)
        near = abs(z) <= ACCEPTED_Z and within_reach(value, case.prior.value)
        return Fit.INSIDE if near else Fit.OUTSIDE
    if case.band:
        return Fit.INSIDE if case.band.holds(value) else Fit.OUTSIDE
    return Fit.UNKNOWN


def in_dorome(said: int) -> int:
    """The francs of a number counted in dorome; its millions are francs already."""
    return said // MILLION * MILLION + said % MILLION * COIN


def money_question(case: Evidence) -> Question:
    """Francs or dorome? Francs first, unless no coin could pay the number said."""
    counted = in_dorome(case.said)
    value = case.value * counted / case.amount
    options = (as_said(case), read_as(case, "dorome", amount=counted, value=value))
    if case.said % COIN:
        return Question("dorome", options[::-1])
    return Question("money", options)


def slip_question(case: Evidence, readings: Sequence[Option]) -> Question:
    """The likeliest slip, the claim as it stands, then another slip or "none of these"."""
    said, wrong = as_said(case), read_as(case, "wrong")
    if not readings:
        return Question("outlier", (said, wrong))
    options = (readings[0], said, *readings[1:], wrong)[:OPTIONS]
    return Question(_QUESTION_OF[readings[0].kind], options)


_QUESTION_OF: dict[OptionKind, QuestionKind] = {
    "unit": "unit",
    "zero": "zero",
    "dorome": "dorome",
    "franc": "dorome",
    "form": "form",
    "market": "market",
}


def as_said(case: Evidence) -> Option:
    """The claim as it stands."""
    return read_as(case, "said")


def read_as(
    case: Evidence,
    kind: OptionKind,
    *,
    amount: int | None = None,
    unit: str | None = None,
    product: str | None = None,
    market: str | None = None,
    value: float | None = None,
) -> Option:
    """The claim with one thing changed."""
    return Option(
        kind=kind,
        amount=case.amount if amount is None else amount,
        quantity=case.quantity,
        unit=unit or case.unit.code,
        product=product or case.product.code,
        market=market or case.market,
        value=case.value if value is None else value,
    )


def answer(question: Question, digit: int) -> Option | None:
    """The option a digit chooses; None for a digit that was not offered."""
    return question.options[digit - 1] if 1 <= digit <= len(question.options) else None


def after_answer(value: float, prior: Prior | None, band: Band | None = None) -> Status:
    """What a confirmed value becomes: within three times what was known it counts fully, beyond
    it waits for staff. Without a prior the staff's bounds decide, which are as wide."""
    return Status.CONFIRMED if _reachable(value, prior, band) else Status.HELD


def corroborated(
    value: float,
    others: Iterable[float],
    prior: Prior | None = None,
    band: Band | None = None,
    moves: Iterable[float] = (),
) -> bool:
    """Whether an unanswered value may count: another reporter of the same market day within
    15 %, or an adjacent market that moved the same way by at least half as much.

    `moves` are ln(now / before) of adjacent markets. Beyond the reach of an answer nothing
    vouches: two reporters who both count in dorome agree with each other.
    """
    if not _reachable(value, prior, band):
        return False
    if any(abs(value - other) <= AGREEMENT * other for other in others):
        return True
    own = math.log(value / prior.value) if prior else 0.0
    return own != 0 and any(move / own >= HALF_AS_MUCH for move in moves)


def _may_be_dorome(case: Evidence, plain: Fit) -> bool:
    """Only a bare number: a marker or words have settled it. Never multiplied silently.

    Five times as much must fit. A number no coin can pay needs more than the staff's wide bounds
    to pass for francs: it needs a prior that it fits.
    """
    if case.money is not Money.BARE:
        return False
    counted = in_dorome(case.said)
    if counted != case.amount and fit(case, case.value * counted / case.amount) is Fit.INSIDE:
        return True
    return bool(case.said % COIN) and case.prior is None and plain is not Fit.OUTSIDE


def _z(case: Evidence) -> float | None:
    if case.prior is None:
        return None
    return z_score(case.value, case.prior, case.product, case.valued.cv)


def _reachable(value: float, prior: Prior | None, band: Band | None) -> bool:
    if prior:
        return within_reach(value, prior.value)
    return band is None or band.holds(value)
