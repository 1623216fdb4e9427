"""Which word means what: the order of look-ups, and everything that must not be guessed."""

import pytest

from service.prices.catalog import Alias, Family, Product, Quantity
from service.sms.grammar import read
from service.sms.lexicon import Lexicon, Sense, default_aliases, read_forms
from service.sms.lexicon.forms import plain
from service.sms.lexicon.sounds import (
    EAR_FROM,
    ear,
    likely_slip,
    neighbourhood,
    one_slip,
    same_keys,
)
from service.sms.reading import About, Command, Reports, Unreadable
from tests.sms.shelf import CATALOG, LEXICON, TODAY, kita_only


def meant(*words):
    found = LEXICON.find(words)
    return {(m.sense, m.target) for m in found.meanings}


# Steps of looking up


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("arachide", "ARA"),  # as written
        ("ara", "ARA"),  # the code
        ("magnon", "MAI"),  # an alias
        ("sougnaa", None),  # nothing like it
        ("djabaa", "OIG"),  # by ear
        ("keningue", "SOR"),
        ("sessame", "SES"),  # a letter doubled
        ("arachyde", "ARA"),
        ("nais", "MAI"),  # the right key, the wrong letter
        ("mouon", "MOU"),  # a letter lost
    ],
)
def test_a_word_is_found_by_the_first_step_that_knows_it(word, code):
    targets = {target for sense, target in meant(word) if sense is Sense.PRODUCT}
    assert targets == ({code} if code else set())


def test_the_longest_phrase_wins():
    assert meant("gros", "mil", "kita") == {(Sense.PRODUCT, "SOR")}
    assert meant("mil", "gros") == {(Sense.PRODUCT, "MIL")}
    assert LEXICON.find(["amande", "de", "karite", "kita"]).length == 3


def test_a_phrase_is_found_with_one_of_its_words_misspelt():
    assert meant("groos", "mil") == {(Sense.PRODUCT, "SOR")}
    assert meant("avant", "hierr") == {(Sense.DAY, "before_yesterday")}


def test_a_word_near_two_crops_means_both():
    assert meant("laba") >= {(Sense.PRODUCT, "MAI"), (Sense.PRODUCT, "OIG")}


def test_a_word_near_words_of_two_classes_is_nobody_s():
    reading = read("kita ara 225 kardon", LEXICON, TODAY, reporter=True)
    assert [doubt.about for doubt in reading.doubts] == [About.WORD]


@pytest.mark.parametrize("word", ["kta", "tga", "mi", "a", ""])
def test_a_short_word_is_never_mended(word):
    assert LEXICON.spell(word) in ((), (word,))


@pytest.mark.parametrize("word", ["sefam", "sefaa", "sefo"])
def test_a_short_money_mark_is_never_mended(word):
    assert LEXICON.marks(word) is None


@pytest.mark.parametrize(
    ("word", "sense"),
    [
        ("f", Sense.FRANC),
        ("fcfa", Sense.FRANC),
        ("framcs", Sense.FRANC),
        ("doromee", Sense.DOROME),
        ("sefan", None),  # an egg
        ("kita", None),
    ],
)
def test_money_marks(word, sense):
    assert LEXICON.marks(word) is sense


def test_an_everyday_word_is_not_mended_into_a_crop():
    for word in ("main", "mois", "maison", "mars", "semaine"):
        assert Sense.PRODUCT not in LEXICON.find([word]).senses()


def test_two_words_run_together_are_parted_in_one_way_only():
    assert LEXICON.parted("arakita") == ("ara", "kita")
    assert LEXICON.parted("kgkita") == ("kg", "kita")
    assert LEXICON.parted("arazzz") is None
    assert LEXICON.parted("kita") is None
    assert LEXICON.parted("ara" * 40) is None


def test_no_ear_key_joins_two_products_or_two_markets():
    keys = {}
    for word, meanings in LEXICON.meanings.items():
        if " " in word or len(word) < EAR_FROM or any(not m.certain for m in meanings):
            continue
        for m in meanings:
            if m.sense in (Sense.PRODUCT, Sense.MARKET, Sense.UNIT) and m.target:
                keys.setdefault((m.sense, ear(word)), set()).add(m.target)
    both_counts = {"HEAD", "PIECE"}
    assert [
        key for key, targets in keys.items() if len(targets) > 1 and targets != both_counts
    ] == []


# Sounds and slips


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sugu", "sougou"),
        ("jaba", "diaba"),
        ("jaba", "djaba"),
        ("sanyo", "sagno"),
        ("keninge", "keningue"),
        ("karite", "carité"),
        ("arachide", "arashide"),
        ("fonio", "phonyo"),
        ("djidian", "djidjan"),
        ("haricot", "arico"),
        ("misi", "missi"),
        ("moutons", "mouton"),
    ],
)
def test_two_spellings_that_sound_alike_share_a_key(one, other):
    assert ear(plain(one)) == ear(plain(other))


@pytest.mark.parametrize(("one", "other"), [("songo", "sogo"), ("mais", "mes"), ("mil", "mali")])
def test_two_words_that_sound_different_do_not(one, other):
    assert ear(one) != ear(other)


@pytest.mark.parametrize(
    ("typed", "word", "likely"),
    [
        ("nais", "mais", True),  # m and n share a key
        ("pais", "mais", False),  # p is on another
        ("maiis", "mais", True),  # doubled
        ("maips", "mais", False),  # a stray letter in a short word
        ("kit", "kita", False),  # three letters tell too little
        ("kiat", "kita", True),  # swapped
        ("arahide", "arachide", True),
        ("arazhide", "arachide", True),
        ("toma", "tomat", True),  # lost at the end of a longer word
    ],
)
def test_a_slip_is_likely_when_a_thumb_makes_it(typed, word, likely):
    assert one_slip(typed, word)
    assert likely_slip(typed, word) is likely


