"""`sugu`: the key of the house. Each command calls one function that has its own test.

Only the room of the command that was asked for is opened: a worker needs no web server, and
should not carry one in its memory.
"""

import sys
from importlib import import_module

from service.cli.said import app

ROOMS = {
    "explain": "asking",
    "replay": "asking",
    "import": "files",
    "export": "files",
    "staff": "people",
    "serve": "serving",
    "dial": "trying",
    "text": "trying",
    "worker": "working",
    "migrate": "world",
    "seed": "world",
    "demo": "world",
}
"""Where a command is, when it is not in `keeping`."""


def main() -> None:
    """What `sugu` and `python -m service` run."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    every = {*ROOMS.values(), "keeping"}
    for room in [ROOMS[asked]] if asked in ROOMS else sorted(every):
        import_module(f"service.cli.{room}")
    app()
