"""Screens shown lately. A turn is a pure function: what it gave once, it gives again.

One caller's first screen is most callers' first screen, and a busy hour asks for the same few
hundred. Everything here holds for one book and one day, and is forgotten with them.
"""

from dataclasses import dataclass
from datetime import date

from service.api.tally import Asked, Unanswered, asked, unanswered
from service.encoding import Tier
from service.prices.book import Book
from service.ussd import dialects
from service.ussd.caller import Opening
from service.ussd.scene import Scene
from service.ussd.screens import Screen
from service.ussd.walk import keys_of, screen_of

SCREENS = 20_000
"""Screens remembered by one process: about 30 MB."""

Key = tuple[Opening, str, Tier]


@dataclass(frozen=True, slots=True)
class Shown:
    """A finished screen as the carrier reads it, and what is counted when it is shown."""

    screen: Screen
    answer: str
    asked: Asked
    unanswered: Unanswered | None


class Album:
    """The screens of one process."""

    def __init__(self) -> None:
        self._book: Book | None = None
        self._day: date | None = None
        self._shown: dict[Key, Shown] = {}

    def shown(self, opening: Opening, text: str, scene: Scene) -> Shown:
        """The screen after `text`, in a scene whose caller is the opening's."""
        if scene.book is not self._book or scene.today != self._day:
            self._book, self._day, self._shown = scene.book, scene.today, {}
        key = opening, text, scene.tier
        found = self._shown.get(key)
        if found is None:
            if len(self._shown) >= SCREENS:
                self._shown.clear()  # painting the popular ones again is soon done
            found = self._shown[key] = _show(opening, text, scene)
        return found


def _show(opening: Opening, text: str, scene: Scene) -> Shown:
    screen = screen_of(opening, keys_of(text), scene)
    profile, day = opening.profile, scene.today
    return Shown(
        screen,
        dialects.of(screen, scene.tier),
        asked(screen, profile, day),
        unanswered(screen, profile, day),
    )
