"""A turn: from the keys pressed so far to the screen and what it asks to be done.

Pure. The same opening and keys give the same screen on any machine, however often the carrier
repeats, drops or reorders a turn; nothing about a place is stored, it is walked to again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a walk stands: the places below home, who is calling, what was asked to be done.

    `since` is a short way back here: the keys since home that meant something, and who pressed
    the first. `offer` is a dropped session not yet taken up or declined; `wrong` whether the last
    key meant nothing; `left` whether the caller has gone by the menu.
    """

    caller: Profile
    since: Resume
    stack: tuple[Place, ...] = ()
    deeds: tuple[Deed, ...] = ()
    offer: Resume | None = None
    wrong: bool = False
    left: bool = False


def keys_of(text: str) -> tuple[str, ...]:
    """The keys of a carrier's text (`1*2*300`); empty entries and a closing # are nothing."""
    entries = (each.strip(" #\t\r\n") for each in text.split("*"))
    return tuple(each for each in entries if each)


def screen_of(opening: Opening, keys: Sequence[str], scene: Scene) -> Screen:
    """The screen after `keys`. The scene's caller is set from the opening."""
    spot = _walk(opening, keys, scene)
    here = replace(scene, caller=spot.caller)
    place = _place(spot, scene)
    view = _goodbye(here) if spot.left else place.show(here)
    lines = [*_note(spot, here), *view.lines]
    return Screen(
        lay(lines, scene.tier),
        "bye" if spot.left else place.label,
        view.ends,
        spot.deeds,
        view.about,
        here.lang,
    )


def place_of(opening: Opening, keys: Sequence[str], scene: Scene) -> Resume | None:
    """Where a session that ends here could be taken up again; None when there is nothing to."""
    spot = _walk(opening, keys, scene)
    if spot.left or spot.offer or not spot.stack or spot.stack[-1].label in FINISHED:
        return None
    return spot.since if len(spot.since.path) <= LONGEST_WAY else None


def _walk(opening: Opening, keys: Sequence[str], scene: Scene) -> Spot:
    spot = Spot(opening.profile, Resume(opening.profile), offer=opening.resume)
    for at, key in enumerate(keys[:MOST_KEYS]):
        if spot.left:
            break
        if spot.wrong and at < opening.dialled:
            continue  # a code dialled with a wrong key: its tail is not guessed at
        spot = _press(spot, key, at, scene)
    asked_anew = opening.dialled and opening.profile.language is None
    return _asked_anew(spot) if asked_anew else spot


def _asked_anew(spot: Spot) -> Spot:
    """A printed code begins with the keys of home, and its first one only happens to name a
    language to a stranger: spoken now, but asked for properly on the next plain dial."""
    deeds = tuple(each for each in spot.deeds if not each.action.startswith("0:SetLanguage"))
    return replace(spot, deeds=deeds)


def _press(spot: Spot, key: str, at: int, scene: Scene) -> Spot:
    if spot.offer is not None:
        return _take_up(spot, spot.offer, key, scene)
    place = spot.stack[-1] if spot.stack else _root(spot.caller)
    since = replace(spot.since, path=(*spot.since.path, key))
    match key if place.numeric else ALIASES.get(key, key):
        case "0":
            left, stack = not spot.stack, spot.stack[:-1]
            since = since if stack else Resume(spot.caller)
            return replace(spot, since=since, stack=stack, wrong=False, left=left)
        case "00":
            return replace(spot, since=Resume(spot.caller), stack=(), wrong=False)
        case pressed:
            readable = pressed.isascii() and pressed.isdecimal() and len(pressed) <= LONGEST_KEY
            move = place.press(pressed, replace(scene, caller=spot.caller)) if readable else None
            return (
                _moved(replace(spot, since=since), move, at) if move else replace(spot, wrong=True)
            )


def _moved(spot: Spot, move: Move, at: int) -> Spot:
    deeds = (Deed(f"{at}:{type(effect).__name__}", effect) for effect in move.effects)
    below = spot.stack[:-1] if move.swap else spot.stack
    caller = move.caller or spot.caller
    return replace(
        spot,
        caller=caller,
        since=spot.since if move.place else Resume(caller),
        stack=(*below, move.place) if move.place else (),
        deeds=(*spot.deeds, *deeds),
        wrong=False,
    )


def _take_up(spot: Spot, offer: Resume, key: str, scene: Scene) -> Spot:
    """Answer the offer to continue. What the dropped session did is not asked for again."""
    match ALIASES.get(key, key):
        case "1":
            return replace(_walk(Opening(offer.profile), offer.path, scene), deeds=(), wrong=False)
        case "2" | "00":
            return replace(spot, offer=None, wrong=False)
        case "0":
            return replace(spot, left=True)
        case _:
            return replace(spot, wrong=True)


def _root(caller: Profile) -> Place:
    return Home() if caller.language else Welcome()


def _place(spot: Spot, scene: Scene) -> Place:
    if spot.offer is not None:
        return Continue(_title(spot.offer, scene))
    return spot.stack[-1] if spot.stack else _root(spot.caller)


def _title(offer: Resume, scene: Scene) -> str:
    """What the offer is called: the title of the place it leads to."""
    spot = _walk(Opening(offer.profile), offer.path, scene)
    return _place(spot, scene).title(replace(scene, caller=spot.caller))


def _note(spot: Spot, scene: Scene) -> list[Line]:
    if not spot.wrong:
        return []
    # NOTE: max 24 septets; above the same screen again
    return [line(scene.say("ussd.wrong_key", "Choix non valable"), yields=0)]


def _goodbye(scene: Scene) -> View:
    return View([line(scene.say("ussd.bye", "Merci. À bientôt."))], ends=True)
