"""Amounts in words, read back from what a reporter texted."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.money.figures import DOROME, MILLION


def read_words(tokens: Sequence[str]) -> tuple[int, int] | None:
    """The amount said in words at the head of `tokens`: (francs, tokens consumed), or None.

    Bambara words count dɔrɔmɛ (x5 below the million), French words count francs unless the
    word dɔrɔmɛ goes with them. Official, bare, French-ear and Maninka spellings are read.
    Figures are not: a bare figure is for the judge. Where both languages could begin, the one
    that reads more tokens wins.
    """
    words, owners = _known_words(tokens)
    readings = (_read(words, _bm_amount), _read(words, _fr_amount))
    amount, used = max(readings, key=lambda reading: reading[1])
    if not amount or (used < len(words) and owners[used] == owners[used - 1]):
        return None
    return amount, owners[used - 1] + 1


@lru_cache(maxsize=4096)
def _key(word: str) -> str:
    """A spelling reduced to its sound, for Bambara as French ears write it and for French."""
    bare = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if c.isalpha())
    bare = bare[:-1] + "s" if bare.endswith("x") else bare
    for written, heard in _SOUNDS:
        bare = bare.replace(written, heard)
    once = "".join(c for at, c in enumerate(bare) if bare[at - 1 : at] != c)
    for silent in ("s", "n"):
        once = once[:-1] if len(once) > 3 and once[-1] == silent else once
    return once


_SOUNDS = (
    *(("ɛ", "e"), ("ɔ", "o"), ("ɲ", "ny"), ("ŋ", "ng"), ("ou", "u")),
    *(("qu", "k"), ("q", "k"), ("ce", "se"), ("ci", "si"), ("c", "k")),
)


def _table(rows: str) -> Mapping[str, int]:
    """`5=duuru|loolu 6=...` as spelling key -> value."""
    pairs = (row.split("=") for row in rows.split())
    return {_key(word): int(value) for value, words in pairs for word in words.split("|")}


# Guinea Maninka and Khassonké forms are neighbours of Kita, accepted until a survey says more.
_UNIT = _table(
    "1=kelen|kilin 2=fila|fla|fula 3=saba|sawa 4=naani 5=duuru|loolu|luulu 6=wɔɔrɔ "
    "7=wolonwula|wolonfila|wolonfla|wolonfula|wolonula|wɔɔrɔnla|wɔɔrɔwula|woorowula "
    "8=seegin|sen|sagi 9=kɔnɔntɔn|konondo|xononto"
)
_FROM_3 = frozenset(word for word, value in _UNIT.items() if value >= 3)  # "bi" is also today
_TEN = _table("10=tan 20=mugan|muwan|muxan")
_TENS = _table("10=bi")
_HUNDRED = _table("100=kɛmɛ")
_THOUSAND = _table("1000=waa|waga|ba|wulu")
_NEEDS_COUNT = frozenset(map(_key, ("ba", "wulu")))  # ba alone is a goat, wulu alone a dog
_MILLIONS = _table("1000000=miliyɔn|miliɔn|milɔn|million")
_TIGHT = _table("0=ni")
_LINK = _table("0=ni|ani")
_DOROME = _table("5=dɔrɔmɛ|dɔrɔmɔ|drɔmɛ")
_CURRENCY = _table("0=sefa|sefawari|wari")

_FR_UNIT = _table("1=un|une 2=deux 3=trois 4=quatre|quatr 5=cinq 6=six 7=sept 8=huit|uit 9=neuf")
_FR_TEEN = _table("10=dix 11=onze 12=douze 13=treize 14=quatorze 15=quinze 16=seize")
_FR_TEN = _table(
    "20=vingt|vin 30=trente|trant 40=quarante 50=cinquante 60=soixante|soissante 70=septante "
    "80=huitante|octante 90=nonante"
)
_FR_HUNDRED = _table("100=cent")
_FR_THOUSAND = _table("1000=mille")
_FR_AND = _table("0=et")
_FR_FOUR = frozenset({_key("quatre"), _key("quatr")})
_FR_TWENTY = frozenset({_key("vingt"), _key("vin")})
_FR_AFTER_TEN = frozenset(word for word, value in _FR_UNIT.items() if value >= 7)

_PREFIXES = ("bi", "keme")
_KNOWN = frozenset().union(
    *(_UNIT, _TEN, _TENS, _HUNDRED, _THOUSAND, _MILLIONS, _LINK, _DOROME, _CURRENCY),
    *(_FR_UNIT, _FR_TEEN, _FR_TEN, _FR_HUNDRED, _FR_THOUSAND, _FR_AND),
)


def _known_words(tokens: Sequence[str]) -> tuple[list[str], list[int]]:
    """The number words at the head, as keys, each with the index of the token it came from."""
    words: list[str] = []
    owners: list[int] = []
    for at, token in enumerate(tokens):
        parts = [] if any(map(str.isdigit, token)) else list(_split(token))
        if not parts or not _KNOWN.issuperset(parts):
            break
        words += parts
        owners += [at] * len(parts)
    return words, owners


def _split(token: str) -> Iterator[str]:
    """`vingt-cinq`, `bisaba` and `kemefila` are two words each."""
    for part in token.split("-"):
        word = _key(part)
        head = next((prefix for prefix in _PREFIXES if word.startswith(prefix)), "")
        if head and word[len(head) :] in _UNIT:
            yield head
            word = word[len(head) :]
        yield word


@dataclass(slots=True)
class _Cursor:
    words: Sequence[str]
    at: int = 0

    def take(self, table: Mapping[str, int]) -> int:
        """The value of the next word if the table knows it, and step over it; else 0."""
        if self.at < len(self.words) and self.words[self.at] in table:
            self.at += 1
            return table[self.words[self.at - 1]] or 1
        return 0

    def sees(self, table: Iterable[str], ahead: int = 0) -> bool:
        at = self.at + ahead
        return at < len(self.words) and self.words[at] in table


def _read(words: Sequence[str], reader: Callable[[_Cursor], int]) -> tuple[int, int]:
    cursor = _Cursor(words)
    return reader(cursor), cursor.at


def _bm_amount(c: _Cursor) -> int:
    while c.take(_CURRENCY):
        pass
    c.take(_DOROME)
    francs_whole = (_bm_below_1000(c, _TIGHT) or 1) * MILLION if c.take(_MILLIONS) else 0
    counted = _after_link(c, _bm_from_1000, _LINK) if francs_whole else _bm_from_1000(c)
    counted += _after_link(c, _bm_rest, _LINK) if francs_whole or counted else _bm_rest(c)
    if counted or francs_whole:
        c.take(_DOROME)
    return francs_whole + counted * DOROME


def _after_link(
    c: _Cursor, read: Callable[[_Cursor], int], links: Mapping[str, int], *, bound: bool = False
) -> int:
    """What follows `ni` or `ani`, or 0 and nothing consumed.

    Unless `bound`, a number that cannot be mistaken for a count may follow without a link:
    kɛmɛ fila bi duuru is 250, but kɛmɛ fila saba is 200 and then something else.
    """
    start = c.at
    linked = bool(c.take(links))
    value = read(c) if linked or not (bound or c.sees(_UNIT)) else 0
    if not value:
        c.at = start
    return value


def _bm_from_1000(c: _Cursor) -> int:
    """Thousands of dɔrɔmɛ: `waa kɛmɛ ni waa bi duuru` is 150 of them."""
    total = _bm_waa(c)
    while total and (more := _after_link(c, _bm_waa, _TIGHT, bound=True)):
        total += more
    return total


def _bm_waa(c: _Cursor) -> int:
    start, needs_count = c.at, c.sees(_NEEDS_COUNT)
    if not c.take(_THOUSAND):
        return 0
    count = _bm_below_1000(c, _TIGHT)
    if needs_count and not count:
        c.at = start
        return 0
    return (count or 1) * 1000


def _bm_rest(c: _Cursor) -> int:
    c.take(_DOROME)
    return _bm_below_1000(c, _LINK)


def _bm_below_1000(c: _Cursor, links: Mapping[str, int]) -> int:
    """`links` is `ni` alone inside a count of thousands, where `ani` opens what is left."""
    if not c.take(_HUNDRED):
        return _bm_below_100(c, links)
    hundreds = (c.take(_UNIT) or 1) * 100
    return hundreds + _after_link(c, lambda rest: _bm_below_100(rest, links), links)


def _bm_below_100(c: _Cursor, links: Mapping[str, int]) -> int:
    if c.sees(_TENS) and c.sees(_FROM_3, ahead=1):
        tens = c.take(_TENS) * c.take(_UNIT)
    else:
        tens = c.take(_TEN)
    if not tens:
        return c.take(_UNIT)
    return tens + _after_link(c, lambda rest: rest.take(_UNIT), links, bound=True)


def _fr_amount(c: _Cursor) -> int:
    times = c.take(_DOROME) or 1
    total = 0
    for scale in (_MILLIONS, _FR_THOUSAND):
        start = c.at
        count = _fr_below_1000(c)
        worth = c.take(scale)
        total += (count or 1) * worth
        c.at = c.at if worth else start
    total += _fr_below_1000(c)
    if total and times == 1:
        times = c.take(_DOROME) or 1
    return total * times


def _fr_below_1000(c: _Cursor) -> int:
    count = _fr_below_100(c)
    if not c.take(_FR_HUNDRED):
        return count
    return (count or 1) * 100 + _fr_below_100(c)


def _fr_below_100(c: _Cursor) -> int:
    tens = c.take(_FR_TEN)
    if not tens and c.sees(_FR_FOUR) and c.sees(_FR_TWENTY, ahead=1):
        tens = c.take(_FR_UNIT) * c.take(_FR_TEN)
    if not tens:
        return _fr_below_20(c)
    start = c.at
    c.take(_FR_AND)
    rest = _fr_below_20(c) if tens in (60, 80) else c.take(_FR_UNIT)
    c.at = c.at if rest else start
    return tens + rest


def _fr_below_20(c: _Cursor) -> int:
    teen = c.take(_FR_TEEN)
    if teen == 10 and c.sees(_FR_AFTER_TEN):
        return teen + c.take(_FR_UNIT)
    return teen or c.take(_FR_UNIT)
