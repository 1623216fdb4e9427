"""`sugu`: the key of the house. Each command calls one function that has its own test.

Only the room of the command that was asked for is opened: a worker needs no web server, and
should not carry one in its memory.
"""

import sys
from importlib import import_module

from service.cli.frugal import sparing, without

ROOMS = {
    "explain": "asking",
    "replay": "asking",
    "import": "files",
    "export": "files",
    "staff": "people",
    "doctor": "doctor",
    "serve": "serving",
    "dial": "trying",
    "text": "trying",
    "worker": "working",
    "migrate": "world",
    "seed": "world",
    "demo": "world",
}
"""Where a command is, when it is not in `keeping`."""
SERVERS = frozenset({"serve", "worker"})
"""Commands that run for months: what they do not load they need not carry."""


def main() -> None:
    """What `sugu` and `python -m service` run."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked in SERVERS:
        sparing()
        with without("rich", "httpx._main"):  # no server has a terminal to colour
            _open(ROOMS[asked])
    else:
        _open(*([ROOMS[asked]] if asked in ROOMS else sorted({*ROOMS.values(), "keeping"})))
    import_module("service.cli.said").app()


def _open(*rooms: str) -> None:
    for room in rooms:
        import_module(f"service.cli.{room}")
