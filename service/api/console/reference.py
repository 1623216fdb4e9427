"""Reference data: products, markets, units and villages, each a list and a form.

A form carries the version it was made from: of two people at once, the second is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel

from service.api.console.desk import (
    Clerk,
    Form,
    Reader,
    attempt,
    back,
    letter,
    pages,
    show,
    text,
    voice_of,
)
from service.api.console.shapes import (
    Field,
    Pairs,
    changed,
    faults,
    filled,
    standing,
    starting,
    typed,
)
from service.api.console.voice import Voice
from service.api.deps import Work
from service.api.pages import Ask, Page
from service.api.problems import Problem
from service.api.v1 import markets, products, units, villages
from service.api.v1.trail import recent

router = pages()

PATH = "/console/reference"
SHOWN = 100
Search = Annotated[str, Query(max_length=60)]

NAMES = (
    Field("names.fr", "Nom en français", needed=True),
    Field("names.bm", "Nom en bambara"),
    Field("names.en", "Nom en anglais", hint="pour la console"),
)
SOURCE = Field("source", "Source", hint="d'où vient ce fait")
FAMILIES: Pairs = (
    ("grain", "céréale"), ("pulse", "légumineuse"), ("oilseed", "oléagineux"),
    ("shea", "karité"), ("cotton", "coton"), ("garden", "maraîchage"), ("livestock", "bétail"),
)  # fmt: skip
QUANTITIES: Pairs = (("kg", "kg"), ("head", "tête"), ("piece", "pièce"))
MEASURES: Pairs = (
    ("mass", "masse : des kilos par définition"),
    ("vessel", "récipient : on le pèse"),
    ("count", "compte : à la tête, à la pièce"),
)
DAYS: Pairs = (
    ("mon", "lun"), ("tue", "mar"), ("wed", "mer"), ("thu", "jeu"), ("fri", "ven"),
    ("sat", "sam"), ("sun", "dim"),
)  # fmt: skip

Cells = Callable[[Voice, Any], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Register:
    """One kind of record: its fields, its list, and the functions of the API behind them."""

    name: str
    new: str
    lead: str
    fields: Sequence[Field]
    columns: Sequence[str]
    cells: Cells
    listed: Callable[[Work, Ask, str], Page[Any]]
    read: Callable[[Work, str], Any]
    make: Callable[[Work, Any], Any]
    change: Callable[[Work, str, Any], Any]
    drop: Callable[[Work, str], None]
    forms: tuple[type[BaseModel], type[BaseModel]]
    kind: str
    retired: bool = False
    """Taken out of service instead of removed: reports name it for ever."""


REGISTERS: Mapping[str, Register] = MappingProxyType(
    {
        "products": Register(
            "Produits",
            "Nouveau produit",
            "Une filière sous une forme. Sa touche ne change jamais : elle est sur les cartes.",
            (
                Field("code", "Code", needed=True, fixed=True, hint="trois lettres, pour toujours"),
                *NAMES,
                Field("chain", "Filière (en anglais)", needed=True),
                Field("form", "Forme", hint="coque, grain ..."),
                Field("family", "Famille", "choice", FAMILIES, needed=True),
                Field("quantity", "Prix donné pour", "choice", QUANTITIES, fixed=True, value="kg"),
                Field("band_low", "Question au-dessous de (F)", "whole"),
                Field("band_high", "Question au-dessus de (F)", "whole"),
                Field("loss_per_month", "Perte de stockage, part par mois", "decimal"),
                Field("money_per_month", "Coût de l'argent, part par mois", "decimal"),
                Field("store_per_month", "Coût du magasin, F par mois", "decimal"),
                SOURCE,
                Field("active", "en service", "tick", value="1"),
            ),
            ("Produit", "Code", "Touche", "Prix pour", "Question hors de", "Source"),
            lambda say, it: (
                say.of(it.names), it.code, str(it.ussd_key), say.code(it.quantity),
                f"{say.francs(it.band_low)} – {say.francs(it.band_high)}", it.source,
            ),
            lambda work, ask, q: products.list_products(work, ask, q=q or None),
            products.read_product,
            products.create_product,
            products.change_product,
            products.remove_product,
            (products.ProductForm, products.ProductChange),
            "product",
            retired=True,
        ),
        "markets": Register(
            "Marchés",
            "Nouveau marché",
            "Où et quand sont les foires. Route coupée ou insécurité : plus de conseil d'y aller.",
            (
                Field("code", "Code", needed=True, fixed=True, hint="pour toujours"),
                Field("name", "Nom", needed=True),
                Field("commune", "Commune"),
                Field("cercle", "Cercle"),
                Field("region", "Région"),
                Field("latitude", "Latitude", "decimal"),
                Field("longitude", "Longitude", "decimal"),
                Field("fair_days", "Jours de foire", "many", DAYS),
                Field("daily", "tous les jours", "tick"),
                Field("kind", "Genre", "choice", (("rural", "rural"), ("urban", "urbain")),
                      needed=True, value="rural"),
                Field("cancelled_on", "Foires annulées", "dates", hint="27/11/2026 04/12/2026"),
                Field("road_closed", "route coupée", "tick"),
                Field("insecure", "insécurité", "tick"),
                SOURCE,
                Field("active", "en service", "tick", value="1"),
            ),
            ("Marché", "Code", "Touche", "Commune", "Foires", "Empêchements", "Source"),
            lambda say, it: (
                it.name, it.code, str(it.ussd_key), it.commune, _fairs(say, it),
                _hurdles(say, it), it.source,
            ),
            lambda work, ask, q: markets.list_markets(work, ask, q=q or None),
            markets.read_market,
            markets.create_market,
            markets.change_market,
            markets.remove_market,
            (markets.MarketForm, markets.MarketChange),
            "market",
            retired=True,
        ),
        "units": Register(
            "Unités",
            "Nouvelle unité",
            "Comment un prix se dit. Un récipient n'a de kilos que par ses pesées.",
            (
                Field("code", "Code", needed=True, fixed=True, hint="pour toujours"),
                *NAMES,
                Field("measure", "Mesure", "choice", MEASURES, needed=True, fixed=True,
                      value="vessel"),
                Field("kilos", "Kilos (masse seulement)", "decimal"),
                SOURCE,
            ),
            ("Unité", "Code", "Mesure", "Kilos", "Source"),
            lambda say, it: (
                say.of(it.names), it.code, say.t(dict(MEASURES)[it.measure]),
                "–" if it.kilos is None else f"{it.kilos:g}", it.source,
            ),
            lambda work, ask, _: units.list_units(work, ask),
            units.read_unit,
            units.create_unit,
            units.change_unit,
            units.remove_unit,
            (units.UnitForm, units.UnitChange),
            "unit",
        ),
        "villages": Register(
            "Villages",
            "Nouveau village",
            "Où vivent les agriculteurs ; son numéro est celui qu'ils tapent.",
            (
                Field("code", "Code", needed=True, fixed=True, hint="pour toujours"),
                Field("name", "Nom", needed=True),
                Field("commune", "Commune", needed=True),
                Field("cercle", "Cercle", value="Kita"),
                Field("region", "Région"),
                Field("market", "Marché", "choice", "markets"),
                Field("households", "Ménages", "whole"),
                Field("listed", "a un numéro au clavier", "tick", value="1"),
                SOURCE,
            ),
            ("Village", "Code", "Numéro", "Commune", "Marché", "Ménages", "Source"),
            lambda say, it: (
                it.name, it.code, str(it.ussd_key or "–"), it.commune, it.market or "–",
                say.count(it.households), it.source,
            ),
            lambda work, ask, q: villages.list_villages(work, ask, q=q or None),
            villages.read_village,
            villages.create_village,
            villages.change_village,
            villages.remove_village,
            (villages.VillageForm, villages.VillageChange),
            "village",
        ),
    }
)  # fmt: skip


@router.get("/reference")
def first_page(work: Reader) -> Response:
    return list_page(work, "products")


@router.get("/reference/{kind}")
def list_page(work: Reader, kind: str, q: Search = "", cursor: str | None = None) -> Response:
    one, say = _register(kind), voice_of(work.request, work.state)
    found = one.listed(work, Ask(cursor, SHOWN), q)
    rows = [(each, one.cells(say, each)) for each in found.items]
    return show(work, "register.html", one=one, kind=kind, rows=rows, next=found.next, q=q)


@router.get("/reference/{kind}/new")
def new_page(work: Clerk, kind: str) -> Response:
    return _page(work, kind, "", starting(_register(kind).fields))


@router.post("/reference/{kind}/new")
def create(work: Clerk, kind: str, form: Form) -> Response:
    one = _register(kind)
    said = filled(one.fields, form)
    wrong = attempt(work, lambda: one.make(work, letter(one.forms[0], said, work.request)))
    if wrong:
        return _page(work, kind, "", typed(one.fields, form), wrong)
    return back(f"{PATH}/{kind}/{text(form, 'code').upper()}", "saved")


@router.get("/reference/{kind}/{code}")
def record_page(work: Reader, kind: str, code: str) -> Response:
    values, version = _recorded(work, _register(kind), code)
    return _page(work, kind, code, values, version=version)


@router.post("/reference/{kind}/{code}")
def change(work: Clerk, kind: str, code: str, form: Form) -> Response:
    one = _register(kind)
    said = changed(one.fields, form)
    wrong = attempt(work, lambda: one.change(work, code, letter(one.forms[1], said, work.request)))
    if wrong:
        values, _ = _recorded(work, one, code)
        values |= typed([each for each in one.fields if not each.fixed], form)
        return _page(work, kind, code, values, wrong, version=text(form, "version"))
    return back(f"{PATH}/{kind}/{code}", "saved")


@router.post("/reference/{kind}/{code}/remove")
def remove(work: Clerk, kind: str, code: str) -> Response:
    one = _register(kind)
    wrong = attempt(work, lambda: one.drop(work, code))
    if wrong is None:
        return back(f"{PATH}/{kind}", "removed")
    if wrong["code"] == "conflict":
        raise Problem("in_use")
    values, version = _recorded(work, one, code)
    return _page(work, kind, code, values, wrong, version=version)


def _recorded(work: Work, one: Register, code: str) -> tuple[dict[str, Any], int]:
    """What the form of a record shows as it stands, and the version it is made from."""
    record = one.read(work, code).model_dump()
    record["listed"] = record.get("ussd_key") is not None
    return standing(one.fields, record), record["version"]


def _page(
    work: Work,
    kind: str,
    code: str,
    values: Mapping[str, Any],
    wrong: Mapping[str, Any] | None = None,
    version: object = "",
) -> Response:
    one = _register(kind)
    return show(
        work,
        "record.html",
        wrong["status"] if wrong else 200,
        one=one,
        kind=kind,
        code=code.upper(),
        values=values,
        wrong=wrong,
        faults=faults(one.fields, wrong),
        version=version,
        lists={"markets": [(each.code, each.name) for each in work.state.book().fairs()]},
        history=recent(work, f"{one.kind}:{code.upper()}") if code else [],
    )


def _register(kind: str) -> Register:
    if kind not in REGISTERS:
        raise Problem("not_found")
    return REGISTERS[kind]


def _fairs(say: Voice, market: markets.Market) -> str:
    if market.daily:
        return say.t("tous les jours")
    return " ".join(say.code(day) for day in market.fair_days) or "–"


def _hurdles(say: Voice, market: markets.Market) -> str:
    """Why nobody is advised to go there."""
    found = [("road_closed", market.road_closed), ("insecurity", market.insecure)]
    said = [say.code(code) for code, yes in found if yes]
    said += [say.t("annulée {day}", day=say.day(each)) for each in market.cancelled_on]
    said += [] if market.active else [say.t("hors service")]
    return ", ".join(said)
