"""One server, and one worker, to a SQLite file; PostgreSQL has as many as one likes.

The lock is the operating system's, on a file beside the database: it goes with its process,
however that dies. It means nothing on a network file system, where SQLite must not be anyway.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url


@dataclass(frozen=True, slots=True)
class Lock:
    """Held until `release`, or until the process ends. `descriptor` is None where none is
    needed."""

    descriptor: int | None

    def release(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class Busy:
    """Another process of the same role has the file; `pid` when it left its number."""

    path: Path
    pid: int | None


def hold(url: str, role: str) -> Lock | Busy:
    """Take the lock of a role (`serve`, `worker`) on the database of a URL."""
    database = make_url(url)
    if database.get_backend_name() != "sqlite" or database.database in (None, "", ":memory:"):
        return Lock(None)
    path = Path(f"{database.database}.{role}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.read(descriptor, 20).strip()
        os.close(descriptor)
        return Busy(path, int(said) if said.isdigit() else None)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return Lock(descriptor)
