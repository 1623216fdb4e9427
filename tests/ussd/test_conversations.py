"""Whole conversations, as staff would write them: the keys pressed and the screens seen."""

import json
from pathlib import Path

import pytest

from tests.ussd.world import PROFILES, dial

CASES = sorted((Path(__file__).parent.parent / "cases" / "ussd").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_conversation_goes_as_written(path):
    case = json.loads(path.read_text(encoding="utf-8"))
    profile, keys = PROFILES[case["profile"]], case["dial"]
    typed = ["*".join(key for key in keys[: count + 1] if key) for count in range(len(keys))]
    said = [dial(profile, text).text.split("\n") for text in typed]
    assert said == case["screens"], case["about"]


def test_there_are_conversations():
    assert len(CASES) > 30
