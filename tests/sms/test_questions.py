"""Ask-back: one open question a reporter, two hours to answer it, and what answers teach."""

from datetime import UTC, datetime, time

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import writing
from service.people import store
from service.phone import Phone
from service.prices.reception import Claim, Heard
from service.prices.store import bump
from service.prices.tables import ProductRow, ReportRow
from service.settings import QuietHours
from service.sms.intake import entry
from tests.sms.talk import AWA, FANTA, MOUSSA, Talk, open_talk


@pytest.fixture
def talk(kita: Engine):
    with open_talk(kita) as talk:
        yield talk


def states(talk: Talk) -> list[str]:
    return [each.state for each in talk.questions]


# one at a time


def test_two_doubts_of_one_message_are_asked_one_after_the_other(talk: Talk):
    first = talk.say(AWA, "MAI 30 ARA 45")
    assert first.startswith(("Maïs Kita 30 F ?", "Mais Kita 30 F ?"))
    assert states(talk) == ["open", "queued"]
    second = talk.say(AWA, "2")
    assert second.startswith("Arachide coque Kita 45 F ?")
    assert states(talk) == ["answered", "open"]
    assert (talk.price("MAI"), talk.price("ARA")) == (150, None)
    assert talk.say(AWA, "2").startswith("Noté Kita ven 20/11: Arachide coque 225 F/kg")
    assert (talk.price("MAI"), talk.price("ARA")) == (150, 225)


def test_a_doubt_of_a_later_message_waits_behind_the_open_question(talk: Talk):
    talk.say(AWA, "MAI 30")
    again = talk.say(AWA, "ARA 45")
    assert "30 F ?" in again, "the question to answer first is the open one"
    assert states(talk) == ["open", "queued"]
    assert "45 F ?" in talk.say(AWA, "2")


def test_each_reporter_has_a_question_of_their_own(talk: Talk):
    talk.say(AWA, "MAI 30")
    talk.say(MOUSSA, "MAI 35")
    assert states(talk) == ["open", "open"]
    talk.say(MOUSSA, "2")
    assert states(talk) == ["open", "answered"]
    assert talk.price("MAI") == 175


def test_a_digit_that_was_not_offered_asks_again(talk: Talk):
    asked = talk.say(AWA, "MAI 30")
    assert talk.say(AWA, "7") == asked
    assert states(talk) == ["open"]


def test_a_new_price_instead_of_an_answer_takes_the_question_back(talk: Talk):
    talk.say(AWA, "MAI 30")
    assert talk.say(AWA, "MAI 150").startswith("Noté")
    assert states(talk) == ["expired"]
    assert talk.statuses == ["superseded", "accepted"]
    assert "45 F ?" in talk.say(AWA, "ARA 45"), "the next doubt is asked at once"


def test_what_waited_behind_a_question_that_was_taken_back_is_asked_by_the_clock(talk: Talk):
    talk.say(AWA, "MAI 30 ARA 45")
    talk.say(AWA, "MAI 150")
    talk.work()
    assert states(talk) == ["expired", "open"]
    kind, body = talk.sent(AWA)[-1]
    assert kind == "question"
    assert "45 F ?" in body
    talk.say(AWA, "2")
    assert talk.price("ARA") == 225


def test_undoing_takes_the_question_back_too(talk: Talk):
    talk.say(AWA, "MAI 30")
    assert talk.say(AWA, "ANNULER").startswith("Annulé")
    assert (states(talk), talk.statuses) == (["expired"], ["cancelled"])
    assert talk.say(AWA, "1").startswith("Aucune question")


# NON


def test_non_drops_a_price_that_is_none_of_the_readings(talk: Talk):
    talk.say(MOUSSA, "MAI 150")
    assert "non, autre" in talk.say(AWA, "MAI 400")
    assert talk.say(AWA, "NON").startswith("Ce prix n'est pas gardé")
    assert (talk.statuses, states(talk)) == (["accepted", "cancelled"], ["answered"])


def test_non_without_a_question_undoes_the_last_message(talk: Talk):
    talk.say(AWA, "MAI 150")
    assert talk.say(AWA, "NON") == "Annulé : Mais 150 F/kg. Renvoyez le bon prix."
    assert (talk.statuses, talk.price("MAI")) == (["cancelled"], None)


