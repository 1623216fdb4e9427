"""Every page says what it may load, and from whom; no script of another's ever runs in one."""

import pytest

from service.api.html import POLICY
from tests.api.office import Office

PAGES = (
    "/console/login",
    "/console",
    "/console/prices",
    "/console/people",
    "/console/broadcasts",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_carries_the_strict_policy_and_is_kept_by_nobody(desk: Office, path: str):
    browser, _ = desk.log_in("fatou", "admin")
    page = browser.get(path)
    assert page.status_code == 200, path
    said = page.headers
    assert said["content-security-policy"] == POLICY
    assert (said["x-content-type-options"], said["cache-control"]) == ("nosniff", "no-store")
    assert said["referrer-policy"] == "same-origin"
    assert "<script>" not in page.text
    assert " onclick=" not in page.text
    assert " style=" not in page.text


def test_the_policy_lets_in_nothing_but_our_own_files():
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    for needed in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert needed in POLICY
