"""Reading a message: words for money, any order printed is read back, nothing ever raises."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.money import francs, words_bm, words_fr
from service.prices.report import Claim, Money
from service.sms.grammar import read
from service.sms.reading import Reports
from service.sms.words.days import WEEKDAYS
from tests.sms.shelf import CATALOG, LEXICON, TODAY

WORDS = Path(__file__).parents[1] / "data" / "bambara_money_words_reference.csv"


def report(text):
    return read(text, LEXICON, TODAY, reporter=True)


# Amounts in Bambara words, written by somebody else's program


def reference():
    with WORDS.open(encoding="utf-8", newline="") as file:
        return [(int(row["amount_xof"]), row["bambara_words"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("amount", "words"), reference())
def test_bambara_money_words_read_as_the_francs_they_say(amount, words):
    reading = report(f"tiga kita {words}")
    assert [(c.amount, c.money, c.market) for c in reading.claims] == [
        (amount, Money.DOROME, "KITA")
    ]
    assert reading.doubts == ()


@given(st.integers(20, 1_999_999).map(lambda coins: coins * 5))
def test_an_amount_said_in_bambara_is_read_back(amount):
    [claim] = report(f"misi kita {words_bm(amount)}").claims
    assert (claim.amount, claim.money) == (amount, Money.DOROME)


@given(st.integers(20, 9_999_999))
@example(80)
@example(1_000_000)
@example(2_001_001)
def test_an_amount_said_in_french_is_read_back(amount):
    [claim] = report(f"boeuf kita {words_fr(amount)} francs").claims
    assert (claim.amount, claim.money) == (amount, Money.FRANC)


# Any report that can be printed is read back, whatever the style

PRICES = st.integers(5, 190).map(lambda coins: coins * 5)
SACKS = st.integers(10, 300).map(lambda step: step * 250)
KILO_PRODUCTS = ["ARA", "ARD", "MAI", "SOR", "MIL", "RIZ", "NIE", "SES", "FON", "KAR", "OIG"]
VESSELS = {"SAC": "sac", "SAC50": "sac50", "SAC100": "sac100", "TINE": "tine"}


@st.composite
def claims(draw):
    """One to four claims of different products for one market, each as a reporter could mean it."""
    market = draw(st.sampled_from([None, *CATALOG.markets]))
    on = draw(st.sampled_from([None, *(TODAY - timedelta(days=back) for back in range(7))]))
    made = []
    for product in draw(
        st.lists(st.sampled_from(KILO_PRODUCTS), min_size=1, max_size=4, unique=True)
    ):
        unit = draw(st.sampled_from(["KG", *VESSELS]))
        amount = draw(PRICES if unit == "KG" else SACKS)
        money = draw(st.sampled_from(Money))
        said = amount // 5 if money is Money.DOROME else amount
        quantity = draw(st.sampled_from([1, 1, 1, 2, 5])) if unit in ("SAC", "TINE") else 1
        made.append(Claim(product, amount, said, money, market, unit, quantity, on=on))
    return made


@st.composite
def styles(draw):
    return {
        "market_first": draw(st.booleans()),
        "joint": draw(st.sampled_from([" ", ", ", "\n", "; ", " et ", " / "])),
        "order": draw(
            st.sampled_from(["product price unit", "product unit price", "price unit product"])
        ),
        "thousands": draw(st.sampled_from(["", ".", " ", ","])),
        "franc": draw(st.sampled_from(["F", "f", " f", "fcfa", " F CFA", " francs"])),
        "dorome": draw(st.sampled_from(["D{}", "{}D", "dorome {}", "dɔrɔmɛ {}"])),
        "upper": draw(st.booleans()),
        "day": draw(st.sampled_from(["date", "name"])),
    }


def say_claims(made, style):
    """The claims as one text in one style."""
    body = style["joint"].join(say_claim(claim, style) for claim in made)
    market = made[0].market or ""
    parts = [market, body] if style["market_first"] else [body, market]
    day = say_day(made[0].on, style["day"])
    text = " ".join(part for part in (day, *parts) if part)
    return text.upper() if style["upper"] else text.lower()


def say_claim(claim, style):
    unit = {**VESSELS, "KG": "kg"}[claim.unit]
    counted = f"{claim.quantity} {unit}" if claim.quantity > 1 else unit
    said = {"product": claim.product, "price": say_amount(claim, style), "unit": counted}
    return " ".join(said[part] for part in style["order"].split())


def say_amount(claim, style):
    figures = francs(claim.said).replace(" ", style["thousands"])
    if claim.money is Money.DOROME:
        return style["dorome"].format(claim.said)
    return figures + (style["franc"] if claim.money is Money.FRANC else "")


def say_day(on, how):
    if on is None:
        return ""
    names = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
    return names[on.weekday()] if how == "name" else f"{on:%d/%m}"


@settings(max_examples=400)
@given(claims(), styles())
def test_whatever_a_reporter_can_mean_is_read_back_or_asked(made, style):
    reading = report(say_claims(made, style))
    assert isinstance(reading, Reports)
    assert set(reading.sure) <= set(made)


@settings(max_examples=400)
@given(claims(), styles())
def test_a_report_for_one_unit_each_and_a_break_between_is_read_back(made, style):
    plain = [replace(claim, quantity=1) for claim in made]
    kept = {**style, "thousands": "", "joint": "\n", "order": "product price unit"}
    reading = report(say_claims(plain, kept))
    assert list(reading.claims) == plain
    assert reading.doubts == ()


@given(claims(), styles(), st.randoms())
def test_the_order_of_the_lines_does_not_change_what_is_said(made, style, random):
    plain = [replace(claim, quantity=1) for claim in made]
    kept = {**style, "thousands": "", "joint": "\n", "order": "product price unit"}
    shuffled = random.sample(plain, len(plain))
    assert set(report(say_claims(shuffled, kept)).claims) == set(plain)


@given(claims(), styles())
def test_politeness_changes_nothing(made, style):
    text = say_claims(made, style)
    assert report(f"slt {text} merci svp") == report(text)


# Days


@pytest.mark.parametrize("back", range(7))
def test_a_weekday_is_the_last_one_of_that_name(back):
    day = TODAY - timedelta(days=back)
    name = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")[day.weekday()]
    assert report(f"{name} ara 225 kita").claims[0].on == day
    assert WEEKDAYS[day.weekday()] == f"{day:%A}".lower()


def test_days_count_from_the_day_the_message_was_sent():
    [claim] = read("hier ara 225", LEXICON, TODAY, date(2026, 11, 21), reporter=True).claims
    assert claim.on == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "on"), [("29/10", date(2026, 10, 29)), ("28/10", None), ("26/11", None)]
)
def test_a_date_too_old_to_be_shown_or_still_to_come_is_asked(text, on):
    reading = report(f"ara 225 kita {text}")
    assert reading.on == on
    assert bool(reading.doubts) == (on is None)


def test_a_date_around_new_year_falls_in_the_year_before():
    [claim] = read("ara 225 30/12", LEXICON, date(2027, 1, 4), reporter=True).claims
    assert claim.on == date(2026, 12, 30)


# Never an exception, whatever comes

NASTY = [
    "\x00",
    "' OR 1=1 --",
    "{0.__class__} %s %n ${jndi:ldap://x}",
    "\u202eara 225\u202c",
    "😀" * 50,
    "ߊߙߊ ߂߂߅",
    "ara ２２５ kita",
    "1" * 5000,
    "1.000." * 900,
    "0,0" * 900,
    "a1" * 2000,
    "ara 225 " * 1300,
    "D" * 3000,
    "kɛmɛ ni " * 900,
    "sac 50 kg " * 900,
    "/" * 3000,
    "20/11/" * 900,
    "mille " * 900,
    "coque " * 900,
    "? " * 2000,
    "٢٢٥" * 500,
    "²³¹ ½ ⅓",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("reporter", [True, False])
def test_hostile_text_is_read_without_complaint(text, reporter):
    read(text, LEXICON, TODAY, reporter=reporter)


PIECES = st.sampled_from(
    [
        *(
            "ara",
            "mai",
            "mil",
            "tiga",
            "kaba",
            "nyo",
            "gros",
            "petit",
            "arachide",
            "coque",
            "mouton",
        ),
        *(
            "beurre",
            "kita",
            "founia",
            "kayes",
            "sirakoro",
            "kg",
            "sac",
            "boro",
            "tas",
            "le",
            "à",
            "chacun",
        ),
        *("225", "150", "2", "15000", "17.500", "17", "500", "0", "1", "50", "100", "20/11", "1/2"),
        *(
            "f",
            "fcfa",
            "D",
            "d50",
            "dorome",
            "mille",
            "k",
            "keme",
            "bi",
            "saba",
            "waa",
            "ni",
            "ani",
            "deux",
        ),
        *(
            "hier",
            "kunu",
            "lundi",
            "bi",
            "demain",
            "dernier",
            "idem",
            "corr",
            "stop",
            "ayi",
            "oui",
            "prix",
        ),
        *(
            "?",
            ";",
            "\n",
            ",",
            "-",
            "/",
            "pas de",
            "neant",
            "xyz",
            "banfora",
            "merci",
            "détail",
            "en gros",
        ),
    ]
)


@settings(max_examples=6000)
@given(st.lists(PIECES, max_size=14).map(" ".join), st.booleans())
def test_any_mixture_of_known_words_is_read_without_complaint(text, reporter):
    reading = read(text, LEXICON, TODAY, reporter=reporter)
    if isinstance(reading, Reports):
        assert all(claim.product in CATALOG.products for claim in reading.claims)
        assert all(claim.unit in {None, *CATALOG.units} for claim in reading.claims)
        assert all(claim.quantity >= 1 for claim in reading.claims)
        assert all(claim.amount > 0 for claim in reading.sure)


@settings(max_examples=4000)
@given(st.text(max_size=400), st.booleans())
def test_any_text_at_all_is_read_without_complaint(text, reporter):
    read(text, LEXICON, TODAY, reporter=reporter)


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_reading_is_a_function_of_the_text_alone(text):
    assert report(text) == report(text)


def test_what_comes_after_ten_messages_of_text_is_not_read():
    assert report("ara 225 kita" + " " * 1600 + "mai 150").claims == report("ara 225 kita").claims
