"""What is sold, where, and in what measure: the vocabulary every other room speaks.

Values only. A `Catalog` is an immutable picture of the reference tables; it is rebuilt when
staff change a product, a market or a unit, so that nothing needs a restart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

ANY_MARKET = "*"
"""A weighing that holds wherever the product is sold (a stamped 100 kg cereal sack)."""


class Stage(StrEnum):
    """Where in the chain a price holds. Stages are never mixed in one quote."""

    FARMGATE = "farmgate"
    PRODUCER = "producer"
    WHOLESALE = "wholesale"
    RETAIL = "retail"


class Family(StrEnum):
    """Products that age and move alike (`method.md` 2.3-2.5)."""

    GRAIN = "grain"
    PULSE = "pulse"
    OILSEED = "oilseed"
    SHEA = "shea"
    COTTON = "cotton"
    GARDEN = "garden"
    LIVESTOCK = "livestock"


class Quantity(StrEnum):
    """What one price is quoted for."""

    KG = "kg"
    HEAD = "head"
    PIECE = "piece"


class Measure(StrEnum):
    """How a unit relates to kilos: by definition, by weighing only, or not at all."""

    MASS = "mass"
    VESSEL = "vessel"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Band:
    """Staff-entered bounds outside which a price is asked about (F per quoted quantity)."""

    low: int
    high: int

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Habit:
    """How a family ages and moves. Half-life and expiry in days; sigma per square-root week."""

    half_life: int
    expires_after: int
    weekly_sigma: float


HABITS: Mapping[Family, Habit] = MappingProxyType(
    {
        Family.GRAIN: Habit(7, 28, 0.05),
        Family.PULSE: Habit(7, 28, 0.06),
        Family.OILSEED: Habit(7, 28, 0.06),
        Family.SHEA: Habit(7, 28, 0.06),
        Family.COTTON: Habit(7, 28, 0.06),
        Family.GARDEN: Habit(3, 10, 0.12),
        Family.LIVESTOCK: Habit(14, 28, 0.06),
    }
)
"""Starting values of `method.md` 2.3-2.5 and its settled reading 5; re-estimate after 12 weeks."""

TICKS: Mapping[Quantity, int] = MappingProxyType(
    {Quantity.KG: 5, Quantity.HEAD: 500, Quantity.PIECE: 5}
)
"""Trading ticks in F: 5 a kilo, 500 a head; 5 F is the smallest coin in use."""

VESSEL_TICK = 250
"""Trading tick in F of a sack or another whole vessel."""


@dataclass(frozen=True, slots=True)
class Product:
    """A value chain in one form. `ARA` and `ARD` are two products and never share a quote."""

    code: str
    chain: str
    form: str
    family: Family
    names: Mapping[str, str]
    quantity: Quantity
    ussd_key: int
    band: Band | None = None

    @property
    def habit(self) -> Habit:
        return HABITS[self.family]

    @property
    def tick(self) -> int:
        return TICKS[self.quantity]

    def name(self, lang: str) -> str:
        return self.names.get(lang) or self.names["fr"]


@dataclass(frozen=True, slots=True)
class Market:
    """A fair or a town market. `fair_days` are 0 = Monday; empty means daily or unknown."""

    code: str
    name: str
    commune: str
    ussd_key: int
    fair_days: frozenset[int] = frozenset()
    kind: str = "rural"
    road_closed: bool = False
    insecure: bool = False
    cancelled_on: frozenset[date] = frozenset()
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A measure. `kilos` is set for masses only: a vessel needs a weighing."""

    code: str
    names: Mapping[str, str]
    measure: Measure
    kilos: float | None = None

    def name(self, lang: str) -> str:
        return self.names.get(lang) or self.names["fr"]


@dataclass(frozen=True, slots=True)
class Weight:
    """What weighings say of one unit of one product: kilos, spread (cv), how many, how old."""

    kilos: float
    cv: float
    count: int
    last_on: date


@dataclass(frozen=True, slots=True)
class Alias:
    """A way of writing a product, market or unit. `form` is already folded (`encoding.fold`)."""

    kind: str
    target: str
    form: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every reference fact, by code. `weights` is keyed (unit, product, market or ANY_MARKET)."""

    products: Mapping[str, Product]
    markets: Mapping[str, Market]
    units: Mapping[str, Unit]
    weights: Mapping[tuple[str, str, str], Weight] = field(default_factory=dict)
    aliases: Sequence[Alias] = ()

    def weight(self, unit: str, product: str, market: str) -> Weight | None:
        """The weighing that applies: this market's own, else one that holds everywhere."""
        own = self.weights.get((unit, product, market))
        return own or self.weights.get((unit, product, ANY_MARKET))
