"""Who may knock: the secrets in the paths of our hooks."""

import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """The secrets accepted in a hook's path: the current one, and the previous one while a
    carrier's settings are being changed."""

    current: str | None = None
    previous: str | None = None

    def accept(self, given: str) -> bool:
        """Whether `given` is one of ours, in time that does not depend on where it differs."""
        said = given.encode(errors="replace")
        now = hmac.compare_digest(said, (self.current or "").encode())
        before = hmac.compare_digest(said, (self.previous or "").encode())
        return bool(given) and (now or before)
