"""A screen in the words of a carrier: `CON`/`END` text, or a small page. Nothing else writes them.

And the other way: what a carrier that sends only the last entry has typed so far.
"""

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from service.encoding import SMS_SEPTETS, Tier, fit
from service.ussd.screens import Screen

STAYS, ENDS = "CON", "END"
SHUT = "END "
CHOICE = re.compile(r"(\d{1,3}) (.+)")
"""A line of choices: digits, a space, words."""
NAVIGATION = re.compile(r"(?<!\S)(\d{1,3}) (.+?)(?= \d{1,3} |$)")
"""Each key of a line that holds several: `9 Suite 0 Retour 00 Accueil`."""
KEYS = re.compile(r"\d+(?:\*\d+)*", re.ASCII)
FIGURES = re.compile(r"[\d ]+ F\b|\d+ kg\b")
"""Amounts at the start of a line, which are no keys."""


def plain(text: str, *, ends: bool, tier: Tier = Tier.ACCENTED) -> str:
    """The text a carrier speaking Africa's Talking's dialect wants; at most 160 septets."""
    return fit(f"{ENDS if ends else STAYS} {text}", SMS_SEPTETS, tier)


def of(screen: Screen, tier: Tier = Tier.ACCENTED) -> str:
    return plain(screen.text, ends=screen.ends, tier=tier)


def bare(answer: str) -> tuple[str, bool]:
    """Text and end of an answer already written in `CON`/`END`."""
    return answer[len(SHUT) :], answer.startswith(ENDS)


def page(answer: str, typed: str, session: str) -> str:
    """The same answer as a page in the subset of xHTML that Orange's #303# reads.

    Each key becomes a link that carries the session and everything typed so far.
    """
    text, ends = bare(answer)
    told, keys = (text.split("\n"), []) if ends else _parted(text.split("\n"))
    so_far = {"session": session, "text": typed}
    linked = [_linked(each, so_far, last=each is keys[-1]) for each in keys]
    lines = "<br/>".join([*(escape(each) for each in told), *linked])
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Sugu</title></head>'
        f"<body><p>{lines}</p>{'' if ends else _entry(so_far)}</body></html>"
    )


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """What is told, and the block of keys a screen always ends with."""
    at = len(lines)
    while at and CHOICE.match(lines[at - 1]) and not FIGURES.match(lines[at - 1]):
        at -= 1
    return lines[:at], lines[at:]


def _linked(text: str, so_far: Mapping[str, str], *, last: bool) -> str:
    """A line of keys as links; only the last one, of navigation, holds several."""
    pattern = NAVIGATION if last else CHOICE
    return " ".join(_link(key, words, so_far) for key, words in pattern.findall(text))


def _link(key: str, words: str, so_far: Mapping[str, str]) -> str:
    query = escape(urlencode({**so_far, "input": key}))
    return f'<a href="?{query}" accesskey="{key}">{key} {escape(words)}</a>'


def _entry(so_far: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}"/>'
        for name, value in so_far.items()
    )
    return f'<form action="" method="get">{hidden}<input type="text" name="input"/></form>'


def behind(code: str, dialled: str) -> str:
    """The keys dialled behind our code: `1*3` of `*384*77*1*3#`; nothing for any other code."""
    own, full = code.rstrip("#"), dialled.rstrip("#")
    keys = full.removeprefix(f"{own}*")
    return keys if keys != full and KEYS.fullmatch(keys) else ""


def typed_so_far(before: str | None, entry: str, *, starts: bool) -> str:
    """The accumulated text when a carrier sends the last entry alone."""
    if starts or before is None:
        return entry
    return "*".join(each for each in (before, entry) if each)