def test_non_where_every_choice_is_a_price_takes_the_price_back(talk: Talk):
    talk.say(AWA, "MAI 30")
    assert talk.say(AWA, "NON").startswith("Annulé")
    assert (talk.statuses, talk.price("MAI")) == (["cancelled"], None)


# two hours


def test_an_answer_within_two_hours_counts(talk: Talk):
    talk.say(AWA, "MAI 30")
    talk.wait(hours=1, minutes=58)
    assert talk.say(AWA, "2").startswith("Noté")


def test_an_answer_after_two_hours_finds_no_question_and_the_price_is_held(talk: Talk):
    """Whether or not the clock of the worker has come by in between."""
    talk.say(AWA, "MAI 30")
    talk.wait(hours=2)
    assert talk.say(AWA, "2").startswith("Aucune question")
    assert (talk.statuses, states(talk)) == (["held"], ["expired"])


def test_another_reporter_within_a_seventh_vouches_for_what_nobody_answered(talk: Talk):
    talk.say(FANTA, "MAI 150")
    talk.say(AWA, "MAI 400")
    reports_before = talk.statuses
    talk.say(MOUSSA, "MAI 350")
    talk.say(MOUSSA, "1")
    assert reports_before == ["accepted", "asked"]
    talk.wait(hours=2)
    talk.work()
    assert talk.statuses == ["accepted", "corroborated", "confirmed"]
    assert [each.reason for each in talk.reports][1] == "vouched"


def test_without_another_reporter_near_it_an_unanswered_price_is_held(talk: Talk):
    talk.say(FANTA, "MAI 150")
    talk.say(AWA, "MAI 400")
    talk.wait(hours=2)
    talk.work()
    assert talk.statuses == ["accepted", "held"]
    assert talk.price("MAI") == 150


def test_two_who_say_the_same_jump_and_do_not_answer_wait_for_staff(talk: Talk):
    """Two numbers are forged as easily as one: a jump takes an answer, or somebody who counts."""
    talk.say(FANTA, "MAI 150 F")
    talk.wait(days=7)
    talk.say(AWA, "MAI 265 F")
    talk.wait(minutes=30)
    talk.say(MOUSSA, "MAI 260 F")
    assert [each.reason for each in talk.reports][1:] == ["outlier", "outlier"]
    talk.wait(hours=2)
    talk.work()
    assert talk.statuses == ["accepted", "held", "held"]


def test_the_first_of_two_who_agree_does_not_count_before_the_other_had_time_to_answer(
    talk: Talk,
):
    talk.say(FANTA, "MAI 150 F")
    talk.wait(days=7)
    talk.say(AWA, "MAI 265 F")
    talk.wait(hours=1)
    talk.say(MOUSSA, "MAI 260 F")
    talk.wait(hours=1, minutes=1)
    talk.work()
    assert talk.statuses == ["accepted", "held", "asked"]


def test_a_held_price_counts_once_a_colleague_confirms_it_later_that_day(talk: Talk):
    talk.say(FANTA, "MAI 150 F")
    talk.say(AWA, "MAI 265 F")
    talk.wait(hours=3)
    talk.work()
    assert talk.statuses == ["accepted", "held"]
    talk.say(MOUSSA, "MAI 260 F")
    talk.say(MOUSSA, "1")
    talk.work()
    assert talk.statuses == ["accepted", "corroborated", "confirmed"]


def test_what_staff_have_refused_or_the_reporter_confirmed_too_far_is_not_looked_at_again(
    talk: Talk,
):
    talk.say(FANTA, "MAI 150 F")
    talk.say(AWA, "MAI 265 F")
    talk.wait(hours=3)
    talk.work()
    with writing(talk.engine) as session:
        row = session.get_one(ReportRow, 2)
        row.status, row.reason = "rejected", "suspicious"
    talk.say(MOUSSA, "MAI 260 F")
    talk.say(MOUSSA, "1")
    talk.work()
    assert talk.statuses == ["accepted", "rejected", "confirmed"]


