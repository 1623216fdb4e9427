"""Screens shown lately. A turn is a pure function: what it gave once, it gives again.

One caller's first screen is most callers' first screen, and a busy hour asks for the same few
hundred. An album holds for one scene (a book, a day, an alphabet) and is forgotten with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from service.api.tally import Asked, Unanswered, asked, unanswered
from service.ussd import dialects
from service.ussd.caller import Opening
from service.ussd.scene import Scene
from service.ussd.walk import Sight, Spot, keys_of, shown, sight, step, walk

SCREENS = 8_000
"""Screens remembered by one process: about 10 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A finished screen as the carrier reads it, and what is counted when it is shown."""

    answer: str
    label: str
    ends: bool
    language: str
    asked: Asked
    unanswered: Unanswered | None


class Trail(NamedTuple):
    """How far a session has walked in an album, so that the next key is one step and no walk."""

    album: "Album"
    text: str
    spot: Spot
    page: Page


class Album:
    """The screens of one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._pages: dict[Sight, Page] = {}

    def follow(self, opening: Opening, text: str, before: Trail | None = None) -> Trail:
        """The walk of `text`: one step further than `before` where it can be, else from the
        opening again."""
        if before is not None and before.album is self and (more := _further(before.text, text)):
            spot = self._on(opening, before.spot, keys_of(more))
        else:
            spot = walk(opening, keys_of(text), self.scene)
        return Trail(self, text, spot, self.page(sight(spot, self.scene)))

    def page(self, seen: Sight) -> Page:
        found = self._pages.get(seen)
        if found is None:
            if len(self._pages) >= SCREENS:
                self._pages.clear()  # painting the popular ones again is soon done
            found = self._pages[seen] = _page(seen, self.scene)
        return found

    def _on(self, opening: Opening, spot: Spot, keys: Iterable[str]) -> Spot:
        for key in keys:
            spot = step(opening, spot, key, self.scene)
        return spot


def _further(before: str, text: str) -> str:
    """What was typed after `before`; nothing when `text` does not go on from there."""
    if not before:
        return text
    return text[len(before) :] if text.startswith(f"{before}*") else ""


def _page(seen: Sight, scene: Scene) -> Page:
    screen, day = shown(seen, scene), scene.today
    return Page(
        dialects.of(screen, scene.tier),
        screen.label,
        screen.ends,
        screen.language,
        asked(screen, seen.caller, day),
        unanswered(screen, seen.caller, day),
    )
