"""Lists to choose from: products, markets, villages. A number once given never moves.

What the choice is for comes with the list (`then`), so that one list serves every subject.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar

from service.encoding import Tier
from service.ussd.scene import MORE, Move, Scene, key_of, nav
from service.ussd.screens import ROOM, Line, View, choice, line, named, pages, width

Entry = tuple[int, str, str]
"""(stable number, code, name)."""
Then = Callable[[str, Scene], Move]
"""Where the code that was chosen leads."""

AtKey = Callable[[int, Scene], str | None]
"""The code with a stable number."""

NAME = 24
"""Characters of a name in a list: about one line of a small handset."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A question answered by a number of the list, from whatever page. Lists that look the same
    are equal, wherever they lead."""

    label: str
    ask: Callable[[Scene], str]
    entries: Callable[[Scene], list[Entry]]
    at_key: AtKey = field(compare=False)
    then: Then = field(compare=False)
    page: int = 0
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return self.ask(scene)

    def show(self, scene: Scene) -> View:
        shared = self._pages(scene)
        at = min(self.page, len(shared) - 1)
        more = scene.say("ussd.next", "Suite") if at + 1 < len(shared) else ""
        if not shared[at]:
            # NOTE: max 60 septets; nothing to choose from has been entered yet
            none = scene.say("ussd.nothing_listed", "La liste est encore vide.")
            return View([line(self.ask(scene), yields=0), line(none), nav(scene)])
        return View([line(self.ask(scene), yields=0), *shared[at], nav(scene, more=more)])

    def press(self, key: str, scene: Scene) -> Move | None:
        if key == MORE:
            more = self.page + 1 < len(self._pages(scene))
            return Move(replace(self, page=self.page + 1)) if more else None
        code = by_key(key, self.at_key, scene)
        return self.then(code, scene) if code else None

    def _pages(self, scene: Scene) -> list[list[Line]]:
        """The choices shared out; every page has room for the longest line of navigation."""
        full = nav(scene, more=scene.say("ussd.next", "Suite")).forms[0]
        taken = width(self.ask(scene), scene.tier) + 1 + width(full, scene.tier)
        return _shared_out(tuple(self.entries(scene)), ROOM - taken, scene.tier)


@lru_cache(maxsize=256)
def _shared_out(entries: tuple[Entry, ...], room: int, tier: Tier) -> list[list[Line]]:
    """The same list is the same pages for everyone who reads its language."""
    return pages([_item(number, name) for number, _, name in entries], room, tier)


def products(then: Then) -> Pick:
    return Pick("products", _which_product, _products, _product_at, then)


def markets(then: Then) -> Pick:
    return Pick("markets", _which_market, market_entries, market_at, then)


def villages(then: Then) -> Pick:
    return Pick("villages", _which_village, village_entries, _village_at, then)


def by_key(key: str, at_key: AtKey, scene: Scene) -> str | None:
    """The code whose stable number was pressed."""
    pressed = int(key) if key.isdecimal() else -1
    return at_key(pressed, scene) if key_of(pressed) == key else None


def market_at(number: int, scene: Scene) -> str | None:
    return scene.book.at_key("market", number)


def _product_at(number: int, scene: Scene) -> str | None:
    return scene.book.at_key("product", number)


def _village_at(number: int, scene: Scene) -> str | None:
    return scene.book.at_key("village", number)


def market_entries(scene: Scene) -> list[Entry]:
    return [(each.ussd_key, each.code, each.name) for each in scene.book.fairs()]


def village_entries(scene: Scene) -> list[Entry]:
    """Villages that have a number, in its order."""
    cards = scene.book.villages.values()
    return sorted((each.ussd_key, each.code, each.name) for each in cards if each.ussd_key)


def _products(scene: Scene) -> list[Entry]:
    return [(each.ussd_key, each.code, each.name(scene.lang)) for each in scene.book.sold()]


def _item(number: int, name: str) -> Line:
    return choice(key_of(number), *named(named(name, NAME)[-1], 14, 8), yields=4)


def _which_product(scene: Scene) -> str:
    return scene.say("ussd.which_product", "Quel produit ?")


def _which_market(scene: Scene) -> str:
    return scene.say("ussd.which_market", "Quel marché ?")


def _which_village(scene: Scene) -> str:
    return scene.say("ussd.which_village", "Votre village ?")
