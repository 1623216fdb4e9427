"""The catalogues say what the code says, in letters the wire can carry, with nothing lost."""

import ast
import importlib.util
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message

from service.encoding import Tier, septets, to_gsm
from service.i18n import LANGS, reviews, translations

ROOT = Path(__file__).parents[1]
_spec = importlib.util.spec_from_file_location("update", ROOT / "locales" / "update.py")
update = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(update)

BAMBARA = update.catalogue("bm")
FRENCH = update.catalogue("fr")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzɛɔɲŋ")
PROPER = frozenset("éç")  # Français, Sébékoro, Founia: names keep the letters of French
PLURALS = {"fr": "nplurals=2; plural=(n > 1);", "bm": "nplurals=1; plural=0;"}
BUDGET = re.compile(r"max (\d+) septets")


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def pairs() -> list[tuple[str, str, str]]:
    """(context, French, what is said) for both languages."""
    french = [(m.context, m.id, m.string or m.id) for m in messages(FRENCH)]
    return french + [(m.context, m.id, m.string) for m in messages(BAMBARA) if m.string]


def fields(text: str) -> set[str]:
    return {name for _, name, *_ in Formatter().parse(text) if name is not None}


def words(text: str) -> str:
    return "".join(piece for piece, *_ in Formatter().parse(text))


def said_in_code() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `say` in the package, with where it stands."""
    for path in sorted((ROOT / "service").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) == "say":
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_nothing_is_said_inside_an_f_string_where_the_extractor_does_not_look():
    for path in sorted((ROOT / "service").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                hidden = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
                said = [each for each in hidden if _name(each.func) == "say"]
                assert not said, f"{path.relative_to(ROOT)}:{node.lineno}"


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_the_template_holds_what_the_code_says():
    assert update.extracted() == update.template(update.POT), "run locales/update.py"


@pytest.mark.parametrize("lang", LANGS)
def test_each_catalogue_holds_the_messages_of_the_template(lang: str):
    catalogue = update.catalogue(lang)
    with update.POT.open(encoding="utf-8") as file:
        template = update.read_po(file)
    said = {(m.context, m.id) for m in messages(catalogue)}
    assert said == {(m.context, m.id) for m in messages(template)}, "run locales/update.py"
    assert not catalogue.obsolete


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_is_guessed(lang: str):
    assert [m.context for m in messages(update.catalogue(lang)) if m.fuzzy] == []


@pytest.mark.parametrize("lang", LANGS)
def test_the_plural_rule_is_the_one_of_the_language(lang: str):
    headers = (ROOT / "locales" / lang / "LC_MESSAGES" / "sugu.po").read_text(encoding="utf-8")
    assert f"Plural-Forms: {PLURALS[lang]}" in headers


def test_every_text_has_its_bambara():
    assert sorted(m.context for m in messages(BAMBARA) if not m.string) == []


def test_a_context_names_one_text():
    texts = defaultdict(set)
    for message in messages(FRENCH):
        texts[message.context].add(message.id)
    assert {context: said for context, said in texts.items() if len(said) > 1} == {}


def test_every_text_of_the_code_can_be_extracted():
    """A context and a text written out; a computed one would never reach the translator."""
    unclear = []
    for where, call in said_in_code():
        written = [isinstance(a, ast.Constant) and isinstance(a.value, str) for a in call.args]
        if written != [True, True]:
            unclear.append(where)
    assert unclear == []


def test_the_code_gives_every_value_a_text_asks_for():
    asked = defaultdict(set)
    for context, source, said in pairs():
        asked[context, source] |= fields(source) | fields(said)
    missing = {}
    for where, call in said_in_code():
        given = {keyword.arg for keyword in call.keywords}
        key = tuple(getattr(argument, "value", None) for argument in call.args)
        if None not in given and asked.get(key, set()) - given:
            missing[where] = asked[key] - given
    assert missing == {}


def test_no_translation_loses_a_value():
    """It may show one more that the code gives: Bambara says francs and dɔrɔmɛ."""
    assert [context for context, source, said in pairs() if fields(source) - fields(said)] == []


def test_menu_keys_stand_where_they_stood():
    moved = []
    for context, source, said in pairs():
        keys = [
            [line[:2] for line in text.split("\n") if re.match(r"\d ", line)]
            for text in (source, said)
        ]
        figures = [Counter(re.findall(r"\d+", words(text))) for text in (source, said)]
        if keys[0] != keys[1] or set(figures[0]) != set(figures[1]):
            moved.append((context, source, said))
    assert moved == []


def test_edges_are_kept():
    def edges(text: str) -> tuple[str, str]:
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]

    assert [context for context, source, said in pairs() if edges(source) != edges(said)] == []


def test_stop_is_never_translated():
    """The one word a gateway also listens for."""
    assert [c for c, source, said in pairs() if source.count("STOP") != said.count("STOP")] == []


def test_bambara_is_written_in_its_official_letters_without_tones():
    strange = {}
    for message in messages(BAMBARA):
        letters = {c for c in words(str(message.string)).lower() if not c.isascii()}
        if letters - LETTERS - PROPER:
            strange[message.context] = sorted(letters - LETTERS - PROPER)
    assert strange == {}


def test_every_text_is_composed_and_has_a_place_on_the_wire():
    for _, source, said in pairs():
        for text in (source, said):
            assert text == unicodedata.normalize("NFC", text)
            for tier in Tier:
                to_gsm(words(text), tier, strict=True)


def test_texts_keep_the_budget_of_their_note():
    long = []
    for catalogue in (FRENCH, BAMBARA):
        for message in messages(catalogue):
            budget = BUDGET.search(" ".join(message.auto_comments))
            length = septets(to_gsm(words(str(message.string or message.id))))
            if budget and length > int(budget[1]):
                long.append((message.context, length, budget[0]))
    assert long == []


def test_the_review_table_lists_every_bambara_text():
    page = update.REVIEW.read_text(encoding="utf-8")
    assert reviews(page) == update.review_rows(translations(BAMBARA), reviews(page)), (
        "run locales/update.py"
    )


def test_the_review_keeps_a_verdict_only_for_the_text_it_was_given_on():
    page = (
        "# Review\n\n| context | Bambara | status | reviewer | date |\n|---|---|---|---|---|\n"
        "| a | Ɔwɔ | approved | F. Keita | 2026-11-02 |\n| b | Ayi | approved | F. Keita | 2026-11-02 |\n"
    )
    renewed = update.review_page(page, {("a", "Oui"): "Ɔwɔ", ("b", "Non"): "Ayi dɛ"})
    assert [row.status for row in reviews(renewed)] == ["approved", "draft"]
    assert renewed.startswith("# Review\n\n| context |")
    assert update.review_page(renewed, {("a", "Oui"): "Ɔwɔ", ("b", "Non"): "Ayi dɛ"}) == renewed
