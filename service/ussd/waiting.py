"""Sell now or wait: what past seasons did, counted in years, with the caution of the product."""

from dataclasses import dataclass
from typing import ClassVar

from service.i18n import month
from service.prices.advice import Caution, Hold, When
from service.ussd.lines import demo_mark
from service.ussd.lists import markets, products
from service.ussd.scene import MORE, Move, Place, Scene, looked_at, nav
from service.ussd.screens import About, Line, View, line, named, optional

HOLDS = 3
"""Waiting times shown; more are not read."""
UNTOLD = "not_enough_history"
"""The verdict that advises nothing."""


def when_to(scene: Scene) -> Place:
    """The advice, or the first thing still to be asked before it: product, market."""
    pair = scene.usual()
    if pair is not None:
        return WhenTo(*pair)
    return products(_product)


def _product(product: str, scene: Scene) -> Move:
    market = scene.home_market()
    if market is None:
        return Move(markets(lambda code, now: _chosen(product, code, now)), swap=True)
    return _chosen(product, market, scene)


def _chosen(product: str, market: str, scene: Scene) -> Move:
    effects, caller = looked_at(scene, (product, market))
    return Move(WhenTo(product, market), effects, caller, swap=True)


@dataclass(frozen=True, slots=True)
class WhenTo:
    """In how many past years waiting paid, and the advice that follows."""

    product: str
    market: str
    label: ClassVar[str] = "when"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.when", "Vendre ou attendre")

    def show(self, scene: Scene) -> View:
        found = scene.book.when(self.product, self.market)
        about = About(self.product, self.market, found.verdict != UNTOLD)
        if found.verdict == UNTOLD:
            told = [self._heading(scene), _unknown(found, scene)]
            return View([*told, *_cautions(found, scene), nav(scene)], about=about)
        lines = [
            self._heading(scene),
            *_odds(found, scene),
            _verdict(found, scene),
            *_cautions(found, scene),
            demo_mark(scene),
            nav(scene, more=scene.say("ussd.why", "Pourquoi")),
        ]
        return View(lines, about=about)

    def press(self, key: str, scene: Scene) -> Move | None:
        found = scene.book.when(self.product, self.market)
        told = key == MORE and found.verdict != UNTOLD
        return Move(Why(self.product, self.market)) if told else None

    def _heading(self, scene: Scene) -> Line:
        names = named(scene.product(self.product).name(scene.lang), 20, 12)
        market = named(scene.market(self.market).name, 12)
        pairs = [f"{name}, {market[0]}" for name in names] + [f"{names[-1]}, {market[-1]}"]
        return line(*dict.fromkeys(pairs), yields=3)


@dataclass(frozen=True, slots=True)
class Why:
    """Where the odds come from: whose prices, over how long, what keeping is taken to cost."""

    product: str
    market: str
    label: ClassVar[str] = "when_why"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.why", "Pourquoi")

    def show(self, scene: Scene) -> View:
        found = scene.book.when(self.product, self.market)
        # NOTE: max 70 septets
        paid = scene.say(
            "ussd.paid_means", "« Payé » : gain plus grand que pertes, argent et magasin."
        )
        return View([*_season(found, scene), optional(paid, yields=30), nav(scene)])

    def press(self, _key: str, _scene: Scene) -> Move | None:
        return None


def _unknown(found: When, scene: Scene) -> Line:
    """Why there is no advice: no price now, no cost of keeping, or too few years."""
    say = scene.say
    if Caution.NO_PRICE in found.cautions:
        # NOTE: max 100 septets
        return line(say("ussd.no_price_now", "Pas de prix actuel : pas de conseil."))
    if Caution.STORAGE_COST_UNKNOWN in found.cautions:
        # NOTE: max 100 septets
        return line(say("ussd.no_storage_cost", "Coût de garde inconnu : pas de conseil."))
    # NOTE: max 100 septets
    full = say(
        "ussd.no_history",
        "Pas assez d'années de prix pour conseiller. Vendez selon vos besoins.",
    )
    return line(full, say("ussd.no_history_short", "Pas assez d'années de prix."))


def _odds(found: When, scene: Scene) -> list[Line]:
    """The longest waits give way first; one always stays."""
    holds = [each for each in found.holds if each.odds[1]][:HOLDS]
    return [_hold(each, at, scene) for at, each in enumerate(holds)]


