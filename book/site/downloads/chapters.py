"""The chapters of a language's book, taken from the pages of the built site; `chapters.js` says how."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page as Tab

from book.site.languages import Language
from book.site.project import ROOT, SITE, base_url, pages

SCRIPT = Path(__file__).with_suffix(".js")
WORDS = ("answer", "answers", "live")


@dataclass(frozen=True)
class Chapter:
    """A page of the site as XHTML; `slug` names it in links, `depth` is 1 within a part of the book."""

    page: str
    slug: str
    depth: int
    title: str
    xhtml: str
    headings: list[dict[str, Any]]  # text, id and level of the title and of each section


@cache
def depths() -> dict[str, int]:
    """Every page in reading order: 0 for the parts of the book, 1 for the chapters within them."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    parts = {toc["root"], *(entry["file"] for entry in toc["chapters"])}
    return {page: int(page not in parts) for page in pages()}


def slugs() -> dict[str, str]:
    """For each page its name in file names and ids: letters and hyphens."""
    return {page: page.replace("/", "-") for page in pages()}


def read_chapters(tab: Tab, language: Language, medium: str) -> list[Chapter]:
    """The chapters for a medium, `pdf` or `epub`; `tab` is a page of the browser that may be used up."""
    tab.goto("about:blank")
    tab.add_script_tag(content=SCRIPT.read_text("utf-8"))
    words = {name: language.words[name] for name in WORDS}
    options = {
        "slugs": slugs(),
        "site": base_url(),
        "language": language.code,
        "words": words,
        "medium": medium,
    }

    def chapter(page: str, depth: int) -> Chapter:
        html = (SITE / language.code / f"{page}.html").read_text("utf-8")
        call = "([html, page, options]) => chapter(html, page, options)"
        found = tab.evaluate(call, [html, page, options | {"depth": depth}])
        return Chapter(page, slugs()[page], depth, found["title"], found["xhtml"], found["headings"])

    return [chapter(page, depth) for page, depth in depths().items()]
