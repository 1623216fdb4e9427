"""A call as a carrier tells of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A voice call to our number, refused unanswered: a farmer who beeps wants the price by SMS.

    `session` is the carrier's name of the call, "" when it gives none; a call may be told of
    several times. `caller` is E.164, or as written when it is no phone number.
    """

    session: str
    caller: str
    to: str = ""
