"""A copy of the database as a file that only the secret key opens.

Pieces of a megabyte, each sealed (AES-GCM) with its number and whether it is the last, so that
none can be changed, moved or cut off unseen. The key is drawn from `SUGU_SECRET_KEY` and a salt of
the file's own: whoever restores needs that secret anyway, to read a phone number.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"SUGU-BACKUP-1\n"
SALT = 16
PIECE = 1024 * 1024
TAG = 16
"""Bytes AES-GCM adds to a piece."""


def seal(source: Path, target: Path, secret: str) -> None:
    """Write `source` sealed to `target`, which nobody else may read."""
    salt = os.urandom(SALT)
    cipher = _cipher(secret, salt)
    target.unlink(missing_ok=True)
    target.touch(0o600)
    with source.open("rb") as clear, target.open("wb") as sealed:
        sealed.write(MAGIC + salt)
        for number, piece, last in _pieces(clear, PIECE):
            sealed.write(cipher.encrypt(*_bound(number, piece, last=last)))
        sealed.flush()
        os.fsync(sealed.fileno())


def is_sealed(file: Path) -> bool:
    with file.open("rb") as read:
        return read.read(len(MAGIC)) == MAGIC


def unseal(source: Path, target: Path, secrets: Sequence[str]) -> None:
    """Write what is sealed in `source` to `target`. Raise ValueError when no secret opens it, or
    when anything in it was changed or is missing."""
    target.unlink(missing_ok=True)
    target.touch(0o600)
    for secret in secrets:
        if _opens(source, target, secret):
            return
    target.unlink()
    raise ValueError(f"{source} is damaged, or was sealed with another SUGU_SECRET_KEY")


def _opens(source: Path, target: Path, secret: str) -> bool:
    with source.open("rb") as sealed, target.open("wb") as clear:
        sealed.seek(len(MAGIC))
        cipher = _cipher(secret, sealed.read(SALT))
        try:
            for number, piece, last in _pieces(sealed, PIECE + TAG):
                clear.write(cipher.decrypt(*_bound(number, piece, last=last)))
        except (InvalidTag, ValueError):
            return False
    return True


def _pieces(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, and whether it is the last; an empty file is one empty piece."""
    number, piece = 0, file.read(size)
    while True:
        following = file.read(size)
        yield number, piece, not following
        if not following:
            return
        number, piece = number + 1, following


def _bound(number: int, piece: bytes, *, last: bool) -> tuple[bytes, bytes, bytes]:
    """Nonce, piece, and what is vouched for beside it. A number is used once under a key, which
    the salt makes the file's own."""
    return number.to_bytes(12), piece, b"last" if last else b"more"


def _cipher(secret: str, salt: bytes) -> AESGCM:
    key = hashlib.scrypt(secret.encode(), salt=b"sugu/backup/" + salt, n=2**14, r=8, p=1, dklen=32)
    return AESGCM(key)
