"""A turn: from the keys pressed so far to the screen and what it asks to be done.

Pure. The same opening and keys give the same screen on any machine, however often the carrier
repeats, drops or reorders a turn; nothing about a place is stored, it is walked to again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from service.ussd.caller import Opening, Profile, Resume
from service.ussd.deeds import Deed
from service.ussd.menu import Continue, Home, Welcome
from service.ussd.scene import BACK, HOME, Move, Place, Scene
from service.ussd.screens import Line, Screen, View, lay, line

MOST_KEYS = 120
"""Keys replayed: a carrier ends a session after three minutes, long before so many."""
LONGEST_KEY = 12
"""Digits of one entry that are read; more is no amount of money."""
LONGEST_WAY = 40
"""Keys of a place worth offering again; a longer way is somebody lost, or playing."""
ALIASES = {"98": BACK, "99": HOME}
"""What other services in the region use for back and home."""
DONE = frozenset(
    {"help", "copy", "dispute", "village", "stop", "start", "alert_on", "alert_off", "sent"}
)
ANSWERS = frozenset(
    {"home", "price", "where", "where_details", "shelling", "when", "when_why", "card", "more"}
)
FINISHED = DONE | ANSWERS
"""Screens after which there is nothing left to continue: something was done, or told; only a
question left open is worth taking up again."""


class Spot(NamedTuple):
    """Where a walk stands: the places below home, who is calling, what was asked to be done.

    `keys` is how many were pressed. `since` is a short way back here: the keys since home that
    meant something, and who pressed the first. `offer` is a dropped session not yet taken up or
    declined; `wrong` whether the last key meant nothing; `left` whether the caller has gone by the
    menu. A tuple, since one is made at each key.
    """

    caller: Profile
    since: Resume
    keys: int = 0
    stack: tuple[Place, ...] = ()
    deeds: tuple[Deed, ...] = ()
    offer: Resume | None = None
    wrong: bool = False
    left: bool = False


class Sight(NamedTuple):
    """All that a screen depends on, its scene apart: equal sights look the same."""

    place: Place
    caller: Profile
    wrong: bool
    left: bool


def keys_of(text: str) -> tuple[str, ...]:
    """The keys of a carrier's text (`1*2*300`); empty entries and a closing # are nothing."""
    entries = (each.strip(" #\t\r\n") for each in text.split("*"))
    return tuple(each for each in entries if each)


def screen_of(opening: Opening, keys: Sequence[str], scene: Scene) -> Screen:
    """The screen after `keys`. The scene's caller is set from the opening."""
    spot = walk(opening, keys, scene)
    return shown(sight(spot, scene), scene, asked(opening, spot))


def shown(seen: Sight, scene: Scene, deeds: tuple[Deed, ...] = ()) -> Screen:
    """The finished screen of a sight."""
    here = scene.of(seen.caller)
    view = _goodbye(here) if seen.left else seen.place.show(here)
    lines = [*_note(seen.wrong, here), *view.lines]
    label = "bye" if seen.left else seen.place.label
    return Screen(lay(lines, scene.tier), label, view.ends, deeds, view.about, here.lang)


def sight(spot: Spot, scene: Scene) -> Sight:
    return Sight(_place(spot, scene), spot.caller, spot.wrong, spot.left)


def asked(opening: Opening, spot: Spot) -> tuple[Deed, ...]:
    """What this walk asks to be done.

    A printed code begins with the keys of home, and its first one only happens to name a
    language to a stranger: spoken now, but asked for properly on the next plain dial.
    """
    if not opening.dialled or opening.profile.language is not None:
        return spot.deeds
    return tuple(each for each in spot.deeds if not each.action.startswith("0:SetLanguage"))


def place_of(opening: Opening, keys: Sequence[str], scene: Scene) -> Resume | None:
    """Where a session that ends here could be taken up again; None when there is nothing to."""
    spot = walk(opening, keys, scene)
    if spot.left or spot.offer or not spot.stack or spot.stack[-1].label in FINISHED:
        return None
    return spot.since if len(spot.since.path) <= LONGEST_WAY else None


