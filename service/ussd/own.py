"""Behind 9: this price is wrong, a copy by SMS, my village, my language, help, stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from service.i18n import LANGS
from service.prices.book import Price
from service.ussd.deeds import Dispute, Restart, SendCopy, SetLanguage, SetVillage, StopAll
from service.ussd.lines import copy_text, demo_mark, pair_name
from service.ussd.lists import villages
from service.ussd.scene import MORE, Move, Scene, nav
from service.ussd.screens import CHOICES, Line, View, choice, line, named

LANGUAGE_NAMES = {"fr": "Français", "bm": "Bamanankan"}
"""Each language in its own words: whoever reads only that one must find it."""


@dataclass(frozen=True, slots=True)
class More:
    """What is needed seldom. Its numbers hold on both pages."""

    page: int = 0
    label: ClassVar[str] = "more"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.more", "Plus")

    def show(self, scene: Scene) -> View:
        say = scene.say
        everything = [
            choice("1", say("ussd.wrong_price", "Ce prix est faux")),
            choice("2", say("ussd.copy", "Copie par SMS")),
            choice("3", say("ussd.my_village", "Mon village")),
            choice("4", say("ussd.language", "Langue")),
            choice("5", say("ussd.help", "Aide")),
            choice("6", say("ussd.stop", "Arrêter les SMS")),
        ]
        first, rest = everything[:CHOICES], everything[CHOICES:]
        shown = rest if self.page else first
        return View([*shown, nav(scene, more="" if self.page else say("ussd.next", "Suite"))])

    def press(self, key: str, scene: Scene) -> Move | None:
        if key == MORE:
            return None if self.page else Move(More(1))
        lead = _LEADS.get(key)
        return lead(scene) if lead else None


@dataclass(frozen=True, slots=True)
class Said:
    """A short answer with the way back: what was done, or why nothing was."""

    label: str
    words: Callable[[Scene], str]
    short: Callable[[Scene], str] | None = None
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return named(self.words(scene), 24)[-1]

    def show(self, scene: Scene) -> View:
        forms = (self.words(scene), *((self.short(scene),) if self.short else ()))
        return View([line(*forms), demo_mark(scene), nav(scene)])

    def press(self, _key: str, _scene: Scene) -> Move | None:
        return None


# --- language ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Language:
    """The language again, for those who chose the wrong one at first."""

    label: ClassVar[str] = "language"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.language", "Langue")

    def show(self, scene: Scene) -> View:
        return View([*language_choices(), nav(scene)])

    def press(self, key: str, scene: Scene) -> Move | None:
        language = language_by_key(key)
        if language is None:
            return None
        caller = scene.caller._replace(language=language)
        return Move(None, (SetLanguage(language),), caller)


def language_choices() -> list[Line]:
    return [choice(str(at), LANGUAGE_NAMES[lang]) for at, lang in enumerate(LANGS, 1)]


def language_by_key(key: str) -> str | None:
    return next((lang for at, lang in enumerate(LANGS, 1) if key == str(at)), None)


# --- village ----------------------------------------------------------------------------------


def set_village(code: str, scene: Scene) -> tuple[tuple[SetVillage], Scene]:
    """The effect of choosing a village, and the scene in which it is known."""
    return (SetVillage(code),), scene.of(scene.caller._replace(village=code))


def _village(_: Scene) -> Move:
    return Move(villages(_moved_in))


def _moved_in(code: str, scene: Scene) -> Move:
    effects, after = set_village(code, scene)
    return Move(Said("village", _village_words), effects, after.caller, swap=True)


def _village_words(scene: Scene) -> str:
    card = scene.book.villages[scene.caller.village or ""]
    market = scene.home_market()
    if market is None:
        # NOTE: max 70 septets; a village without a usual market
        return scene.say("ussd.village_set", "Votre village : {village}", village=card.name)
    # NOTE: max 110 septets
    return scene.say(
        "ussd.village_and_market",
        "Votre village : {village}\nMarché : {market}",
        village=card.name,
        market=scene.market(market).name,
    )


# --- about the remembered price -----------------------------------------------------------------


def _remembered(scene: Scene) -> Price | None:
    pair = scene.usual()
    return scene.book.price(*pair, scene.today) if pair else None


def _wrong(scene: Scene) -> Move:
    price = _remembered(scene)
    if price is None or price.quote is None or not price.shown:
        return Move(Said("dispute", _nothing_to_dispute))
    quote = price.quote
    deed = Dispute(quote.product, quote.market, quote.fair_on)
    return Move(Said("dispute", _disputed, _disputed_short), (deed,))


def _nothing_to_dispute(scene: Scene) -> str:
    # NOTE: max 130 septets
    return scene.say(
        "ussd.nothing_wrong", "Il n'y a pas de prix affiché. Choisissez-en un d'abord."
    )


def _disputed(scene: Scene) -> str:
    price = _remembered(scene)
    name = pair_name(price, scene) if price else ""
    # NOTE: max 130 septets
    return scene.say(
        "ussd.disputed",
        "Merci. C'est noté : prix faux, {name}. Si d'autres le disent aussi, nous vérifions.",
        name=name,
    )


def _disputed_short(scene: Scene) -> str:
    # NOTE: max 130 septets
    return scene.say("ussd.disputed_short", "Merci. C'est noté. Nous vérifions ce prix.")


def _copy(scene: Scene) -> Move:
    price = _remembered(scene)
    if price is None:
        return Move(Said("copy", _nothing_to_dispute))
    return copied(scene, "home", copy_text(price, scene))


def copied(scene: Scene, screen: str, text: str) -> Move:
    """Send an answer by SMS, unless this phone asked for none."""
    if scene.caller.stopped:
        return Move(Stopped())
    return Move(Said("copy", _copied), (SendCopy(screen, text, scene.lang),))


def _copied(scene: Scene) -> str:
    # NOTE: max 130 septets; one copy of one screen a day
    return scene.say("ussd.copied", "Vous recevrez ce prix par SMS, gratuit. Une copie par jour.")


# --- help and stop ------------------------------------------------------------------------------


def _help(_: Scene) -> Move:
    return Move(Said("help", _help_words, _help_short))


def _help_words(scene: Scene) -> str:
    # NOTE: max 130 septets; the words in capitals are commands, never translated
    return scene.say(
        "ussd.help_text",
        "Prix des foires, gratuit : {code}\nPar SMS : PRIX ARACHIDE KITA\nPour arrêter : STOP",
        code=scene.code,
    )


def _help_short(scene: Scene) -> str:
    # NOTE: max 80 septets; the words in capitals are commands, never translated
    return scene.say("ussd.help_short", "Gratuit. SMS : PRIX ARACHIDE KITA, ou STOP")


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing more is sent; one key undoes it."""

    label: ClassVar[str] = "stop"
    numeric: ClassVar[bool] = False

    def title(self, scene: Scene) -> str:
        return scene.say("ussd.stop", "Arrêter les SMS")

    def show(self, scene: Scene) -> View:
        say = scene.say
        # NOTE: max 100 septets
        done = say(
            "ussd.stopped",
            "C'est arrêté : plus aucun SMS. Les prix restent au {code}",
            code=scene.code,
        )
        # NOTE: max 60 septets
        short = say("ussd.stopped_short", "C'est arrêté : plus aucun SMS.")
        return View(
            [line(done, short), choice("1", say("ussd.undo_stop", "Reprendre les SMS")), nav(scene)]
        )

    def press(self, key: str, scene: Scene) -> Move | None:
        if key != "1":
            return None
        caller = scene.caller._replace(stopped=False, consented=True)
        return Move(Said("start", _restarted), (Restart(),), caller, swap=True)


def _restarted(scene: Scene) -> str:
    # NOTE: max 130 septets
    return scene.say("ussd.restarted", "Les SMS reprennent. Pour arrêter : STOP")


def _stop(scene: Scene) -> Move:
    caller = scene.caller._replace(stopped=True, consented=False, alerts=())
    return Move(Stopped(), (StopAll(),), caller)


_LEADS: dict[str, Callable[[Scene], Move]] = {
    "1": _wrong,
    "2": _copy,
    "3": _village,
    "4": lambda _: Move(Language()),
    "5": _help,
    "6": _stop,
}
