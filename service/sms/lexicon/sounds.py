"""How near two spellings are: the French-ear key and the one slip of a thumb."""

from collections.abc import Iterator
from itertools import pairwise

from rapidfuzz.distance import OSA

LONGEST = 24
"""Letters. No form of ours is longer; a longer run is not a misspelt word."""
EAR_FROM = 4
"""Letters. Shorter words have too many neighbours in sound to be told apart."""
SLIP_FROM = 4
"""Letters of the shorter spelling. Below, one changed letter is another word."""
FREE_FROM = 5
"""Letters of the shorter spelling from which any single slip counts, not only likely ones."""

_KEYS = {
    letter: key
    for key, letters in enumerate(("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"))
    for letter in letters
}

_SOUNDS = (
    *(("ou", "u"), ("gn", "ny"), ("tch", "ky"), ("ch", "s"), ("sh", "s"), ("ph", "f")),
    *(("kh", "k"), ("qu", "k"), ("kw", "k"), ("gw", "g"), ("gu", "g")),
    *(("ce", "se"), ("ci", "si"), ("cy", "sy"), ("c", "k"), ("q", "k"), ("z", "s"), ("h", "")),
    *(("dj", "j"), ("y", "i"), ("sio", "so"), ("sie", "se")),
)
_BEFORE_VOWEL = (("di", "j"), ("ti", "k"))
_VOWELS = frozenset("aeou")


def ear(word: str) -> str:
    """A folded spelling as a French ear hears it: `sougou` and `sugu` share one key.

    After `languages.md` 4: ou gn dj dy ch sh and kin are levelled, doubled letters are single, a
    leading n before a consonant and final n, s, t are dropped from longer words. Inner n stays
    (songo is not sogo), and ai is not e (mais is not mes).
    """
    key = word
    for written, heard in _SOUNDS:
        key = key.replace(written, heard)
    for written, heard in _BEFORE_VOWEL:
        key = _before_vowel(key, written, heard)
    key = "".join(c for at, c in enumerate(key) if key[at - 1 : at] != c)
    if len(key) > 3 and key[0] == "n" and key[1] not in "aeiou":
        key = key[1:]
    for silent in "tsn":
        if len(key) > 4 and key[-1] == silent:
            key = key[:-1]
    return key


def _before_vowel(key: str, written: str, heard: str) -> str:
    """`diaba` is heard `jaba`; `didian` keeps its first di."""
    parts = key.split(written)
    out = parts[0]
    for part in parts[1:]:
        out += (heard if part[:1] and part[0] in _VOWELS else written) + part
    return out


def neighbourhood(word: str) -> Iterator[str]:
    """The word and the word less one letter: two spellings one slip apart share one of these."""
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


def one_slip(typed: str, meant: str) -> bool:
    """Whether one letter changed, added, lost or swapped makes the one of the other."""
    return OSA.distance(typed, meant, score_cutoff=1) == 1


def likely_slip(typed: str, meant: str) -> bool:
    """Whether a slip is likely enough to be mended, given `one_slip`.

    In a short word only what a keypad does counts: a letter of the same key, a letter doubled or
    lost, two letters swapped.
    """
    shorter = min(len(typed), len(meant))
    if shorter >= FREE_FROM:
        return True
    if shorter < SLIP_FROM:
        return False
    if len(typed) != len(meant):
        return len(typed) < len(meant) or _has_double(typed)
    return sum(a != b for a, b in zip(typed, meant, strict=True)) == 2 or same_keys(typed, meant)


def same_keys(typed: str, meant: str) -> bool:
    """Whether two different spellings take the same keys of a telephone keypad."""
    keys = [[_KEYS.get(letter, letter) for letter in word] for word in (typed, meant)]
    return typed != meant and keys[0] == keys[1]


def _has_double(word: str) -> bool:
    return any(a == b for a, b in pairwise(word))
