"""The likeliest slip behind a price that is not believed."""

import pytest

from service.prices.judge import judge
from service.prices.prior import Prior
from service.prices.report import Money
from service.prices.slips import Rivals, readings
from tests.prices.goods import ARA, ARD, CATALOG, KG, MAI, MOU, SAC, TETE, TINE, TONNE, evidence


def found(case, **rivals):
    known = {
        name: {code: Prior(value, 1) for code, value in priors.items()}
        for name, priors in rivals.items()
    }
    return [
        (each.kind, each.amount, each.unit, each.product, each.market)
        for each in readings(case, CATALOG, Rivals(**known))
    ]


def brief(case, **rivals):
    return [each[:3] for each in found(case, **rivals)]


def test_a_zero_too_many_and_one_too_few():
    assert brief(evidence(2_250, prior=225)) == [("zero", 225, "KG")]
    assert brief(evidence(23, prior=225)) == [("zero", 230, "KG")]


def test_two_zeros_too_few():
    assert brief(evidence(2, prior=225)) == [("zero", 200, "KG")]


def test_a_reading_has_no_broken_francs():
    assert brief(evidence(2_253, prior=225)) == []


def test_only_readings_within_fifteen_per_cent_are_proposed():
    # the prior is of today, sigma 0.08
    today = Prior(200)
    assert brief(evidence(2_300, prior=today)) == [("zero", 230, "KG")]
    assert brief(evidence(2_310, prior=today)) == []
    assert brief(evidence(1_700, prior=today)) == [("zero", 170, "KG")]
    assert brief(evidence(1_690, prior=today)) == []


def test_an_old_prior_proposes_within_its_sigma():
    # 16 weeks of an oilseed: sigma sqrt(0.0064 + 16 x 0.0036) = 0.2530
    old = Prior(200, 16)
    assert brief(evidence(2_500, prior=old)) == [("zero", 250, "KG")]
    assert brief(evidence(2_510, prior=old)) == []


def test_a_sack_price_said_without_a_unit():
    case = evidence(18_400, MAI, prior=200, said=False)
    assert brief(case) == [("unit", 18_400, "SAC"), ("zero", 184, "KG")]
    assert readings(case, CATALOG)[0].value == 200


def test_a_kilo_price_said_of_a_sack():
    case = evidence(200, MAI, unit=SAC, prior=200)
    assert brief(case) == [("unit", 200, "KG"), ("zero", 20_000, "SAC")]


def test_a_tine_for_a_kilo():
    assert brief(evidence(3_400, MAI, prior=200, said=False)) == [("unit", 3_400, "TINE")]


def test_a_unit_that_was_said_gives_way_to_a_zero():
    # 2 000 F the kilo of maize at 200: a zero; or, with 10 kg in it, some vessel
    case = evidence(1_400, ARA, prior=200, money=Money.FRANC)
    assert brief(case) == [("unit", 1_400, "TINE")]
    near_both = evidence(2_000, MAI, prior=Prior(120, 16), money=Money.FRANC)
    assert brief(near_both) == [("unit", 2_000, "TINE")]


def test_when_no_unit_was_said_the_unit_comes_before_the_zero():
    # a tenth is 160, in a tine of 7 kg 229: whichever is nearer to the old price
    for known in (190, 210):
        unsaid = evidence(1_600, ARA, prior=Prior(known, 30), said=False)
        said = evidence(1_600, ARA, prior=Prior(known, 30), said=True)
        assert [each[0] for each in brief(unsaid)] == ["unit", "zero"]
        assert [each[0] for each in brief(said)] == ["zero", "unit"]


def test_two_zeros_are_less_likely_than_a_sack_even_when_the_kilo_was_said():
    case = evidence(18_400, MAI, prior=200, said=True)
    assert brief(case) == [("unit", 18_400, "SAC"), ("zero", 184, "KG")]


def test_a_sack_nobody_weighed_is_proposed_when_no_unit_was_said():
    assert brief(evidence(22_500, prior=225, said=False)) == [
        ("unit", 22_500, "SAC"),
        ("zero", 225, "KG"),
    ]
    assert brief(evidence(22_500, prior=225, said=True)) == [("zero", 225, "KG")]


@pytest.mark.parametrize(
    ("amount", "proposed"), [(3_990, False), (4_000, True), (30_000, True), (30_010, False)]
)
def test_an_unweighed_sack_must_hold_what_a_sack_holds(amount, proposed):
    case = evidence(amount, prior=200, said=False)
    assert (("unit", amount, "SAC") in brief(case)) is proposed


def test_an_animal_is_not_sold_by_the_sack():
    case = evidence(2_000_000, MOU, unit=TETE, prior=40_000, said=False)
    assert brief(case) == []


def test_a_sack_with_a_price_of_its_own_is_held_to_it():
    case = evidence(22_500, prior=225, said=False)
    assert brief(case, bases={"SAC": 21_000})[0] == ("unit", 22_500, "SAC")
    assert brief(case, bases={"SAC": 15_000}) == [("zero", 225, "KG")]


