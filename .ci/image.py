"""The Dockerfile's own commands without an engine: what builds the image, in a clean environment,
and what runs it, until the health check passes.

    python .ci/image.py

Only the paths differ (/opt/sugu, /src and /data become folders of a new directory) and the lines
that make a system user. What remains unproven without an engine is the base image itself.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60
"""Seconds until the health check must pass; the image's own start period is 20."""


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """`RUN`, `COPY` ... with their arguments; continued lines joined, comments left out."""
    lines = (line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    for line in filter(None, map(str.strip, whole.splitlines())):
        word, _, rest = line.partition(" ")
        yield word, rest.strip()


def stages(dockerfile: str) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def build(stage: list[tuple[str, str]], place: Path, surroundings: dict[str, str]) -> None:
    for word, rest in stage:
        match word:
            case "COPY":
                *sources, target = rest.split()
                for source in sources:
                    _copy(ROOT / source, place / "src" / target)
            case "RUN":
                command = _moved(rest, place)
                sys.stdout.write(f"RUN {rest}\n")
                sys.stdout.flush()
                subprocess.run(
                    ["sh", "-ec", command], cwd=place / "src", env=surroundings, check=True
                )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(
            source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    else:
        shutil.copy(source, target)


def _moved(command: str, place: Path) -> str:
    return command.replace("/opt/sugu", str(place / "opt")).replace("/data", str(place / "data"))


def said(stage: list[tuple[str, str]], word: str) -> str:
    return next(rest for name, rest in stage if name == word)


def environment(stage: list[tuple[str, str]], place: Path) -> dict[str, str]:
    """What ENV sets, and a PATH that finds the environment first. Nothing else of ours."""
    pairs = (each for word, rest in stage if word == "ENV" for each in shlex.split(rest))
    named = dict(each.split("=", 1) for each in pairs)
    kept = {name: _moved(value, place) for name, value in named.items() if name != "PATH"}
    return {"PATH": f"{place / 'opt' / 'bin'}:{os.environ['PATH']}", "HOME": str(place), **kept}


def free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port: int = plug.getsockname()[1]
        return port


def serve(stage: list[tuple[str, str]], place: Path) -> None:
    """`sugu migrate`, then the CMD, until the HEALTHCHECK's own command succeeds; then SIGTERM."""
    port = free_port()
    ours = environment(stage, place) | {
        "SUGU_SECRET_KEY": os.urandom(32).hex(),
        "SUGU_BIND_PORT": str(port),
    }
    data = place / "data"
    subprocess.run(["sugu", "migrate"], cwd=data, env=ours, check=True)
    health = json.loads(said(stage, "HEALTHCHECK").partition("CMD ")[2])
    health[-1] = health[-1].replace(":8000", f":{port}")
    process = subprocess.Popen(json.loads(said(stage, "CMD")), cwd=data, env=ours)
    try:
        for _ in range(PATIENCE):
            if (
                subprocess.run(health, env=ours, check=False, stderr=subprocess.DEVNULL).returncode
                == 0
            ):
                sys.stdout.write("healthy\n")
                return
            time.sleep(1)
        raise SystemExit("the health check never passed")
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    first, second = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for folder in ("src", "data"):
            (place / folder).mkdir()
        build(first, place, environment(first, place))
        serve(second, place)


if __name__ == "__main__":
    main()
