"""Every form with its meanings: what the catalogue names, and the vocabulary that never changes."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from service.i18n import LANGS
from service.prices.catalog import Catalog
from service.sms.lexicon.forms import Forms, plain
from service.sms.lexicon.meaning import WEAK, Meaning, Sense, distinct

ALONE = {
    "stop_alone": "stop",
    "yes_alone": "yes",
    "no_alone": "no",
    "french": "fr",
    "bambara": "bm",
}
"""Command words that count only as a whole message: too short, or ordinary words elsewhere."""


def meanings_of(catalog: Catalog, forms: Forms) -> Mapping[str, tuple[Meaning, ...]]:
    """The meanings of every form. What the catalogue says of a form silences doubts about it."""
    ours, fixed = _catalog_meanings(catalog, forms), _fixed_meanings(catalog, forms)
    return {form: _merged(form, ours, fixed) for form in dict.fromkeys((*ours, *fixed))}


_Meanings = Mapping[str, Sequence[Meaning]]


def _catalog_meanings(catalog: Catalog, forms: Forms) -> _Meanings:
    """Codes, names and aliases of what the catalogue holds; a form of signs alone is no word."""
    found: dict[str, list[Meaning]] = defaultdict(list)
    for sense, target, form in filter(_has_words, _catalog_forms(catalog)):
        vague = form != plain(target) and _leaves_form_open(target, form, forms)
        found[form].append(Meaning(sense, target, formless=vague))
    return found


def _has_words(said: tuple[Sense, str, str]) -> bool:
    return bool(said[2])


def _catalog_forms(catalog: Catalog) -> Iterator[tuple[Sense, str, str]]:
    tables: Mapping[Sense, Mapping[str, Sequence[str]]] = {
        Sense.PRODUCT: {p.code: (p.code, *_spoken(p.names)) for p in catalog.products.values()},
        Sense.MARKET: {m.code: (m.code, m.name) for m in catalog.markets.values()},
        Sense.UNIT: {u.code: (u.code, *_spoken(u.names)) for u in catalog.units.values()},
    }
    for sense, table in tables.items():
        for code, names in table.items():
            yield from ((sense, code, plain(name)) for name in names)
    for alias in catalog.aliases:
        sense = Sense(alias.kind)
        if alias.target in tables.get(sense, ()):
            yield sense, alias.target, plain(alias.form)


def _spoken(names: Mapping[str, str]) -> Iterator[str]:
    """The names in the languages people write to us in; English is for the console."""
    return (name for lang, name in names.items() if lang in LANGS)


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


def _codes(catalog: Catalog, kind: str) -> Collection[str]:
    match kind:
        case "product":
            return catalog.products
        case "market":
            return catalog.markets
        case _:
            return catalog.units


def _merged(form: str, ours: _Meanings, fixed: _Meanings) -> tuple[Meaning, ...]:
    named = ours.get(form, ())
    taken = {m.sense for m in named}
    extra = [m for m in fixed.get(form, ()) if m.sense not in taken]
    return _strong(distinct((*named, *extra)))


def _strong(meanings: tuple[Meaning, ...]) -> tuple[Meaning, ...]:
    strong = tuple(m for m in meanings if m.sense not in WEAK)
    return strong or meanings[:1]
