"""What a broadcast says: typed holes, prices with their day, one SMS."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from service import encoding
from service.sms.broadcasts.filling import Place, Scene, render
from service.sms.broadcasts.template import Template, read
from service.sms.refused import Refused
from tests.sms.outbox_world import a_quote, the_book

BOOK = the_book()
TODAY = date(2026, 11, 21)
KITA = Place("KITA", "SIBI")


def said(body: str, lang: str = "fr", place: Place = KITA, book=BOOK, **scene) -> str:
    return rendered(body, lang, place, book, **scene).text


def rendered(body: str, lang: str = "fr", place: Place = KITA, book=BOOK, **scene):
    template = read(body, book.catalog)
    assert isinstance(template, Template), template
    return render(template, Scene(book, TODAY, "*384*77#", **scene), lang, place)


def test_prices_are_listed_with_their_day_and_how_to_stop():
    assert said("PRIX {market} {date} {prices}") == (
        "PRIX Kita 20/11 Arachide coque 225 F/kg, Mil 150 F/kg STOP=arrêt"
    )


def test_a_text_without_a_date_gets_the_day_of_its_prices():
    assert "20/11 Arachide coque 225 F/kg" in said("{prices}")


def test_a_single_price_is_named_by_product_and_market():
    assert said("{date}: {price:ARA:KITA} F. STOP") == "20/11: 225 F. STOP"


def test_in_bambara_each_price_is_counted_both_ways():
    told = said("{date} {prices}", "bm")
    assert "225 F/kg (dɔrɔmɛ 45)" in told
    assert told.count("dɔrɔmɛ") == told.count(" F")
    assert encoding.segments(encoding.to_gsm(told)) == 1


def test_a_single_price_may_be_counted_in_dorome():
    body = "{price:ARA:KITA} F, dɔrɔmɛ {dorome:ARA:KITA}, {date}. STOP"
    assert said(body, "bm") == "225 F, dɔrɔmɛ 45, 20/11. STOP"
    refused = read("{dorome:XXX:KITA}", BOOK.catalog)
    assert isinstance(refused, Refused)


def test_where_drafts_do_not_ship_a_price_line_is_said_in_french_words():
    assert "(dɔrɔmɛ" not in said("{date} {prices}", "bm", drafts=False)


def test_a_price_of_another_day_says_so():
    book = the_book()
    quotes = dict(book.quotes) | {
        ("MIL", "KITA"): [a_quote("MIL", "KITA", 150, date(2026, 11, 13))]
    }
    from dataclasses import replace

    assert "Mil 150 F/kg (13/11)" in said("{date} {prices}", book=replace(book, quotes=quotes))


def test_an_unknown_word_is_refused_by_name():
    refused = read("Bonjour {prenom}", BOOK.catalog)
    assert isinstance(refused, Refused)
    assert "{prenom}" in refused.detail


def test_an_unknown_product_or_market_is_refused_by_name():
    for body, name in (("{price:XXX:KITA}", "XXX"), ("{price:ARA:OULAN}", "OULAN")):
        refused = read(body, BOOK.catalog)
        assert isinstance(refused, Refused)
        assert name in refused.detail


def test_nothing_can_be_run_in_a_template():
    for body in (
        "{0}",
        "{prices.__class__}",
        "{price:ARA:KITA:x}",
        "{{prices}}",
        "a } b",
        "{",
        "{date!r}",
    ):
        assert isinstance(read(body, BOOK.catalog), Refused), body


def test_a_place_without_prices_says_what_is_missing():
    assert rendered("{prices}", place=Place("KAYES")).missing == ("*:KAYES",)
    assert rendered("{price:ARA:KAYES}").missing == ("ARA:KAYES",)


def test_an_estimate_is_not_told_to_those_who_did_not_ask():
    from dataclasses import replace

    book = the_book()
    guess = replace(a_quote("ARA", "KITA", 225, date(2026, 11, 20)), grade="D")
    assert (
        "ARA:KITA"
        in rendered(
            "{price:ARA:KITA}", book=replace(book, quotes={("ARA", "KITA"): [guess]})
        ).missing
    )


def test_the_text_depends_on_what_its_holes_name():
    scopes = {
        body: read(body, BOOK.catalog).scope
        for body in ("Bonjour", "{prices}", "{village} {prices}", "{price:ARA:KITA}")
    }
    assert scopes == {
        "Bonjour": "",
        "{prices}": "market",
        "{village} {prices}": "village",
        "{price:ARA:KITA}": "",
    }


def test_a_chosen_product_narrows_the_list():
    assert "Mil" not in said("{date} {prices}", products=frozenset({"ARA"}))


@given(st.text("abcdefgh éɛ", max_size=150))
def test_prices_take_only_the_room_one_sms_leaves_them(words):
    text = rendered(words + "x {prices}")
    assert text.prices
    if encoding.septets(encoding.to_gsm(words)) < 100:
        assert encoding.segments(encoding.to_gsm(text.text)) == 1
