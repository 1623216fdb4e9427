"""A phone number is a type: one parser, masked when printed, sealed when stored.

`Phone` is always E.164. `Vault` encrypts it (AES-GCM) and makes the keyed lookup hash: with
about 10^8 Malian numbers a plain hash would be reversed in seconds.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REGION = "ML"
MALIAN = re.compile(r"\+223\d{8}", re.ASCII)
"""A whole Malian number; every one of eight digits is possible."""
NONCE = 12
"""Bytes of a fresh AES-GCM nonce."""
LONGEST = 32
"""Characters above which a text is not a phone number; spares the parser."""


@dataclass(frozen=True, slots=True)
class Phone:
    """An E.164 number. Printing it masks it; use `.e164` where a wire needs it."""

    e164: str

    def __str__(self) -> str:
        return f"{self.e164[:4]}****{self.e164[-4:]}"

    __repr__ = __str__

    @property
    def prefix(self) -> str:
        """The two national digits that name the first operator (`76`), or `` abroad."""
        return self.e164[4:6] if self.e164.startswith("+223") else ""


@lru_cache(maxsize=8192)
def parse(raw: str) -> Phone | None:
    """Read a number as people and carriers write it (lost `+`, `00223`, spaces), or None."""
    if MALIAN.fullmatch(raw):  # as carriers write them: there is nothing to work out
        return Phone(raw)
    text = raw.strip()
    if not text or len(text) > LONGEST or not text.isascii():
        return None
    digits = text.lstrip("+")
    if digits.startswith("223") and len(digits) == 11:  # the lost plus of form bodies
        text = f"+{digits}"
    return _worked_out(text)


def _worked_out(text: str) -> Phone | None:
    # Here and not above: the plans of all the world take as much room as all our own code, and
    # most processes never meet a number that needs them.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class Vault:
    """Seals and opens phone numbers. Old secrets still open what they sealed, until `rekey`."""

    def __init__(self, secret: str, old: Sequence[str] = ()) -> None:
        self._ciphers = [AESGCM(_derive(each, b"phone")) for each in (secret, *old)]
        self._peppers = [_derive(each, b"lookup") for each in (secret, *old)]

    def seal(self, phone: Phone) -> bytes:
        return self.seal_bytes(phone.e164.encode())

    def open(self, sealed: bytes) -> Phone:
        return Phone(self.open_bytes(sealed).decode())

    def lookup(self, phone: Phone) -> bytes:
        """32 bytes that find a number without storing it."""
        return self.lookups(phone)[0]

    def lookups(self, phone: Phone) -> list[bytes]:
        """Every hash a number may be found by: the current one, then those of old secrets."""
        return [hmac.digest(each, phone.e164.encode(), "sha256") for each in self._peppers]

    def seal_bytes(self, clear: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, clear, None)

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raise `InvalidTag` when no known secret opens it."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None)
            except (InvalidTag, ValueError):  # the other: too short to have been sealed at all
                continue
        raise InvalidTag


def _derive(secret: str, purpose: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=b"sugu/" + purpose, n=2**12, r=8, p=1, dklen=32)
