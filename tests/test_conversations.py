"""Whole conversations by SMS, as staff could write them: who says what, and what Sugu answers.

A step is `[speaker, text, reply]`; a reply of null means no answer is due. `quotes` are checked at
the end. `{"wait": "3 h"}` lets time pass; `{"clock": ...}` starts at another instant.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.db import reading, writing
from service.people import store
from service.people.tables import Village
from service.phone import Phone
from service.prices.store import bump, current
from service.prices.tables import WeighingRow
from service.sms.tables import Delivery, MessageText
from tests.town import Town, open_town, reporters

CASES = sorted((Path(__file__).parent / "cases" / "conversations").glob("*.json"))
PEOPLE = {
    "awa": "+22370000001",
    "moussa": "+22370000002",
    "fanta": "+22370000003",
    "farmer": "+22376000001",
    "stranger": "+22366000009",
}
MORNING = "2026-11-20T10:00:00+00:00"
HOURS = {"h": "hours", "min": "minutes", "d": "days"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_conversation_goes_as_written(path: Path, engine: Engine, database_url: str) -> None:
    case = json.loads(path.read_text("utf-8"))
    start = datetime.fromisoformat(case.get("clock", MORNING))
    with open_town(engine, database_url, start) as town:
        settle_in(town, case)
        for step in case["steps"]:
            take(town, step)
        for pair, expected in case.get("quotes", {}).items():
            assert shown(town, *pair.split()) == expected, pair


def settle_in(town: Town, case: dict[str, Any]) -> None:
    language = case.get("language", "fr")
    reporters(town, *(PEOPLE[name] for name in ("awa", "moussa", "fanta")), language=language)
    with writing(town.engine) as session:
        today = town.clock().date()
        session.add(
            WeighingRow(unit="SAC", product="MAI", kilos=100, weighed_on=today - timedelta(days=9))
        )
        session.add(Village(code="KOFEBA-TEST", name="Kofeba", commune="Kita", market="KITA"))
        session.flush()
        store.enrol_subscriber(
            session,
            town.vault,
            Phone(PEOPLE["farmer"]),
            town.clock(),
            village="KOFEBA-TEST",
            market="KITA",
            language=language,
        )
        bump(session, catalog=True)
    town.state.refresh()


def take(town: Town, step: Any) -> None:
    if isinstance(step, dict):
        number, unit = step["wait"].split()
        town.clock.pass_(**{HOURS[unit]: int(number)})
        town.work()
        return
    speaker, words, reply = step
    town.clock.pass_(seconds=40)
    assert town.text(PEOPLE[speaker], words) == 200
    assert heard(town, speaker) == reply, words


def heard(town: Town, speaker: str) -> str | None:
    """The message queued for this phone by its last word, if any."""
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(PEOPLE[speaker]))
        assert contact is not None
        return session.exec(
            select(MessageText.body)
            .join(Delivery, col(Delivery.text_id) == col(MessageText.id))
            .where(
                Delivery.contact_id == contact.id,
                Delivery.created_at == town.clock(),
                col(Delivery.inbox_id).is_not(None),
            )
            .order_by(col(Delivery.id).desc())
        ).first()


def shown(town: Town, product: str, market: str) -> list[Any] | None:
    with reading(town.engine) as session:
        quote = current(session, product, market)
    return [quote.value, quote.low, quote.high, quote.reporters, quote.grade] if quote else None
