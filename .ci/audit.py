"""Known vulnerabilities of the locked packages, by pip-audit; and plainly, when no feed was asked.

    python .ci/audit.py requirements.txt build/audit

pip-audit lives in an environment of its own there, so that it changes nothing of ours. Ends with 0
when every package was looked up and none has a known fault, 1 when one has, 2 when some could not
be looked up: silence is not health.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

LINES = 40
"""Faults told one by one."""


def tool(place: Path) -> Path:
    found = place / "bin" / "pip-audit"
    if not found.exists():
        venv.create(place, with_pip=True)
        install = [place / "bin" / "python", "-m", "pip", "--quiet", "install", "pip-audit"]
        subprocess.run(list(map(str, install)), check=True)
    return found


def verdict(report: str) -> tuple[int, list[str]]:
    """The exit code and what to say, from pip-audit's JSON (empty when it never got that far)."""
    try:
        found = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return 2, ["No vulnerability feed could be reached: nothing was checked."]
    faults = [_told(each, fault) for each in found for fault in each.get("vulns", [])]
    unasked = [each["name"] for each in found if "skip_reason" in each]
    if len(unasked) == len(found):
        return 2, ["No vulnerability feed knows any of these packages: nothing was checked."]
    said = [*faults[:LINES], f"{len(found) - len(unasked)} of {len(found)} packages looked up."]
    if faults:
        return 1, [*said, f"{len(faults)} known faults."]
    if unasked:
        return 2, [*said, f"Not checked, for no feed knows them: {', '.join(unasked[:LINES])}"]
    return 0, [*said, "No known fault."]


def _told(package: dict[str, Any], fault: dict[str, Any]) -> str:
    mended = ", ".join(fault.get("fix_versions", [])) or "no version yet"
    return f"{package['name']} {package['version']}: {fault['id']}, mended in {mended}"


def main(lock: str, place: str) -> int:
    try:
        audit = tool(Path(place))
    except (subprocess.CalledProcessError, OSError):
        sys.stdout.write("pip-audit cannot be installed here: nothing was checked.\n")
        return 2
    asked = [str(audit), "--requirement", lock, "--require-hashes", "--disable-pip"]
    run = subprocess.run(
        [*asked, "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        check=False,
    )
    code, said = verdict(run.stdout)
    sys.stdout.write("\n".join(said) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
