"""Where to sell: the advice of `prices/advice.py`. Village and quantity are asked once."""

from dataclasses import dataclass, replace
from typing import ClassVar

from service.encoding import SMS_SEPTETS
from service.money import francs
from service.prices.advice import Where
from service.prices.shelling import Shelling
from service.ussd import nets
from service.ussd.asks import Ask, ask_kilos, ask_price
from service.ussd.deeds import SetKilos
from service.ussd.lines import demo_mark
from service.ussd.lists import products, villages
from service.ussd.own import copied, set_village
from service.ussd.scene import MORE, Move, Place, Scene, nav
from service.ussd.screens import About, Line, View, choice, lay, line, named, optional

BEST = 3
"""Markets listed: the three best nets."""


def where_to(scene: Scene) -> Place:
    """The advice, or the first thing still to be asked before it: product, village, kilos."""
    pair = scene.usual()
    if pair is None:
        return products(lambda product, now: Move(_for(product, now), swap=True))
    return _for(pair[0], scene)


def _for(product: str, scene: Scene) -> Place:
    if scene.caller.village not in scene.book.villages:
        return villages(lambda village, now: _at_village(product, village, now))
    if not scene.caller.kilos:
        return ask_kilos(lambda kilos, now: _with_kilos(product, kilos, now))
    return WhereTo(product)


def _at_village(product: str, village: str, scene: Scene) -> Move:
    effects, after = set_village(village, scene)
    return Move(_for(product, after), effects, after.caller, swap=True)


def _with_kilos(product: str, kilos: int, scene: Scene) -> Move:
    after = scene.of(scene.caller._replace(kilos=kilos))
    return Move(_for(product, after), (SetKilos(kilos),), after.caller, swap=True)


@dataclass(frozen=True, slots=True)
class WhereTo:
    """The best net prices for this village and quantity, the floor price and the advice.

    `home` is what buyers offer in the village, as typed by the caller (F/kg).
    """

    product: str
    home: int | None = None
    label: ClassVar[str] = "where"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.where", "Où vendre")

    def show(self, scene: Scene) -> View:
        found = self.advice(scene)
        more = nav(scene, more=scene.say("ussd.more", "Plus"))
        about = About(self.product, "", found is not None and bool(found.options))
        if found is None or not found.options:
            return View([self._heading(scene), nets.nothing(scene), more], about=about)
        listed = found.worthwhile[:BEST]
        lines = [
            self._heading(scene),
            *([nets.unit(listed, scene)] if listed else []),
            *(nets.net(each, at, scene) for at, each in enumerate(listed)),
            *nets.floor(found, scene),
            nets.verdict(found, scene),
            *nets.lot(found, scene),
            *(optional(each) for each in nets.break_even(found, scene)),
            demo_mark(scene),
            more,
        ]
        return View(lines, about=about)

    def press(self, key: str, scene: Scene) -> Move | None:
        if key == MORE:
            return Move(Details(self))
        return self.kilos().press(key, scene) if len(key) > 1 else None

    def kilos(self) -> Ask:
        """Other kilos, typed over the advice: `2*200` means the same when kilos are known."""
        return ask_kilos(lambda kilos, now: _with_kilos(self.product, kilos, now))

    def advice(self, scene: Scene) -> Where | None:
        caller = scene.caller
        village, kilos = caller.village or "", caller.kilos or 1
        return scene.book.where(self.product, village, kilos, scene.today, self.home)

    def _heading(self, scene: Scene) -> Line:
        name, kilos = scene.product(self.product).name(scene.lang), francs(scene.caller.kilos or 1)
        # NOTE: max 32 septets
        return line(
            *(
                scene.say("ussd.for_kilos", "{product}, {kilos} kg", product=each, kilos=kilos)
                for each in named(name, 20, 14)
            ),
            yields=3,
        )


@dataclass(frozen=True, slots=True)
class Details:
    """Behind the advice: how it is reckoned, and what the caller may change."""

    trip: WhereTo
    label: ClassVar[str] = "where_details"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return self.trip.title(scene)

    def show(self, scene: Scene) -> View:
        say = scene.say
        found = self.trip.advice(scene)
        return View(
            [
                *(nets.reckoning(found, scene) if found else ()),
                choice(
                    "1", say("ussd.change_kilos", "Changer les kilos"), say("ussd.kilos", "Kilos")
                ),
                choice(
                    "2", say("ussd.my_offer", "Mon prix au village"), say("ussd.offer", "Mon prix")
                ),
                choice("3", say("ussd.copy", "Copie par SMS")),
                *self._shell_choice(found, scene),
                nav(scene),
            ]
        )

    def press(self, key: str, scene: Scene) -> Move | None:
        product = self.trip.product
        match key:
            case "1":
                return Move(self.trip.kilos())
            case "2":
                return Move(ask_price("offer", _offer, self._offered))
            case "3":
                return copied(scene, f"where:{product}", self._copy(scene))
            case "4" if self._shelling(scene):
                return Move(Shelled(self.trip))
            case _:
                return None

    def _shell_choice(self, found: Where | None, scene: Scene) -> list[Line]:
        if found is None or found.shelling is None:
            return []
        # NOTE: max 24 septets; whether to shell before the sale
        return [choice("4", scene.say("ussd.shelling", "Décortiquer ?"))]

    def _shelling(self, scene: Scene) -> Shelling | None:
        found = self.trip.advice(scene)
        return found.shelling if found else None

    def _offered(self, price: int, _: Scene) -> Move:
        return Move(replace(self.trip, home=price), swap=True)

    def _copy(self, scene: Scene) -> str:
        """The advice without its navigation, as one SMS."""
        return lay(self.trip.show(scene).lines[:-1], scene.tier, SMS_SEPTETS)


@dataclass(frozen=True, slots=True)
class Shelled:
    """In the shell or as kernels, with the yield measured here."""

    trip: WhereTo
    label: ClassVar[str] = "shelling"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.shelling", "Décortiquer ?")

    def show(self, scene: Scene) -> View:
        found = self.trip.advice(scene)
        raw = scene.product(self.trip.product).name(scene.lang)
        told = nets.shelled(found.shelling, raw, scene) if found and found.shelling else []
        return View([*told, demo_mark(scene), nav(scene)])

    def press(self, _key: str, _scene: Scene) -> Move | None:
        return None


def _offer(scene: Scene) -> str:
    # NOTE: max 120 septets; the caller types what a buyer offers at the farm gate
    return scene.say("ussd.what_offer", "Combien offre l'acheteur au village, en F le kilo ?")
