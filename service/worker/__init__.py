"""The clock and the sending: everything that happens without anybody asking just now.

`sender.Worker` takes batches and calls gateways, `process` runs it as one, `clockwork` ticks
the timed jobs and writes down how each went, `jobs` and `duties` are those jobs, `supervisor`
keeps a worker process alive, `locks` keeps a second one off a SQLite file.
"""

from service.worker.clockwork import Clockwork, Job
from service.worker.locks import Busy, Lock, hold
from service.worker.process import run_worker
from service.worker.sender import Worker
from service.worker.supervisor import Supervisor

__all__ = ["Busy", "Clockwork", "Job", "Lock", "Supervisor", "Worker", "hold", "run_worker"]
