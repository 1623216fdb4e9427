"""What staff should look at, with what was seen: `method.md` 2.9."""

from datetime import datetime, timedelta

from service.prices.signs import (
    Entry,
    Flag,
    is_before_dawn,
    is_off_day,
    is_stuck,
    rounded,
    signs,
    twins,
)
from tests.prices.goods import FAIR

MORNING = datetime(2026, 11, 20, 9, 0)  # noqa: DTZ001 - local time of the market
FRIDAYS = frozenset({4})


def entry(
    reporter=1, product="ARA", value=225, *, report=1, on=FAIR, at=MORNING, amount=None, **facts
):
    said = value if amount is None else amount
    return Entry(
        report, reporter, product, facts.pop("market", "KITA"), on, at, said, value, **facts
    )


def test_a_value_stuck_for_four_fairs_while_peers_moved():
    assert is_stuck([225] * 4, [200, 205, 210, 215])
    assert not is_stuck([225] * 4, [200, 205, 210, 214])  # exactly 7 %
    assert not is_stuck([225] * 3, [200, 205, 215])
    assert not is_stuck([230, 225, 225, 225], [200, 205, 210, 300])
    assert is_stuck([230, 225, 225, 225, 225], [900, 200, 205, 210, 215])
    assert not is_stuck([225] * 4, [200, 300])


def test_amounts_that_all_end_in_000():
    whole = [entry(value=each * 1000) for each in (15, 20, 22, 40)]
    assert rounded(whole) == whole
    assert rounded(whole[:3]) == []
    assert rounded([*whole, entry(value=22_500)]) == []


def test_animals_are_priced_in_thousands_anyway():
    herd = [entry(product="MOU", value=each * 1000, by_head=True) for each in (70, 75, 80, 85)]
    assert rounded(herd) == []
    sacks = [entry(value=each * 1000) for each in (15, 20, 22, 40)]
    assert rounded([*herd, *sacks]) == sacks


def test_a_report_before_dawn_of_its_own_fair():
    assert is_before_dawn(entry(at=MORNING.replace(hour=5, minute=59)))
    assert not is_before_dawn(entry(at=MORNING.replace(hour=6, minute=0)))
    next_night = entry(at=MORNING.replace(hour=2) + timedelta(days=1))
    assert not is_before_dawn(next_night)


def test_a_report_for_a_day_without_a_fair():
    assert is_off_day(entry(on=FAIR + timedelta(days=1)), FRIDAYS)
    assert not is_off_day(entry(), FRIDAYS)
    assert not is_off_day(entry(on=FAIR + timedelta(days=1)), frozenset())


def basket(reporter, *, count=4, at=MORNING, shift=0, **facts):
    codes = ("ARA", "MAI", "MIL", "SOR", "NIE")[:count]
    return [
        entry(reporter, code, 200 + step + shift, report=10 * reporter + step, at=at, **facts)
        for step, code in enumerate(codes)
    ]


def test_two_reporters_with_one_hand():
    assert twins([*basket(2), *basket(1, at=MORNING + timedelta(minutes=10))])[0].on == FAIR
    (twin,) = twins([*basket(2), *basket(1)])
    assert (twin.one, twin.other, twin.market) == (1, 2, "KITA")
    assert twin.reports == (10, 11, 12, 13, 20, 21, 22, 23)


def test_three_shared_products_are_chance():
    assert twins([*basket(1, count=3), *basket(2, count=3)]) == ()


def test_reporters_far_apart_in_time_value_day_or_market_are_no_twins():
    one = basket(1)
    assert twins([*one, *basket(2, at=MORNING + timedelta(minutes=11))]) == ()
    assert twins([*one, *basket(2, shift=5)]) == ()
    assert twins([*one, *basket(2, market="KAYES")]) == ()
    assert twins([*one, *basket(2, on=FAIR - timedelta(days=7))]) == ()


def test_a_reporter_is_no_twin_of_himself():
    assert twins([*basket(1), *basket(1)]) == ()


def test_the_same_price_in_another_measure_is_not_the_same_price():
    assert twins([*basket(1, basis="kg"), *basket(2, basis="SAC")]) == ()


def stuck(value=4_000, peers=(200, 210, 220, 230), **facts):
    days = [FAIR - timedelta(weeks=back) for back in (3, 2, 1, 0)]
    return [
        entry(value=value, report=at, on=day, peers=theirs, **facts)
        for at, (day, theirs) in enumerate(zip(days, peers, strict=True), 1)
    ]


def test_all_flags_at_once_with_their_evidence():
    mine = stuck(at=MORNING.replace(hour=4))
    pairs = twins([*basket(1), *basket(2)])
    found = {each.flag: each for each in signs(mine, frozenset({0}), pairs)}
    assert found.keys() == set(Flag)
    price = found[Flag.STUCK]
    assert (price.product, price.value, price.peers) == ("ARA", 4_000, (200, 230))
    assert price.reports == (1, 2, 3, 4)
    assert price.days[0] == FAIR - timedelta(weeks=3)
    assert (found[Flag.TWIN].other, found[Flag.TWIN].days) == (2, (FAIR,))
    assert len(found[Flag.TWIN].reports) == 8
    assert found[Flag.NO_FAIR].days == price.days
    assert found[Flag.BEFORE_DAWN].reports == (4,)


def test_the_twin_of_somebody_else_is_not_mine():
    assert signs([entry(3)], FRIDAYS, twins([*basket(1), *basket(2)])) == ()
    (mine,) = signs([entry(2)], FRIDAYS, twins([*basket(1), *basket(2)]))
    assert mine.other == 1


def test_a_price_nobody_else_reported_cannot_be_stuck():
    alone = stuck(225, (None, None, None, None))
    assert signs(alone, FRIDAYS) == ()


def test_a_price_in_two_measures_is_followed_in_each():
    mixed = [*stuck(225)[:2], *stuck(225, basis="SAC")[2:]]
    assert signs(mixed, FRIDAYS) == ()


def test_honest_work_raises_nothing():
    days = [FAIR - timedelta(weeks=back) for back in (3, 2, 1, 0)]
    fine = [
        entry(value=value, on=day, peers=value)
        for value, day in zip((225, 230, 225, 235), days, strict=True)
    ]
    assert signs(fine, FRIDAYS) == ()
    assert signs([], FRIDAYS) == ()
