"""Who may do what: every route, asked by every kind of caller, does what its policy says."""

from collections.abc import Callable, Iterator

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from service.api import hooks
from service.api.policies import policies, undeclared
from service.db import writing
from service.people.tables import ROLES, LoginFailure, StaffSession
from tests.api.office import PASSWORD, Office, code

API = "/api/v1"
REFUSED = {401, 403}


def test_no_route_is_without_a_policy(desk: Office):
    assert undeclared(desk.app, [hooks.gateway_of]) == []


def routes(office: Office) -> Iterator[tuple[str, str, str, str]]:
    """The API's own routes, with paths that name something; streams are asked elsewhere."""
    for method, path, policy, resource in policies(office.app):
        if path.startswith(API) and policy != "public" and not path.endswith("/events"):
            bare = path.replace("{name}.{kind}", "gaps.csv").replace("{message_id}", "in-7")
            while "{" in bare:
                bare = f"{bare[: bare.index('{')]}7{bare[bare.index('}') + 1 :]}"
            yield method, bare, policy, resource


def test_every_route_lets_in_those_it_should_and_nobody_else(desk: Office):
    browser, _ = desk.log_in("fatou", "admin")
    callers: dict[str, tuple[TestClient, Callable[[str], bool]]] = {
        "nobody": (desk.nobody, lambda _: False),
        "revoked key": (desk.revoked(), lambda _: False),
        "expired session": (browser, lambda _: False),
        "other scope": (
            desk.caller(desk.key("radio", "admin", scopes=["nothing"])),
            lambda _: False,
        ),
        **{role: (desk.caller(desk.keys[role]), _may(role)) for role in ROLES},
    }
    with writing(desk.engine) as session:
        for row in session.exec(select(StaffSession)):
            row.expires_at = desk.clock()
            session.add(row)
    deviations = [
        f"{name}: {method} {path} -> {answer.status_code}"
        for method, path, policy, _ in routes(desk)
        for name, (caller, may) in callers.items()
        if ((answer := caller.request(method, path)).status_code in REFUSED) == may(policy)
    ]
    assert deviations == []


def _may(role: str) -> Callable[[str], bool]:
    return lambda policy: ROLES.index(role) >= ROLES.index(policy)


def test_a_key_with_scopes_reads_and_writes_only_what_they_name(desk: Office):
    reads = desk.caller(desk.key("radio", "operator", scopes=["quotes:read"]))
    assert reads.get(f"{API}/quotes").status_code == 200
    assert code(reads.get(f"{API}/reports")) == "out_of_scope"
    writes = desk.caller(desk.key("scale", "operator", scopes=["weighings"]))
    form = {"unit": "SAC", "product": "ARA", "market": "KITA", "kilos": 42.5}
    assert writes.post(f"{API}/weighings", json=form).status_code == 201
    assert code(reads.post(f"{API}/weighings", json=form)) == "out_of_scope"


def test_the_keys_of_the_demo_open_nothing_elsewhere(desk: Office):
    assert code(desk.caller("demo-admin").get(f"{API}/staff")) == "unauthenticated"


def test_the_keys_of_the_demo_open_the_demo(sqlite_url):
    from service.db import make_engine
    from tests.api.conftest import FRIDAY
    from tests.api.office import open_office

    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY, demo=True) as office:
        assert office.caller("demo-viewer").get(f"{API}/quotes").status_code == 200
        assert code(office.caller("demo-viewer").get(f"{API}/staff")) == "role_too_low"
        assert office.caller("demo-admin").get(f"{API}/staff").status_code == 200
    engine.dispose()


def test_a_key_is_shown_once_and_dies_when_it_is_revoked(office: Office):
    made = office.admin.post(f"{API}/keys", json={"staff": "radio-kita", "role": "viewer"})
    assert made.status_code == 201, made.text
    key = made.json()
    machine = office.caller(key["key"])
    assert machine.get(f"{API}/quotes").status_code == 200
    listed = office.admin.get(f"{API}/keys").json()["items"]
    mine = next(each for each in listed if each["id"] == key["id"])
    assert "key" not in mine
    assert mine["last_used_on"] == "2026-11-20"
    second = office.admin.post(f"{API}/keys/{key['id']}/rotate").json()
    assert office.admin.delete(f"{API}/keys/{key['id']}").status_code == 204
    assert code(machine.get(f"{API}/quotes")) == "unauthenticated"
    assert office.caller(second["key"]).get(f"{API}/quotes").status_code == 200


