"""The USSD door as a carrier meets it: always 200, always CON or END, nothing done twice."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import col, func, select

from service.db import is_sqlite, reading, writing
from service.people import store as people
from service.people.tables import Alert, Consent, Contact, Reporter, Subscriber
from service.phone import parse
from service.prices.tables import Dispute, Gap, ReportRow, Usage
from service.settings import Loopback
from service.sms.gateway import Ack, UssdStyle, UssdTurn
from service.sms.gateways.loopback import LoopbackGateway
from service.sms.tables import Delivery, MessageText
from service.sms.tokens import Tokens
from service.ussd.tables import UssdEffect, UssdSession
from tests.api.telephone import START, VAULT, Hands, Phone, Tower, as_json, ask, furnish


@pytest.fixture
def tower(engine):
    furnish(engine)
    return Tower(engine)


def known(engine, number="+22376000001", **facts):
    """A farmer with a language, a village and a remembered price."""
    usual = {"language": "fr", "village": "V3", "product": "ARA", "market": "KITA", "kilos": 200}
    with writing(engine) as session:
        people.enrol_subscriber(session, VAULT, parse(number), START, **usual | facts)


def reporter(engine, number="+22370000001"):
    with writing(engine) as session:
        people.enrol_reporter(
            session, VAULT, parse(number), START, name="Awa K.", market="KITA", language="fr"
        )


def rows(engine, table):
    with reading(engine) as session:
        return session.exec(select(table)).all()


def number_of(engine, table) -> int:
    with reading(engine) as session:
        return session.exec(select(func.count()).select_from(table)).one()


# The wire


async def test_the_first_dial_is_answered_whether_text_is_empty_absent_or_json(tower):
    form = b"sessionId=S0&phoneNumber=%2B22376000009&serviceCode=%2A384%2A77%23"
    answers = [
        await tower.post(form + b"&text="),
        await tower.post(form.replace(b"S0", b"S1")),
        await tower.post(
            as_json(sessionId="S2", phoneNumber="+22376000009", text=""), kind=b"application/json"
        ),
    ]
    for answer in answers:
        assert (answer.status, answer.text) == (200, "CON 1 Francais\n2 Bamanankan")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["at-ussd-hop-metadata"] == "language"


async def test_a_plus_lost_in_the_form_is_the_same_phone(tower, engine):
    known(engine)
    lost = b"sessionId=S3&phoneNumber=+22376000001&text="
    assert "Arachide coque, Kita" in (await tower.post(lost)).text


async def test_a_wrong_token_or_gateway_is_not_found(tower):
    for path in ("/hooks/loopback/wrong/ussd", "/hooks/nobody/demo/ussd"):
        assert (await tower.post(b"", path)).status == 404


async def test_every_other_path_goes_to_the_application(tower):
    for path in ("/", "/hooks/loopback/demo/sms", "/hooks/x/y/z/ussd", "/ussd"):
        assert (await tower.post(b"", path)).status == 418


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"sessionId=S4",
        b"phoneNumber=%2B22376000001",
        b"sessionId=S4&phoneNumber=Orange&text=",
        b"sessionId=S4&sessionId=S5&phoneNumber=%2B22376000001&text=",
        b"{",
        b"sessionId=S4&phoneNumber=%2B22376000001&text=" + b"1*" * 9_000,
    ],
)
async def test_an_unreadable_request_still_gets_words(tower, body):
    answer = await tower.post(body)
    assert (answer.status, answer.text[:4]) == (200, "END ")


async def test_a_body_in_pieces_is_read_whole(tower):
    pieces = [b"sessionId=S6&phone", b"Number=%2B223760", b"00009&text=1"]
    answer = await ask(tower.front, "/hooks/loopback/demo/ussd", pieces=pieces)
    assert answer.text.startswith("CON Quel produit ?")


async def test_what_breaks_inside_is_answered_in_words(tower):
    tower.its = None
    answer = await tower.post(b"sessionId=S7&phoneNumber=%2B22376000009&text=1*1")
    assert answer.text == "END Service indisponible. Réessayez plus tard."


async def test_ten_thousand_hostile_texts_get_con_or_end(tower):
    chance = Random(84377)
    signs = "0129*#  é\x00\n'\"%{}\u0660\uffff"
    phone = Phone(tower)
    for n in range(10_000):
        phone.session = f"F{n % 50}"
        phone.text = "".join(chance.choices(signs, k=chance.randrange(30)))
        said = await phone.send()
        assert said[:4] in ("CON ", "END "), phone.text
        assert len(said) <= 160


# The caller and the session


async def test_a_stranger_is_asked_once_and_answered_with_no_key_the_next_day(tower, engine):
    phone = Phone(tower)
    assert await phone.dial() == "CON 1 Francais\n2 Bamanankan"
    assert (await phone.press("2", "1", "2")).startswith("CON Tiga farama, Sébékoro\n275 F/kg")
    tower.hands.wait(days=1)
    assert (await phone.dial()).startswith("CON Tiga farama, Sébékoro\n275 F/kg")
    await tower.dial.flush()
    [row] = rows(engine, Subscriber)
    assert (row.language, row.product, row.market) == ("bm", "ARA", "SEBEKORO")


async def test_a_turn_sent_again_gets_the_same_words_and_does_nothing_again(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    said = await phone.press("9", "2")
    assert [await phone.send() for _ in range(3)] == [said] * 3
    assert number_of(engine, Delivery) == 1


async def test_a_turn_lost_on_the_way_is_made_up_by_the_next(tower, engine):
    phone = Phone(tower)
    await phone.dial()
    phone.text = "2*1"
    await phone.press("1")
    [row] = rows(engine, Subscriber)
    assert (row.language, row.product, row.market) == ("bm", "ARA", "KITA")


async def test_turns_out_of_order_end_where_the_last_text_says(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    await phone.press("9", "6")
    phone.text = "9"
    assert "Ce prix est faux" in await phone.send()
    phone.text = "9*6"
    await phone.send()
    assert len([c for c in rows(engine, Consent) if not c.given]) == 1


async def test_another_phone_in_the_same_session_is_refused(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    assert (await phone.send(phoneNumber="+22376000002", text="9*6")).startswith("END ")
    assert number_of(engine, UssdEffect) == 0


async def test_two_gateways_may_use_the_same_session_id(engine):
    furnish(engine)
    carriers = {
        name: LoopbackGateway(Loopback(), Tokens("demo")) for name in ("loopback", "africastalking")
    }
    for name, carrier in carriers.items():
        carrier.name = name
    tower = Tower(engine, gateways=carriers)
    first = b"sessionId=S8&phoneNumber=%2B22376000001&text=1*1*1"
    second = b"sessionId=S8&phoneNumber=%2B22376000002&text=1*1*1"
    for name, form in (("loopback", first), ("africastalking", second)):
        await tower.post(form, f"/hooks/{name}/demo/ussd")
    assert number_of(engine, Contact) == 2


async def test_a_session_goes_on_in_another_process(engine):
    furnish(engine)
    hands = Hands()
    here, there = Tower(engine, hands), Tower(engine, hands)
    phone = Phone(here)
    await phone.dial()
    await phone.press("2")  # the language is known from now on, but key 2 still means it
    phone.tower = there
    assert (await phone.press("1", "2")).startswith("CON Tiga farama, Sébékoro")
    phone.tower = here
    assert (await phone.press("9")).startswith("CON Sugu sugandi:")
    assert number_of(engine, UssdEffect) == 1, "the language; a look is written behind"


async def test_a_code_is_dialled_to_its_price(tower):
    said = await Phone(tower).dial("1*1*2")
    assert said.startswith("CON Arachide coque, Sébékoro")


@pytest.mark.parametrize("told_in_the_text", [True, False])
async def test_keys_behind_the_code_are_dialled_however_the_carrier_tells_them(
    tower, engine, told_in_the_text
):
    known(engine)
    phone, code = Phone(tower, session="S"), "*384*77*1*1#"
    so_far = ["1*1", "1*1*9"] if told_in_the_text else ["", "9"]
    said = [await phone.send(serviceCode=code, text=each) for each in so_far]
    assert said[0].startswith("CON Arachide coque, Kita")
    assert said[1].startswith("CON Quel marché ?")


async def test_keys_that_repeat_those_behind_the_code_are_keys_all_the_same(tower, engine):
    known(engine)
    phone = Phone(tower, session="S")
    listed = await phone.send(serviceCode="*384*77*1#", text="")
    assert listed.startswith("CON Quel produit ?")
    said = await phone.send(serviceCode="*384*77*1#", text="1")
    assert said.startswith("CON Arachide coque, Kita")


async def test_a_service_code_of_somebody_else_is_no_key(tower, engine):
    known(engine)
    plain = await Phone(tower, session="S").send(text="")
    for n, code in enumerate(("*384*7712#", "*384*77*#", "*384*77*x#", "#123#", "")):
        assert await Phone(tower, session=f"T{n}").send(serviceCode=code, text="") == plain


async def test_a_code_with_a_wrong_tail_says_so_and_goes_on(tower, engine):
    known(engine)
    phone = Phone(tower)
    assert (await phone.dial("1*88*1")).startswith("CON Choix non valable\nQuel produit ?")
    assert (await phone.press("1")).startswith("CON Arachide coque, Kita")


# A session that broke off


async def test_a_dropped_session_is_offered_within_ten_minutes(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    asked = await phone.press("1", "3", "9")
    tower.hands.wait(minutes=9)
    said = await phone.dial()
    assert said.split("\n")[-2:] == ["1 Continuer : Quel marché ?", "2 Recommencer"]
    assert await phone.send() == said
    assert await phone.press("1") == asked
    assert (await phone.press("2")).startswith("CON Mais, Sébékoro")


async def test_a_dropped_session_is_offered_by_another_process(engine):
    furnish(engine)
    known(engine)
    hands = Hands()
    here, there = Tower(engine, hands), Tower(engine, hands)
    phone = Phone(here)
    await phone.dial()
    await phone.press("4", "2")
    await here.dial.flush()
    hands.wait(minutes=2)
    phone.tower = there
    assert "1 Continuer : Vous prévenir" in await phone.dial()
    await there.dial.flush()
    phone.tower = here
    await phone.press("1", "250", "1")
    assert [alert.at_least for alert in rows(engine, Alert)] == [250]


@pytest.mark.parametrize(
    ("keys", "minutes"), [(["1", "3"], 11), ([], 1), (["1", "0"], 1), (["0"], 1)]
)
async def test_nothing_is_offered_when_there_is_nothing_to_continue(tower, engine, keys, minutes):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    await phone.press(*keys)
    tower.hands.wait(minutes=minutes)
    assert "Continuer" not in await phone.dial()


async def test_a_code_dialled_after_a_drop_goes_where_it_says(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    await phone.press("4")
    assert (await phone.dial("1*1")).startswith("CON Arachide coque, Kita")


# What is done


async def test_stop_suppresses_what_is_queued_and_can_be_undone(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    await phone.press("4", "1", "1", "00", "9", "6")
    assert rows(engine, Contact)[0].stopped_at is not None
    assert rows(engine, Alert) == []
    await phone.press("1")
    assert rows(engine, Contact)[0].stopped_at is None
    assert [c.given for c in rows(engine, Consent)] == [True, False, True]


async def test_a_copy_is_sent_once_a_day(tower, engine):
    known(engine)
    phone = Phone(tower)
    for _ in range(2):
        await phone.dial()
        await phone.press("9", "2")
    [body] = rows(engine, MessageText)
    assert body.body.startswith("Arachide coque, Kita\n225 F/kg")
    tower.hands.wait(days=1)
    await phone.dial()
    await phone.press("9", "2")
    assert number_of(engine, Delivery) == 2


async def test_an_alert_is_kept_with_the_consent_that_goes_with_it(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    await phone.press("4", "2", "250", "1")
    [alert] = rows(engine, Alert)
    assert (alert.product, alert.market, alert.at_least) == ("ARA", "KITA", 250)
    assert [(c.given, c.how) for c in rows(engine, Consent)] == [(True, "ussd")]
    await phone.dial()
    assert "Alerte : dès 250 F" in await phone.press("4")


async def test_village_and_kilos_are_asked_once(tower, engine):
    known(engine, village=None, kilos=None)
    phone = Phone(tower)
    await phone.dial()
    assert "Plancher 255 F" in await phone.press("2", "3", "200")
    tower.hands.wait(days=1)
    await phone.dial()
    assert "Plancher 255 F" in await phone.press("2")


async def test_a_dispute_is_noted_once_however_often_it_is_said(tower, engine):
    known(engine)
    phone = Phone(tower)
    for _ in range(2):
        await phone.dial()
        await phone.press("9", "1")
    assert number_of(engine, Dispute) == 1


async def test_a_reporter_sends_a_price_and_sees_it_on_the_card(tower, engine):
    reporter(engine)
    phone = Phone(tower, "+22370000001")
    await phone.dial()
    said = await phone.press("7", "1", "1", "230", "1")
    assert said.startswith("CON Merci. Recu : Arachide coque, 230 F par kg.")
    await phone.send()
    [report] = rows(engine, ReportRow)
    assert (report.product, report.market, report.amount, report.channel) == (
        "ARA",
        "KITA",
        230,
        "ussd",
    )
    await phone.dial()
    assert "Ce mois : 1 prix, 1 foires" in await phone.press("8")


async def test_who_is_no_reporter_any_more_files_nothing(tower, engine):
    reporter(engine)
    phone = Phone(tower, "+22370000001")
    await phone.dial()
    await phone.press("7", "1", "1", "230")
    with writing(engine) as session:
        session.exec(select(Reporter)).one().active = False
    await phone.press("1")
    assert rows(engine, ReportRow) == []


async def test_a_caller_changed_by_staff_is_read_again(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    with writing(engine) as session:
        session.exec(select(Subscriber)).one().language = "bm"
    tower.dial.forget(parse(phone.number))
    assert (await phone.dial()).startswith("CON Tiga farama, Kita")


# When the database is away


class Trouble:
    """A database that refuses to write, or to answer at all."""

    def __init__(self, engine) -> None:
        self.engine, self.reads = engine, True
        event.listen(engine, "begin", self.refuse)

    def refuse(self, connection) -> None:
        if not self.reads or connection.get_execution_options().get("writes"):
            raise OperationalError("BEGIN", {}, OSError("disk full"))

    def away(self) -> None:
        """Nothing can be read either; a file is not where it was."""
        self.reads = False
        if is_sqlite(self.engine):
            Path(self.engine.url.database).rename(self._elsewhere)

    def over(self) -> None:
        event.remove(self.engine, "begin", self.refuse)
        if not self.reads and is_sqlite(self.engine):
            self._elsewhere.rename(self.engine.url.database)

    @property
    def _elsewhere(self) -> Path:
        return Path(f"{self.engine.url.database}.away")


async def test_with_a_full_disk_prices_are_still_answered_and_remembered_later(tower, engine):
    known(engine)
    trouble = Trouble(engine)
    phone = Phone(tower)
    await phone.dial()
    assert (await phone.press("1", "3", "2")).startswith("CON Mais, Sébékoro")
    trouble.over()
    assert await tower.dial.flush()
    assert rows(engine, Subscriber)[0].product == "MAI"


async def test_with_a_full_disk_nothing_is_promised_that_was_not_done(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    trouble = Trouble(engine)
    assert (await phone.press("9", "6")).startswith("END Service indisponible")
    trouble.over()
    assert (await phone.send()).startswith("CON C'est arreté")
    assert rows(engine, Contact)[0].stopped_at is not None


async def test_with_no_database_at_all_a_price_is_three_keys_away(tower, engine):
    known(engine)
    trouble = Trouble(engine)
    trouble.away()
    phone = Phone(tower)
    assert await phone.dial() == "CON 1 Francais\n2 Bamanankan"
    assert (await phone.press("1", "1", "2")).startswith("CON Arachide coque, Sébékoro")
    trouble.over()
    tower.hands.wait(minutes=30)
    assert (await phone.dial()).startswith("CON Arachide coque, Kita")


# Written behind


async def test_questions_are_counted_without_any_phone(tower, engine):
    known(engine, sex="f")
    phone = Phone(tower)
    await phone.dial()
    await phone.send()
    await phone.press("1", "3")
    await tower.dial.flush()
    with reading(engine) as session:
        used = session.exec(select(Usage).order_by(col(Usage.screen))).all()
    assert [(u.screen, u.product, u.market, u.count) for u in used] == [
        ("home", "ARA", "KITA", 1),
        ("price", "MAI", "KITA", 1),
        ("products", "", "", 1),
    ]
    assert {(u.channel, u.village, u.language, u.sex) for u in used} == {("ussd", "V3", "fr", "f")}
    [gap] = rows(engine, Gap)
    assert (gap.week, gap.village, gap.product, gap.market, gap.asked) == (
        "2026-W48",
        "V3",
        "MAI",
        "KITA",
        1,
    )


async def test_counts_add_up_over_two_processes(engine):
    furnish(engine)
    known(engine)
    for _ in range(2):
        tower = Tower(engine)
        await Phone(tower).dial()
        await tower.dial.flush()
    assert [row.count for row in rows(engine, Usage)] == [2]


async def test_counts_and_sessions_wait_for_a_database_that_is_away(tower, engine):
    known(engine)
    phone = Phone(tower)
    await phone.dial()
    await phone.press("9")
    trouble = Trouble(engine)
    assert not await tower.dial.flush()
    trouble.over()
    assert await tower.dial.flush()
    assert [row.count for row in rows(engine, Usage)] == [1, 1]
    [row] = rows(engine, UssdSession)
    assert (row.text, row.answer[:4], row.ended) == ("9", "CON ", False)


async def test_stopping_writes_down_what_waits(tower, engine):
    known(engine)
    await tower.dial.start()
    phone = Phone(tower)
    await phone.dial()
    await phone.press("9")
    await tower.dial.stop()
    assert number_of(engine, UssdSession) == 1


async def test_a_stranger_who_does_nothing_leaves_no_trace_but_a_count(tower, engine):
    await Phone(tower).dial()
    await tower.dial.flush()
    assert number_of(engine, Contact) == 0
    assert number_of(engine, UssdSession) == 0
    assert number_of(engine, Usage) == 1


async def test_an_answer_without_effects_touches_the_database_once(tower, engine):
    known(engine)
    seen: list[str] = []
    phone = Phone(tower)
    await phone.dial()
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    await phone.press("2", "9", "0", "0", "3")
    assert seen == []


# Other dialects


class LastOnly(LoopbackGateway):
    """A carrier that sends the last entry alone."""

    def __init__(self) -> None:
        super().__init__(Loopback(), Tokens("demo"))
        self.capabilities = replace(self.capabilities, ussd=UssdStyle.LAST)

    def read_ussd(self, raw):
        turn = super().read_ussd(raw)
        if isinstance(turn, UssdTurn):
            return turn._replace(mode="last", starts=turn.text == "")
        return turn


async def test_a_carrier_that_sends_the_last_entry_alone_is_understood(engine):
    furnish(engine)
    known(engine)
    hands = Hands()
    here, there = (Tower(engine, hands, {"loopback": LastOnly()}) for _ in range(2))
    phone = Phone(here)
    await phone.dial()
    said = []
    for tower, key in ((here, "1"), (there, "1"), (here, "2"), (there, "9")):
        hands.wait(seconds=5)
        phone.tower, phone.text = tower, key
        said.append(await phone.send())
    assert said[1].startswith("CON Arachide coque, Kita")
    assert said[2].startswith("CON Arachide coque, Sébékoro")
    assert said[3].startswith("CON Quel marché ?")


async def test_the_same_last_entry_at_once_is_a_repeat(engine):
    furnish(engine)
    known(engine)
    tower = Tower(engine, gateways={"loopback": LastOnly()})
    phone = Phone(tower)
    await phone.dial()
    tower.hands.wait(seconds=5)
    phone.text = "1"
    assert await phone.send() == await phone.send()


class Pages(LoopbackGateway):
    """A carrier that shows pages and has no sessions of its own."""

    def __init__(self) -> None:
        super().__init__(Loopback(), Tokens("demo"))
        self.capabilities = replace(self.capabilities, ussd=UssdStyle.XHTML)

    def ack(self, kind, body="", label=""):
        return Ack(body=body.encode(), content_type="application/xhtml+xml; charset=utf-8")


async def test_a_carrier_of_pages_gets_links_that_carry_everything(engine):
    furnish(engine)
    known(engine)
    tower = Tower(engine, gateways={"loopback": Pages()})
    query = b"sessionId=%2B22376000001&phoneNumber=%2B22376000001&text="
    answer = await ask(tower.front, "/hooks/loopback/demo/ussd", method="GET", query=query)
    assert answer.headers["content-type"].startswith("application/xhtml+xml")
    assert "<p>Arachide coque, Kita<br/>225 F/kg (210-240) MONTE<br/>" in answer.text
    assert '&amp;text=&amp;input=1" accesskey="1">1 Autre prix</a>' in answer.text
    assert 'name="input"' in answer.text
    assert "CON" not in answer.text


async def test_a_session_of_another_process_is_offered_again_though_this_one_knows_an_older(
    engine, tower
):
    known(engine)
    first = Phone(tower)
    await first.dial()
    await first.press("1", "1")
    tower.hands.wait(minutes=2)
    other = Tower(engine, tower.hands)
    there = Phone(other)
    await there.dial()
    await there.press("1")
    await other.dial.flush()
    tower.hands.wait(minutes=2)
    assert "Continuer" in await Phone(tower).dial()
