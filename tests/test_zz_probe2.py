import pytest
@pytest.mark.browser
def test_browser(page):
    page.set_content("<h1>Sugu</h1>")
    assert page.inner_text("h1") == "Sugu"
