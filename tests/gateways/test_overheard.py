"""What passed on the wire is told to whoever sends, and kept without a secret or a clear phone."""

import asyncio
import base64

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people.tables import Contact
from service.phone import Phone
from service.sms import outbox
from service.sms.archive import Archive, of_message
from service.sms.gateway import Kind, RawRequest
from service.sms.outbox.claim import Batch
from service.sms.outbox.retention import EXCHANGES, forget_exchanges
from service.sms.overheard import LONGEST, Passed, listening
from service.sms.secrets import Eraser
from service.sms.tables import Delivery, Exchange, ExchangeDelivery
from service.worker.sender import Worker
from tests.gateways.battery import GATEWAYS
from tests.gateways.rooms import AWA, BAKARY, SECRET, TOKEN, gateway, parcel, settings
from tests.gateways.standins import OK, standing_in
from tests.sms.outbox_world import LIMITS, NOON, VAULT, a_run, looking, people, phone

WORD = SECRET.get_secret_value()


def eraser(name: str) -> Eraser:
    said = settings(name, "http://unused")
    return Eraser(said.secrets(), said.logins())


async def overheard(name: str, mode: str = OK, **changes: object) -> list[Passed]:
    with standing_in(name, mode) as carrier:
        sender = gateway(name, carrier.url, **changes)
        with listening() as heard:
            await sender.send(parcel(AWA, BAKARY) if name == "africastalking" else parcel())
        await sender.close()
    return heard


# --- the line -------------------------------------------------------------------------------


async def test_a_request_and_its_answer_are_told_as_they_passed():
    (heard,) = await overheard("africastalking")
    assert (heard.method, heard.path, heard.status) == ("POST", "/version1/messaging", "201")
    assert b"to=%2B22370000001%2C%2B22365000002" in heard.body
    assert b"SMSMessageData" in heard.answer
    assert heard.headers["answer content-type"] == "application/json"
    assert "apikey" not in {name.lower() for name in heard.headers}


@pytest.mark.parametrize(
    ("mode", "status"), [("500", "500"), ("reset", "ReadError"), ("garbage", "200")]
)
async def test_a_failure_is_told_too(mode: str, status: str):
    (heard,) = await overheard("kannel", mode)
    assert heard.status == status
    assert b"text=PRIX" in heard.query


async def test_the_token_a_carrier_gives_is_told_in_order():
    token, sent = await overheard("orange")
    assert token.path == "/oauth/v3/token"
    assert sent.path == "/smsmessaging/v1/outbound/tel%3A%2B2230000/requests"


async def test_each_task_hears_only_its_own_requests():
    with standing_in("jasmin") as carrier:
        sender = gateway("jasmin", carrier.url)

        async def one(number: str) -> bytes:
            with listening() as heard:
                await sender.send(parcel(number))
            (passed,) = heard
            return passed.body

        said = await asyncio.gather(one("+22370000001"), one("+22370000002"))
        await sender.close()
    assert [b"to=22370000001" in said[0], b"to=22370000002" in said[1]] == [True, True]
    assert b"22370000002" not in said[0]


async def test_nobody_listening_costs_nothing_and_keeps_nothing():
    with standing_in("jasmin") as carrier:
        sender = gateway("jasmin", carrier.url)
        with listening() as heard:
            pass
        await sender.send(parcel())
        await sender.close()
    assert heard == []


# --- secrets --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GATEWAYS)
async def test_no_secret_of_any_gateway_is_kept(name: str):
    login = base64.b64encode(f"kita:{WORD}".encode()).decode()
    spelt = (WORD, "s3cret", login, TOKEN, "T1")
    clean = eraser(name)
    for each in await overheard(name):
        kept = b" ".join(map(clean.clean, (each.query, each.body, each.answer)))
        shown = f"{kept!r} {clean.clean_path(each.path)} {each.headers}"
        for secret in spelt:
            assert f"{secret}" not in shown.replace("T1-", ""), (name, secret)


