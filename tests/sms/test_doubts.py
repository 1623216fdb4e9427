"""What is asked, in whose words, and which prices it holds back: nothing more and nothing less."""

import json

import pytest

from service.sms.grammar import read
from service.sms.lexicon.forms import plain
from service.sms.reading import NO_CLAIM, Reports, Unreadable
from tests.sms.shelf import CATALOG, LEXICON, TODAY
from tests.sms.test_cases import CASES


def report(text):
    return read(text, LEXICON, TODAY, reporter=True)


def doubts(text):
    """(what about, the words asked about, which claim) of each doubt."""
    return [(d.about.value, d.word, d.claim) for d in report(text).doubts]


def sure(text):
    return [claim.product for claim in report(text).sure]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_asked_is_named_in_the_words_of_who_wrote(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    reading = read(case["text"], LEXICON, TODAY, reporter=case["reporter"])
    letters = plain(case["text"]).replace(" ", "")
    for doubt in getattr(reading, "doubts", ()):
        assert doubt.word in CATALOG.products or all(
            word in letters for word in plain(doubt.word).split()
        )
    for word in getattr(reading, "unmatched", ()):
        assert all(part in letters for part in plain(word).split())


# One doubtful price among others holds back itself alone


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("ara 225 nyo 200 kita", ("product", "nyo", 1)),
        ("ara 225 mai 150-160 kita", ("amount", "150-160", 1)),
        ("ara 225\nmai 150 riz\nkita", ("amount", "RIZ", NO_CLAIM)),
        ("ara 225 kg kita\n2 sacs mai à 15000", ("quantity", "15000", 1)),
        ("ara 225\nmai sac de 90 kg 14000\nkita", ("unit", "sac 90 kg", 1)),
        ("ara 225\nmouton 2500 kg\nkita", ("unit", "kg", 1)),
        ("ara 225\nmai 150 tete\nkita", ("unit", "tete", 1)),
        ("ara 225\nmai 3 kita", ("amount", "3", 1)),
        ("ara 225\nmai 12000000 kita", None),
        ("ara 225\nmai 1.5 kita", ("amount", "1 . 5", 1)),
        ("ara 225\nmai 150 160\nkita", ("amount", "150 160", 1)),
        ("ara 225\nmai mil 160\nkita", ("product", "mai mil", 1)),
        ("ara 225\nriz paddy 200\nkita", ("product", "riz paddy", 1)),
    ],
)
def test_one_doubtful_price_holds_back_itself_alone(text, held):
    assert sure(text)[0] == "ARA"
    if held:
        assert doubts(text) == [held]


def test_the_same_product_priced_twice_is_one_question_that_names_it():
    assert doubts("ara 225 mai 150 mai 160 kita") == [("amount", "MAI", 1)]
    assert sure("ara 225 mai 150 mai 160 kita") == ["ARA"]


def test_the_same_price_said_twice_is_said_once():
    assert doubts("mai 150 ara 225 mai 150 kita") == []
    assert sure("mai 150 ara 225 mai 150 kita") == ["MAI", "ARA"]


def test_a_price_as_large_as_that_of_a_sack_holds_back_itself():
    text = "ara 225\nmai 15000 sac\nmil 16000\nkita"
    assert doubts(text) == [("unit", "MIL", 2)]
    assert sure(text) == ["ARA", "MAI"]


def test_a_unit_asked_about_already_is_not_asked_about_again():
    text = "mai 15000 sac\nmil sac de 90 kg 16000\nkita"
    assert doubts(text) == [("unit", "sac 90 kg", 1)]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("ara 225 mai 150 kita sebekoro", ("market", "kita sebekoro", None)),
        ("ara 225 mai 150 dakar", ("market", "dakar", None)),
        ("ara 225 mai 150 demain kita", ("day", "demain", None)),
        ("ara 225 mai 150 detail kita", ("stage", "detail", None)),
        ("ara 225 xyz mai 150 kita", None),
        ("panier ara 225\nmai 15000\nbord kita", None),
    ],
)
def test_what_may_concern_every_price_holds_back_every_price(text, held):
    assert sure(text) == []
    if held:
        assert doubts(text) == [held]


def test_mille_that_may_be_millet_holds_back_the_whole_message():
    assert ("word", "mille", None) in doubts("mai 15000 mille 200 kita")
    assert sure("ara 225 mai 15000 mille 200 kita") == []


