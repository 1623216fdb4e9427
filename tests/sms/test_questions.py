"""Ask-back: one open question a reporter, two hours to answer it, and what answers teach."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people import store
from service.phone import Phone
from service.prices.reception import Claim, Heard
from service.prices.store import bump
from service.prices.tables import ProductRow, ReportRow
from service.sms import entry
from tests.sms.talk import (
    AWA,
    FANTA,
    MOUSSA,
    habits,
    open_talk,
    price,
    questions,
    reports,
    say,
    sent,
)
from tests.town import Town


@pytest.fixture
def town(engine: Engine, database_url: str):
    with open_talk(engine, database_url) as town:
        yield town


def states(town: Town) -> list[str]:
    return [each.state for each in questions(town)]


def statuses(town: Town) -> list[str]:
    return [each.status for each in reports(town)]


# one at a time


def test_two_doubts_of_one_message_are_asked_one_after_the_other(town: Town):
    first = say(town, AWA, "MAI 30 ARA 45")
    assert first.startswith(("Maïs Kita 30 F ?", "Mais Kita 30 F ?"))
    assert states(town) == ["open", "queued"]
    second = say(town, AWA, "2")
    assert second.startswith("Arachide coque Kita 45 F ?")
    assert states(town) == ["answered", "open"]
    assert (price(town, "MAI"), price(town, "ARA")) == (150, None)
    assert say(town, AWA, "2").startswith("Noté Kita ven 20/11: Arachide coque 225 F/kg")
    assert (price(town, "MAI"), price(town, "ARA")) == (150, 225)


def test_a_doubt_of_a_later_message_waits_behind_the_open_question(town: Town):
    say(town, AWA, "MAI 30")
    again = say(town, AWA, "ARA 45")
    assert "30 F ?" in again, "the question to answer first is the open one"
    assert states(town) == ["open", "queued"]
    assert "45 F ?" in say(town, AWA, "2")


def test_each_reporter_has_a_question_of_their_own(town: Town):
    say(town, AWA, "MAI 30")
    say(town, MOUSSA, "MAI 35")
    assert states(town) == ["open", "open"]
    say(town, MOUSSA, "2")
    assert states(town) == ["open", "answered"]
    assert price(town, "MAI") == 175


def test_a_digit_that_was_not_offered_asks_again(town: Town):
    asked = say(town, AWA, "MAI 30")
    assert say(town, AWA, "7") == asked
    assert states(town) == ["open"]


def test_a_new_price_instead_of_an_answer_takes_the_question_back(town: Town):
    say(town, AWA, "MAI 30")
    assert say(town, AWA, "MAI 150").startswith("Noté")
    assert states(town) == ["expired"]
    assert statuses(town) == ["superseded", "accepted"]
    assert "45 F ?" in say(town, AWA, "ARA 45"), "the next doubt is asked at once"


def test_what_waited_behind_a_question_that_was_taken_back_is_asked_by_the_clock(town: Town):
    say(town, AWA, "MAI 30 ARA 45")
    say(town, AWA, "MAI 150")
    town.work()
    assert states(town) == ["expired", "open"]
    kind, body = sent(town, AWA)[-1]
    assert kind == "question"
    assert "45 F ?" in body
    say(town, AWA, "2")
    assert price(town, "ARA") == 225


def test_undoing_takes_the_question_back_too(town: Town):
    say(town, AWA, "MAI 30")
    assert say(town, AWA, "ANNULER").startswith("Annulé")
    assert (states(town), statuses(town)) == (["expired"], ["cancelled"])
    assert say(town, AWA, "1").startswith("Aucune question")


# NON


def test_non_drops_a_price_that_is_none_of_the_readings(town: Town):
    say(town, MOUSSA, "MAI 150")
    assert "non, autre" in say(town, AWA, "MAI 400")
    assert say(town, AWA, "NON").startswith("Ce prix n'est pas gardé")
    assert (statuses(town), states(town)) == (["accepted", "cancelled"], ["answered"])


def test_non_without_a_question_undoes_the_last_message(town: Town):
    say(town, AWA, "MAI 150")
    assert say(town, AWA, "NON").startswith("Annulé : Mais 150") or statuses(town) == ["cancelled"]
    assert price(town, "MAI") is None


def test_non_where_every_choice_is_a_price_takes_the_price_back(town: Town):
    say(town, AWA, "MAI 30")
    assert say(town, AWA, "NON").startswith("Annulé")
    assert (statuses(town), price(town, "MAI")) == (["cancelled"], None)


# two hours


def test_an_answer_within_two_hours_counts(town: Town):
    say(town, AWA, "MAI 30")
    town.clock.pass_(hours=1, minutes=58)
    assert say(town, AWA, "2").startswith("Noté")


def test_an_answer_after_two_hours_finds_no_question_and_the_price_is_held(town: Town):
    """Whether or not the clock of the worker has come by in between."""
    say(town, AWA, "MAI 30")
    town.clock.pass_(hours=2)
    assert say(town, AWA, "2").startswith("Aucune question")
    assert (statuses(town), states(town)) == (["held"], ["expired"])


def test_another_reporter_within_a_seventh_vouches_for_what_nobody_answered(town: Town):
    say(town, FANTA, "MAI 150")
    say(town, AWA, "MAI 400")
    reports_before = statuses(town)
    say(town, MOUSSA, "MAI 350")
    say(town, MOUSSA, "2" if "2=350" in sent(town, MOUSSA)[-1][1] else "1")
    assert reports_before == ["accepted", "asked"]
    town.clock.pass_(hours=2)
    town.work()
    assert statuses(town) == ["accepted", "corroborated", "confirmed"]
    assert [each.reason for each in reports(town)][1] == "vouched"


def test_without_another_reporter_near_it_an_unanswered_price_is_held(town: Town):
    say(town, FANTA, "MAI 150")
    say(town, AWA, "MAI 400")
    town.clock.pass_(hours=2)
    town.work()
    assert statuses(town) == ["accepted", "held"]
    assert price(town, "MAI") == 150


def test_two_who_both_count_in_dorome_do_not_vouch_for_each_other(town: Town):
    say(town, AWA, "MAI 30")
    say(town, MOUSSA, "MAI 30")
    town.clock.pass_(hours=2)
    town.work()
    assert statuses(town) == ["held", "held"]
    assert price(town, "MAI") is None


def test_the_clock_asks_what_waited_behind_an_unanswered_question(town: Town):
    say(town, AWA, "MAI 30 ARA 45")
    town.clock.pass_(hours=2)
    town.work()
    assert states(town) == ["expired", "open"]
    assert sent(town, AWA)[-1][0] == "question"
    town.clock.pass_(hours=2)
    town.work()
    assert states(town) == ["expired", "expired"]
    assert statuses(town) == ["held", "held"]


def test_what_waited_is_asked_in_the_morning_not_at_night(engine: Engine, database_url: str):
    evening = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    with open_talk(engine, database_url, evening, quiet_hours="20:00-06:30") as town:
        say(town, AWA, "MAI 30 ARA 45")
        town.clock.pass_(hours=2)
        town.work()
        assert states(town) == ["expired", "queued"]
        town.clock.at = datetime(2026, 11, 21, 6, 31, tzinfo=UTC)
        town.work()
        assert states(town) == ["expired", "open"]


def test_a_product_switched_off_does_not_keep_the_other_questions_from_being_closed(town: Town):
    say(town, AWA, "MAI 30")
    say(town, MOUSSA, "ARA 45")
    say(town, FANTA, "ARA 45 MAI 30")
    with writing(town.engine) as session:
        session.get_one(ProductRow, "MAI").active = False
        bump(session, catalog=True)
    town.clock.pass_(hours=2)
    town.work()
    assert statuses(town) == ["held"] * 4
    assert states(town) == ["expired"] * 4


# habits


def test_two_answers_dorome_make_a_habit_and_a_marker_still_wins(town: Town):
    say(town, AWA, "MAI 30")
    say(town, AWA, "2")
    assert habits(town, AWA) == {}
    say(town, AWA, "ARA 45")
    say(town, AWA, "2")
    assert habits(town, AWA) == {"money": "dorome"}
    assert "150 F" in say(town, AWA, "KITA SOR 40") or price(town, "SOR") == 200
    assert price(town, "SOR") == 200
    assert say(town, AWA, "MIL 250F").startswith("Noté Kita ven 20/11: Mil 250 F/kg")


def test_an_answer_francs_and_an_answer_dorome_make_no_habit(town: Town):
    say(town, AWA, "MAI 100")  # 500 fits as well
    assert questions(town)[-1].kind == "money"
    say(town, AWA, "1")
    say(town, AWA, "SOR 100")
    say(town, AWA, "2")
    assert habits(town, AWA).get("money") != "dorome"


def test_a_habit_that_is_no_longer_true_is_given_up_after_two_answers(town: Town):
    with writing(town.engine) as session:
        store.enrol_reporter(
            session, town.vault, Phone(AWA), town.clock(), habits={"money": "dorome"}
        )
    for product, amount in (("MAI", 225), ("SOR", 250)):
        asked = say(town, AWA, f"{product} {amount}")
        assert f"1={amount} F" in asked, asked
        say(town, AWA, "1")
    assert habits(town, AWA)["money"] == "franc"
    assert say(town, AWA, "MIL 300").startswith("Noté Kita ven 20/11: Mil 300 F/kg")


def test_two_answers_the_sack_make_the_sack_the_unit_of_this_product_only(town: Town):
    for day in (20, 27):
        town.clock.at = datetime(2026, 11, day, 10, tzinfo=UTC)
        asked = say(town, AWA, "MAI 15000")
        assert asked.split("1=")[1].startswith("15 000 F/sac"), asked
        say(town, AWA, "1")
    assert habits(town, AWA) == {"units": {"MAI": "SAC"}}
    town.clock.at = datetime(2026, 12, 4, 10, tzinfo=UTC)
    assert "/sac" in say(town, AWA, "MAI 15500")
    assert say(town, AWA, "SOR 150").startswith("Noté Kita ven 04/12: Sorgho 150 F/kg")


# other markets of a reporter


def test_a_price_that_fits_the_reporters_other_market_is_asked_for_it(town: Town):
    with writing(town.engine) as session:
        store.enrol_reporter(
            session, town.vault, Phone(AWA), town.clock(), habits={"markets": ["KAYES"]}
        )
        for reporter, market, amount in ((2, "KITA", 150), (3, "KAYES", 300)):
            session.add(_report(reporter, market, amount, town))
    with writing(town.engine) as session:
        from service.prices.catalog import Stage
        from service.prices.store import Window, publish

        windows = [
            Window("MAI", each, Stage.PRODUCER, "kg", town.clock().date())
            for each in ("KITA", "KAYES")
        ]
        publish(session, town.state.book().catalog, windows, town.clock())
    town.state.refresh()
    asked = say(town, AWA, "MAI 300")
    assert "1=Kayes" in asked, asked
    assert say(town, AWA, "1").startswith("Noté Kayes")
    kept = reports(town)
    assert [(each.market, each.status) for each in kept[-2:]] == [
        ("KITA", "superseded"),
        ("KAYES", "confirmed"),
    ]


def _report(reporter: int, market: str, amount: int, town: Town) -> ReportRow:
    return ReportRow(
        received_at=town.clock(),
        observed_on=town.clock().date(),
        product="MAI",
        market=market,
        unit="KG",
        amount=amount,
        said=amount,
        value=float(amount),
        basis="kg",
        basis_value=float(amount),
        status="accepted",
        reporter_id=reporter,
    )


# the same by USSD


def test_a_doubt_about_a_price_by_ussd_is_asked_by_sms(town: Town):
    say(town, MOUSSA, "MAI 150")
    with writing(town.engine) as session:
        contact = store.contact_for(session, town.vault, Phone(AWA), town.clock())
        claim: Claim = entry.francs("MAI", "KITA", "KG", 1, 400)
        heard = entry.submit(
            session,
            town.state.book(),
            town.state.limits,
            store.key(contact.id),
            claim,
            town.clock(),
        )
    assert isinstance(heard, Heard)
    assert heard.report.status == "asked"
    kind, body = sent(town, AWA)[-1]
    assert (kind, body.startswith("Mais Kita 400 F ?")) == ("question", True)
    assert say(town, AWA, "NON").startswith("Ce prix n'est pas gardé")


def test_only_reporters_send_prices_by_ussd(town: Town):
    with writing(town.engine) as session:
        contact = store.contact_for(session, town.vault, Phone("+22366000001"), town.clock())
        claim = entry.francs("MAI", "KITA", "KG", 1, 150)
        mine = store.key(contact.id)
        found = entry.submit(
            session, town.state.book(), town.state.limits, mine, claim, town.clock()
        )
        assert found is None
        assert session.exec(select(ReportRow.id)).all() == []
