"""What becomes of a report once its question is answered."""

from datetime import date

from service.prices.catalog import Stage
from service.sms.grammar import read
from service.sms.reading import NO_CLAIM, About, Doubt, Reports, settle
from tests.sms.shelf import LEXICON, TODAY


def report(text):
    return read(text, LEXICON, TODAY, reporter=True)


def answered(text, candidate, number=0):
    reading = report(text)
    return settle(reading, reading.doubts[number], candidate)


def test_the_chosen_product_replaces_the_first_guess():
    settled = answered("nyo 200 kita", "SOR")
    assert [claim.product for claim in settled.sure] == ["SOR"]
    assert settled.doubts == ()


def test_choosing_a_form_settles_the_form():
    reading = report("arachide amande riz 225")
    assert isinstance(reading, Reports)
    settled = answered("ara decortique 600 kita", "ARD")
    assert [claim.product for claim in settled.sure] == ["ARD"]
    assert settled.formless == frozenset()


def test_the_chosen_amount_replaces_the_first_guess():
    assert [c.amount for c in answered("ara 225-250 kita", "250").sure] == [250]


def test_the_chosen_market_holds_for_every_claim_it_was_asked_for():
    settled = answered("ara 225 kita sebekoro mai 150", "SEBEKORO")
    assert {claim.market for claim in settled.sure} == {"SEBEKORO"}


def test_the_chosen_unit():
    [claim] = answered("mai 100 kg sac 15000", "SAC").sure
    assert claim.unit == "SAC"


def test_the_chosen_count():
    [claim] = answered("2 sacs mai à 15000", "1").sure
    assert (claim.quantity, claim.amount) == (1, 15000)


def test_the_chosen_day():
    [claim] = answered("ven 21/11 ara 225 kita", "2026-11-20").sure
    assert claim.on == date(2026, 11, 20)


def test_the_chosen_stage():
    settled = answered("ara 225 mai 175 detail kita", "retail")
    assert {claim.stage for claim in settled.sure} == {Stage.RETAIL}


def test_a_word_left_aside_keeps_the_claims():
    settled = answered("ara 225 banfora", None)
    assert [claim.product for claim in settled.sure] == ["ARA"]


def test_none_of_the_candidates_drops_the_claim_and_renumbers_the_others():
    reading = report("nyo 200 ara 225 mai 150-160 kita")
    settled = settle(reading, reading.doubts[0], None)
    assert [claim.product for claim in settled.claims] == ["ARA", "MAI"]
    assert [doubt.claim for doubt in settled.doubts] == [1]
    assert [claim.product for claim in settled.sure] == ["ARA"]


def test_dropping_a_claim_keeps_the_open_forms_of_the_others():
    reading = report("nyo 200 tiga 225 kita")
    assert reading.formless == {1}
    assert settle(reading, reading.doubts[0], None).formless == {0}


def test_dropping_the_only_reading_of_the_whole_message_drops_it_all():
    settled = answered("ara 225 kita sebekoro mai 150", None)
    assert (settled.claims, settled.doubts) == ((), ())


def test_a_product_without_price_stops_no_claim():
    reading = report("kita ara 225 mai")
    assert [doubt.claim for doubt in reading.doubts] == [NO_CLAIM]
    assert reading.sure == reading.claims
    assert settle(reading, reading.doubts[0], None).claims == reading.claims


def test_settling_one_doubt_leaves_the_others():
    doubts = (Doubt(About.PRODUCT, "nyo", ("MIL", "SOR"), 0), Doubt(About.WORD, "xyz"))
    reading = Reports(report("mil 200").claims, doubts)
    settled = settle(reading, doubts[0], "SOR")
    assert settled.doubts == (doubts[1],)
    assert settled.sure == ()
