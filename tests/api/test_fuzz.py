"""Whatever is sent to it, the API answers what its own description allows, and never breaks.

`make fuzz` asks two hundred times per operation; `make test` a little each time, since the
shapes differ from run to run.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
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
MOST_KNOWN = 5
"""Things that exist which a path may name, beside those that do not."""


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
def test_no_request_breaks_it(fuzzed: Office, tag: str, request: pytest.FixtureRequest):
    schema = schemathesis.openapi.from_asgi("/openapi.json", fuzzed.app)
    described = schema.include(tag=tag).exclude(path_regex=STREAMS)
    broken: list[str] = []
    for result in described.get_all_operations():
        operation = result.ok()
        answers, found = asked(operation, fuzzed)
        request.node.user_properties.append((operation.label, spelt(answers)))
        broken += found
    assert broken == []


def test_every_operation_is_asked(fuzzed: Office):
    """All but the two that are no answers, by the tags that are tried one by one."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", fuzzed.app)
    described = schema.exclude(path_regex=STREAMS).get_all_operations()
    assert {result.ok().tags[0] for result in described} <= set(TAGS)


def spelt(answers: Counter[int]) -> str:
    """`200:150 404:50`, as it stands in the report of a run."""
    return " ".join(f"{status}:{count}" for status, count in sorted(answers.items()))


def asked(operation: APIOperation, office: Office) -> tuple[Counter[int], list[str]]:
    """How often each status was answered, and what broke."""
    answers: Counter[int] = Counter()
    found: list[str] = []
    keys = [office.keys["admin"]]
    known = known_of(operation, office)

    @given(case=cases(operation), place=st.sampled_from([{}, *known]))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case, place: dict[str, object]) -> None:
        case.path_parameters.update(place)
        status = None
        try:
            answer = case.call(headers={"Authorization": f"Bearer {keys[-1]}"})
            status = answer.status_code
            answers[status] += 1
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
    return answers, found


def cases(operation: APIOperation) -> st.SearchStrategy[Case]:
    """Requests as they are described, and, where something can be wrong about one, wrong ones."""
    good = operation.as_strategy()
    if operation.body or operation.query or operation.path_parameters:
        return good | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return good


def known_of(operation: APIOperation, office: Office) -> list[dict[str, object]]:
    """What the one blank of a path may be filled with so that something is there: a code or an
    id of the list the path goes on from."""
    names = [each.name for each in operation.path_parameters]
    if len(names) != 1:
        return []
    items = office.admin.get(operation.path.split("/{")[0]).json().get("items", [])
    field = "code" if names == ["code"] else "token" if names == ["token"] else "id"
    return [{names[0]: each[field]} for each in items[:MOST_KNOWN] if field in each]
