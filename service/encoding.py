"""The alphabet of the wire (GSM 03.38) and the folding of what people type.

Catalogue text keeps its proper letters; `to_gsm` transliterates as the last step before any
wire, so that one ɛ or one curly quote never turns 160 septets into 70 UCS-2 units. `fold` is
the opposite door: what a phone sent, made bare for matching.

Sources: 3GPP TS 23.038 6.2.1 (alphabet), TS 23.040 9.2.3.24.1 (parts). Open vowels leave as
è and ò, the older Malian spelling of ɛ and ɔ.
"""

import unicodedata
from enum import StrEnum

SMS_SEPTETS = 160
"""One SMS: 140 octets of 7 bits."""
PART_SEPTETS = 153
"""One part of a longer SMS: 6 octets go to the header that joins the parts."""
SMS_UNITS = 70
"""One SMS in UCS-2: 140 octets of 16 bits."""
PART_UNITS = 67
"""One part of a longer SMS in UCS-2, header deducted."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each: the 127 characters of the default table, the escape itself left out."""
EXTENSION = frozenset("\f^{}\\[~]|€")
"""Two septets each: an escape and a code, never parted between two SMS."""
GSM = BASIC | EXTENSION

ELLIPSIS = ".."
"""What `fit` leaves where it cut; three dots would cost one septet more."""


class Tier(StrEnum):
    """What an operator lets through: è é ò à, or plain ASCII letters only."""

    ACCENTED = "accented"
    BARE = "bare"


class NotGsm(ValueError):
    """A character outside GSM 03.38; `found` holds each (position, character)."""

    def __init__(self, found: list[tuple[int, str]]) -> None:
        self.found = found
        super().__init__(", ".join(f"{char!r} at {at}" for at, char in found))


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


def _latin_bases() -> dict[str, str]:
    """Every accented Latin letter with an ASCII base, as that base: ê -> e, Ḿ -> M."""
    blocks = (range(0xC0, 0x250), range(0x1E00, 0x1F00))
    letters = (chr(code) for block in blocks for code in block)
    bases = {letter: unicodedata.normalize("NFD", letter)[0] for letter in letters}
    return {letter: base for letter, base in bases.items() if base.isascii()}


