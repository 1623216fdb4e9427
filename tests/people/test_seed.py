"""`seed kita`: what is known and sourced, nothing more; safe to repeat, deaf to what staff changed."""

import csv
from datetime import date

from sqlalchemy import Engine
from sqlmodel import SQLModel, col, select

from service.db import reading, writing
from service.people.seed import SEED, seed_kita
from service.people.tables import Contact, Reporter, Seeded, Subscriber, Village
from service.prices.reference import read_catalog
from service.prices.tables import (
    AliasRow,
    MarketRow,
    ProductRow,
    QuoteRow,
    ReferencePrice,
    ReportRow,
    RouteRow,
    ShellingRow,
    UnitRow,
    WeighingRow,
)
from service.sms.lexicon import default_aliases

PRODUCTS = ["ARA", "ARD", "MAI", "SOR", "MIL", "RIZ", "NIE", "SES", "FON", "KAR", "OIG", "MOU"]
MARKETS = ["KITA", "SEBEKORO", "DJIDIAN", "BENDOUGOUBA", "FOUNIA", "TOUKOTO", "KAYES", "BAMAKO"]


def everything(engine: Engine) -> dict[str, list]:
    with reading(engine) as session:
        return {
            name: sorted(map(str, session.execute(table.select()).all()))
            for name, table in SQLModel.metadata.tables.items()
            if name != "book_version"
        }


def again(engine: Engine) -> int:
    with writing(engine) as session:
        return seed_kita(session, default_aliases())


def test_products_and_markets_are_those_of_the_programme(kita: Engine):
    with reading(kita) as session:
        products = session.exec(select(ProductRow).order_by(col(ProductRow.ussd_key))).all()
        markets = session.exec(select(MarketRow).order_by(col(MarketRow.ussd_key))).all()
    assert [each.code for each in products] == PRODUCTS
    assert [each.code for each in markets] == [*MARKETS, "MAHINA"]
    assert not any(each.demo for each in (*products, *markets))
    assert all(each.source for each in (*products, *markets))


def test_no_key_of_a_product_or_a_market_is_one_that_walks(kita: Engine):
    with reading(kita) as session:
        for table in (ProductRow, MarketRow):
            keys = session.exec(select(table.ussd_key)).all()
            assert not {0, 9, 98, 99} & set(keys)
            assert len(set(keys)) == len(keys)


def test_no_fair_day_is_known_but_the_one_that_was_printed(kita: Engine):
    with reading(kita) as session:
        known = {
            each.code: (each.fair_days, each.daily)
            for each in session.exec(select(MarketRow))
            if each.fair_days
        }
    assert set(known) == {"MAHINA"}
    assert known["MAHINA"][0] == ["mon"]


def test_nothing_is_invented(kita: Engine):
    with reading(kita) as session:
        for table in (RouteRow, ShellingRow, ReportRow, QuoteRow, Contact, Reporter, Subscriber):
            assert session.exec(select(table)).all() == [], table
        for product in session.exec(select(ProductRow)):
            assert product.loss_per_month is product.store_per_month is None


def test_only_masses_and_stamped_sacks_have_kilos(kita: Engine):
    with reading(kita) as session:
        kilos = {each.code: each.kilos for each in session.exec(select(UnitRow)) if each.kilos}
        weighed = session.exec(select(WeighingRow)).all()
        catalog = read_catalog(session)
    assert kilos == {"KG": 1, "TONNE": 1000}
    assert {(each.unit, each.kilos) for each in weighed} == {("SAC100", 100), ("SAC50", 50)}
    assert all(each.source and each.market == "*" for each in weighed)
    assert "ARA" not in {each.product for each in weighed}, "a sack of pods weighs far less"
    assert catalog.weight("SAC", "MAI", "KITA") is None


