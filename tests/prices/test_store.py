"""From reports to published quotes: late, corrected, rejected, undone, made again."""

import json
import threading

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.db import reading, writing
from service.prices import amends
from service.prices.reception import Origin, hear
from service.prices.report import Claim, Money, Status
from service.prices.store import current, publish, replay, workings
from service.prices.tables import BookVersion, ProductRow, ReportRow
from tests.prices.fair import AFTER, BEFORE, FRIDAY, Fair, furnish, instant, open_fair


@pytest.fixture
def fair(engine: Engine):
    with open_fair(engine) as fair:
        yield fair


def test_reports_of_one_fair_become_its_median_with_low_high_and_grade(fair: Fair):
    for name, amount in (("awa", 220), ("moussa", 225), ("fanta", 240)):
        fair.say(name, amount)
    row = fair.quote()
    assert (row.value, row.low, row.high, row.reporters, row.grade) == (225, 220, 240, 3, "A")
    assert row.reports == [1, 2, 3]


def test_a_late_report_changes_the_quote_of_its_own_fair(fair: Fair):
    fair.say("awa", 220)
    fair.say("awa", 230, on=AFTER)
    fair.say("moussa", 240, on=FRIDAY)
    row = fair.quote()
    assert (row.value, row.low, row.high, row.reporters) == (230, 220, 240, 2)


def test_a_late_report_changes_the_next_fair_that_borrowed_from_its_day(fair: Fair):
    fair.say("awa", 220)
    fair.say("moussa", 240, on=AFTER)
    before = fair.quote(AFTER)
    assert (before.reporters, sorted(before.reports)) == (2, [1, 2])
    fair.say("fanta", 230)
    after = fair.quote(AFTER)
    assert (after.reporters, sorted(after.reports)) == (3, [1, 2, 3])


def test_a_fair_with_three_reporters_of_its_own_borrows_from_nobody(fair: Fair):
    fair.say("issa", 200, on=BEFORE)
    for name in ("awa", "moussa", "fanta"):
        fair.say(name, 225)
    fair.say("awa", 205, on=BEFORE)
    assert fair.quote().reports == [2, 3, 4]
    assert fair.quote().version == 3  # one per report of its own day


def test_a_correction_takes_the_place_of_the_earlier_word_and_names_it(fair: Fair):
    first = fair.say("awa", 225).report
    second = fair.say("awa", 235).report
    assert (first.status, second.status, second.supersedes) == ("superseded", "accepted", first.id)
    assert fair.value() == 235
    assert fair.quote().reporters == 1


def test_a_rejected_report_leaves_the_quote_and_the_last_one_takes_it_along(fair: Fair):
    first, second = fair.say("awa", 220).report, fair.say("moussa", 240).report
    amends.set_status(
        fair.session, fair.book.catalog, [second], Status.REJECTED, "typo", instant(FRIDAY, 15)
    )
    assert fair.value() == 220
    moved = amends.set_status(
        fair.session, fair.book.catalog, [first], Status.REJECTED, "typo", instant(FRIDAY, 16)
    )
    assert fair.quote() is None
    assert [(each.old, each.new) for each in moved] == [(220, None)]


def test_a_rejection_also_leaves_the_next_fair_that_borrowed_it(fair: Fair):
    lent = fair.say("awa", 220).report
    fair.say("moussa", 240, on=AFTER)
    amends.set_status(
        fair.session, fair.book.catalog, [lent], Status.REJECTED, "typo", instant(AFTER, 15)
    )
    assert (fair.value(AFTER), fair.quote(AFTER).reporters) == (240, 1)


def test_an_undone_correction_gives_the_earlier_word_its_place_back(fair: Fair):
    first = fair.say("awa", 225).report
    second = fair.say("awa", 235).report
    amends.undo(fair.session, fair.book.catalog, [second], instant(FRIDAY, 15))
    assert (first.status, second.status) == ("accepted", "cancelled")
    assert fair.value() == 225


def test_what_nobody_could_check_counts_again_when_its_correction_is_undone(fair: Fair):
    """Sesame has neither prior nor band: accepted, unverified, grade D; and so it comes back."""
    first = fair.say("awa", 550, "SES").report
    second = fair.say("awa", 540, "SES").report
    assert not first.verified
    amends.undo(fair.session, fair.book.catalog, [second], instant(FRIDAY, 15))
    assert first.status == "accepted"
    assert (fair.value(product="SES"), fair.quote(product="SES").grade) == (550, "D")


def test_an_undone_report_never_brings_back_a_price_that_was_only_asked_about(fair: Fair):
    fair.say("awa", 225, on=BEFORE)
    asked = fair.say("awa", 2250).report
    meant = fair.say("awa", 225).report
    assert (asked.status, meant.supersedes) == ("superseded", asked.id)
    amends.undo(fair.session, fair.book.catalog, [meant], instant(FRIDAY, 15))
    assert asked.status != "accepted"
    assert fair.quote() is None


def test_an_undone_rereading_never_publishes_the_first_reading(fair: Fair):
    asked = fair.say("awa", 45, money=Money.BARE)
    assert asked.question
    said = Claim("ARA", 225, 45, Money.DOROME, "KITA", "KG", on=FRIDAY)
    origin = Origin(instant(FRIDAY, 14), FRIDAY)
    meant = hear(fair.session, fair.book, fair.teller("awa"), said, origin, answered=True)
    amends.replace_by(
        fair.session, fair.book.catalog, asked.report, meant.report, instant(FRIDAY, 14)
    )
    assert fair.value() == 225
    amends.undo(fair.session, fair.book.catalog, [meant.report], instant(FRIDAY, 15))
    assert fair.statuses() == ["superseded", "cancelled"]
    assert fair.quote() is None


