"""Three farmers who call a price wrong open a check; its outcome is sent back to them."""

from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from service.api.security import issue_key
from service.db import reading, writing
from service.prices.tables import PriceCheck
from service.sms.tables import Delivery, MessageText
from tests.town import Town, open_town, reporters

MORNING = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
FARMERS = tuple(f"+2237600010{n}" for n in range(1, 5))


def disputed(town: Town, *farmers: str) -> None:
    """Each sees maize at Kita, then says on the next dial that this price is wrong."""
    for phone in farmers:
        assert "150 F/kg" in pressed(town, phone, "1", "3", "1")
        town.clock.pass_(minutes=20)
        assert "prix faux" in pressed(town, phone, "9", "1")
        town.clock.pass_(minutes=20)


def pressed(town: Town, phone: str, *keys: str) -> str:
    """A session key by key; the last screen."""
    session = f"{phone}-{town.clock():%H%M}"
    screen = town.dial(phone, "", session)
    for count in range(1, len(keys) + 1):
        screen = town.dial(phone, "*".join(keys[:count]), session)
    return screen


def checks(engine: Engine) -> list[PriceCheck]:
    with reading(engine) as session:
        return list(session.exec(select(PriceCheck)))


def test_two_farmers_are_noted_and_three_are_heard(engine: Engine, database_url: str):
    with open_town(engine, database_url, MORNING) as town:
        reporters(town, "+22370000001")
        assert town.text("+22370000001", "KITA MAI 150") == 200
        disputed(town, *FARMERS[:2])
        assert checks(engine) == []
        disputed(town, FARMERS[2])
        assert [each.product for each in checks(engine)] == ["MAI"]


def test_the_outcome_goes_back_to_those_who_asked(engine: Engine, database_url: str):
    with open_town(engine, database_url, MORNING) as town:
        reporters(town, "+22370000001")
        assert town.text("+22370000001", "KITA MAI 150") == 200
        disputed(town, *FARMERS[:3])
        with writing(engine) as session:
            key = issue_key(session, town.state.settings, "Oumar", "operator", town.clock())
        status, found = town.ask("GET", "checks?is_open=true", key)
        assert status == 200
        check = found["items"][0]
        status, closed = town.ask("POST", f"checks/{check['id']}/close", key, {"outcome": "right"})
        assert (status, closed["outcome"]) == (200, "right")
        with reading(engine) as session:
            told = session.exec(
                select(MessageText.body)
                .join(Delivery, col(Delivery.text_id) == col(MessageText.id))
                .where(Delivery.kind == "outcome")
            ).all()
        assert told == ["Vérifié, merci : Mais, Kita, 20/11 : 150 F est juste."] * 3
        assert town.ask("POST", f"checks/{check['id']}/close", key, {"outcome": "right"})[0] == 409
