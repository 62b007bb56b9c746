"""One server, and for each file of tests one browser."""

import pytest
from playwright.sync_api import sync_playwright

from book.site.project import SITE
from tests.site import browser
from tests.site.browsing import Visit, served


@pytest.fixture(scope="session")
def address():
    """Where the built site is served."""
    with served(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    path = browser.find()
    assert path, "no browser found: run `python -m tests.site.browser`"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=browser.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(chromium, address):
    """Makes visits to the site, or to another address, each with a memory of its own."""
    contexts = []

    def make(address: str = address, **options) -> Visit:
        contexts.append(chromium.new_context(**options))
        return Visit(contexts[-1].new_page(), address)

    yield make
    for context in contexts:
        context.close()
