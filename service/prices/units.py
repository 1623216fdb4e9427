"""From what was said to what is compared: F for so many units, made F per quoted quantity.

Kilos come from definition (kg, tonne) or from weighings, never from a guess: a vessel nobody
weighed gives a price per vessel, kept and shown as such (`method.md` 2.2).
"""

from dataclasses import dataclass
from datetime import date

from service.prices.catalog import Catalog, Measure, Product, Quantity, Unit, Weight

UNWEIGHED_CV = 0.10
"""Spread of a vessel's content before weighings say better: bowls of one name vary 3 to 9 %."""

REWEIGH_AFTER_DAYS = 90
"""Vessels swell and shrink with the season: they are put on the scale again this often."""

WEIGHINGS_FOR_SPREAD = 2
"""One weighing has a value and no spread: its cv of zero would claim a perfect vessel."""


@dataclass(frozen=True, slots=True)
class Valued:
    """F per quoted quantity (kg, head, piece), the unit's spread, and when it was last weighed.

    `weighed_on` is None where no weighing was needed, which never goes stale.
    """

    value: float
    cv: float
    weighed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Unweighed:
    """F per unit as said: comparable with the same unit at the same market, with nothing else."""

    per_unit: float
    cv: float = UNWEIGHED_CV


def value_of(
    amount: float, quantity: int, unit: Unit, product: Product, market: str, catalog: Catalog
) -> Valued | Unweighed:
    """What `amount` F for `quantity` units comes to, per quoted quantity of the product."""
    per_unit = amount / quantity
    if product.quantity is not Quantity.KG:
        return Valued(per_unit, 0.0) if unit.measure is Measure.COUNT else Unweighed(per_unit)
    if unit.measure is Measure.MASS and unit.kilos:
        return Valued(per_unit / unit.kilos, 0.0)
    weight = catalog.weight(unit.code, product.code, market)
    if weight is None:
        return Unweighed(per_unit)
    return Valued(per_unit / weight.kilos, _spread(weight), weight.last_on)


def basis(valued: Valued | Unweighed, unit: Unit, product: Product) -> str:
    """What the value counts: the product's quoted quantity, or the unweighed unit's code."""
    return product.quantity.value if isinstance(valued, Valued) else unit.code


def kilos_used(amount: float, quantity: int, value: float) -> float:
    """The kilos of one unit that a value rests on: what `value_of` divided by, read backwards."""
    return round(amount / quantity / value, 2)


def _spread(weight: Weight) -> float:
    return weight.cv if weight.count >= WEIGHINGS_FOR_SPREAD else UNWEIGHED_CV
