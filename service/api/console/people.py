"""People: reporters, and farmers with the ledger of what they agreed to."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response
from sqlmodel import col, select
from starlette.datastructures import FormData

from service.api.console.desk import (
    Clerk,
    Form,
    Reader,
    back,
    letter,
    pages,
    show,
    text,
    voice_of,
    whole,
)
from service.api.console.evidence import told
from service.api.deps import Work
from service.api.pages import Ask
from service.api.problems import Problem
from service.api.v1 import cards, reporters, subscribers
from service.api.v1.cards import MonthText
from service.api.v1.reporters import ReporterChange, ReporterForm
from service.api.v1.subscribers import SubscriberChange, SubscriberForm
from service.people.cards import Month
from service.people.store import villages
from service.people.tables import Cooperative
from service.people.tables import Reporter as Row

router = pages()

SHOWN = 50
Search = Annotated[str, Query(max_length=60)]


@router.get("/people")
def reporters_page(work: Reader, q: Search = "", cursor: str | None = None) -> Response:
    found = reporters.list_reporters(work, Ask(cursor, SHOWN), q=q or None)
    flagged = {each.reporter for each in cards.list_flags(work).items} if _acts(work) else set()
    return show(
        work,
        "reporters.html",
        items=found.items,
        next=found.next,
        q=q,
        flagged=flagged,
        **_choices(work),
    )


@router.post("/people/reporters")
def add_reporter(work: Clerk, form: Form) -> Response:
    said = _given(form, "phone", "name", "market", "cooperative", "language", "sex")
    reporters.create_reporter(work, letter(ReporterForm, said, work.request))
    return back("/console/people", "saved")


@router.get("/people/reporters/{reporter_id}")
def reporter_page(work: Reader, reporter_id: int, month: MonthText = None) -> Response:
    """The card of a month for everybody; flags and checks for those who act on them."""
    one = reporters.read_reporter(work, reporter_id)
    asked = cards.month_of(work, month)
    acts = _acts(work)
    return show(
        work,
        "reporter.html",
        one=one,
        month=asked,
        month_name=_month_name(work, asked),
        card=cards.card_of(work, work.one(Row, reporter_id), asked),
        flags=_flags(work, reporter_id) if acts else [],
        checks=list(cards.checks(work, asked, reporter_id)) if acts else [],
        habits=_habits(work, one.habits),
        **_choices(work),
    )


@router.post("/people/reporters/{reporter_id}/habits")
def forget_habits(work: Clerk, reporter_id: int) -> Response:
    reporters.change_reporter(work, reporter_id, ReporterChange(habits={}))
    return back(f"/console/people/reporters/{reporter_id}", "saved")


@router.post("/people/reporters/{reporter_id}/checks/{report_id}")
def write_finding(work: Clerk, reporter_id: int, report_id: int, form: Form) -> Response:
    """What a call-back found for one report."""
    said = {"value": text(form, "value").replace(",", "."), "note": text(form, "note")}
    cards.write_finding(work, report_id, letter(cards.Finding, said, work.request))
    return back(f"/console/people/reporters/{reporter_id}?month={text(form, 'month')}", "saved")


@router.post("/people/reporters/{reporter_id}")
def change_reporter(work: Clerk, reporter_id: int, form: Form) -> Response:
    """A field left empty is not changed; the tick says whether the person still reports."""
    said = _given(form, "phone", "name", "market", "cooperative", "language", "sex")
    said["active"] = bool(text(form, "active"))
    reporters.change_reporter(work, reporter_id, letter(ReporterChange, said, work.request))
    return back(f"/console/people/reporters/{reporter_id}", "saved")


@router.get("/people/subscribers")
def subscribers_page(
    work: Reader,
    q: Search = "",
    village: str = "",
    sex: str = "",
    cursor: str | None = None,
) -> Response:
    found = subscribers.list_subscribers(
        work,
        Ask(cursor, SHOWN),
        q=q or None,
        village=village or None,
        sex=next((each for each in ("f", "m") if each == sex), None),
    )
    return show(
        work,
        "subscribers.html",
        items=found.items,
        next=found.next,
        q=q,
        village=village,
        sex=sex,
        **_choices(work),
    )


@router.post("/people/subscribers")
def add_subscriber(work: Clerk, form: Form) -> Response:
    made = subscribers.create_subscriber(work, letter(SubscriberForm, _farmer(form), work.request))
    return back(f"/console/people/subscribers/{made.id}", "saved")


@router.get("/people/subscribers/{subscriber_id}")
def subscriber_page(work: Reader, subscriber_id: int) -> Response:
    one = subscribers.read_subscriber(work, subscriber_id)
    return show(work, "subscriber.html", one=one, **_choices(work))


@router.post("/people/subscribers/{subscriber_id}")
def change_subscriber(work: Clerk, subscriber_id: int, form: Form) -> Response:
    """Change a profile, write an agreement into the ledger, or stop every message."""
    path = f"/console/people/subscribers/{subscriber_id}"
    match text(form, "do"):
        case "stop":
            subscribers.stop_subscriber(work, subscriber_id)
            return back(path, "stopped")
        case "agree":
            said = {"consent": _given(form, "how", "ref")}
            notice = "agreed"
        case "change":
            said = _farmer(form)
            notice = "saved"
        case _:
            raise Problem("invalid")
    subscribers.change_subscriber(work, subscriber_id, letter(SubscriberChange, said, work.request))
    return back(path, notice)


def _farmer(form: FormData) -> dict[str, Any]:
    names = ("phone", "name", "language", "village", "cooperative", "sex", "role", "product",
             "market")  # fmt: skip
    said: dict[str, Any] = _given(form, *names)
    if kilos := whole(form, "kilos"):
        said["kilos"] = kilos
    if text(form, "how"):
        said["consent"] = _given(form, "how", "ref")
    return said


def _given(form: FormData, *names: str) -> dict[str, Any]:
    """The fields that were filled in."""
    return {name: text(form, name) for name in names if text(form, name)}


def _month_name(work: Work, month: Month) -> str:
    return f"{voice_of(work.request, work.state).month(month.first.month)} {month.first:%Y}"


def _acts(work: Work) -> bool:
    """Whether this person works with reporters, and not only looks."""
    return work.who.may("operator")


def _flags(work: Work, reporter_id: int) -> list[tuple[str, str]]:
    """(flag, evidence in words)."""
    voice, catalog = voice_of(work.request, work.state), work.state.book().catalog
    found = cards.raised(cards.signs_of(work, reporter_id))
    others = [each.other for each in found if each.other]
    rows = work.session.exec(select(Row).where(col(Row.id).in_(others)))
    names = {row.id or 0: row.name for row in rows}
    return [(each.flag.value, told(each, voice, catalog, names)) for each in found]


def _habits(work: Work, habits: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what is left unsaid, what it then means), in words."""
    catalog, t = work.state.book().catalog, voice_of(work.request, work.state).t
    found = [
        (t("{product} sans mesure", product=catalog.products[p].name("fr")), catalog.units[u])
        for p, u in sorted((habits.get("units") or {}).items())
        if p in catalog.products and u in catalog.units
    ]
    said = [(head, unit.name("fr")) for head, unit in found]
    for code in sorted((habits.get("forms") or {}).values()):
        if code in catalog.products:
            name = catalog.products[code].name("fr")
            said.append((t("{product} sans forme", product=name.partition(" ")[0]), name))
    if habits.get("money"):
        dorome = habits["money"] == "dorome"
        said.append((t("Nombre seul"), t("dɔrɔmɛ de 5 F") if dorome else t("francs")))
    return said


def _choices(work: Work) -> Mapping[str, Any]:
    """What the lists of the forms offer."""
    places = [each for each in villages(work.session) if each.ussd_key is not None or each.demo]
    return {
        "villages": sorted(places, key=lambda each: each.name),
        "cooperatives": work.session.exec(select(Cooperative).order_by(Cooperative.code)).all(),
        "products": work.state.book().sold(),
        "markets": work.state.book().fairs(),
    }
