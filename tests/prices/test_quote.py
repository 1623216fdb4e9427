"""The published price, computed by hand: settled readings 2 to 8."""

import math
from dataclasses import asdict
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.prices.catalog import Stage
from service.prices.quote import (
    METHOD,
    Dropped,
    Quote,
    capped,
    compute,
    explain,
    grade,
    grade_on,
    tick_of,
    to_tick,
    weighted_median,
)
from tests.prices.goods import ARA, BEFORE, FAIR, MOU, OIG, POU, quote, vote, votes


def made(today, earlier=(), goods=ARA, unit="kg", day=FAIR, asof=None):
    return compute(goods, "KITA", Stage.PRODUCER, unit, today, earlier, day, asof or day)


def worked(today, earlier=(), goods=ARA, unit="kg"):
    return explain(goods, "KITA", Stage.PRODUCER, unit, today, earlier, FAIR, FAIR)


def days(count):
    return timedelta(days=count)


# The whole


def test_three_reporters_at_kita_make_a_quote_of_grade_a():
    assert made(votes(225, 230, 235)) == Quote(
        product="ARA",
        market="KITA",
        stage=Stage.PRODUCER,
        unit="kg",
        value=230,
        low=225,
        high=235,
        reporters=3,
        grade="A",
        fair_on=FAIR,
        method="sugu-1",
        n_eff=3.0,
        se_ln=round(1.2533 * 0.08 / math.sqrt(3), 6),
        reports=(1, 2, 3),
        stale_unit=False,
    )


def test_the_method_says_its_version():
    assert METHOD == "sugu-1"


def test_a_day_without_reports_publishes_nothing():
    assert made([], votes(225, on=BEFORE)) is None
    assert made(votes(225, on=BEFORE)) is None
    assert worked([]) is None


def test_a_report_of_another_day_is_not_of_this_fair():
    found = made([*votes(225), vote(9, 300, on=FAIR + days(1))])
    assert (found.value, found.reports) == (225, (1,))


# One vote: reading 2


def test_only_the_last_word_of_a_reporter_counts():
    found = worked([vote(5, 235, reporter=1), vote(1, 225, reporter=1), vote(2, 230, reporter=2)])
    assert found.quote.reports == (2, 5)
    assert found.quote.low == 230
    assert found.dropped == (Dropped(vote(1, 225, reporter=1), "replaced"),)


# Window: reading 3


def test_fewer_than_three_reporters_borrow_from_the_fair_before():
    found = made(votes(230, 240), votes(220, on=BEFORE, first=7))
    assert (found.reporters, found.reports) == (3, (1, 2, 7))
    assert (found.value, found.low, found.high) == (230, 220, 240)
    assert found.fair_on == FAIR


def test_three_reporters_borrow_nothing():
    found = worked(votes(225, 230, 235), votes(100, on=BEFORE, first=7))
    assert found.quote.reports == (1, 2, 3)
    assert found.dropped == ()


def test_a_reporter_already_heard_is_not_borrowed_from_again():
    before = [vote(7, 100, on=BEFORE, reporter=1), vote(8, 220, on=BEFORE, reporter=4)]
    found = worked(votes(230, 240), before)
    assert found.quote.reports == (1, 2, 8)
    assert found.dropped == (Dropped(before[0], "already_heard"),)


def test_only_the_newest_earlier_day_is_borrowed_from():
    older = [vote(5, 100, on=BEFORE - days(7)), vote(7, 220, on=BEFORE)]
    assert made(votes(230), older).reports == (1, 7)


def test_of_the_day_before_too_only_the_last_word_counts():
    before = [vote(7, 100, on=BEFORE, reporter=4), vote(8, 220, on=BEFORE, reporter=4)]
    found = worked(votes(230), before)
    assert found.quote.reports == (1, 8)
    assert [each.reason for each in found.dropped] == ["replaced"]


def test_earlier_votes_of_the_same_or_a_later_day_are_not_earlier():
    found = made(votes(230), [vote(8, 100), vote(9, 100, on=FAIR + days(7))])
    assert found.reports == (1,)


def test_a_day_too_old_to_be_shown_is_too_old_to_be_borrowed_from():
    at_limit, beyond = (
        votes(220, on=FAIR - days(28), first=7),
        votes(220, on=FAIR - days(29), first=7),
    )
    assert made(votes(230), at_limit).reports == (1, 7)
    found = worked(votes(230), beyond)
    assert found.quote.reports == (1,)
    assert found.dropped == (Dropped(beyond[0], "expired"),)
    assert made(votes(230), votes(220, on=FAIR - days(11), first=7), OIG).reports == (1,)