async def test_what_is_no_secret_stays_readable():
    (heard,) = await overheard("africastalking")
    assert eraser("africastalking").clean(heard.body) == heard.body
    assert eraser("africastalking").clean(heard.answer) == heard.answer


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b'{"access_token": "abc.def", "expires_in": "3600"}', b'"***", "expires_in": "3600"'),
        (b'{"token_type": "Bearer"}', b'"Bearer"'),
        (b"user=kita&password=hunter2&to=223", b"user=kita&password=***&to=223"),
        (b"<apiKey>k</apiKey> api_key=zz", b"api_key=***"),
        (b"Authorization: Basic a2l0YTp4", b"Authorization: ***"),
        (b"X-Signature: 0a1b", b"X-Signature: ***"),
    ],
)
def test_a_field_named_like_a_secret_is_emptied(said: bytes, kept: bytes):
    assert kept in Eraser([]).clean(said)


def test_a_secret_is_found_in_every_spelling_of_a_wire():
    word = "p@ss/wörd & <x>"
    spellings = [
        "p@ss/wörd & <x>",
        "p%40ss%2Fw%C3%B6rd%20%26%20%3Cx%3E",
        "p%40ss%2Fw%C3%B6rd+%26+%3Cx%3E",
        "p%2540ss%252Fw%25C3%25B6rd%2520%2526%2520%253Cx%253E",
        "p@ss/w\\u00f6rd & <x>",
        "p@ss/wörd &amp; &lt;x&gt;",
        base64.b64encode(f"kita:{word}".encode()).decode(),
    ]
    clean = Eraser([word], [("kita", word)])
    for spelling in spellings:
        assert clean.clean(f"a={spelling}&b=1".encode()) == b"a=***&b=1", spelling


def test_a_path_is_kept_without_phones():
    assert Eraser([]).clean_path("/v1/send/+22370000001/x") == "/v1/send/+***/x"
    assert (
        Eraser([])
        .clean_path("/smsmessaging/v1/outbound/tel%3A%2B2230000/requests")
        .endswith("/tel%3A%2B2230000/requests")
    )


def test_every_secret_of_the_settings_is_known():
    said = settings("orange", "", hook_token_old=SecretStr("the-one-before-it-of-the-hooks"))
    assert {WORD, TOKEN, "the-one-before-it-of-the-hooks"} <= set(said.secrets())
    assert ("kita", WORD) in said.logins()


# --- the sender and the shelf -----------------------------------------------------------------


def the_worker(engine: Engine, name: str, url: str) -> Worker:
    said = settings(name, url, rate=1e9).model_copy(
        update={"gateway": name, "quiet_hours": None, "secret_key": SecretStr("0" * 32)}
    )
    return Worker(
        engine, said, {name: gateway(name, url, rate=1e9)}, lambda: NOON, VAULT, owner="w1"
    )


async def test_one_request_for_many_is_kept_once_and_found_from_each(engine: Engine):
    with writing(engine) as session:
        people(session, 25)
        run = a_run(session)
    with standing_in("africastalking") as carrier:
        worker = the_worker(engine, "africastalking", carrier.url)
        while isinstance(await worker.send_once(), Batch):
            pass
        await worker._gateways["africastalking"].close()
    with looking(engine) as session:
        rows = session.exec(select(Exchange)).all()
        deliveries = session.exec(select(Delivery.id).where(Delivery.run_id == run)).all()
        found = [of_message(session, "out", each) for each in deliveries]
        assert len(rows) == len(carrier.asked) == 2
        assert {len(each) for each in found} == {1}
        assert len(session.exec(select(ExchangeDelivery)).all()) == 25
        (first,) = found[0]
        assert (first.direction, first.method, first.answer) == ("out", "POST", "201")
        assert first.path == "/version1/messaging"
        body = VAULT.open_bytes(first.sealed)
        assert phone(1).removeprefix("+").encode() in body
        assert b"message=Reunion+samedi" in body
        assert first.sealed_answer is not None
        assert b"messageId" in VAULT.open_bytes(first.sealed_answer)
    for row in rows:
        clear = f"{row.path}{row.headers}{row.answer}".encode() + row.sealed
        assert phone(1).removeprefix("+").encode() not in clear
        assert WORD.encode() not in clear + body


