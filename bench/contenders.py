"""Who is measured: the limits, Sugu, and what people build USSD services with today.

Peers are installed by name into a temporary folder. What cannot be installed is missing, and is
said to be missing; it has not been beaten.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import goods, machine, world

HERE = Path(__file__).parent
PEERS = HERE / "peers"
NPM = ("express", "better-sqlite3", "ussd-menu-builder", "ussd-router")
PIP = ("flask", "django", "gunicorn")
INSTALL = 300
"""Seconds an installation may take."""
THREADS = "8"
"""Of the Python peers' server, which then shares one processor as the others do."""


@dataclass(frozen=True, slots=True)
class Contender:
    """`answers` is False for the limits: they say the same to everybody."""

    name: str
    command: Sequence[str]
    path: str = "/ussd"
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    answers: bool = True

    def start(self, folder: Path) -> machine.Server:
        port = machine.free_port()
        command = [each.replace("{port}", str(port)) for each in self.command]
        env = {**os.environ, **self.env, "BENCH_PORT": str(port)}
        log = folder / f"{self.name.replace(' ', '-')}.log"
        return machine.start(command, env, log, port, cwd=self.cwd)


def limits() -> list[Contender]:
    """The same server and the same options as `sugu serve`, with nothing behind it."""
    return [
        Contender("bare uvicorn", _uvicorn("constant"), cwd=PEERS, answers=False),
        Contender("FastAPI Form()", _uvicorn("form"), cwd=PEERS, answers=False),
    ]


def _uvicorn(name: str) -> list[str]:
    options = ("--port", "{port}", "--no-access-log", "--no-server-header", "--log-level", "error")
    return [sys.executable, "-m", "uvicorn", f"limits:{name}", *options]


def sugu(folder: Path, people: int = goods.CALLERS) -> Contender:
    """Sugu as it is served: `sugu serve`, SQLite, its sessions and its counts written down."""
    url = f"sqlite:///{folder / 'sugu.db'}"
    world.make(url, people=people)
    return Contender(
        "Sugu",
        [sys.executable, "-m", "service", "serve", "--no-worker", "--port", "{port}"],
        f"/hooks/loopback/{world.TOKEN}/ussd",
        folder,
        world.settings(url),
    )


def node(folder: Path) -> tuple[list[Contender], list[str]]:
    """The Node peers, and the names of those that could not be installed."""
    names = {"ussd-menu-builder": "menu_builder.js", "ussd-router": "router.js"}
    home = folder / "node"
    home.mkdir()
    (home / "package.json").write_text('{"private": true}')
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    if not _done(["npm", "install", *quiet, *NPM], home):
        return [], list(names)
    for script in PEERS.glob("*.js"):
        (home / script.name).write_text(script.read_text())
    return [
        Contender(f"{name}, express", ["node", file], cwd=home, env=_table(folder, name))
        for name, file in names.items()
    ], []


def python(folder: Path) -> tuple[list[Contender], list[str]]:
    """The Python peers under gunicorn, and the names of those that could not be installed."""
    names = {"Flask": "flask_app:app", "Django": "django_app:app"}
    venv = folder / "venv"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", *PIP]
    if not (_done([sys.executable, "-m", "venv", str(venv)], folder) and _done(pip, folder)):
        return [], list(names)
    serve = [str(venv / "bin" / "gunicorn"), "--workers", "1", "--threads", THREADS]
    serve += ["--worker-class", "gthread", "--keep-alive", "75", "--bind", "127.0.0.1:{port}"]
    return [
        Contender(f"{name}, gunicorn", [*serve, app], cwd=PEERS, env=_table(folder, name))
        for name, app in names.items()
    ], []


def _table(folder: Path, name: str) -> dict[str, str]:
    path = folder / f"{name}.table.db"
    goods.write_table(path, datetime.now(UTC).date())
    return {"BENCH_TABLE": str(path), "NODE_ENV": "production", "PYTHONDONTWRITEBYTECODE": "1"}


def _done(command: Sequence[str], cwd: Path) -> bool:
    try:
        ran = subprocess.run(command, cwd=cwd, capture_output=True, timeout=INSTALL, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0
