"""Screens shown lately: remembered as long as they are true."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.api import album
from service.api.album import Album
from service.api.sessions import Lately
from service.ussd.caller import Opening, Profile
from service.ussd.scene import Scene
from service.ussd.walk import asked, keys_of, screen_of
from tests.api.telephone import START
from tests.ussd.world import book

KNOWN = Opening(Profile(language="fr", product="ARA", market="KITA"))
WALKS = ("1*3*2*0*1*1", "2*1", "1*77*3", "9*6*1", "0", "1*9*2*00*3", "4*2*98*99*1", "1**3#*2")


@pytest.fixture
def scene():
    return Scene(Profile(), book(), START.date())


def test_the_same_turn_of_the_same_caller_is_painted_once(scene):
    its = Album(scene)
    first = its.follow(KNOWN, "1").page
    assert its.follow(Opening(KNOWN.profile._replace()), "1").page is first


def test_two_ways_to_one_place_show_one_screen(scene):
    its = Album(scene)
    assert its.follow(KNOWN, "1*0").page is its.follow(KNOWN, "").page


def test_another_key_or_another_caller_is_another_screen(scene):
    its = Album(scene)
    home = its.follow(KNOWN, "").page
    assert its.follow(KNOWN, "1").page.answer != home.answer
    bambara = Opening(KNOWN.profile._replace(language="bm"))
    assert its.follow(bambara, "").page.answer != home.answer


@pytest.mark.parametrize("typed", WALKS)
@pytest.mark.parametrize("dialled", [0, 2])
@pytest.mark.parametrize("language", [None, "fr"])
def test_key_by_key_shows_and_asks_what_the_whole_walk_does(scene, typed, dialled, language):
    opening = Opening(KNOWN.profile._replace(language=language), dialled=dialled)
    its, trail, entries = Album(scene), None, typed.split("*")
    for many in range(len(entries) + 1):
        text = "*".join(entries[:many])
        trail = its.follow(opening, text, trail)
        whole = screen_of(opening, keys_of(text), scene)
        assert trail.page.answer[4:] == whole.text
        assert trail.page.ends == whole.ends
        assert asked(opening, trail.spot) == whole.deeds


def test_a_trail_is_not_followed_where_another_text_leads(scene):
    its = Album(scene)
    trail = its.follow(KNOWN, "1*3")
    for text in ("1*33", "2*1", "1", ""):
        assert its.follow(KNOWN, text, trail).page is its.follow(KNOWN, text).page


def test_a_trail_of_another_day_is_walked_again(scene):
    later = Album(replace(scene, today=scene.today + timedelta(days=10)))
    trail = Album(scene).follow(KNOWN, "1")
    assert later.follow(KNOWN, "1*1", trail).page is later.follow(KNOWN, "1*1").page


def test_a_full_album_begins_again(scene, monkeypatch):
    monkeypatch.setattr(album, "SCREENS", 2)
    its = Album(scene)
    answers = [its.follow(KNOWN, text).page.answer for text in ("", "1", "2", "1", "")]
    assert answers[0] == answers[4]
    assert answers[1] == answers[3]


def test_what_was_used_lately_is_kept_and_there_is_never_more_than_so_much():
    its = Lately[int, int](10)
    for n in range(100):
        its.put(n, n)
        assert len(its) <= 10
        assert its.get(n) == n
        assert n < 1 or its.get(0) == 0, "asked for each time"
    assert its.get(50) is None


def test_what_is_dropped_is_gone_from_both_halves():
    its = Lately[str, int](2)
    its.put("a", 1)
    its.put("a", 2)
    its.drop("a")
    assert its.get("a") is None
