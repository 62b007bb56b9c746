"""The browser that sets and prints the book. It reads the site and the fonts from files, and asks no network."""

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route, sync_playwright

from book.site import browser
from book.site.downloads import chinese
from book.site.project import ROOT, SITE

PATIENCE = 300_000  # milliseconds: a browser lays the whole book out at once
HOST = "http://book.invalid/"
STYLE = Path(__file__).parent / "paper.css"
# the first part of an address, and the folder that it stands for; all else is the site
FOLDERS = {
    "fontsource": ROOT / "node_modules" / "@fontsource",
    "chinese": chinese.FONTS,
    "dejavu": Path(matplotlib.get_data_path()) / "fonts" / "ttf",
    "style": STYLE.parent,
}


class Press:
    """A started browser, and the pages that are set in it."""

    def __init__(self, chromium):
        self._chromium = chromium
        self.version = chromium.version
        self.lost: list[str] = []  # what pages asked for in vain

    @contextmanager
    def tab(self, width: int, height: int, document: str = "") -> Iterator[Tab]:
        """A window of that size with an XHTML document in it, fonts loaded."""
        context = self._chromium.new_context(viewport={"width": width, "height": height}, locale="en-US")
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.route("**/*", lambda route: self._answer(route, document))
        if document:
            tab.emulate_media(media="print", color_scheme="light")
            tab.goto(f"{HOST}book.html")
            tab.evaluate("document.fonts.ready.then(() => true)")
        yield tab
        context.close()
        if self.lost:
            raise FileNotFoundError(f"the book needs files that do not exist: {sorted(set(self.lost))}")

    def _answer(self, route: Route, document: str) -> None:
        path = route.request.url.removeprefix(HOST).partition("?")[0]
        if path == "book.html":
            route.fulfill(body=document, content_type="text/html; charset=utf-8")
            return
        first, _, rest = path.partition("/")
        file = FOLDERS[first] / rest if first in FOLDERS else SITE / path
        if file.is_file():
            route.fulfill(path=file, content_type=mimetypes.guess_type(file)[0] or "application/octet-stream")
        else:
            self.lost.append(route.request.url)
            route.abort()


@contextmanager
def press() -> Iterator[Press]:
    """Start the browser."""
    path = browser.find()
    if not path:
        raise FileNotFoundError("no browser to print the book with: run `python -m tests.site.browser`")
    chinese.prepare()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=browser.ARGUMENTS)
        yield Press(chromium)
        chromium.close()
