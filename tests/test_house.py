"""The house keeps its own rules: floors, names, sizes, and a README that tells the truth."""

import ast
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
KEPT = ("service", "migrations", "locales", "tests", "bench", "docs", ".ci")
EMPTY_NAMES = re.compile(r"(utils?|helpers?|common|constants?|managers?|misc|shared|stuff)(_|$)")
MEDIAN_LINES, MOST_LINES = 8, 25
"""Lines of half, and of nine in ten, of our functions at most: what good houses keep."""
LONG_MODULE = 330
"""Lines of a module: about 300, and a little patience. Tables are lists, and may be longer."""
FOREIGN = re.compile(
    "|".join(
        (
            *(rf"{name}\.{end}" for name, end in (("pypi", "org"), ("deb", r"debian\.org"))),
            *(rf"{name}{end}" for name, end in (("python", "hosted"), (r"registry\.", "npmjs"))),
            r"--(?:extra-)?index-url|/tmp/\w+_jobs|(?<![\w.])/(?:work|root|home/\w+)/",
        )
    )
)
"""Addresses of package registries, put together so as not to be one, and machine paths."""
PROMISED = {"PRIX", "SONGO", "OU", "ALERTE", "AIDE", "FR", "BM", "STOP", "ARRET", "JO", "OUI"} | {
    *("START", "IDEM", "HIER", "ANNULER", "AYI", "CORR"),
}
"""The words of the card that reporters and farmers keep."""


def files() -> list[Path]:
    """Every file of the project; what git ignores is not part of it."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name not in (".env", ".git")]
    kept = [path for name in KEPT for path in (ROOT / name).rglob("*") if path.is_file()]
    return [path for path in top + kept if "__pycache__" not in path.parts]


def modules() -> list[Path]:
    return sorted((ROOT / "service").rglob("*.py"))


def functions() -> Iterator[int]:
    """The length of every function of the service, in lines, its docstring not counted."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.end_lineno - node.lineno + 1 - _docstring_lines(node)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    return node.body[0].end_lineno - node.body[0].lineno + 1


def commands(command: Any, path: str = "sugu") -> Iterator[str]:
    """Every command a person can type, as `sugu staff add`."""
    children = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        if not child.hidden:
            yield from commands(child, f"{path} {name}")


def prose() -> str:
    pages = [README, *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def test_imports_only_go_down():
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    run = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_thinking_module_of_the_floors_exists():
    """The linter would forget a module that was renamed, and guard nothing."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    named = {
        source
        for contract in contracts["contracts"]
        for source in contract.get("source_modules", ())
    }
    paths = {name: ROOT.joinpath(*name.split(".")) for name in named}
    missing = [
        name
        for name, path in paths.items()
        if not path.with_suffix(".py").exists() and not (path / "__init__.py").exists()
    ]
    assert missing == []


def test_no_file_has_a_name_that_says_nothing():
    kept = [path for path in files() if path.suffix == ".py"]
    assert [path.name for path in kept if EMPTY_NAMES.search(path.stem)] == []


def test_functions_are_short():
    lengths = sorted(functions())
    assert statistics.median(lengths) <= MEDIAN_LINES
    assert statistics.quantiles(lengths, n=10)[-1] <= MOST_LINES


def test_modules_fit_in_a_head():
    thought = [path for path in modules() if path.name != "tables.py"]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in thought}
    assert {p.relative_to(ROOT): n for p, n in lengths.items() if n > LONG_MODULE} == {}


def test_every_module_says_what_it_is_for():
    silent = [
        path.relative_to(ROOT)
        for path in modules()
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body
        and ast.get_docstring(tree) is None
    ]
    assert silent == []


def test_nothing_is_left_to_do():
    unfinished = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b")
    assert [p.name for p in modules() if unfinished.search(p.read_text(encoding="utf-8"))] == []


def test_the_readme_lists_every_setting_with_its_default_and_meaning():
    from service.settings import listing

    page = README.read_text(encoding="utf-8")
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning in listing()
    ]
    missing = [row for row in rows if row not in page]
    assert not missing, "put into the table of the README:\n" + "\n".join(missing)
    known = {name for name, *_ in listing()}
    assert set(re.findall(r"^\| `(SUGU_\w+)`", page, re.MULTILINE)) == known


def test_the_readme_shows_every_command():
    from service.cli.every import app

    page = README.read_text(encoding="utf-8")
    typed = list(commands(typer.main.get_command(app)))
    assert [line for line in typed if line not in page] == []


def test_every_word_a_phone_may_send_is_on_a_page():
    from service.sms.lexicon.forms import read_forms

    named = {
        forms[0].upper()
        for name, forms in read_forms().words["command"].items()
        if not name.endswith("_alone")
    }
    page = prose()
    said = {word for word in named | PROMISED if re.search(rf"\b{word}\b", page)}
    assert named | PROMISED == said


def test_a_decision_fits_on_one_screen():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    long = [p.name for p in pages if len(p.read_text(encoding="utf-8").splitlines()) > 24]
    assert pages
    assert long == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_is_pinned_with_its_hash(lock: str):
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", line)] == []


def test_the_test_tools_are_locked_to_the_same_runtime():
    pins = {
        lock: set(re.findall(r"^([\w.-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in ("requirements.txt", "requirements-dev.txt")
    }
    assert pins["requirements.txt"] <= pins["requirements-dev.txt"]


def test_no_file_names_a_registry_or_a_path_of_somebody_s_machine():
    foreign = {}
    for path in files():
        text = path.read_bytes().decode(errors="ignore")
        if path != Path(__file__) and (found := FOREIGN.search(text)):
            foreign[path.relative_to(ROOT)] = found[0]
    assert foreign == {}


def test_make_help_lists_every_target():
    make = shutil.which("make")
    assert make
    run = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "check", "bench", "faults", "format", "lock", "help"):
        assert f"make {target} " in run.stdout
