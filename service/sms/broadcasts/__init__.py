"""The life of a broadcast: draft, pending, scheduled, running, paused, finished, cancelled.

Words and audience are checked when they are saved, by name. Whoever changes an approved
broadcast withdraws its approval. Every function is one step inside its caller's transaction,
and answers the broadcast, or a `Refused` that says what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlmodel import Session, col

from service.sms import outbox
from service.sms.broadcasts import drafts, schedule, twins
from service.sms.broadcasts.editions import Press, edition_of, freeze, next_due, rule_of
from service.sms.broadcasts.firing import Fired, fire
from service.sms.broadcasts.preview import Preview, preview
from service.sms.outbox import sweep
from service.sms.refused import Refused
from service.sms.tables import Broadcast, Delivery, Run, stored

EDITABLE = ("draft", "pending", "scheduled")


@dataclass(frozen=True, slots=True)
class Step:
    """Where a broadcast stands after a step; `run_id` when the step sent it at once."""

    broadcast: Broadcast
    run_id: int | None = None


def create(
    session: Session,
    *,
    name: str,
    body: Mapping[str, str],
    whom: object,
    when: object,
    actor: str,
    now: datetime,
    press: Press,
    freeze_at: str = "send",
    needs_fresh: bool = True,
) -> Broadcast | Refused:
    """A new draft. `whom` is an audience, `when` a rule, as the API takes them."""
    broadcast = Broadcast(
        name=name, body={}, audience={}, rule={}, created_by=actor, created_at=now
    )
    changes = {
        "name": name,
        "body": body,
        "audience": whom,
        "when": when,
        "freeze": freeze_at,
        "needs_fresh": needs_fresh,
    }
    if refusal := drafts.take(session, broadcast, changes, press):
        return refusal
    session.add(broadcast)
    session.flush()
    return broadcast


def update(
    session: Session, broadcast_id: int, changes: Mapping[str, object], press: Press
) -> Broadcast | Refused:
    """Change some of `name`, `body`, `audience`, `when`, `freeze`, `needs_fresh`.

    What was submitted or approved is a draft again: nobody approved these words.
    """
    broadcast = _locked(session, broadcast_id)
    if broadcast.state not in EDITABLE:
        return _wrong_state(broadcast, "changed")
    if refusal := drafts.take(session, broadcast, changes, press):
        return refusal
    _withdraw(broadcast)
    return _saved(session, broadcast)


def copy(session: Session, broadcast_id: int, actor: str, now: datetime) -> Broadcast:
    """A new draft with the words, audience and rule of another."""
    old = session.get_one(Broadcast, broadcast_id)
    new = Broadcast(
        name=f"{old.name} (2)"[:120],
        body=dict(old.body),
        audience=dict(old.audience),
        rule=dict(old.rule),
        freeze=old.freeze,
        needs_fresh=old.needs_fresh,
        created_by=actor,
        created_at=now,
    )
    return _saved(session, new)


def look(session: Session, broadcast_id: int, now: datetime, press: Press) -> Preview:
    return preview(session, session.get_one(Broadcast, broadcast_id), now, press)


def test_send(
    session: Session,
    broadcast_id: int,
    contacts: Sequence[int],
    language: str,
    now: datetime,
    press: Press,
) -> list[Delivery] | Refused:
    """Send what most readers of a language would get to a few phones of our own."""
    broadcast = session.get_one(Broadcast, broadcast_id)
    pages = {page.language: page for page in preview(session, broadcast, now, press).pages}
    if language not in pages or not pages[language].text.strip():
        return Refused(
            "language",
            f"There is no text in {language!r}.",
            f"Il n'y a pas de texte en {language!r}.",
        )
    sent: list[Delivery] = []
    for contact_id in dict.fromkeys(contacts):
        queued = outbox.enqueue(
            session,
            contact_id=contact_id,
            body=pages[language].text,
            language=language,
            kind="test",
            now=now,
            limits=press.limits,
        )
        if isinstance(queued, Refused):
            return queued
        sent.append(queued)
    return sent


def submit(
    session: Session,
    broadcast_id: int,
    actor: str,
    now: datetime,
    press: Press,
    *,
    confirm: bool = False,
) -> Step | Refused:
    """Ask for it to be sent. Small ones go their way; the others wait for a second person.

    `confirm` says that the same words to the same people are meant.
    """
    broadcast = _locked(session, broadcast_id)
    if broadcast.state != "draft":
        return _wrong_state(broadcast, "submitted")
    seen = preview(session, broadcast, now, press)
    if seen.blockers:
        return seen.blockers[0]
    if not confirm and (twin := twins.twin(session, broadcast, now, press)):
        return twin
    broadcast.submitted_by = actor
    if seen.needs_approval:
        broadcast.state = "pending"
        return Step(_saved(session, broadcast))
    return _release(session, broadcast, now, press)


def approve(
    session: Session, broadcast_id: int, actor: str, now: datetime, press: Press
) -> Step | Refused:
    """The second person's yes. It may not be the one who wrote or submitted it."""
    broadcast = _locked(session, broadcast_id)
    if broadcast.state != "pending":
        return _wrong_state(broadcast, "approved")
    if actor in (broadcast.created_by, broadcast.submitted_by):
        return Refused(
            "own",
            "Somebody else must approve what you wrote or submitted.",
            "Une autre personne doit approuver ce que vous avez écrit ou soumis.",
        )
    if blockers := preview(session, broadcast, now, press).blockers:
        return blockers[0]
    broadcast.approved_by, broadcast.approved_at = actor, now
    return _release(session, broadcast, now, press)


