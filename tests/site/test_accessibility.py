"""The book with keys alone, with a screen reader, in a reader's own colours, without motion and on paper.

What holds for every page is checked in test_pages.py; here are the ways through one chapter of each language.
"""

import pytest
from playwright.sync_api import expect

from book.site.languages import languages
from tests.site.browsing import DESKTOP, PHONE
from tests.site.checks.accessibility import keys_lead_through_the_page_in_sight, violations

CHAPTER = "regression/huber"
CODES = list(languages())
SLOW = 20_000  # until the search has loaded
WIDER = "(box) => box.scrollWidth > box.clientWidth + 1"


@pytest.fixture
def chapter(visit):
    """Opens the chapter of a language."""

    def open_chapter(code: str, viewport=DESKTOP, **options):
        return visit(viewport=viewport, **options).open(f"{code}/{CHAPTER}.html")

    return open_chapter


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "address_of_page", ["{code}/regression/huber.html", "{code}/search.html", "404.html"]
)
def test_keys_lead_through_the_page_in_sight(visit, code, address_of_page):
    opened = visit(viewport=DESKTOP).open(address_of_page.format(code=code))
    assert list(keys_lead_through_the_page_in_sight(opened)) == []


@pytest.mark.parametrize("code", CODES)
def test_first_stop_leads_past_the_menus(chapter, code):
    tab = chapter(code).tab
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("Boolean(document.activeElement.closest('main'))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("code", CODES)
def test_axe_finds_nothing_in_the_search(chapter, code, scheme):
    opened = chapter(code)
    opened.look(DESKTOP, scheme)
    opened.tab.keyboard.press("Control+k")
    opened.tab.keyboard.type("Huber")
    expect(opened.tab.locator("#pst-search-dialog .hits a").first).to_be_visible(timeout=SLOW)
    assert violations(opened) == []
    opened.tab.keyboard.press("Escape")
    expect(opened.tab.locator("#pst-search-dialog")).to_be_hidden()


@pytest.mark.parametrize("code", CODES)
def test_axe_finds_nothing_in_the_menus_of_a_phone(chapter, code):
    opened = chapter(code, PHONE)
    opened.unfold()
    opened.tab.locator(".language-menu summary").click()
    assert violations(opened) == []
    opened.tab.keyboard.press("Escape")
    opened.tab.locator(".primary-toggle").click()
    expect(opened.tab.locator("dialog nav a").first).to_be_visible()
    assert violations(opened) == []
    opened.tab.keyboard.press("Escape")
    expect(opened.tab.locator("dialog nav a").first).to_be_hidden()


@pytest.mark.parametrize("code", CODES)
def test_formulas_are_heard_once_and_from_their_mathml(chapter, code):
    opened = chapter(code)
    opened.unfold()
    tab = opened.tab
    session = tab.context.new_cdp_session(tab)
    formulas = tab.locator(".katex").count()
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    heard = [node for node in nodes if not node["ignored"] and node["role"]["value"] == "MathMLMath"]
    assert formulas > 20
    assert len(heard) == formulas
    for piece in (".katex-html", ".katex-html .mord"):
        found = session.send("Runtime.evaluate", {"expression": f"document.querySelector('{piece}')"})[
            "result"
        ]
        tree = {"objectId": found["objectId"], "fetchRelatives": False}
        assert session.send("Accessibility.getPartialAXTree", tree)["nodes"][0]["ignored"]


@pytest.mark.parametrize("code", CODES)
def test_wide_formulas_and_code_can_be_scrolled_with_keys(chapter, code):
    opened = chapter(code, PHONE)
    opened.unfold()
    boxes = f"[...document.querySelectorAll('pre, .katex-display')].filter({WIDER})"
    opened.until(f"{boxes}.length > 2 && {boxes}.every((box) => box.tabIndex === 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_own_colours_reach_the_lines_of_figures_and_explorers(chapter, scheme):
    tab = chapter("en", forced_colors="active", color_scheme=scheme).tab
    text = tab.evaluate("getComputedStyle(document.body).color")
    for lines in (
        ".loss-figure path[style*='stroke:var(--loss-0']",
        ".explorer-panel path[style*='stroke:var(--explorer-']",
    ):
        strokes = tab.locator(lines).evaluate_all("all => all.map(line => getComputedStyle(line).stroke)")
        assert strokes
        assert set(strokes) - {"none"} == {text}
    tab.locator(".explorer input").first.focus()
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_nothing_moves_for_readers_who_do_not_want_it(chapter):
    tab = chapter("en", reduced_motion="reduce").tab
    tab.locator("article details summary").first.click()
    slow = "[...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
    assert tab.evaluate(f"{slow}.map((e) => e.className)") == []
    # what moves with time; a fade at the edge of a box moves with the reader's hand alone
    timed = "document.getAnimations().filter(({ timeline }) => timeline instanceof DocumentTimeline)"
    assert tab.evaluate(f"{timed}.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_unfolded_and_without_menus(chapter, scheme):
    opened = chapter("en")
    opened.look({"width": 700, "height": 900}, scheme)
    tab = opened.tab
    tab.emulate_media(media="print", color_scheme=scheme)
    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    expect(tab.locator("article h1")).to_be_visible()
    for menu in (
        ".bd-header-article",
        ".language-menu",
        "#pst-primary-sidebar",
        ".copybtn",
        ".prev-next-footer",
    ):
        expect(tab.locator(menu).first).to_be_hidden()
    for answer in tab.locator("details.answer .verdict").all():
        expect(answer).to_be_visible()
    expect(tab.locator(".explorer table").first).to_be_visible()
    cut = (
        "[...document.querySelectorAll('pre')].filter((box) => box.scrollWidth > box.clientWidth + 1).length"
    )
    assert tab.evaluate(cut) == 0
    tab.emulate_media(media="screen", color_scheme=scheme)
    expect(tab.locator("html")).to_have_attribute("data-theme", scheme)