def test_the_survey_prices_are_those_of_the_file_with_their_source(kita: Engine):
    with (SEED / "kita_prices.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with reading(kita) as session:
        kept = session.exec(select(ReferencePrice)).all()
    assert len(kept) == len(rows) > 400
    assert sum(each.price for each in kept) == sum(float(row["price_xof_per_kg"]) for row in rows)
    assert {each.market for each in kept} == {"KITA"}
    assert all("WFP" in each.source for each in kept)
    assert "ARA" not in {each.product for each in kept}, "the survey's groundnut is kernels"


def test_villages_are_real_and_only_those_of_the_project_have_a_key(kita: Engine):
    with reading(kita) as session:
        villages = session.exec(select(Village)).all()
    assert len(villages) > 90
    keyed = [each for each in villages if each.ussd_key]
    # The list that could be found names none in Sébékoro: staff enter them.
    assert {each.commune for each in keyed} == {"Bendougouba", "Benkadi Founia", "Djidian"}
    assert sorted(each.ussd_key for each in keyed) == list(range(1, len(keyed) + 1))
    assert not any(each.demo or each.market for each in villages)


def test_every_way_of_writing_names_something_that_is_there(kita: Engine):
    with reading(kita) as session:
        catalog = read_catalog(session)
        forms = session.exec(select(AliasRow)).all()
    known = {"product": catalog.products, "market": catalog.markets, "unit": catalog.units}
    assert len(forms) > 200
    assert all(each.target in known[each.kind] for each in forms)


def test_seeding_again_adds_nothing(kita: Engine):
    before = everything(kita)
    assert again(kita) == 0
    assert everything(kita) == before


def test_seeding_again_leaves_what_staff_changed(kita: Engine):
    day = date(2026, 11, 20)
    with writing(kita) as session:
        market = session.get_one(MarketRow, "KITA")
        market.fair_days, market.daily, market.name = ["sat"], False, "Kita ville"
        product = session.get_one(ProductRow, "ARA")
        product.band_low, product.active, product.names = 90, False, {"fr": "Arachide"}
        village = session.exec(select(Village).where(col(Village.ussd_key) == 1)).one()
        village.market, village.households = "DJIDIAN", 40
        session.add(WeighingRow(unit="SAC", product="MAI", market="KITA", kilos=97, weighed_on=day))
    before = everything(kita)
    assert again(kita) == 0
    assert everything(kita) == before


def test_seeding_again_does_not_bring_back_what_staff_removed(kita: Engine):
    with writing(kita) as session:
        for gone in (
            select(AliasRow).where(AliasRow.target == "MAHINA"),
            select(AliasRow).where(AliasRow.form == "tiga"),
            select(WeighingRow),
            select(MarketRow).where(MarketRow.code == "MAHINA"),
            select(Village).where(col(Village.ussd_key) == 1),
            select(ReferencePrice).where(ReferencePrice.product == "MIL"),
        ):
            rows = session.exec(gone).all()
            assert rows, gone
            for row in rows:
                session.delete(row)
            session.flush()
    before = everything(kita)
    assert again(kita) == 0
    assert everything(kita) == before


def test_a_fact_that_a_later_version_knows_is_planted_beside_those_of_the_staff(kita: Engine):
    with writing(kita) as session:
        forgotten = session.get_one(Seeded, ("market", "MAHINA"))
        session.delete(forgotten)
        for alias in session.exec(select(AliasRow).where(AliasRow.target == "MAHINA")):
            session.delete(alias)
        session.delete(session.get_one(MarketRow, "MAHINA"))
    assert again(kita) == 1


def test_what_staff_entered_before_the_seed_is_kept(kita: Engine):
    with writing(kita) as session:
        session.delete(session.get_one(Seeded, ("market", "MAHINA")))
        session.get_one(MarketRow, "MAHINA").name = "Mahina gare"
    assert again(kita) == 0
    with reading(kita) as session:
        assert session.get_one(MarketRow, "MAHINA").name == "Mahina gare"