def test_a_sack_price_is_held_to_the_kilo_price_when_read_as_kilos():
    case = evidence(225, unit=SAC, prior=22_500)
    assert brief(case, bases={"kg": 230}) == [("unit", 225, "KG"), ("zero", 22_500, "SAC")]
    assert brief(case, bases={"kg": 2_250}) == [("zero", 22_500, "SAC")]


def test_dorome_for_francs_and_multiplied_once_too_often():
    assert brief(evidence(45, prior=225, money=Money.FRANC)) == [("dorome", 225, "KG")]
    assert brief(evidence(1_125, prior=225, money=Money.FRANC)) == [("franc", 225, "KG")]
    assert brief(evidence(225, prior=225, money=Money.DOROME)) == [("franc", 225, "KG")]


def test_marked_dorome_are_not_multiplied_again():
    assert brief(evidence(9, prior=225, money=Money.DOROME)) == []


def test_livestock_is_said_in_thousands():
    assert brief(evidence(40, MOU, unit=TETE, prior=40_000)) == [("zero", 40_000, "TETE")]
    assert brief(evidence(40_000_000, MOU, unit=TETE, prior=40_000)) == [("zero", 40_000, "TETE")]
    assert brief(evidence(225_000, ARA, prior=225, said=True)) == [("unit", 225_000, "TONNE")]


def test_the_other_form_of_the_chain():
    case = evidence(600, ARA, prior=225)
    assert found(case, forms={"ARD": 610}) == [("form", 600, "KG", "ARD", "KITA")]
    assert found(case, forms={"ARD": 900}) == []
    assert found(case, forms={"ARA": 600}) == []


def test_another_market_of_the_reporter():
    case = evidence(350, ARA, prior=225)
    assert found(case, markets={"KAYES": 340, "DJIDIAN": 230}) == [
        ("market", 350, "KG", "ARA", "KAYES")
    ]
    assert found(case, markets={"KITA": 350}) == []


def test_arithmetic_comes_before_the_form_and_the_form_before_the_market():
    case = evidence(2_250, ARA, prior=225)
    kinds = [each[0] for each in found(case, forms={"ARD": 2_250}, markets={"KAYES": 2_250})]
    assert kinds == ["zero", "form", "market"]


def test_of_two_markets_with_one_price_the_first_by_name_comes_first():
    case = evidence(350, ARA, prior=225)
    for names in (("KAYES", "BAMAKO"), ("BAMAKO", "KAYES")):
        markets = [each[4] for each in found(case, markets=dict.fromkeys(names, 340))]
        assert markets == ["BAMAKO", "KAYES"]


def test_of_two_forms_with_one_price_the_first_by_name_comes_first():
    case = evidence(350, ARA, prior=225)
    products = [each[3] for each in found(case, forms={"MAI": 350, "ARD": 350})]
    assert products == ["ARD", "MAI"]


def test_amounts_are_whole_francs():
    cases = (evidence(2_250, prior=225), evidence(1_125, prior=225, money=Money.FRANC))
    for case in cases:
        assert [type(each.amount) for each in readings(case, CATALOG)] == [int]


def test_a_price_below_one_franc_still_has_readings():
    assert brief(evidence(225, unit=TONNE, prior=225)) == [("unit", 225, "KG")]


def test_of_two_markets_the_nearer_price_comes_first():
    case = evidence(350, ARA, prior=225)
    markets = [each[4] for each in found(case, markets={"BAMAKO": 330, "KAYES": 345})]
    assert markets == ["KAYES", "BAMAKO"]


def test_without_a_prior_readings_inside_the_bounds_are_proposed_the_middle_first():
    # bounds 60-700, middle 205: sack 245 and 225 by hundreds; the tine gives 1 324, out
    case = evidence(22_500, MAI, said=False)
    assert brief(case) == [("unit", 22_500, "SAC"), ("zero", 225, "KG")]
    assert brief(evidence(22_500, said=False)) == [("unit", 22_500, "SAC"), ("zero", 225, "KG")]
    # 1 000: a tenth is 100, a fifth 200; in a tine 59, out
    assert brief(evidence(1_000, MAI)) == [("franc", 200, "KG"), ("zero", 100, "KG")]


def test_with_nothing_known_nothing_is_proposed():
    assert readings(evidence(2_250, CATALOG.products["OIG"]), CATALOG) == ()


def test_a_reading_keeps_the_quantity():
    (reading,) = readings(evidence(6_750, prior=225, quantity=3), CATALOG)
    assert (reading.amount, reading.quantity, reading.value) == (675, 3, 225)


def test_the_order_of_the_catalogue_changes_nothing():
    case = evidence(18_400, MAI, prior=200, said=False)
    turned = type(CATALOG)(
        CATALOG.products,
        CATALOG.markets,
        dict(reversed(CATALOG.units.items())),
        CATALOG.weights,
    )
    assert readings(case, turned) == readings(case, CATALOG)


def test_the_example_of_the_method_asks_for_the_sack():
    case = evidence(22_500, prior=225, said=False)
    question = judge(case, readings(case, CATALOG)).question
    assert question.kind == "unit"
    assert [(each.kind, each.unit) for each in question.options] == [
        ("unit", "SAC"),
        ("said", "KG"),
        ("zero", "KG"),
    ]
    assert (ARD.chain, KG.code, TINE.code) == (ARA.chain, "KG", "TINE")
