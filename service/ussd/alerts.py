"""Alerts by SMS: each fair of the usual market, or once a price reaches what the caller wants.

Agreeing to receive is asked in so many words; a threshold lapses when the season ends.
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from service.i18n import short_date, weekday
from service.ussd.asks import ask_price
from service.ussd.caller import AlertCard
from service.ussd.deeds import DropAlert, SubscribeAlert
from service.ussd.lines import money
from service.ussd.lists import markets, products
from service.ussd.own import Said
from service.ussd.scene import Move, Place, Scene, looked_at, nav
from service.ussd.screens import Line, View, choice, line

SEASON_ENDS = (9, 30)
"""Last day of the marketing year (month, day): the next harvest starts a new one."""


def home_choice(scene: Scene) -> Line:
    return choice("4", scene.say("ussd.alerts", "Alertes"))


def season_end(today: date) -> date:
    """The last day of the season `today` is in."""
    end = date(today.year, *SEASON_ENDS)
    return end if today <= end else date(today.year + 1, *SEASON_ENDS)


def alerts_for(scene: Scene) -> Place:
    """The alerts of the usual price, or the first thing still to be asked."""
    pair = scene.usual()
    return Alerts(*pair) if pair else products(_product)


def _product(product: str, scene: Scene) -> Move:
    market = scene.home_market()
    if market is None:
        return Move(markets(lambda code, now: _chosen(product, code, now)), swap=True)
    return _chosen(product, market, scene)


def _chosen(product: str, market: str, scene: Scene) -> Move:
    effects, caller = looked_at(scene, (product, market))
    return Move(Alerts(product, market), effects, caller, swap=True)


@dataclass(frozen=True, slots=True)
class Alerts:
    """The two kinds of alert for one price, and the one in force."""

    product: str
    market: str
    label: ClassVar[str] = "alerts"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.alerts", "Alertes")

    def show(self, scene: Scene) -> View:
        say = scene.say
        card = scene.caller.alert(self.product, self.market)
        # NOTE: max 30 septets
        each_fair = choice("1", say("ussd.each_fair", "SMS à chaque foire"))
        # NOTE: max 30 septets
        reaches = choice("2", say("ussd.reaches", "SMS si le prix atteint..."))
        lines = [_heading(self.product, self.market, scene), *_in_force(card, scene)]
        # NOTE: max 30 septets
        drop = [choice("3", say("ussd.drop_alert", "Arrêter cette alerte"))] if card else []
        return View([*lines, each_fair, reaches, *drop, nav(scene)])

    def press(self, key: str, scene: Scene) -> Move | None:
        match key:
            case "1":
                return Move(Agree(self.product, self.market))
            case "2":
                return Move(ask_price("threshold", _threshold, self._wanted))
            case "3" if scene.caller.alert(self.product, self.market):
                return self._dropped(scene)
            case _:
                return None

    def _wanted(self, price: int, _: Scene) -> Move:
        return Move(Agree(self.product, self.market, price), swap=True)

    def _dropped(self, scene: Scene) -> Move:
        kept = _without(self.product, self.market, scene)
        caller = scene.caller._replace(alerts=kept)
        return Move(
            Said("alert_off", _off), (DropAlert(self.product, self.market),), caller, swap=True
        )


@dataclass(frozen=True, slots=True)
class Agree:
    """Consent in so many words: what will be sent, when, until when, at what cost."""

    product: str
    market: str
    at_least: int | None = None
    label: ClassVar[str] = "agree"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.alerts", "Alertes")

    def show(self, scene: Scene) -> View:
        say = scene.say
        yes, no = choice("1", say("ussd.yes", "Oui")), choice("2", say("ussd.no", "Non"))
        return View([*self._question(scene), yes, no, nav(scene)])

    def press(self, key: str, scene: Scene) -> Move | None:
        match key:
            case "1":
                return self._agreed(scene)
            case "2":
                return Move(None)
            case _:
                return None

    def _question(self, scene: Scene) -> list[Line]:
        heading = _heading(self.product, self.market, scene)
        if self.at_least is None:
            return [heading, line(_each_fair(self.market, scene))]
        until = short_date(season_end(scene.today))
        price = money(self.at_least, scene)
        # NOTE: max 70 septets
        asked = scene.say(
            "ussd.agree_price",
            "Un SMS gratuit dès {price}, jusqu'au {day} ?",
            price=price,
            day=until,
        )
        return [heading, line(asked)]

    def _agreed(self, scene: Scene) -> Move:
        product, market, at_least = self.product, self.market, self.at_least
        ends = season_end(scene.today) if at_least else None
        card = AlertCard(product, market, at_least)
        alerts = (*_without(product, market, scene), card)
        caller = scene.caller._replace(alerts=alerts, consented=True, stopped=False)
        deed = SubscribeAlert(product, market, at_least, ends)
        return Move(Said("alert_on", _on), (deed,), caller, swap=True)


def _heading(product: str, market: str, scene: Scene) -> Line:
    name, place = scene.product(product).name(scene.lang), scene.market(market).name
    return line(f"{name}, {place}", yields=3)


def _in_force(card: AlertCard | None, scene: Scene) -> list[Line]:
    if card is None:
        return []
    if card.at_least is None:
        # NOTE: max 34 septets; the alert the caller has now
        return [line(scene.say("ussd.has_each_fair", "Alerte : à chaque foire"))]
    price = money(card.at_least, scene)
    # NOTE: max 44 septets; the alert the caller has now
    return [line(scene.say("ussd.has_price", "Alerte : dès {price}", price=price))]


def _each_fair(market: str, scene: Scene) -> str:
    days = sorted(scene.market(market).fair_days)
    if len(days) != 1:
        # NOTE: max 70 septets
        return scene.say("ussd.agree_fairs", "Un SMS gratuit à chaque foire ?")
    # NOTE: max 70 septets; {day} as vendredi
    return scene.say(
        "ussd.agree_weekly",
        "Un SMS gratuit chaque {day} de foire ?",
        day=weekday(days[0], scene.lang),
    )


def _threshold(scene: Scene) -> str:
    # NOTE: max 120 septets; the caller types a price in F
    return scene.say(
        "ussd.what_threshold", "Vous prévenir à partir de quel prix ?\nTapez le prix en F"
    )


def _without(product: str, market: str, scene: Scene) -> tuple[AlertCard, ...]:
    return tuple(a for a in scene.caller.alerts if (a.product, a.market) != (product, market))


def _on(scene: Scene) -> str:
    # NOTE: max 130 septets
    return scene.say(
        "ussd.alert_on", "C'est noté. Pour arrêter : envoyez STOP, ou tapez 4 à l'accueil."
    )


def _off(scene: Scene) -> str:
    # NOTE: max 130 septets
    return scene.say("ussd.alert_off", "Cette alerte est arrêtée.")
