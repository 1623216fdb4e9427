"""A farmer beeps: the call costs nobody anything, and the price of home comes by SMS."""

from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.db import reading, writing
from service.people import store
from service.phone import Phone
from service.sms.gateway import Kind
from service.sms.gateways import atforms
from service.sms.tables import Delivery, Inbox, MessageText
from tests.sms.talk import AWA, FARMER, FRIDAY, MOUSSA
from tests.town import TOKEN, Town, reporters

STRANGER = "+22377000009"


@pytest.fixture
def town(kita: Engine, kita_url: str):
    town = Town(kita, kita_url, FRIDAY)
    reporters(town, AWA, MOUSSA)
    with writing(kita) as session:
        person = store.enrol_subscriber(
            session, town.vault, Phone(FARMER), FRIDAY, language="fr", product="ARA", market="KITA"
        )
        store.agree(session, person.contact_id, FRIDAY, how="paper", ref="F-1")
    town.open()
    town.text(AWA, "KITA ARA 225")
    town.text(MOUSSA, "KITA ARA 225")
    replies(town)
    yield town
    town.close()


def beep(town: Town, caller: str, session: str, **fields: str):
    form = {
        "isActive": "1", "sessionId": session, "direction": "Inbound", "callerNumber": caller,
        "destinationNumber": "+22320000000", **fields,
    }  # fmt: skip
    return town.post(f"/hooks/loopback/{TOKEN}/call", form)


def replies(town: Town) -> list[str]:
    """What has been queued for anybody since this was last asked."""
    town.work()
    query = select(Delivery.id, MessageText.body).join(
        MessageText, col(Delivery.text_id) == col(MessageText.id)
    )
    with reading(town.engine) as session:
        rows = session.exec(query.order_by(col(Delivery.id))).all()
    fresh = [body for number, body in rows if number > SEEN.get(town, 0)]
    SEEN[town] = max((number for number, _ in rows), default=0)
    return fresh


SEEN: WeakKeyDictionary[Town, int] = WeakKeyDictionary()


def test_the_call_is_refused_in_the_words_of_the_carrier(town: Town):
    answer = beep(town, FARMER, "c1")
    assert answer.status == 200
    assert b"<Response><Reject/></Response>" in answer.body
    assert atforms.ack(Kind.CALL, "", "").content_type == "application/xml"


def test_a_known_farmer_gets_the_price_of_home(town: Town):
    beep(town, FARMER, "c1")
    (told,) = replies(town)
    assert told.startswith("Arachide coque, Kita: 225 F/kg")
    assert "2 relevés" in told


def test_the_end_of_the_same_call_is_a_quiet_repeat(town: Town):
    beep(town, FARMER, "c1")
    beep(town, FARMER, "c1", isActive="0", durationInSeconds="0")
    beep(town, FARMER, "c1", isActive="0", durationInSeconds="0")
    assert len(replies(town)) == 1


def test_the_end_alone_is_a_missed_call_too(town: Town):
    beep(town, FARMER, "c1", isActive="0")
    assert len(replies(town)) == 1


def test_calls_without_a_session_are_one_within_ten_minutes(town: Town):
    beep(town, FARMER, "")
    beep(town, FARMER, "", isActive="0")
    assert len(replies(town)) == 1
    town.clock.pass_(minutes=11)
    beep(town, FARMER, "")
    assert len(replies(town)) == 1


def test_a_stranger_gets_the_short_help_once_a_day(town: Town):
    for call in ("c1", "c2", "c3"):
        beep(town, STRANGER, call)
    (told,) = replies(town)
    assert "*384*77#" in told
    town.clock.pass_(hours=25)
    beep(town, STRANGER, "c4")
    assert len(replies(town)) == 1


def test_ten_answers_a_day_are_the_most(town: Town):
    town.clock.at = FRIDAY.replace(hour=1)
    for call in range(14):
        town.clock.pass_(hours=1.2)
        beep(town, FARMER, f"c{call}")
    assert len(replies(town)) == 10


def test_the_same_price_is_not_sent_over_and_over_to_a_phone_that_keeps_ringing(town: Town):
    for call in range(8):
        beep(town, FARMER, f"c{call}")
    assert len(replies(town)) == 3


def test_who_said_stop_is_not_written_to(town: Town):
    town.text(FARMER, "STOP")
    replies(town)
    beep(town, FARMER, "c1")
    assert replies(town) == []


@pytest.mark.parametrize("caller", ["anonymous", "SUGU", "36000", ""])
def test_a_name_a_short_code_or_nobody_is_never_answered(town: Town, caller: str):
    assert beep(town, caller, "c1").status == 200
    assert replies(town) == []


def test_a_call_that_we_placed_is_not_a_missed_one(town: Town):
    beep(town, FARMER, "c1", direction="Outbound")
    assert replies(town) == []


def test_the_call_is_kept_like_a_message(town: Town):
    beep(town, FARMER, "c1")
    with reading(town.engine) as session:
        row = session.exec(select(Inbox).order_by(col(Inbox.id).desc())).first()
    assert (row.key, row.outcome, row.text) == ("call:c1", "call", "")


def test_a_wrong_token_is_nowhere(town: Town):
    assert town.post("/hooks/loopback/wrong/call", {"callerNumber": FARMER}).status == 404


def test_a_carrier_that_tells_of_no_calls_is_thanked(town: Town):
    assert town.post(f"/hooks/loopback/{TOKEN}/call", {}).status == 200
