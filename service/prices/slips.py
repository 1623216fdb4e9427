"""The slips a price may hide: another unit, a zero, dorome for francs, the other form, the
neighbouring market. Only readings that fit what is known are proposed (`method.md` 2.3, 11)."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from service.prices.catalog import Band, Catalog, Family, Product, Quantity
from service.prices.judge import COIN, Evidence, Option, OptionKind, in_dorome, read_as
from service.prices.prior import Prior, sigma
from service.prices.report import Money
from service.prices.units import Unweighed, Valued, basis, value_of

NEAR = 0.15
"""How far from what is known (as a share) a reading may be and still be proposed."""

ZEROS = (10, 100)
"""A zero too many or too few; two of them when a sack is meant."""

THOUSAND = 1000
"""Livestock is often said in thousands: 35 for 35 000 F."""

SACK = "SAC"
"""The vessel meant when none is said: prices at the fair are cried by the sack."""

SACK_KILOS = (20, 150)
"""What a sack may hold, kg: a cereal sack of groundnut pods at the least, a heaped one of grain."""

LOOSE = 1.0
"""Distance given to a reading that nothing measures: after any that fits."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """What is known beside the claim's own prior.

    `bases`: priors of the same product and market in another basis (`kg`, or a vessel's code);
    `forms`: by product code, the other forms of the chain at this market;
    `markets`: by market code, the same product at the reporter's other markets.
    """

    bases: Mapping[str, Prior] = field(default_factory=dict)
    forms: Mapping[str, Prior] = field(default_factory=dict)
    markets: Mapping[str, Prior] = field(default_factory=dict)


Found = tuple[int, float, Option]
"""(rank of the kind of slip, distance from what is known, the reading)."""


def readings(case: Evidence, catalog: Catalog, rivals: Rivals | None = None) -> tuple[Option, ...]:
    """Every other reading of the claim that fits, the likeliest first."""
    if not 0 < case.value < math.inf:
        return ()
    beside = rivals or Rivals()
    found = [
        *_units(case, catalog, beside),
        *_zeros(case),
        *_money(case),
        *_forms(case, catalog, beside),
        *_markets(case, beside),
    ]
    return tuple(option for _, _, option in sorted(found, key=_order))


def _order(found: Found) -> tuple[int, float, str, int, str, str]:
    rank, distance, option = found
    return rank, distance, option.unit, option.amount, option.product, option.market


def _units(case: Evidence, catalog: Catalog, rivals: Rivals) -> Iterator[Found]:
    """The same words for another unit: likeliest when none was said."""
    rank = 1 if case.unit_said else 0
    for code in sorted(catalog.units.keys() - {case.unit.code}):
        unit = catalog.units[code]
        valued = value_of(case.amount, case.quantity, unit, case.product, case.market, catalog)
        counts = basis(valued, unit, case.product)
        value = valued.value if isinstance(valued, Valued) else valued.per_unit
        prior, band = _known(case, counts, rivals)
        distance = _distance(value, case.product, prior, band, valued.cv)
        if distance is None and isinstance(valued, Unweighed) and prior is None:
            distance = _may_be_a_sack(case, code)
        if distance is not None:
            yield rank, distance, read_as(case, "unit", unit=code, value=value)


def _known(case: Evidence, counts: str, rivals: Rivals) -> tuple[Prior | None, Band | None]:
    """The prior and the bounds that speak of this basis."""
    own = basis(case.valued, case.unit, case.product)
    prior = case.prior if counts == own else rivals.bases.get(counts)
    return prior, case.product.band if counts == case.product.quantity.value else None


def _may_be_a_sack(case: Evidence, code: str) -> float | None:
    """A sack nobody weighed, when no unit was said and a sack would explain the factor."""
    usual = _middle(case.prior, case.band)
    if case.unit_said or code != SACK or case.product.quantity is not Quantity.KG or not usual:
        return None
    least, most = SACK_KILOS
    return LOOSE if least <= case.value / usual <= most else None


def _zeros(case: Evidence) -> Iterator[Found]:
    factors = (*ZEROS, THOUSAND) if case.product.family is Family.LIVESTOCK else ZEROS
    for factor in factors:
        rank = 2 if factor == 100 else 1 - int(case.unit_said)
        yield from _amount(case, "zero", case.amount * factor, rank)
        if case.amount % factor == 0:
            yield from _amount(case, "zero", case.amount // factor, rank)


def _money(case: Evidence) -> Iterator[Found]:
    """Dorome taken for francs, or multiplied once too often."""
    rank = 1 - int(case.unit_said)
    if case.money is not Money.DOROME:
        yield from _amount(case, "dorome", in_dorome(case.amount), rank)
    if case.amount % COIN == 0:
        yield from _amount(case, "franc", case.amount // COIN, rank)


def _amount(case: Evidence, kind: OptionKind, amount: int, rank: int) -> Iterator[Found]:
    value = case.value * amount / case.amount
    distance = _distance(value, case.product, case.prior, case.band, case.valued.cv)
    if distance is not None:
        yield rank, distance, read_as(case, kind, amount=amount, value=value)


def _forms(case: Evidence, catalog: Catalog, rivals: Rivals) -> Iterator[Found]:
    for code, prior in rivals.forms.items():
        distance = _distance(case.value, catalog.products[code], prior, None, case.valued.cv)
        if distance is not None and code != case.product.code:
            yield 3, distance, read_as(case, "form", product=code)


def _markets(case: Evidence, rivals: Rivals) -> Iterator[Found]:
    for code, prior in rivals.markets.items():
        distance = _distance(case.value, case.product, prior, None, case.valued.cv)
        if distance is not None and code != case.market:
            yield 4, distance, read_as(case, "market", market=code)


def _distance(
    value: float, product: Product, prior: Prior | None, band: Band | None, cv: float
) -> float | None:
    """How far (log) from what is known; None when too far to propose, or nothing is known.

    Within 15 %, or one sigma where the prior is old; without a prior, inside the bounds.
    """
    if prior:
        near = abs(value - prior.value) <= max(NEAR, sigma(prior, product, cv)) * prior.value
    else:
        near = band is not None and band.holds(value)
    middle = _middle(prior, band)
    return abs(math.log(value / middle)) if near and middle else None


def _middle(prior: Prior | None, band: Band | None) -> float | None:
    if prior:
        return prior.value
    return math.sqrt(band.low * band.high) if band else None
