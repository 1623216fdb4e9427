"""What fits on a basic phone: lines that give way in order, never a price cut in two.

A screen is at most 160 septets with the carrier's prefix. Navigation and choices are counted
first; the lines above them come in several wordings, fullest first, and give way one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.encoding import Tier, fit, septets, to_gsm
from service.ussd.deeds import Deed

WIRE = 160
"""Septets some gateways cut a USSD screen at (`gateways.md` 3), prefix counted."""
PREFIX = 4
"""Septets of `CON ` or `END `."""
ROOM = WIRE - PREFIX
CHOICES = 5
"""Most choices on a screen, navigation apart: longer lists are not read (`stack.md` 4)."""

LAST = 99
"""`yields` of a line that is there only in room nobody else wants."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line in its wordings, fullest first; an empty wording leaves it out.

    When a screen is too long, the lines with the highest `yields` get the shortest wordings.
    """

    forms: tuple[str, ...]
    yields: int = 1


@dataclass(frozen=True, slots=True)
class About:
    """What a screen answered, for counting use and unanswered questions."""

    product: str = ""
    market: str = ""
    answered: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """What a place wants to show, before it is fitted."""

    lines: Sequence[Line]
    ends: bool = False
    about: About | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """A finished screen: GSM-7 text without prefix, and what its path asks to be done."""

    text: str
    label: str
    ends: bool = False
    deeds: tuple[Deed, ...] = ()
    about: About | None = None
    language: str = "fr"


def line(*forms: str, yields: int = 1) -> Line:
    return Line(forms, yields)


def optional(*forms: str, yields: int = LAST) -> Line:
    """A line that is left out rather than crowd the others."""
    return Line((*forms, ""), yields)


def choice(key: str, *forms: str, yields: int = 2) -> Line:
    """A choice and its digits. It may be worded shorter, never left out."""
    return Line(tuple(f"{key} {form}" for form in forms), yields)


def clip(name: str, width: int) -> str:
    """A name cut to at most `width` characters, with a full stop where it was cut."""
    return name if len(name) <= width else name[: width - 1].rstrip(" ,-") + "."


def named(name: str, *widths: int) -> tuple[str, ...]:
    """A name in full, then clipped to each width that shortens it."""
    return tuple(dict.fromkeys((name, *(clip(name, width) for width in widths))))


def width(text: str, tier: Tier = Tier.ACCENTED) -> int:
    """Septets on the wire."""
    return septets(to_gsm(text, tier))


def lay(lines: Sequence[Line], tier: Tier = Tier.ACCENTED, room: int = ROOM) -> str:
    """The fullest wording of the lines that fits `room` septets, folded for the wire.

    If even the shortest wordings are too long the end is cut at a space: a last guard for
    names nobody has tested, since a screen is answered whatever happens.
    """
    said = [each.forms[0] for each in lines]
    if not _fits(said, tier, room):
        said = _fitted(lines, tier, room)
    return fit(_joined(said), room, tier)


def _fitted(lines: Sequence[Line], tier: Tier, room: int) -> list[str]:
    """From the shortest wordings up, what matters most first: lines that had been left out,
    then fuller wordings, and the dispensable lines in what room remains."""
    said = [each.forms[-1] for each in lines]
    order = sorted(range(len(lines)), key=lambda at: lines[at].yields)
    for at in (at for at in order if lines[at].yields < LAST and not said[at]):
        _take(said, at, reversed(lines[at].forms), tier, room)
    for at in (at for at in order if lines[at].yields < LAST and said[at]):
        _take(said, at, lines[at].forms, tier, room)
    for at in (at for at in order if lines[at].yields >= LAST):
        _take(said, at, lines[at].forms, tier, room)
    return said


def _take(said: list[str], at: int, forms: Iterable[str], tier: Tier, room: int) -> None:
    """The first of the wordings that fits, else what was there."""
    before = said[at]
    for form in (form for form in forms if form):
        said[at] = form
        if _fits(said, tier, room):
            return
    said[at] = before


def _fits(said: Sequence[str], tier: Tier, room: int) -> bool:
    return width(_joined(said), tier) <= room


def _joined(said: Sequence[str]) -> str:
    return "\n".join(each for each in said if each)


def pages(
    items: Sequence[Line], room: int, tier: Tier = Tier.ACCENTED, most: int = CHOICES
) -> list[list[Line]]:
    """Choices shared out over pages of at most `most`, each within `room` septets."""
    shared: list[list[Line]] = [[]]
    left = room
    for item in items:
        cost = width(item.forms[0], tier) + 1  # the line break before it
        if shared[-1] and (len(shared[-1]) == most or cost > left):
            shared.append([])
            left = room
        shared[-1].append(item)
        left -= cost
    return shared
