"""The carriers' doors: nothing lost, nothing twice, nothing told to strangers."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select

from service.db import make_engine, reading, writing
from service.people import store
from service.people.tables import Alert, Consent, Subscriber
from service.phone import Phone
from service.prices.store import bump
from service.prices.tables import MarketRow, ReportRow
from service.sms.gateway import RawRequest
from service.sms.gateways.loopback import LoopbackGateway
from service.sms.tables import Delivery, DeliveryEvent, Exchange, Inbox
from tests.sms.talk import AWA, FARMER, FRIDAY
from tests.town import TOKEN, Town, reporters

SMS = f"/hooks/loopback/{TOKEN}/sms"
FORM = {
    "id": "mo-1",
    "from": AWA,
    "to": "36000",
    "text": "KITA ARA 225",
    "date": "2026-11-20 10:00:00",
}


@pytest.fixture
def town(kita: Engine, kita_url: str):
    yield from opened(kita, kita_url)


@pytest.fixture
def door(kita_sqlite_url: str):
    """Where it matters what is written on the door, and not which database is behind it."""
    engine = make_engine(kita_sqlite_url)
    yield from opened(engine, kita_sqlite_url)
    engine.dispose()


def opened(engine: Engine, url: str) -> Iterator[Town]:
    town = Town(engine, url, FRIDAY)
    reporters(town, AWA)
    town.open()
    yield town
    town.close()


def kept(town: Town, table) -> list:
    with reading(town.engine) as session:
        return list(session.exec(select(table).order_by(col(table.id))))


def get(town: Town, path: str) -> tuple[int, bytes]:
    from service.cli import inside

    answer = town._loop.run_until_complete(inside.call(town.app, "GET", path, {}))
    return answer.status, answer.body


# strangers


def test_whatever_is_wrong_with_an_address_the_answer_is_the_same(door: Town):
    wrong = (
        "/hooks/loopback/wrong/sms",
        f"/hooks/loopback/{TOKEN[:-1]}x/sms",
        f"/hooks/loopback/{TOKEN}x/sms",
        f"/hooks/nobody/{TOKEN}/sms",
        f"/hooks/africastalking/{TOKEN}/sms",
        "/hooks/loopback/wrong/delivery",
        "/hooks/loopback/wrong/ussd",
        "/hooks/loopback/wrong/ussd-end",
        "/hooks/loopback/wrong/opt-out",
        f"/hooks/nobody/{TOKEN}/ussd",
    )
    answers = {(one.status, one.body) for one in (door.post(path, FORM) for path in wrong)}
    assert len(answers) == 1, answers
    status, body = answers.pop()
    assert status == 404
    assert b"token" not in body.lower()
    assert (kept(door, Inbox), kept(door, Exchange)) == ([], [])


def test_a_wrong_address_asked_with_get_is_no_different(door: Town):
    assert get(door, "/hooks/loopback/wrong/sms") == (
        404,
        door.post("/hooks/loopback/wrong/sms").body,
    )


# one message


def test_a_message_is_stored_understood_and_answered_before_the_200(town: Town):
    answer = town.post(SMS, FORM)
    assert (answer.status, answer.body) == (200, b"OK")
    (row,) = kept(town, Inbox)
    assert (row.gateway, row.key, row.text, row.state) == (
        "loopback",
        "mo-1",
        "KITA ARA 225",
        "handled",
    )
    assert [each.amount for each in kept(town, ReportRow)] == [225]
    assert [(each.kind, each.inbox_id) for each in kept(town, Delivery)] == [("reply", row.id)]


def test_a_repeat_is_a_quiet_200_with_one_reply(town: Town):
    first = town.post(SMS, FORM)
    for _ in range(3):
        again = town.post(SMS, FORM)
        assert (again.status, again.body) == (first.status, first.body)
    assert (len(kept(town, Inbox)), len(kept(town, Delivery)), len(kept(town, ReportRow))) == (
        1,
        1,
        1,
    )


def test_the_same_id_with_other_words_is_kept_but_not_acted_upon(town: Town):
    town.post(SMS, FORM)
    assert town.post(SMS, FORM | {"text": "KITA ARA 999"}).status == 200
    assert [each.state for each in kept(town, Inbox)] == ["handled", "collision"]
    assert (len(kept(town, ReportRow)), len(kept(town, Delivery))) == (1, 1)


def test_without_an_id_ten_minutes_tell_a_repeat_from_a_second_message(town: Town):
    form = {name: value for name, value in FORM.items() if name != "id"}
    for minutes, count in ((0, 1), (9, 1), (2, 2)):
        town.clock.pass_(minutes=minutes)
        assert town.post(SMS, form).status == 200
        assert len(kept(town, Inbox)) == count


def test_a_plus_lost_in_the_form_is_put_back(door: Town):
    body = urlencode(FORM).replace("%2B", "+").encode()
    assert b"from=+223" in body
    assert door.post(SMS, raw=body).status == 200
    assert len(kept(door, ReportRow)) == 1
    assert door.post(SMS, FORM).status == 200
    assert len(kept(door, Inbox)) == 1, "with and without its plus it is one message"


@pytest.mark.parametrize("date", ["2026-11-20 09:00:00", "2026-11-20T09:00:00Z", "hier", ""])
def test_every_shape_of_date_is_taken(door: Town, date: str):
    assert door.post(SMS, FORM | {"date": date}).status == 200
    (row,) = kept(door, Inbox)
    known = date.startswith("2026")
    assert row.sent_at == (FRIDAY - timedelta(hours=1) if known else None)
    assert row.received_at == FRIDAY


def test_an_empty_text_is_a_message(door: Town):
    assert door.post(SMS, FORM | {"from": "+22366000009", "text": ""}).status == 200
    assert [(each.text, each.outcome) for each in kept(door, Inbox)] == [("", "help")]


def test_a_name_as_sender_is_stored_and_never_answered(door: Town):
    for number, sender in enumerate(("MOOV", "36000", "BANK-ML")):
        assert door.post(SMS, FORM | {"id": f"x{number}", "from": sender}).status == 200
    assert {each.state for each in kept(door, Inbox)} == {"ignored"}
    assert kept(door, Delivery) == []


def test_what_is_no_message_at_all_is_a_200(door: Town):
    for raw in (b"", b"&&&=", b"%ff%fe=%00", b"{not json", b"from=", b"\x00" * 200):
        assert door.post(SMS, raw=raw).status == 200
    assert kept(door, Inbox) == []


def test_unreadable_signs_and_nul_are_no_reason_to_refuse(town: Town):
    raw = urlencode(FORM).encode() + b"%00%ff%ed%a0%80"
    assert (
        town.post(SMS, raw=b"id=b1&from=%2B22370000001&text=ARA+225%00%ff%ed%a0%80").status == 200
    )
    assert town.post(SMS, raw=raw).status == 200
    assert len(kept(town, Inbox)) == 2


def test_more_than_any_message_is_cut_off(door: Town):
    assert door.post(SMS, raw=b"text=" + b"x" * 17_000).status == 413
    assert door.post(SMS, FORM | {"text": "x" * 15_000}).status == 200


def test_a_get_is_taken_like_a_post(door: Town):
    assert get(door, f"{SMS}?{urlencode(FORM)}") == (200, b"OK")
    assert len(kept(door, ReportRow)) == 1
    for kind in ("delivery", "ussd-end", "opt-out"):
        assert get(door, f"/hooks/loopback/{TOKEN}/{kind}")[0] == 200


def test_the_raw_exchange_is_sealed_and_holds_no_token(door: Town):
    door.post(SMS, FORM)
    (row,) = kept(door, Exchange)
    assert TOKEN not in row.path
    assert b"22370000001" not in row.sealed
    assert b"KITA+ARA+225" in door.vault.open_bytes(row.sealed)
    assert not {"authorization", "cookie"} & set(row.headers)


# when we are at fault


def test_words_that_break_our_understanding_are_kept_and_acknowledged(town: Town):
    """A real way to break it: the unit every price falls back on is gone from the tables."""
    with writing(town.engine) as session:
        session.execute(text("DELETE FROM unit WHERE code = 'KG'"))
        bump(session, catalog=True)
    town.state.refresh()
    assert town.post(SMS, FORM).status == 200
    assert [(each.state, each.text) for each in kept(town, Inbox)] == [("stuck", "KITA ARA 225")]
    assert town.post(SMS, FORM).status == 200
    assert len(kept(town, Inbox)) == 1


def test_a_row_nobody_can_read_leaves_the_last_book_in_use(door: Town):
    with writing(door.engine) as session:
        session.get_one(MarketRow, "KAYES").fair_days = ["someday"]
        session.get_one(MarketRow, "KAYES").daily = False
        bump(session, catalog=True)
    assert door.post(SMS, FORM).status == 200
    assert [each.state for each in kept(door, Inbox)] == ["handled"]
    assert door.dial("+22376000001", "1*1*1").startswith(("CON", "END"))


def test_what_cannot_be_committed_is_not_acknowledged_and_can_be_sent_again(town: Town):
    """Storing fails at the very end: a table the transaction needs is away."""
    with writing(town.engine) as session:
        session.execute(text("ALTER TABLE exchange RENAME TO away"))
    answer = town.post(SMS, FORM)
    assert answer.status == 503
    assert (kept(town, Inbox), kept(town, ReportRow), kept(town, Delivery)) == ([], [], [])
    with writing(town.engine) as session:
        session.execute(text("ALTER TABLE away RENAME TO exchange"))
    assert town.post(SMS, FORM).status == 200
    assert (len(kept(town, Inbox)), len(kept(town, ReportRow)), len(kept(town, Delivery))) == (
        1,
        1,
        1,
    )


def test_a_rule_of_the_database_is_never_told_to_a_carrier(town: Town):
    """Not 409 and not 422: a carrier takes a 4xx for its own fault and forgets the message."""
    rule = "CREATE UNIQUE INDEX one_exchange ON exchange (gateway)"
    with writing(town.engine) as session:
        session.execute(text(rule))
    assert town.post(SMS, FORM).status == 200
    assert town.post(SMS, FORM | {"id": "mo-2", "text": "KITA MAI 150"}).status == 503
    with writing(town.engine) as session:
        session.execute(text("DROP INDEX one_exchange"))
    assert town.post(SMS, FORM | {"id": "mo-2", "text": "KITA MAI 150"}).status == 200
    assert [each.product for each in kept(town, ReportRow)] == ["ARA", "MAI"]


def test_a_sqlite_file_that_another_holds_is_answered_later(door: Town):
    with closing(sqlite3.connect(door.engine.url.database, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        _impatient(door.engine)
        assert door.post(SMS, FORM).status == 503
        other.execute("ROLLBACK")
    assert door.post(SMS, FORM).status == 200
    assert len(kept(door, ReportRow)) == 1


def _impatient(engine: Engine) -> None:
    """Ten seconds of patience are the service's, not a test's."""
    engine.dispose()
    from sqlalchemy import event

    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=50"))


# reports of carriers


def test_a_word_no_carrier_has_used_before_is_kept_and_moves_nothing(door: Town):
    door.post(SMS, FORM)
    door.work()
    (reply,) = kept(door, Delivery)
    path = f"/hooks/loopback/{TOKEN}/delivery"
    form = {"id": reply.provider_id, "status": "Teleported", "phoneNumber": AWA}
    assert door.post(path, form).status == 200
    assert [each.state for each in kept(door, Delivery)] == [reply.state]
    assert "Teleported" in [each.word for each in kept(door, DeliveryEvent)]
    assert door.post(path, {"id": "unheard of", "status": "Success"}).status == 200


def test_a_session_that_ends_is_noted_and_answered(door: Town):
    form = {"sessionId": "s1", "phoneNumber": FARMER, "status": "Success", "hopsCount": "3"}
    assert door.post(f"/hooks/loopback/{TOKEN}/ussd-end", form).status == 200


# opt-out


def test_an_opt_out_at_the_carrier_stops_everything_once(town: Town):
    with writing(town.engine) as session:
        person = store.enrol_subscriber(session, town.vault, Phone(FARMER), FRIDAY, language="fr")
        store.agree(session, person.contact_id, FRIDAY, how="paper", ref="F-1")
        store.set_alert(session, person.contact_id, "ARA", "KITA", FRIDAY)
    form = {"phoneNumber": FARMER, "senderId": "SUGU"}
    for _ in range(3):
        assert town.post(f"/hooks/loopback/{TOKEN}/opt-out", form).status == 200
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(FARMER))
        assert contact.stopped_at == FRIDAY
        assert session.exec(select(Subscriber.consented)).all() == [False]
        assert session.exec(select(Alert)).all() == []
        ledger = session.exec(select(Consent).order_by(col(Consent.id))).all()
    assert [(each.given, each.how, each.actor) for each in ledger] == [
        (True, "paper", ""),
        (False, "gateway", "loopback"),
    ]


def test_an_opt_out_without_a_phone_is_a_quiet_200(door: Town):
    path = f"/hooks/loopback/{TOKEN}/opt-out"
    for form in ({}, {"phoneNumber": "nobody"}, {"phoneNumber": FARMER, "updateType": "addition"}):
        assert door.post(path, form).status == 200
    with reading(door.engine) as session:
        assert session.exec(select(Consent)).all() == []


def test_what_a_carrier_sends_is_read_by_the_same_code_in_every_door():
    raw = RawRequest("POST", SMS, body=urlencode(FORM).encode())
    assert LoopbackGateway.read_sms(None, raw)[0].sender == AWA
