"""The page of what is shown is made, and leaves no bar out."""

from pathlib import Path

import pytest

from tests.faults import trust
from tests.faults.trust import Bar, bars, missing, page, row, to_run

HOUSE = Path(__file__).resolve().parents[1]


def test_no_bar_is_missing_and_none_stands_for_nothing():
    assert missing() == []
    assert all(bar.tests or bar.note for bar in bars())


@pytest.mark.parametrize("bar", bars(), ids=lambda bar: bar.name)
def test_the_tests_a_bar_names_are_there(bar: Bar):
    for each in bar.tests:
        file, _, beginning = each.partition("::")
        assert f"def {beginning}" in (HOUSE / file).read_text()


def test_what_is_run_is_there_once():
    assert len(to_run()) == len(set(to_run()))
    assert all((HOUSE / each).exists() for each in to_run())


def test_a_row_says_what_ran_what_failed_and_what_was_found():
    bar = Bar("R1", "much", ("tests/a.py::test_x",), ("R1 ",), "a note")
    ran = {"tests/a.py::test_xy": "passed", "tests/a.py::test_z": "failed"}
    found = [{"title": "R1 small", "kills": 3, "lost": 0}, {"title": "R11", "n": 1}]
    assert row(bar, ran, found).endswith("| 1 passed. *small*: kills 3, lost 0. a note |")
    assert "**failed**: test_xy" in row(bar, {"tests/a.py::test_xy": "failed"}, [])
    assert "**not run**" in row(bar, {}, [])


def test_the_page_is_the_last_one_made():
    """Every bar has its line; the words of each stand as the list has them today."""
    made = trust.PAGE.read_text()
    for bar in bars():
        assert f"| {bar.name} | {bar.asks} |" in made, bar.name
    assert page({}, []).count("**not run**") == sum(bool(bar.tests) for bar in bars())
