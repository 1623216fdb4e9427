"""A missed call: the farmer beeps, nobody pays, and the price of home comes by SMS.

The call is kept like any message that came in, once per session of the carrier's, and answered
within the same limits: one reply a call, ten a day, never to a name or to who said STOP.
"""

from datetime import datetime

from sqlmodel import Session

from service.people.store import Caller
from service.sms import answers
from service.sms.gateway import IncomingSms
from service.sms.intake import Desk, Received, first_help, question_of
from service.sms.intake import receive as take_in
from service.sms.ringing import IncomingCall
from service.sms.tables import Inbox

CALL = "call:"
"""Before a carrier's session id: the ids of calls and of messages are numbered apart."""
OUTCOME = "call"


def receive(
    session: Session, desk: Desk, gateway: str, call: IncomingCall, now: datetime
) -> Received:
    """Keep a call once and answer it; a call told of again is a quiet repeat."""
    name = f"{CALL}{call.session}" if call.session else None
    beep = IncomingSms(name, call.caller, call.to, "")
    return take_in(session, desk, gateway, beep, now, answer)


def answer(session: Session, desk: Desk, row: Inbox, caller: Caller, now: datetime) -> str | None:
    """The price of home; a number nobody knows gets the short help, once a day."""
    row.outcome = OUTCOME
    if caller.contact.stopped_at is not None:
        return None
    ask = question_of(session, desk, caller, now)
    told = answers.home(ask)
    if told is None and first_help(session, row):
        told = answers.usage(ask)
    return told
