"""A reporter's own card: the month's work beside the others', and the habits that were learnt."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from service.i18n import short_date
from service.ussd.alerts import alerts_for
from service.ussd.caller import ReporterCard
from service.ussd.scene import Move, Scene, nav
from service.ussd.screens import Line, View, choice, line, named

LISTED = 3
"""Usual units named one by one; a fourth would not be read."""


@dataclass(frozen=True, slots=True)
class Card:
    """This month's work, for the eyes of the reporter alone."""

    label: ClassVar[str] = "card"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.my_card", "Ma fiche")

    def show(self, scene: Scene) -> View:
        card, say = scene.caller.reporter, scene.say
        if card is None:
            return View([nav(scene)])
        choices = [choice("4", say("ussd.alerts", "Alertes"))]
        if card.has_habits:
            choices.append(choice("5", say("ussd.habits", "Habitudes")))
        return View([*_month(card, scene), *choices, nav(scene)])

    def press(self, key: str, scene: Scene) -> Move | None:
        card = scene.caller.reporter
        match key:
            case "4":
                return Move(alerts_for(scene))
            case "5" if card and card.has_habits:
                return Move(Habits())
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Habits:
    """What Sugu takes for granted when a message leaves it out; a word always wins."""

    label: ClassVar[str] = "habits"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.habits", "Habitudes")

    def show(self, scene: Scene) -> View:
        card = scene.caller.reporter
        # NOTE: max 60 septets; what is written in the message goes before any habit
        wins = scene.say("ussd.habit_wins", "Si vous l'écrivez, c'est l'écrit qui compte.")
        told = list(_habits(card, scene)) if card else []
        return View([*told, line(wins, "", yields=20), nav(scene)])

    def press(self, _key: str, _scene: Scene) -> Move | None:
        return None


def _month(card: ReporterCard, scene: Scene) -> Iterator[Line]:
    known = scene.book.catalog.markets
    places = ", ".join(scene.market(each).name for each in card.markets if each in known)
    yield line(*(", ".join(filter(None, (n, places))) for n in named(card.name, 24, 14)))
    # NOTE: max 40 septets; what this reporter sent since the first of the month
    yield line(
        scene.say(
            "ussd.this_month",
            "Ce mois : {reports} prix, {fairs} foires",
            reports=card.reports,
            fairs=card.fairs,
        )
    )
    if card.fairs:
        # NOTE: max 36 septets; of the fairs just counted: in time, and complete as well
        done = scene.say(
            "ussd.on_time",
            "À l'heure : {on_time}, complètes : {earned}",
            on_time=card.on_time,
            earned=card.earned,
        )
        yield line(done, "", yields=5)
    yield from _distance(card, scene)
    if card.last_on:
        # NOTE: max 30 septets
        last = scene.say("ussd.last_sent", "Dernier envoi : {day}", day=short_date(card.last_on))
        yield line(last, "", yields=20)


def _distance(card: ReporterCard, scene: Scene) -> Iterator[Line]:
    if card.apart is None:
        return
    # NOTE: max 34 septets; the usual distance to what the other reporters say
    apart = scene.say("ussd.apart", "Écart avec les autres : {share} %", share=card.apart)
    yield line(apart, "", yields=10)


def _habits(card: ReporterCard, scene: Scene) -> Iterator[Line]:
    if card.dorome:
        # NOTE: max 40 septets; how a number without a word for money is counted
        yield line(scene.say("ussd.habit_dorome", "Nombre seul : en dorome"))
    catalog = scene.book.catalog
    if forms := [catalog.products[each] for each in card.forms if each in catalog.products]:
        names = ", ".join(each.name(scene.lang) for each in forms[:LISTED])
        # NOTE: max 34 septets; the form meant when neither shell nor kernel is said
        told = scene.say("ussd.habit_form", "Sans forme : {names}", names=names)
        yield line(told, told.replace(names, named(names, 20)[-1]), yields=6)
    if units := _units(card, scene):
        # NOTE: max 34 septets; {units} as "mais sac, mil sac"
        told = scene.say("ussd.habit_unit", "Sans mesure : {units}", units=units)
        yield line(told, told.replace(units, named(units, 24)[-1]), yields=8)


def _units(card: ReporterCard, scene: Scene) -> str:
    """`mais sac, mil sac`: the measure meant when none is said."""
    catalog = scene.book.catalog
    known = [
        (catalog.products[product], catalog.units[unit])
        for product, unit in card.units
        if product in catalog.products and unit in catalog.units
    ]
    return ", ".join(f"{p.name(scene.lang)} {u.name(scene.lang)}" for p, u in known[:LISTED])
