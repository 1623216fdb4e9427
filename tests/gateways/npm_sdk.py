"""What the official Node SDK of Africa's Talking really sends, kept in a file: the tests compare
our adapter with it wherever they run, with or without Node.

    make sdk        # asks the SDK again (needs node and npm), and says what has changed
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.gateways.rooms import AWA, BAKARY, TEXT
from tests.gateways.standins import OK, StandIn, standing_in

GOLDEN = Path(__file__).parents[1] / "data" / "npm_sdk_0_8_3.json"
HERE = Path(__file__).parent / "npm"
KEPT = ("apikey", "accept", "content-type")
INBOX = [
    {"id": 15071, "text": "ARA 225", "from": AWA, "to": "36000", "linkId": None}
    | {"date": "2026-08-02T06:04:45.445Z"}
]
MESSAGE = {"to": [AWA, BAKARY], "message": TEXT, "from": "KITAPRIX"}
CASES: tuple[Mapping[str, Any], ...] = (
    {"about": "two people, queued", "call": "send", "said": MESSAGE | {"enqueue": True}},
    {"about": "two people, not queued", "call": "send", "said": MESSAGE | {"enqueue": False}},
    {"about": "no sender", "call": "send", "said": {"to": [AWA], "message": TEXT}},
    {"about": "a person who left", "call": "send", "said": MESSAGE, "mode": "blacklist"},
    {"about": "a 200 where it wants 201", "call": "send", "said": MESSAGE, "mode": "200"},
    {"about": "a refused key", "call": "send", "said": MESSAGE, "mode": "401"},
    {"about": "the inbox", "call": "fetch", "said": {"lastReceivedId": 15000}},
)


def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


def captured() -> dict[str, Any]:
    """Every case asked by the SDK of a stand-in. Raises when node or npm is missing."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise FileNotFoundError(f"{tool} is not here: the Node SDK cannot be asked")
    with tempfile.TemporaryDirectory() as place:
        room = Path(shutil.copytree(HERE, place, dirs_exist_ok=True))
        install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(install, cwd=room, check=True)
        return {"sdk": "africastalking 0.8.3 (npm)", "cases": [_ask(room, case) for case in CASES]}


def _ask(room: Path, case: Mapping[str, Any]) -> dict[str, Any]:
    with standing_in("africastalking", case.get("mode", OK)) as carrier:
        carrier.inbox = list(INBOX)
        order = json.dumps({name: case[name] for name in ("call", "said")})
        asked = ["node", "ask.cjs", carrier.url, order]
        run = subprocess.run(asked, cwd=room, check=True, capture_output=True, text=True)
        return {"about": case["about"], "asked": _seen(carrier), **json.loads(run.stdout)}


def _seen(carrier: StandIn) -> dict[str, Any]:
    (asked,) = carrier.asked
    return {
        "method": asked.method,
        "target": asked.target,
        "headers": {name: asked.headers[name] for name in KEPT if name in asked.headers},
        "body": asked.body.decode(),
    }


def main() -> int:
    new = captured()
    old: dict[str, Any] = {"cases": []}
    with suppress(FileNotFoundError):
        old = golden()
    changed = [case["about"] for case in new["cases"] if case not in old["cases"]]
    GOLDEN.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    told = f"changed: {', '.join(changed)}" if changed else "as recorded"
    sys.stdout.write(f"{len(new['cases'])} cases asked of {new['sdk']}: {told}\n")
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main())
