"""The two languages of Sugu, and the one way to speak: `say("context.id", "Texte {x}", x=1)`.

The source text is French and is its own key: a message without a translation is said in
French, the one language everyone who runs the service can check. Catalogues are the `.po`
files translators edit, read once per process; there is nothing to compile. Text keeps its
proper letters here and is folded for the wire by `encoding.to_gsm`.

The language is an argument, never a global: it belongs to the person being answered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LANGS = ("fr", "bm")
SOURCE = "fr"
"""The language of the source texts, and the fallback."""
APPROVED = "approved"
DRAFT = "draft"

_HERE = Path(__file__).parent


class Say(Protocol):
    """A voice in one language. Values are put in with `str.format`."""

    def __call__(self, context: str, text: str, /, **values: object) -> str: ...


@dataclass(frozen=True, slots=True)
class Review:
    """One line of REVIEW.md: who said this Bambara text is right, and when."""

    context: str
    text: str
    status: str = DRAFT
    reviewer: str = ""
    on: str = ""


def catalogues() -> Path:
    """Where the catalogues lie: inside the installed package, else beside it in a checkout."""
    packed = _HERE / "_locales"
    return packed if packed.is_dir() else _HERE.parent / "locales"


@lru_cache
def speaker(lang: str, *, drafts: bool = True) -> Say:
    """The voice of a language; French for a language without a catalogue.

    With `drafts` off, a Bambara text that nobody has approved in REVIEW.md is said in French.
    """
    messages = _messages(lang) if lang in LANGS else {}
    if not drafts and lang != SOURCE:
        page = (catalogues() / "REVIEW.md").read_text(encoding="utf-8")
        messages = approved(messages, reviews(page))
    return voice(messages)


def voice(messages: Mapping[tuple[str, str], str]) -> Say:
    """A voice over (context, French text) -> translation."""

    def say(context: str, text: str, /, **values: object) -> str:
        return messages.get((context, text), text).format(**values)

    return say


def _messages(lang: str) -> dict[tuple[str, str], str]:
    path = catalogues() / lang / "LC_MESSAGES" / "sugu.po"
    with path.open(encoding="utf-8") as file:
        return translations(read_po(file, locale=lang))


def translations(catalogue: Catalog) -> dict[tuple[str, str], str]:
    """(context, French text) -> translation, for the messages that have one."""
    return {
        (message.context or "", str(message.id)): str(message.string)
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }


# --- who approved what --------------------------------------------------------------------------


def reviews(page: str) -> list[Review]:
    """The rows of REVIEW.md: `| context | Bambara | status | reviewer | date |`."""
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    return [Review(*_cells(row)) for row in rows[1:]]


def approved(
    messages: Mapping[tuple[str, str], str], rows: Iterable[Review]
) -> dict[tuple[str, str], str]:
    """Only what a reviewer approved, word for word: a text edited since is a draft again."""
    granted = {(row.context, row.text) for row in rows if row.status == APPROVED}
    return {key: text for key, text in messages.items() if (key[0], on_one_line(text)) in granted}


def on_one_line(text: str) -> str:
    """A screen as one cell of the review table: ⏎ for a new line, no bar."""
    return " ".join(text.replace("|", "/").replace("\n", " ⏎ ").split())


def _cells(row: str) -> list[str]:
    """Five cells, whatever a hand left out or added."""
    cells = [cell.strip() for cell in row.strip().removeprefix("|").split("|")]
    return (cells + [""] * 5)[:5]


# --- days and months ------------------------------------------------------------------------------

_DAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "bm": ("ntɛnɛ", "tarata", "araba", "alamisa", "juma", "sibiri", "kari"),
}
_MONTHS = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
        *("août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "bm": (
        *("zanwuye", "feburuye", "marisi", "awirili", "mɛ", "zuwɛn", "zuluye"),
        *("uti", "sɛtanburu", "ɔkutɔburu", "nowanburu", "desanburu"),
    ),
}
SHORT_DAY = 3
"""Letters of a short day name; in both languages the first three tell the days apart."""


def weekday(day_of_week: int, lang: str) -> str:
    """`vendredi`, `juma`; 0 is Monday. Official names (CLDR)."""
    return _DAYS.get(lang, _DAYS[SOURCE])[day_of_week]


def month(number: int, lang: str) -> str:
    """`novembre`, `nowanburu`; 1 is January. Official names (CLDR)."""
    return _MONTHS.get(lang, _MONTHS[SOURCE])[number - 1]


def short_date(on: date) -> str:
    """`20/11`."""
    return f"{on:%d/%m}"


def span(days: Sequence[date]) -> str:
    """The days of several fairs (at least one): `20/11`, `18-20/11`, `30/10-02/11`."""
    first, last = min(days), max(days)
    if first == last:
        return short_date(last)
    start = f"{first:%d}" if first.month == last.month else short_date(first)
    return f"{start}-{short_date(last)}"


def day(on: date, lang: str) -> str:
    """`ven 20/11`, `jum 20/11`."""
    return f"{weekday(on.weekday(), lang)[:SHORT_DAY]} {short_date(on)}"


def ago(days: int, say: Say) -> str:
    """The age of a price in words. A date to come, from a clock that was wrong, is today."""
    if days <= 0:
        return say("ago.today", "aujourd'hui")
    if days == 1:
        return say("ago.yesterday", "hier")
    # NOTE: max 18 septets; {days} is a count of days, two figures
    return say("ago.days", "il y a {days} j", days=days)
