"""Shelling: whether nuts bring more as kernels than in the shell, once a yield has been measured.

Source: `method.md` 4 (feature 12). Both prices are of one market, so that no road is between
them; as with a trip, a gain is called one only when it is sure enough. F per kg in the shell.
"""

from dataclasses import dataclass
from datetime import date

from service.prices.trip import SURE, chance, error, whole

YIELD_LASTS = 365
"""Days a measured yield is believed: one harvest; the next one's nuts fill differently."""

CHANCE_DIGITS = 3
"""Digits of a chance that mean something."""


@dataclass(frozen=True, slots=True)
class Yield:
    """What shelling was measured to leave: `share` kilos of `made` from one kilo of `raw`, at
    `cost` F per kilo in the shell."""

    raw: str
    made: str
    share: float
    cost: int
    measured_on: date
    source: str = ""

    def current(self, today: date) -> bool:
        return (today - self.measured_on).days <= YIELD_LASTS


@dataclass(frozen=True, slots=True)
class Shelling:
    """In the shell against kernels at one market. `gain` F per kg in the shell, below nought
    when shelling loses; `pays`: the gain is sure enough to be told as one."""

    made: str
    market: str
    share: float
    cost: int
    gain: int
    probability: float
    pays: bool
    measured_on: date


@dataclass(frozen=True, slots=True)
class Sold:
    """A trusted price at a market, F/kg, with its error on the log."""

    price: int
    se_ln: float


def gained(price_shell: float, price_kernel: float, share: float, cost: float) -> float:
    """F gained per kg in the shell by shelling before the sale: kernel x share - cost - shell."""
    return price_kernel * share - cost - price_shell


def shelling(found: Yield, market: str, shell: Sold, kernel: Sold) -> Shelling:
    """What shelling brings where both forms are sold."""
    gain = gained(shell.price, kernel.price, found.share, found.cost)
    se = error(kernel.price * found.share, kernel.se_ln, shell.price, shell.se_ln)
    sure = chance(gain, se)
    return Shelling(
        made=found.made,
        market=market,
        share=found.share,
        cost=found.cost,
        gain=whole(gain),
        probability=round(sure, CHANCE_DIGITS),
        pays=sure >= SURE and whole(gain) > 0,
        measured_on=found.measured_on,
    )
