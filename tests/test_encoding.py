"""What leaves is GSM 03.38 and counted as a gateway will bill it; what comes in is folded."""

import json
import random
import unicodedata
from pathlib import Path

import gsm0338  # registers the codec "gsm03.38"
import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from service.encoding import (
    BASIC,
    EXTENSION,
    GSM,
    NotGsm,
    Tier,
    encoding,
    fit,
    fold,
    is_gsm7,
    offenders,
    segments,
    septets,
    to_gsm,
)

CODEC = gsm0338.Codec()
GSM_TEXT = st.text(alphabet=sorted(GSM), max_size=400)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)

WRITTEN = (
    "PRIX Kita tiga kaba saɲɔ sɔngɔ bɛnɛ feere foire maïs arachide niébé 225 F/kg 12 500 reçu août "
    "où à € [D50] {x} ~ ’ « » — … 👍 🥜 bœuf Ŋ Ɔwɔ STOP=arrêt mɔgɔ | ^ \\ ñ ß É"
)


def written_texts(count: int) -> list[str]:
    """Texts as staff and reporters write them, lengths clustered where a part begins or ends."""
    dice = random.Random(2026)
    edges = (1, 69, 70, 71, 133, 134, 135, 152, 153, 154, 159, 160, 161, 305, 306, 307, 460)
    texts = []
    for _ in range(count):
        words = dice.choices(WRITTEN.split(" "), k=dice.randint(1, 8))
        filler = dice.choice(["a", "€", "[", "é", "ɛ", "👍", "a{", "tiga "])
        text = " ".join(words) + filler * 470
        texts.append(text[: dice.choice(edges) + dice.randint(-2, 2)] or "a")
    return texts


def test_the_alphabet_is_the_one_of_the_codec():
    assert len(BASIC) == 127
    assert len(EXTENSION) == 10
    for char in BASIC:
        assert len(CODEC.encode(char)[0]) == 1
    for char in EXTENSION:
        assert len(CODEC.encode(char)[0]) == 2


def test_three_thousand_texts_are_billed_as_an_independent_library_bills_them():
    for text in written_texts(3000):
        parts = smsutil.split(text).parts
        assert segments(text) == len(parts), text
        assert is_gsm7(text) == smsutil.is_valid_gsm(text), text


def test_a_second_independent_library_counts_the_same():
    vectors = Path(__file__).parent / "data" / "segment_vectors.json"
    for runs, alphabet, parts in json.loads(vectors.read_text(encoding="utf-8")):
        text = "".join(piece * times for piece, times in runs)
        assert (encoding(text), segments(text)) == (alphabet, parts), runs


def test_three_thousand_texts_leave_in_an_alphabet_the_codec_accepts():
    for text in written_texts(3000):
        for tier in Tier:
            wire = to_gsm(text, tier)
            assert septets(wire) == len(CODEC.encode(wire)[0]), text


@given(GSM_TEXT)
def test_septets_are_the_octets_of_the_codec(text: str):
    assert septets(text) == len(CODEC.encode(text)[0])


@given(ANY_TEXT.filter(lambda text: text and "\x1b" not in text))
def test_any_text_is_billed_as_the_independent_library_bills_it(text: str):
    assert segments(text) == len(smsutil.split(text).parts)


@given(ANY_TEXT)
def test_whatever_is_written_leaves_as_gsm_and_folding_again_changes_nothing(text: str):
    for tier in Tier:
        wire = to_gsm(text, tier)
        assert encoding(wire) == "gsm7"
        assert offenders(wire) == []
        assert to_gsm(wire, tier, strict=True) == wire


@given(ANY_TEXT)
def test_the_bare_tier_is_ascii(text: str):
    assert to_gsm(text, Tier.BARE).isascii()


@given(ANY_TEXT)
def test_composed_and_decomposed_letters_leave_alike(text: str):
    apart = unicodedata.normalize("NFD", text)
    assert to_gsm(unicodedata.normalize("NFC", apart)) == to_gsm(apart)


