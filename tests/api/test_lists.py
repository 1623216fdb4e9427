"""Pages, versions, repetitions and problems: what every resource has in common."""

from tests.api.office import Office, code, reporter, subscriber

API = "/api/v1"


def everything(office: Office, path: str, limit: int) -> list[dict]:
    """All items, asked for a few at a time."""
    items, cursor = [], ""
    while cursor is not None:
        joint = "&" if "?" in path else "?"
        page = office.operator.get(f"{API}{path}{joint}limit={limit}&cursor={cursor}").json()
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
    return items


def test_pages_hold_every_row_once_in_order(office: Office):
    for path, key in (
        ("/products", "code"),
        ("/markets", "code"),
        ("/villages", "code"),
        ("/units", "code"),
    ):
        codes = [each[key] for each in everything(office, path, 3)]
        whole = [each[key] for each in office.viewer.get(f"{API}{path}?limit=500").json()["items"]]
        assert codes == whole, path
        assert len(codes) == len(set(codes))


def test_rows_that_arrive_meanwhile_shift_nothing(office: Office):
    phones = [f"+2237000000{n}" for n in range(1, 6)]
    ids = [reporter(office, phone) for phone in phones]
    first = office.viewer.get(f"{API}/reporters?limit=2").json()
    late = reporter(office, "+22370000009")
    second = office.viewer.get(f"{API}/reporters?limit=9&cursor={first['next']}").json()
    assert [each["id"] for each in first["items"] + second["items"]] == [*ids, late]
    assert second["next"] is None


def test_two_keys_page_as_well_as_one(office: Office):
    one = reporter(office, "+22370000001")
    for product, amount in (("ARA", 225), ("MAI", 150), ("MIL", 200)):
        office.report(one, product, amount)
    quotes = everything(office, "/quotes?from=2026-11-01", 1)
    assert sorted(each["product"] for each in quotes) == ["ARA", "MAI", "MIL"]


def test_a_search_finds_names_and_whole_numbers(office: Office):
    reporter(office, "+22370000001", name="Awa K.")
    two = reporter(office, "+22370000002", name="100% Moussa_")
    assert [r["id"] for r in office.viewer.get(f"{API}/reporters?q=moussa").json()["items"]] == [
        two
    ]
    assert [r["id"] for r in office.viewer.get(f"{API}/reporters?q=100%25").json()["items"]] == [
        two
    ]
    assert [r["id"] for r in office.viewer.get(f"{API}/reporters?q=70000002").json()["items"]] == [
        two
    ]
    assert office.viewer.get(f"{API}/reporters?q=70000003").json()["items"] == []


def test_a_cursor_of_another_list_is_a_problem(desk: Office):
    for cursor in ("x", "WyJhIl0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", "%F0%9F%8C%BE"):
        said = desk.viewer.get(f"{API}/reporters?cursor={cursor}")
        assert (said.status_code, code(said)) == (422, "invalid"), cursor


def test_two_people_at_one_form_the_second_is_told(office: Office):
    tag = office.operator.get(f"{API}/markets/KITA").headers["etag"]
    first = office.operator.patch(
        f"{API}/markets/KITA", json={"road_closed": True}, headers={"If-Match": tag}
    )
    assert first.status_code == 200
    assert first.headers["etag"] != tag
    second = office.operator.patch(
        f"{API}/markets/KITA", json={"insecure": True}, headers={"If-Match": tag}
    )
    assert (second.status_code, code(second)) == (412, "version_moved")
    assert second.headers["etag"] == first.headers["etag"]


