"""Where a reader is and how to get elsewhere: sidebar, neighbours, sections, the map, terms, code to take along."""

import re

import pytest
from playwright.sync_api import expect

from book.site.ext.api_pages import api_pages
from book.site.ext.term_tips import in_text
from book.site.languages import languages
from book.site.project import SITE, families
from book.site.project import pages as chapters
from tests.site.browsing import DESKTOP, PHONE
from tests.site.built import Page, pages
from tests.site.checks import orientation

CHAPTERS = [page for page in pages() if page.is_chapter]
CHAPTER = "regression/mae"
MAP = "appendix/map"
every_language = pytest.mark.parametrize("code", languages())
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def page_of(code: str, name: str) -> Page:
    return Page(SITE, f"{code}/{name}.html")


@pytest.mark.parametrize("check", orientation.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("page", CHAPTERS, ids=str)
def test_chapter(page, check):
    found = list(check(page))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("page", CHAPTERS, ids=str)
def test_neighbours_are_named_and_linked(page):
    at = chapters().index(page.name)
    expected = {"prev": chapters()[at - 1] if at else None, "next": [*chapters(), None][at + 1]}
    for rel, selector in (("prev", "a.left-prev"), ("next", "a.right-next")):
        neighbour = expected[rel] and page_of(page.code, expected[rel])
        for link in (page.tree.find("link", rel=rel), page.tree.select_one(f".prev-next-area {selector}")):
            assert (link and page.target(link["href"])) == (neighbour and (neighbour.path, ""))
        if neighbour:
            title = neighbour.tree.h1.find(string=True)
            assert title.strip() in page.tree.select_one(f"{selector} .prev-next-title").get_text()


@pytest.mark.parametrize("name", chapters())
def test_sections_have_the_same_ids_in_every_language(name):
    anchors = {code: heading_ids(page_of(code, name)) for code in languages()}
    assert all(all(ids) for ids in anchors.values()), anchors
    assert len(set(map(tuple, anchors.values()))) == 1, anchors


def heading_ids(page: Page) -> list[str]:
    """The id that leads to each heading: its own or that of the section it opens."""
    return [
        heading.get("id") or heading.find_parent("section", id=True)["id"]
        for heading in page.article.find_all(re.compile("^h[1-6]$"))
    ]


@pytest.mark.parametrize("selector", ["h2 > a.headerlink", "button.copybtn"])
def test_links_and_buttons_appear_on_focus_and_on_touch(visit, selector):
    reader = visit(viewport=DESKTOP).open(f"en/{CHAPTER}.html")
    first = reader.tab.locator(f"article {selector}").filter(visible=True).first
    first.scroll_into_view_if_needed()
    expect(first).to_have_css("opacity", "0")
    reader.tab.locator("body").press("Tab")  # a keyboard is in use
    first.focus()
    expect(first).to_have_css("opacity", "1")
    phone = visit(**TOUCH).open(f"en/{CHAPTER}.html")
    shown = phone.tab.locator(f"article {selector}").filter(visible=True)
    expect(shown.first).to_have_css("opacity", "1")


def test_sidebar_shows_the_page_without_scrolling(visit):
    reader = visit(viewport={"width": 1280, "height": 500}).open("en/appendix/benchmarks.html")
    expect(reader.tab.locator(".bd-sidebar-primary [aria-current=page]")).to_be_in_viewport()


def test_contents_of_the_page_mark_the_section_that_is_read(visit):
    reader = visit(viewport={"width": 1400, "height": 900}, reduced_motion="reduce").open(
        f"en/{CHAPTER}.html"
    )
    reader.tab.locator("#quiz").evaluate("section => section.scrollIntoView()")
    expect(reader.tab.locator(".bd-toc a.active[href='#quiz']")).to_be_visible()


@every_language
def test_code_is_copied_without_prompts_and_outputs(visit, code):
    reader = visit(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"]).open(
        f"{code}/{CHAPTER}.html"
    )
    block = reader.tab.locator("article div.highlight:has(button.copybtn)").filter(visible=True).first
    block.hover()
    button = block.locator("button.copybtn")
    assert re.search(
        {"en": "[a-z]", "ru": "[а-я]", "zh": "[\u4e00-\u9fff]"}[code], button.get_attribute("title")
    )
    button.press("Enter")
    copied = reader.tab.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == block.locator("pre").inner_text().strip()


def test_example_is_copied_without_its_prompts(visit):
    reader = visit(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    reader.open(f"en/{api_pages()[0]}.html")
    block = reader.tab.locator("div.highlight:has(.gp)").first
    block.locator("button.copybtn").press("Enter")
    assert ">>>" not in reader.tab.evaluate("navigator.clipboard.readText()")


@every_language
def test_map_leads_to_every_page_and_every_section(code):
    page = page_of(code, MAP)
    linked = {page.target(link["href"]) for link in page.article.select(".book-map a")}
    for name in chapters()[1:]:
        goal = page_of(code, name)
        sections = {section["id"] for section in goal.article.select("section section[id]")}
        assert {(goal.path, ""), *((goal.path, anchor) for anchor in sections)} <= linked
    assert {(f"en/{name}.html", "") for name in api_pages()} <= linked
    assert len(page.article.select(".book-map > h2")) == len(families())


def test_map_counts_what_the_chapters_hold():
    marks = page_of("en", MAP).article.select(".book-map .interactive")
    assert len(marks) >= len([page for page in CHAPTERS if page.code == "en" and "explorer" in page.ids])
    huber = page_of("en", MAP).article.find("a", href="../regression/huber.html").find_parent("li")
    assert {code.get_text() for code in huber.select(".losses code")} == {
        "HuberLoss",
        "SmoothL1Loss",
        "LogCoshLoss",
    }
    assert "exercises: 5" in huber.summary.get_text()


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("en", "Cross-entropies and the binary cross-entropy", ["binary-cross-entropy"]),
        ("en", "two residuals, residually, SVM and svm", ["residual", "support-vector-machine"]),
        ("en", "the cross-entropy-like log-likelihood", []),
        ("en", "a mean  squared\nerror; the mean, squared error", ["mean-squared-error"]),
        (
            "ru",
            "с бинарной кросс-энтропией, у остатка и остатков",
            ["binary-cross-entropy", "residual", "residual"],
        ),
        ("ru", "перекрёстной энтропии эффективным", ["entropy"]),
        (
            "zh",
            "用二元交叉熵和交叉熵，KL散度与 KL 散度",
            ["binary-cross-entropy", "cross-entropy", *2 * ["kullback-leibler-divergence"]],
        ),
        ("zh", "softmax 与log-sum-exp，许多标签", ["softmax", "log-sum-exp"]),
    ],
)
def test_terms_are_known_in_their_forms(code, text, expected):
    assert [found.term for found in in_text(text, code)] == expected