def _hold(hold: Hold, at: int, scene: Scene) -> Line:
    paid, years = hold.odds
    values = {"months": hold.months, "paid": paid, "years": years}
    say = scene.say
    if paid <= 1:
        # NOTE: max 44 septets; in {paid} (0 or 1) of {years} past years waiting paid
        full = say("ussd.odds_one", "Garder {months} mois : payé {paid} an sur {years}", **values)
        # NOTE: max 32 septets
        short = say("ussd.odds_one_short", "{months} mois : payé {paid} an sur {years}", **values)
    else:
        # NOTE: max 44 septets; in {paid} of {years} past years waiting paid
        full = say("ussd.odds", "Garder {months} mois : payé {paid} ans sur {years}", **values)
        # NOTE: max 32 septets
        short = say("ussd.odds_short", "{months} mois : payé {paid} ans sur {years}", **values)
    return line(full, short, *([""] if at else []), yields=8 + at)


def _verdict(found: When, scene: Scene) -> Line:
    say = scene.say
    match found.verdict:
        case "hold_part":
            # NOTE: max 50 septets; never all at once
            full = say("ussd.thirds", "Vendez par tiers : un maintenant, deux plus tard")
            return line(full, say("ussd.thirds_short", "Vendez par tiers"), yields=7)
        case "sell":
            return line(_sell(found, scene), say("ussd.sell_short", "Vendez maintenant"), yields=7)
        case _:
            full = say("ussd.no_season", "Pas de saison claire : vendez selon vos besoins")
            return line(full, say("ussd.no_season_short", "Pas de saison claire"), yields=7)


def _sell(found: When, scene: Scene) -> str:
    """Why not to wait: a price already high, a wait that pays too little, or too seldom."""
    say, cautions = scene.say, found.cautions
    if Caution.HIGH_FOR_SEASON in cautions:
        # NOTE: max 46 septets
        return say("ussd.sell_high", "Prix haut cette saison : vendez")
    if Caution.LATE_IN_SEASON in cautions:
        # NOTE: max 46 septets; the dear months of the year have begun
        return say("ussd.sell_late", "La saison haute est déjà là : vendez")
    if Caution.THIN_MARGIN in cautions:
        # NOTE: max 46 septets; waiting paid, but hardly more than it costs
        return say("ussd.sell_thin", "Attendre a trop peu payé : vendez")
    # NOTE: max 46 septets
    return say("ussd.sell", "Attendre a trop rarement payé : vendez")


def _cautions(found: When, scene: Scene) -> list[Line]:
    """The caution of the product stays, in few words if need be; the food reserve if it fits."""
    say = scene.say
    said: list[Line] = []
    for caution in found.cautions:
        match caution:
            case Caution.AFLATOXIN:
                # NOTE: max 46 septets; groundnut kept damp turns poisonous (aflatoxin)
                full = say("ussd.keep_dry_long", "Gardez bien sec : humide, elle moisit")
                said.append(line(full, say("ussd.keep_dry", "Gardez bien sec"), yields=6))
            case Caution.FOOD_RESERVE:
                # NOTE: max 46 septets
                keep = say("ussd.reserve", "Ne vendez pas la réserve de la famille")
                said.append(optional(keep, yields=40))
            case _:
                pass  # the rest is for staff, or said with the verdict
    return said


def _season(found: When, scene: Scene) -> list[Line]:
    say, season = scene.say, found.season
    lines = []
    if season.clear and season.peak_month and season.low_month:
        high, low = month(season.peak_month, scene.lang), month(season.low_month, scene.lang)
        # NOTE: max 60 septets; months by name, what used to happen
        usual = say("ussd.season", "D'habitude : bas en {low}, haut en {high}", low=low, high=high)
        lines.append(line(usual, yields=3))
    source = named(season.source or "", 40, 20)
    # NOTE: max 70 septets; {years} past years, {source} who surveyed the prices
    told = [
        say(
            "ussd.source",
            "Compté sur {years} ans. Source : {source}",
            years=season.years,
            source=each,
        )
        for each in source
    ]
    return [*lines, line(*told, yields=4)]
