"""Each person is answered in their own language; what has no translation is said in French."""

from datetime import date, timedelta

import pytest
from babel import Locale

from service.encoding import is_gsm7, septets, to_gsm
from service.i18n import (
    LANGS,
    Review,
    ago,
    approved,
    day,
    month,
    on_one_line,
    reviews,
    short_date,
    speaker,
    voice,
    weekday,
)
from tests.pseudo import xa, xb, xu

FRIDAY = date(2026, 11, 20)


def test_a_text_without_translation_is_said_in_french():
    for lang in LANGS:
        say = speaker(lang)
        assert (
            say("no.such.text", "Prix {market} : {price} F", market="Kita", price=225)
            == "Prix Kita : 225 F"
        )


def test_an_unknown_language_speaks_french():
    assert speaker("ff")("ago.yesterday", "hier") == "hier"


def test_the_same_french_in_another_context_is_another_message():
    say = voice({("menu.back", "Retour"): "Kɔsegin"})
    assert say("menu.back", "Retour") == "Kɔsegin"
    assert say("road.back", "Retour") == "Retour"


def test_braces_that_are_not_fields_are_written_twice():
    assert voice({})("x", "{{a}} {b}", b=1) == "{a} 1"


def test_a_voice_is_made_once():
    assert speaker("bm") is speaker("bm")


def test_bambara_speaks_from_its_catalogue():
    assert speaker("bm")("ago.yesterday", "hier") == "kunun"


def test_with_drafts_off_an_unapproved_text_is_said_in_french():
    messages = {
        ("a", "Oui"): "Ɔwɔ",
        ("b", "Non"): "Ayi",
        ("c", "Aide\n0 Retour"): "Dɛmɛ\n0 Kɔsegin",
    }
    page = (
        "# Review\n\n| context | Bambara | status | reviewer | date |\n|---|---|---|---|---|\n"
        "| a | Ɔwɔ | approved | F. Keita | 2026-11-02 |\n"
        "| b | Ayi | draft |  |  |\n"
        "| c | Dɛmɛ ⏎ 0 Kɔsegin | approved | F. Keita | 2026-11-02 |\n"
    )
    say = voice(approved(messages, reviews(page)))
    assert say("a", "Oui") == "Ɔwɔ"
    assert say("b", "Non") == "Non"
    assert say("c", "Aide\n0 Retour") == "Dɛmɛ\n0 Kɔsegin"


def test_an_approval_lapses_when_the_text_is_edited():
    rows = [Review("a", "Ɔwɔ", "approved", "F. Keita", "2026-11-02")]
    assert approved({("a", "Oui"): "Awɔ"}, rows) == {}


def test_a_row_a_hand_left_incomplete_is_a_draft():
    page = "| context | Bambara | status | reviewer | date |\n|---|---|---|---|---|\n| a | Ɔwɔ |\n"
    assert reviews(page) == [Review("a", "Ɔwɔ", "", "", "")]


def test_drafts_may_be_switched_off_for_the_catalogues_as_they_are():
    assert "5" in speaker("bm", drafts=False)("ago.days", "il y a {days} j", days=5)
    assert speaker("fr", drafts=False)("ago.today", "aujourd'hui") == "aujourd'hui"


def test_a_screen_is_one_cell_of_the_review_table():
    assert on_one_line("Dɛmɛ |\n0 Kɔsegin") == "Dɛmɛ / ⏎ 0 Kɔsegin"


@pytest.mark.parametrize("lang", LANGS)
def test_days_and_months_are_the_official_names(lang: str):
    names = Locale.parse(lang)
    assert [weekday(n, lang) for n in range(7)] == [
        names.days["format"]["wide"][n] for n in range(7)
    ]
    assert [month(n, lang) for n in range(1, 13)] == [
        names.months["format"]["wide"][n] for n in range(1, 13)
    ]


@pytest.mark.parametrize("lang", LANGS)
def test_short_days_tell_the_week_apart_and_fit_nine_septets(lang: str):
    week = [day(FRIDAY + timedelta(days=n), lang) for n in range(7)]
    assert len({name[:3] for name in week}) == 7
    assert all(septets(to_gsm(name)) == 9 for name in week)


def test_a_fair_day_is_short_and_known_in_both_languages():
    assert day(FRIDAY, "fr") == "ven 20/11"
    assert day(FRIDAY, "bm") == "jum 20/11"
    assert day(FRIDAY, "??") == "ven 20/11"
    assert short_date(date(2026, 1, 5)) == "05/01"


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "aujourd'hui"), (0, "aujourd'hui"), (1, "hier"), (12, "il y a 12 j")]
)
def test_the_age_of_a_price_is_said_in_words(days: int, said: str):
    assert ago(days, speaker("fr")) == said


def test_the_swollen_language_is_a_third_longer_and_keeps_menu_keys():
    text = "Prix {zone}\n1 Autre prix\n0 Retour"
    said = xa("x", text, zone="Kita")
    assert said == "<Prìx Kitaà >\n1 <Aùtré prìxà é >\n0 <Rétòùrà é>"
    assert is_gsm7(said)
    assert len(said) > 1.3 * len(text.format(zone="Kita"))


def test_the_unsendable_language_cannot_pass_a_wire_unfolded():
    said = xu("x", "Prix {n} F, non", n=5)
    assert said == "Prix 5 F, ŋɔŋ"
    assert not is_gsm7(said)
    assert is_gsm7(to_gsm(said))


def test_the_language_of_figures_keeps_only_figures():
    assert xb("x", "{crop} : {n} F\n1 Autre prix", crop="Tiga", n=225) == "Tiga : 225 -\n1 - -"