def pause(session: Session, broadcast_id: int) -> Step | Refused:
    """Stop sending: no worker takes another batch of it."""
    broadcast = _locked(session, broadcast_id)
    if broadcast.state not in ("scheduled", "running"):
        return _wrong_state(broadcast, "paused")
    _set_runs(session, broadcast, "running", "paused")
    broadcast.state = "paused"
    return Step(_saved(session, broadcast))


def resume(session: Session, broadcast_id: int, now: datetime, press: Press) -> Step | Refused:
    """Go on where it stopped. Slots that passed meanwhile are not made up for."""
    broadcast = _locked(session, broadcast_id)
    if broadcast.state not in ("paused", "running", "scheduled"):
        return _wrong_state(broadcast, "resumed")
    if not _set_runs(session, broadcast, "paused", "running") and broadcast.state != "paused":
        return _wrong_state(broadcast, "resumed")
    rule = rule_of(broadcast, press.limits)
    if schedule.repeats(rule):
        broadcast.next_due = next_due(session, broadcast, now, press)
    broadcast.state = "scheduled" if broadcast.next_due else "running"
    return Step(_saved(session, broadcast))


def cancel(session: Session, broadcast_id: int, now: datetime) -> Step | Refused:
    """Send no more of it, ever. Rows nobody took yet are cancelled, the rest within a minute."""
    broadcast = _locked(session, broadcast_id)
    if broadcast.state in ("finished", "cancelled"):
        return _wrong_state(broadcast, "cancelled")
    broadcast.state, broadcast.next_due = "cancelled", None
    stopped = _set_runs(session, broadcast, "running", "cancelled", now)
    stopped += _set_runs(session, broadcast, "paused", "cancelled", now)
    for run_id in stopped:
        sweep.cancel_rows(session, run_id, now)
    return Step(_saved(session, broadcast))


def _withdraw(broadcast: Broadcast) -> None:
    broadcast.state, broadcast.next_due, broadcast.frozen = "draft", None, None
    broadcast.submitted_by = broadcast.approved_by = broadcast.approved_at = None
    broadcast.version += 1


# --- releasing --------------------------------------------------------------------------------


def _release(session: Session, broadcast: Broadcast, now: datetime, press: Press) -> Step | Refused:
    """Give it to the clock; send it at once when that is what was asked."""
    if broadcast.freeze == "approval":
        broadcast.frozen = freeze(edition_of(session, broadcast, now, press))
    if isinstance(rule_of(broadcast, press.limits), schedule.Now):
        broadcast.state = "running"
        _saved(session, broadcast)
        fired = fire(session, broadcast, now, now, press)
        return _sent(session, broadcast, fired)
    broadcast.next_due = next_due(session, broadcast, now, press)
    broadcast.state = "scheduled"
    return Step(_saved(session, broadcast))


def _sent(session: Session, broadcast: Broadcast, fired: Fired | None) -> Step | Refused:
    if fired is None:
        return Refused("state", "It has been sent already.", "C'est déjà parti.")
    if fired.state != "running":
        broadcast.state = "finished"
    return Step(_saved(session, broadcast), fired.run_id)


def _set_runs(
    session: Session, broadcast: Broadcast, old: str, new: str, ended: datetime | None = None
) -> list[int]:
    """Move the broadcast's runs from one state to another; which those are. A run that staff
    resumed is not paused again for the failures they have seen."""
    values: dict[str, Any] = {"state": new, "finished_at": ended}
    if (old, new) == ("paused", "running"):
        values["reason"] = "resumed"
    moved = session.execute(
        sqlalchemy.update(Run)
        .where(col(Run.broadcast_id) == broadcast.id, col(Run.state) == old)
        .values(values)
        .returning(col(Run.id))
        .execution_options(synchronize_session=False)
    )
    return [stored(run_id) for run_id in moved.scalars()]


def _locked(session: Session, broadcast_id: int) -> Broadcast:
    return session.get_one(Broadcast, broadcast_id, with_for_update=True)


def _saved(session: Session, broadcast: Broadcast) -> Broadcast:
    session.add(broadcast)
    session.flush()
    return broadcast


def _wrong_state(broadcast: Broadcast, wish: str) -> Refused:
    return Refused(
        "state",
        f"It is {broadcast.state}: it cannot be {wish}.",
        "L'état actuel de cet envoi ne le permet pas.",
    )
