"""Makes `docs/trust.md` from what a full run found: `make faults`.

    python -m tests.faults.trust --tests     # what to run, for pytest
    python -m tests.faults.trust             # the page, from .faults/report.xml and figures.jsonl

A figure is what a test printed (`ground.table`), a verdict what pytest said of the tests named
here. A bar nothing is shown for carries its reason. None is missing: the page is refused then.
"""

import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from service import clock
from tests.faults.ground import FIGURES, HOUSE

REPORTS = FIGURES.parent
PAGE = HOUSE / "docs" / "trust.md"
F = "tests/faults"


@dataclass(frozen=True)
class Bar:
    """`tests` are files, or `file::beginning of a name`; `figures` beginnings of titles."""

    name: str
    asks: str
    tests: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    note: str = ""


RELIABILITY = (
    Bar("R1", "50 kills under 8 clients: every acknowledged SMS once",
        (f"{F}/test_intake.py::test_a_killed_server",), ("R1 ",)),
    Bar("R2", "1,000 recipients, 30 × kill -9: nobody twice, no silent loss",
        (f"{F}/test_kills.py::test_kill_9",), ("kill -9",), "bound of unknown: 300"),
    Bar("R3", "then reports replayed: ≥ 95 % resolved, none wrong",
        (f"{F}/test_kills.py::test_kill_9",), ("reports replayed",)),
    Bar("R4", "20 × SIGTERM: no unknown, exit < 15 s", (f"{F}/test_kills.py",), ("SIGTERM",)),
    Bar("R5", "1 of 3 workers killed for good", (f"{F}/test_kills.py",), ("dead worker", "one of three")),
    Bar("R6", "5 restarts of PostgreSQL; 60 s without it, spooled, drained ≤ 30 s",
        (f"{F}/test_servers.py::test_a_worker_outlives", f"{F}/test_intake.py::test_an_hour",
         "tests/api/test_spool.py"), ("PostgreSQL restarts", "R6 ")),
    Bar("R7", "disk full: 503, reads go on, whole afterwards",
        (f"{F}/test_intake.py::test_a_full_disk", "tests/api/test_dial.py::test_with_a_full_disk"),
        ("R7 ",)),
    Bar("R8", "SQLite held 20 s: waits, then 503; no loss",
        (f"{F}/test_intake.py::test_a_file_held", "tests/api/test_hooks.py::test_a_sqlite_file"),
        ("R8 ",)),
    Bar("R9", "gateway faults × 200 sends, one class each",
        (f"{F}/test_gateways.py::test_a_faulty", "tests/gateways/test_conformance.py"), (),
        "12 faults × 200 × 2 databases, one state each, nobody twice"),
    Bar("R10", "one byte a second: deadline, USSD unaffected",
        ("tests/gateways/test_conformance.py", f"{F}/test_gateways.py"), ("R10", "slow gateway"),
        "ends `unknown`"),
    Bar("R11", "refused key: calls stop, half open later",
        (f"{F}/test_gateways.py::test_a_refused_key", "tests/sms/test_settle.py"), (),
        "one call in 60 s, rows queued, all 60 sent once afterwards"),
    Bar("R12", "5,000 histories of reports, any order", ("tests/sms/test_deliveries.py",), (),
        "5,000 examples (hypothesis), one end each"),
    Bar("R13", "10,000 inbound, each 1-5 ×, 8 threads; again after 30 days",
        (f"{F}/test_intake.py::test_callbacks", "tests/gateways/test_pitfalls.py"), ("R13 ",)),
    Bar("R14", "same id, other content",
        ("tests/sms/test_intake.py", "tests/api/test_hooks.py::test_the_same_id"), (),
        "the first is kept; the second is kept and not acted upon"),
    Bar("R15", "4 clocks, 200 slots, 10 kills", (f"{F}/test_servers.py::test_four_clocks",),
        ("four clocks",)),
    Bar("R16", "stopped across slots; > 24 h", ("tests/sms/test_broadcasts.py",), (),
        "newest slot once, older `missed`; after a day nothing"),
    Bar("R17", "clock jumps ± 5 min, ± 1 h, ± 1 day, 1970",
        (f"{F}/test_days.py::test_a_clock", f"{F}/test_days.py::test_a_server_whose",
         f"{F}/test_days.py::test_a_date"), ("R17 ",)),
    Bar("R18", "nothing after expiry", (f"{F}/test_gateways.py::test_nothing_leaves",), (),
        "frozen for a day and five minutes: 20 sent before, 20 expired, 0 after"),
    Bar("R19", "10 workers on a cap of 100", (f"{F}/test_servers.py::test_ten_workers_together",),
        (), "exactly 100, on both"),
    Bar("R20", "STOP with 1,000 rows queued", (f"{F}/test_servers.py::test_stop_reaches",), (),
        "none claimed after the commit; none left queued"),
    Bar("R21", "quiet hours, 10,000 instants",
        ("tests/sms/test_limits.py", "tests/sms/test_claim.py"), (), "250 × 40 instants, four zones"),
    Bar("R22", "copy taken mid-broadcast and put back: 0 sent again",
        (f"{F}/test_days.py::test_a_copy_taken", "tests/cli/test_sealing.py"), ("R22 ",)),
    Bar("R23", "migrations: equal, down, up; kill -9 in the middle",
        ("tests/test_migrations.py", f"{F}/test_days.py::test_a_migration_killed"), ("R23 ",)),
    Bar("R24", "stateful machine, ≥ 2,000 histories", ("tests/sms/test_outbox_machine.py",), (),
        "2,000 examples of 20 steps, SQLite"),
    Bar("R25", "50 SMS while down: fetched once, late callbacks doubled none",
        (f"{F}/test_days.py::test_messages_of_an_outage",), ("R25 ",)),
)  # fmt: skip