async def test_a_message_tried_twice_has_both_tries(engine: Engine):
    with writing(engine) as session:
        (one,) = people(session, 1)
        outbox.enqueue(
            session,
            contact_id=one,
            body="Bonjour",
            language="fr",
            kind="reply",
            now=NOON,
            limits=LIMITS,
        )
    with standing_in("jasmin") as carrier:
        carrier.script.extend(["429", OK])
        worker = the_worker(engine, "jasmin", carrier.url)
        clock = [NOON]
        worker._now = lambda: clock[0]
        await worker.send_once()
        clock[0] += LONG
        await worker.send_once()
        await worker._gateways["jasmin"].close()
    with looking(engine) as session:
        (row,) = session.exec(select(Delivery)).all()
        assert row.state == "accepted"
        assert [each.answer for each in of_message(session, "out", row.id)] == ["200", "429"]


LONG = EXCHANGES / 1000


def the_archive() -> Archive:
    return Archive(VAULT, Eraser([]))


def test_a_body_is_cut_at_sixteen_kilobytes(engine: Engine):
    raw = RawRequest("POST", "/hooks/http/abc/sms", "", {}, b"x" * (LONGEST + 5000))
    with writing(engine) as session:
        the_archive().received(session, "http", Kind.SMS, raw, "stored", NOON)
    with looking(engine) as session:
        (row,) = session.exec(select(Exchange)).all()
        assert len(VAULT.open_bytes(row.sealed)) == LONGEST
        assert row.path == "/hooks/http/***/sms"


def test_after_thirty_days_exchanges_and_their_links_are_gone(engine: Engine):
    old = Passed("POST", "/a", b"", {}, b"old", "200", b"ok")
    with writing(engine) as session:
        people(session, 2)
        a_run(session)
        session.flush()
        ids = session.exec(select(Delivery.id)).all()
        the_archive().sent(session, "http", [old], ids, NOON)
        the_archive().sent(session, "http", [old], ids, NOON + EXCHANGES / 2)
    with writing(engine) as session:
        assert forget_exchanges(session, NOON + EXCHANGES) == 0
        assert forget_exchanges(session, NOON + EXCHANGES + LONG) == 1
    with looking(engine) as session:
        assert len(session.exec(select(Exchange)).all()) == 1
        assert len(session.exec(select(ExchangeDelivery)).all()) == 2


def test_somebody_who_is_erased_is_in_no_exchange_any_more(engine: Engine):
    from service.people import rights

    mine, theirs = phone(1), phone(2)
    with writing(engine) as session:
        people(session, 2)
        a_run(session)
        session.flush()
        first, second = session.exec(select(Delivery.id).order_by(Delivery.contact_id)).all()
        for each, to in ((mine, first), (theirs, second)):
            sent = Passed("POST", "/a", b"", {}, each.encode(), "200", b"taken")
            the_archive().sent(session, "http", [sent], [to], NOON)
            lost = RawRequest("POST", "/hooks/http/t/delivery", f"to={each[1:]}", {}, b"")
            the_archive().received(session, "http", Kind.DELIVERY, lost, "delivered", NOON)
    with writing(engine) as session:
        assert rights.erase(session, VAULT, Phone(mine), NOON)
    with looking(engine) as session:
        left = session.exec(select(Exchange).order_by(Exchange.id)).all()
        assert [each.direction for each in left] == ["out", "in"]
        assert theirs[1:].encode() in VAULT.open_bytes(left[1].sealed)
        assert session.exec(select(Contact)).all()


def test_a_new_key_opens_both_sides_of_an_exchange(engine: Engine):
    from service.people.rights import rekey
    from service.phone import Vault

    anew = Vault("another secret of 32 characters!", ["0123456789abcdef0123456789abcdef"])
    with writing(engine) as session:
        people(session, 1)
        a_run(session)
        session.flush()
        ids = session.exec(select(Delivery.id)).all()
        sent = Passed("POST", "/a", b"", {}, b"asked", "200", b"answered")
        silent = Passed("POST", "/a", b"", {}, b"asked", "ReadTimeout")
        the_archive().sent(session, "http", [sent, silent], ids, NOON)
    with writing(engine) as session:
        rekey(session, anew)
    only = Vault("another secret of 32 characters!")
    with looking(engine) as session:
        said, unsaid = session.exec(select(Exchange).order_by(Exchange.id)).all()
        assert only.open_bytes(said.sealed) == b"\nasked"
        assert only.open_bytes(said.sealed_answer) == b"answered"
        assert unsaid.sealed_answer is None