@every_language
def test_term_says_what_it_means_on_hover_and_focus(visit, code):
    reader = visit(viewport=DESKTOP).open(f"{code}/{CHAPTER}.html")
    term = reader.tab.locator("article a.tip").first
    box = reader.tab.locator(".tip-box")
    meaning = reader.tab.locator(f"[id='{term.get_attribute('aria-describedby')}']").text_content()
    term.scroll_into_view_if_needed()
    term.hover()
    expect(box).to_contain_text(meaning)
    expect(box).to_be_in_viewport(ratio=1)
    box.hover()  # stays under the pointer
    reader.tab.wait_for_timeout(400)
    expect(box).to_be_visible()
    reader.tab.mouse.move(2, 2)
    expect(box).to_have_count(0)
    term.focus()
    expect(box).to_contain_text(meaning)
    reader.tab.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(term).to_be_focused()
    reader.tab.keyboard.press("Enter")
    reader.tab.wait_for_url("**/practice/glossary.html#term-*")
    assert reader.messages == []


def test_term_says_what_it_means_on_touch(visit):
    reader = visit(**TOUCH).open(f"ru/{CHAPTER}.html")
    term = reader.tab.locator("article a.tip").first
    term.tap()
    box = reader.tab.locator(".tip-box")
    expect(box).to_be_in_viewport(ratio=1)
    more = box.get_by_role("link", name=languages()["ru"].words["tip_more"])
    more.tap()
    reader.tab.wait_for_url("**/practice/glossary.html#term-*")


def test_term_is_a_link_without_scripts(visit):
    reader = visit(java_script_enabled=False, viewport=PHONE)
    reader.tab.goto(f"{reader.address}en/{CHAPTER}.html")
    reader.tab.locator("article a.tip").first.click()
    reader.tab.wait_for_url("**/practice/glossary.html#term-*")


def test_terms_are_not_underlined_on_paper(visit):
    reader = visit(viewport=DESKTOP).open(f"en/{CHAPTER}.html")
    term = reader.tab.locator("article a.tip").first
    expect(term).to_have_css("text-decoration-line", "underline")
    reader.tab.emulate_media(media="print")
    expect(term).to_have_css("text-decoration-line", "none")
