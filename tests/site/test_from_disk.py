"""A copy of the site opened from disk, in a folder whose name has spaces and letters of three scripts."""

import shutil

import pytest
from playwright.sync_api import expect

from book.site.languages import languages
from book.site.project import SITE
from tests.site.browsing import DESKTOP

CODES = list(languages())
SAMPLE = ["index.html", "regression/index.html", "regression/mae.html", "regression/huber.html"]
EACH = [f"{code}/{page}" for code in CODES for page in SAMPLE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    copy = tmp_path_factory.mktemp("disk") / "My book, моя книга, 我的书 #1"
    shutil.copytree(SITE, copy, ignore=shutil.ignore_patterns("_sources", "previews", "pagefind"))
    return copy


@pytest.fixture
def reader(visit, folder):
    reader = visit(f"{folder.as_uri()}/", viewport=DESKTOP)
    yield reader
    # a file that is missing is a request that fails
    assert reader.messages + reader.failures == []
    assert [url for url in reader.requests if not url.startswith((reader.address, "data:"))] == []


@pytest.mark.parametrize("path", EACH)
def test_page_is_whole(reader, path):
    reader.open(path)
    expect(reader.tab.locator("article h1")).to_be_visible()
    assert reader.tab.evaluate(
        "[...document.images].every((image) => image.complete && image.naturalWidth > 0)"
    )
    for slider in reader.tab.locator(".explorer input[type=range]").all()[:1]:
        output = reader.tab.locator(".explorer output").first
        before = output.inner_text()
        slider.focus()
        reader.tab.keyboard.press("End")
        expect(output).not_to_have_text(before)


@pytest.mark.parametrize("code", CODES)
def test_menus_lead_on(reader, code):
    reader.open(f"{code}/regression/mae.html")
    another = next(other for other in CODES if other != code)
    reader.tab.locator(".language-menu summary").click()
    reader.tab.locator(f".language-menu a[data-language={another}]").click()
    expect(reader.tab.locator("html")).to_have_attribute("lang", languages()[another].html)
    reader.tab.locator(".bd-links a[href$='huber.html']").click()
    reader.tab.wait_for_url(f"**/{another}/regression/huber.html")


def test_colours_are_switched_and_remembered(reader):
    reader.open("en/regression/mae.html")
    html = reader.tab.locator("html")
    while html.get_attribute("data-mode") != "dark":
        reader.tab.locator(".theme-switch-button:visible").click()
    reader.open("en/regression/huber.html")
    expect(html).to_have_attribute("data-theme", "dark")


def test_nothing_is_asked_of_a_server(reader):
    """Neither a worker nor a manifest, which files cannot have."""
    reader.open("en/regression/mae.html")
    expect(reader.tab.locator(".keep-offline")).to_be_hidden()
    expect(reader.tab.locator("link[rel=manifest]")).to_have_count(0)


def test_first_page_leads_to_the_language_of_the_browser(visit, folder):
    reader = visit(f"{folder.as_uri()}/", locale="ru")
    reader.tab.goto(f"{reader.address}index.html")
    reader.tab.wait_for_url("**/ru/index.html")
    assert reader.messages + reader.failures == []


@pytest.mark.parametrize(("code", "query"), [("en", "outliers"), ("ru", "выброса"), ("zh", "离群值")])
def test_search_falls_to_its_page(reader, code, query):
    reader.open(f"{code}/index.html")
    reader.tab.keyboard.press("Control+k")
    reader.tab.keyboard.type(query)
    reader.tab.keyboard.press("Enter")
    reader.tab.wait_for_url("**/search.html?q=*")
    expect(reader.tab.locator("#search-results li a").first).to_be_visible()
