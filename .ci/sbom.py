"""The list of parts of what is installed, as CycloneDX JSON, made from the lock alone.

    python .ci/sbom.py requirements.txt build/sbom.cdx.json

The same lock gives the same bytes. Licences are told where the package is installed beside this.
"""

import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<only>[^\\]+?))?\s*\\?$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
LONGEST_LICENCE = 60
"""Characters; above, a package has put the licence's text where its name belongs."""


def parts(lock: str) -> Iterator[dict[str, Any]]:
    """One component for each pinned package, with every hash the lock allows."""
    blocks = re.split(r"\n(?=\S)", lock.replace("\r", ""))
    for block in blocks:
        found = PINNED.match(block.splitlines()[0]) if block.strip() else None
        if found is None:
            continue
        name, version = re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"]
        yield {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "hashes": [{"alg": "SHA-256", "content": each} for each in HASH.findall(block)],
            **_licence(name),
            **({"properties": [{"name": "only", "value": found["only"]}]} if found["only"] else {}),
        }


def _licence(name: str) -> dict[str, Any]:
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return {}
    if expression := said.get("License-Expression"):
        return {"licenses": [{"expression": expression}]}
    named = said.get("License") or ""
    if not named or len(named) > LONGEST_LICENCE or "\n" in named:
        classified = (each for each in said.get_all("Classifier", []) if "License ::" in each)
        named = next((each.rpartition(" :: ")[2] for each in classified), "")
    return {"licenses": [{"license": {"name": named}}]} if named else {}


def bill(lock: str) -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    made_of = list(parts(lock))
    digest = hashlib.sha256(lock.encode()).hexdigest()
    top = f"pkg:pypi/{project['name']}@{project['version']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": top,
                "name": project["name"],
                "version": project["version"],
                "purl": top,
                "licenses": [{"license": {"id": project["license"]}}],
            },
            "properties": [{"name": "lock:sha256", "value": digest}],
        },
        "components": made_of,
        "dependencies": [{"ref": top, "dependsOn": [each["bom-ref"] for each in made_of]}],
    }


def main(lock: str, out: str) -> None:
    made = bill(Path(lock).read_text(encoding="utf-8"))
    place = Path(out)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{place}: {len(made['components'])} parts\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
