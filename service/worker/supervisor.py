"""Keeps a worker process running beside the server, and takes it down with it."""

import logging
import subprocess
import threading
from collections.abc import Mapping, Sequence

from service import clock

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
"""Seconds before a child that died is started again; doubling, so that a fault is not a storm."""
STEADY = 60.0
"""Seconds after which a child counts as well, and the next death as its first."""
GRACE = 20.0
"""Seconds a child has to finish what is in flight (15) before it is killed."""


class Supervisor:
    """Starts `argv`, starts it again whenever it ends, until `stop`.

    The child's standard input is a pipe from us: when we die without a word, it closes, and
    the child (started with `--supervised`) stops by itself.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._argv = list(argv)
        self._env = dict(env) if env is not None else None
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The running child's process id."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self) -> None:
        self._thread.start()

    def stop(self, grace: float = GRACE) -> None:
        """Ask the child to end, wait, insist. Safe to call twice."""
        self._stopping.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(grace)
            except subprocess.TimeoutExpired:
                log.warning("the worker did not stop within %s s: killed", grace)
                child.kill()
                child.wait()
        if self._thread.is_alive():
            self._thread.join(grace)

    def _watch(self) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            began = clock.monotonic()
            code = self._run_once()
            if self._stopping.is_set():
                return
            self.restarts += 1
            wait = FIRST_WAIT if clock.monotonic() - began > STEADY else min(wait * 2, LONGEST_WAIT)
            log.error("the worker ended with %s; again in %.0f s", code, wait)
            self._stopping.wait(wait)

    def _run_once(self) -> int:
        with subprocess.Popen(  # noqa: S603 (our own command line)
            self._argv, stdin=subprocess.PIPE, env=self._env
        ) as child:
            self._child = child
            if self._stopping.is_set():  # `stop` came while we were starting it
                child.terminate()
            return child.wait()
