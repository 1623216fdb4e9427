"""Turns as a pure function: deeds named once, places found again, codes dialled, lost sessions."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.encoding import is_gsm7, septets
from service.ussd import deeds as d
from service.ussd.caller import Opening, Profile, ReporterCard, Resume
from service.ussd.screens import ROOM
from service.ussd.walk import MOST_KEYS, keys_of, place_of
from tests.ussd.world import (
    FARMER,
    FRIDAY,
    PROFILES,
    RELAY,
    REPORTER,
    STRANGER,
    WATCHED,
    book,
    dial,
    quote,
    scene,
)


def effects(profile, text, **opening):
    return [deed.effect for deed in dial(profile, text, **opening).deeds]


def resume(profile, text, **opening):
    return place_of(Opening(profile, **opening), keys_of(text), scene())


# What is asked to be done


def test_a_stranger_is_asked_once_and_what_they_looked_at_is_remembered():
    assert effects(STRANGER, "1*3*2") == [d.SetLanguage("fr"), d.Remember("MAI", "SEBEKORO")]


def test_the_price_already_remembered_is_not_remembered_again():
    assert effects(FARMER, "1*1") == []


def test_village_and_kilos_are_remembered_when_asked():
    assert effects(Profile("fr"), "2*1*3*200") == [d.SetVillage("V3"), d.SetKilos(200)]


def test_an_alert_is_asked_for_only_after_a_yes():
    assert effects(FARMER, "4*1") == []
    assert effects(FARMER, "4*1*2") == []
    assert effects(FARMER, "4*1*1") == [d.SubscribeAlert("ARA", "KITA", None, None)]


def test_a_threshold_lapses_when_the_season_ends():
    [alert] = effects(FARMER, "4*2*250*1")
    assert (alert.at_least, alert.expires_on.isoformat()) == (250, "2027-09-30")


def test_an_alert_is_dropped_with_one_key_only_by_who_has_it():
    assert effects(WATCHED, "4*3") == [d.DropAlert("ARA", "KITA")]
    assert effects(FARMER, "4*3") == []


def test_stop_holds_at_once_and_can_be_undone():
    assert effects(FARMER, "9*6") == [d.StopAll()]
    assert effects(FARMER, "9*6*1") == [d.StopAll(), d.Restart()]
    assert effects(FARMER, "9*9*6") == [d.StopAll()]


def test_who_asked_for_silence_gets_no_copy_before_undoing_it():
    stopped = Profile("fr", "V3", "ARA", "KITA", 200, stopped=True)
    assert effects(stopped, "9*2") == []
    assert dial(stopped, "9*2").label == "stop"


def test_a_copy_is_one_sms_with_the_day_of_the_price():
    [copy] = effects(FARMER, "9*2")
    assert copy.text.split("\n") == [
        "Arachide coque, Kita",
        "225 F/kg (210-240) MONTE",
        "ven 20/11, 3 relevés",
    ]
    [advice] = effects(FARMER, "2*9*3")
    assert "Sébékoro 255 F" in advice.text
    assert "Retour" not in advice.text
    assert septets(advice.text) <= 160


def test_a_dispute_names_the_fair_it_is_about():
    assert effects(FARMER, "9*1") == [d.Dispute("ARA", "KITA", FRIDAY)]


def test_there_is_nothing_to_dispute_without_a_price():
    assert effects(Profile("fr", None, "MAI", "KITA"), "9*1") == []
    assert effects(Profile("fr"), "9*1") == []


def test_only_a_reporter_sends_a_price():
    assert effects(REPORTER, "7*1*1*230*1") == [d.SubmitPrice("ARA", "KITA", "KG", 1, 230)]
    assert dial(FARMER, "7").label == "home"
    assert dial(FARMER, "8").label == "home"


def test_what_looks_like_dorome_is_multiplied_only_when_the_reporter_says_so():
    assert effects(REPORTER, "7*1*1*45*1") == [d.SubmitPrice("ARA", "KITA", "KG", 1, 45)]
    assert effects(REPORTER, "7*1*1*45*2") == [d.SubmitPrice("ARA", "KITA", "KG", 1, 225)]
    assert effects(REPORTER, "7*1*1*230*2") == []


def test_a_price_is_corrected_before_it_is_sent():
    assert effects(REPORTER, "7*1*1*45*3*230*1") == [d.SubmitPrice("ARA", "KITA", "KG", 1, 230)]


def test_two_prices_in_one_session_are_two_deeds():
    screen = dial(REPORTER, "7*1*1*230*1*1*1*1*230*1")
    assert len({deed.action for deed in screen.deeds}) == len(screen.deeds) == 2


def test_a_deed_keeps_its_name_however_far_the_session_goes_on():
    early = dial(STRANGER, "1*3*2").deeds
    later = dial(STRANGER, "1*3*2*00*9*6*1").deeds
    assert later[: len(early)] == early
    assert len({deed.action for deed in later}) == len(later)


def test_only_what_is_merely_remembered_may_fail_unseen():
    quiet = {type(each.effect) for each in dial(STRANGER, "1*3*2").deeds if each.quiet}
    assert quiet == {d.SetLanguage, d.Remember}
    assert not any(each.quiet for each in dial(FARMER, "9*6*1*00*4*1*1").deeds)


# Places


def test_an_effect_does_not_change_the_meaning_of_keys_already_pressed():
    assert dial(STRANGER, "2*1*1").language == "bm"
    assert dial(STRANGER, "2*1*1").label == "price"


@pytest.mark.parametrize("text", ["1*3*", "1*3#", " 1 * 3 ", "1**3", "*1*3"])
def test_a_code_may_be_typed_untidily(text):
    assert dial(FARMER, text).text == dial(FARMER, "1*3").text


def test_a_code_leads_everyone_to_the_same_price():
    texts = {dial(PROFILES[who], "1*1*2", dialled=3).text for who in ("stranger", "placeless")}
    assert texts == {dial(FARMER, "1*1*2").text}


def test_a_code_with_a_wrong_tail_stops_at_the_last_place_and_says_so():
    screen = dial(FARMER, "1*88*1*1", dialled=4)
    assert screen.label == "products"
    assert screen.text.startswith("Choix non valable\n")
    assert dial(FARMER, "1*88*1*1*3", dialled=4).label == "price"


def test_a_stranger_who_dials_a_code_is_asked_for_a_language_another_day():
    assert effects(STRANGER, "1*3*2", dialled=3) == [d.Remember("MAI", "SEBEKORO")]


def test_a_wrong_key_says_so_once():
    assert dial(FARMER, "5").text.startswith("Choix non valable\n")
    assert not dial(FARMER, "5*1").text.startswith("Choix")


def test_amounts_may_be_98_and_99():
    assert effects(Profile("fr", "V3"), "2*98") == [d.SetKilos(98)]
    assert effects(Profile("fr", "V3"), "2*99") == [d.SetKilos(99)]
    assert dial(FARMER, "1*98").label == "home"


@pytest.mark.parametrize("amount", ["0", "50001", "1" * 13, "-5", "1.5", "x", "٣"])
def test_an_amount_out_of_range_is_asked_for_again(amount):
    assert effects(Profile("fr", "V3"), f"2*{amount}") == []


def test_goodbye_is_the_end_whatever_follows():
    assert dial(FARMER, "0").ends
    assert dial(FARMER, "0*1*1") == dial(FARMER, "0")


# A session that broke off


def test_a_lost_place_is_offered_with_the_price_still_in_sight():
    screen = dial(FARMER, "", resume=resume(FARMER, "1*3*9"))
    assert screen.text.split("\n")[:2] == ["Arachide coque, Kita", "225 F/kg (210-240) MONTE"]
    assert screen.text.split("\n")[3:] == ["1 Continuer : Quel marché ?", "2 Recommencer"]


def test_taking_up_a_lost_place_repeats_no_deed():
    lost = resume(STRANGER, "1*3*2*00*9*6")
    assert lost is None
    lost = resume(STRANGER, "1*3")
    screen = dial(Profile("fr"), "1", resume=lost)
    assert screen.label == "markets"
    assert screen.deeds == ()


def test_a_place_lost_twice_is_offered_again():
    first = resume(STRANGER, "1*3")
    second = resume(FARMER, "1*9", resume=first)
    assert second == Resume(STRANGER, ("1", "3", "9"))
    assert dial(FARMER, "1", resume=second).text == dial(STRANGER, "1*3*9").text


def test_declining_the_offer_starts_from_home():
    lost = resume(FARMER, "1*3*9")
    assert dial(FARMER, "2", resume=lost).text == dial(FARMER).text
    assert dial(FARMER, "2*1", resume=lost).text == dial(FARMER, "1").text
    assert dial(FARMER, "00", resume=lost).text == dial(FARMER).text
    assert dial(FARMER, "0", resume=lost).ends
    assert dial(FARMER, "5", resume=lost).label == "continue"


@pytest.mark.parametrize("text", ["", "0", "1*0", "1*00", "9*6", "9*1", "9*2", "9*5", "4*1*1"])
def test_home_goodbye_and_what_is_finished_are_not_offered(text):
    assert resume(FARMER, text) is None


@pytest.mark.parametrize("text", ["1*3", "1*3*2", "2", "2*9", "3", "3*9", "9"])
def test_a_screen_that_has_answered_leaves_nothing_to_continue(text):
    assert resume(FARMER, text) is None


def test_a_reporter_s_card_leaves_nothing_to_continue_and_half_a_report_does():
    assert resume(REPORTER, "8") is None
    assert resume(REPORTER, "7*1*1").path == ("7", "1", "1")


def test_a_place_is_counted_from_home_and_from_who_was_there():
    lost = resume(STRANGER, "2*1*1*00*9*4*1*1*3*9")
    assert lost.path == ("1", "3", "9")
    assert (lost.profile.language, lost.profile.product) == ("fr", "ARA")


def test_a_very_long_way_is_not_offered():
    assert resume(FARMER, "*".join(["1", "1", *["2", "1"] * 30])) is None


def test_wrong_keys_are_no_part_of_a_place():
    assert resume(FARMER, "1*77*9*66") == Resume(FARMER, ("1", "9"))


# Anything at all


KEYS = ["0", "00", "1", "2", "3", "4", "6", "7", "8", "9", "10", "13", "98", "99", "200"]


def anything(chance: Random) -> str:
    """A carrier's text as the worst of them might send it."""
    odd = "*#019 aé\x00\uffff٣-\n'\"%{}"
    if chance.random() < 0.3:
        return "".join(chance.choices(odd, k=chance.randrange(60)))
    return "*".join(chance.choices([*KEYS, "x", ""], k=chance.randrange(14)))


