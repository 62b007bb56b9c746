"""What a reader without JavaScript has: figures, answers, every language."""

import pytest
from playwright.sync_api import expect

from book.site.languages import languages
from tests.site.browsing import PHONE
from tests.site.built import pages

CHAPTERS = [page for page in pages() if page.is_chapter]


@pytest.fixture
def plain(visit):
    return visit(java_script_enabled=False, viewport=PHONE)


@pytest.mark.parametrize("page", CHAPTERS, ids=str)
def test_figures_stand_in_for_explorers(plain, page):
    plain.tab.goto(plain.address + page.path)
    for figure in plain.tab.locator(".explorer-fallback").all():
        expect(figure.locator("svg").first).to_be_visible()
        expect(figure.locator("table").first).to_be_visible()
    expect(plain.tab.locator("article h1")).to_be_visible()
    assert plain.messages == []


@pytest.mark.parametrize("code", languages())
def test_answers_open(plain, code):
    with_quiz = next(page for page in CHAPTERS if page.code == code and page.article.select("details.answer"))
    plain.tab.goto(plain.address + with_quiz.path)
    for kind in ("right", "wrong"):
        answer = plain.tab.locator(f"details.answer.{kind}").first
        expect(answer.locator(".verdict")).to_be_hidden()
        answer.locator("summary").click()
        expect(answer.locator(".verdict")).to_contain_text(languages()[code].words[kind])


def test_languages_can_be_chosen(plain):
    plain.tab.goto(plain.address)
    expect(plain.tab.locator("section a")).to_have_count(len(languages()))
    plain.tab.locator("section a").first.click()
    for language in languages().values():
        plain.tab.locator(".language-menu summary").click()
        plain.tab.locator(f".language-menu a[data-language={language.code}]").click()
        expect(plain.tab.locator("html")).to_have_attribute("lang", language.html)
