"""Beyond one process: 1, 2 and 4 web processes behind a proxy, and as many workers, on one
PostgreSQL. Each process has a share of a processor, as on a small host of its own; where the system
does not give shares out, everything shares the machine and ratios end where its processors do."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from sqlalchemy import create_engine, make_url, text

from bench import drive, goods, history, machine, market, world
from bench.drive import Checked, Speed

PROCESSES = (1, 2, 4)
SHARE = 0.2
"""Of a processor for each process: four of them, their database, proxy and client fit on two."""
CONNECTIONS = 32
SECONDS = 4
"""Of one measurement of the dials, and of the checking run before it."""
SETTLE = 6.0
"""Seconds a web process has for the rooms behind its door, before it has painted its screens once
and gets no more than its share."""
SENDING = 15.0
"""Seconds that workers send for."""
PATH = f"/hooks/loopback/{world.TOKEN}/ussd"


@dataclass(frozen=True, slots=True)
class Web:
    """Sessions that stay on one process, sessions whose turns go to any, every answer checked."""

    sticky: Speed
    spread: Speed
    checked: Checked
    apart: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages a second that the aggregator took, and those it was given twice."""

    rate: float
    twice: int


def measure(processes: tuple[int, ...] = PROCESSES) -> str:
    """The section of the table."""
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name:
        folder = Path(name)
        try:
            with history.postgres(folder) as server:
                web = {many: _web(folder, server, many) for many in processes}
                sent = {many: _workers(folder, server, many) for many in processes}
        except history.Missing as missing:
            return f"Not measured: {missing}."
    return _section(web, sent)


@contextmanager
def _database(server: str, name: str) -> Iterator[str]:
    """A new database on this server."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    world.make(url)
    yield url


def _web(folder: Path, server: str, many: int) -> Web:
    with _database(server, f"web{many}") as url, ExitStack() as stack:
        servers = [_serve(stack, folder, url, n) for n in range(many)]
        port = machine.free_port()
        behind = [str(each.port) for each in servers]
        balancer = [sys.executable, "-m", "bench.balancer", str(port), *behind]
        log = folder / "balancer.log"
        front = machine.start(balancer, world.settings(url), log, port, cpu=None)
        stack.callback(front.stop)
        where = port, PATH, "dialogue", CONNECTIONS, SECONDS
        time.sleep(SETTLE)
        drive.load(*where)
        apart = _ration(stack, servers)
        checked = asyncio.run(drive.check(port, PATH, "dialogue", CONNECTIONS, SECONDS))
        speed, spread = drive.load(*where, sticky=True), drive.load(*where)
        sys.stderr.write(f"{many} web: {speed} wrong {checked.wrong} {checked.example}\n")
        return Web(speed, spread, checked, apart)


def _serve(stack: ExitStack, folder: Path, url: str, n: int) -> machine.Server:
    port = machine.free_port()
    command = [sys.executable, "-m", "service", "serve", "--no-worker", "--port", str(port)]
    log = folder / f"web{n}.log"
    server = machine.start(command, world.settings(url), log, port, cpu=None)
    stack.callback(server.stop)
    return server


def _ration(stack: ExitStack, servers: list[machine.Server]) -> bool:
    """Give each its share; whether this machine does so."""
    for n, each in enumerate(servers):
        give = stack.enter_context(machine.rationed(str(n), SHARE))
        if give is None:
            return False
        give(each.process.pid)
    return True


def _workers(folder: Path, server: str, many: int) -> Sent:
    with _database(server, f"work{many}") as url, ExitStack() as stack:
        port = machine.free_port()
        taking = [sys.executable, "-m", "bench.aggregator", str(port)]
        log = folder / "aggregator.log"
        aggregator = machine.start(taking, os.environ, log, port, cpu=None)
        stack.callback(aggregator.stop)
        env = world.settings(url) | _aggregated(port)
        web = _serve(stack, folder, url, 0)
        market.broadcast(web.port, market.key_of(env, folder))
        workers = []
        for n in range(many):
            command = [sys.executable, "-m", "service", "worker"]
            log = folder / f"worker{n}.log"
            workers.append(machine.start(command, env, log, 0, cpu=None, wait=False))
            stack.callback(workers[n].stop)
        _once_begun(port)
        _ration(stack, workers)
        before = _told(port)["messages"]
        began = time.monotonic()
        time.sleep(SENDING)
        told, took = _told(port), time.monotonic() - began
        sent = Sent((told["messages"] - before) / took, told["twice"])
        sys.stderr.write(f"{many} workers: {sent}\n")
        return sent


def _aggregated(port: int) -> dict[str, str]:
    return {
        "SUGU_GATEWAY": "http",
        "SUGU_HTTP__URL": f"http://127.0.0.1:{port}/send",
        "SUGU_HTTP__BODY": "{key}",
        "SUGU_HTTP__CONTENT_TYPE": "text/plain",
        "SUGU_HTTP__RATE": "100000",
    }


def _once_begun(port: int) -> None:
    """Wait until every worker has had time to begin."""
    until = time.monotonic() + machine.START
    while not _told(port)["messages"] and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(3)


def _told(port: int) -> dict[str, int]:
    with urlopen(f"http://127.0.0.1:{port}/told") as answer:
        return json.load(answer)


def _shared(web: dict[int, Web]) -> str:
    if all(each.apart for each in web.values()):
        return (
            f"Each web process and each worker has {SHARE:.0%} of one processor, as on a small host of"
            " its own; proxy, database and client share what is left of the machine."
        )
    return "Processes, proxy, database and client share the machine."


# --- the table ----------------------------------------------------------------------------------


def _section(web: dict[int, Web], sent: dict[int, Sent]) -> str:
    lines = [
        f"One PostgreSQL, {CONNECTIONS} connections through a proxy that hands each to the next web"
        " process in turn, dialogues of people who have not dialled before: on a connection of"
        " their own, then each turn on any; a broadcast to"
        f" {goods.CALLERS:,} by workers against an aggregator that takes 50 ms. {_shared(web)}",
        "",
        "| web processes | turns a second | against one | p99 ms | on any: a second | against one"
        " | p99 ms | checked | wrong | hung or failed |",
        "|---:|" + "---:|" * 9,
    ]
    one = next(iter(web.values()))
    for many, each in web.items():
        cells = [
            f"{speed.rate:,.0f} | {speed.rate / first.rate:.2f} | {speed.p99:.1f}"
            for speed, first in ((each.sticky, one.sticky), (each.spread, one.spread))
        ]
        seen, failed = each.checked, each.sticky.errors + each.spread.errors
        right = f"{seen.right + seen.wrong:,} | {seen.wrong} | {seen.hung + failed}"
        lines.append(f"| {many} | {' | '.join(cells)} | {right} |")
    lines += [
        "",
        "| workers | messages a second | against one | sent twice |",
        "|---:|---:|---:|---:|",
    ]
    alone = next(iter(sent.values())).rate or 1.0
    for many, each in sent.items():
        lines.append(f"| {many} | {each.rate:,.0f} | {each.rate / alone:.2f} | {each.twice} |")
    return "\n".join(lines)