def test_ten_thousand_texts_are_all_answered_within_the_budget():
    chance, where = Random(38477), scene()
    for _ in range(10_000):
        text = anything(chance)
        screen = dial(REPORTER, text, where)
        assert is_gsm7(screen.text), text
        assert 0 < septets(screen.text) <= ROOM, text


@given(st.text(max_size=80))
def test_any_text_at_all_is_answered(text):
    assert dial(STRANGER, text).text


@given(st.lists(st.sampled_from(KEYS), max_size=12))
@settings(max_examples=300)
def test_the_same_keys_always_give_the_same_screen(keys):
    text = "*".join(keys)
    assert dial(STRANGER, text) == dial(STRANGER, text)
    assert dial(REPORTER, text) == dial(REPORTER, text)


def test_a_text_longer_than_any_session_is_answered():
    assert dial(FARMER, "*".join("1" * 5_000)).text
    assert dial(FARMER, "*".join(["9"] * MOST_KEYS + ["1"])).text


def test_a_product_no_longer_sold_is_forgotten():
    gone = Profile("fr", "V3", "OLD", "KITA", 200)
    assert dial(gone).text.startswith("Arachide coque, Kita")
    nowhere = Profile("fr", None, "ARA", "GONE")
    assert dial(nowhere).text.startswith("Sugu")


