"""Broadcasts: written beside a picture of the phone that gets them, submitted, approved, sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Response
from sqlmodel import select
from starlette.datastructures import FormData

from service.api.console.desk import (
    Clerk,
    Form,
    Reader,
    Second,
    attempt,
    back,
    letter,
    once,
    pages,
    problem_page,
    show,
    text,
    texts,
    voice_of,
    whole,
)
from service.api.deps import Work
from service.api.pages import Ask
from service.api.problems import Problem
from service.api.v1 import broadcasts
from service.api.v1.broadcast_forms import (
    Broadcast,
    BroadcastChange,
    BroadcastForm,
    Preview,
    Submission,
    TestForm,
)
from service.i18n import LANGS
from service.people.store import villages
from service.people.tables import Cooperative
from service.sms.broadcasts.audience import ROLES, SEXES
from service.sms.broadcasts.template import VARIABLES

router = pages()

PATH = "/console/broadcasts"
SHOWN = 30
RUNS = 20
LISTS = ("villages", "communes", "cooperatives", "markets", "products", "sex", "languages", "roles")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
USUAL_TIME = "06:45"
"""When a first draft goes out: before people leave for the fair."""
EMPTY: Mapping[str, Any] = {
    "name": "",
    "body": {"fr": "PRIX {market} {date}: {prices}", "bm": "{market} SONGO {date}: {prices}"},
    "audience": {},
    "when": {"weekly": ["fri"], "at": USUAL_TIME},
    "freeze": "send",
    "needs_fresh": True,
}


@router.get("/broadcasts")
def list_page(work: Reader, cursor: str | None = None, q: str = "") -> Response:
    found = broadcasts.list_broadcasts(work, Ask(cursor, SHOWN), q=q or None)
    return show(work, "broadcasts.html", items=found.items, next=found.next, q=q)


@router.get("/broadcasts/new")
def new_page(work: Clerk) -> Response:
    return _composer(work, EMPTY, None, (None, None))


@router.post("/broadcasts/preview")
def preview_part(work: Clerk, form: Form) -> Response:
    """The picture of the phone alone, for the page that is being written."""
    said = _said(form)
    preview, wrong = _look(work, said)
    return show(work, "preview.html", preview=preview, wrong=wrong)


@router.post("/broadcasts/new")
def create(work: Clerk, form: Form) -> Response:
    """Keep a draft; or only look at it, when that is the button that was pressed."""
    said = _said(form)
    if text(form, "do") == "look":
        return _composer(work, said, None, _look(work, said))
    made: list[Broadcast] = []
    wrong = attempt(
        work,
        lambda: made.append(
            broadcasts.create_broadcast(work, letter(BroadcastForm, said, work.request), once(work))
        ),
    )
    if wrong:
        return _composer(work, said, None, (None, wrong), status=wrong["status"])
    return back(f"{PATH}/{made[0].id}", "saved")


@router.get("/broadcasts/{broadcast_id}/edit")
def edit_page(work: Clerk, broadcast_id: int) -> Response:
    row = broadcasts.read_broadcast(work, broadcast_id)
    seen = broadcasts.preview_broadcast(work, broadcast_id)
    return _composer(work, row.model_dump(), broadcast_id, (seen, None), row.version)


@router.post("/broadcasts/{broadcast_id}/edit")
def change(work: Clerk, broadcast_id: int, form: Form) -> Response:
    said = _said(form)
    if text(form, "do") == "look":
        return _composer(work, said, broadcast_id, _look(work, said), whole(form, "version"))
    wrong = attempt(
        work,
        lambda: broadcasts.change_broadcast(
            work, broadcast_id, letter(BroadcastChange, said, work.request)
        ),
    )
    if wrong:
        version = whole(form, "version")
        return _composer(work, said, broadcast_id, (None, wrong), version, wrong["status"])
    return back(f"{PATH}/{broadcast_id}", "saved")


@router.get("/broadcasts/{broadcast_id}")
def read_page(work: Reader, broadcast_id: int) -> Response:
    row = broadcasts.read_broadcast(work, broadcast_id)
    over = row.state in ("finished", "cancelled")
    return show(
        work,
        "broadcast.html",
        row=row,
        preview=None if over else broadcasts.preview_broadcast(work, broadcast_id),
        runs=broadcasts.list_runs_of_broadcast(work, broadcast_id, Ask(None, RUNS)).items,
        own=work.who.name in (row.created_by, row.submitted_by),
        wrong=None,
    )


@router.post("/broadcasts/{broadcast_id}/approve")
def approve(work: Second, broadcast_id: int) -> Response:
    """The second person's yes."""
    done = broadcasts.approve_broadcast(work, broadcast_id, once(work))
    return _after(done.run_id, broadcast_id, "approved")