def test_a_unit_that_belongs_to_no_price_is_asked_with_what_it_may_be():
    [doubt] = report("mai 1750 panier tomate 4500 kita").doubts
    assert (doubt.about, doubt.word, doubt.candidates) == ("unit", "panier", ("BASKET",))


# What is no report


@pytest.mark.parametrize(
    ("text", "reason", "unmatched"),
    [
        ("225", "no_product", ("225",)),
        ("xyz 225 kita", "no_product", ("xyz",)),
        ("xyz xyz 225", "no_product", ("225", "xyz")),
        ("coton 300 kita", "no_product", ("coton",)),
        ("kita", "unknown", ()),
        ("sac", "unknown", ()),
        ("j'ai 10 sacs ara a vendre kita", "no_amount", ()),
        ("abcd efgh ijkl mnop kita", "unknown", ("abcd", "efgh", "ijkl", "mnop")),
    ],
)
def test_what_cannot_be_read_says_why_and_which_words_nobody_knew(text, reason, unmatched):
    reading = report(text)
    assert isinstance(reading, Unreadable)
    assert (reading.reason.value, reading.unmatched) == (reason, unmatched)


@pytest.mark.parametrize(
    ("text", "market", "unit", "amount"),
    [
        ("kita", "KITA", None, None),
        ("a kita svp", "KITA", None, None),
        ("sac", None, "SAC", None),
        ("225", None, None, 225),
        ("225 f", None, None, 225),
        ("d45", None, None, 225),
        ("15000 le sac", None, "SAC", 15000),
        ("15000 sac kita", "KITA", "SAC", 15000),
        ("225-240", None, None, None),
        ("225 240 kita", "KITA", None, None),
        ("dakar 225", None, None, 225),
        ("kita sebekoro 225", None, None, 225),
        ("tas 225", None, None, 225),
    ],
)
def test_a_fragment_says_what_may_answer_an_open_question(text, market, unit, amount):
    reading = report(text)
    assert isinstance(reading, Unreadable)
    assert (reading.market, reading.unit, reading.amount) == (market, unit, amount)


def test_who_is_no_reporter_and_says_nothing_of_ours_leaves_words_to_learn():
    reading = read("mon velo est casse hier matin", LEXICON, TODAY, reporter=False)
    assert isinstance(reading, Unreadable)
    assert reading.reason.value == "unknown"
    assert {"velo", "casse", "hier"} <= set(reading.unmatched)


# Corrections and repeats


@pytest.mark.parametrize(
    ("text", "corrects"),
    [
        ("corr ara 235", True),
        ("ara 235 corr", True),
        ("non ara 235", True),
        ("ara 235 non", False),
        ("ok ara 235", False),
        ("ok non ara 235", False),
        ("idem corr ara 235", True),
    ],
)
def test_a_correction_is_said_by_its_word_or_by_no_in_front(text, corrects):
    reading = report(text)
    assert isinstance(reading, Reports)
    assert reading.corrects is corrects


def test_no_in_front_is_part_of_the_correction_and_no_behind_is_asked():
    assert doubts("non ara 235 kita") == []
    assert doubts("ara 235 non kita") == [("word", "non", None)]


def test_idem_keeps_the_market_and_is_lost_among_words_nobody_knows():
    assert report("idem kita").market == "KITA"
    assert report("idem").market is None
    assert isinstance(report("idem 225"), Unreadable)


def test_what_is_for_the_whole_message_is_kept_beside_the_prices():
    reading = report("hier kita ara 225 mil ?")
    assert (reading.market, reading.on.isoformat(), reading.missing) == (
        "KITA", "2026-11-24", ("MIL",)
    )  # fmt: skip
    assert report("kita ara 225\nsebekoro ara 240").market is None


# Whose number, whose unit