def walk(opening: Opening, keys: Sequence[str], scene: Scene) -> Spot:
    spot = Spot(opening.profile, Resume(opening.profile), offer=opening.resume)
    for key in keys:
        spot = step(opening, spot, key, scene)
    return spot


def step(opening: Opening, spot: Spot, key: str, scene: Scene) -> Spot:
    """One key further; a whole walk is nothing but this, key by key."""
    at = spot.keys
    if spot.left or at >= MOST_KEYS:
        return spot
    if spot.wrong and at < opening.dialled:  # a wrong code: its tail is not guessed at
        return spot._replace(keys=at + 1)
    return _press(spot, key, scene)


def _press(spot: Spot, key: str, scene: Scene) -> Spot:
    keys = spot.keys + 1
    if spot.offer is not None:
        return _take_up(spot, spot.offer, key, scene)
    place = spot.stack[-1] if spot.stack else _root(spot.caller)
    match key if place.numeric else ALIASES.get(key, key):
        case "0":
            left, stack = not spot.stack, spot.stack[:-1]
            since = _further(spot.since, key) if stack else Resume(spot.caller)
            return spot._replace(since=since, keys=keys, stack=stack, wrong=False, left=left)
        case "00":
            return spot._replace(since=Resume(spot.caller), keys=keys, stack=(), wrong=False)
        case pressed:
            readable = pressed.isascii() and pressed.isdecimal() and len(pressed) <= LONGEST_KEY
            move = place.press(pressed, scene.of(spot.caller)) if readable else None
            return _moved(spot, move, key) if move else spot._replace(keys=keys, wrong=True)


def _further(since: Resume, key: str) -> Resume:
    return Resume(since.profile, (*since.path, key))


def _moved(spot: Spot, move: Move, key: str) -> Spot:
    deeds = [Deed(f"{spot.keys}:{type(effect).__name__}", effect) for effect in move.effects]
    caller = move.caller or spot.caller
    below = spot.stack[:-1] if move.swap else spot.stack
    return Spot(
        caller,
        _further(spot.since, key) if move.place else Resume(caller),
        spot.keys + 1,
        (*below, move.place) if move.place else (),
        (*spot.deeds, *deeds) if deeds else spot.deeds,
    )


def _take_up(spot: Spot, offer: Resume, key: str, scene: Scene) -> Spot:
    """Answer the offer to continue. What the dropped session did is not asked for again."""
    match ALIASES.get(key, key):
        case "1":
            taken = walk(Opening(offer.profile), offer.path, scene)
            return taken._replace(deeds=(), wrong=False, keys=spot.keys + 1)
        case "2" | "00":
            return spot._replace(offer=None, wrong=False, keys=spot.keys + 1)
        case "0":
            return spot._replace(left=True, keys=spot.keys + 1)
        case _:
            return spot._replace(wrong=True, keys=spot.keys + 1)


def _root(caller: Profile) -> Place:
    return Home() if caller.language else Welcome()


def _place(spot: Spot, scene: Scene) -> Place:
    if spot.offer is not None:
        return Continue(_title(spot.offer, scene))
    return spot.stack[-1] if spot.stack else _root(spot.caller)


def _title(offer: Resume, scene: Scene) -> str:
    """What the offer is called: the title of the place it leads to."""
    spot = walk(Opening(offer.profile), offer.path, scene)
    return _place(spot, scene).title(scene.of(spot.caller))


def _note(wrong: bool, scene: Scene) -> list[Line]:  # noqa: FBT001 (a fact of the sight)
    if not wrong:
        return []
    # NOTE: max 24 septets; above the same screen again
    return [line(scene.say("ussd.wrong_key", "Choix non valable"), yields=0)]


def _goodbye(scene: Scene) -> View:
    return View([line(scene.say("ussd.bye", "Merci. À bientôt."))], ends=True)
