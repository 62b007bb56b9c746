"""What tests of reading without a connection do and see, and sites in several editions."""

import re
import shutil

from playwright.sync_api import expect

from book.site.languages import languages
from book.site.offline import write_offline
from book.site.project import SITE
from tests.site.browsing import Visit

READ, OTHER = "regression/mae.html", "regression/huber.html"
SCRIPT = re.compile(r"page-[0-9a-f]{12}\.js")


def edition(folder, mark: str) -> None:
    """A site of one language, in which the mark stands in every heading and in the script."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("index.html", "offline.html", "404.html", "_headers"):
        shutil.copy(SITE / name, folder)
    leave_out = shutil.ignore_patterns("_sources", "previews")
    for name in ("en", "assets", "pagefind"):
        shutil.copytree(SITE / name, folder / name, ignore=leave_out)
    script = folder / "assets" / f"page-{mark * 12}.js"
    for page in (folder / "en").rglob("*.html"):
        text = page.read_text("utf-8")
        if named := SCRIPT.search(text):
            code = (SITE / "assets" / named[0]).read_text("utf-8")
        page.write_text(SCRIPT.sub(script.name, text).replace("<h1>", f"<h1>{mark} "), "utf-8")
    script.write_text(f"{code}; document.documentElement.dataset.edition = '{mark}';", "utf-8")
    write_offline(folder, [languages()["en"]])


def shown_edition(reader: Visit) -> tuple[str, str]:
    """The marks of the page that is shown and of its script."""
    heading = reader.tab.locator("article h1").inner_text()
    return heading[0], reader.tab.evaluate("document.documentElement.dataset.edition")


def settle(reader: Visit) -> None:
    """Wait until the worker has taken over and has all that the page consists of."""
    reader.tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    reader.until(
        """async () => {
          await document.fonts.ready; // those of what has just been laid out
          const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
          const files = fetched.filter((name) => /[.](js|css|woff2|svg)/.test(name) && !name.endsWith("sw.js"));
          const found = await Promise.all([location.pathname, ...files].map((address) => caches.match(address)));
          return navigator.serviceWorker.controller && found.every(Boolean);
        }"""
    )


def offline(reader: Visit, is_off: bool = True) -> None:
    reader.tab.context.set_offline(is_off)


def panel(reader: Visit):
    """What keeps the book, brought out by keyboard."""
    box = reader.tab.locator(".keep-offline")
    if box.get_attribute("open") is None:
        box.locator("summary").focus()
        reader.tab.keyboard.press("Enter")
    return box


def keep(reader: Visit) -> None:
    box = panel(reader)
    button = box.locator("button").first
    expect(button).to_be_visible()
    button.focus()
    reader.tab.keyboard.press("Enter")
    expect(box).to_have_attribute("data-state", "done", timeout=60_000)


def cached(reader: Visit) -> list[str]:
    """Every address that this device keeps, as often as it is kept."""
    return reader.tab.evaluate(
        """async () => {
          const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
          return all.flat().map(({ url }) => url);
        }"""
    )


def renew(reader: Visit) -> None:
    """Have the browser look for a new worker, as it does now and then, and wait until that has taken over."""
    reader.tab.evaluate(
        """async () => {
          const changed = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
          await (await navigator.serviceWorker.ready).update();
          await changed;
        }"""
    )