# Strays: reading 4


def test_a_stray_among_three_is_left_out():
    found = worked(votes(225, 230, 1150))
    assert found.quote.reports == (1, 2)
    assert found.quote.high == 230
    assert found.dropped == (Dropped(vote(3, 1150), "stray"),)


def test_two_reports_are_never_strays():
    assert made(votes(225, 1150)).reporters == 2


def test_borrowed_reports_take_no_part_in_the_rule_against_strays():
    assert made(votes(225, 230), votes(1150, on=BEFORE, first=7)).reporters == 3


def test_the_floor_of_the_deviation_spares_near_agreement():
    # ln(267/225) = 0.1711 and 0.1711 / 0.05 = 3.42: kept; ln(269/225) / 0.05 = 3.57: left out
    assert made(votes(225, 225, 225, 267)).reporters == 4
    assert made(votes(225, 225, 225, 269)).reporters == 3
    assert made(votes(225, 225, 225, 190)).reporters == 4
    assert made(votes(225, 225, 225, 188)).reporters == 3


def test_a_wide_market_has_a_wide_rule():
    # logs about ln 225: -0.1178, -0.0455, 0, 0.0426, 0.5108; MAD 0.0455, 0.5108/0.0674 = 7.6
    assert made(votes(200, 215, 225, 235, 375)).reporters == 4
    # MAD ln(225/200) = 0.1178, sigma 0.1746: 0.5108 / 0.1746 = 2.93 is kept
    assert made(votes(170, 200, 225, 255, 375)).reporters == 5


def test_of_three_that_disagree_only_the_farthest_may_go():
    assert [each.vote.report for each in worked(votes(22, 225, 230)).dropped] == [1]


# Weights: reading 5


def test_a_week_halves_a_grain_vote_three_days_a_vegetable_two_weeks_an_animal():
    for goods, unit, half in ((ARA, "kg", 7), (OIG, "kg", 3), (MOU, "head", 14)):
        before = votes(40_000, on=FAIR - days(half), first=7)
        found = worked(votes(40_000, 40_000), before, goods, unit)
        assert sorted(each.share for each in found.shares) == pytest.approx([0.2, 0.4, 0.4])


def test_a_trusted_reporter_weighs_more():
    today = [vote(1, 220, trust=0.5), vote(2, 230), vote(3, 240)]
    assert [each.share for each in worked(today).shares] == pytest.approx([0.2, 0.4, 0.4])


def test_two_reporters_weigh_the_same_whatever_their_trust():
    found = worked([vote(1, 200, trust=0.5), vote(2, 242)])
    assert [each.share for each in found.shares] == [0.5, 0.5]
    assert found.quote.value == 220
    assert found.quote.n_eff == 2.0


def test_the_heaviest_is_cut_to_the_sum_of_the_others():
    assert capped([1.0, 0.2, 0.3]) == [0.5, 0.2, 0.3]
    assert capped([0.2, 0.3, 1.0]) == [0.2, 0.3, 0.5]
    assert capped([1.0, 0.8, 0.3]) == [1.0, 0.8, 0.3]
    assert capped([0.7]) == [0.7]
    assert capped([0.7, 0.5]) == [0.5, 0.5]


def test_effective_number_counts_unequal_votes_for_less():
    found = made([vote(1, 220, trust=0.5), vote(2, 230), vote(3, 240)])
    assert found.n_eff == round(2.5**2 / 2.25, 6)
    assert found.se_ln == round(1.2533 * 0.08 / math.sqrt(2.5**2 / 2.25), 6)


# Median and tick: reading 6


def test_the_median_is_where_the_weight_passes_half():
    assert weighted_median([1, 2, 3], [1, 1, 1]) == 2
    assert weighted_median([1, 2, 3], [3, 1, 1]) == 1
    assert weighted_median([1, 2, 3], [1, 1, 3]) == 3
    assert weighted_median([7], [0.5]) == 7


def test_at_exactly_half_the_median_is_the_midpoint_of_the_logs():
    assert weighted_median([100, 400], [1, 1]) == 200
    assert weighted_median([100, 400, 900], [2, 1, 1]) == 200
    assert weighted_median([1, 100, 400, 900], [1, 1, 1, 1]) == 200
    assert weighted_median([100, 400, 900], [0.3, 0.1, 0.2]) == 200  # 0.3/0.6 is not quite 1/2


def test_a_median_of_nothing_is_a_broken_promise():
    with pytest.raises(ValueError, match=r"^a median of nothing$"):
        weighted_median([], [])


