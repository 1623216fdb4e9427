"""Alerts: once a fair, at the price hoped for, until the season ends, and only by consent."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from service.db import reading, writing
from service.people import store
from service.people.tables import Alert, Subscriber
from service.phone import Phone
from tests.sms.talk import AWA, FANTA, FARMER, MOUSSA, Talk, open_talk


@pytest.fixture
def talk(kita: Engine):
    with open_talk(kita) as talk:
        yield talk


def alerts(talk: Talk) -> list[str]:
    return [body for kind, body in talk.sent(FARMER) if kind == "alert"]


def a_fair(talk: Talk, *amounts: int, product: str = "ARA") -> None:
    for phone, amount in zip((AWA, MOUSSA, FANTA), amounts, strict=False):
        talk.say(phone, f"{product} {amount}F")
    talk.work()


def test_an_alert_without_a_number_speaks_once_each_fair(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA")
    a_fair(talk, 225)
    assert alerts(talk) == [
        "Arachide coque, Kita : 225 F le kg, ven 20/11, 1 relevé. Arreter : STOP"
    ]
    talk.work()
    a_fair(talk, 225, 230)
    assert len(alerts(talk)) == 1
    talk.wait(days=7)
    a_fair(talk, 240)
    assert len(alerts(talk)) == 2
    assert "ven 27/11" in alerts(talk)[1]


def test_an_alert_with_a_number_waits_for_that_price(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA 250")
    a_fair(talk, 225)
    assert alerts(talk) == []
    talk.wait(days=7)
    a_fair(talk, 250)
    assert len(alerts(talk)) == 1


def test_a_late_report_that_lifts_the_price_over_the_number_speaks(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA 250")
    a_fair(talk, 240)
    assert alerts(talk) == []
    a_fair(talk, 240, 260, 262)
    assert len(alerts(talk)) == 1


def test_another_product_or_market_says_nothing(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA")
    a_fair(talk, 150, product="MAI")
    talk.say(AWA, "KAYES ARA 300F")
    talk.work()
    assert alerts(talk) == []


def test_asking_again_changes_the_number_and_makes_no_second_alert(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA 300")
    talk.say(FARMER, "ALERTE ARACHIDE KITA 200")
    a_fair(talk, 225)
    assert len(alerts(talk)) == 1


def test_an_alert_at_each_fair_has_no_end_and_a_price_hoped_for_has(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA")
    talk.say(FARMER, "ALERTE MIL KITA 250")
    with reading(talk.engine) as session:
        ends = select(Alert.expires_on).order_by(col(Alert.id))
        assert session.exec(ends).all() == [None, date(2027, 9, 30)]


def test_an_alert_ends_with_its_season(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA 200")
    with reading(talk.engine) as session:
        assert session.exec(select(Alert.expires_on)).all() == [date(2027, 9, 30)]
    with writing(talk.engine) as session:
        session.execute(update(Alert).values(expires_on=talk.at.date() - timedelta(days=1)))
    a_fair(talk, 225)
    assert alerts(talk) == []
    with reading(talk.engine) as session:
        assert session.exec(select(Alert)).all() == []


def test_on_its_last_day_an_alert_still_speaks(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA")
    with writing(talk.engine) as session:
        session.execute(update(Alert).values(expires_on=talk.at.date()))
    a_fair(talk, 225)
    assert len(alerts(talk)) == 1


def test_without_consent_nothing_is_sent(talk: Talk):
    with writing(talk.engine) as session:
        contact = store.find(session, talk.vault, Phone(FARMER))
        store.set_alert(session, contact.id, "ARA", "KITA", talk.at)
    a_fair(talk, 225)
    assert alerts(talk) == []
    with writing(talk.engine) as session:
        session.execute(update(Subscriber).values(consented=True))
    talk.work()
    assert len(alerts(talk)) == 1


def test_stop_ends_every_alert(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA")
    talk.say(FARMER, "STOP")
    a_fair(talk, 225)
    assert alerts(talk) == []
    talk.say(FARMER, "OUI")
    talk.work()
    assert alerts(talk) == [], "saying yes to our messages does not bring old alerts back"


def test_the_price_of_a_sack_nobody_weighed_is_not_the_price_that_was_hoped_for(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA 300")
    talk.say(AWA, "ARA 17500F le sac")
    talk.work()
    assert talk.reports[0].value is None
    assert alerts(talk) == []


def test_each_fair_tells_a_sack_by_its_name(talk: Talk):
    talk.say(FARMER, "ALERTE ARACHIDE KITA")
    for phone in (AWA, MOUSSA):  # of a sack nobody weighed one reporter alone is not believed
        talk.say(phone, "ARA 17500F le sac")
    talk.work()
    assert alerts(talk)[0].startswith("Arachide coque, Kita : 17 500 F le sac, ven 20/11")


def test_what_nobody_can_vouch_for_is_not_announced(talk: Talk):
    """Sesame has neither a prior nor bounds: one reporter alone makes an estimate."""
    talk.say(FARMER, "ALERTE SESAME KITA")
    a_fair(talk, 550, product="SES")
    assert talk.price("SES") == 550
    assert alerts(talk) == []


def test_a_head_of_livestock_is_told_by_the_head(talk: Talk):
    talk.say(FARMER, "ALERTE MOUTON KITA")
    a_fair(talk, 75000, product="MOU")
    assert alerts(talk)[0].startswith("Mouton, Kita : 75 000 F le tete, ven 20/11")
