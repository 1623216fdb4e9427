"""Whatever is sent to it, the API answers what its own description allows, and never breaks."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.db import make_engine
from tests.api.conftest import FRIDAY
from tests.api.office import Office, open_office

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
EXAMPLES = 2
"""Requests tried per operation and run; the shapes differ from run to run."""


@pytest.fixture
def fuzzed(sqlite_url):
    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY, docs=True) as office:
        yield office
    engine.dispose()


@pytest.fixture
def described(fuzzed: Office):
    schema = schemathesis.openapi.from_asgi("/openapi.json", fuzzed.app)
    return schema.exclude(path_regex="/events$|^/metrics$")


@pytest.mark.slow
def test_no_request_breaks_it(fuzzed: Office, described):
    headers = {"Authorization": f"Bearer {fuzzed.keys['admin']}"}
    broken: list[str] = []
    for result in described.get_all_operations():
        broken += asked(result.ok(), headers)
    assert broken == []


def asked(operation, headers) -> list[str]:
    from hypothesis import given

    found: list[str] = []

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
            answer = case.call(headers=headers)
            status = answer.status_code
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as group:
            found.extend(
                f"{case.method} {case.path} {status}: {str(e)[:300]}" for e in group.exceptions
            )
        except Exception as error:
            found.append(f"{case.method} {case.path} {status}: {str(error)[:300]}")

    ask()
    return found
