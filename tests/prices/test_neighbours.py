"""Estimates for silent markets: `method.md` 2.6."""

from datetime import timedelta

import pytest

from service.prices.neighbours import estimate
from tests.prices.goods import ARA, FAIR, quote

TODAY = FAIR + timedelta(days=1)


def weekly(*values, market="KITA", until=FAIR, skip=0, **facts):
    """Quotes of following Fridays, the last one `skip` weeks before `until`."""
    last = until - timedelta(weeks=skip)
    count = len(values)
    return [
        quote(value, last - timedelta(weeks=count - 1 - at), market=market, **facts)
        for at, value in enumerate(values)
    ]


def kita(own, today=TODAY, **others):
    return estimate(ARA, "KITA", own, others, today)


def test_a_silent_market_keeps_its_usual_distance():
    own = weekly(*[200] * 8, skip=2)
    found = kita(own, SEBEKORO=weekly(*[160] * 7, 160, 160, 180, market="SEBEKORO"))
    assert (found.value, found.source, found.weeks) == (225, "SEBEKORO", 8)  # 180 x 200/160
    assert (found.fair_on, found.product, found.market) == (FAIR, "ARA", "KITA")
    assert (found.mad, found.sd) == (0, 0)
    assert found.gap == pytest.approx(0.223144)


def test_six_common_weeks_are_needed():
    theirs = weekly(*[160] * 12, market="SEBEKORO")
    assert kita(weekly(*[200] * 6, skip=2), SEBEKORO=theirs).weeks == 6
    assert kita(weekly(*[200] * 5, skip=2), SEBEKORO=theirs) is None


def test_only_the_last_eight_common_weeks_count():
    own = weekly(*[100] * 5, *[200] * 8)
    found = kita(own, SEBEKORO=weekly(*[200] * 13, market="SEBEKORO"))
    assert (found.value, found.weeks, found.gap) == (200, 8, 0)


def test_weeks_match_even_when_fairs_are_on_other_days():
    own = weekly(*[200] * 8, until=FAIR - timedelta(days=4), skip=0)  # Mondays
    theirs = weekly(*[160] * 8, until=FAIR + timedelta(days=2), market="X")  # Sundays
    found = kita(own, FAIR + timedelta(days=2), X=theirs)
    assert found.weeks == 8


def test_of_one_week_the_newest_quote_speaks():
    own = weekly(*[200] * 8)
    theirs = weekly(*[160] * 8, market="X")
    early = [quote(90, each.fair_on - timedelta(days=2), market="X") for each in theirs]
    assert kita(own, X=[*theirs, *early]).value == 200


def test_the_steadiest_neighbour_is_chosen():
    own = weekly(*[200] * 8)
    steady = weekly(*[100] * 8, market="X")
    shaky = weekly(*[150, 160] * 4, market="A")
    found = kita(own, A=shaky, X=steady)
    assert (found.source, found.value) == ("X", 200)


def test_of_two_equally_steady_the_first_by_name():
    own = weekly(*[200] * 8)
    markets = {name: weekly(*[100] * 8, market=name) for name in ("Y", "B")}
    assert kita(own, **markets).source == "B"


def test_a_distance_that_wanders_is_refused():
    own = weekly(*[200] * 8)
    # logs about the median: half at +-0.12 at most
    assert kita(own, X=weekly(*[100, 127] * 4, market="X")).mad == pytest.approx(0.119508)
    assert kita(own, X=weekly(*[100, 128] * 4, market="X")) is None


@pytest.mark.parametrize(("skip", "known"), [(1, True), (2, False)])
def test_the_source_must_be_a_or_b_today(skip, known):
    own, theirs = weekly(*[200] * 12, skip=2), weekly(*[160] * 12, skip=skip, market="X")
    assert (kita(own, FAIR + timedelta(days=7), X=theirs) is not None) is known


def test_a_source_of_one_reporter_is_refused():
    own = weekly(*[200] * 8)
    assert kita(own, X=weekly(*[160] * 8, market="X", reporters=1)) is None
    assert kita(own, X=weekly(*[160] * 8, market="X", reporters=2)) is not None


def test_doubtful_quotes_teach_nothing():
    own = weekly(*[200] * 8, grade="D")
    assert kita(own, X=weekly(*[160] * 8, market="X")) is None


def test_quotes_of_another_year_or_still_to_come_teach_nothing():
    own = weekly(*[200] * 8, until=FAIR - timedelta(days=366))
    theirs = [
        *weekly(*[160] * 8, until=FAIR - timedelta(days=366), market="X"),
        quote(160, FAIR, market="X"),
    ]
    assert kita(own, X=theirs) is None
    late = [*weekly(*[160] * 8, market="X"), quote(500, FAIR + timedelta(days=7), market="X")]
    assert kita(weekly(*[200] * 8), X=late).value == 200


def test_a_market_is_no_neighbour_of_itself():
    own = weekly(*[200] * 8)
    assert kita(own, KITA=own) is None


def test_nothing_known_gives_nothing():
    assert kita([]) is None
    assert kita([], X=[]) is None


def test_the_estimate_is_rounded_to_the_tick():
    own = weekly(*[200] * 8)
    found = kita(own, X=[*weekly(*[190] * 7, 190, market="X"), quote(193, TODAY, market="X")])
    assert found.value % 5 == 0


def test_a_sack_nobody_weighed_is_estimated_by_the_sack():
    own = weekly(*[22_400] * 8, unit="SAC")
    assert kita(own, X=weekly(*[20_000] * 8, market="X", unit="SAC")).value == 22_500


def test_order_changes_nothing():
    own, theirs = weekly(*range(200, 208)), weekly(*range(150, 158), market="X")
    assert kita(own, X=theirs) == kita(own[::-1], X=theirs[::-1])
