"""When a broadcast is due."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sms.broadcasts.schedule import (
    Now,
    Once,
    OnFair,
    Weekly,
    next_fire,
    next_times,
    read,
    write,
)
from service.sms.refused import Refused

BAMAKO = ZoneInfo("Africa/Bamako")
PARIS = ZoneInfo("Europe/Paris")
FRIDAY = datetime(2026, 11, 20, 6, 45, tzinfo=UTC)


def fairs(code: str):
    return {"KITA": ({4}, {date(2026, 11, 27)}), "DAILY": (set(), set())}[code]


def due(rule, after=FRIDAY, zone=BAMAKO):
    return next_fire(rule, after, zone, fairs)


def test_the_forms_of_the_api_are_understood():
    assert read("now", BAMAKO) == Now()
    assert read({"once": "2026-11-27T06:45:00Z"}, BAMAKO) == Once(
        datetime(2026, 11, 27, 6, 45, tzinfo=UTC)
    )
    assert isinstance(read({"weekly": ["fri", "Mardi"], "at": "06:45"}, BAMAKO), Weekly)
    assert isinstance(read({"fair": "KITA", "at": "06:45"}, BAMAKO), OnFair)


def test_an_instant_without_offset_is_local():
    assert read({"once": "2026-07-01T08:00"}, PARIS) == Once(datetime(2026, 7, 1, 6, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "when",
    [
        None, 5, "tomorrow", {}, {"weekly": [], "at": "06:45"}, {"weekly": [5], "at": "06:45"},
        {"weekly": ["5"], "at": "06:45"}, {"weekly": ["fri"]}, {"weekly": ["fri"], "at": "25:00"},
        {"weekly": ["fri"], "at": "6"}, {"weekly": ["fri"], "at": "06:45:10"}, {"once": "friday"},
        {"weekly": ["fri"], "at": "06:45", "also": 1}, {"fair": "", "at": "06:45"},
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_a_sentence(when):
    refused = read(when, BAMAKO)
    assert isinstance(refused, Refused)
    assert refused.detail.endswith((".", "."))


def test_weekly_never_fires_twice_at_the_same_instant():
    rule = read({"weekly": ["fri"], "at": "06:45"}, BAMAKO)
    assert due(rule) == FRIDAY + timedelta(days=7)
    assert due(rule, FRIDAY - timedelta(microseconds=1)) == FRIDAY


def test_a_cancelled_fair_is_passed_over():
    rule = read({"fair": "KITA", "at": "06:45"}, BAMAKO)
    assert due(rule) == datetime(2026, 12, 4, 6, 45, tzinfo=UTC)


def test_a_daily_market_has_its_fair_every_day():
    rule = read({"fair": "DAILY", "at": "06:45"}, BAMAKO)
    assert next_times(rule, FRIDAY, BAMAKO, fairs) == [
        FRIDAY + timedelta(days=n) for n in (1, 2, 3)
    ]


def test_the_local_hour_stays_when_the_clocks_change():
    rule = read({"weekly": ["sun"], "at": "06:45"}, PARIS)
    before = due(rule, datetime(2026, 10, 20, tzinfo=UTC), PARIS)
    after = due(rule, before, PARIS)
    assert [each.astimezone(PARIS).hour for each in (before, after)] == [6, 6]


def test_once_is_over_once_it_was():
    assert due(Once(FRIDAY)) is None
    assert due(Now()) is None


days = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1)
times = st.times().map(lambda at: f"{at:%H:%M}")
FIRST, LAST = datetime(2020, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001 (hypothesis adds the zone)
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@given(days, times, instants, st.sampled_from([BAMAKO, PARIS]))
def test_the_next_time_is_later_and_on_one_of_the_days(names, at, after, zone):
    rule = read({"weekly": sorted(names), "at": at}, zone)
    found = due(rule, after, zone)
    assert found > after
    assert found - after <= timedelta(days=8)
    assert found.astimezone(zone).weekday() in rule.days
    assert read(write(rule), zone) == rule
