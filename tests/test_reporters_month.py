"""A reporter's month, as everybody sees it: staff, the reporter's phone, the list of airtime.

Four Friday fairs of November at Kita, three reporters, prices sent as forms of the carrier.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.api import security
from service.cli import inside
from service.db import reading, writing
from service.encoding import segments, to_gsm
from service.people.tables import Contact, Reporter
from service.prices.tables import Usage
from service.sms.tables import Delivery, MessageText
from tests.town import Town, open_town, reporters

AWA, MOUSSA, FANTA = "+22370000001", "+22370000002", "+22370000003"
PHONES = (AWA, MOUSSA, FANTA)
OCTOBER = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
FIRST_OF_DECEMBER = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def fair(day: int, hour: int = 10, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def key(town: Town, role: str) -> str:
    with writing(town.engine) as session:
        return security.issue_key(session, town.settings, role, role, town.clock())


@pytest.fixture
def town(engine: Engine, database_url: str) -> Iterator[Town]:
    """Kita has its fair on Fridays, and has had maize and millet since October."""
    with open_town(engine, database_url, OCTOBER) as town:
        reporters(town, *PHONES)
        admin = key(town, "admin")
        status, _ = town.ask("PATCH", "markets/KITA", admin, {"fair_days": ["fri"], "daily": False})
        assert status == 200
        for week in range(5):
            town.clock.at = OCTOBER + timedelta(weeks=week)
            for phone in PHONES:
                town.text(phone, "KITA MAI 150 F MIL 200 F")
        yield town


def november(town: Town) -> None:
    """Awa: three whole fairs and a late one. Moussa: two fairs, one without millet. Fanta: one."""
    for at, phone, words in (
        (fair(6), AWA, "MAI 150 F MIL 200 F"),
        (fair(6), MOUSSA, "MAI 155 F MIL 200 F"),
        (fair(13), AWA, "MAI 150 F MIL 205 F"),
        (fair(13, 11), AWA, "CORR MIL 200 F"),
        (fair(15), AWA, "ANNULER"),
        (fair(20), AWA, "MAI 155 F MIL 205 F"),
        (fair(20), MOUSSA, "MAI 155 F"),
        (fair(20), FANTA, "MAI 155 F MIL 205 F"),
        (fair(29), AWA, "27/11 MAI 155 F MIL 210 F"),
    ):
        if words != "ANNULER":
            town.clock.at = at
            assert town.text(phone, words) == 200
    town.clock.at = fair(30, 12)


def card(town: Town, reporter: int, month: str = "2026-11") -> dict[str, Any]:
    status, found = town.ask("GET", f"reporters/{reporter}/card?month={month}", key(town, "viewer"))
    assert status == 200, found
    return found


def export(town: Town, role: str, query: str) -> list[dict[str, str]]:
    headers = {"authorization": f"Bearer {key(town, role)}"}
    path = f"/api/v1/exports/rewards.csv?{query}"
    answer = town._loop.run_until_complete(inside.call(town.app, "GET", path, headers, b""))
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode())))


def sent(town: Town, phone: str, kind: str) -> list[str]:
    with reading(town.engine) as session:
        rows = session.exec(
            select(MessageText.body, Contact)
            .join(Delivery, col(Delivery.text_id) == col(MessageText.id))
            .join(Contact, col(Contact.id) == col(Delivery.contact_id))
            .where(Delivery.kind == kind)
            .order_by(col(Delivery.id))
        ).all()
        return [body for body, contact in rows if town.vault.open(contact.sealed).e164 == phone]


def test_the_card_counts_fairs_time_and_completeness(town: Town):
    november(town)
    awa, moussa, fanta = (card(town, each) for each in (1, 2, 3))
    assert (awa["fairs"], awa["reported"], awa["on_time"], awa["earned"]) == (4, 4, 3, 3)
    assert (awa["complete"], awa["reports"]) == (4, 8)
    assert (moussa["reported"], moussa["on_time"], moussa["complete"]) == (2, 2, 1)
    assert moussa["earned"] == 1
    assert (fanta["fairs"], fanta["reported"], fanta["earned"]) == (4, 1, 1)
    assert awa["closeness"] is not None
    assert card(town, 1, "2026-10")["fairs"] == 5


def test_the_card_and_its_month_are_checked(town: Town):
    viewer = key(town, "viewer")
    assert town.ask("GET", "reporters/99/card", viewer)[0] == 404
    assert town.ask("GET", "reporters/1/card?month=2026-13", viewer)[0] == 422
    assert town.ask("GET", "reporters/1/card?month=2030-01", viewer)[0] == 422
    status, now = town.ask("GET", "reporters/1/card", viewer)
    assert (status, now["month"]) == (200, f"{town.clock.at:%Y-%m}")


def test_a_price_that_is_asked_about_or_held_is_work_all_the_same(town: Town):
    town.clock.at = fair(6)
    town.text(AWA, "MAI 150 F MIL 2000 F")
    town.clock.at = fair(7)
    town.work()
    assert card(town, 1)["earned"] == 1
    assert card(town, 1)["reports"] == 1


def test_answers_to_farmers_are_counted_for_those_who_made_the_price(town: Town):
    november(town)
    with writing(town.engine) as session:
        for day, product, count in ((20, "MAI", 30), (26, "MAI", 5), (27, "FON", 9), (5, "MAI", 7)):
            session.add(
                Usage(
                    day=fair(day).date(), channel="ussd", screen="price", product=product,
                    market="KITA", village="", language="fr", sex="", count=count,
                )
            )  # fmt: skip
    assert card(town, 3)["served"] == 35
    assert card(town, 2)["served"] == 35


def test_the_reporter_dials_the_same_card(town: Town):
    november(town)
    said = town.dial(AWA, "8")
    assert "Ce mois : 8 prix, 4 foires" in said
    assert "3 à l'heure, 3 complètes" in said
    assert "5 " not in said, "no habit has been learnt"


def test_the_card_is_texted_once_when_the_month_is_over(town: Town):
    november(town)
    town.clock.at = FIRST_OF_DECEMBER - timedelta(minutes=1)
    town.work()
    assert sent(town, AWA, "card") == []
    for hours in (0, 1, 30):
        town.clock.at = FIRST_OF_DECEMBER + timedelta(hours=hours)
        town.work()
    (awa,) = sent(town, AWA, "card")
    assert awa.startswith(
        "Fiche novembre : 4 foires sur 4, 3 à l'heure, 8 prix. Crédit gagné : 3 foires."
    )
    assert segments(to_gsm(awa)) == 1
    assert len(sent(town, FANTA, "card")) == 1


def test_who_sent_nothing_gets_no_card(town: Town):
    town.clock.at = FIRST_OF_DECEMBER
    town.work()
    assert sent(town, AWA, "card") == []


def test_the_list_of_airtime_has_units_numbers_and_what_they_are_worth(town: Town):
    november(town)
    rows = export(town, "operator", "month=2026-11&per_day=500&per_check=250")
    assert [(row["phone"], row["earned"], row["airtime"]) for row in rows] == [
        ("22370000001", "3", "1500"),
        ("22370000002", "1", "500"),
        ("22370000003", "1", "500"),
    ]
    assert {row["month"] for row in rows} == {"2026-11"}
    bare = export(town, "operator", "month=2026-11")
    assert {row["airtime"] for row in bare} == {""}
    assert {row["month"] for row in export(town, "operator", "")} == {"2026-10", "2026-11"}


def test_who_only_looks_sees_no_whole_number_in_the_list(town: Town):
    november(town)
    rows = export(town, "viewer", "month=2026-11")
    assert {row["phone"] for row in rows} == {f"223****000{n}" for n in (1, 2, 3)}


def test_two_hands_that_write_alike_are_shown_to_staff_alone(town: Town):
    same = "MAI 150 F MIL 200 F SOR 180 F RIZ 400 F"
    town.clock.at = fair(20)
    town.text(AWA, same)
    town.clock.pass_(minutes=4)
    town.text(MOUSSA, same)
    operator = key(town, "operator")
    status, flags = town.ask("GET", "reporters/1/flags", operator)
    assert status == 200
    (twin,) = [each for each in flags["flags"] if each["days"] == ["2026-11-20"]]
    assert (twin["flag"], twin["other"], len(twin["reports"])) == ("twin", 2, 8)
    listed = town.ask("GET", "reporters/flags", operator)[1]["items"]
    assert [each["reporter"] for each in listed] == [1, 2]
    viewer = key(town, "viewer")
    for path in ("reporters/1/flags", "reporters/flags", "reporters/callbacks"):
        assert town.ask("GET", path, viewer)[0] == 403
    assert "flag" not in str(card(town, 1))
    assert "flag" not in str(town.ask("GET", "reporters/1", viewer)[1])


def test_a_price_stuck_while_the_others_moved_says_from_what_to_what(town: Town):
    for week, amount in enumerate((150, 160, 165, 170)):
        town.clock.at = fair(6 + 7 * week)
        town.text(AWA, "MAI 155 F")
        for phone in (MOUSSA, FANTA):
            town.text(phone, f"MAI {amount} F")
    (stuck,) = [
        each
        for each in town.ask("GET", "reporters/1/flags", key(town, "operator"))[1]["flags"]
        if each["flag"] == "stuck"
    ]
    assert (stuck["product"], stuck["value"], stuck["peers"]) == ("MAI", 155, [150, 170])
    assert stuck["days"] == ["2026-11-06", "2026-11-13", "2026-11-20", "2026-11-27"]


def test_before_dawn_and_on_a_day_without_fair(town: Town):
    town.clock.at = fair(20, 4)
    town.text(AWA, "MAI 150 F")
    town.clock.at = fair(22)
    town.text(AWA, "MAI 150 F")
    flags = town.ask("GET", "reporters/1/flags", key(town, "operator"))[1]["flags"]
    found = {each["flag"]: each["days"] for each in flags}
    assert found["before_dawn"] == ["2026-11-20"]
    assert found["no_fair"] == ["2026-11-22"]


def test_a_report_asked_about_again_enters_bias_card_and_airtime(town: Town):
    november(town)
    operator = key(town, "operator")
    listed = town.ask("GET", "reports?reporter=1&product=MAI&from=2026-11-01", operator)[1]["items"]
    right, wrong = (each["id"] for each in listed[:2])
    for report, value in ((right, 160), (wrong, 200)):
        status, check = town.ask("PUT", f"reporters/callbacks/{report}", operator, {"value": value})
        assert status == 200
    assert not check["held_good"]
    found = card(town, 1)
    assert (found["checked"], found["passed"]) == (2, 1)
    rows = export(town, "operator", "month=2026-11&per_day=500&per_check=250")
    assert rows[0]["airtime"] == "1750"
    checks = town.ask("GET", "reporters/callbacks?month=2026-11", operator)[1]["items"]
    assert {right, wrong} <= {each["report"] for each in checks}
    assert town.ask("PUT", f"reporters/callbacks/{right}", operator, {"value": 0})[0] == 422


def test_habits_are_shown_to_the_reporter_and_to_staff_and_can_be_unlearnt(town: Town):
    with writing(town.engine) as session:
        awa = session.get_one(Reporter, 1)
        awa.habits = {"units": {"MAI": "SAC"}, "forms": {"groundnut": "ARA"}, "money": "dorome"}
    town.clock.at = fair(20)
    assert "5 Habitudes" in town.dial(AWA, "8")
    said = town.dial(AWA, "8*5")
    for words in ("Nombre seul : en dorome", "Sans forme : Arachide coque", "Mais sac"):
        assert words.lower() in said.lower(), said
    operator = key(town, "operator")
    assert town.ask("GET", "reporters/1", operator)[1]["habits"]["money"] == "dorome"
    assert town.ask("PATCH", "reporters/1", operator, {"habits": {}})[0] == 200
    assert town.ask("GET", "reporters/1", operator)[1]["habits"] == {}
    assert "5 Habitudes" not in town.dial(AWA, "8")


def test_the_card_is_one_sms_in_every_language_and_size():
    from service.people.cards import Month
    from service.prices.reliability import Card
    from service.sms.notices.monthly import words

    most = Card(31, 31, 31, 31, 31, 999, 0.99, 9, 9, 99_999)
    for lang in ("fr", "bm"):
        for number in range(1, 13):
            told = words(most, Month.read(f"2026-{number:02}"), lang)
            assert segments(to_gsm(told)) == 1
            assert "31" in told


FARMER = "+22376000001"


def weigh(town: Town, product: str, *kilos: float) -> None:
    admin = key(town, "admin")
    for each in kilos:
        form = {
            "unit": "SAC", "product": product, "market": "KITA", "kilos": each,
            "weighed_on": f"{town.clock.at:%Y-%m-%d}",
        }  # fmt: skip
        assert town.ask("POST", "weighings", admin, form)[0] == 201


def test_the_sack_as_it_was_weighed_is_told_by_ussd_and_by_sms(town: Town):
    weigh(town, "MAI", 98, 101, 100)
    town.dial(FARMER, "")
    screen = town.dial(FARMER, "1*3*1")
    assert "150 F/kg" in screen
    assert "1 sac = 100 kg = 15 000 F" in screen
    town.text(FARMER, "PRIX MAIS KITA")
    (reply,) = sent(town, FARMER, "reply")
    assert "1 sac = 100 kg = 15 000 F" in reply
    assert segments(to_gsm(reply)) == 1


def test_a_sack_nobody_weighed_is_the_price_once_the_kilo_has_expired(town: Town):
    town.clock.at = fair(27)
    assert town.text(AWA, "MAI 15000 F LE SAC") == 200
    town.clock.pass_(days=1)
    town.text(FARMER, "PRIX MAIS KITA")
    (reply,) = sent(town, FARMER, "reply")
    assert "15 000 F/sac" in reply
    assert "27/11" in reply
    town.dial(FARMER, "")
    assert "15 000 F par sac, non pes" in town.dial(FARMER, "1*3*1")
    items = town.ask("GET", "quotes?product=MAI&market=KITA&current=true", key(town, "viewer"))[1]
    assert [(each["value"], each["unit"]) for each in items["items"]] == [(15_000, "SAC")]


def test_a_farmer_told_by_an_alert_is_told_when_the_price_moves(town: Town):
    town.clock.at = fair(5, 9)
    town.text(FARMER, "ALERTE MAIS KITA")
    town.clock.at = fair(6)
    town.text(AWA, "MAI 150 F")
    town.work()
    assert len(sent(town, FARMER, "alert")) == 1
    for phone in (MOUSSA, FANTA):
        town.text(phone, "MAI 170 F")
    town.work()
    assert sent(town, FARMER, "correction") == [], "reports of one fair come together"
    town.clock.pass_(minutes=11)
    town.work()
    town.clock.pass_(hours=1)
    town.work()
    (told,) = sent(town, FARMER, "correction")
    assert told == "CORRECTION Kita 06/11 : Mais 170 F/kg, et non 150 F/kg. STOP=arret"


def test_a_product_said_to_have_no_price_was_looked_for_and_makes_the_day_complete(town: Town):
    town.clock.at = fair(6)
    town.text(AWA, "MAI 150 F ; MIL ?")
    town.clock.at = fair(7)
    assert card(town, 1)["earned"] == 1
