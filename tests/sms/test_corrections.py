"""Those who were told a wrong price are told the right one, once."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service import encoding
from service.db import writing
from service.i18n import speaker
from service.prices.tables import ProductRow, QuoteRow
from service.sms.broadcasts import corrections
from service.sms.broadcasts.corrections import Wrong, correct_moved, words
from service.sms.tables import Delivery, MessageText, Run
from tests.sms.outbox_world import NOON, a_run, drain, looking, people, press, the_book

PRICES = {"fr": "PRIX {market} {date} {prices}"}
FAIR = date(2026, 11, 20)


def a_quote_row(session, value: int, product: str = "ARA") -> None:
    if session.get(ProductRow, product) is None:
        session.add(
            ProductRow(
                code=product,
                chain=product,
                family="oilseed",
                names={"fr": product},
                ussd_key=len(session.exec(select(ProductRow)).all()) + 1,
            )
        )
        session.flush()
    row = session.exec(select(QuoteRow).where(QuoteRow.product == product)).first()
    row = row or QuoteRow(
        product=product,
        market="KITA",
        stage="producer",
        unit="kg",
        fair_on=FAIR,
        value=0,
        low=1,
        high=1,
        reporters=1,
        grade="A",
        n_eff=1,
        se_ln=0.1,
        method="t",
        computed_at=NOON,
    )
    row.value, row.low, row.high = value, value, value
    row.computed_at = NOON
    session.add(row)
    session.flush()


def told(engine: Engine, count: int = 3) -> int:
    with writing(engine) as session:
        ids = people(session, count)
        people(session, 1, first=50, language="bm")
        a_quote_row(session, 225)
        a_quote_row(session, 150, "MIL")
        run = a_run(session, body=PRICES)
        assert ids
    drain(engine)
    return run


def look(engine: Engine, minutes: int = 30) -> list[Run]:
    with writing(engine) as session:
        return correct_moved(session, NOON + timedelta(minutes=minutes), press())


def test_a_price_that_moved_is_corrected_once_in_each_language(engine: Engine):
    run = told(engine)
    with writing(engine) as session:
        a_quote_row(session, 250)
    (made,) = look(engine)
    assert (made.kind, made.total, made.parent_id) == ("correction", 4, run)
    assert look(engine, 45) == []
    batches = drain(engine, NOON + timedelta(minutes=31))
    assert sum(len(batch.rows) for batch in batches) == 4
    assert any("250" in batch.text and "225" in batch.text for batch in batches)


@pytest.mark.parametrize(("now", "runs"), [(236, 0), (237, 1), (214, 0), (213, 1)])
def test_a_move_of_five_per_cent_is_not_worth_a_message_and_a_larger_one_is(
    engine: Engine, now: int, runs: int
):
    told(engine)
    with writing(engine) as session:
        a_quote_row(session, now)
    assert len(look(engine)) == runs


def test_a_quote_that_is_still_moving_is_waited_for(engine: Engine):
    told(engine)
    with writing(engine) as session:
        a_quote_row(session, 300)
    assert look(engine, 9) == []
    assert len(look(engine, 11)) == 1


def test_a_price_that_vanished_is_taken_back(engine: Engine):
    told(engine)
    with writing(engine) as session:
        session.delete(session.exec(select(QuoteRow).where(QuoteRow.product == "ARA")).one())
    assert len(look(engine)) == 1
    with looking(engine) as session:
        assert any(
            "annulé" in body or "annule" in body for body in session.exec(select(MessageText.body))
        )


def test_who_never_got_the_price_gets_no_correction(engine: Engine):
    with writing(engine) as session:
        people(session, 2)
        a_quote_row(session, 225)
        a_quote_row(session, 150, "MIL")
        a_run(session, body=PRICES)
    with writing(engine) as session:
        a_quote_row(session, 300)
    assert look(engine) == []
    with looking(engine) as session:
        assert len(session.exec(select(Delivery)).all()) == 2


def test_a_correction_of_a_correction_goes_to_those_who_got_it(engine: Engine):
    told(engine)
    with writing(engine) as session:
        a_quote_row(session, 250)
    look(engine)
    drain(engine, NOON + timedelta(minutes=31))
    with writing(engine) as session:
        a_quote_row(session, 300)
    (again,) = look(engine, 60)
    assert again.subject.endswith(":250")


def test_a_correction_is_one_sms_in_every_language():
    for lang in ("fr", "bm"):
        for new in (99_995, None):
            said = words(
                Wrong("ARA", "KITA", "kg", FAIR, 125_000, new), speaker(lang), lang, the_book()
            )
            assert encoding.segments(encoding.to_gsm(said)) == 1
            assert said.endswith("STOP=arrêt" if lang == "fr" else "Ka jɔ: STOP")
    assert corrections.moved(225, 237)
    assert not corrections.moved(225, 236)