LOAD = (
    Bar("L1", "287 turns/s for 10 min on 2 cores", (), (),
        "measured by `make bench`, not here: a figure beside running tests is none"),
    Bar("L2", "soak of 6 h", (), (), "not measured: nobody has let it run so long"),
    Bar("L3", "5,000 recipients at 20/s", ("tests/sms/test_claim.py",), ("L3",),
        "the pace is kept for all workers together"),
    Bar("L4", "one abusive caller: others' p99 + < 20 %",
        (f"{F}/test_hostile.py::test_one_abusive",), ("L4 ",)),
)  # fmt: skip

SECURITY = (
    Bar("S1", "every route × every caller", ("tests/api/test_access.py",), (),
        "8 kinds of caller, 0 deviations; a route without a policy fails the build"),
    Bar("S2", "schemathesis on every operation", ("tests/api/test_fuzz.py",), (),
        "part: 2 requests an operation here, 200 in `make fuzz`, right and wrong ones, as "
        "administrator; not 500, not without a key"),
    Bar("S3", "10,000 fuzzed SMS: no exception",
        (f"{F}/test_hostile.py::test_ten_thousand_hostile_messages", "tests/sms/test_grammar.py"),
        ("S3 ",)),
    Bar("S4", "10,000 USSD texts: always `CON` or `END`",
        (f"{F}/test_hostile.py::test_ten_thousand_hostile_dials",), ("S4 ",)),
    Bar("S5", "forged callbacks: 404, same time, no row, never logged",
        ("tests/gateways/test_trust.py", "tests/api/test_hooks.py::test_whatever",
         "tests/api/test_strangers.py", f"{F}/test_hostile.py::test_a_token"), ("S5 ",)),
    Bar("S6", "1,000 half-open and slow: closed ≤ 15 s, others' p99 < 1 s",
        (f"{F}/test_slow.py::test_a_thousand",), ("S6 ",)),
    Bar("S7", "100 MB, chunked, 10,000 headers: refused, memory + < 20 MB",
        (f"{F}/test_slow.py::test_huge",), ("S7 ",),
        "nothing is unpacked, so that a gzip bomb is its own few bytes"),
    Bar("S8", "500 canaries: in no log, error, metric, export; none clear in the file",
        (f"{F}/test_canaries.py", "tests/test_logs.py"), ("S8 ",)),
    Bar("S9", "hostile cells in exports", ("tests/api/test_files.py",), (),
        "random cells: none begins like a formula, read back as written; no formula evaluator"),
    Bar("S10", "CSRF", ("tests/api/test_access.py",), (),
        "without its token or from elsewhere: 403; cookie flags"),
    Bar("S11", "1,000 logins a minute: ≤ 10 hashes",
        (f"{F}/test_hostile.py::test_a_flood", "tests/api/test_access.py::test_wrong_passwords"),
        ("S11 ",), "two hashes at a time at most; loop lag not measured"),
    Bar("S12", "200 forged outliers: 0 published without reply-back; false holds < 5 %",
        (f"{F}/test_forged.py::test_a_forged", "tests/sms/test_challenge.py"), ("S12 ",),
        "a forger who answers for a *known* number by guessing its digit is not stopped by the "
        "four digits, which new and changed numbers alone must send"),
    Bar("S13", "10,000 inbound of 1,000 numbers: within caps, none abroad",
        (f"{F}/test_forged.py::test_whoever", "tests/sms/test_outbox.py"), ("S13 ",)),
    Bar("S14", "audit chain: change, removal, insertion are seen", ("tests/test_audit.py",), (),
        "the newest entries too: the head is signed"),
    Bar("S15", "erasure leaves nothing", ("tests/people/test_rights.py",), (),
        "number, lookup and seal in no table, prices unmoved; a reporter's name in older audit "
        "lines stays"),
    Bar("S16", "image: non-root, read-only, no known CVE", ("tests/test_house.py",), (),
        "an image is not built: there is no Docker where the tests run"),
    Bar("S17", "static analysis", (), (),
        "`make check`: ruff with the bandit rules, mypy strict, import-linter; semgrep not used"),
    Bar("S18", "weak or default secrets refused (10)", ("tests/test_settings.py",), ()),
)  # fmt: skip