def told(text):
    """Each price as `MAI 15000 2 SAC`; `?` in front when something about it is asked."""
    reading = report(text)
    return "; ".join(
        "?" * reading.doubted(at) + f"{c.product} {c.amount} {c.quantity} {c.unit or '-'}"
        for at, c in enumerate(reading.claims)
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mais 177 500 la tonne kita", "MAI 177500 1 TONNE"),
        ("kita mai 30000 les 2 sacs", "MAI 30000 2 SAC"),
        ("kita mai 2 sacs de 50 kg 30000", "MAI 30000 2 SAC50"),
        ("mai boro tan 150000 kita", "MAI 150000 10 SAC"),
        ("kaba boro bi duuru waa saba kita", "?MAI 250 1 SAC"),
        ("mai sac cinquante kilos 7500 kita", "MAI 7500 1 SAC50"),
        ("mai sac 121 kg 15000 kita", "?MAI 15000 1 -"),
        ("mai sac 11 kg 3000 kita", "?MAI 3000 1 -"),
        ("ara sac 12000 kg 225 kita", "ARA 12000 1 SAC; ARA 225 1 KG"),
        ("20 sacs mai 300000 kita", "MAI 300000 20 SAC"),
        ("21 sacs mai 300000 kita", "?MAI 21 1 SAC"),
        ("2 moutons saga 120000 kita", "MOU 120000 2 HEAD"),
        ("saga mouton fila 120000 kita", "MOU 120000 2 HEAD"),
        ("15 mai kita", "MAI 15 1 -"),
        ("mai 11 kita", "MAI 11 1 -"),
        ("mai 10 kita", "?MAI 10 1 -"),
        ("mille/kg ara kita", "ARA 1000 1 KG"),
        ("100 kg ara 22500 kita", "ARA 22500 100 KG"),
        ("ara 100 kg mai 150 kg kita", "ARA 100 1 KG; MAI 150 1 KG"),
        ("ara 225 sac mai 2000 kita", "ARA 225 1 -; MAI 2000 1 SAC"),
        ("ara 225 sac mai 15000 sac kita", "ARA 225 1 SAC; MAI 15000 1 SAC"),
        ("ara 225 sac kita mai 15000", "ARA 225 1 -; MAI 15000 1 SAC"),
        ("ara 225 le sac kita mai 15000", "ARA 225 1 SAC; MAI 15000 1 -"),
        ("225 ara 150 mai 400 riz kg kita", "ARA 225 1 -; MAI 150 1 -; RIZ 400 1 KG"),
        ("mai 15000 panier tomate 4500 kita", "?MAI 15000 1 -; ?TOM 4500 1 -"),
        ("mil 3500 tine sor 3000 kita", "?MIL 3500 1 -; ?SOR 3000 1 -"),
        ("tine mil 3500 tine sor 3000 kita", "MIL 3500 1 TINE; SOR 3000 1 TINE"),
        ("mil 3500 tine sor 3000 tine kita", "MIL 3500 1 TINE; SOR 3000 1 TINE"),
    ],
)
def test_each_number_and_each_unit_goes_where_it_belongs(text, meant):
    assert told(text) == meant


def test_a_name_in_front_of_the_market_is_a_name():
    reading = report("moussa kita ara 225")
    assert (reading.doubts, reading.unmatched) == ((), ("moussa",))


def test_two_forms_of_one_product_are_asked_in_both_words():
    assert doubts("arachide coque decortique 600 kita") == [
        ("product", "arachide coque decortique", 0)
    ]


def test_a_product_without_a_price_that_may_be_two_is_asked_in_its_own_word():
    assert doubts("nyo ? ara 225 kita") == [("product", "nyo", NO_CLAIM)]
    assert sure("nyo ? ara 225 kita") == ["ARA"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("225 ara kg", "ARA 225 1 KG"),
        ("ara 225 kita kg", "ARA 225 1 KG"),
        ("mai 2 sacs 15000 le sac", "MAI 15000 1 SAC"),
        ("mai 2 sacs 30000 les 2 sacs", "?MAI 30000 2 SAC"),
        ("à kita ara 225", "ARA 225 1 -"),
        ("boro mai tine sor 3000", "?SOR 3000 1 TINE"),
        ("sac 50 15000 mai kita", "MAI 15000 1 SAC50"),
        ("sac 50f 15000 mai kita", "?MAI 50 1 SAC"),
        ("mouton fila mai 150 kita", "?MAI 150 1 -"),
    ],
)
def test_units_and_counts_at_the_edges_of_a_message(text, meant):
    assert told(text) == meant


@pytest.mark.parametrize("text", ["ARA kɛmɛ 0", "ARA 0 ARA 225", "ARA 225 0", "MAI kɛmɛ kɛmɛ 0"])
def test_nothing_is_never_offered_as_a_price(text):
    for doubt in getattr(report(text), "doubts", ()):
        assert "0" not in doubt.candidates