@pytest.mark.parametrize(
    ("value", "tick", "rounded"),
    [
        (222.4, 5, 220),
        (222.5, 5, 225),
        (222.49999999999997, 5, 225),  # a division's rounding error, not a smaller price
        (227.49, 5, 225),
        (22_374, 250, 22_250),
        (22_375, 250, 22_500),
        (45_250, 500, 45_500),
        (45_249, 500, 45_000),
        (1, 5, 5),  # never zero
        (7.4, 5, 5),
    ],
)
def test_prices_are_rounded_to_the_tick_halves_up(value, tick, rounded):
    assert to_tick(value, tick) == rounded


def test_the_tick_follows_what_is_counted():
    assert tick_of(ARA, "kg", 225) == 5
    assert tick_of(MOU, "head", 45_000) == 500
    assert tick_of(POU, "piece", 2_750) == 5
    assert tick_of(ARA, "SAC", 22_500) == 250
    assert tick_of(ARA, "SAC", 2_500) == 250
    assert tick_of(ARA, "BOL", 2_499) == 5


def test_a_sack_nobody_weighed_is_quoted_by_the_sack():
    found = made(votes(22_400, 22_600), unit="SAC")
    assert (found.unit, found.value, found.low, found.high) == ("SAC", 22_500, 22_500, 22_500)


def test_an_animal_is_quoted_by_the_head():
    found = made(votes(44_800, 45_000, 47_300), goods=MOU, unit="head")
    assert (found.value, found.low, found.high) == (45_000, 45_000, 47_500)


# Range and error: reading 7, 2.4.4


def test_below_five_reports_the_range_is_the_extremes():
    found = made(votes(215, 220, 230, 240))
    assert (found.low, found.high) == (215, 240)


def test_from_five_reports_the_range_is_the_middle_half():
    found = made(votes(205, 220, 225, 230, 245))
    assert (found.low, found.value, found.high) == (220, 225, 230)


def test_quartiles_lie_between_reports():
    found = made(votes(200, 210, 230, 240, 250, 260))
    # positions 1.25 and 3.75 of 0..5: 215 and 247.5; the midpoint of 230 and 240 is 234.95
    assert (found.low, found.value, found.high) == (215, 235, 250)


def test_a_middle_outside_the_quartiles_widens_the_range():
    heavy, light = {"trust": 1.0}, {"trust": 0.1}
    low = [vote(1, 200, **heavy), *(vote(at, 220 + at, **light) for at in range(2, 7))]
    found = made(low)
    assert found.low == found.value == 210  # sqrt(200 x 222), below the first quartile
    high = [vote(1, 240, **heavy), *(vote(at, 210 + at, **light) for at in range(2, 7))]
    assert made(high).high == made(high).value == 230


def test_from_five_reports_the_spread_of_reports_gives_the_error():
    found = made(votes(200, 210, 220, 230, 240))
    mad = math.log(220 / 210)
    assert found.se_ln == round(1.2533 * 1.4826 * mad / math.sqrt(5), 6)


def test_reports_that_agree_exactly_still_carry_an_error():
    assert made(votes(*[220] * 5)).se_ln == round(1.2533 * 0.05 / math.sqrt(5), 6)
    assert made(votes(*[220] * 4)).se_ln == round(1.2533 * 0.08 / math.sqrt(4), 6)


def test_four_reports_far_apart_carry_their_own_error():
    found = made(votes(180, 200, 240, 260))
    logs = [math.log(each) for each in (180, 200, 240, 260)]
    middle = (logs[1] + logs[2]) / 2
    far = sorted(abs(each - middle) for each in logs)
    sigma = 1.4826 * (far[1] + far[2]) / 2
    assert sigma > 0.08
    assert found.se_ln == round(1.2533 * sigma / 2, 6)


def test_spread_is_range_over_value():
    assert quote(200, low=190, high=230).spread == 0.2


# Grade: reading 8, 9


@pytest.mark.parametrize(
    ("reporters", "age", "spread", "letter"),
    [
        (3, 0, 0.0, "A"),
        (5, 7, 0.20, "A"),
        (2, 0, 0.0, "B"),
        (3, 8, 0.0, "B"),
        (3, 14, 0.0, "B"),
        (3, 0, 0.2001, "B"),
        (2, 0, 0.9, "B"),
        (1, 0, 0.0, "C"),
        (1, 14, 0.9, "C"),
        (3, 15, 0.0, "C"),
        (3, 28, 0.0, "C"),
        (3, 29, 0.0, "D"),
    ],
)
def test_the_grade_is_the_worst_of_number_age_and_spread(reporters, age, spread, letter):
    assert grade(reporters, age, spread) == letter


