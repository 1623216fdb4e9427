"""The scene a place is shown in, and what pressing a key there leads to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from service.encoding import Tier
from service.i18n import SOURCE, Say, speaker
from service.prices.book import Book, Pair
from service.prices.catalog import Market, Product
from service.ussd.caller import Profile, looking
from service.ussd.deeds import Effect, Remember
from service.ussd.screens import Line, View

BACK, HOME, MORE = "0", "00", "9"
RESERVED = frozenset({0, 9, 98, 99})
"""Numbers that mean navigation on every screen."""


def key_of(number: int) -> str:
    """The digits of a stable number: itself, or with a leading zero where it would navigate."""
    return f"0{number}" if number in RESERVED else str(number)


@dataclass(frozen=True, slots=True)
class Scene:
    """What every screen is made from: the caller, the book, the day and the voices.

    `code` is the USSD code as printed; `tier` what letters the carrier lets through.
    """

    caller: Profile
    book: Book
    today: date
    voices: Callable[[str], Say] = speaker
    code: str = "*384*77#"
    tier: Tier = Tier.ACCENTED

    @property
    def lang(self) -> str:
        return self.caller.language or SOURCE

    @property
    def say(self) -> Say:
        return self.voices(self.lang)

    def of(self, caller: Profile | None) -> "Scene":
        """The same scene for another caller."""
        if caller is None or caller is self.caller:
            return self
        return Scene(caller, self.book, self.today, self.voices, self.code, self.tier)

    def product(self, code: str) -> Product:
        return self.book.catalog.products[code]

    def market(self, code: str) -> Market:
        return self.book.catalog.markets[code]

    def home_market(self) -> str | None:
        """The usual market of the caller's village, else the one a reporter reports from."""
        village, card = self.book.villages.get(self.caller.village or ""), self.caller.reporter
        near = (village.market if village else None, *(card.markets if card else ()))
        return next((each for each in near if each in self.book.catalog.markets), None)

    def usual(self) -> Pair | None:
        """The price this caller is answered with before any key: the one last looked at, else
        the first product with a price at the market of the village."""
        catalog = self.book.catalog
        market = self.caller.market if self.caller.market in catalog.markets else self.home_market()
        if market is None:
            return None
        if self.caller.product in catalog.products:
            return str(self.caller.product), market
        sold = (each.code for each in self.book.sold())
        shown = (code for code in sold if self.book.price(code, market, self.today).shown)
        first = next(shown, None)
        return (first, market) if first else None


class Move(NamedTuple):
    """Where a key leads, what it asks to be done, and the caller as known from now on.

    `0` comes back here, unless `swap`: the new place stands for the question just answered.
    Without a place the key leads home.
    """

    place: "Place | None"
    effects: tuple[Effect, ...] = ()
    caller: Profile | None = None
    swap: bool = False


class Place(Protocol):
    """A point of the tree. `label` is its static name in counts and in the carrier's statistics;
    `numeric` places read an amount, so that 98 and 99 are numbers there and not navigation."""

    @property
    def label(self) -> str: ...

    @property
    def numeric(self) -> bool: ...

    def title(self, scene: Scene, /) -> str:
        """A few words for "1 Continuer: ..."."""

    def show(self, scene: Scene, /) -> View: ...

    def press(self, key: str, scene: Scene, /) -> Move | None:
        """Where this key leads; None when it means nothing here."""


def nav(scene: Scene, *, more: str = "") -> Line:
    """The line of navigation, the same on every screen below home."""
    back = scene.say("ussd.back", "0 Retour 00 Accueil")
    return Line((f"{MORE} {more} {back}" if more else back,), 0)


def looked_at(scene: Scene, pair: Pair) -> tuple[tuple[Effect, ...], Profile]:
    """Remember a price just looked at, unless it already is the remembered one, or there was
    none: home would open on a price that does not exist."""
    caller = scene.caller
    known = (caller.product, caller.market) == pair
    if known or not scene.book.price(*pair, scene.today).shown:
        return (), caller
    return (Remember(*pair),), looking(caller, *pair)
