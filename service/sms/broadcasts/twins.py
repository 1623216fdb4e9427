"""The duplicate guard: has somebody said, or is about to say, the same to the same people?"""

from datetime import datetime, timedelta

import sqlalchemy
from sqlmodel import Session, col, select

from service import encoding
from service.sms.broadcasts import audience
from service.sms.broadcasts.editions import Press, audience_of, edition_of, next_due
from service.sms.refused import Refused
from service.sms.tables import Broadcast, Delivery, MessageText, Run, RunText

SAME_WITHIN = timedelta(hours=48)
"""The same words to the same people this soon are probably a mistake."""


def twin(session: Session, broadcast: Broadcast, now: datetime, press: Press) -> Refused | None:
    """Another broadcast with the same words to some of the same people within two days."""
    made = edition_of(session, broadcast, now, press)
    texts = {encoding.to_gsm(sheet.text) for sheet in made.sheets}
    name = _sent_before(session, broadcast, texts, now) or _planned(session, broadcast, now, press)
    if name is None:
        return None
    return Refused(
        "duplicate",
        f"“{name}” says the same to some of the same people. Confirm if it is meant.",
        f"« {name} » dit la même chose aux mêmes personnes : confirmez si c'est voulu.",
    )


def _sent_before(
    session: Session, broadcast: Broadcast, texts: set[str], now: datetime
) -> str | None:
    people = audience.people(audience_of(broadcast)).subquery()
    same = (
        sqlalchemy.select(col(Broadcast.name))
        .join(Run, col(Run.broadcast_id) == col(Broadcast.id))
        .join(RunText, col(RunText.run_id) == col(Run.id))
        .join(MessageText, col(MessageText.id) == col(RunText.text_id))
        .where(
            col(Run.created_at) > now - SAME_WITHIN,
            col(MessageText.body).in_(texts),
            sqlalchemy.exists().where(
                col(Delivery.run_id) == col(Run.id),
                col(Delivery.contact_id) == people.c.contact_id,
            ),
        )
        .limit(1)
    )
    return session.execute(same).scalar()


def _planned(session: Session, broadcast: Broadcast, now: datetime, press: Press) -> str | None:
    """A waiting broadcast with the same template, due within two days of this one."""
    due = next_due(session, broadcast, now, press) or now
    others = select(Broadcast).where(
        col(Broadcast.state).in_(("pending", "scheduled")), Broadcast.id != broadcast.id
    )
    mine = audience.people(audience_of(broadcast)).subquery()
    for other in session.exec(others):
        theirs = next_due(session, other, now, press) or now
        if other.body != broadcast.body or abs(theirs - due) > SAME_WITHIN:
            continue
        people = audience.people(audience_of(other)).subquery()
        shared = sqlalchemy.select(mine.c.contact_id).join(
            people, people.c.contact_id == mine.c.contact_id
        )
        if session.execute(shared.limit(1)).first():
            return other.name
    return None
