"""The machine measured on: its processors, its servers, their memory."""

import asyncio
import os
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER_CPU = 0
CLIENT_CPU = 1
START = 60.0
"""Seconds a server may take to answer its first request."""
STOP = 20.0


def pinned(cpu: int | None) -> Callable[[], None]:
    """What a child does first: stay on one processor, where the system can say so. None: all."""

    def pin() -> None:
        if not hasattr(os, "sched_setaffinity"):
            return
        every = set(range(os.cpu_count() or 1))
        os.sched_setaffinity(0, every if cpu is None or cpu not in every else {cpu})

    return pin


def stay(cpu: int) -> None:
    """Keep this process on one processor."""
    pinned(cpu)()


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
        return port


@dataclass(slots=True)
class Server:
    """A server process of ours, stopped by its own id."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def rss(self) -> float:
        """Resident memory in MB, children included; 0 where the system does not tell."""
        return sum(rss_of(pid) for pid in (self.process.pid, *children(self.process.pid)))

    @property
    def files(self) -> int:
        """Open files, sockets among them; 0 where the system does not tell."""
        try:
            return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
        except OSError:
            return 0

    @property
    def cpu(self) -> float:
        """Processor seconds spent so far, all threads and children."""
        return sum(_cpu(pid) for pid in (self.process.pid, *children(self.process.pid)))


def start(
    command: Sequence[str],
    env: Mapping[str, str],
    log: Path,
    port: int,
    *,
    cwd: Path | None = None,
    cpu: int | None = SERVER_CPU,
    wait: bool = True,
) -> Server:
    """Start a server and wait until it takes connections. Raise `RuntimeError` if it dies."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=dict(env), cwd=cwd, stdout=out, stderr=out, preexec_fn=pinned(cpu)
        )
    server = Server(process, port, log)
    if wait:
        _await_port(server)
    return server


def _await_port(server: Server) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", server.port), 1):
                return
        except OSError:
            time.sleep(0.02)
    server.stop()
    raise RuntimeError(server.log.read_text(errors="replace")[-2000:])


GROUPS = Path("/sys/fs/cgroup")
PERIOD = 20_000
"""Microseconds over which a share is given out: short, so that who has used theirs waits little."""


@contextmanager
def rationed(name: str, share: float) -> Iterator[Callable[[int], None] | None]:
    """Who is given to the function that is yielded has so much of a processor, as on a small host
    of their own. None where this system lets us make no control groups."""
    old = (GROUPS / "cpu").is_dir()
    group = (GROUPS / "cpu" if old else GROUPS) / f"sugu-bench-{os.getpid()}-{name}"
    quota = round(share * PERIOD)
    try:
        group.mkdir()
        if old:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD}")
    except OSError:
        yield None
        return

    def give(pid: int) -> None:
        (group / "cgroup.procs").write_text(str(pid))

    try:
        yield give
    finally:
        with suppress(OSError):
            for pid in (group / "cgroup.procs").read_text().split():
                (group.parent / "cgroup.procs").write_text(pid)
            group.rmdir()


def children(pid: int) -> list[int]:
    try:
        told = " ".join(each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []
    own = [int(each) for each in told.split()]
    return own + [below for each in own for below in children(each)]


def _cpu(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def rss_of(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((each for each in status.splitlines() if each.startswith("VmRSS")), "")
    return int(line.split()[1]) / 1024 if line else 0.0


def described() -> list[str]:
    """What a reader needs to compare figures: no names, no paths."""
    versions = ["uvicorn", "fastapi", "sqlalchemy"]
    said = ", ".join(f"{name} {_version(name)}" for name in versions)
    loop = "uvloop" if _version("uvloop") else asyncio.get_event_loop_policy().__class__.__name__
    return [
        f"{os.cpu_count()} processors ({_processor()}), {_memory():.0f} GB, {platform.system()}"
        f" {platform.machine()}",
        f"Python {platform.python_version()}, {said}, {loop}",
    ]


def busy() -> str:
    """Said when others used the machine too: a load average above what we bring ourselves."""
    load = os.getloadavg()[1]
    return f"; the machine was shared (load average {load:.1f})" if load > 2.5 else ""


def _version(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((each.split(":")[1].strip() for each in told if "model name" in each), "unknown")


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
