"""A sealed copy opens with its secret alone, whole, or not at all."""

from pathlib import Path

import pytest

from service.cli.sealing import MAGIC, PIECE, SALT, TAG, is_sealed, seal, unseal

SECRET = "a secret that only the tests know of: 0123456789"
SIZES = [0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5]


def sealed(place: Path, clear: bytes) -> Path:
    (place / "clear").write_bytes(clear)
    seal(place / "clear", place / "sealed", SECRET)
    return place / "sealed"


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_comes_back(tmp_path: Path, size: int):
    clear = bytes(number % 251 for number in range(size))
    file = sealed(tmp_path, clear)
    assert is_sealed(file)
    assert clear[:50] not in file.read_bytes() or size < 4
    assert file.stat().st_mode & 0o077 == 0
    unseal(file, tmp_path / "again", ["an older secret of this house", SECRET])
    assert (tmp_path / "again").read_bytes() == clear


def test_another_secret_opens_nothing_and_leaves_nothing(tmp_path: Path):
    file = sealed(tmp_path, b"x" * 100)
    with pytest.raises(ValueError, match="another SUGU_SECRET_KEY"):
        unseal(file, tmp_path / "again", ["another secret"])
    assert not (tmp_path / "again").exists()


HEAD = len(MAGIC) + SALT


def cut(body: bytes, number: int) -> bytes:
    size = PIECE + TAG
    return body[HEAD + number * size : HEAD + (number + 1) * size]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[:-1],
        lambda body: body[: HEAD + PIECE + TAG],
        lambda body: body[:HEAD],
        lambda body: body[:HEAD] + cut(body, 1) + cut(body, 0) + cut(body, 2),
        lambda body: body[:HEAD] + cut(body, 0) + cut(body, 2),
        lambda body: body + b"x",
        lambda body: body[:500] + b"!" + body[501:],
    ],
    ids=["shorter", "one piece", "no piece", "changed order", "a piece gone", "longer", "a byte"],
)
def test_a_changed_or_shortened_copy_is_refused(tmp_path: Path, change):
    file = sealed(tmp_path, b"s" * (2 * PIECE + 100))
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(ValueError, match="damaged"):
        unseal(file, tmp_path / "again", [SECRET])


def test_a_plain_copy_is_not_taken_for_a_sealed_one(tmp_path: Path):
    (tmp_path / "plain").write_bytes(b"SQLite format 3")
    assert not is_sealed(tmp_path / "plain")