def test_two_slips_are_not_one():
    assert not one_slip("arahid", "arachide")
    assert not one_slip("mais", "mais")


def test_words_of_the_same_keys():
    assert same_keys("nil", "mil")
    assert not same_keys("mil", "mil")
    assert not same_keys("bil", "mil")
    assert not same_keys("mils", "mil")


def test_a_neighbourhood_holds_the_word_and_it_less_each_letter():
    assert list(neighbourhood("mil")) == ["mil", "il", "ml", "mi"]


# What staff may change, and what they have not listed


def lexicon_with(*aliases, products=()):
    catalog = kita_only([*default_aliases(), *aliases])
    more = {p.code: p for p in products}
    return Lexicon.of(
        type(catalog)(
            {**catalog.products, **more}, catalog.markets, catalog.units, aliases=catalog.aliases
        )
    )


def test_an_alias_that_staff_add_is_understood_at_once():
    lexicon = lexicon_with(Alias("product", "ARA", "guerte"))
    [claim] = read("guerté 225 kita", lexicon, TODAY, reporter=True).claims
    assert claim.product == "ARA"


def test_an_alias_that_staff_add_settles_a_doubtful_word():
    lexicon = lexicon_with(Alias("product", "NIE", "pois"))
    assert read("pois 500 kita", lexicon, TODAY, reporter=True).doubts == ()


def test_one_alias_for_two_products_is_asked():
    lexicon = lexicon_with(
        Alias("product", "SOR", "saba"),
        Alias("product", "MIL", "sabb"),
        Alias("product", "SOR", "sabb"),
    )
    [doubt] = read("sabb 200 kita", lexicon, TODAY, reporter=True).doubts
    assert (doubt.about, set(doubt.candidates)) == (About.PRODUCT, {"MIL", "SOR"})


def test_an_alias_that_staff_remove_is_no_longer_understood():
    kept = [alias for alias in default_aliases() if alias.form != "gajaba"]
    lexicon = Lexicon.of(kita_only(kept))
    assert isinstance(read("gajaba 150 kita", lexicon, TODAY, reporter=True), Unreadable)


def test_a_product_that_staff_add_is_understood_by_code_and_name():
    cotton = Product("COT", "cotton", "", Family.COTTON, {"fr": "Coton"}, Quantity.KG, 40)
    lexicon = lexicon_with(products=[cotton])
    for text in ("COT 300 kita", "coton 300 kita"):
        [claim] = read(text, lexicon, TODAY, reporter=True).claims
        assert claim.product == "COT"


def test_a_known_crop_that_is_not_followed_is_never_taken_for_another():
    lexicon = Lexicon.of(kita_only())
    reading = read("tomate 300 mai 150 kita", lexicon, TODAY, reporter=True)
    assert [claim.product for claim in reading.claims] == ["MAI"]
    assert reading.unmatched == ("tomate",)


def test_a_known_market_that_is_not_ours_is_asked():
    [doubt] = read("ara 225 kassaro", LEXICON, TODAY, reporter=True).doubts
    assert (doubt.about, doubt.candidates) == (About.MARKET, ())


def test_a_catalogue_without_aliases_still_knows_codes_and_names():
    lexicon = Lexicon.of(kita_only([]))
    reading = read("KITA Maïs 150 sac 15000 arachide coque 225", lexicon, TODAY, reporter=True)
    assert isinstance(reading, Reports)
    assert {claim.product for claim in reading.claims} == {"MAI", "ARA"}


def test_a_catalogue_without_millet_does_not_offer_millet():
    catalog = kita_only()
    products = {code: p for code, p in catalog.products.items() if code != "MIL"}
    lexicon = Lexicon.of(
        type(catalog)(products, catalog.markets, catalog.units, aliases=catalog.aliases)
    )
    [doubt] = read("nyo 200 kita", lexicon, TODAY, reporter=True).doubts
    assert doubt.candidates == ("SOR",)
    reading = read("mille 200 kita", lexicon, TODAY, reporter=True)
    assert isinstance(reading, Unreadable)


# The forms that ship


def test_default_aliases_are_folded_and_said_once():
    aliases = default_aliases()
    assert all(alias.form == plain(alias.form) != "" for alias in aliases)
    keys = [(alias.kind, alias.target, alias.form) for alias in aliases]
    assert len(keys) == len(set(keys))


def test_default_aliases_name_every_product_market_and_unit_of_the_seed():
    targets = {(alias.kind, alias.target) for alias in default_aliases()}
    assert {("product", code) for code in CATALOG.products} <= targets
    assert {("market", code) for code in CATALOG.markets} <= targets
    assert {("unit", code) for code in CATALOG.units} <= targets


def test_no_default_alias_means_two_things_without_being_asked():
    shared = {}
    for alias in default_aliases():
        shared.setdefault((alias.kind, alias.form), set()).add(alias.target)
    assert [form for (_, form), targets in shared.items() if len(targets) > 1] == []


def test_every_command_of_the_card_is_one_word_away():
    for word in ("PRIX", "SONGO", "AIDE", "STOP", "ARRET", "JO", "OUI", "START", "FR", "BM", "AYI"):
        assert isinstance(read(word, LEXICON, TODAY, reporter=False), Command)


def test_the_forms_are_read_once():
    assert read_forms() is read_forms()


def test_a_name_or_an_alias_of_signs_alone_is_no_word_and_breaks_nothing():
    signs = Alias("market", "KITA", "!!")
    lexicon = Lexicon.of(kita_only([*default_aliases(), signs]))
    assert "" not in lexicon.meanings
    assert isinstance(read("ARA 225", lexicon, TODAY, reporter=True), Reports)
