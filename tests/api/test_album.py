"""Screens shown lately: remembered as long as they are true."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.api import album
from service.api.album import Album
from service.ussd.caller import Opening, Profile
from service.ussd.scene import Scene
from tests.api.telephone import START
from tests.ussd.world import book

KNOWN = Opening(Profile(language="fr", product="ARA", market="KITA"))


@pytest.fixture
def scene():
    return Scene(Profile(), book(), START.date())


def test_the_same_turn_of_the_same_caller_is_painted_once(scene):
    its = Album()
    first = its.shown(KNOWN, "1", scene)
    assert its.shown(Opening(replace(KNOWN.profile)), "1", scene) is first


def test_another_key_or_another_caller_is_another_screen(scene):
    its = Album()
    home = its.shown(KNOWN, "", scene)
    assert its.shown(KNOWN, "1", scene).answer != home.answer
    bambara = Opening(replace(KNOWN.profile, language="bm"))
    assert its.shown(bambara, "", scene).answer != home.answer


def test_nothing_outlives_its_book_or_its_day(scene):
    its = Album()
    old = its.shown(KNOWN, "", scene)
    assert its.shown(KNOWN, "", replace(scene, book=replace(scene.book))) is not old
    later = replace(scene, today=scene.today + timedelta(days=10))
    assert its.shown(KNOWN, "", later).answer != old.answer


def test_a_full_album_begins_again(scene, monkeypatch):
    monkeypatch.setattr(album, "SCREENS", 2)
    its = Album()
    answers = [its.shown(KNOWN, text, scene).answer for text in ("", "1", "2", "1", "")]
    assert answers[0] == answers[4]
    assert answers[1] == answers[3]
