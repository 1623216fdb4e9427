"""Reports and a broadcast at once: `python -m bench.together [reports a second] [seconds]`.

Both write to one SQLite file, the server the reports, the worker the broadcast to 50,000 phones.
Says how long each report took to be stored and answered, and what was sent meanwhile. Bars: every
report stored, and the carrier's pace kept.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench import contenders, drive, goods, machine, market

REPORTS, SECONDS = 20, 10


def measure(each_second: int = REPORTS, seconds: int = SECONDS) -> str:
    """The section of the table."""
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        folder = Path(name)
        contender = contenders.sugu(folder)
        server = contender.start(folder)
        worker = machine.start(
            [sys.executable, "-m", "service", "worker"],
            contender.env,
            folder / "worker.log",
            0,
            cpu=machine.CLIENT_CPU,
            wait=False,
        )
        try:
            return _measured(
                server.port, market.key_of(contender.env, folder), each_second, seconds
            )
        finally:
            worker.stop()
            server.stop()


def _measured(port: int, key: str, each_second: int, seconds: int) -> str:
    alone, busy = market.Reported(), market.Reported()
    asyncio.run(market.reports(port, alone, each_second, seconds, "alone"))
    began = time.perf_counter()
    run = market.broadcast(port, key)
    submitted = (time.perf_counter() - began) * 1000
    asyncio.run(market.reports(port, busy, each_second, seconds, "busy"))
    tally = market.counts(port, key, run)
    sent = tally["accepted"] + tally["delivered"]
    return "\n".join(
        [
            f"{each_second} reports a second for {seconds} s, alone and then while a broadcast goes"
            f" to {goods.CALLERS:,} phones: submitting it took {submitted:.0f} ms, {sent:,} were"
            f" sent when the last report was in.",
            "",
            "| reports | stored | not | p50 ms | p99 ms | longest |",
            "|---|---:|---:|---:|---:|---:|",
            _row("alone", alone),
            _row("with a broadcast", busy),
        ]
    )


def _row(called: str, seen: market.Reported) -> str:
    p50, p99 = (drive.percentile(seen.millis, share) for share in (50, 99))
    return (
        f"| {called} | {seen.stored} | {seen.lost} | {p50:.1f} | {p99:.1f} |"
        f" {max(seen.millis, default=0):.0f} |"
    )


if __name__ == "__main__":
    print(measure(*(int(each) for each in sys.argv[1:])))
