"""Money is written with plain spaces, said in words on the radio, and read back from an SMS."""

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.money import LARGEST, dorome, francs, read_words, to_coin, words_bm, words_fr

REFERENCE = Path(__file__).parent / "data" / "bambara_money_words_reference.csv"


def reference_amounts() -> list[tuple[int, str]]:
    with REFERENCE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [(int(row["amount_xof"]), row["bambara_words"]) for row in rows]


def bare(words: str) -> str:
    apart = unicodedata.normalize("NFD", words)
    return "".join(c for c in apart if c.isascii() or c in "ɛɔ").replace("ɛ", "e").replace("ɔ", "o")


@pytest.mark.parametrize(
    ("amount", "written"),
    [(0, "0"), (225, "225"), (12_500, "12 500"), (1_250_000, "1 250 000"), (-1_500, "-1 500")],
)
def test_francs_are_grouped_with_a_plain_space(amount: int, written: str):
    assert francs(amount) == written


@pytest.mark.parametrize(
    ("amount", "figure"),
    [
        (0, 0),
        (250, 50),
        (3_500, 700),
        (20_000, 4_000),
        (1_000_000, 1_000_000),
        (1_090_000, 1_018_000),
        (252, None),
        (-5, None),
    ],
)
def test_a_dorome_is_five_francs_but_a_million_is_not_divided(amount: int, figure: int | None):
    assert dorome(amount) == figure


@pytest.mark.parametrize(("amount", "paid"), [(0, 0), (2, 0), (2.5, 5), (227, 225), (228, 230)])
def test_an_amount_is_rounded_to_what_coins_can_pay(amount: float, paid: int):
    assert to_coin(amount) == paid


def test_bambara_words_are_those_of_the_reference():
    amounts = reference_amounts()
    assert len(amounts) == 180
    for amount, words in amounts:
        assert f"sefa wari {words_bm(amount)}" == words


def test_the_reference_is_read_back_whatever_the_spelling():
    for amount, words in reference_amounts():
        for spelling in (words, bare(words), words.upper(), words.replace("bi ", "bi")):
            tokens = spelling.split()
            assert read_words(tokens) == (amount, len(tokens)), spelling


def test_every_price_up_to_two_millions_is_read_back_from_bambara():
    for amount in (*range(5, 20_000, 5), *range(20_000, 2_000_001, 1_235)):
        words = words_bm(amount).split()
        assert read_words(words) == (amount, len(words))


@given(st.integers(1, LARGEST // 5).map(lambda count: 5 * count))
def test_bambara_words_and_their_reading_are_inverse(amount: int):
    words = words_bm(amount).split()
    assert read_words(words) == (amount, len(words))
    assert read_words([bare(word) for word in words]) == (amount, len(words))


@given(st.integers(1, LARGEST))
def test_french_words_and_their_reading_are_inverse(amount: int):
    words = words_fr(amount)
    for tokens in (words.split(), words.replace("-", " ").split(), bare(words).upper().split()):
        assert read_words(tokens) == (amount, len(tokens))


@given(st.integers(1, LARGEST), st.sampled_from(["kita", "225", "f", "sac", "tiga"]))
def test_what_comes_after_the_amount_is_left_alone(amount: int, after: str):
    words = words_fr(amount).split()
    assert read_words([*words, after]) == (amount, len(words))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "zéro"),
        (21, "vingt et un"),
        (71, "soixante et onze"),
        (80, "quatre-vingts"),
        (81, "quatre-vingt-un"),
        (97, "quatre-vingt-dix-sept"),
        (200, "deux cents"),
        (225, "deux cent vingt-cinq"),
        (1_000, "mille"),
        (1_003, "mille trois"),
        (80_000, "quatre-vingt mille"),
        (203_000, "deux cent trois mille"),
        (200_000, "deux cent mille"),
        (1_000_000, "un million"),
        (2_000_080, "deux millions quatre-vingts"),
    ],
)
def test_french_words(amount: int, words: str):
    assert words_fr(amount) == words


def test_bambara_words_say_what_coins_can_pay():
    assert words_bm(252) == words_bm(250) == "dɔrɔmɛ bi duuru"
    assert words_bm(0) == "dɔrɔmɛ fu"


@pytest.mark.parametrize("amount", [-5, LARGEST + 10])
def test_words_refuse_what_nothing_costs(amount: int):
    with pytest.raises(ValueError, match="is not between"):
        words_bm(amount)
    with pytest.raises(ValueError, match="is not between"):
        words_fr(amount)


@pytest.mark.parametrize(
    ("text", "amount", "used"),
    [
        ("dɔrɔmɛ kɛmɛ", 500, 2),
        ("dorome bi duuru kilo", 250, 3),
        ("keme fila ni bi duuru", 1_250, 5),
        ("keme fila bi duuru", 1_250, 4),
        ("kɛmɛ fila saba", 1_000, 2),
        ("kémé", 500, 1),
        ("kéméfla", 1_000, 1),
        ("bissaba", 150, 1),
        ("bisaba ni duru", 175, 3),
        ("mougan ni dourou", 125, 3),
        ("muwan ni loolu", 125, 3),
        ("wɔɔrɔnla", 35, 1),
        ("sen", 40, 1),
        ("wolonfila", 35, 1),
        ("waa", 5_000, 1),
        ("wa kelen", 5_000, 2),
        ("ba fila", 10_000, 2),
        ("waa tan ni saba", 65_000, 4),
        ("waa tan ani saba", 50_015, 4),
        ("waa kɛmɛ ni waa bi duuru", 750_000, 6),
        ("miliyɔn kelen ni waa kɛmɛ", 1_500_000, 5),
        ("sefa wari kɛmɛ fila", 1_000, 4),
        ("kɛmɛ duuru dorome", 2_500, 3),
        ("deux cent vingt cinq", 225, 4),
        ("deux cents F", 200, 2),
        ("mille", 1_000, 1),
        ("cinq cents", 500, 2),
        ("sinq cent", 500, 2),
        ("quinze cents", 1_500, 2),
        ("vingt et un sacs", 21, 3),
        ("nonante cinq", 95, 2),
        ("dix sept mille cinq cent", 17_500, 5),
        ("dorome deux cents", 1_000, 3),
        ("deux cents dorome", 1_000, 3),
    ],
)
def test_number_words_are_read_as_they_are_typed(text: str, amount: int, used: int):
    assert read_words(text.split()) == (amount, used)


@pytest.mark.parametrize(
    "text",
    [
        *("", "225", "dorome 50", "dorome", "kita", "tiga kɛmɛ"),
        *(
            "ba",
            "ba 15000",
            "bi",
            "bi fila",
            "wari",
            "ni",
            "et",
            "mil",
            "fu",
            "vingt-sacs",
            "2-cent",
        ),
    ],
)
def test_what_is_not_an_amount_in_words_is_not_read(text: str):
    assert read_words(text.split()) is None


@given(st.lists(st.text(max_size=12), max_size=8))
def test_reading_never_fails_and_never_consumes_more_than_it_was_given(tokens: list[str]):
    match read_words(tokens):
        case (amount, used):
            assert amount > 0
            assert 0 < used <= len(tokens)
