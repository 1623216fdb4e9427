"""Which written word means what: indexes over the alias table and the fixed vocabulary.

A word is looked up exactly, then by ear, then one slip away; each step only if the one before
found nothing. A word near two meanings has both, and the grammar asks. Built once per change of
the catalogue, never changed after.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.prices.catalog import Catalog, Quantity
from service.sms.lexicon.forms import Forms, plain, read_forms
from service.sms.lexicon.sounds import EAR_FROM, LONGEST, ear, likely_slip, neighbourhood, one_slip


class Sense(StrEnum):
    """The class of a word. Nothing is ever guessed across classes."""

    PRODUCT = "product"
    MARKET = "market"
    UNIT = "unit"
    FORM = "form"
    MODIFIER = "modifier"
    FRANC = "franc"
    DOROME = "dorome"
    THOUSAND = "thousand"
    NUMBER = "number"
    DAY = "day"
    MONTH = "month"
    COMMAND = "command"
    STAGE = "stage"
    NONE = "none"
    AT = "at"
    EACH = "each"
    JOINT = "joint"
    ARTICLE = "article"
    POLITE = "polite"
    FILLER = "filler"
    EVERYDAY = "everyday"


ALONE = {"stop_alone": "stop", "yes_alone": "yes", "no_alone": "no", "french": "fr", "bambara": "bm"}
"""Command words that count only as a whole message: too short, or ordinary words elsewhere."""
WEAK = frozenset({Sense.ARTICLE, Sense.POLITE, Sense.FILLER, Sense.EVERYDAY, Sense.MODIFIER})
"""Senses that give way to any other sense of the same word."""
MENDED = frozenset(
    {
        *(Sense.PRODUCT, Sense.MARKET, Sense.UNIT, Sense.FORM, Sense.MODIFIER),
        *(Sense.DAY, Sense.COMMAND, Sense.POLITE),
    }
)
"""Senses a slip may be mended to. A money mark or a number word must be written as it is."""
GLUED = frozenset({Sense.PRODUCT, Sense.MARKET, Sense.UNIT, Sense.FORM, Sense.DAY})
"""Senses of two words run together that may be parted."""
PART_FROM = 3
"""Letters of each part of a run-together word; `kg` alone may be shorter."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sense of a word. `target` is a code or a name; "" is a thing known but not ours."""

    sense: Sense
    target: str
    certain: bool = True
    formless: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What the words at one place mean, and how many of them it took."""

    word: str
    meanings: tuple[Meaning, ...]
    length: int = 1

    def senses(self) -> frozenset[Sense]:
        return frozenset(m.sense for m in self.meanings)

    def only(self, sense: Sense) -> bool:
        return bool(self.meanings) and all(m.sense is sense for m in self.meanings)

    def target(self, sense: Sense) -> str:
        return next((m.target for m in self.meanings if m.sense is sense), "")


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
        meanings = _merged(_catalog_meanings(catalog, forms), _fixed_meanings(catalog, forms))
        alone = {f: to for name, to in ALONE.items() for f in forms.words["command"][name]}
        vocabulary = frozenset(w for f in (*meanings, *alone) for w in f.split() if w.isalpha())
        return cls(
            catalog=catalog,
            meanings=meanings,
            alone=alone,
            turns=forms.turns,
            countable=frozenset(
                p.code for p in catalog.products.values() if p.quantity is not Quantity.KG
            ),
            vocabulary=vocabulary,
            heard=_index(vocabulary, lambda word: (ear(word),) if len(word) >= EAR_FROM - 1 else ()),
            near=_index(vocabulary, neighbourhood),
            longest=_longest((*meanings, *alone)),
        )

    def spell(self, word: str) -> tuple[str, ...]:
        """The words of the vocabulary that `word` may be: itself, or those of the first step
        (sound, then slip) that finds any."""
        if word in self.vocabulary:
            return (word,)
        if not EAR_FROM <= len(word) <= LONGEST:
            return ()
        heard = [w for w in self.heard.get(ear(word), ()) if self._may_mend(w, by_ear=True)]
        return tuple(heard) or self._slipped(word)

    def _slipped(self, word: str) -> tuple[str, ...]:
        """The words one slip away, or none if no likely one may be mended to."""
        keys = {key for key in neighbourhood(word) if key in self.near}
        near = {w for key in keys for w in self.near[key] if one_slip(word, w)}
        likely = any(likely_slip(word, w) and self._may_mend(w) for w in near)
        return tuple(sorted(near)) if likely else ()

    def _may_mend(self, word: str, *, by_ear: bool = False) -> bool:
        """Whether a misspelling may be read as `word` at all."""
        senses = {m.sense for m in self.meanings.get(word, ())}
        return not senses or bool(senses & (MENDED | {Sense.NUMBER} if by_ear else MENDED))

    def find(self, words: Sequence[str]) -> Found:
        """What the head of `words` means: the longest known phrase, else the first word."""
        spelt = [self.spell(w) for w in words[: self._reach(words[0])]]
        known = [s[0] if len(s) == 1 else w for s, w in zip(spelt, words, strict=False)]
        for length in range(len(known), 1, -1):
            phrase = " ".join(known[:length])
            if phrase in self.meanings:
                return Found(" ".join(words[:length]), self.meanings[phrase], length)
        together = (m for w in spelt[0] for m in self.meanings.get(w, ()))
        return Found(words[0], _distinct(together))

    def _reach(self, word: str) -> int:
        """How many words the longest phrase that begins with `word` has."""
        return max((self.longest.get(w, 1) for w in self.spell(word)), default=1)

    def parted(self, word: str) -> tuple[str, str] | None:
        """The two known words run together in `word`, if there is one way to part it."""
        if len(word) > LONGEST:
            return None
        cuts = ((word[:at], word[at:]) for at in range(2, len(word) - 1))
        ways = [cut for cut in cuts if all(map(self._is_part, cut))]
        return ways[0] if len(ways) == 1 else None

    def _is_part(self, word: str) -> bool:
        if len(word) < PART_FROM and word != "kg":
            return False
        return bool({m.sense for m in self.meanings.get(word, ())} & GLUED)

    def has(self, word: str, sense: Sense) -> bool:
        """Whether `word` as written has this sense."""
        return any(m.sense is sense for m in self.meanings.get(word, ()))


_Meanings = Mapping[str, Sequence[Meaning]]


def _catalog_meanings(catalog: Catalog, forms: Forms) -> _Meanings:
    """Codes, names and aliases of what the catalogue holds."""
    found: dict[str, list[Meaning]] = defaultdict(list)
    for sense, target, form in _catalog_forms(catalog):
        vague = form != plain(target) and _leaves_form_open(target, form, forms)
        found[form].append(Meaning(sense, target, formless=vague))
    return found


def _catalog_forms(catalog: Catalog) -> Iterator[tuple[Sense, str, str]]:
    tables = {
        Sense.PRODUCT: {p.code: (p.code, *p.names.values()) for p in catalog.products.values()},
        Sense.MARKET: {m.code: (m.code, m.name) for m in catalog.markets.values()},
        Sense.UNIT: {u.code: (u.code, *u.names.values()) for u in catalog.units.values()},
    }
    for sense, table in tables.items():
        for code, names in table.items():
            yield from ((sense, code, plain(name)) for name in names)
    for alias in catalog.aliases:
        sense = Sense(alias.kind)
        if alias.target in tables.get(sense, ()):
            yield sense, alias.target, plain(alias.form)


def _leaves_form_open(target: str, form: str, forms: Forms) -> bool:
    """Whether a product is said without the form (shell, kernel) that could change it."""
    if not any(turns.get(target, target) != target for turns in forms.turns.values()):
        return False
    said = {w for words in forms.words["form"].values() for w in words}
    return said.isdisjoint(form.split())


def _fixed_meanings(catalog: Catalog, forms: Forms) -> _Meanings:
    """The vocabulary that no catalogue changes, and what is known but not in the catalogue."""
    found: dict[str, list[Meaning]] = defaultdict(list)
    for sense, target, words in _fixed_words(forms):
        for form in words:
            found[form].append(Meaning(sense, target))
    for form, codes in forms.unsure.items():
        ours = [code for code in codes if code in catalog.products]
        found[form] += [Meaning(Sense.PRODUCT, code, certain=False) for code in ours or ("",)]
    for alias in forms.aliases:
        if alias.target not in _codes(catalog, alias.kind):
            found[alias.form].append(Meaning(Sense(alias.kind), ""))
    return found


def _fixed_words(forms: Forms) -> Iterator[tuple[Sense, str, Sequence[str]]]:
    groups = forms.words
    for group in ("form", "day", "month", "command", "stage", "number"):
        for name, words in groups[group].items():
            if name not in ALONE:
                yield Sense(group), name, words
    for group in ("money", "silent"):
        for name, words in groups[group].items():
            yield Sense(name), name, words
    for name, words in groups["known"].items():
        yield Sense(name), "", words


def _codes(catalog: Catalog, kind: str) -> Iterable[str]:
    match kind:
        case "product":
            return catalog.products
        case "market":
            return catalog.markets
        case _:
            return catalog.units


def _merged(ours: _Meanings, fixed: _Meanings) -> Mapping[str, tuple[Meaning, ...]]:
    """Both tables in one. What the catalogue says of a form silences doubts about it."""
    merged = {}
    for form in dict.fromkeys((*ours, *fixed)):
        named = ours.get(form, ())
        taken = {m.sense for m in named}
        extra = [m for m in fixed.get(form, ()) if m.sense not in taken]
        merged[form] = _strong(_distinct((*named, *extra)))
    return merged


def _strong(meanings: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
    strong = tuple(m for m in meanings if m.sense not in WEAK)
    return strong or meanings[:1]


def _distinct(meanings: Iterable[Meaning]) -> tuple[Meaning, ...]:
    """Each (sense, target) once; of two, the one that leaves more open is kept."""
    kept: dict[tuple[Sense, str], Meaning] = {}
    for m in meanings:
        old = kept.get((m.sense, m.target), m)
        kept[m.sense, m.target] = Meaning(
            m.sense, m.target, m.certain and old.certain, m.formless or old.formless
        )
    return tuple(kept.values())


def _index(words: Iterable[str], keys_of: "_Keys") -> Mapping[str, tuple[str, ...]]:
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
