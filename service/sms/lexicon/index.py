"""Which written word means what: the indexes of the alias table and the fixed vocabulary.

A word is looked up exactly, then by ear, then one slip away; each step only if the one before
found nothing. A word near two meanings has both, and the grammar asks. Built once per change of
the catalogue, never changed after.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from service.prices.catalog import Catalog, Quantity
from service.sms.lexicon.forms import Forms, read_forms
from service.sms.lexicon.meaning import Found, Meaning, Sense, distinct
from service.sms.lexicon.senses import ALONE, meanings_of
from service.sms.lexicon.sounds import (
    EAR_FROM,
    LONGEST,
    ear,
    likely_slip,
    neighbourhood,
    one_slip,
    same_keys,
)

MENDED = frozenset(
    {
        *(Sense.PRODUCT, Sense.MARKET, Sense.UNIT, Sense.FORM, Sense.MODIFIER),
        *(Sense.DAY, Sense.COMMAND, Sense.POLITE),
    }
)
"""Senses a slip may be mended to. A number word must be written as it is heard."""
MONEY = frozenset({Sense.FRANC, Sense.DOROME})
MONEY_FROM = 5
"""Letters of a money mark that may be misspelt (`frans`); `sefa` is one letter from an egg."""
GLUED = frozenset({Sense.PRODUCT, Sense.MARKET, Sense.UNIT, Sense.FORM, Sense.DAY})
"""Senses of two words run together that may be parted."""
PART_FROM = 3
"""Letters of each part of a run-together word; `kg` alone may be shorter."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every form, indexed. `alone` holds whole-message commands, `countable` products by head."""

    catalog: Catalog
    meanings: Mapping[str, tuple[Meaning, ...]]
    alone: Mapping[str, str]
    turns: Mapping[str, Mapping[str, str]]
    countable: frozenset[str]
    vocabulary: frozenset[str]
    heard: Mapping[str, tuple[str, ...]]
    near: Mapping[str, tuple[str, ...]]
    longest: Mapping[str, int]

    @classmethod
    def of(cls, catalog: Catalog, words: Forms | None = None) -> "Lexicon":
        """The lexicon of a catalogue; `words` are the forms that ship unless given."""
        forms = words or read_forms()
        meanings = meanings_of(catalog, forms)
        alone = {f: to for name, to in ALONE.items() for f in forms.words["command"][name]}
        vocabulary = frozenset(w for f in (*meanings, *alone) for w in f.split() if not w.isdigit())
        return cls(
            catalog=catalog,
            meanings=meanings,
            alone=alone,
            turns=forms.turns,
            countable=frozenset(
                p.code for p in catalog.products.values() if p.quantity is not Quantity.KG
            ),
            vocabulary=vocabulary,
            heard=_index(vocabulary, _ear_keys),
            near=_index(vocabulary, neighbourhood),
            longest=_longest((*meanings, *alone)),
        )

    def spell(self, word: str) -> tuple[str, ...]:
        """The words of the vocabulary that `word` may be: itself, or those that sound alike with
        those a likely slip away, or those one slip away if one of them may be meant."""
        if word in self.vocabulary:
            return (word,)
        if not EAR_FROM <= len(word) <= LONGEST:
            return ()
        heard = {w for w in self.heard.get(ear(word), ()) if self._may_mend(w, by_ear=True)}
        near = self._near(word)
        if heard:
            return tuple(sorted(heard | {w for w in near if likely_slip(word, w)}))
        return tuple(sorted(near)) if any(self._mends(word, w) for w in near) else ()

    def _near(self, word: str) -> set[str]:
        """The words of the vocabulary one slip away."""
        keys = {key for key in neighbourhood(word) if key in self.near}
        return {w for key in keys for w in self.near[key] if one_slip(word, w)}

    def _mends(self, typed: str, word: str) -> bool:
        return likely_slip(typed, word) and self._may_mend(word)

    def _may_mend(self, word: str, *, by_ear: bool = False) -> bool:
        """Whether a misspelling may be read as `word` at all. A short money mark may not be."""
        senses = {m.sense for m in self.meanings.get(word, ())}
        if senses & MONEY:
            return len(word) >= MONEY_FROM
        return not senses or bool(senses & (MENDED | {Sense.NUMBER} if by_ear else MENDED))

    def find(self, words: Sequence[str]) -> Found:
        """What the head of `words` means: the longest known phrase, else the first word."""
        spelt = [self.spell(w) or (w,) for w in words[: self._reach(words[0])]]
        for length in range(len(spelt), 1, -1):
            phrases = [" ".join(choice) for choice in product(*spelt[:length])]
            meanings = self._meant(phrase for phrase in phrases if phrase in self.meanings)
            if meanings:
                written = " ".join(words[:length])
                return Found(written, meanings, length, written in phrases)
        exact = words[0] in self.meanings
        # A part of a phrase has no meaning alone, so a word near one may mean nothing we know.
        known = all(w in self.meanings for w in spelt[0])
        return Found(words[0], self._meant(spelt[0]) if known else (), exact=exact)

    def _meant(self, forms: Iterable[str]) -> tuple[Meaning, ...]:
        return distinct(m for form in forms for m in self.meanings[form])

    def _reach(self, word: str) -> int:
        """How many words the longest phrase that begins with `word` has."""
        return max((self.longest.get(w, 1) for w in self.spell(word)), default=1)

    def parted(self, word: str) -> tuple[str, str] | None:
        """The two known words run together in `word`, if there is one way to part it."""
        if len(word) > LONGEST:
            return None
        cuts = ((word[:at], word[at:]) for at in range(2, len(word) - 1))
        ways = [cut for cut in cuts if all(map(self.is_part, cut))]
        return ways[0] if len(ways) == 1 else None

    def is_part(self, word: str) -> bool:
        """Whether `word` may be one of two run together."""
        if len(word) < PART_FROM and word != "kg":
            return False
        return bool({m.sense for m in self.meanings.get(word, ())} & GLUED)

    def guesses(self, word: str) -> tuple[Meaning, ...]:
        """Products whose short name is one wrong key away (`nil` for mil): to be asked, always."""
        if len(word) != PART_FROM:
            return ()
        keys = {key for key in neighbourhood(word) if key in self.near}
        near = {w for key in keys for w in self.near[key] if same_keys(word, w)}
        found = (m for w in sorted(near) for m in self.meanings.get(w, ()))
        return distinct(m for m in found if m.sense is Sense.PRODUCT)

    def has(self, word: str, sense: Sense) -> bool:
        """Whether `word` as written has this sense."""
        return any(m.sense is sense for m in self.meanings.get(word, ()))

    def marks(self, word: str) -> Sense | None:
        """The money that `word` names, misspelt or not; None when it names none for certain."""
        senses = {m.sense for w in self.spell(word) for m in self.meanings.get(w, ())}
        sense = next(iter(senses)) if len(senses) == 1 else None
        return sense if sense in MONEY else None


def _ear_keys(word: str) -> Iterable[str]:
    return (ear(word),)


def _index(
    words: Iterable[str], keys_of: Callable[[str], Iterable[str]]
) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for word in words:
        for key in keys_of(word):
            found[key].add(word)
    return {key: tuple(sorted(group)) for key, group in found.items()}


def _longest(forms: Iterable[str]) -> Mapping[str, int]:
    longest: dict[str, int] = {}
    for form in forms:
        words = form.split()
        longest[words[0]] = max(len(words), longest.get(words[0], 1))
    return longest