def test_an_empty_book_still_answers():
    its = book(quotes={}, vessels={}, homes={}, histories={}, estimates={}, trends={})
    where = scene(its)
    assert "pas encore de prix" in dial(FARMER, "", where).text
    assert dial(FARMER, "2", where).about.answered is False
    assert "conseil" in dial(FARMER, "3", where).text


def test_what_was_asked_and_not_answered_is_told_apart():
    assert dial(FARMER, "1*3").about.answered is False
    assert dial(FARMER, "1*1").about.answered is True


def test_a_relay_reads_the_range_aloud_only_when_there_is_one():
    its = book(quotes={("ARA", "KITA"): [quote("ARA", "KITA", 225, spread=0)]})
    text = dial(RELAY, "", scene(its)).text
    assert "A lire : Arachide coque, Kita\n225 F/kg" in text


def test_a_reporter_never_asked_for_a_village_is_answered_for_their_market():
    card = ReporterCard("Awa K.", ("SEBEKORO",))
    assert dial(Profile("fr", reporter=card)).text.startswith("Arachide coque, Sébékoro\n275 F")


def test_an_empty_list_says_so_and_leads_back():
    where = scene(book(villages={}))
    screen = dial(FARMER, "9*3", where)
    assert screen.text == "Votre village ?\nLa liste est encore vide.\n0 Retour 00 Accueil"