def test_a_key_dies_after_its_days_and_with_its_owner(desk: Office):
    short = desk.caller(desk.key("guest", "viewer", days=1))
    desk.clock.pass_(days=1)
    assert code(short.get(f"{API}/quotes")) == "unauthenticated"
    other = desk.caller(desk.key("leaver", "viewer"))
    staff = {each["name"]: each["id"] for each in desk.admin.get(f"{API}/staff").json()["items"]}
    desk.admin.patch(f"{API}/staff/{staff['leaver']}", json={"disabled": True})
    assert code(other.get(f"{API}/quotes")) == "unauthenticated"


def test_a_key_is_never_stronger_than_its_owner(desk: Office):
    said = desk.admin.post(f"{API}/keys", json={"staff": "viewer", "role": "admin"})
    assert code(said) == "invalid"


def test_a_browser_must_prove_that_it_meant_to_ask(office: Office):
    browser, token = office.log_in("fatou", "operator")
    assert browser.get(f"{API}/session").json()["name"] == "fatou"
    form = {"code": "djidian-1", "name": "Djidian"}
    assert code(browser.post(f"{API}/cooperatives", json=form)) == "csrf"
    wrong = {"X-CSRF-Token": "x" * 43}
    assert code(browser.post(f"{API}/cooperatives", json=form, headers=wrong)) == "csrf"
    foreign = {"X-CSRF-Token": token, "Origin": "https://elsewhere.example"}
    assert code(browser.post(f"{API}/cooperatives", json=form, headers=foreign)) == "foreign_origin"
    mine = {"X-CSRF-Token": token, "Origin": "http://office"}
    assert browser.post(f"{API}/cooperatives", json=form, headers=mine).status_code == 201


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Office):
    browser, _ = desk.log_in("fatou", "viewer")
    cookie = browser.post(f"{API}/session", json={"name": "fatou", "password": PASSWORD}).headers[
        "set-cookie"
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie


def test_over_https_the_cookie_takes_its_prefix(sqlite_url):
    from service.db import make_engine
    from tests.api.conftest import FRIDAY
    from tests.api.office import open_office

    engine = make_engine(sqlite_url)
    with open_office(engine, sqlite_url, FRIDAY, public_url="https://sugu.example") as office:
        office.log_in("fatou", "viewer")
        said = office.nobody.post(f"{API}/session", json={"name": "fatou", "password": PASSWORD})
        cookie = said.headers["set-cookie"]
        assert cookie.startswith("__Host-sugu_session=")
        assert "Secure" in cookie
    engine.dispose()


def test_a_session_ends_when_idle_after_a_day_and_at_log_out(office: Office):
    browser, token = office.log_in("fatou", "viewer")
    office.clock.pass_(minutes=29)
    assert browser.get(f"{API}/session").status_code == 200
    office.clock.pass_(minutes=29)
    assert browser.get(f"{API}/session").status_code == 200
    office.clock.pass_(minutes=31)
    assert browser.get(f"{API}/session").status_code == 401
    browser, token = office.log_in("fatou", "viewer")
    for _ in range(30):
        office.clock.pass_(minutes=25)
        last = browser.get(f"{API}/session").status_code
    assert last == 401
    browser, token = office.log_in("fatou", "viewer")
    out = browser.delete(f"{API}/session", headers={"X-CSRF-Token": token})
    assert out.status_code == 204
    assert browser.get(f"{API}/session").status_code == 401


def test_wrong_passwords_cost_time_and_never_the_account(office: Office):
    browser, _ = office.log_in("fatou", "viewer")
    wrong = {"name": "fatou", "password": "not this one"}
    assert code(browser.post(f"{API}/session", json=wrong)) == "wrong_password"
    early = browser.post(f"{API}/session", json={"name": "fatou", "password": PASSWORD})
    assert (early.status_code, code(early), early.headers["retry-after"]) == (
        429,
        "too_many_logins",
        "2",
    )
    office.clock.pass_(seconds=2)
    assert browser.post(f"{API}/session", json=wrong).status_code == 401
    office.clock.pass_(seconds=3)
    assert browser.post(f"{API}/session", json=wrong).headers["retry-after"] == "1"
    office.clock.pass_(seconds=1)
    right = browser.post(f"{API}/session", json={"name": "fatou", "password": PASSWORD})
    assert right.status_code == 201


def test_one_network_may_guess_ten_times_a_minute_whatever_the_name(desk: Office):
    answers = [
        desk.nobody.post(
            f"{API}/session", json={"name": f"name{n}", "password": "guess"}
        ).status_code
        for n in range(11)
    ]
    assert answers == [401] * 10 + [429]
    desk.clock.pass_(minutes=1)
    said = desk.nobody.post(f"{API}/session", json={"name": "name99", "password": "guess"})
    assert said.status_code == 401


def test_a_name_nobody_has_is_told_the_same(desk: Office):
    desk.log_in("fatou", "viewer")
    known = desk.nobody.post(f"{API}/session", json={"name": "fatou", "password": "x"}).json()
    unknown = desk.nobody.post(f"{API}/session", json={"name": "moussa", "password": "x"}).json()
    assert known == unknown
    with writing(desk.engine) as session:
        assert not any("fatou" in row.key for row in session.exec(select(LoginFailure)))


def test_a_new_password_ends_the_sessions_of_the_old(desk: Office):
    browser, token = desk.log_in("fatou", "viewer")
    form = {"old": PASSWORD, "new": "beurre de karité"}
    said = browser.put(f"{API}/session/password", json=form, headers={"X-CSRF-Token": token})
    assert said.status_code == 204, said.text
    assert browser.get(f"{API}/session").status_code == 401
    again = desk.nobody.post(f"{API}/session", json={"name": "fatou", "password": form["new"]})
    assert again.status_code == 201


def test_a_viewer_sees_no_whole_number(desk: Office):
    from tests.api.office import reporter

    reporter(desk, "+22370000001")
    assert desk.viewer.get(f"{API}/reporters").json()["items"][0]["phone"] == "+223****0001"
    assert desk.operator.get(f"{API}/reporters").json()["items"][0]["phone"] == "+22370000001"


def test_settings_are_shown_without_their_secrets(desk: Office):
    said = desk.admin.get(f"{API}/settings")
    values = {each["name"]: each["value"] for each in said.json()["items"]}
    assert values["SUGU_SECRET_KEY"] == "***"
    assert values["SUGU_TIMEZONE"] == "Africa/Bamako"
    assert values["SUGU_LOOPBACK__HOOK_TOKEN"] == "***"
    assert desk.settings.require_secret() not in said.text


@pytest.mark.parametrize("role", ["viewer", "operator", "approver"])
def test_only_administrators_read_the_trail(desk: Office, role: str):
    assert code(desk.caller(desk.keys[role]).get(f"{API}/audit")) == "role_too_low"


def test_every_change_is_in_the_trail_and_the_trail_holds(office: Office):
    office.operator.post(f"{API}/cooperatives", json={"code": "djidian-1", "name": "Djidian"})
    office.operator.patch(f"{API}/cooperatives/djidian-1", json={"name": "Djidian 1"})
    entries = office.admin.get(f"{API}/audit?subject=cooperative:djidian-1").json()["items"]
    assert [(e["actor"], e["action"]) for e in entries] == [
        ("operator", "cooperative.change"), ("operator", "cooperative.create"),
    ]  # fmt: skip
    assert (entries[0]["before"], entries[0]["after"]) == (
        {"name": "Djidian"},
        {"name": "Djidian 1"},
    )
    assert office.admin.get(f"{API}/audit/verify").json()["sound"] is True
