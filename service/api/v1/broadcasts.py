"""Broadcasts: written, looked at, submitted, approved by a second person, sent once, on time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlmodel import col, select

from service.api import errors, records
from service.api.deps import Approver, OnceDep, Operator, Viewer, Work
from service.api.letters import Id, Language, Letter
from service.api.pages import Page, Paging, like, paged
from service.api.v1.broadcast_forms import (
    AudienceForm,
    Broadcast,
    BroadcastChange,
    BroadcastForm,
    Preview,
    Stepped,
    Submission,
    Tested,
    TestForm,
)
from service.api.v1.runs import Run, press_of, run_of
from service.people import store as people
from service.phone import Phone
from service.sms import broadcasts as plans
from service.sms.broadcasts import Step, schedule
from service.sms.broadcasts.editions import fairs_of
from service.sms.broadcasts.preview import Preview as Seen
from service.sms.refused import Refused
from service.sms.tables import Broadcast as BroadcastRow
from service.sms.tables import Run as RunRow
from service.sms.tables import stored

router = APIRouter(prefix="/broadcasts", tags=["broadcasts"])


@router.get("")
def list_broadcasts(
    work: Viewer,
    ask: Paging,
    state: Annotated[list[str] | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[Broadcast]:
    """Broadcasts, newest first."""
    query = select(BroadcastRow)
    if state:
        query = query.where(col(BroadcastRow.state).in_(state))
    if q:
        query = query.where(col(BroadcastRow.name).ilike(like(q), escape="|"))
    keys = [BroadcastRow.id]
    return paged(work.session, query, keys, ask, lambda row: _read(work, row), newest_first=True)


@router.post("", status_code=201)
def create_broadcast(work: Operator, form: BroadcastForm, once: OnceDep) -> Broadcast:
    """A draft. Nothing is sent before it is submitted."""
    made = plans.create(
        work.session,
        name=form.name,
        body=_words(form.body),
        whom=_whom(form.audience),
        when=_when(form.when),
        actor=work.who.name,
        now=work.now,
        press=press_of(work),
        freeze_at=form.freeze,
        needs_fresh=form.needs_fresh,
    )
    row = _done(made)
    work.record("broadcast.create", records.subject(row), after=_kept(row))
    work.tag(row.version)
    return once.keep(_read(work, row), 201)


@router.get("/{broadcast_id}")
def read_broadcast(work: Viewer, broadcast_id: Id) -> Broadcast:
    row = work.one(BroadcastRow, broadcast_id)
    work.tag(row.version)
    return _read(work, row)


@router.patch("/{broadcast_id}")
def change_broadcast(work: Operator, broadcast_id: Id, form: BroadcastChange) -> Broadcast:
    """Change the words, the people or the time. What was approved is a draft again."""
    before = work.one(BroadcastRow, broadcast_id)
    work.expect(before.version)
    kept = _kept(before)
    row = _done(plans.update(work.session, broadcast_id, _changes(form), press_of(work)))
    work.record("broadcast.change", records.subject(row), before=kept, after=_kept(row))
    work.tag(row.version)
    return _read(work, row)


@router.delete("/{broadcast_id}", status_code=204)
def remove_broadcast(work: Operator, broadcast_id: Id) -> None:
    """Throw a draft away; what has runs is history (409)."""
    row = work.one(BroadcastRow, broadcast_id)
    if row.state != "draft":
        raise errors.refused(
            Refused(
                "state",
                f"It is {row.state}: it cannot be removed.",
                "L'état actuel de cet envoi ne permet pas de le supprimer.",
            )
        )
    records.remove(work, row)


@router.post("/{broadcast_id}/copy", status_code=201)
def copy_broadcast(work: Operator, broadcast_id: Id) -> Broadcast:
    """A new draft with the same words, people and time."""
    work.one(BroadcastRow, broadcast_id)
    row = plans.copy(work.session, broadcast_id, work.who.name, work.now)
    work.record("broadcast.create", records.subject(row), after=_kept(row))
    work.tag(row.version)
    return _read(work, row)


@router.get("/{broadcast_id}/preview")
def preview_broadcast(work: Viewer, broadcast_id: Id) -> Preview:
    """What would leave now: words per language, people, SMS, cost, and what stands against it."""
    work.one(BroadcastRow, broadcast_id)
    return _seen(work, plans.look(work.session, broadcast_id, work.now, press_of(work)))


@router.post("/preview")
def preview_draft(work: Operator, form: BroadcastForm) -> Preview:
    """The same for words that are not kept yet; nothing is saved."""
    trial = work.session.begin_nested()
    made = _done(
        plans.create(
            work.session,
            name=form.name,
            body=_words(form.body),
            whom=_whom(form.audience),
            when=_when(form.when),
            actor=work.who.name,
            now=work.now,
            press=press_of(work),
            freeze_at=form.freeze,
            needs_fresh=form.needs_fresh,
        )
    )
    seen = plans.look(work.session, stored(made.id), work.now, press_of(work))
    trial.rollback()
    return _seen(work, seen)


@router.post("/{broadcast_id}/test-send")
def test_send(work: Operator, broadcast_id: Id, form: TestForm, once: OnceDep) -> Tested:
    """Send what most readers of a language would get to phones of our own."""
    work.one(BroadcastRow, broadcast_id)
    contacts = [_contact(work, phone) for phone in form.phones]
    sent = plans.test_send(
        work.session, broadcast_id, contacts, form.language, work.now, press_of(work)
    )
    if isinstance(sent, Refused):
        raise errors.refused(sent)
    ids = [stored(each.id) for each in sent]
    work.record("broadcast.test", f"broadcast:{broadcast_id}", after={"deliveries": ids})
    return once.keep(Tested(deliveries=ids))


@router.post("/{broadcast_id}/submit")
def submit_broadcast(
    work: Operator, broadcast_id: Id, once: OnceDep, form: Submission | None = None
) -> Stepped:
    """Ask for it to be sent. A small one goes its way, the others wait for a second person."""
    confirm = form is None or form.confirm
    work.one(BroadcastRow, broadcast_id)
    step = plans.submit(
        work.session, broadcast_id, work.who.name, work.now, press_of(work), confirm=confirm
    )
    return once.keep(_stepped(work, "submit", step))


@router.post("/{broadcast_id}/approve")
def approve_broadcast(work: Approver, broadcast_id: Id, once: OnceDep) -> Stepped:
    """The second person's yes; never from whoever wrote or submitted it."""
    work.one(BroadcastRow, broadcast_id)
    step = plans.approve(work.session, broadcast_id, work.who.name, work.now, press_of(work))
    return once.keep(_stepped(work, "approve", step))