@pytest.mark.parametrize(
    ("text", "accented", "bare"),
    [
        ("Sɛnɛkɛlaw ka sɔngɔ", "Sènèkèlaw ka sòngò", "Senekelaw ka songo"),
        ("saɲɔ, ŋɔmi, Ɲɔ, Ŋ", "sanyò, ngòmi, Nyò, Ng", "sanyo, ngomi, Nyo, Ng"),
        ("Ɛ Ɔ", "E O", "E O"),
        ("ɓ ɗ ƴ", "b d y", "b d y"),
        ("à è é ì ò ù", "à è é ì ò ù", "a e e i o u"),
        ("Français, reçu", "Francais, recu", "Francais, recu"),
        ("Ç", "C", "C"),
        ("â ê î ô û ë ï ÿ œ æ", "a e i o u e i y oe æ", "a e i o u e i y oe ae"),
        ("À Â È Ê Ë Î Ï Ô Ù Û Œ", "A A E E E I I O U U OE", "A A E E E I I O U U OE"),
        ("É", "É", "E"),
        ("’ ‘ “ ” « »", '\' \' " " " "', '\' \' " " " "'),
        ("– — … • ° → ↑ ↓ ²", "- - ... - o > + - 2", "- - ... - o > + - 2"),
        ("12\u202f500\u00a0F\u2009CFA\tnet", "12 500 F CFA net", "12 500 F CFA net"),
        ("Sébékoro", "Sébékoro", "Sebekoro"),
        ("10 € [net]", "10 € [net]", "10 EUR [net]"),
    ],
)
def test_the_encoder_table(text: str, accented: str, bare: str):
    assert to_gsm(text, Tier.ACCENTED, strict=True) == accented
    assert to_gsm(text, Tier.BARE, strict=True) == bare


def test_tone_marks_on_open_vowels_are_dropped_and_the_vowel_stays_open():
    assert to_gsm("kɛ̀mɛ́ dɔ̌rɔ̂mɛ̄") == "kèmè dòròmè"
    assert to_gsm("Ɛ̀") == "E"


def test_french_accents_survive_however_they_were_typed():
    assert to_gsm(unicodedata.normalize("NFD", "marché où à")) == "marché où à"


def test_an_unknown_sign_becomes_a_question_mark_or_raises_when_strict():
    assert to_gsm("tiga ♥") == "tiga ?"
    with pytest.raises(NotGsm, match="'♥' at 5") as caught:
        to_gsm("tiga ♥", strict=True)
    assert caught.value.found == [(5, "♥")]


def test_the_escape_itself_never_leaves():
    assert to_gsm("a\x1bb") == "a?b"
    assert not is_gsm7("\x1b")


def test_septets_refuse_a_letter_outside_the_alphabet():
    with pytest.raises(NotGsm, match="'ɛ' at 1"):
        septets("bɛ")


def test_offenders_say_where_the_message_becomes_ucs2():
    text = "Prix du maïs : l’arachide"
    assert offenders(text) == [(10, "ï"), (16, "’")]
    assert encoding(text) == "ucs2"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "{" + "a" * 152, 3),
        ("ɛ" * 70, 1),
        ("ɛ" * 71, 2),
        ("ɛ" * 134, 2),
        ("ɛ" * 135, 3),
        ("👍" * 35, 1),
        ("👍" * 36, 2),
        ("ɛ" * 66 + "👍" + "ɛ" * 66, 3),
    ],
)
def test_a_pair_never_straddles_two_parts(text: str, parts: int):
    assert segments(text) == parts


@given(ANY_TEXT, st.integers(0, 200), st.sampled_from(Tier))
def test_what_is_fitted_fits(text: str, limit: int, tier: Tier):
    wire = fit(text, limit, tier)
    assert septets(wire) <= limit
    if septets(to_gsm(text, tier)) <= limit:
        assert wire == to_gsm(text, tier)


def test_fitting_cuts_at_a_word_and_says_so():
    assert fit("Prix du maïs à Kita", 15) == "Prix du mais.."
    assert fit("Tomountounkolo", 8) == "Tomoun.."


def test_fitting_never_parts_an_escape_pair():
    assert fit("a" * 9 + "€" * 9, 12) == "a" * 9 + ".."


@pytest.mark.parametrize(
    ("typed", "bare"),
    [
        ("TIGA Kita 225F", "tiga kita 225f"),
        ("Maïs à Sébékoro", "mais a sebekoro"),
        ("sɛnɛ sɔngɔ saɲɔ ŋɔmi", "sene songo sanyo ngomi"),
        ("ƐƆƝŊ", "eonyng"),
        ("kɛ̀mɛ́", "keme"),
        ("l’arachide « coque »", 'l\'arachide " coque "'),
        ("12\u202f500\u00a0F", "12 500 f"),
        ("ARA ٢٢٥ MAI ۱۵۰", "ara 225 mai 150"),
        ("ＭＡＩ１５０", "mai150"),
        ("225–240…", "225-240..."),
        ("bœuf n°2", "boeuf no2"),
        ("KITA\tARA`", "kita ara'"),
        ("ߒߞߏ ߂߂߅", "ߒߞߏ 225"),
    ],
)
def test_what_was_typed_is_folded_for_matching(typed: str, bare: str):
    assert fold(typed) == bare


@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT)
def test_case_and_composition_do_not_matter(text: str):
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(st.text(alphabet=st.sampled_from("abcdefghijklmnopqrstuvwxyzàâçéèêëîïôùûœæɛɔɲŋ ’")))
def test_capitals_do_not_matter(text: str):
    assert fold(text.upper()) == fold(text)