def test_what_has_not_changed_is_not_sent_again(desk: Office):
    tag = desk.viewer.get(f"{API}/products/ARA").headers["etag"]
    again = desk.viewer.get(f"{API}/products/ARA", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_change_that_changes_nothing_leaves_no_trace(desk: Office):
    before = desk.viewer.get(f"{API}/products/ARA").json()
    desk.operator.patch(f"{API}/products/ARA", json={"chain": before["chain"]})
    assert desk.viewer.get(f"{API}/products/ARA").json() == before
    assert desk.admin.get(f"{API}/audit?subject=product:ARA").json()["items"] == []


def test_what_is_still_used_cannot_be_removed(office: Office):
    subscriber(office, "+22376000001")
    assert code(office.operator.delete(f"{API}/villages/KITA-DEMO")) == "in_use"
    made = office.operator.post(
        f"{API}/villages", json={"code": "SANSANDO", "name": "Sansando", "commune": "Kita"}
    ).json()
    assert made["ussd_key"]
    assert office.operator.delete(f"{API}/villages/SANSANDO").status_code == 204
    assert code(office.viewer.get(f"{API}/villages/SANSANDO")) == "not_found"


def test_a_field_that_is_needed_cannot_be_emptied(desk: Office):
    said = desk.operator.patch(f"{API}/markets/KITA", json={"name": None})
    assert (said.status_code, said.json()["errors"][0]["field"]) == (422, "name")


def test_a_repeated_request_is_done_once_and_answered_the_same(office: Office):
    subscriber(office, "+22376000001")
    form = {
        "name": "Essai",
        "body": {"fr": "Bonjour"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    key = {"Idempotency-Key": "abc"}
    first = office.operator.post(f"{API}/broadcasts", json=form, headers=key)
    again = office.operator.post(f"{API}/broadcasts", json=form, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(office.viewer.get(f"{API}/broadcasts").json()["items"]) == 1
    other = office.operator.post(f"{API}/broadcasts", json=form | {"name": "Autre"}, headers=key)
    assert (other.status_code, code(other)) == (422, "other_body")
    elsewhere = office.operator.post(f"{API}/broadcasts/{first.json()['id']}/submit", headers=key)
    assert code(elsewhere) == "other_body"
    somebody = office.approver.post(f"{API}/broadcasts", json=form, headers=key)
    assert somebody.json()["id"] != first.json()["id"]


def test_a_test_message_is_sent_once_for_one_key(office: Office):
    subscriber(office, "+22376000001")
    form = {
        "name": "Essai",
        "body": {"fr": "Bonjour"},
        "audience": {"villages": ["*"]},
        "when": "now",
    }
    made = office.operator.post(f"{API}/broadcasts", json=form).json()
    trial = {"phones": ["+22376000002"], "language": "fr"}
    sent = [
        office.operator.post(
            f"{API}/broadcasts/{made['id']}/test-send", json=trial, headers={"Idempotency-Key": "k"}
        )
        for _ in range(3)
    ]
    assert {answer.text for answer in sent} == {sent[0].text}
    assert len(office.viewer.get(f"{API}/messages?direction=out").json()["items"]) == 1


def test_every_failure_is_a_problem_with_a_code(desk: Office):
    asked = [
        (desk.nobody.get(f"{API}/products"), 401, "unauthenticated"),
        (desk.viewer.get(f"{API}/products/NOPE"), 404, "not_found"),
        (desk.viewer.get(f"{API}/nowhere"), 404, "not_found"),
        (desk.viewer.put(f"{API}/products"), 405, "method_not_allowed"),
        (
            desk.operator.post(
                f"{API}/products", content=b"{", headers={"Content-Type": "application/json"}
            ),
            400,
            "unreadable",
        ),
        (desk.operator.post(f"{API}/products", json={}), 422, "invalid"),
        (
            desk.operator.post(
                f"{API}/products",
                content=b"x" * 2_000_000,
                headers={"Content-Type": "application/json"},
            ),
            413,
            "too_large",
        ),
        (desk.operator.post(f"{API}/villages/import", content=b"\x00\x01"), 415, "unknown_format"),
        (desk.viewer.get(f"{API}/reports?limit=0"), 422, "invalid"),
        (desk.viewer.get(f"{API}/reporters/99999999999999999999"), 422, "invalid"),
    ]
    for answer, status, word in asked:
        assert (answer.status_code, code(answer)) == (status, word)
        body = answer.json()
        assert {"type", "title", "status", "detail", "instance", "code"} <= body.keys()
        assert body["type"] == f"urn:sugu:problem:{word}"


def test_a_problem_is_said_in_french_unless_english_is_asked_for(desk: Office):
    path = f"{API}/products/NOPE"
    assert desk.viewer.get(path).json()["detail"] == "Rien ne se trouve ici."
    english = desk.viewer.get(path, headers={"Accept-Language": "en-GB,en;q=0.9,fr;q=0.5"})
    assert english.json()["detail"] == "There is nothing here."
    form = desk.operator.post(f"{API}/cooperatives", json={"code": "x1"})
    assert form.json()["errors"][0]["detail"] == "Ce champ est obligatoire."


def test_a_search_no_database_can_hold_is_no_breakdown(office: Office):
    assert office.viewer.get(f"{API}/reporters?q=%00").status_code in {200, 422}
    said = office.operator.post(f"{API}/cooperatives", json={"code": "aa", "name": "a\x00b"})
    assert (said.status_code, code(said)) == (422, "invalid")


def test_a_list_that_comes_whole_says_there_is_no_next_page(desk: Office):
    paths = ("silence", "jobs", "settings", "weighings/summary", "reporters/flags", "gaps/top")
    for path in (*paths, "reporters/callbacks"):
        page = desk.admin.get(f"{API}/{path}").json()
        assert page["next"] is None, path