_MARKS = [
    chr(code)
    for block in ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100))
    for code in range(*block)
]
_INVISIBLE = ["\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff"]
_INVISIBLE += [chr(code) for code in range(0xFE00, 0xFE10)]  # emoji and glyph variant selectors
_SPACES = [
    chr(code) for code in (0x9, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
]

_SIGNS = (
    _pairs(
        "’=' ‘=' ‚=' ‛=' ʼ=' ʻ=' ′=' `=' ´=' “=\" ”=\" „=\" «=\" »=\" ″=\" ‹=' ›=' –=- —=- ‒=- ―=- "
        "‐=- ‑=- −=- …=... •=- ‣=- ·=- ◦=- °=o º=o ª=a →=> ←=< ↑=+ ↓=- ×=x ÷=/ ²=2 ³=3 ¹=1 №=No"
    )
    | dict.fromkeys(_MARKS + _INVISIBLE, "")
    | dict.fromkeys(_SPACES, " ")
    | {"\u2028": "\n", "\u2029": "\n", "\x85": "\n"}
)
_LETTERS = _pairs(
    "Ɛ=E Ɔ=O Ɲ=Ny Ŋ=Ng ɓ=b ɗ=d ƴ=y Ɓ=B Ɗ=D Ƴ=Y ç=c Ç=C œ=oe Œ=OE ı=i ł=l Ł=L đ=d Đ=D ẞ=SS"
)
_OPEN = _pairs("ɛ=è ɔ=ò ɲ=ny ŋ=ng")
_OPEN_BARE = _pairs("ɛ=e ɔ=o ɲ=ny ŋ=ng ß=ss æ=ae Æ=AE ø=o Ø=O ¡=! ¿=? €=EUR")

_ACCENTED = {
    char: out
    for char, out in (_latin_bases() | _SIGNS | _LETTERS | _OPEN).items()
    if char not in GSM or char == "Ç"  # 0x09 shows as ç or Ç depending on the handset
}
_BARE = _latin_bases() | _SIGNS | _LETTERS | _OPEN_BARE
_WIRE = {Tier.ACCENTED: str.maketrans(_ACCENTED), Tier.BARE: str.maketrans(_BARE)}
_SAFE = {
    Tier.ACCENTED: GSM - {"Ç"},
    Tier.BARE: frozenset(char for char in GSM if char.isascii()),
}


def to_gsm(text: str, tier: Tier = Tier.ACCENTED, *, strict: bool = False) -> str:
    """The text as it leaves: GSM 03.38 only. What has no place becomes `?`, or raises `NotGsm`.

    Positions in `NotGsm` are those of the folded text.
    """
    safe = _SAFE[tier]
    if safe.issuperset(text):
        return text
    wire = unicodedata.normalize("NFC", text).translate(_WIRE[tier])
    if safe.issuperset(wire):
        return wire
    if strict:
        raise NotGsm([(at, char) for at, char in enumerate(wire) if char not in safe])
    return "".join(char if char in safe else "?" for char in wire)


def offenders(text: str) -> list[tuple[int, str]]:
    """Each (position, character) that would force the message into UCS-2."""
    return [(at, char) for at, char in enumerate(text) if char not in GSM]


def is_gsm7(text: str) -> bool:
    return GSM.issuperset(text)


def encoding(text: str) -> str:
    """`gsm7` or `ucs2`: how a gateway will carry the text as it stands."""
    return "gsm7" if is_gsm7(text) else "ucs2"


def septets(text: str) -> int:
    """Length on the wire in septets; raises `NotGsm` when the text is not GSM 03.38."""
    if not GSM.issuperset(text):
        raise NotGsm(offenders(text))
    return len(text) + sum(map(text.count, EXTENSION))


def segments(text: str) -> int:
    """How many SMS the text is billed as; an empty text is none.

    An escape pair or a surrogate pair never straddles two parts, so the last place of a part
    may stay empty: dividing the length would count one part too few.
    """
    if not text:
        return 0
    if is_gsm7(text):
        return _parts([1 + (char in EXTENSION) for char in text], SMS_SEPTETS, PART_SEPTETS)
    return _parts([1 + (char > "\uffff") for char in text], SMS_UNITS, PART_UNITS)


def _parts(widths: list[int], single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    parts, room = 1, part
    for width in widths:
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts


def fit(text: str, limit: int = SMS_SEPTETS, tier: Tier = Tier.ACCENTED) -> str:
    """The text folded for the wire and at most `limit` septets, cut at a space with `..`.

    The last guard, not a layout: screens and replies are composed to fit before they get here.
    """
    wire = to_gsm(text, tier)
    if septets(wire) <= limit:
        return wire
    kept = _head(wire, limit - len(ELLIPSIS))
    cut = max(kept.rfind(" "), kept.rfind("\n"))
    # A cut further back than half would lose more than a broken word does.
    return (kept[:cut] if 2 * cut > len(kept) else kept).rstrip() + ELLIPSIS[: max(limit, 0)]


def _head(wire: str, room: int) -> str:
    """The longest beginning of at most `room` septets."""
    for at, char in enumerate(wire):
        room -= 1 + (char in EXTENSION)
        if room < 0:
            return wire[:at]
    return wire


def _digits(zero: int) -> dict[str, str]:
    return {chr(zero + digit): str(digit) for digit in range(10)}


_FOLD = str.maketrans(
    {chr(code): chr(code).lower() for code in range(128)}  # identity spares a failed look-up
    | _SIGNS
    | _LETTERS
    | _OPEN_BARE
    | _digits(0x660)  # Arabic-Indic
    | _digits(0x6F0)  # Extended Arabic-Indic
    | _digits(0x7C0)  # N'Ko
    | {"٫": ".", "٬": ",", "،": ",", "؟": "?", "€": "€", "¡": "¡", "¿": "¿", "⁄": "/"}
)


def fold(text: str) -> str:
    """What people typed, bare, for matching: lower case, no accents, ɛ ɔ ɲ ŋ as e o ny ng.

    Typographic signs and foreign digits become ASCII; spaces keep their places. Folding twice
    changes nothing.
    """
    if text.isascii():
        return text.lower().translate(_ASCII_SIGNS) if "`" in text or "\t" in text else text.lower()
    return unicodedata.normalize("NFKD", text).translate(_FOLD).lower()


_ASCII_SIGNS = str.maketrans("`\t", "' ")
