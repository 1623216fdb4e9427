"""Believe or ask: `method.md` 2.3, settled readings 9 to 11, the dorome guard."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.prices.catalog import Band
from service.prices.judge import (
    Accept,
    Ask,
    Fit,
    Hold,
    Option,
    Question,
    after_answer,
    answer,
    corroborated,
    fit,
    in_dorome,
    judge,
)
from service.prices.prior import Prior
from service.prices.report import Money, Status
from service.prices.slips import readings
from tests.prices.goods import ARA, BOL, CATALOG, MAI, MOU, OIG, SAC, TETE, TONNE, evidence


def option(kind, amount, *, unit="KG", goods="ARA", market="KITA", value=None, quantity=1):
    return Option(kind, amount, quantity, unit, goods, market, amount if value is None else value)


def asked(verdict):
    assert isinstance(verdict, Ask)
    return verdict.question


# Believed


def test_the_price_of_last_fair_is_believed():
    assert judge(evidence(225, prior=225)) == Accept(0.0, "near_prior", verified=True)


def test_two_and_a_half_deviations_are_believed_and_no_more():
    # one week old, oilseed: sigma 0.10, so 0.25 on the log scale, 225 x 1.284 = 288.9
    assert isinstance(judge(evidence(288, prior=225)), Accept)
    assert isinstance(judge(evidence(289, prior=225)), Ask)
    assert isinstance(judge(evidence(176, prior=225)), Accept)  # 225 / 1.284 = 175.2
    assert isinstance(judge(evidence(175, prior=225)), Ask)


def test_exactly_two_and_a_half_deviations_are_believed():
    known = Prior(200, 1)
    case = evidence(200, prior=known)
    assert fit(case, 200 * math.exp(0.25 - 1e-12)) is Fit.INSIDE
    assert fit(case, 200 * math.exp(0.25 + 1e-9)) is Fit.OUTSIDE


def test_beyond_a_factor_of_three_nothing_is_believed_however_old_the_prior():
    old = Prior(200, 100, sd=1)
    case = evidence(200, prior=old)
    assert fit(case, 600) is Fit.INSIDE
    assert fit(case, 601) is Fit.OUTSIDE
    assert fit(case, 199 / 3) is Fit.OUTSIDE


def test_an_old_prior_believes_more():
    assert isinstance(judge(evidence(300, prior=Prior(225, 1))), Ask)
    assert isinstance(judge(evidence(300, prior=Prior(225, 5))), Accept)


def test_an_unweighed_unit_believes_more():
    # cv 0.10: sigma 0.1414, 22 500 x e^0.3536 = 32 043
    assert isinstance(judge(evidence(32_000, unit=SAC, prior=22_500)), Accept)
    assert isinstance(judge(evidence(32_100, unit=SAC, prior=22_500)), Ask)


def test_the_deviation_is_told():
    assert judge(evidence(250, prior=225)).z == pytest.approx(math.log(250 / 225) / 0.1)
    assert judge(evidence(2250, prior=225)).z == pytest.approx(math.log(10) / 0.1)
    assert judge(evidence(45, prior=225)).z == pytest.approx(-math.log(5) / 0.1)


# Nothing known: reading 9


def test_without_a_prior_the_bounds_of_staff_stand_in():
    assert judge(evidence(225)) == Accept(None, "in_band", verified=True)
    assert judge(evidence(800)) == Accept(None, "in_band", verified=True)
    assert judge(evidence(805)).question.kind == "outlier"
    assert judge(evidence(805)).z is None


def test_with_a_prior_the_bounds_do_not_matter():
    assert isinstance(judge(evidence(900, prior=900)), Accept)


def test_with_neither_a_report_is_accepted_and_unverified():
    assert judge(evidence(225, OIG)) == Accept(None, "nothing_known", verified=False)


def test_the_bounds_of_a_kilo_do_not_judge_a_sack():
    assert judge(evidence(22_500, unit=SAC)) == Accept(None, "nothing_known", verified=False)
    assert judge(evidence(500, MAI, unit=BOL)).reason == "nothing_known"


def test_what_is_no_price_is_held():
    assert judge(evidence(0, prior=225)) == Hold("not_a_price")
    assert readings(evidence(0, prior=225), CATALOG) == ()


def test_less_than_a_franc_a_kilo_is_asked_about():
    assert isinstance(judge(evidence(500, unit=TONNE, prior=225)), Ask)


# Dorome


def test_a_bare_number_that_fits_only_as_dorome_is_asked_francs_first():
    assert asked(judge(evidence(45, prior=225))) == Question(
        "money", (option("said", 45), option("dorome", 225))
    )


def test_a_number_no_coin_pays_is_asked_dorome_first():
    assert asked(judge(evidence(46, prior=225))) == Question(
        "dorome", (option("dorome", 230), option("said", 46))
    )


def test_a_number_no_coin_pays_that_fits_the_last_price_is_believed():
    assert isinstance(judge(evidence(224, prior=225)), Accept)


def test_the_bounds_alone_do_not_make_francs_of_a_number_no_coin_pays():
    assert asked(judge(evidence(224))).kind == "dorome"
    assert asked(judge(evidence(47, OIG))).kind == "dorome"
    assert asked(judge(evidence(801))).kind == "outlier"


def test_a_number_that_fits_both_ways_is_asked():
    assert asked(judge(evidence(150))).kind == "money"  # 150 and 750, bounds 75-800
    assert asked(judge(evidence(50_000, MOU, unit=TETE))).kind == "money"
    assert isinstance(judge(evidence(165)), Accept)  # 825 is out of bounds


@pytest.mark.parametrize("money", [Money.FRANC, Money.DOROME])
def test_a_marker_wins(money):
    amount = 150 if money is Money.FRANC else 45
    assert isinstance(judge(evidence(amount, money=money)), Accept)


def test_a_marked_amount_is_still_judged():
    assert asked(judge(evidence(45, prior=225, money=Money.FRANC))).kind == "outlier"
    assert asked(judge(evidence(225, prior=225, money=Money.DOROME))).kind == "outlier"


def test_a_number_that_fits_neither_way_is_an_outlier():
    assert asked(judge(evidence(95, prior=225))).kind == "outlier"


@pytest.mark.parametrize(
    ("said", "francs"),
    [(45, 225), (999_999, 4_999_995), (1_000_000, 1_000_000), (1_018_000, 1_090_000), (5, 25)],
)
def test_millions_are_francs_and_the_rest_is_dorome(said, francs):
    assert in_dorome(said) == francs


def test_whole_millions_cannot_be_dorome():
    assert isinstance(judge(evidence(1_000_000, MOU, unit=TETE, prior=1_000_000)), Accept)


def test_dorome_of_a_sack_keeps_its_kilo_price_in_step():
    question = asked(judge(evidence(3_680, MAI, unit=SAC, prior=200)))
    assert question.options[1] == option("dorome", 18_400, unit="SAC", goods="MAI", value=200)


def test_two_bags_of_dorome_keep_their_quantity():
    question = asked(judge(evidence(7_360, MAI, unit=SAC, prior=200, quantity=2)))
    assert question.options[1] == option(
        "dorome", 36_800, unit="SAC", goods="MAI", value=200, quantity=2
    )


# Questions


def test_an_outlier_is_confirmed_or_wrong():
    assert asked(judge(evidence(600, prior=225))) == Question(
        "outlier", (option("said", 600), option("wrong", 600))
    )


def test_the_likeliest_slip_comes_first_then_the_claim_then_none_of_these():
    slip = option("zero", 225)
    assert asked(judge(evidence(2_250, prior=225), [slip])) == Question(
        "zero", (slip, option("said", 2_250), option("wrong", 2_250))
    )


def test_a_second_slip_takes_the_place_of_none_of_these():
    first, second, third = option("unit", 22_500), option("zero", 225), option("franc", 4_500)
    question = asked(judge(evidence(22_500, prior=225), [first, second, third]))
    assert question == Question("unit", (first, option("said", 22_500), second))


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("unit", "unit"),
        ("zero", "zero"),
        ("dorome", "dorome"),
        ("franc", "dorome"),
        ("form", "form"),
        ("market", "market"),
    ],
)
def test_the_question_is_named_after_its_first_slip(kind, question):
    assert asked(judge(evidence(2_250, prior=225), [option(kind, 1)])).kind == question


def test_a_believed_price_is_not_asked_whatever_else_it_could_be():
    assert isinstance(judge(evidence(225, prior=225), [option("form", 225, goods="ARD")]), Accept)


def test_one_digit_chooses():
    question = Question("zero", (option("zero", 225), option("said", 2_250)))
    assert answer(question, 1) == option("zero", 225)
    assert answer(question, 2) == option("said", 2_250)
    assert [answer(question, digit) for digit in (0, 3, -1, 9)] == [None] * 4


# Answers


@pytest.mark.parametrize(
    ("value", "status"), [(675, "confirmed"), (676, "held"), (75, "confirmed"), (74, "held")]
)
def test_a_confirmed_price_counts_within_a_factor_of_three(value, status):
    assert after_answer(value, Prior(225)) == Status(status)


def test_without_a_prior_a_confirmed_price_counts_within_the_bounds():
    assert after_answer(800, None, Band(75, 800)) is Status.CONFIRMED
    assert after_answer(801, None, Band(75, 800)) is Status.HELD
    assert after_answer(801, Prior(600), Band(75, 800)) is Status.CONFIRMED


def test_with_nothing_known_the_reporters_word_counts():
    assert after_answer(9_999, None) is Status.CONFIRMED


@pytest.mark.parametrize(
    ("other", "agrees"), [(300, True), (261, True), (260, False), (352, True), (353, False)]
)
def test_another_reporter_within_fifteen_per_cent_vouches(other, agrees):
    assert corroborated(300, [other], Prior(225)) is agrees


def test_exactly_fifteen_per_cent_vouches():
    assert corroborated(115, [100], Prior(100)) is True
    assert corroborated(85, [100], Prior(100)) is True


def test_any_of_several_others_may_vouch():
    assert corroborated(300, [100, 305], Prior(225))
    assert not corroborated(300, [], Prior(225))


def test_nobody_vouches_for_a_price_no_answer_could_confirm():
    assert not corroborated(45, [45, 45], Prior(225))
    assert not corroborated(50, [50], None, Band(75, 800))
    assert corroborated(80, [80], None, Band(75, 800))


def test_an_adjacent_market_that_moved_half_as_much_the_same_way_vouches():
    up = math.log(300 / 225)
    assert corroborated(300, [], Prior(225), moves=[up / 2 + 1e-9])
    assert corroborated(300, [], Prior(225), moves=[-up, up])
    assert not corroborated(300, [], Prior(225), moves=[up / 2 - 1e-9])
    assert not corroborated(300, [], Prior(225), moves=[-up])
    assert corroborated(150, [], Prior(225), moves=[math.log(150 / 225)])


def test_exactly_half_the_move_vouches():
    assert corroborated(math.e, [], Prior(1.0), moves=[0.5])


def test_a_price_that_did_not_move_needs_another_reporter():
    assert not corroborated(225, [], Prior(225), moves=[0.5, 0.0])
    assert not corroborated(225, [], None, moves=[0.5])


# What always holds


@given(st.floats(20, 5_000), st.floats(0, 26), st.sampled_from([10, 0.1, 100, 0.01, 5, 0.2]))
def test_no_gross_slip_on_a_price_as_before_is_ever_believed(known, weeks, factor):
    case = evidence(1, prior=Prior(known, weeks))
    assert fit(case, known * factor) is Fit.OUTSIDE


@given(st.integers(60, 1_500), st.floats(60, 1_500), st.floats(0, 20))
def test_every_option_of_every_question_can_be_chosen_and_one_is_the_claim(amount, known, weeks):
    case = evidence(amount, MAI, prior=Prior(known, weeks), said=False)
    verdict = judge(case, readings(case, CATALOG))
    if isinstance(verdict, Ask):
        options = verdict.question.options
        assert 2 <= len(options) <= 3
        assert [answer(verdict.question, at) for at in range(1, len(options) + 1)] == list(options)
        assert sum(each.kind == "said" for each in options) == 1


@given(st.integers(1, 100_000), st.floats(60, 1_500))
def test_a_bare_number_is_never_multiplied_in_silence(amount, known):
    case = evidence(amount, ARA, prior=Prior(known, 1))
    verdict = judge(case)
    if isinstance(verdict, Accept):
        assert case.value == amount
