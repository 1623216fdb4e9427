"""Putting a message in the outbox, in the transaction of whatever caused it.

Nothing is sent here. A message that is worth nothing any more when its turn comes is dropped
by its own `not_after`; one that would wake somebody waits for the morning.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from service import encoding
from service.sms.outbox import budget
from service.sms.outbox.due import QUEUED
from service.sms.outbox.limits import REPLIES, Limits
from service.sms.outbox.states import RANK, State
from service.sms.refused import Refused
from service.sms.tables import Delivery, MessageText, Run, stored

REPLIES_A_DAY = 10
"""Replies to one number in a day: above it two machines may be talking to each other."""
LOOP_COPIES = 3
LOOP_WINDOW = timedelta(minutes=10)
"""The same words to the same number this often, this fast, are a loop."""
PRIORITY: Mapping[str, int] = MappingProxyType(
    {"reply": 0, "copy": 0, "test": 0, "challenge": 1, "question": 1, "correction": 2, "alert": 3}
)
"""Lower leaves first; anything else is `USUAL`."""
USUAL = 5
WORTH: Mapping[str, timedelta] = MappingProxyType(
    {
        "reply": timedelta(hours=2),
        "copy": timedelta(hours=2),
        "test": timedelta(hours=1),
        "challenge": timedelta(minutes=30),
        "question": timedelta(hours=2),
    }
)
"""How long a message is worth sending once it may leave; anything else `USUAL_WORTH`."""
USUAL_WORTH = timedelta(hours=12)


def write(session: Session, body: str, language: str) -> MessageText:
    """Keep the words as they will be on the wire, with what they cost."""
    text = wired(body, language)
    session.add(text)
    session.flush()
    return text


def wired(body: str, language: str) -> MessageText:
    """The same, not kept yet."""
    wire = encoding.to_gsm(body)
    return MessageText(
        body=wire,
        language=language,
        septets=encoding.septets(wire),
        segments=encoding.segments(wire),
        encoding=encoding.encoding(wire),
    )


def enqueue(
    session: Session,
    *,
    contact_id: int,
    body: str,
    language: str,
    kind: str,
    now: datetime,
    limits: Limits,
    inbox_id: int | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    priority: int | None = None,
) -> Delivery | Refused:
    """Queue one message to one contact.

    `kind` is `reply`, `copy`, `test`, `question`, `challenge`, `alert`, `reminder`,
    `correction` or a word of the caller's (10 characters). `inbox_id` is the message this one
    answers: it is answered at most once, and a number at most `REPLIES_A_DAY` times a day.
    """
    if refusal := _refusal(session, contact_id, body, kind, now, limits, inbox_id):
        return refusal
    start = max(not_before or now, now)
    start = start if kind in REPLIES else limits.wakes(start)
    text = write(session, body, language)
    delivery = Delivery(
        contact_id=contact_id,
        text_id=stored(text.id),
        kind=kind,
        priority=PRIORITY.get(kind, USUAL) if priority is None else priority,
        segments=text.segments,
        not_before=start,
        not_after=not_after or start + WORTH.get(kind, USUAL_WORTH),
        inbox_id=inbox_id,
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery


def suppress(session: Session, contact_id: int, now: datetime, reason: str = "stopped") -> int:
    """STOP: every message still queued for this contact, in any run, is dropped at once.

    What was asked for in person (`limits.REPLIES`, the goodbye itself) still leaves.
    """
    running = select(Run.id).where(col(Run.state).in_(("running", "paused")))
    dropped = session.execute(
        update(Delivery)
        .where(
            col(Delivery.contact_id) == contact_id,
            col(Delivery.state) == QUEUED,
            or_(col(Delivery.run_id).is_(None), col(Delivery.run_id).in_(running)),
            col(Delivery.kind).not_in(REPLIES),
        )
        .values(
            state=State.SUPPRESSED.value,
            rank=RANK[State.SUPPRESSED],
            reason=reason,
            final_at=now,
        )
        .execution_options(synchronize_session=False)
        .returning(col(Delivery.id))
    )
    return len(dropped.all())


def _refusal(
    session: Session,
    contact_id: int,
    body: str,
    kind: str,
    now: datetime,
    limits: Limits,
    inbox_id: int | None,
) -> Refused | None:
    if not body.strip():
        return Refused("empty", "There is nothing to say.", "Il n'y a rien à dire.")
    if inbox_id is not None and _answered(session, inbox_id):
        return Refused(
            "answered",
            "This message has been answered already.",
            "Ce message a déjà eu sa réponse.",
        )
    if kind in REPLIES and _loops(session, contact_id, body, now):
        return Refused(
            "loop",
            "The same words have just been sent to this number several times.",
            "Les mêmes mots viennent de partir plusieurs fois vers ce numéro.",
        )
    if kind == "reply":
        today = limits.today(now)
        if not budget.admit_reply(session, contact_id, today, REPLIES_A_DAY):
            return Refused(
                "reply_limit",
                f"{REPLIES_A_DAY} replies to this number today.",
                f"{REPLIES_A_DAY} réponses à ce numéro aujourd'hui.",
            )
    return None


def _answered(session: Session, inbox_id: int) -> bool:
    return (
        session.exec(select(Delivery.id).where(Delivery.inbox_id == inbox_id)).first() is not None
    )


def _loops(session: Session, contact_id: int, body: str, now: datetime) -> bool:
    same = (
        select(Delivery.id)
        .join(MessageText, col(MessageText.id) == col(Delivery.text_id))
        .where(
            Delivery.contact_id == contact_id,
            col(Delivery.run_id).is_(None),
            Delivery.created_at > now - LOOP_WINDOW,
            MessageText.body == encoding.to_gsm(body),
        )
        .limit(LOOP_COPIES)
    )
    return len(session.exec(same).all()) >= LOOP_COPIES
