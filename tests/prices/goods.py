"""A small stall: products, units, votes and claims that the price tests share."""

from datetime import date

from service.prices.catalog import (
    ANY_MARKET,
    Band,
    Catalog,
    Family,
    Measure,
    Product,
    Quantity,
    Stage,
    Unit,
    Weight,
)
from service.prices.judge import Evidence
from service.prices.prior import Prior
from service.prices.quote import Quote
from service.prices.report import Money, Vote
from service.prices.units import value_of

FAIR = date(2026, 11, 20)
"""A Friday."""
BEFORE = date(2026, 11, 13)


def product(code, family, quantity=Quantity.KG, band=None, chain="", form=""):
    return Product(code, chain or code, form, family, {"fr": code.lower()}, quantity, 1, band)


ARA = product("ARA", Family.OILSEED, band=Band(75, 800), chain="groundnut", form="shell")
ARD = product("ARD", Family.OILSEED, band=Band(200, 1600), chain="groundnut", form="kernel")
MAI = product("MAI", Family.GRAIN, band=Band(60, 700))
OIG = product("OIG", Family.GARDEN)
MOU = product("MOU", Family.LIVESTOCK, Quantity.HEAD, Band(25_000, 400_000))
POU = product("POU", Family.LIVESTOCK, Quantity.PIECE)

KG = Unit("KG", {"fr": "kg"}, Measure.MASS, 1)
TONNE = Unit("TONNE", {"fr": "tonne"}, Measure.MASS, 1000)
SAC = Unit("SAC", {"fr": "sac"}, Measure.VESSEL)
TINE = Unit("TINE", {"fr": "tine"}, Measure.VESSEL)
BOL = Unit("BOL", {"fr": "bol"}, Measure.VESSEL)
TETE = Unit("TETE", {"fr": "tete"}, Measure.COUNT)

CATALOG = Catalog(
    products={each.code: each for each in (ARA, ARD, MAI, OIG, MOU, POU)},
    markets={},
    units={each.code: each for each in (KG, TONNE, SAC, TINE, BOL, TETE)},
    weights={
        ("SAC", "MAI", ANY_MARKET): Weight(100, 0.02, 5, date(2026, 9, 1)),
        ("SAC", "MAI", "KITA"): Weight(92, 0.04, 6, date(2026, 10, 1)),
        ("TINE", "MAI", "KITA"): Weight(17, 0.0, 1, date(2026, 10, 2)),
        ("TINE", "ARA", "KITA"): Weight(7, 0.05, 2, date(2026, 10, 2)),
    },
)


def vote(report, value, *, on=FAIR, reporter=None, **facts):
    return Vote(report, report if reporter is None else reporter, on, value, **facts)


def votes(*values, on=FAIR, first=1, **facts):
    """One vote a value, each of another reporter."""
    return [vote(at, value, on=on, **facts) for at, value in enumerate(values, first)]


def evidence(amount, goods=ARA, *, unit=KG, prior=None, money=Money.BARE, quantity=1, said=True):
    """A claim at Kita, judged against `prior` (F, or a whole Prior)."""
    known = Prior(prior, 1) if isinstance(prior, int | float) else prior
    return Evidence(
        product=goods,
        market="KITA",
        unit=unit,
        amount=amount * 5 if money is Money.DOROME else amount,
        said=amount,
        valued=value_of(
            amount * 5 if money is Money.DOROME else amount, quantity, unit, goods, "KITA", CATALOG
        ),
        quantity=quantity,
        money=money,
        unit_said=said,
        prior=known,
    )


def quote(value, fair_on=FAIR, *, market="KITA", grade="A", reporters=3, unit="kg", **facts):
    return Quote(
        product="ARA",
        market=market,
        stage=Stage.PRODUCER,
        unit=unit,
        value=value,
        low=facts.pop("low", value),
        high=facts.pop("high", value),
        reporters=reporters,
        grade=grade,
        fair_on=fair_on,
        method="sugu-1",
        n_eff=float(reporters),
        se_ln=0.05,
        reports=tuple(range(1, reporters + 1)),
        **facts,
    )
