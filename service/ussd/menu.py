"""The first screens: language, home with the remembered price, another price, more."""

from dataclasses import dataclass
from typing import ClassVar

from service.prices.book import Price
from service.ussd import alerts, card, entry, own, trips, waiting
from service.ussd.deeds import SetLanguage
from service.ussd.lines import about, demo_mark, pair_name, price_lines, sack_line
from service.ussd.lists import Pick, by_key, market_at, markets, products
from service.ussd.scene import MORE, Move, Place, Scene, looked_at, nav
from service.ussd.screens import Line, View, choice, line


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first dial of a number: the one question before the first price."""

    label: ClassVar[str] = "language"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return own.Language().title(scene)

    def show(self, _scene: Scene) -> View:
        return View(own.language_choices())

    def press(self, key: str, scene: Scene) -> Move | None:
        language = own.language_by_key(key)
        if language is None:
            return None
        caller = scene.caller._replace(language=language)
        return Move(another_price(), (SetLanguage(language),), caller, swap=True)


@dataclass(frozen=True, slots=True)
class Home:
    """The answer with no key pressed, and the way to everything else."""

    label: ClassVar[str] = "home"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        pair = scene.usual()
        return pair_name(scene.book.price(*pair, scene.today), scene) if pair else "Sugu"

    def show(self, scene: Scene) -> View:
        lines, answered = self._answer(scene)
        return View([*lines, *_choices(scene)], about=about(answered) if answered else None)

    def press(self, key: str, scene: Scene) -> Move | None:
        match key:
            case "1":
                return Move(another_price())
            case "2":
                return Move(trips.where_to(scene))
            case "3":
                return Move(waiting.when_to(scene))
            case "4":
                return Move(alerts.alerts_for(scene))
            case "7" if scene.caller.reporter:
                return Move(entry.begin())
            case "8" if scene.caller.reporter:
                return Move(card.Card())
            case _ if key == MORE:
                return Move(own.More())
            case _:
                return None

    def _answer(self, scene: Scene) -> tuple[list[Line], Price | None]:
        pair = scene.usual()
        if pair is None:
            return [line(scene.say("ussd.hello", "Sugu : prix des foires"))], None
        price = scene.book.price(*pair, scene.today)
        return price_lines(price, scene), price


def _choices(scene: Scene) -> list[Line]:
    """Five at most: a reporter finds 4 on the card behind 8."""
    say = scene.say
    found = [
        choice("1", _other_prices(scene), say("ussd.price", "Prix"), yields=18),
        choice("2", say("ussd.where", "Où vendre")),
        choice(
            "3",
            say("ussd.when", "Vendre ou attendre"),
            say("ussd.when_short", "Attendre ?"),
            yields=15,
        ),
    ]
    if scene.caller.reporter:
        found += entry.home_choices(scene)
    else:
        found.append(alerts.home_choice(scene))
    return [*found, choice(MORE, say("ussd.more", "Plus"))]


def _other_prices(scene: Scene) -> str:
    if scene.usual():
        return scene.say("ussd.another_price", "Autre prix")
    return scene.say("ussd.a_price", "Prix d'un produit")


def another_price() -> Place:
    return products(_price_of)


def _price_of(product: str, scene: Scene) -> Move:
    """The price at the caller's usual market, or the list of markets when none is known."""
    known = scene.caller.market in scene.book.catalog.markets
    market = scene.caller.market if known else scene.home_market()
    if market is None:
        return Move(_markets_of(product))
    return _at(product, market, scene)


def _markets_of(product: str) -> Pick:
    return markets(lambda market, scene: _at(product, market, scene))


def _at(product: str, market: str, scene: Scene) -> Move:
    effects, caller = looked_at(scene, (product, market))
    return Move(PriceAt(product, market), effects, caller)


@dataclass(frozen=True, slots=True)
class PriceAt:
    """One price. The number of another market shows the same product there."""

    product: str
    market: str
    label: ClassVar[str] = "price"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return pair_name(self._price(scene), scene)

    def show(self, scene: Scene) -> View:
        price = self._price(scene)
        others = nav(scene, more=scene.say("ussd.other_markets", "Autre marché"))
        told = [*price_lines(price, scene), sack_line(price, scene)]
        return View([*told, demo_mark(scene), others], about=about(price))

    def press(self, key: str, scene: Scene) -> Move | None:
        if key == MORE:
            return Move(_markets_of(self.product))
        market = by_key(key, market_at, scene)
        return _at(self.product, market, scene) if market else None

    def _price(self, scene: Scene) -> Price:
        return scene.book.price(self.product, self.market, scene.today)


@dataclass(frozen=True, slots=True)
class Continue:
    """A session dropped a few minutes ago: its place again, or from the start.

    The remembered price stays in sight, so that whoever only wants that still presses nothing.
    """

    what: str
    label: ClassVar[str] = "continue"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return Home().title(scene)

    def show(self, scene: Scene) -> View:
        say = scene.say
        pair = scene.usual()
        price = scene.book.price(*pair, scene.today) if pair else None
        # NOTE: max 60 septets; {place} is the title of the screen where the line dropped
        resume = say("ussd.resume", "Continuer : {place}", place=self.what)
        short = say("ussd.resume_short", "Continuer")
        lines = [
            *(price_lines(price, scene) if price else ()),
            choice("1", resume, short),
            choice("2", say("ussd.restart", "Recommencer")),
        ]
        return View(lines, about=about(price) if price else None)

    def press(self, _key: str, _scene: Scene) -> Move | None:
        return None
