"""Every check on every page of the built site; what a check looks for stands beside it in `checks`."""

import pytest

from book.site.ext.api_pages import api_pages
from book.site.languages import languages
from book.site.project import pages as chapters
from tests.site import browser
from tests.site.browsing import PHONE, STRANGER, Visit
from tests.site.built import pages
from tests.site.checks import accessibility, documents, rendering

PAGES = pages()
# one process opens a page once for all its checks
EACH = [pytest.param(page, id=str(page), marks=pytest.mark.xdist_group(str(page))) for page in PAGES]


@pytest.fixture(scope="module")
def window(chromium):
    context = chromium.new_context(viewport=PHONE, locale=STRANGER)
    yield context
    context.close()


@pytest.fixture(scope="module")
def opened(request, window, address):
    """The page of the parameter, opened on a phone, with all that folds out opened as well."""
    visit = Visit(window.new_page(), address).open(request.param.path)
    visit.unfold()
    yield visit
    visit.tab.close()


def test_every_language_has_the_pages_of_the_book():
    found = {page.path for page in PAGES if page.is_chapter}
    assert found == {f"{code}/{name}.html" for code in languages() for name in chapters()}


def test_the_other_pages_are_the_same_in_every_language():
    """All but the reference of losslib, which is in English, like its names."""
    others = [(page.code, page.name) for page in PAGES if page.code and not page.is_chapter]
    others = [(code, name) for code, name in others if name not in api_pages()]
    by_language = {code: {name for found, name in others if found == code} for code in languages()}
    assert len(set(map(frozenset, by_language.values()))) == 1, by_language


def test_the_machine_can_draw_chinese():
    assert browser.draws_chinese(), "no font for Chinese: run `python -m tests.site.browser`"


@pytest.mark.parametrize("check", documents.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("page", EACH)
def test_document(page, check):
    found = list(check(page))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("code", languages())
def test_no_two_pictures_share_an_alternative_text(code):
    found = list(documents.pictures_are_told_apart(page for page in PAGES if page.code == code))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("check", rendering.CHECKS + accessibility.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("opened", EACH, indirect=True)
def test_in_the_browser(opened, check):
    found = list(check(opened))
    assert not found, "\n" + "\n".join(found)
