"""What carriers write in their requests: forms, JSON, numbers, dates, in all their disorder.

Pure. Nothing here raises for what a stranger sent; what cannot be read is simply not there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from service.phone import parse
from service.sms.gateway import RawRequest

MOST_FIELDS = 100
"""Fields read from one request; carriers send about ten."""
SIGNS = bytes(range(128)).decode("ascii")
NONE: frozenset[str] = frozenset()
PHONE_LIKE = re.compile(r"[+\d][\d ().-]*", re.ASCII)
"""What may be a phone number. Letters never: a parser would dial them (`70-ORANGE`)."""
EPOCH_MILLIS = 11
"""Digits from which an epoch counts milliseconds (seconds have 10 until the year 2286)."""


class Fields(NamedTuple):
    """First value of each field, and the names given twice with different values."""

    values: Mapping[str, str]
    doubled: frozenset[str] = frozenset()

    def get(self, *names: str) -> str:
        """The first of `names` that holds something, stripped; else an empty string."""
        for name in names:
            if said := self.values.get(name, "").strip():
                return said
        return ""

    def text(self, *names: str) -> str:
        """As `get`, with the spaces people typed."""
        return next((said for name in names if (said := self.values.get(name, ""))), "")


def fields(raw: RawRequest) -> Fields:
    """The fields of a form or of a flat JSON body; the query's where the body has none."""
    loaded = document(raw)
    if isinstance(loaded, dict):
        return Fields({**_form(raw.query.encode()).values, **texts(loaded)})
    body = _form(raw.body)
    if not raw.query:
        return body
    return Fields({**_form(raw.query.encode()).values, **body.values}, body.doubled)


def _form(body: bytes) -> Fields:
    """The first value of each field, and which were given again with another. One loop with
    nothing called for a plain field: this is read at every dial."""
    first: dict[str, str] = {}
    doubled = NONE
    for piece in _pieces(body):
        if "%" in piece or "+" in piece:
            name, value = _decoded(piece)
        elif piece:
            name, _, value = piece.partition("=")
        else:
            continue
        if first.setdefault(name, value) != value:
            doubled |= {name}
    return Fields(first, doubled)


def _pieces(body: bytes) -> list[str]:
    """The fields as they stand; bytes that are not ASCII are escaped here as a form should."""
    text = body.decode("ascii") if body.isascii() else quote(body, safe=SIGNS)
    return text.replace("\0", "").split("&", MOST_FIELDS)[:MOST_FIELDS]


@lru_cache(maxsize=8192)
def _decoded(piece: str) -> tuple[str, str]:
    """Remembered: a carrier's code is in every form, and a phone in each turn of its session."""
    name, value = _bytes_of(piece.encode())
    return as_words(name), as_words(value)


def pairs(form: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The percent-decoded bytes of each field, before anyone decides on an alphabet."""
    return map(_bytes_of, filter(None, form.split(b"&", MOST_FIELDS)[:MOST_FIELDS]))


def _bytes_of(piece: bytes) -> tuple[bytes, bytes]:
    name, _, value = piece.replace(b"+", b" ").partition(b"=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def as_words(said: bytes) -> str:
    """UTF-8, or the Windows alphabet that old gateways send (`%E9` is é). No NUL: PostgreSQL
    cannot keep one."""
    try:
        words = said.decode()
    except UnicodeDecodeError:
        words = said.decode("cp1252", "replace")
    return words.replace("\0", "")


def document(raw: RawRequest) -> object:
    """The JSON body, whatever its content type says; None when it is none."""
    body = raw.body.strip()
    if not body.startswith((b"{", b"[")):
        return None
    try:
        return json.loads(as_words(body))
    except (ValueError, RecursionError):
        return None


def names(raw: RawRequest) -> frozenset[str]:
    """The names of everything in a request that holds a value: dotted inside JSON, where a list
    has no index."""
    loaded = document(raw)
    asked = _filled(raw.query.encode())
    said = _leaves(loaded) if loaded is not None else _filled(raw.body)
    return frozenset(asked) | frozenset(said)


def _filled(form: bytes) -> Iterator[str]:
    return (name for name, value in map(_decoded, filter(None, _pieces(form))) if value)


def _leaves(whole: object, path: str = "") -> Iterator[str]:
    match whole:
        case dict():
            for name, value in whole.items():
                yield from _leaves(value, f"{path}.{name}" if path else str(name))
        case list():
            for value in whole:
                yield from _leaves(value, path)
        case None | "":
            return
        case _:
            yield path


def as_text(value: object) -> str:
    """A JSON scalar as it would stand in a form; lone surrogates and NUL become `?` or nothing."""
    match value:
        case None | dict() | list():
            return ""
        case bool():
            return str(value).lower()
        case _:
            return str(value).encode("utf-8", "replace").decode().replace("\0", "")


def texts(item: Mapping[str, object]) -> dict[str, str]:
    """A flat JSON object as form fields."""
    return {str(name): as_text(value) for name, value in item.items()}


def part(whole: object, *path: str) -> dict[str, object]:
    """The object at `path` inside a JSON document; empty when anything on the way is missing."""
    for name in path:
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole if isinstance(whole, dict) else {}


def listed(value: object) -> list[dict[str, object]]:
    """Carriers write one object where they mean a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def number(said: str) -> str:
    """E.164 where it is a phone; anything else as it came: a short code, an advertiser's name."""
    return caller(said) or said.strip().removeprefix("tel:").strip()


@lru_cache(maxsize=8192)
def caller(said: str) -> str | None:
    """E.164, `tel:` dropped and the plus that a form lost put back; None if it is no phone."""
    plain = said.strip().removeprefix("tel:").strip()
    phone = parse(plain) if PHONE_LIKE.fullmatch(plain) else None
    return phone.e164 if phone else None


def instant(said: str) -> datetime | None:
    """A carrier's date in UTC: ISO with or without `T`, fraction, zone (none is UTC), or epoch.
    None when it is no date: the time of receipt is the truth anyway."""
    said = said.strip()
    try:
        if said.isascii() and said.isdigit():
            seconds = int(said) / (1000 if len(said) > EPOCH_MILLIS else 1)
            return datetime.fromtimestamp(seconds, UTC)
        read = datetime.fromisoformat(said)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def without(keyword: str, text: str) -> str:
    """On a shared short code our word stands in front, or the carrier has already dropped it."""
    head, _, rest = text.strip().partition(" ")
    return rest.strip() if keyword and head.casefold() == keyword.casefold() else text