def test_two_who_both_count_in_dorome_do_not_vouch_for_each_other(talk: Talk):
    talk.say(AWA, "MAI 30")
    talk.say(MOUSSA, "MAI 30")
    talk.wait(hours=2)
    talk.work()
    assert talk.statuses == ["held", "held"]
    assert talk.price("MAI") is None


def test_the_clock_asks_what_waited_behind_an_unanswered_question(talk: Talk):
    talk.say(AWA, "MAI 30 ARA 45")
    talk.wait(hours=2)
    talk.work()
    assert states(talk) == ["expired", "open"]
    assert talk.sent(AWA)[-1][0] == "question"
    talk.wait(hours=2)
    talk.work()
    assert states(talk) == ["expired", "expired"]
    assert talk.statuses == ["held", "held"]


def test_what_waited_is_asked_in_the_morning_not_at_night(kita: Engine):
    evening = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    with open_talk(kita, evening, quiet=QuietHours(time(20), time(6, 30))) as talk:
        talk.say(AWA, "MAI 30 ARA 45")
        talk.wait(hours=2)
        talk.work()
        assert states(talk) == ["expired", "queued"]
        talk.at = datetime(2026, 11, 21, 6, 31, tzinfo=UTC)
        talk.work()
        assert states(talk) == ["expired", "open"]


def test_a_product_switched_off_does_not_keep_the_other_questions_from_being_closed(talk: Talk):
    talk.say(AWA, "MAI 30")
    talk.say(MOUSSA, "ARA 45")
    talk.say(FANTA, "ARA 45 MAI 30")
    with writing(talk.engine) as session:
        session.get_one(ProductRow, "MAI").active = False
        bump(session, catalog=True)
    talk.wait(hours=2)
    talk.work()
    assert talk.statuses == ["held"] * 4
    assert states(talk) == ["expired"] * 4


# habits


def test_two_answers_dorome_make_a_habit_and_a_marker_still_wins(talk: Talk):
    talk.say(AWA, "MAI 30")
    talk.say(AWA, "2")
    assert talk.habits(AWA) == {}
    talk.say(AWA, "ARA 45")
    talk.say(AWA, "2")
    assert talk.habits(AWA) == {"money": "dorome"}
    assert "Sorgho 200 F/kg (dorome 40)" in talk.say(AWA, "SOR 40")
    assert talk.price("SOR") == 200
    assert talk.say(AWA, "MIL 250F").startswith("Noté Kita ven 20/11: Mil 250 F/kg")


def test_a_habit_of_dorome_is_confirmed_once(talk: Talk):
    talk.say(AWA, "MAI 30")
    talk.say(AWA, "2")
    talk.say(AWA, "ARA 45")
    told = talk.say(AWA, "2")
    assert told.startswith("Noté Kita ven 20/11: Arachide coque 225 F/kg (dorome 45)."), told
    assert told.endswith("Vos prix sans F : toujours en dorome ? 1=oui 2=non"), told
    assert "250F reste 250 francs" in talk.say(AWA, "1")
    assert talk.habits(AWA) == {"money": "dorome"}
    assert "Sorgho 200 F/kg (dorome 40)" in talk.say(AWA, "SOR 40")
    assert [each.kind for each in talk.questions].count("habit") == 1


@pytest.mark.parametrize("no", ["2", "NON", "ayi"])
def test_a_habit_of_dorome_that_is_denied_is_not_learnt_again(talk: Talk, no: str):
    for product in ("MAI", "ARA"):
        talk.say(AWA, f"{product} 45")
        talk.say(AWA, "2")
    assert "en francs" in talk.say(AWA, no)
    assert talk.habits(AWA) == {"money": "franc"}
    for product in ("SOR", "MIL"):
        assert "1=40 F/kg 2=dorome 40 (200 F)" in talk.say(AWA, f"{product} 40")
        talk.say(AWA, "2")
    assert talk.habits(AWA) == {"money": "franc"}
    assert [each.kind for each in talk.questions].count("habit") == 1


