"""Screens: everything Sugu says, in both languages side by side, for those who review the words.

The USSD screens are walked as a caller would, from today's book, and nothing is done on the way.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from babel.messages.pofile import read_po
from fastapi import Response

from service import encoding
from service.api.console.desk import Reader, pages, show
from service.api.deps import Work
from service.i18n import (
    APPROVED,
    LANGS,
    SOURCE,
    Say,
    catalogues,
    on_one_line,
    reviews,
    speaker,
    translations,
)
from service.ussd.caller import Opening, Profile, ReporterCard
from service.ussd.scene import BACK, HOME, Scene
from service.ussd.screens import PREFIX, WIRE, Screen
from service.ussd.walk import keys_of, screen_of

router = pages()

DEEPEST = 4
"""Keys below home that are tried: deeper places are lists of places already seen."""
MOST = 600
"""Screens walked through for one caller and language."""
CHOICE = re.compile(r"^(\d{1,2}) \D")
AMOUNTS: Mapping[str, str] = MappingProxyType(
    {"kilos": "200", "offer": "240", "threshold": "250", "amount": "45"}
)
"""What is typed at the screens that want a number, by their names."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One screen in one language: its keys, its text, its width with the carrier's prefix, and
    how many of its texts nobody has approved yet."""

    path: str
    text: str
    septets: int
    drafts: int = 0

    @property
    def fits(self) -> bool:
        return self.septets <= WIRE


@dataclass(frozen=True, slots=True)
class Saying:
    """One text of the catalogue. `status` is the review of the Bambara."""

    context: str
    fr: str
    bm: str
    fr_septets: int
    bm_septets: int
    status: str
    reviewer: str
    on: str


@router.get("/screens")
def screens_page(work: Reader, room: str = "") -> Response:
    sayings = catalogue()
    rooms = sorted({each.context.partition(".")[0] for each in sayings})
    chosen = room if room in rooms else ""
    shown = [each for each in sayings if each.context.startswith(f"{chosen}.")] if chosen else []
    tours = {} if chosen else {lang: tour(work, lang) for lang in LANGS}
    return show(
        work,
        "screens.html",
        rooms=rooms,
        room=chosen,
        sayings=shown,
        labels=sorted({label for each in tours.values() for label in each}),
        tours=tours,
        languages=LANGS,
        total=len(sayings),
        approved=sum(each.status == APPROVED for each in sayings),
        wire=WIRE,
        shipped=work.state.settings.ship_drafts,
    )


@lru_cache(maxsize=1)
def catalogue() -> Sequence[Saying]:
    """Every text with its Bambara and who has approved it, in order of context."""
    page = (catalogues() / "REVIEW.md").read_text("utf-8")
    review = {(each.context, each.text): each for each in reviews(page)}
    spoken = _messages("bm")
    found = []
    for context, fr in _sources():
        bm = spoken.get((context, fr), "")
        told = review.get((context, on_one_line(bm)))
        found.append(
            Saying(
                context,
                fr,
                bm,
                _width(fr),
                _width(bm),
                told.status if told else "",
                told.reviewer if told else "",
                told.on if told else "",
            )
        )
    return tuple(found)


def tour(work: Work, lang: str) -> Mapping[str, Shown]:
    """The fullest screen of each name, as a farmer and as a reporter come to it. Drafts are
    shown here whether they ship or not: this is where they are read."""
    book, ear = work.state.book(), Ear(lang)
    scene = Scene(Profile(), book, work.today, ear.voice, work.state.settings.ussd_code)
    village = next((code for code in book.routes if code in book.villages), None)
    farmer = Profile(language=lang, village=village, sex="f", consented=True)
    market = next(iter(book.catalog.markets), "")
    reporter = Profile(lang, village, reporter=_fullest(market))
    found: dict[str, Shown] = {}
    for who in (farmer, reporter, Profile(lang, stopped=True), Profile()):
        for path, screen, drafts in _walk(scene, who, ear):
            width = encoding.septets(screen.text) + PREFIX
            known = found.get(screen.label)
            if screen.language == lang and (known is None or width > known.septets):
                found[screen.label] = Shown(path, screen.text, width, drafts)
    return found


class Ear:
    """Listens to what a screen says, to know which of its texts are drafts."""

    def __init__(self, lang: str) -> None:
        self._drafts = drafts() if lang != SOURCE else frozenset()
        self._heard: set[str] = set()

    def voice(self, lang: str) -> Say:
        speak = speaker(lang)

        def listening(context: str, text: str, /, **values: object) -> str:
            self._heard.add(context)
            return speak(context, text, **values)

        return listening

    def count(self) -> int:
        """Drafts heard since the last count."""
        found = len(self._heard & self._drafts)
        self._heard.clear()
        return found


@lru_cache(maxsize=1)
def drafts() -> frozenset[str]:
    """Contexts whose Bambara nobody has approved."""
    return frozenset(each.context for each in catalogue() if each.status != APPROVED)


def _walk(scene: Scene, who: Profile, ear: Ear) -> Sequence[tuple[str, Screen, int]]:
    """Places in the order they are met, each screen entered once, with its drafts."""
    todo, seen = [""], set[str]()
    found: list[tuple[str, Screen, int]] = []
    while todo and len(found) < MOST:
        path = todo.pop(0)
        screen = screen_of(Opening(who), keys_of(path), scene)
        found.append((path, screen, ear.count()))
        if screen.text in seen or screen.ends or len(keys_of(path)) >= DEEPEST:
            continue
        seen.add(screen.text)
        todo += [f"{path}*{key}".strip("*") for key in _keys(screen)]
    return found


def _keys(screen: Screen) -> list[str]:
    """The keys a screen offers, and an amount where it wants one."""
    said = [match[1] for line in screen.text.split("\n") if (match := CHOICE.match(line))]
    kept = [key for key in dict.fromkeys(said) if key not in (BACK, HOME)]
    return [*kept, *([AMOUNTS[screen.label]] if screen.label in AMOUNTS else [])]


def _sources() -> Sequence[tuple[str, str]]:
    """(context, French) of every text the code says."""
    with (catalogues() / "sugu.pot").open(encoding="utf-8") as file:
        template = read_po(file)
    return sorted((each.context or "", str(each.id)) for each in template if each.id)


def _messages(lang: str) -> Mapping[tuple[str, str], str]:
    path = catalogues() / lang / "LC_MESSAGES" / "sugu.po"
    with path.open(encoding="utf-8") as file:
        return translations(read_po(file, locale=lang))


def _width(text: str) -> int:
    return encoding.septets(encoding.to_gsm(text))


def _fullest(market: str) -> ReporterCard:
    """A card with everything a card may have."""
    return ReporterCard(
        "Awa K.", (market,), 48, 4, 3, None, 4, 3, (("MAI", "SAC"),), ("ARA",), dorome=True
    )
