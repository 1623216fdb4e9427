"""Taking secrets out of what is kept: every value the settings hold, and every field that is
named like one, for what a carrier makes up itself (a token it gave us).

A value is looked for in each spelling a wire gives it; a path may stand inside a parameter, so
also percent-encoded twice.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

GONE = b"***"
SHORTEST = 4
"""Characters below which a value is looked for by its field's name alone: it would be
everywhere."""
NAMED = re.compile(
    rb"(?i)((?:access_?|refresh_?|id_?|auth_?)?token|passw(?:or)?d|passwd|pwd|api_?key|secret"
    rb"|client_secret|signature|authorization)(\"?\s*[:=]\s*\"?)(?:(?:basic|bearer)\s+)?[^\"&\s<,}]+"
)
PERSONAL = re.compile(r"\d{8,}")
"""In a path: as many digits as a Malian number has."""


class Eraser:
    """Knows the secrets of one installation."""

    def __init__(self, secrets: Iterable[str], logins: Iterable[tuple[str, str]] = ()) -> None:
        pairs = (b64encode(f"{name}:{word}".encode()).decode() for name, word in logins if word)
        spelt = {each for one in (*secrets, *pairs) for each in _spellings(one)}
        self._known = [each.encode() for each in sorted(spelt, key=len, reverse=True)]

    def clean(self, said: bytes) -> bytes:
        """The bytes with every secret in them made `***`."""
        for secret in self._known:
            if secret in said:
                said = said.replace(secret, GONE)
        return NAMED.sub(rb"\1\2" + GONE, said)

    def clean_path(self, path: str) -> str:
        """A path is stored in the clear, so phones leave it too."""
        return PERSONAL.sub("***", self.clean(path.encode()).decode(errors="replace"))


def _spellings(secret: str) -> Iterator[str]:
    if len(secret) < SHORTEST:
        return
    quoted = quote(secret, safe="")
    yield from (secret, quoted, quote(quoted, safe=""), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield escape(secret, {'"': "&quot;"})
