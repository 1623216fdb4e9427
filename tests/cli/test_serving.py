"""`sugu serve` as a process: told to stop, it ends after its worker and not before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SECRET


@pytest.mark.faults
def test_a_server_that_is_told_to_stop_waits_for_its_worker(kita_sqlite_url: str, tmp_path: Path):
    """A container ends with its first process: the worker must have settled before."""
    ours = {name: said for name, said in os.environ.items() if not name.startswith("SUGU_")}
    said = {"SUGU_SECRET_KEY": SECRET, "SUGU_DATABASE_URL": kita_sqlite_url, "SUGU_BIND_PORT": "0"}
    argv = [sys.executable, "-m", "service", "serve"]
    place = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        argv, env=ours | said | place, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        heard = iter(server.stderr)
        assert any("Uvicorn running" in line for line in heard)
        worker = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        children = worker or [_child_of(server.pid)]
        server.send_signal(signal.SIGTERM)
        rest = "".join(heard)
        assert server.wait(60) == 0, rest
        assert [each for each in children if Path(f"/proc/{each}").exists()] == []


def _child_of(pid: int) -> str:
    """The worker is started by a thread of the server, and is listed under that thread."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return next(each for task in tasks for each in task.read_text().split())