@router.post("/broadcasts/{broadcast_id}/{step}")
def take_step(work: Clerk, broadcast_id: int, step: str, form: Form) -> Response:
    """One step in its life, by the function of the API."""
    match step:
        case "submit":
            confirmed = Submission(confirm=bool(text(form, "confirm")))
            done = broadcasts.submit_broadcast(work, broadcast_id, once(work), confirmed)
            return _after(done.run_id, broadcast_id, "submitted")
        case "pause":
            broadcasts.pause_broadcast(work, broadcast_id)
            return back(f"{PATH}/{broadcast_id}", "paused")
        case "resume":
            broadcasts.resume_broadcast(work, broadcast_id, once(work))
            return back(f"{PATH}/{broadcast_id}", "resumed")
        case "cancel":
            broadcasts.cancel_broadcast(work, broadcast_id)
            return back(f"{PATH}/{broadcast_id}", "cancelled")
        case "copy":
            made = broadcasts.copy_broadcast(work, broadcast_id)
            return back(f"{PATH}/{made.id}", "copied")
        case "remove":
            broadcasts.remove_broadcast(work, broadcast_id)
            return back(PATH, "removed")
        case "test":
            _test(work, broadcast_id, form)
            return back(f"{PATH}/{broadcast_id}", "tested")
        case _:
            raise Problem("not_found")


def _test(work: Work, broadcast_id: int, form: FormData) -> None:
    said = {
        "phones": text(form, "phones").replace(",", " ").split(),
        "language": text(form, "language") or "fr",
    }
    trial = letter(TestForm, said, work.request)
    broadcasts.test_send(work, broadcast_id, trial, once(work))


def _after(run_id: int | None, broadcast_id: int, notice: str) -> Response:
    """To the run, when the step sent it at once."""
    return back(f"/console/runs/{run_id}" if run_id else f"{PATH}/{broadcast_id}", notice)


def _composer(
    work: Work,
    said: Mapping[str, Any],
    broadcast_id: int | None,
    seen: tuple[Preview | None, dict[str, Any] | None],
    version: int | None = None,
    status: int = 200,
) -> Response:
    """The page of a draft, what was typed kept beside what is wrong with it."""
    when = said["when"] if isinstance(said["when"], Mapping) else {}
    return show(
        work,
        "composer.html",
        status,
        version=version,
        draft=said,
        broadcast_id=broadcast_id,
        kind=_kind(said["when"]),
        at=when.get("at", USUAL_TIME),
        once_at=_local(work, when.get("once", "")),
        days=when.get("weekly", ["fri"]),
        fair=when.get("fair", ""),
        preview=seen[0],
        wrong=seen[1],
        variables=[f"{{{each}}}" for each in VARIABLES],
        choices=_choices(work),
        markets=work.state.book().fairs(),
        day_codes=DAYS,
    )


def _choices(work: Work) -> Mapping[str, list[tuple[str, str]]]:
    """What may be ticked in each list: codes with their names. Only villages that are served."""
    book, voice = work.state.book(), voice_of(work.request, work.state)
    served = [each for each in villages(work.session) if each.ussd_key is not None or each.demo]
    communes = sorted({each.commune for each in served})
    groups = work.session.exec(select(Cooperative).order_by(Cooperative.code))
    return {
        "villages": [(each.code, f"{each.name} ({each.commune})") for each in served],
        "communes": [(each, each) for each in communes],
        "cooperatives": [(each.code, each.name) for each in groups],
        "markets": [(each.code, each.name) for each in book.fairs()],
        "products": [(each.code, voice.name(each)) for each in book.sold()],
        "sex": [(each, voice.code(each)) for each in SEXES],
        "languages": [(each, voice.code(each)) for each in LANGS],
        "roles": [(each, voice.code(each)) for each in ROLES],
    }


def _look(work: Work, said: Mapping[str, Any]) -> tuple[Preview | None, dict[str, Any] | None]:
    """What would leave, or what is wrong with the words. Nothing is kept."""
    draft = {**said, "name": said["name"] or "–"}
    trial = work.session.begin_nested()
    try:
        seen = broadcasts.preview_draft(work, letter(BroadcastForm, draft, work.request))
    except Problem as problem:
        if trial.is_active:
            trial.rollback()
        return None, problem_page(work.request, problem)
    return seen, None


def _said(form: FormData) -> dict[str, Any]:
    """The form as a letter of the API."""
    body = {lang: text(form, f"body_{lang}") for lang in ("fr", "bm")}
    audience: dict[str, Any] = {name: texts(form, name) for name in LISTS if texts(form, name)}
    excluded = {name: texts(form, f"not_{name}") for name in LISTS if texts(form, f"not_{name}")}
    if excluded:
        audience["exclude"] = excluded
    return {
        "name": text(form, "name"),
        "body": {lang: words for lang, words in body.items() if words},
        "audience": audience if set(audience) - {"exclude"} else {"villages": ["*"], **audience},
        "when": _when(form),
        "freeze": text(form, "freeze") or "send",
        "needs_fresh": bool(text(form, "needs_fresh")),
    }


def _when(form: FormData) -> Any:
    at = text(form, "at") or USUAL_TIME
    match text(form, "kind"):
        case "once":
            return {"once": text(form, "once_at")}
        case "weekly":
            return {"weekly": texts(form, "days"), "at": at}
        case "fair":
            return {"fair": text(form, "fair"), "at": at}
        case _:
            return "now"


def _kind(when: Any) -> str:
    if isinstance(when, Mapping):
        return next((each for each in ("once", "weekly", "fair") if each in when), "now")
    return "now"


def _local(work: Work, said: str) -> str:
    """An instant as a field for date and time wants it: local, to the minute."""
    if not said:
        return ""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return said
    local = at.astimezone(work.state.limits.zone) if at.tzinfo else at
    return f"{local:%Y-%m-%dT%H:%M}"
