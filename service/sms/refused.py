"""Why something asked of the outbox or of a broadcast was not done: a value, not an error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """`code` is for programs and translations, `detail` one clear sentence for staff."""

    code: str
    detail: str
