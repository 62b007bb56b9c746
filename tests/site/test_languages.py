"""From language to language: the menu of each page, the page that chooses, the page for wrong addresses."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from book.site.ext.page_meta import alternates
from book.site.languages import languages, source_language
from book.site.project import SITE, pages
from book.site.root_pages import write_root_pages
from tests.site.browsing import DESKTOP, PHONE, STRANGER, served

CHAPTER, SECTION = "regression/mae", "explorer"
CODES = list(languages())
AT_ONCE = {"reduced_motion": "reduce"}  # jumps to a section instead of scrolling there


def click(visit, selector: str) -> None:
    """Click where the element stands; Playwright's own click would scroll the page under a header that sticks."""
    box = visit.tab.locator(selector).bounding_box()
    visit.tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_menu_leads_to_the_same_section_in_the_other_language(visit, viewport):
    reader = visit(viewport=viewport, **AT_ONCE).open(f"{CODES[0]}/{CHAPTER}.html#{SECTION}")
    for language in [*list(languages().values())[1:], source_language()]:
        click(reader, ".language-menu summary")
        click(reader, f".language-menu a[lang={language.html}]")
        reader.tab.wait_for_url(f"**/{language.code}/{CHAPTER}.html#{SECTION}")
        reader.wait()
        expect(reader.tab.locator("html")).to_have_attribute("lang", language.html)
        expect(reader.tab.locator(f"#{SECTION} > h2")).to_be_in_viewport()
        expect(reader.tab.locator(".language-menu a[aria-current]")).to_have_text(language.name)


def test_menu_follows_the_section_that_is_read(visit):
    reader = visit(viewport=DESKTOP, **AT_ONCE).open(f"{CODES[0]}/{CHAPTER}.html")
    links = reader.tab.locator(".language-menu li:visible a")
    for section, ending in (("", ".html"), (SECTION, f".html#{SECTION}"), ("quiz", ".html#quiz")):
        reader.tab.evaluate(
            "id => (id ? document.getElementById(id).scrollIntoView() : scrollTo(0, 0))", section
        )
        click(reader, ".language-menu summary")
        expect(links).to_have_count(len(CODES))
        for link in links.all():
            expect(link).to_have_attribute("href", re.compile(rf"{re.escape(ending)}$"))
        reader.tab.keyboard.press("Escape")
        expect(links).to_have_count(0)


@pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.code)
def test_first_visit_leads_to_the_language_of_the_browser(visit, language):
    reader = visit(locale=language.html)
    reader.open("")
    reader.tab.wait_for_url(f"**/{language.code}/index.html")


def test_language_once_chosen_is_remembered(visit):
    reader = visit(locale=STRANGER, viewport=DESKTOP).open("")
    expect(reader.tab.locator("section a")).to_have_count(len(CODES))
    reader.tab.locator(f"a[data-language={CODES[1]}]").click()
    reader.tab.wait_for_url(f"**/{CODES[1]}/index.html")
    reader.tab.goto(reader.address)
    reader.tab.wait_for_url(f"**/{CODES[1]}/index.html")
    reader.tab.locator(".language-menu summary").click()
    reader.tab.locator(f".language-menu a[data-language={CODES[2]}]").click()
    reader.tab.wait_for_url(f"**/{CODES[2]}/index.html")
    reader.tab.goto(reader.address)
    reader.tab.wait_for_url(f"**/{CODES[2]}/index.html")


@pytest.fixture(scope="module")
def subfolder(tmp_path_factory):
    """The site served as many hosts do: in a folder, with the page for wrong addresses above it."""
    root = tmp_path_factory.mktemp("host")
    (root / "book").symlink_to(SITE)
    for name in ("index.html", "404.html"):
        shutil.copy(SITE / name, root)
    with served(root) as address:
        yield f"{address}book/"


@pytest.mark.parametrize("folder", [False, True], ids=["top", "subfolder"])
@pytest.mark.parametrize("language", languages().values(), ids=lambda language: language.code)
def test_wrong_address_is_answered_in_the_language_of_the_page(visit, address, subfolder, folder, language):
    lost = visit(subfolder if folder else address, locale=STRANGER)
    wrong = f"{lost.address}{language.code}/regression/no-such-loss.html"
    assert lost.tab.goto(wrong).status == 404
    expect(lost.tab.locator("html")).to_have_attribute("lang", language.html)
    expect(lost.tab).to_have_title(language.words["missing_title"])
    expect(lost.tab.locator("h1:visible")).to_have_text(language.words["missing_title"])
    lost.tab.locator("section a:visible").click()
    lost.tab.wait_for_url(f"{lost.address}{language.code}/index.html")
    assert [failure for failure in lost.failures if wrong not in failure] == []


def test_wrong_address_outside_the_languages_is_answered_in_all_of_them(visit, subfolder):
    lost = visit(subfolder, locale=STRANGER)
    lost.tab.goto(f"{lost.address}no-such-page")
    expect(lost.tab.locator("section a:visible")).to_have_count(len(CODES))
    lost.tab.locator("section a").first.click()
    lost.tab.wait_for_url(f"{lost.address}{CODES[0]}/index.html")


def test_site_works_in_a_subfolder(visit, subfolder):
    reader = visit(subfolder, locale="ru", viewport=DESKTOP)
    reader.open("")
    reader.tab.wait_for_url(f"{subfolder}ru/index.html")
    reader.open(f"ru/{CHAPTER}.html")
    assert reader.failures + reader.messages == []
    assert all(url.startswith((subfolder, "blob:")) for url in reader.requests)


def test_sitemap_names_every_chapter_once(tmp_path, monkeypatch):
    monkeypatch.setattr("book.site.root_pages.base_url", lambda: "https://example.org/book")
    for code in CODES:  # whose pages give their titles
        (tmp_path / code).symlink_to(SITE / code)
    write_root_pages(tmp_path, list(languages().values()))
    found = (tmp_path / "sitemap.xml").read_text("utf-8").split("<loc>")[1:]
    addresses = [part.partition("</loc>")[0] for part in found]
    assert sorted(addresses) == sorted(
        f"https://example.org/book/{code}/{name}.html" for code in CODES for name in pages()
    )
    assert "Sitemap: https://example.org/book/sitemap.xml" in (tmp_path / "robots.txt").read_text("utf-8")


def test_published_page_names_its_address_in_every_language(monkeypatch):
    monkeypatch.setattr("book.site.ext.page_meta.base_url", lambda: "https://example.org/book")
    found = dict(alternates(CHAPTER))
    assert found.pop("x-default") == f"https://example.org/book/{source_language().code}/{CHAPTER}.html"
    assert found == {
        language.html: f"https://example.org/book/{code}/{CHAPTER}.html"
        for code, language in languages().items()
    }
