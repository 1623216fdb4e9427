"""The words of carriers: CON and END, pages with links, and entries that come one by one."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest

from service.encoding import Tier
from service.ussd import dialects
from tests.ussd.world import FARMER, FARMER_BM, REPORTER, dial


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, list[str]]] = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            query = dict(attrs)["href"].removeprefix("?")
            self.found.append(parse_qs(query, keep_blank_values=True))


def links(page: str) -> list[str]:
    reader = Links()
    reader.feed(page)
    return [link["input"][0] for link in reader.found]


def test_a_screen_that_stays_says_con_and_one_that_ends_says_end():
    assert dialects.of(dial(FARMER)).startswith("CON Arachide coque, Kita\n")
    assert dialects.of(dial(FARMER, "0")) == "END Merci. A bientot."


def test_a_bare_carrier_gets_plain_letters():
    assert dialects.of(dial(FARMER), Tier.BARE).split("\n")[2] == "ven 20/11, 3 releves"


def test_an_answer_never_passes_the_carriers_limit_nor_begins_with_other_words():
    said = dialects.plain("END CON " + "x" * 500, ends=False)
    assert said.startswith("CON END CON ")
    assert len(said) == 160


@pytest.mark.parametrize(
    ("profile", "text", "keys"),
    [
        (FARMER, "", ["1", "2", "3", "4", "9"]),
        (FARMER_BM, "", ["1", "2", "3", "4", "9"]),
        (REPORTER, "", ["1", "2", "3", "7", "8", "9"]),
        (FARMER, "1", ["1", "2", "3", "4", "5", "9", "0", "00"]),
        (FARMER, "2", ["9", "0", "00"]),
        (FARMER, "3", ["9", "0", "00"]),
        (REPORTER, "7*1*1*45", ["1", "2", "3", "0", "00"]),
        (FARMER, "0", []),
    ],
)
def test_every_key_of_a_screen_is_a_link_of_its_page_and_no_amount_is(profile, text, keys):
    page = dialects.page(dialects.of(dial(profile, text)), text, "s1")
    ET.fromstring(page)  # well-formed, or no handset will show it
    assert links(page) == keys


def test_a_page_carries_the_session_and_all_that_was_typed():
    page = dialects.page(dialects.of(dial(FARMER, "2*9*1")), "2*9*1", "s1")
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert hidden == {"session": "s1", "text": "2*9*1"}
    assert 'type="text" name="input"' in page


def test_what_a_carrier_says_of_itself_cannot_break_a_page():
    page = dialects.page('CON a <b> & "c"', '"><script>', '"><script>')
    assert "<script>" not in page
    ET.fromstring(page)


def test_entries_that_come_one_by_one_are_put_together():
    assert dialects.typed_so_far(None, "", starts=True) == ""
    assert dialects.typed_so_far("", "1", starts=False) == "1"
    assert dialects.typed_so_far("1*3", "2", starts=False) == "1*3*2"
    assert dialects.typed_so_far("1*3", "", starts=True) == ""
    assert dialects.typed_so_far(None, "1", starts=False) == "1"