@pytest.mark.parametrize(
    ("reporters", "age", "letter"), [(3, 0, "B"), (2, 0, "C"), (1, 0, "D"), (3, 29, "D")]
)
def test_a_unit_not_weighed_lately_costs_one_grade(reporters, age, letter):
    assert grade(reporters, age, 0, stale_unit=True) == letter


def test_one_unverified_report_is_d_two_are_graded_like_any():
    assert grade(1, 0, 0, verified=False) == "D"
    assert grade(2, 0, 0, verified=False) == "B"
    assert made([vote(1, 225, verified=False)]).grade == "D"
    assert made([vote(1, 225, verified=False), vote(2, 225)]).grade == "B"
    assert made([vote(1, 225)]).grade == "C"


def test_a_weighing_goes_stale_after_a_hundred_and_twenty_days():
    at_limit = votes(225, 230, 235, weighed_on=FAIR - days(120))
    beyond = [*votes(225, 230), vote(3, 235, weighed_on=FAIR - days(121))]
    assert (made(at_limit).grade, made(at_limit).stale_unit) == ("A", False)
    assert (made(beyond).grade, made(beyond).stale_unit) == ("B", True)


def test_a_wide_day_is_not_better_than_b():
    assert made(votes(200, 220, 240)).grade == "A"  # 40 / 220 = 18 %
    assert made(votes(200, 220, 245)).grade == "B"  # 45 / 220 = 20.5 %


def test_a_quote_is_graded_on_the_day_it_is_asked_for():
    assert made(votes(225, 230, 235), asof=FAIR + days(8)).grade == "B"
    fresh = made(votes(225, 230, 235))
    assert [grade_on(fresh, FAIR + days(age)) for age in (0, 7, 8, 15, 29)] == list("AABCD")


def test_a_later_day_remembers_the_stale_unit_and_the_spread():
    assert grade_on(quote(225, stale_unit=True), FAIR + days(8)) == "C"
    assert grade_on(quote(200, low=150, high=250), FAIR) == "B"
    assert grade_on(quote(225, reporters=2), FAIR) == "B"


def test_what_was_doubtful_stays_doubtful():
    assert grade_on(quote(225, grade="D"), FAIR) == "D"


# What always holds

heard = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.floats(20, 2_000),
        st.floats(0.5, 1),
        st.sampled_from([0, 0, 0, 7, 14, 35]),
    ),
    min_size=1,
    max_size=12,
)


def from_drawn(drawn):
    return [
        vote(at, value, on=FAIR - days(age), reporter=who, trust=trust)
        for at, (who, value, trust, age) in enumerate(drawn, 1)
    ]


@given(heard, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(drawn, dice):
    given_votes = from_drawn(drawn)
    shuffled = list(given_votes)
    dice.shuffle(shuffled)
    one, other = worked(given_votes, given_votes), worked(shuffled, shuffled)
    assert repr(one) == repr(other)


@given(heard)
def test_the_value_lies_within_its_range(drawn):
    for unit in ("kg", "SAC"):
        found = made(from_drawn(drawn), from_drawn(drawn), unit=unit)
        if found:
            assert 0 < found.low <= found.value <= found.high


@given(heard)
def test_no_reporter_holds_more_than_half_and_shares_make_a_whole(drawn):
    found = worked(from_drawn(drawn), from_drawn(drawn))
    if found:
        shares = [each.share for each in found.shares]
        assert math.fsum(shares) == pytest.approx(1)
        assert len(shares) == 1 or max(shares) <= 0.5 + 1e-9
        assert 1 - 1e-6 <= found.quote.n_eff <= len(shares) + 1e-6


@given(heard)
def test_every_vote_of_the_day_is_counted_or_accounted_for(drawn):
    given_votes = from_drawn(drawn)
    found = worked(given_votes)
    if found:
        told = [each.vote.report for each in (*found.shares, *found.dropped)]
        assert sorted(told) == [each.report for each in given_votes if each.on == FAIR]
        assert len({each.vote.reporter for each in found.shares}) == found.quote.reporters


@given(heard)
def test_a_quote_knows_its_reports(drawn):
    found = worked(from_drawn(drawn), from_drawn(drawn))
    if found:
        assert found.quote.reports == tuple(sorted(each.vote.report for each in found.shares))
        assert asdict(found.quote)["reporters"] == len(found.quote.reports)


@given(st.floats(50, 1_000), st.integers(1, 6))
def test_reporters_who_agree_are_all_believed(value, count):
    found = made(votes(*[value] * count))
    assert found.low == found.value == found.high == to_tick(value, 5)
    assert found.reporters == count
