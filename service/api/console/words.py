"""What staff teach: the ways people write names, words nobody has taught yet, and weighings."""

from typing import Annotated, Any

from fastapi import Query, Response
from starlette.datastructures import FormData

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
from service.api.console.shapes import Field, faults, filled, starting, typed
from service.api.deps import Work
from service.api.pages import Ask
from service.api.v1 import aliases, weighings
from service.prices.catalog import ANY_MARKET

router = pages()

PATH = "/console/reference"
SHOWN = 100
UNTAUGHT = 50
"""Words shown that mean nothing yet: the most frequent ones are worth teaching."""
KINDS = (("product", "Produits"), ("market", "Marchés"), ("unit", "Unités"))
LANGUAGES = (("fr", "français"), ("bm", "bambara"))
WEIGHING = (
    Field("unit", "Récipient", "choice", "units", needed=True),
    Field("product", "Produit", "choice", "products", needed=True),
    Field("market", "Marché", "choice", "places", needed=True, value=ANY_MARKET),
    Field("kilos", "Kilos sur la balance", "decimal", needed=True),
    Field("weighed_on", "Pesé le", "date", hint="aujourd'hui si rien n'est dit"),
    Field("source", "Source", hint="qui a pesé, sur quelle balance"),
)
Search = Annotated[str, Query(max_length=60)]


@router.get("/reference/words")
def words_page(work: Reader, kind: Search = "", cursor: str | None = None) -> Response:
    return _words(work, kind, cursor)


@router.post("/reference/words")
def teach(work: Clerk, form: Form) -> Response:
    """Teach a way of writing; it is understood from the next message on."""
    wrong = attempt(
        work,
        lambda: aliases.create_alias(work, letter(aliases.AliasForm, _alias(form), work.request)),
    )
    return _words(work, "", None, form, wrong) if wrong else back(f"{PATH}/words", "taught")


@router.post("/reference/words/dismiss")
def dismiss(work: Clerk, form: Form) -> Response:
    """A word that means nothing."""
    aliases.dismiss_unmatched(work, text(form, "token"))
    return back(f"{PATH}/words", "dismissed")


@router.post("/reference/words/{alias_id}/remove")
def forget(work: Clerk, alias_id: int) -> Response:
    aliases.remove_alias(work, alias_id)
    return back(f"{PATH}/words", "removed")


@router.get("/reference/weighings")
def weighings_page(
    work: Reader, product: Search = "", market: Search = "", cursor: str | None = None
) -> Response:
    return _weighings(work, starting(WEIGHING), product, market, cursor)


@router.post("/reference/weighings")
def weigh(work: Clerk, form: Form) -> Response:
    """One more weighing; reports from now on use it."""
    said = filled(WEIGHING, form)
    wrong = attempt(
        work,
        lambda: weighings.create_weighing(work, letter(weighings.WeighingForm, said, work.request)),
    )
    if wrong:
        return _weighings(work, typed(WEIGHING, form), wrong=wrong)
    return back(f"{PATH}/weighings", "saved")


@router.post("/reference/weighings/{weighing_id}/remove")
def unweigh(work: Clerk, weighing_id: int) -> Response:
    weighings.remove_weighing(work, weighing_id)
    return back(f"{PATH}/weighings", "removed")


def _words(
    work: Work,
    kind: str,
    cursor: str | None,
    form: FormData | None = None,
    wrong: dict[str, Any] | None = None,
) -> Response:
    only = next((each for each in ("product", "market", "unit") if each == kind), None)
    found = aliases.list_aliases(work, Ask(cursor, SHOWN), kind=only)
    return show(
        work,
        "words.html",
        wrong["status"] if wrong else 200,
        items=found.items,
        next=found.next,
        kind=only or "",
        kinds=KINDS,
        languages=LANGUAGES,
        untaught=aliases.list_unmatched(work, Ask(None, UNTAUGHT)).items,
        targets=_targets(work),
        wrote=text(form, "text") if form else "",
        chosen=text(form, "target") if form else "",
        wrong=wrong,
    )


def _weighings(
    work: Work,
    values: dict[str, Any],
    product: str = "",
    market: str = "",
    cursor: str | None = None,
    *,
    wrong: dict[str, Any] | None = None,
) -> Response:
    found = weighings.list_weighings(
        work, Ask(cursor, SHOWN), product=product or None, market=market or None
    )
    return show(
        work,
        "weighings.html",
        wrong["status"] if wrong else 200,
        items=found.items,
        next=found.next,
        product=product,
        market=market,
        fields=WEIGHING,
        values=values,
        lists=_lists(work),
        wrong=wrong,
        faults=faults(WEIGHING, wrong),
    )


def _lists(work: Work) -> dict[str, list[tuple[str, str]]]:
    """What may be chosen for a weighing: vessels only."""
    book, say = work.state.book(), voice_of(work.request, work.state)
    places = [(each.code, each.name) for each in book.fairs()]
    return {
        "units": [
            (code, say.name(unit))
            for code, unit in book.catalog.units.items()
            if unit.measure.value == "vessel"
        ],
        "products": [(each.code, say.name(each)) for each in book.sold()],
        "places": [(ANY_MARKET, say.t("partout")), *places],
    }


def _targets(work: Work) -> dict[str, list[tuple[str, str]]]:
    """What a way of writing may mean, by kind; the value names both."""
    book, say = work.state.book(), voice_of(work.request, work.state)
    return {
        "product": [(f"product:{each.code}", say.name(each)) for each in book.sold()],
        "market": [(f"market:{each.code}", each.name) for each in book.fairs()],
        "unit": [(f"unit:{code}", say.name(it)) for code, it in book.catalog.units.items()],
    }


def _alias(form: FormData) -> dict[str, str]:
    kind, _, target = text(form, "target").partition(":")
    return {
        "kind": kind, "target": target, "text": text(form, "text"),
        "language": text(form, "language"),
    }  # fmt: skip
