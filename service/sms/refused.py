"""Why something asked of the outbox or of a broadcast was not done: a value, not an error."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """`code` is for programs, `detail` one clear sentence for staff, in English and in `french`."""

    code: str
    detail: str
    french: str

    def said(self, lang: str) -> str:
        return self.detail if lang == "en" else self.french
