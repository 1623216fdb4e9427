"""What a delivery may become. State only climbs: it is the highest thing any evidence said.

Order, repetition and loss of reports can therefore not matter (`reliability.md` 3.1). A tie is
settled by name, and the reason by the greater text, so that the join is a true maximum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from types import MappingProxyType

from service.sms.gateway import NoteState


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    REJECTED = "rejected"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


RANK: Mapping[str, int] = MappingProxyType(
    {
        State.QUEUED: 0,
        State.SENDING: 10,
        State.UNKNOWN: 15,
        State.ACCEPTED: 20,
        State.SENT: 30,
        State.EXPIRED: 50,
        State.SUPPRESSED: 50,
        State.CANCELLED: 50,
        State.FAILED: 90,
        State.REJECTED: 90,
        State.DELIVERED: 100,
    }
)
"""How much each state knows. Expired, suppressed and cancelled are left before anything is sent."""

FROM_NOTE: Mapping[NoteState, State] = MappingProxyType(
    {
        NoteState.IN_TRANSIT: State.SENT,
        NoteState.DELIVERED: State.DELIVERED,
        NoteState.FAILED: State.FAILED,
    }
)
"""A report's word as a state; an unknown word is kept and moves nothing."""

COUNTED = (
    State.QUEUED,
    State.SENDING,
    State.ACCEPTED,
    State.DELIVERED,
    State.FAILED,
    State.UNKNOWN,
    State.EXPIRED,
    State.SUPPRESSED,
    State.CANCELLED,
)
"""The keys of a run's counts, as staff see them."""

_SHOWN_AS: Mapping[str, State] = MappingProxyType({State.SENT: State.ACCEPTED})
_COUNTED_AS: Mapping[str, State] = MappingProxyType(
    {State.SENT: State.ACCEPTED, State.REJECTED: State.FAILED}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a delivery stands, and why when that is bad."""

    state: str
    reason: str = ""

    @property
    def order(self) -> tuple[int, str, str]:
        return (RANK[self.state], self.state, self.reason)


def join(held: Standing, heard: Standing) -> Standing:
    """The higher of the two: commutative, associative, idempotent."""
    return max(held, heard, key=lambda each: each.order)


def fold(held: Standing, heard: Iterable[Standing]) -> Standing:
    return reduce(join, heard, held)


def shown(state: str) -> str:
    """The state as the API says it: a message on its way is `accepted`."""
    return _SHOWN_AS.get(state, state)


def tally(found: Mapping[str, int]) -> dict[str, int]:
    """Rows per state, as a run's counts: every key is present, and they add up to the total."""
    counts: dict[str, int] = {str(state): 0 for state in COUNTED}
    for state, number in found.items():
        counts[str(_COUNTED_AS.get(state, state))] += number
    return counts
