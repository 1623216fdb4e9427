"""What is kept for a time only goes when its time is over, and not before."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel, select

from service.api.tables import Replay
from service.db import reading, writing
from service.people import retention, store
from service.people.retention import RULES, Rule, forget
from service.people.tables import LoginFailure, StaffSession
from service.phone import Phone, Vault
from service.prices.tables import Dispute
from service.sms import outbox
from service.sms.outbox import retention as messages
from service.sms.outbox.limits import Limits
from service.sms.tables import Delivery, DeliveryEvent, MessageText
from service.ussd.tables import UssdEffect, UssdSession

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
VAULT = Vault("a secret that only the tests know of: 0123456789")
FARMER = "+22376000001"


@pytest.fixture
def farmer(engine: Engine) -> int:
    with writing(engine) as session:
        return store.key(store.contact_for(session, VAULT, Phone(FARMER), NOW).id)


def made(rule: Rule, at: datetime, contact: int) -> SQLModel:
    """One row whose time is counted from `at`."""
    name = f"{at:%H%M%S}"
    match rule.table:
        case "ussd_session":
            return UssdSession(
                gateway="x", session=name, contact_id=contact, started_at=at, seen_at=at
            )
        case "ussd_effect":
            return UssdEffect(session=name, action="copy", at=at)
        case "replay":
            return Replay(actor="a", key=name, digest="", status=200, sealed=b"", at=at)
        case "staff_session":
            facts = {"csrf": "", "created_at": at, "seen_at": at, "staff_id": 1}
            return StaffSession(token=name.encode(), expires_at=at, **facts)
        case "login_failure":
            return LoginFailure(key=name, last_at=at)
        case _:
            product = f"P{at:%S}"
            return Dispute(contact_id=contact, product=product, market="M", fair_on=at, at=at)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.table)
def test_a_row_goes_when_its_time_is_over(engine: Engine, farmer: int, rule: Rule):
    old, young = NOW - rule.after - timedelta(seconds=1), NOW - rule.after + timedelta(seconds=1)
    with writing(engine) as session:
        if rule.table == "staff_session":
            from service.people.tables import Staff

            session.add(Staff(id=1, name="a", role="viewer", created_at=NOW))
            session.flush()
        session.add_all([made(rule, at, farmer) for at in (old, young)])
    with writing(engine) as session:
        assert forget(session, NOW) == 1
    with reading(engine) as session:
        table = SQLModel.metadata.tables[rule.table]
        left = [row[rule.column] for row in session.execute(select(table)).mappings()]
        assert len(left) == 1
    with writing(engine) as session:
        assert forget(session, NOW) == 0


def test_a_piece_at_a_time(engine: Engine, farmer: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "PIECE", 3)
    with writing(engine) as session:
        for number in range(7):
            session.add(UssdEffect(session=f"s{number}", action="a", at=NOW - timedelta(days=99)))
    done = []
    for _ in range(4):
        with writing(engine) as session:
            done.append(forget(session, NOW))
    assert done == [3, 3, 1, 0]


def test_single_messages_go_after_a_year_with_their_words_and_reports(engine: Engine, farmer: int):
    long_ago = NOW - timedelta(days=420)
    for at in (long_ago, NOW):
        with writing(engine) as session:
            sent = outbox.enqueue(
                session, contact_id=farmer, body=f"ARA {at:%d}", language="fr", kind="reply",
                now=at, limits=Limits(),
            )  # fmt: skip
            assert isinstance(sent, Delivery)
            session.add(DeliveryEvent(delivery_id=sent.id, gateway="x", state="delivered", at=at))
    for _ in range(3):
        with writing(engine) as session:
            messages.forget(session, NOW, Limits())
    with reading(engine) as session:
        assert [each.created_at for each in session.exec(select(Delivery))] == [NOW]
        assert [each.body for each in session.exec(select(MessageText))] == ["ARA 20"]
        assert len(session.exec(select(DeliveryEvent)).all()) == 1
