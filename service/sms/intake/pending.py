"""Words that wait for an answer, as a question row keeps them, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from service.prices.catalog import Stage
from service.prices.report import Claim, Money
from service.sms.reading import About, Doubt, Reports


def write(claim: Claim, doubts: Sequence[Doubt], *, formless: bool) -> dict[str, Any]:
    """A claim with the doubts that keep it from being judged; the first is being asked."""
    on = claim.on.isoformat() if claim.on else None
    kept = [
        {"about": d.about.value, "word": d.word, "candidates": list(d.candidates)} for d in doubts
    ]
    return {**asdict(claim), "on": on, "word": doubts[0].word, "formless": formless, "doubts": kept}


def read(pending: Mapping[str, Any]) -> Reports:
    """The one claim and its doubts, as they came from the grammar."""
    doubts = tuple(
        Doubt(About(each["about"]), each["word"], tuple(each["candidates"]), 0)
        for each in pending["doubts"]
    )
    formless = frozenset({0}) if pending["formless"] else frozenset()
    return Reports((_claim(pending),), doubts, formless=formless)


def _claim(written: Mapping[str, Any]) -> Claim:
    return Claim(
        product=written["product"],
        amount=written["amount"],
        said=written["said"],
        money=Money(written["money"]),
        market=written["market"],
        unit=written["unit"],
        quantity=written["quantity"],
        stage=Stage(written["stage"]),
        on=date.fromisoformat(written["on"]) if written["on"] else None,
    )