ELSEWHERE = ("tests/test_end_to_end.py", "tests/sms/test_corpus.py")
MAIN = """## The main job

`tests/test_end_to_end.py`: the survey prices of Kita 2007-2019 texted by three reporters; every quote
equals a computation made apart from the CSV; dials tell them; a broadcast reaches 1,000 people once. On
both databases. `tests/sms/test_corpus.py`: 1,600 noisy messages and five other corpora of 600, 0 misread.
The corpus is made by program; no message of a Malian reporter is in it.
"""


def bars() -> Sequence[Bar]:
    return (*RELIABILITY, *LOAD, *SECURITY)


def to_run() -> list[str]:
    """The files the bars lean on, each once."""
    named = [test.partition("::")[0] for bar in bars() for test in bar.tests]
    return list(dict.fromkeys([F, *(each for each in named if not each.startswith(F)), *ELSEWHERE]))


def outcomes(place: Path) -> dict[str, str]:
    """`file::name` of every test that ran, and how it ended, from every report there."""
    found: dict[str, str] = {}
    reports = [ElementTree.parse(each) for each in sorted(place.glob("*.xml"))]  # our own files
    for case in (each for report in reports for each in report.iter("testcase")):
        modules = [each for each in str(case.get("classname")).split(".") if each.islower()]
        file = "/".join(modules) + ".py"
        bad = any(case.find(each) is not None for each in ("failure", "error"))
        found[f"{file}::{case.get('name')}"] = "failed" if bad else "passed"
    return found


def figures(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def verdict(bar: Bar, ran: Mapping[str, str]) -> str:
    """How many of its tests passed; which did not."""
    if not bar.tests:
        return ""
    mine = {name: end for name, end in ran.items() if any(_is_of(name, t) for t in bar.tests)}
    failed = sorted(name.partition("::")[2] for name, end in mine.items() if end == "failed")
    if failed:
        return f"**failed**: {', '.join(failed[:3])}"
    return f"{len(mine)} passed" if mine else "**not run**"


def _is_of(name: str, test: str) -> bool:
    file, _, beginning = test.partition("::")
    return name.startswith(f"{file}::{beginning}")


def told(bar: Bar, found: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for each in found:
        title = str(each["title"])
        if any(title.startswith(beginning) for beginning in bar.figures):
            facts = ", ".join(f"{k} {v}" for k, v in each.items() if k != "title")
            yield f"*{_bare(bar, title)}*: {facts}".replace("_", " ").replace("|", "/")


def _bare(bar: Bar, title: str) -> str:
    return title.removeprefix(f"{bar.name} ")


def row(bar: Bar, ran: Mapping[str, str], found: Sequence[Mapping[str, object]]) -> str:
    shown = "<br>".join(f"`{each.removeprefix('tests/')}…`" if "::" in each
                        else f"`{each.removeprefix('tests/')}`" for each in bar.tests)  # fmt: skip
    parts = [verdict(bar, ran), *told(bar, found), bar.note]
    return f"| {bar.name} | {bar.asks} | {shown or '-'} | {'. '.join(p for p in parts if p)} |"


def section(title: str, listed: Sequence[Bar], ran: Mapping[str, str], found: Sequence) -> str:
    head = f"## {title}\n\n| bar | asks | shown by (under `tests/`) | found |\n|---|---|---|---|\n"
    return head + "\n".join(row(bar, ran, found) for bar in listed) + "\n"


def page(ran: Mapping[str, str], found: Sequence[Mapping[str, object]]) -> str:
    passed = sum(end == "passed" for end in ran.values())
    intro = f"""# What is shown, and what is not

Made by `make faults` on {clock.system():%Y-%m-%d}, Python {platform.python_version()}, SQLite and a real
PostgreSQL; {passed} of {len(ran)} tests passed. The bars are those the service was built against. A figure
stands here only if a test of that run printed it; a bar that nothing is shown for says why. `make test`
runs the same tests in small. A test on one machine and a stand-in carrier is no proof for a network in
Mali, and a time taken beside other work is no measure of speed (`bench/RESULTS.md` is).

"""
    parts = [
        section("R. Reliability", RELIABILITY, ran, found), MAIN,
        section("L. Load", LOAD, ran, found), section("S. Security", SECURITY, ran, found),
    ]  # fmt: skip
    return intro + "\n".join(parts)


def missing() -> list[str]:
    """Bars of the list that have no row."""
    named = [bar.name for bar in bars()]
    wanted = [*(f"R{n}" for n in range(1, 26)), *(f"L{n}" for n in range(1, 5)),
              *(f"S{n}" for n in range(1, 19))]  # fmt: skip
    return [each for each in wanted if each not in named]


def main() -> None:
    if "--tests" in sys.argv:
        print(" ".join(to_run()))
        return
    if gone := missing():
        raise SystemExit(f"bars without a row: {', '.join(gone)}")
    ran = outcomes(REPORTS)
    PAGE.write_text(page(ran, figures(FIGURES)))
    failed = sum(end == "failed" for end in ran.values())
    print(f"{PAGE}: {len(ran)} tests, {failed} failed")


if __name__ == "__main__":
    main()
