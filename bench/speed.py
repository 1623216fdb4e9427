"""Side by side: the same question to everyone in turn, round after round, medians of the rounds.

The server has one processor and the client the other. Before anything is timed, every answer of
a contender is checked.
"""

import asyncio
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench import contenders, drive, machine
from bench.contenders import Contender
from bench.drive import Checked, Speed

CONNECTIONS = (2, 16, 64)
ROUNDS = 3
SECONDS = {"price": 2, "dialogue": 1}
"""Of one measurement: seven contenders, three loads and three rounds stay within five minutes."""
WARM = 1
CHECK = 1.5
"""Seconds every contender's answers are checked for, at 16 connections."""
AMONG = 16

SCENARIOS = {
    "price": "Price screen: a known caller dials, the price last looked at, in their language",
    "dialogue": "Four-step dialogue: home, list, price, the same elsewhere; what was looked at is"
    " remembered. Turns a second",
}


@dataclass(frozen=True, slots=True)
class Running:
    contender: Contender
    server: machine.Server

    @property
    def name(self) -> str:
        return self.contender.name

    def load(self, scenario: str, connections: int, seconds: float) -> Speed:
        where = self.server.port, self.contender.path
        before = self.server.cpu
        speed = drive.load(*where, scenario, connections, seconds)
        return replace(speed, cpu=(self.server.cpu - before) / max(1, speed.count) * 1e6)

    def check(self, scenario: str) -> Checked:
        where = self.server.port, self.contender.path
        return asyncio.run(drive.check(*where, scenario, AMONG, CHECK))


Found = dict[tuple[str, str, int], list[Speed]]
"""(scenario, contender, connections) -> one figure a round."""


def measure(rounds: int = ROUNDS) -> str:
    """The section of the table."""
    machine.stay(machine.CLIENT_CPU)
    with tempfile.TemporaryDirectory(prefix="sugu-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        said, missing = _everyone(folder)
        running = []
        for each in said:
            server = each.start(folder)
            stack.callback(server.stop)
            running.append(Running(each, server))
        checked = {each.name: _checked(each) for each in running if each.contender.answers}
        found = _rounds(running, rounds)
    return _section(running, found, checked, missing, rounds)


def _everyone(folder: Path) -> tuple[list[Contender], list[str]]:
    _say("Installing the peers")
    in_node, no_node = contenders.node(folder)
    in_python, no_python = contenders.python(folder)
    ours = [*contenders.limits(), contenders.sugu(folder)]
    return [*ours, *in_node, *in_python], [*no_node, *no_python]


def _checked(each: Running) -> dict[str, Checked]:
    """Correctness first; the same turns warm the contender up."""
    seen = {scenario: each.check(scenario) for scenario in SCENARIOS}
    for scenario, one in seen.items():
        _say(f"{each.name}, {scenario}: {one.right} right, {one.wrong} wrong, {one.hung} hung")
        if one.example:
            _say(f"  for example {one.example}")
    each.load("price", AMONG, WARM)
    return seen


def _rounds(running: Sequence[Running], rounds: int) -> Found:
    found: Found = defaultdict(list)
    for turn in range(1, rounds + 1):
        for scenario in SCENARIOS:
            for connections in CONNECTIONS:
                for each in _asked(running, scenario):
                    speed = each.load(scenario, connections, SECONDS[scenario])
                    found[scenario, each.name, connections].append(speed)
        _say(f"Round {turn} of {rounds} done")
    return found


def _asked(running: Iterable[Running], scenario: str) -> list[Running]:
    """A constant has no dialogue."""
    return [each for each in running if each.contender.answers or scenario == "price"]


def _median(speeds: Sequence[Speed]) -> Speed:
    return Speed(
        statistics.median(each.rate for each in speeds),
        statistics.median(each.p50 for each in speeds),
        statistics.median(each.p99 for each in speeds),
        sum(each.errors for each in speeds),
        cpu=statistics.median(each.cpu for each in speeds),
    )


# --- the table ----------------------------------------------------------------------------------


def _section(
    running: Sequence[Running],
    found: Found,
    checked: dict[str, dict[str, Checked]],
    missing: Sequence[str],
    rounds: int,
) -> str:
    client = "wrk" if drive.has_wrk() else "the checking client itself (wrk is not installed)"
    lines = [
        "Everyone answers from the same 20 products at 30 markets, for the same 50,000 known"
        " callers in two languages; the limits answer a constant. Peers log a row each turn;"
        " Sugu counts each turn and writes counts, sessions and last looks once a second. The"
        " price screen is asked for by 500 regulars, each dialogue by somebody who has not dialled"
        " before. Server on one processor, client"
        f" ({client}) on the other, one process each; in turn, medians of {rounds} rounds. Peers in"
        " the shape their guides show, SQLite in WAL mode with `synchronous=NORMAL`; Sugu as"
        " `sugu serve` runs it, `synchronous=FULL`.",
    ]
    for scenario, title in SCENARIOS.items():
        lines += ["", f"### {title}", "", *_table(running, found, checked, scenario)]
    lines += ["", *_ratios(found)]
    if missing:
        names = ", ".join(missing)
        lines += ["", f"Missing, because it could not be installed here: {names}."]
    return "\n".join(lines)


def _table(
    running: Sequence[Running],
    found: Found,
    checked: dict[str, dict[str, Checked]],
    scenario: str,
) -> list[str]:
    heads = [f"c={c}: a second | p50 ms | p99 ms" for c in CONNECTIONS]
    ends = "server µs a turn | checked answers | wrong | hung or failed"
    lines = [f"| | {' | '.join(heads)} | {ends} |"]
    lines.append("|---|" + "---:|" * (3 * len(CONNECTIONS) + 4))
    for each in _asked(running, scenario):
        medians = [_median(found[scenario, each.name, c]) for c in CONNECTIONS]
        cells = [f"{one.rate:,.0f} | {one.p50:.2f} | {one.p99:.2f}" for one in medians]
        cpu = statistics.median(one.cpu for one in medians)
        seen = _seen(each, checked, scenario, sum(one.errors for one in medians))
        lines.append(f"| {each.name} | {' | '.join(cells)} | {cpu:.0f} | {seen} |")
    return lines


def _seen(each: Running, checked: dict[str, dict[str, Checked]], scenario: str, errors: int) -> str:
    if each.name not in checked:
        return f"constant | | {errors}"
    one = checked[each.name][scenario]
    return f"{one.right + one.wrong:,} | {one.wrong} | {one.hung + errors}"


def _ratios(found: Found) -> list[str]:
    """Sugu's price screen beside the two limits; ratios within one run are what counts."""
    lines = ["| Sugu's price screen | rate / bare uvicorn | rate / Form() | p99 / Form()'s p99 |"]
    lines.append("|---|---:|---:|---:|")
    for c in CONNECTIONS:
        own, bare, form = (
            _median(found["price", name, c]) for name in ("Sugu", "bare uvicorn", "FastAPI Form()")
        )
        shares = (
            f"{own.rate / bare.rate:.2f} | {own.rate / form.rate:.2f} | {own.p99 / form.p99:.2f}"
        )
        lines.append(f"| c={c} | {shares} |")
    return lines


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
