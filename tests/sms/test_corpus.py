"""A thousand and more noisy messages: nearly all read, and not one misread in silence.

The corpus is made by `bench/corpus.py` from how people write, not from how the grammar reads, and
kept as a file so that a change of either shows. Its yardstick is `method.md` 5: 97 % read, no
silent misreading; a wrong value that is accepted weighs more than any number of questions.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.corpus import SEED, TODAY, corpus, label
from service.sms.grammar import read
from service.sms.reading import Reports, Unreadable
from tests.sms.shelf import LEXICON

CORPUS = Path(__file__).parents[1] / "cases" / "corpus.csv"
READ_AT_LEAST = 0.97


def rows():
    with CORPUS.open(encoding="utf-8", newline="") as file:
        return [(row["text"].replace("\\n", "\n"), row["expect"]) for row in csv.DictReader(file)]


def labelled(reading, index):
    claim = reading.claims[index]
    return label(
        claim.product,
        claim.amount,
        claim.market,
        claim.unit,
        claim.quantity,
        claim.money.value,
        claim.on,
        open_form=index in reading.formless,
    )


def verdict(reading, expect):
    """`right`, `asked` (a question where none was needed), `unread`, or `misread`: a claim taken
    for certain that nobody made."""
    if isinstance(reading, Unreadable):
        return "right" if expect == "ASK" else "unread"
    if not isinstance(reading, Reports):
        return "misread"
    sure = [labelled(reading, i) for i in range(len(reading.claims)) if not reading.doubted(i)]
    meant = [] if expect == "ASK" else expect.split("; ")
    if not set(sure) <= set(meant):
        return "misread"
    whole = sorted(sure) == sorted(meant) and (expect == "ASK" or not reading.doubts)
    return "right" if whole else "asked"


def test_the_corpus_is_the_one_its_maker_writes():
    made = [list(message.row) for message in corpus(SEED)]
    with CORPUS.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == made


def test_nearly_all_messages_are_read_and_none_is_misread(capsys):
    table = Counter()
    misread = []
    for text, expect in rows():
        reading = read(text, LEXICON, TODAY, reporter=True)
        found = verdict(reading, expect)
        table["to ask" if expect == "ASK" else "to read", found] += 1
        if found == "misread":
            misread.append((text, expect, reading))
    with capsys.disabled():
        sys.stdout.write(f"\n{drawn(table)}\n")
    assert misread == []
    assert sum(n for (_, found), n in table.items() if found == "right") / table.total() >= (
        READ_AT_LEAST
    )
    assert table.total() >= 1000


def drawn(table):
    """The confusion table: what should have happened against what did."""
    columns = ("right", "asked", "unread", "misread")
    head = f"{'':8}" + "".join(f"{column:>9}" for column in columns)
    body = (
        f"{line:8}" + "".join(f"{table[line, column]:>9}" for column in columns)
        for line in ("to read", "to ask")
    )
    return "\n".join([head, *body])


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_other_corpus_is_misread_either(seed):
    misread = [
        (message.text, message.claims)
        for message in corpus(seed, 600)
        if verdict(read(message.text, LEXICON, TODAY, reporter=True), message.row[1]) == "misread"
    ]
    assert misread == []


def test_a_farmer_s_price_message_never_becomes_a_report():
    readings = [read(text, LEXICON, TODAY, reporter=False) for text, _ in rows()[:300]]
    assert not any(isinstance(reading, Reports) for reading in readings)