def test_the_question_about_a_habit_makes_way_for_one_about_a_price(talk: Talk):
    for product in ("MAI", "ARA"):
        talk.say(AWA, f"{product} 45")
        talk.say(AWA, "2")
    assert "ARA" not in (asked := talk.say(AWA, "NYO 200F")), asked
    assert asked.startswith("nyo ? 1=Mil 2=Sorgho"), asked
    assert talk.say(AWA, "1").startswith("Noté Kita ven 20/11: Mil 200 F/kg")
    assert talk.habits(AWA) == {"money": "dorome"}


def test_an_answer_francs_and_an_answer_dorome_make_no_habit(talk: Talk):
    talk.say(AWA, "MAI 66")
    assert "1=dorome 66 (330 F)" in talk.sent(AWA)[-1][1], talk.sent(AWA)
    talk.say(AWA, "2")
    talk.say(AWA, "SOR 45")
    talk.say(AWA, "2")
    assert talk.habits(AWA) == {}


def test_a_habit_that_is_no_longer_true_is_given_up_after_two_answers(talk: Talk):
    for product, amount in (("MAI", 225), ("SOR", 250)):
        talk.say(FANTA, f"{product} {amount}")
    talk.reporter(AWA, habits={"money": "dorome"})
    for product, amount in (("MAI", 225), ("SOR", 250)):
        asked = talk.say(AWA, f"{product} {amount}")
        assert f"1={amount} F" in asked, asked
        talk.say(AWA, "1")
    assert talk.habits(AWA)["money"] == "franc"
    assert talk.say(AWA, "MIL 300").startswith("Noté Kita ven 20/11: Mil 300 F/kg")


def test_two_answers_the_sack_make_the_sack_the_unit_of_this_product_only(talk: Talk):
    for day in (20, 27):
        talk.at = datetime(2026, 11, day, 10, tzinfo=UTC)
        asked = talk.say(AWA, "MAI 15000")
        assert asked.split("1=")[1].startswith("15 000 F/sac"), asked
        talk.say(AWA, "1")
    assert talk.habits(AWA) == {"units": {"MAI": "SAC100"}}
    talk.at = datetime(2026, 12, 4, 10, tzinfo=UTC)
    assert "15 500 F/sac de 100 (155 F/kg)" in talk.say(AWA, "MAI 15500")
    assert talk.say(AWA, "SOR 150").startswith("Noté Kita ven 04/12: Sorgho 150 F/kg")


# other markets of a reporter


def test_a_price_that_fits_the_reporters_other_market_is_asked_for_it(talk: Talk):
    with writing(talk.engine) as session:
        store.enrol_reporter(
            session, talk.vault, Phone(AWA), talk.at, habits={"markets": ["KAYES"]}
        )
        for reporter, market, amount in ((2, "KITA", 150), (3, "KAYES", 300)):
            session.add(_report(reporter, market, amount, talk))
    with writing(talk.engine) as session:
        from service.prices.catalog import Stage
        from service.prices.store import Window, publish

        windows = [
            Window("MAI", each, Stage.PRODUCER, "kg", talk.at.date()) for each in ("KITA", "KAYES")
        ]
        publish(session, talk.book.catalog, windows, talk.at)
    asked = talk.say(AWA, "MAI 300")
    assert "1=Kayes" in asked, asked
    assert talk.say(AWA, "1").startswith("Noté Kayes")
    kept = talk.reports
    assert [(each.market, each.status) for each in kept[-2:]] == [
        ("KITA", "superseded"),
        ("KAYES", "confirmed"),
    ]


