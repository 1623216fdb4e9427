"""Bring the catalogues up to date with the code: `.venv/bin/python locales/update.py`.

Extracts `say(...)` into sugu.pot, merges it into fr and bm, rewrites the table of REVIEW.md
(approvals are kept for texts that did not change), and names the Bambara texts still missing.
The same commands, by hand, are in README.md beside this file.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
POT = HERE / "sugu.pot"
REVIEW = HERE / "REVIEW.md"
PASSING = ('"POT-Creation-Date', '"Generated-By')
TABLE = "| context | Bambara | status | reviewer | date |"

sys.path.insert(0, str(ROOT))

from service.i18n import LANGS, Review, on_one_line, reviews, translations  # noqa: E402

EXTRACT = (
    *("extract", "-F", "pyproject.toml", "--no-default-keywords", "-k", "say:1c,2"),
    *("-c", "NOTE:", "--sort-output", "--no-wrap", "--add-location=file"),
    *("--project=Sugu", "--version=1", "--header-comment=# What Sugu says, in French."),
)
UPDATE = (
    *("update", "-i", "locales/sugu.pot", "-d", "locales", "-D", "sugu", "--no-wrap"),
    *("--no-fuzzy-matching", "--ignore-pot-creation-date", "--ignore-obsolete"),
)


def extracted() -> str:
    """The template the code calls for today."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "sugu.pot"
        _pybabel(*EXTRACT, "-o", str(out), ".")
        return template(out)


def template(path: Path) -> str:
    """A .pot without its date and tool, so that a new day or a new Babel changes nothing."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith(PASSING)) + "\n"


def catalogue(lang: str) -> Catalog:
    with (HERE / lang / "LC_MESSAGES" / "sugu.po").open(encoding="utf-8") as file:
        return read_po(file, locale=lang)


def review_rows(messages: Mapping[tuple[str, str], str], known: Iterable[Review]) -> list[Review]:
    """One row a text, by context; a verdict holds only for the very text it was given on."""
    verdicts = {(row.context, row.text): row for row in known}
    texts = sorted((context, on_one_line(text)) for (context, _), text in messages.items())
    return [verdicts.get(text) or Review(*text) for text in texts]


def review_page(page: str, messages: Mapping[tuple[str, str], str]) -> str:
    """The page with its table written anew; what stands above the table is kept."""
    head, _, _ = page.partition(TABLE)
    rows = review_rows(messages, reviews(page))
    lines = [
        f"| {row.context} | {row.text} | {row.status} | {row.reviewer} | {row.on} |" for row in rows
    ]
    return "\n".join([head.rstrip(), "", TABLE, "|---|---|---|---|---|", *lines, ""])


def _pybabel(*arguments: str) -> None:
    CommandLineInterface().run(["pybabel", "-q", *arguments])


def main() -> int:
    os.chdir(ROOT)
    before = {context: text for (context, _), text in translations(catalogue("bm")).items()}
    POT.write_text(extracted(), encoding="utf-8")
    for lang in LANGS:
        _pybabel(*UPDATE, "-l", lang)
    page = REVIEW.read_text(encoding="utf-8")
    REVIEW.write_text(review_page(page, translations(catalogue("bm"))), encoding="utf-8")
    return report(catalogue("bm"), before)


def report(bambara: Catalog, before: Mapping[str, str]) -> int:
    """Say what is missing on standard output; 1 when something is."""
    empty = [message for message in bambara if message.id and not message.string]
    for message in sorted(empty, key=lambda message: str(message.context)):
        was = before.get(str(message.context))
        sys.stdout.write(f"no Bambara: {message.context}: {message.id!r}\n")
        sys.stdout.write(f"   said until now: {was!r}\n" if was else "")
    total = sum(1 for message in bambara if message.id)
    sys.stdout.write(f"{total} messages, {len(empty)} without Bambara\n")
    return 1 if empty else 0


if __name__ == "__main__":
    raise SystemExit(main())
