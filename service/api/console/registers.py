"""Registers: cooperatives, villages and roads, and taking in files of people and places."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Query, Response
from starlette.datastructures import UploadFile

from service.api.console.desk import Clerk, Form, Reader, back, letter, pages, show, text, whole
from service.api.deps import Work
from service.api.letters import Imported
from service.api.pages import Ask
from service.api.problems import Problem
from service.api.v1 import (
    cooperatives,
    reporters,
    routes,
    subscribers,
    villages,
    weighings,
)
from service.prices.trip import COST_LASTS

router = pages()

SHOWN = 100
Search = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class Kind:
    """A file that may be taken in: its name, the columns it may have, and who takes it."""

    name: str
    columns: str
    take: Callable[..., Imported]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "reporters": Kind(
            "Releveurs",
            "phone, name, market, cooperative, language, sex",
            reporters.import_reporters,
        ),
        "subscribers": Kind(
            "Agriculteurs",
            "phone, name, language, village, sex, consent_how, consent_ref",
            subscribers.import_subscribers,
        ),
        "villages": Kind(
            "Villages", "code, name, commune, market, households", villages.import_villages
        ),
        "routes": Kind(
            "Routes", "village, market, mode, season, per_kg, per_trip, as_of", routes.import_routes
        ),
        "weighings": Kind(
            "Pesées", "unit, product, market, kilos, weighed_on", weighings.import_weighings
        ),
    }
)


@router.get("/people/cooperatives")
def cooperatives_page(work: Reader, q: Search = "", cursor: str | None = None) -> Response:
    found = cooperatives.list_cooperatives(work, Ask(cursor, SHOWN), q=q or None)
    return show(work, "cooperatives.html", items=found.items, next=found.next, q=q)


@router.post("/people/cooperatives")
def add_cooperative(work: Clerk, form: Form) -> Response:
    said = {name: text(form, name) for name in ("code", "name", "village") if text(form, name)}
    made = letter(cooperatives.CooperativeForm, said, work.request)
    cooperatives.create_cooperative(work, made)
    return back("/console/people/cooperatives", "saved")


@router.get("/people/villages")
def villages_page(work: Reader, q: Search = "", cursor: str | None = None) -> Response:
    found = villages.list_villages(work, Ask(cursor, SHOWN), q=q or None)
    return show(work, "villages.html", items=found.items, next=found.next, q=q)


@router.get("/people/routes")
def routes_page(work: Reader, village: str = "", cursor: str | None = None) -> Response:
    """What a road costs, with its age: past 180 days it is not believed any more."""
    found = routes.list_routes(work, Ask(cursor, SHOWN), village=village or None)
    ages = {each.id: (work.today - each.as_of).days for each in found.items}
    return show(
        work,
        "routes.html",
        items=found.items,
        next=found.next,
        village=village,
        ages=ages,
        most=COST_LASTS,
        villages=sorted(work.state.book().villages.values(), key=lambda each: each.name),
        markets=work.state.book().fairs(),
    )


@router.post("/people/routes")
def add_route(work: Clerk, form: Form) -> Response:
    routes.create_route(work, letter(routes.RouteForm, _road(form), work.request))
    return back("/console/people/routes", "saved")


@router.post("/people/routes/{route_id}")
def renew_route(work: Clerk, route_id: int, form: Form) -> Response:
    """A new cost is dated today."""
    said = {
        name: value for name in ("per_kg", "per_trip") if (value := whole(form, name)) is not None
    }
    routes.change_route(work, route_id, letter(routes.RouteChange, said, work.request))
    return back("/console/people/routes", "saved")


@router.get("/people/import")
def import_page(work: Clerk) -> Response:
    return show(work, "import.html", kinds=KINDS, kind="", done=None)


@router.post("/people/import")
def take_file(work: Clerk, form: Form) -> Response:
    """Take in a file, or only say what would happen (`dry_run`)."""
    kind = KINDS.get(text(form, "kind"))
    file = form.get("file")
    if kind is None or not isinstance(file, UploadFile):
        raise Problem("unknown_format")
    done = kind.take(work, file.file.read(), dry_run=bool(text(form, "dry_run")))
    return _imported(work, text(form, "kind"), done)


def _imported(work: Work, kind: str, done: Imported) -> Response:
    return show(work, "import.html", kinds=KINDS, kind=kind, done=done)


def _road(form: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: text(form, name) for name in ("village", "market", "mode", "season", "source")
    }
    numbers = {name: whole(form, name) for name in ("per_kg", "per_trip")}
    return {name: value for name, value in (said | numbers).items() if value not in ("", None)}
