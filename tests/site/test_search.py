"""Search as readers use it: real queries in each language, by keyboard, on the web and from a file."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from book.site.project import SITE
from tests.site.browsing import DESKTOP, PHONE

# The language, what is typed, and a page that must be among the first ones found.
QUERIES = [
    ("en", "outliers", "regression/mae"),
    ("en", "L1 loss", "regression/mae"),
    ("en", "SmoothL1Loss", "regression/huber"),
    ("en", "mean squared error", "regression/mse"),
    ("ru", "выброса", "regression/mae"),
    ("ru", "медианы", "regression/mae"),
    ("ru", "медианой", "regression/huber"),
    ("ru", "выбросы", "regression/mae"),
    ("ru", "SmoothL1Loss", "regression/huber"),
    ("zh", "均方误差", "regression/mse"),
    ("zh", "离群值", "regression/mae"),
    ("zh", "中位数", "regression/mae"),
    ("zh", "SmoothL1Loss", "regression/huber"),
]
FIRST = 3
queries = pytest.mark.parametrize(
    ("code", "query", "expected"), QUERIES, ids=[f"{c}-{q}" for c, q, _ in QUERIES]
)


@queries
def test_dialog_finds_while_typing(visit, code, query, expected):
    reader = visit(viewport=DESKTOP).open(f"{code}/index.html")
    reader.tab.keyboard.press("Control+k")
    reader.tab.keyboard.type(query)
    hits = reader.tab.locator("#pst-search-dialog .hits > li:not(.section) a")
    expect(hits.first).to_be_visible()
    found = [hit.get_attribute("href") for hit in hits.all()]
    assert any(expected in address for address in found[:FIRST]), found
    assert reader.messages + reader.failures == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_long_results_leave_the_query_in_sight(visit, viewport):
    reader = visit(viewport=viewport).open("en/index.html")
    reader.tab.keyboard.press("Control+k")
    reader.tab.keyboard.type("outliers")
    hits = reader.tab.locator("#pst-search-dialog .hits a")
    expect(hits.first).to_be_visible()
    expect(reader.tab.locator("#pst-search-dialog input")).to_be_in_viewport(ratio=1)
    hits.last.focus()
    expect(hits.last).to_be_in_viewport(ratio=0.5)


@queries
def test_search_page_finds(visit, code, query, expected):
    reader = visit(viewport=DESKTOP)
    reader.tab.goto(f"{reader.address}{code}/search.html?q={quote(query)}")
    hits = reader.tab.locator("#search-results li a")
    expect(hits.first).to_be_visible()
    expect(reader.tab.locator(f"#search-results li a[href*='{expected}']").first).to_be_visible()


def test_keys_lead_from_the_query_to_the_page(visit):
    reader = visit(viewport=DESKTOP).open("en/index.html")
    reader.tab.locator(".search-button__button:visible, .search-button:visible").first.click()
    reader.tab.keyboard.type("outliers")
    expect(reader.tab.locator("#pst-search-dialog .hits a").first).to_be_visible()
    reader.tab.keyboard.press("ArrowDown")
    first = reader.tab.locator("#pst-search-dialog .hits a").first
    expect(first).to_be_focused()
    address = first.get_attribute("href")
    reader.tab.keyboard.press("Enter")
    reader.tab.wait_for_url(f"**{address}")


def test_nothing_found_is_said(visit):
    reader = visit(viewport=DESKTOP).open("ru/index.html")
    reader.tab.keyboard.press("Control+k")
    reader.tab.keyboard.type("щщщъъъ")
    expect(reader.tab.locator("#pst-search-dialog .status")).to_have_text("Ничего не найдено")


@pytest.mark.parametrize(("code", "query", "expected"), QUERIES[::4])
def test_search_works_from_a_file(visit, code, query, expected):
    reader = visit(f"{SITE.as_uri()}/", viewport=DESKTOP).open(f"{code}/index.html")
    reader.tab.keyboard.press("Control+k")
    reader.tab.keyboard.type(query)
    reader.tab.keyboard.press("Enter")
    reader.tab.wait_for_url("**/search.html?q=*")
    hits = reader.tab.locator("#search-results li a")
    expect(hits.first).to_be_visible()