@router.post("/{broadcast_id}/pause")
def pause_broadcast(work: Operator, broadcast_id: Id) -> Stepped:
    """Stop sending within one batch; nothing is lost."""
    work.one(BroadcastRow, broadcast_id)
    return _stepped(work, "pause", plans.pause(work.session, broadcast_id))


@router.post("/{broadcast_id}/resume")
def resume_broadcast(work: Operator, broadcast_id: Id, once: OnceDep) -> Stepped:
    """Go on where it stopped; slots that passed meanwhile are not made up for."""
    work.one(BroadcastRow, broadcast_id)
    step = plans.resume(work.session, broadcast_id, work.now, press_of(work))
    return once.keep(_stepped(work, "resume", step))


@router.post("/{broadcast_id}/cancel")
def cancel_broadcast(work: Operator, broadcast_id: Id) -> Stepped:
    """Send no more of it, ever."""
    work.one(BroadcastRow, broadcast_id)
    return _stepped(work, "cancel", plans.cancel(work.session, broadcast_id, work.now))


@router.get("/{broadcast_id}/runs")
def list_runs_of_broadcast(work: Viewer, broadcast_id: Id, ask: Paging) -> Page[Run]:
    """The runs of one broadcast, newest first."""
    work.one(BroadcastRow, broadcast_id)
    query = select(RunRow).where(RunRow.broadcast_id == broadcast_id)
    keys = [RunRow.id]
    return paged(work.session, query, keys, ask, lambda row: run_of(work, row), newest_first=True)


def _stepped(work: Work, name: str, step: Step | Refused) -> Stepped:
    if isinstance(step, Refused):
        raise errors.refused(step)
    row = step.broadcast
    after = {"state": row.state, "run_id": step.run_id}
    work.record(f"broadcast.{name}", records.subject(row), after=after)
    work.tag(row.version)
    return Stepped(**_read(work, row).model_dump(), run_id=step.run_id)


def _done(made: BroadcastRow | Refused) -> BroadcastRow:
    if isinstance(made, Refused):
        raise errors.refused(made)
    return made


def _changes(form: BroadcastChange) -> dict[str, object]:
    changes = records.given(form)
    if form.body is not None:
        changes["body"] = _words(form.body)
    if form.audience is not None:
        changes["audience"] = _whom(form.audience)
    if form.when is not None:
        changes["when"] = _when(form.when)
    return changes


def _words(body: Mapping[Language, str]) -> dict[str, str]:
    return {str(language): words for language, words in body.items()}


def _whom(form: AudienceForm) -> dict[str, Any]:
    return form.model_dump(exclude_none=True)


def _when(form: "str | Letter") -> object:
    return form if isinstance(form, str) else form.model_dump()


def _contact(work: Work, phone: str) -> int:
    return people.key(people.contact_for(work.session, work.state.vault, Phone(phone), work.now).id)


def _kept(row: BroadcastRow) -> dict[str, Any]:
    names = ("name", "body", "audience", "rule", "freeze", "needs_fresh", "state")
    return {name: getattr(row, name) for name in names}


def _read(work: Work, row: BroadcastRow) -> Broadcast:
    when: str | dict[str, Any] = "now" if row.rule == {"now": True} else row.rule
    return Broadcast.model_validate({**row.model_dump(), "when": when, "next": _next(work, row)})


def _next(work: Work, row: BroadcastRow, count: int = 3) -> Sequence[datetime]:
    """The next instants it is due: what was meant, in plain sight."""
    rule = schedule.read(row.rule, work.state.limits.zone)
    if isinstance(rule, Refused) or row.state in ("finished", "cancelled"):
        return []
    fairs = fairs_of(work.state.book())
    return schedule.next_times(rule, work.now, work.state.limits.zone, fairs, count)


def _seen(work: Work, seen: Seen) -> Preview:
    told = {
        name: [{"code": each.code, "detail": each.said(work.lang)} for each in found]
        for name, found in (("blockers", seen.blockers), ("cautions", seen.cautions))
    }
    facts = {name: getattr(seen, name) for name in Preview.model_fields if name not in told}
    return Preview.model_validate({**facts, **told}, from_attributes=True)
