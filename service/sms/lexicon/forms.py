"""The list of written forms (`forms.toml`), read once: words are data, not code."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from service.encoding import fold
from service.prices.catalog import Alias

ALIASED = ("product", "market", "unit")
"""What staff may rename: their forms are rows of the alias table, seeded from here."""


@dataclass(frozen=True, slots=True)
class Forms:
    """`forms.toml` with every form folded.

    `aliases` seed the alias table. `words` are the fixed vocabulary, as {group: {name: forms}}
    (`words["command"]["price"]`). `turns` is {form name: {product said: product meant}} and
    `unsure` {form: the products it may mean}.
    """

    aliases: Sequence[Alias]
    words: Mapping[str, Mapping[str, Sequence[str]]]
    turns: Mapping[str, Mapping[str, str]]
    unsure: Mapping[str, Sequence[str]]


def plain(form: str) -> str:
    """A form as the lexicon keys it: folded, signs as spaces, one space between words."""
    return " ".join("".join(c if c.isalnum() else " " for c in fold(form)).split())


@cache
def read_forms() -> Forms:
    """The forms that ship with Sugu. The file is part of the program: a bad one is a bug."""
    text = (files("service.sms.lexicon") / "forms.toml").read_text(encoding="utf-8")
    return forms_from(tomllib.loads(text))


def forms_from(data: Mapping[str, Any]) -> Forms:
    """Forms from the parsed TOML; raises KeyError when a table is missing."""
    groups = ("money", "number", "day", "month", "command", "stage", "silent", "known")
    words = {group: {k: _plain_all(v) for k, v in data[group].items()} for group in groups}
    words["form"] = {name: _plain_all(form["words"]) for name, form in data["form"].items()}
    return Forms(
        aliases=tuple(dict.fromkeys(_aliases(data))),
        words=words,
        turns={name: form["turns"] for name, form in data["form"].items()},
        unsure={plain(form): tuple(codes) for form, codes in data["unsure"].items()},
    )


def default_aliases() -> list[Alias]:
    """The seed of the alias table: French, Bambara and Maninka forms of every known code."""
    return list(read_forms().aliases)


def _plain_all(forms: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain(form) for form in forms))


def _aliases(data: Mapping[str, Any]) -> Iterator[Alias]:
    """One alias for each (kind, target, form); a form shared by two languages keeps the first."""
    seen: set[tuple[str, str, str]] = set()
    for kind in ALIASED:
        for target, languages in data[kind].items():
            for lang, forms in languages.items():
                for form in _plain_all(forms):
                    if (kind, target, form) not in seen:
                        seen.add((kind, target, form))
                        yield Alias(kind, target, form, lang)
