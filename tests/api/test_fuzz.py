"""Whatever is sent to it, the API answers what its own description allows, and never breaks.

`make fuzz` asks two hundred times per operation; `make test` a little each time, since the
shapes differ from run to run.
"""

import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.api.docs import TAGS
from service.db import make_engine
from tests.api.conftest import FRIDAY
from tests.api.office import Office, open_office, reporter, subscriber

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
EXAMPLES = int(os.environ.get("FUZZ", "2"))
"""Requests tried per operation and run."""
STREAMS = "/events$|^/metrics$"
"""Answers that never end, or are not of this description."""


@pytest.fixture
def fuzzed(sqlite_url: str) -> Iterator[Office]:
    """An office with a reporter, a price, a farmer, and a broadcast that has left."""
    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY, docs=True) as office:
        office.report(reporter(office, "+22370000001"), "ARA", 225)
        subscriber(office, "+22376000001")
        plan = {
            "name": "Foire", "body": {"fr": "Bonjour"}, "audience": {"villages": ["*"]},
            "when": "now",
        }  # fmt: skip
        made = office.operator.post("/api/v1/broadcasts", json=plan).json()
        office.operator.post(f"/api/v1/broadcasts/{made['id']}/submit")
        yield office
    engine.dispose()


@pytest.mark.slow
@pytest.mark.timeout(0 if EXAMPLES > 2 else 300)
@pytest.mark.parametrize("tag", TAGS)
def test_no_request_breaks_it(fuzzed: Office, tag: str):
    schema = schemathesis.openapi.from_asgi("/openapi.json", fuzzed.app)
    described = schema.include(tag=tag).exclude(path_regex=STREAMS)
    broken: list[str] = []
    for result in described.get_all_operations():
        broken += asked(result.ok(), fuzzed)
    assert broken == []


def asked(operation, office: Office) -> list[str]:
    found: list[str] = []
    keys = [office.keys["admin"]]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case) -> None:
        status = None
        try:
            answer = case.call(headers={"Authorization": f"Bearer {keys[-1]}"})
            status = answer.status_code
            if status == 401:  # the request before closed the door behind itself
                keys.append(office.key(f"another-{len(keys)}-{case.method}", "admin"))
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as group:
            found.extend(
                f"{case.method} {case.path} {status}: {str(e)[:600]}" for e in group.exceptions
            )
        except Exception as error:
            found.append(f"{case.method} {case.path} {status}: {str(error)[:600]}")

    ask()
    return found
