"""bench/RESULTS.md: one section a part, each with the machine it was measured on."""

import re
from datetime import UTC, datetime
from pathlib import Path

from bench import machine

FILE = Path(__file__).parent / "RESULTS.md"
TITLES = {
    "speed": "Side by side",
    "market": "A busy market morning",
    "region": "The region at ten times its busiest morning",
    "storm": "As many dials as one process answers, in a storm",
    "soak": "An ordinary morning that does not end",
    "together": "Reports and a broadcast at once",
    "fanout": "A broadcast to a whole country",
    "crowd": "Half a million messages",
    "history": "A report with history behind it",
    "pages": "Pages of the console with years behind them",
    "footprint": "Room",
    "scale": "More than one process",
}
HEAD = """# What one machine carries

Written by `make bench`. Ratios within one run are what counts: absolute figures belong to the
machine, and to what else it was doing. A peer that could not be installed is missing, not beaten.
"""


def write(part: str, table: str) -> None:
    """Put a part's section in its place."""
    kept = _sections(FILE.read_text("utf-8")) if FILE.exists() else {}
    kept[TITLES[part]] = f"{_measured()}\n\n{table}\n"
    order = [title for title in TITLES.values() if title in kept]
    body = "\n".join(f"## {title}\n\n{kept[title]}" for title in order)
    FILE.write_text(f"{HEAD}\n{body}", "utf-8")
    print(f"## {TITLES[part]}\n\n{kept[TITLES[part]]}")


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)\n\n", text, flags=re.MULTILINE)[1:]
    return {title: said.strip() + "\n" for title, said in zip(parts[::2], parts[1::2], strict=True)}


def _measured() -> str:
    said = "; ".join(machine.described())
    return f"{datetime.now(UTC):%Y-%m-%d}; {said}{machine.busy()}."
