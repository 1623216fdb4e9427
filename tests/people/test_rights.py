"""What a person may ask of their data: all of it, none of it any more; and keys that change."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel, col, select

from service.api.security import issue_key
from service.db import reading, writing
from service.people import rights, store
from service.people.tables import Contact, Reporter
from service.phone import Phone, Vault
from service.prices.tables import QuoteRow, ReportRow
from service.sms import outbox
from service.sms.tables import Delivery, Exchange, Inbox
from tests.sms.talk import FRIDAY
from tests.town import SECRET, TOKEN, Town

AWA, FARMER, OTHER = "+22370000001", "+22376000001", "+22376000002"


@pytest.fixture
def town(kita: Engine, kita_url: str) -> Iterator[Town]:
    """A reporter and a farmer who have done everything one can do here."""
    town = Town(kita, kita_url, FRIDAY)
    town.open()
    with writing(town.engine) as session:
        town.key = issue_key(session, town.settings, "admin", "admin", FRIDAY)
    status, made = town.ask(
        "POST", "reporters", town.key, {"phone": AWA, "name": "Awa Keita", "market": "KITA"}
    )
    assert status == 201, made
    status, made = town.ask(
        "POST",
        "subscribers",
        town.key,
        {"phone": FARMER, "language": "fr", "consent": {"how": "paper", "ref": "F-12"}},
    )
    assert status == 201, made
    for phone in (AWA, FARMER):
        for words in (
            "KITA ARA 225",
            f"mon numero est {phone}",
            phone[4:],
            "ALERTE ARACHIDE KITA 250",
        ):
            town.clock.pass_(minutes=1)
            assert town.text(phone, words) == 200
        town.dial(phone)
        town.dial(phone, "1*1", session=f"s{phone}")
        form = {"id": "x", "status": "Success", "phoneNumber": phone}
        town.post(f"/hooks/loopback/{TOKEN}/delivery", form)
    town._loop.run_until_complete(town.app.state.dial.stop())
    yield town
    town.close()


def traces(engine: Engine, *secrets: bytes) -> list[str]:
    """Where any of these still stands, in any column of any table."""
    found = []
    with reading(engine) as session:
        for name, table in SQLModel.metadata.tables.items():
            for row in session.execute(table.select()).mappings():
                for column, value in row.items():
                    held = value if isinstance(value, bytes) else str(value).encode()
                    found += [f"{name}.{column}: {value!r}" for each in secrets if each in held]
    return found


def quotes(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as session:
        return [
            row.model_dump() for row in session.exec(select(QuoteRow).order_by(col(QuoteRow.id)))
        ]


def secrets_of(town: Town, phone: str) -> tuple[bytes, ...]:
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(phone))
        return phone[1:].encode(), phone[4:].encode(), contact.lookup, contact.sealed


def erase(town: Town, phone: str) -> bool:
    with writing(town.engine) as session:
        return rights.erase(session, town.vault, Phone(phone), town.clock())


@pytest.mark.parametrize("phone", [AWA, FARMER])
def test_after_erasing_no_table_knows_the_number_and_no_price_has_moved(town: Town, phone: str):
    secrets, before = secrets_of(town, phone), quotes(town.engine)
    assert traces(town.engine, *secrets), "there was something to erase"
    assert before
    assert erase(town, phone)
    assert traces(town.engine, *secrets) == []
    assert quotes(town.engine) == before
    assert not erase(town, phone), "nothing is known of it any more"


def test_an_erased_reporters_prices_stay_without_name_or_words(town: Town):
    erase(town, AWA)
    with reading(town.engine) as session:
        row = session.exec(select(Reporter)).one()
        assert (row.name, row.active, row.sex, row.habits) == ("effacé", False, None, {})
        assert {each.text for each in session.exec(select(ReportRow))} == {""}
        mine = select(Inbox.text).where(Inbox.contact_id == row.contact_id)
        assert set(session.exec(mine)) == {""}


def test_nothing_more_is_sent_to_an_erased_number(town: Town):
    with writing(town.engine) as session:
        contact = store.find(session, town.vault, Phone(FARMER))
        for kind in ("reply", "alert", "copy"):
            done = outbox.enqueue(
                session, contact_id=contact.id, body=f"{kind}!", language="fr", kind=kind,
                now=town.clock(), limits=town.state.limits,
            )  # fmt: skip
            assert isinstance(done, Delivery)
        mine = contact.id
    erase(town, FARMER)
    town.work()
    with reading(town.engine) as session:
        rows = session.exec(select(Delivery).where(Delivery.contact_id == mine)).all()
    assert {(each.state, each.reason) for each in rows} == {("suppressed", "erased")}


def test_a_number_erased_while_its_message_was_on_the_way_stops_no_other(town: Town):
    """The worker finds a message for a contact whose seal is gone."""
    with writing(town.engine) as session:
        contact = store.find(session, town.vault, Phone(FARMER))
        contact.sealed = b""
    town.text(OTHER, "PRIX ARACHIDE KITA")
    town.work()
    with reading(town.engine) as session:
        other = store.find(session, town.vault, Phone(OTHER))
        states = session.exec(select(Delivery.state).where(Delivery.contact_id == other.id)).all()
    assert states == ["delivered"]


def test_staff_lists_go_on_after_an_erasure(town: Town):
    for phone in (AWA, FARMER):
        erase(town, phone)
    for path in ("reporters", "subscribers", "messages", "reports", "silence", "quotes"):
        status, found = town.ask("GET", path, town.key)
        assert status == 200, (path, found)
        assert AWA not in json.dumps(found)
    from service.cli import inside

    for what in ("reports", "deliveries", "reporters", "subscribers", "messages"):
        headers = {"authorization": f"Bearer {town.key}"}
        call = inside.call(town.app, "GET", f"/api/v1/exports/{what}.csv", headers)
        answer = town._loop.run_until_complete(call)
        assert answer.status in (200, 404), (what, answer.body[:300])


def test_an_erased_number_may_come_back_as_a_stranger(town: Town):
    erase(town, AWA)
    town.clock.pass_(minutes=20)
    assert town.text(AWA, "KITA ARA 225") == 200
    with reading(town.engine) as session:
        contact = store.find(session, town.vault, Phone(AWA))
        assert store.caller(session, contact).reporter is None


def test_everything_kept_about_a_number_is_told_to_its_owner(town: Town):
    with reading(town.engine) as session:
        told = json.loads(rights.export(session, town.vault, Phone(FARMER)))
    assert told["phone"] == FARMER
    assert told["subscriber"][0]["language"] == "fr"
    assert told["consent"][0]["how"] == "paper"
    assert "KITA ARA 225" in [each["text"] for each in told["inbox"]]
    assert told["alerts"][0]["at_least"] == 250
    assert len(told["delivery"]) >= 2
    with reading(town.engine) as session:
        assert AWA not in rights.export(session, town.vault, Phone(FARMER))


def test_of_an_unknown_number_nothing_is_told(town: Town):
    with reading(town.engine) as session:
        assert rights.export(session, town.vault, Phone(OTHER)) == "{}"


# keys


NEWER = "another secret that only the tests know of: 0123456789"


def test_between_two_keys_everybody_is_still_known(kita: Engine):
    """The new key is set, the old one still listed, and `rekey` has not been run yet."""
    before, after = Vault(SECRET), Vault(NEWER, [SECRET])
    with writing(kita) as session:
        store.enrol_reporter(session, before, Phone(AWA), FRIDAY, name="Awa", market="KITA")
    with writing(kita) as session:
        contact = store.contact_for(session, after, Phone(AWA), FRIDAY)
        assert store.caller(session, contact).reporter is not None
        assert len(session.exec(select(Contact)).all()) == 1


def test_after_rekey_the_old_key_may_be_dropped(town: Town):
    both, alone = Vault(NEWER, [SECRET]), Vault(NEWER)
    old = secrets_of(town, AWA)[2:]
    with writing(town.engine) as session:
        store.contact_for(session, both, Phone(OTHER), town.clock())
        assert rights.rekey(session, both) == 3
    with reading(town.engine) as session:
        for phone in (AWA, FARMER, OTHER):
            contact = store.find(session, alone, Phone(phone))
            assert alone.open(contact.sealed) == Phone(phone)
        raw = session.exec(select(Exchange)).all()
        assert raw
        assert all(alone.open_bytes(each.sealed) for each in raw)
    assert traces(town.engine, *old) == []


def test_rekey_passes_over_the_erased(town: Town):
    erase(town, FARMER)
    with writing(town.engine) as session:
        assert rights.rekey(session, Vault(NEWER, [SECRET])) == 1
