"""The whole tree, walked key by key: every screen fits, every key shown leads somewhere."""

import re
from dataclasses import replace

import pytest

from service.encoding import Tier, is_gsm7, septets
from service.prices.catalog import Family
from service.ussd.screens import CHOICES, ROOM
from service.ussd.walk import keys_of
from tests import pseudo
from tests.ussd.world import FARMER, PROFILES, STRANGER, book, catalog, dial, product, scene

DEEPEST = 5
AMOUNTS = {"kilos": "200", "offer": "240", "threshold": "250", "amount": "45"}
NAVIGATION = {"0", "00", "9"}
KEYS = re.compile(r"(?:^|(?<= ))(00|\d{1,2}) (?=\D)")


def keys_shown(screen) -> list[str]:
    """The keys a screen offers: its last lines, which all begin with one."""
    found: list[str] = []
    for text in reversed(screen.text.split("\n")):
        if not re.match(r"\d{1,2} \D", text) or re.match(r"[\d ]+ F\b", text):
            break
        found = KEYS.findall(text) + found
    if screen.label in AMOUNTS:
        found.append(AMOUNTS[screen.label])
    return found


def crawl(profile, where, deepest=DEEPEST):
    """Every (path, screen) reachable by keys that are shown; one place of each list is entered."""
    seen, todo = set(), [""]
    while todo:
        path = todo.pop()
        screen = dial(profile, path, where)
        yield path, screen
        known = (screen.text, screen.label)
        if known in seen or len(keys_of(path)) >= deepest:
            continue
        seen.add(known)
        todo += [f"{path}*{key}".strip("*") for key in keys_shown(screen) if key != "0"]


@pytest.mark.parametrize("who", PROFILES)
def test_every_key_shown_leads_somewhere_and_every_screen_fits(who):
    where = scene()
    for path, screen in crawl(PROFILES[who], where):
        assert is_gsm7(screen.text), path
        assert septets(screen.text) <= ROOM, path
        assert not screen.text.endswith(".."), path
        for key in keys_shown(screen):
            after = dial(PROFILES[who], f"{path}*{key}".strip("*"), where)
            assert not after.text.startswith(("Choix non", "Fili don")), (path, key)


@pytest.mark.parametrize("who", PROFILES)
def test_no_screen_is_a_dead_end(who):
    for path, screen in crawl(PROFILES[who], scene()):
        assert screen.ends or keys_shown(screen), path


@pytest.mark.parametrize("who", PROFILES)
def test_a_screen_offers_five_choices_at_most(who):
    for path, screen in crawl(PROFILES[who], scene()):
        assert len([key for key in keys_shown(screen) if key not in NAVIGATION]) <= CHOICES, path


@pytest.mark.parametrize("who", [who for who in PROFILES if who != "stranger"])
def test_zero_comes_back_and_double_zero_goes_home(who):
    where = scene()
    for path, screen in crawl(PROFILES[who], where, deepest=3):
        if screen.ends or not path or screen.label == "home":
            continue
        assert dial(PROFILES[who], f"{path}*00", where).label == "home"
        assert not dial(PROFILES[who], f"{path}*0", where).ends, path


def test_a_stranger_has_a_price_in_three_keys():
    prices = [path for path, screen in crawl(STRANGER, scene(), 3) if screen.label == "price"]
    assert prices
    assert all(len(keys_of(path)) == 3 for path in prices)


@pytest.mark.parametrize(
    "who",
    ["farmer", "farmer_bm", "relay", "relay_bm", "reporter", "reporter_bm", "villager"],
)
def test_a_known_caller_has_a_price_with_no_key(who):
    screen = dial(PROFILES[who])
    assert screen.about
    assert screen.about.answered
    assert "225 F" in screen.text


def test_keys_stay_where_they_were_when_a_product_and_a_market_are_added():
    before, after = scene(), scene(book(catalog=larger()))
    for path in ("1*3*2", "1*13*1", "1*1*10", "1*9*8"):
        assert dial(FARMER, path, after).text == dial(FARMER, path, before).text


def larger():
    known = catalog()
    honey = product("MIE", 14, "honey", Family.GARDEN, "Miel", "Di")
    fair = replace(known.markets["KITA"], code="SIRAKORO", name="Sirakoro", ussd_key=11)
    return replace(
        known,
        products={"MIE": honey, **known.products},
        markets={"SIRAKORO": fair, **known.markets},
    )


def test_a_product_numbered_like_a_navigation_key_is_still_reached():
    known = catalog()
    odd = product("MIE", 9, "honey", Family.GARDEN, "Miel", "Di")
    where = scene(book(catalog=replace(known, products={**known.products, "MIE": odd})))
    assert "09 Miel" in dial(FARMER, "1*9", where).text
    assert dial(FARMER, "1*09", where).text.startswith("Miel, Kita")


@pytest.mark.parametrize("who", ["stranger", "farmer", "relay", "reporter", "placeless"])
def test_a_language_a_third_longer_still_fits(who):
    for path, screen in crawl(PROFILES[who], scene(say=pseudo.xa)):
        assert septets(screen.text) <= ROOM, path
        assert "<" in screen.text or screen.label == "language", path


@pytest.mark.parametrize("who", ["farmer", "reporter"])
def test_unsendable_letters_are_folded_on_every_screen(who):
    for path, screen in crawl(PROFILES[who], scene(say=pseudo.xu)):
        assert is_gsm7(screen.text), path


@pytest.mark.parametrize("who", ["farmer_bm", "reporter"])
def test_a_bare_carrier_gets_plain_letters_only(who):
    for path, screen in crawl(PROFILES[who], scene(tier=Tier.BARE)):
        assert screen.text.isascii(), path
