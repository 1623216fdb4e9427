"""Questions answered with a number: kilos, a price. Asked once, then remembered or used."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from service.ussd.scene import Move, Scene, nav
from service.ussd.screens import View, line

KILOS = (1, 50_000)
"""From one kilo to a lorry: what one household or its group can take to a market."""
PRICE = (5, 10_000_000)
"""From the smallest coin to a herd, in F."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A number is typed here: 98 and 99 are amounts, not navigation."""

    label: str
    ask: Callable[[Scene], str]
    then: Callable[[int, Scene], Move] = field(compare=False)
    limits: tuple[int, int] = PRICE
    numeric: ClassVar[bool] = True

    def title(self, scene: Scene) -> str:
        return self.ask(scene).partition("\n")[0]

    def show(self, scene: Scene) -> View:
        return View([line(self.ask(scene)), nav(scene)])

    def press(self, key: str, scene: Scene) -> Move | None:
        low, high = self.limits
        within = len(key) <= len(str(high)) and low <= int(key) <= high
        return self.then(int(key), scene) if within else None


def ask_kilos(then: Callable[[int, Scene], Move]) -> Ask:
    return Ask("kilos", _kilos, then, KILOS)


def ask_price(label: str, ask: Callable[[Scene], str], then: Callable[[int, Scene], Move]) -> Ask:
    return Ask(label, ask, then, PRICE)


def _kilos(scene: Scene) -> str:
    # NOTE: max 120 septets; the caller types a number, as 200
    return scene.say("ussd.how_many_kilos", "Combien de kilos à vendre ?\nTapez le nombre, ex. 200")