def _report(reporter: int, market: str, amount: int, talk: Talk) -> ReportRow:
    return ReportRow(
        received_at=talk.at,
        observed_on=talk.at.date(),
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


def test_a_doubt_about_a_price_by_ussd_is_asked_by_sms(talk: Talk):
    talk.say(MOUSSA, "MAI 150")
    with writing(talk.engine) as session:
        contact = store.contact_for(session, talk.vault, Phone(AWA), talk.at)
        claim: Claim = entry.francs("MAI", "KITA", "KG", 1, 400)
        heard = entry.submit(
            session,
            talk.book,
            talk.limits,
            store.key(contact.id),
            claim,
            talk.at,
        )
    assert isinstance(heard, Heard)
    assert heard.report.status == "asked"
    kind, body = talk.sent(AWA)[-1]
    assert (kind, body.startswith("Mais Kita 400 F ?")) == ("question", True)
    assert talk.say(AWA, "NON").startswith("Ce prix n'est pas gardé")


def test_only_reporters_send_prices_by_ussd(talk: Talk):
    with writing(talk.engine) as session:
        contact = store.contact_for(session, talk.vault, Phone("+22366000001"), talk.at)
        claim = entry.francs("MAI", "KITA", "KG", 1, 150)
        mine = store.key(contact.id)
        found = entry.submit(session, talk.book, talk.limits, mine, claim, talk.at)
        assert found is None
        assert session.exec(select(ReportRow.id)).all() == []


# answers in words


def test_naming_the_choice_is_as_good_as_its_digit(talk: Talk):
    talk.say(AWA, "NYO 200F")
    assert talk.say(AWA, "sorgho").startswith("Noté Kita ven 20/11: Sorgho 200 F/kg")
    talk.say(AWA, "ARA 225-240 F")
    assert talk.say(AWA, "240").startswith("Noté Kita ven 20/11: Arachide coque 240 F/kg")
    talk.say(AWA, "MAI 150 KITA KAYES")
    assert talk.say(AWA, "kayes svp").startswith("Noté Kayes ven 20/11: Mais 150 F/kg")


def test_the_amount_meant_answers_a_question_about_a_zero(talk: Talk):
    talk.say(MOUSSA, "ARA 225")
    assert "1=230 F/kg 2=2 300 F/kg" in talk.say(AWA, "ARA 2300 KG")
    assert talk.say(AWA, "230 f").startswith("Noté Kita ven 20/11: Arachide coque 230 F/kg")


def test_words_that_name_none_of_the_choices_answer_nothing(talk: Talk):
    talk.say(AWA, "NYO 200F")
    assert "Riz" in talk.say(AWA, "riz")
    assert talk.say(AWA, "235").startswith("Pas compris")
    assert talk.questions[0].state == "open"


def test_without_a_question_a_lone_market_or_number_is_not_understood(talk: Talk):
    assert talk.say(AWA, "kita").startswith("Pas compris")
    assert talk.say(AWA, "225").startswith("Pas compris")


# one product, one question


def test_two_prices_of_one_product_are_settled_with_one_digit(talk: Talk):
    assert "1=225 F 2=250 F" in talk.say(AWA, "ARA 225 ARA 250")
    assert talk.say(AWA, "2").startswith("Noté Kita ven 20/11: Arachide coque 250 F/kg")
    assert states(talk) == ["answered"]
    assert talk.price("ARA") == 250


def test_a_price_sent_anew_is_asked_about_instead_of_the_old_words(talk: Talk):
    talk.say(AWA, "ARA 225-230")
    assert "2 250 F" in talk.say(AWA, "ARA 2250"), "the question is about what was said last"
    assert states(talk) == ["expired", "open"]


def test_a_price_sent_anew_ends_the_question_about_the_old_words(talk: Talk):
    talk.say(AWA, "ARA 225-230")
    assert talk.say(AWA, "ARA 225").startswith("Noté Kita ven 20/11: Arachide coque 225 F/kg")
    assert states(talk) == ["expired"]


def test_words_about_another_market_wait_for_their_answer(talk: Talk):
    talk.say(AWA, "ARA 225-230 DJIDIAN")
    talk.say(AWA, "ARA 225 KITA")
    assert states(talk) == ["open"]


def test_a_word_nobody_knows_is_named_once(talk: Talk):
    assert talk.say(AWA, "riz 500 xqz 560").startswith("Pas compris : xqz. ")


def test_a_count_of_kilos_is_told_by_the_kilo_too(talk: Talk):
    assert "Mais 1 750 F/10 kg (175 F/kg)." in talk.say(AWA, "10 kg mais 1750")


def test_idem_of_who_has_no_price_yet_is_understood(talk: Talk):
    assert talk.say(AWA, "IDEM") == "Pas de prix à répéter. Écrivez par exemple : ARA KITA 225"
