"""Charts and figures of the console: what is drawn is what is known, and no more."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.console import charts
from service.api.console.charts import Line, Point, Strip
from service.api.console.english import ENGLISH
from service.api.console.voice import Voice
from service.api.html import Tongue
from service.sms.refused import Refused

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
POSITIVE = st.floats(min_value=1, max_value=1e7)


def voice(lang="fr"):
    return Voice(Tongue(lang, ENGLISH), ZoneInfo("Africa/Bamako"), NOW)


@given(POSITIVE, POSITIVE)
def test_the_steps_of_an_axis_hold_both_ends(one, other):
    low, high = min(one, other), max(one, other)
    steps = charts.scale(low, high)
    assert steps[0] <= low
    assert steps[-1] >= high
    assert 2 <= len(steps) <= 12


def test_a_chart_of_nothing_is_nothing():
    assert charts.lines([Line("Kita", [])], [], "vide") == ""
    assert charts.spark([200.0]) == ""
    assert charts.spread([], "vide") == ""


def test_every_point_is_drawn_and_leads_to_its_reasons():
    points = [Point(float(x), 200.0 + x, f"jour {x}", f"/why?on={x}") for x in range(5)]
    drawn = str(charts.lines([Line("Kita", points)], [(0.0, "janv.")], "prix"))
    assert drawn.count("<a href=") == 5
    assert 'aria-label="prix"' in drawn
    assert "Kita" in drawn


def test_a_name_cannot_break_out_of_a_chart():
    points = [Point(0.0, 1.0, "<script>"), Point(1.0, 2.0)]
    drawn = str(charts.lines([Line("<b>Kita", points)], [], '"><x'))
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "<x" not in drawn


def test_lines_differ_in_shape_and_not_in_colour_alone():
    assert len({charts.shape(tone, 10, 10) for tone in range(charts.TONES)}) == charts.TONES


def test_names_beside_the_lines_never_lie_on_each_other():
    lines = [Line(f"M{n}", [Point(0.0, 200.0), Point(1.0, 200.0 + n)], n) for n in range(6)]
    drawn = str(charts.lines(lines, [], "prix"))
    places = sorted(
        float(part.split('y="')[1].split('"')[0])
        for part in drawn.split("<text ")[1:]
        if 'class="name"' in part
    )
    gaps = [after - before for before, after in pairwise(places)]
    assert min(gaps) >= charts.NAME_HEIGHT


def test_a_band_is_closed():
    strip = Strip("cinq ans", [(1.0, 100.0, 200.0), (2.0, 110.0, 190.0)])
    drawn = str(charts.lines([Line("2026", [Point(1.0, 150.0)])], [], "prix", strip))
    assert 'class="band"' in drawn
    assert 'Z"' in drawn


@pytest.mark.parametrize(
    ("amount", "said"), [(None, "–"), (225, "225"), (12500, "12\u202f500"), (224.6, "225")]
)
def test_francs_are_grouped_by_threes(amount, said):
    assert voice().francs(amount) == said


@pytest.mark.parametrize(
    ("on", "french", "english"),
    [
        (date(2026, 11, 20), "ven 20/11", "Fri 20/11"),
        (date(2025, 1, 6), "lun 06/01/25", "Mon 06/01/25"),
    ],
)
def test_a_day_says_its_year_only_when_it_is_another(on, french, english):
    assert voice().day(on) == french
    assert voice("en").day(on) == english


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "< 1 min"), (240, "4 min"), (3 * 3600, "3 h"), (5 * 86400, "5 j"), (None, "–")],
)
def test_a_length_of_time_is_said_in_its_largest_unit(seconds, said):
    assert voice().span(seconds) == said


def test_shares_are_written_as_each_language_does():
    assert voice().share(0.4236, 1) == "42,4\u202f%"
    assert voice("en").share(0.4236, 1) == "42.4%"


def test_an_unknown_code_is_shown_as_it_is():
    assert voice().code("somethingNew_here") == "somethingNew here"


def test_a_code_that_says_more_after_a_colon_is_told_whole():
    assert voice().code("no_reply:reply_limit") == "sans réponse : dix par jour"
    assert voice("en").code("no fresh price: KITA") == "no fresh price: KITA"
    assert voice().code("stat:UNDELIV err:000") == "stat:UNDELIV err:000"


@pytest.mark.parametrize(
    ("factor", "said"), [(10.0, "10"), (4.96, "5"), (1.44, "1,4"), (0.1, "0,1"), (0.35, "0,35")]
)
def test_how_many_times_more_is_said_shortly(factor, said):
    assert voice().times(factor) == said


def test_a_malian_number_is_spaced_and_a_short_code_left_alone():
    assert voice().phone("+22376000001") == "+223\u00a076\u00a000\u00a000\u00a001"
    assert voice().phone("+223****0001") == "+223****0001"
    assert voice().phone("ORANGE") == "ORANGE"


def test_a_refusal_is_said_in_the_language_of_whom_it_is_said_to():
    refused = Refused("quiet", "It falls", "Cela tombe")
    assert (refused.said("fr"), refused.said("en")) == ("Cela tombe", "It falls")


def test_what_was_done_is_told_in_words_and_kept_short():
    assert voice().act("product.change") == "changé"
    assert voice().act("book.turned") == "book.turned"
    assert voice().facts({"name": "x" * 100}).endswith("x…")
    assert voice().facts(None) == "–"
