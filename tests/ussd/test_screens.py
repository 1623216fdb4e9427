"""Fitting: what gives way, in which order, and what never does."""

from hypothesis import given
from hypothesis import strategies as st

from service.encoding import is_gsm7, septets
from service.ussd.screens import (
    LAST,
    ROOM,
    Line,
    choice,
    clip,
    lay,
    line,
    named,
    optional,
    pages,
)

words = st.text(min_size=0, max_size=40)
a_line = st.builds(
    lambda forms, yields: Line(tuple(forms), yields),
    st.lists(words, min_size=1, max_size=4),
    st.integers(0, LAST),
)


def test_everything_is_said_in_full_when_there_is_room():
    assert lay([line("Arachide coque, Kita", "Ara, Kita"), optional("DEMO")]) == (
        "Arachide coque, Kita\nDEMO"
    )


def test_the_line_that_yields_most_is_shortened_first():
    lines = [line("a" * 80, "a", yields=1), line("b" * 80, "b", yields=9)]
    assert lay(lines) == "a" * 80 + "\nb"


def test_a_dispensable_line_goes_before_a_word_is_shortened():
    assert lay([line("a" * 155, "a"), optional("DEMO")]) == "a" * 155


def test_a_line_left_out_comes_back_before_wordings_grow():
    lines = [line("a" * 150, "a" * 100, yields=1), line("b" * 40, "b" * 30, "", yields=5)]
    assert lay(lines) == "a" * 100 + "\n" + "b" * 40


def test_letters_are_folded_and_what_costs_two_septets_is_counted_twice():
    assert lay([line("Bɛnɛ ŋ ɲ Ɔ")]) == "Bènè ng ny O"
    assert lay([line("[" * 80, "ok")]) == "ok"


def test_a_name_is_clipped_at_its_end_with_a_stop():
    assert clip("Bendougouba", 8) == "Bendoug."
    assert named("Arachide décortiquée", 14, 9) == (
        "Arachide décortiquée",
        "Arachide déco.",
        "Arachide.",
    )
    assert named("Kita", 14, 9) == ("Kita",)


def test_a_page_holds_five_choices_or_what_fits():
    items = [choice(str(n), f"Produit {n}") for n in range(1, 13)]
    assert [len(page) for page in pages(items, 120)] == [5, 5, 2]
    assert [len(page) for page in pages(items, 30)] == [2] * 6
    assert [len(page) for page in pages(items, 5)] == [1] * 12
    assert pages([], 100) == [[]]


@given(st.lists(a_line, max_size=12))
def test_no_screen_ever_passes_the_budget_or_leaves_the_alphabet(lines):
    said = lay(lines)
    assert is_gsm7(said)
    assert septets(said) <= ROOM
