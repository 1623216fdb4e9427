"""What is handed over beside the code: alert rules, a dashboard, the image, the list of parts."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from service.db import make_engine
from tests.conftest import MARKET_DAY
from tests.town import Town

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
OURS = re.compile(r"\bsugu_\w+")
PROMETHEUS = {"up", "process_resident_memory_bytes"}
"""Metrics that are not ours to name: one Prometheus makes, one its client library."""
FOREIGN = re.compile(r"(?<![\w{,\"=])(up|process_\w+)\b")


@pytest.fixture
def exposed(kita_sqlite_url: str) -> set[str]:
    """The names of an empty house's `/metrics`, with the endings that Prometheus adds."""
    engine: Engine = make_engine(kita_sqlite_url)
    town = Town(engine, kita_sqlite_url, MARKET_DAY)
    town.open()
    from service.api.metrics import exposition

    text = exposition(town.state).decode()
    town.close()
    engine.dispose()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    names = set(kinds)
    for name, kind in kinds.items():
        names |= (
            {f"{name}_{end}" for end in ("bucket", "sum", "count")}
            if kind == "histogram"
            else set()
        )
    return names


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> list[str]:
    board = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_every_metric_that_is_watched_exists(exposed: set[str]):
    watched = {
        name
        for expr in [*(rule["expr"] for rule in rules()), *queries()]
        for name in [*OURS.findall(expr), *FOREIGN.findall(expr)]
    }
    assert {name for name in watched if not name.startswith("sugu_")} <= PROMETHEUS
    assert {name for name in watched if name.startswith("sugu_")} - exposed == set()


def test_every_metric_of_ours_is_watched_by_an_alert_and_shown(exposed: set[str]):
    """A figure nobody looks at is not worth its scrape."""
    shown = set(OURS.findall(" ".join(queries())))
    watched = set(OURS.findall(" ".join(json.dumps(rule) for rule in rules())))
    ours = {name for name in exposed if name.startswith("sugu_")}
    endings = ("_bucket", "_sum", "_count", "_created")
    plain = {name for name in ours if not name.endswith(endings)} - {"sugu_dial_seconds"}
    assert plain - shown == set()
    assert plain - watched <= {"sugu_messages_day"}
    assert "sugu_dial_seconds_bucket" in shown & watched


def test_every_alert_says_what_happened_how_bad_and_which_row_to_read():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule
        assert rule["annotations"]["summary"], rule
        assert rule["annotations"]["row"] in rows, rule["annotations"]["row"]
        assert rule["expr"].count("(") == rule["expr"].count(")"), rule


def test_the_dashboard_fits_on_its_grid_and_names_its_source():
    board = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(places) == len(set(places))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])
    sources = {
        target["datasource"]["uid"] for panel in board["panels"] for target in panel["targets"]
    }
    assert sources == {"${DS}"}
    assert [each["name"] for each in board["templating"]["list"]] == ["DS"]


# --- the image ------------------------------------------------------------------------------


def script(name: str) -> ModuleType:
    """A script of `.ci`, which is no package."""
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def image() -> list[tuple[str, str]]:
    """The last stage of the Dockerfile, as instructions."""
    stages = script("image").stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert len(stages) == 2, "what builds does not run"
    return stages[-1]


def said(stage: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in stage if name == word]


def test_the_image_runs_as_nobody_in_particular(image: list[tuple[str, str]]):
    (user,) = said(image, "USER")
    assert user.isdecimal(), "a number, so that a host may see that it is not root"
    assert int(user) >= 10_000
    after = [word for word, _ in image][[word for word, _ in image].index("USER") :]
    assert "RUN" not in after
    assert f"--uid {user}" in said(image, "RUN")[0]


def test_the_image_is_checked_stopped_and_started_as_it_should(image: list[tuple[str, str]]):
    (health,) = said(image, "HEALTHCHECK")
    assert re.search(r"--interval=\d+s --timeout=\d+s --start-period=\d+s", health)
    assert "/healthz" in json.loads(health.partition("CMD ")[2])[-1]
    assert said(image, "STOPSIGNAL") == ["SIGTERM"]
    assert [json.loads(each) for each in said(image, "CMD")] == [["sugu", "serve"]]
    assert said(image, "VOLUME") == ["/data"]


def test_the_image_installs_the_lock_with_its_hashes_and_no_tool_of_the_tests():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --only-binary :all: -r requirements.txt" in text
    assert "requirements-dev" not in text
    copied = {
        each
        for line in text.splitlines()
        if line.startswith("COPY ")
        for each in line.split()[1:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {each for each in copied if not each.startswith("--")} - {"/opt/sugu"} <= {
        *("requirements.txt", "pyproject.toml", "README.md", "LICENSE", "locales", "migrations"),
        "service",
    }
    assert ignored


def test_compose_gives_no_container_more_than_it_needs():
    plan = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services = plan["services"]
    assert set(services) == {"keys", "postgres", "migrate", "app"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert "docker.sock" not in str(service.get("volumes", "")), name
    assert services["app"]["ports"] == ["127.0.0.1:8000:8000"], "only a proxy reaches it"
    assert "ports" not in services["postgres"]
    assert services["postgres"]["networks"] == ["inside"]
    assert plan["networks"]["inside"] == {"internal": True}
    assert services["app"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_no_secret_is_written_into_what_is_handed_over():
    for path in (ROOT / "compose.yaml", ROOT / "Dockerfile", *DEPLOY.iterdir()):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"(?i)(password|secret_key|api_key)\s*[:=]\s*[\"']?[a-z0-9]{8,}", text
        ), path


# --- the list of parts ------------------------------------------------------------------------


def test_the_list_of_parts_is_the_lock_to_the_letter():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    made = script("sbom").bill(lock)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE)
    listed = [(each["name"], each["version"]) for each in made["components"]]
    assert listed == [(name.lower().replace("_", "-").replace(".", "-"), at) for name, at in pinned]
    hashes = [each["content"] for part in made["components"] for each in part["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert len({each["bom-ref"] for each in made["components"]}) == len(pinned)
    assert made["dependencies"][0]["dependsOn"] == [each["bom-ref"] for each in made["components"]]


def test_the_same_lock_gives_the_same_list():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert script("sbom").bill(lock) == script("sbom").bill(lock)


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        ("", 2, "could be reached: nothing was checked"),
        ('{"dependencies": [{"name": "a", "skip_reason": "?"}]}', 2, "nothing was checked"),
        (
            '{"dependencies": [{"name": "a", "skip_reason": ""}, {"name": "b", "version": "1"}]}',
            2,
            "Not checked, for no feed knows them: a",
        ),
        ('{"dependencies": [{"name": "b", "version": "1", "vulns": []}]}', 0, "No known fault"),
        (
            '{"dependencies": [{"name": "b", "version": "1", "vulns": [{"id": "CVE-1"}]}]}',
            1,
            "b 1: CVE-1, mended in no version yet",
        ),
    ],
)
def test_an_audit_that_asked_nobody_is_no_clean_bill(report: str, code: int, words: str):
    found, told = script("audit").verdict(report)
    assert found == code
    assert any(words in line for line in told)