def test_an_undone_confirmation_gives_back_what_it_had_replaced(fair: Fair):
    first = fair.say("awa", 225).report
    asked = fair.say("awa", 400).report
    assert (asked.status, fair.value()) == ("asked", 225)
    amends.confirm(fair.session, fair.book.catalog, asked, Status.CONFIRMED, instant(FRIDAY, 14))
    assert (first.status, asked.supersedes, fair.value()) == ("superseded", first.id, 400)
    amends.undo(fair.session, fair.book.catalog, [asked], instant(FRIDAY, 15))
    assert (first.status, fair.value()) == ("accepted", 225)


def test_a_changed_quote_moves_the_book_and_an_unchanged_one_does_not(fair: Fair):
    fair.say("awa", 225)
    version = fair.session.get_one(BookVersion, 1).version
    publish(fair.session, fair.book.catalog, [fair.window()], instant(FRIDAY, 15))
    fair.session.expire_all()
    assert fair.session.get_one(BookVersion, 1).version == version
    fair.say("moussa", 235)
    fair.session.expire_all()
    assert fair.session.get_one(BookVersion, 1).version == version + 1


def test_making_the_quotes_again_gives_the_same_bytes(fair: Fair):
    for name, amount in (("awa", 220), ("moussa", 225), ("fanta", 240), ("issa", 300)):
        fair.say(name, amount)
    fair.say("awa", 230, on=AFTER)
    fair.say("awa", 235, on=AFTER)
    catalog = fair.book.catalog
    first = json.dumps(list(replay(fair.session, catalog, FRIDAY, AFTER)), default=str)
    fair.session.expire_all()
    again = json.dumps(list(replay(fair.session, catalog, FRIDAY, AFTER)), default=str)
    assert first == again
    assert [each["same"] for each in json.loads(first)] == [True, True]


def test_a_quote_that_somebody_changed_by_hand_is_found_out_by_replay(fair: Fair):
    fair.say("awa", 220)
    row = fair.quote()
    row.value, row.high = 500, 500
    fair.session.flush()
    found = list(replay(fair.session, fair.book.catalog, FRIDAY, FRIDAY))
    assert [each["same"] for each in found] == [False]


def test_the_workings_name_what_counts_with_its_weight_and_what_was_dropped(fair: Fair):
    for name, amount in (("awa", 220), ("moussa", 225), ("fanta", 235)):
        fair.say(name, amount)
    stray = fair.say("issa", 225).report
    stray.basis_value = stray.value = 400.0
    fair.session.flush()
    publish(fair.session, fair.book.catalog, [fair.window()], instant(FRIDAY, 15))
    found = workings(fair.session, fair.book.catalog, fair.window())
    assert [each.vote.report for each in found.shares] == [1, 2, 3]
    assert sum(each.share for each in found.shares) == pytest.approx(1)
    assert [(each.vote.report, each.reason) for each in found.dropped] == [(stray.id, "stray")]


def test_the_newest_quote_up_to_a_day_is_the_current_one(fair: Fair):
    fair.say("awa", 220)
    fair.say("awa", 230, on=AFTER)
    assert current(fair.session, "ARA", "KITA").value == 230
    assert current(fair.session, "ARA", "KITA", FRIDAY).value == 220
    assert current(fair.session, "ARA", "KITA", BEFORE) is None


def test_the_current_quote_is_one_of_the_products_own_quantity(fair: Fair):
    fair.say("awa", 220)
    fair.say("moussa", 5000, unit="BASKET")
    assert current(fair.session, "ARA", "KITA").value == 220


def test_a_product_that_was_switched_off_does_not_stop_the_others(fair: Fair):
    fair.say("awa", 220)
    gone = fair.say("awa", 150, "MAI").report
    fair.session.get_one(ProductRow, "MAI").active = False
    fair.session.flush()
    kept = fair.session.get_one(ReportRow, 1)
    amends.set_status(
        fair.session, fair.book.catalog, [kept, gone], Status.REJECTED, "typo", instant(FRIDAY, 15)
    )
    assert fair.quote() is None
    assert [
        each["product"] for each in replay(fair.session, fair.book.catalog, FRIDAY, FRIDAY)
    ] == []


def test_two_reports_at_the_same_moment_are_both_in_the_quote(engine: Engine):
    furnish(engine)
    with writing(engine) as session:
        Fair(session).say("issa", 220, on=BEFORE)
    together(engine, "awa", 220, "moussa", 240)
    with reading(engine) as session:
        row = Fair(session).quote()
        assert (row.low, row.high, row.reporters) == (220, 240, 3)


def together(engine: Engine, one: str, first: int, other: str, second: int) -> None:
    """Two transactions on one window: the second starts while the first is not committed."""
    said, failures = threading.Event(), []

    def late() -> None:
        said.wait(10)
        try:
            with writing(engine) as session:
                Fair(session).say(other, second)
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=late)
    thread.start()
    with writing(engine) as session:
        Fair(session).say(one, first)
        said.set()
        thread.join(0.3)  # long enough for the other to reach the window
    thread.join(20)
    assert not failures, failures
    with reading(engine) as session:
        assert len(session.exec(select(ReportRow.id)).all()) == 3
