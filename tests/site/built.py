"""The built site as the checks read it: its pages, parsed, and the files that their links name."""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from book.site.languages import Language, languages, source_language
from book.site.project import SITE, base_url
from book.site.project import pages as chapters

# Where the site is thought to be while links are resolved: a folder, as links must work in one.
HOST = "http://site.invalid/folder/"


@dataclass(frozen=True)
class Page:
    """A page of a site; `path` is its place in it, as in `ru/regression/huber.html`."""

    root: Path
    path: str

    def __str__(self) -> str:
        return self.path

    @property
    def code(self) -> str:
        """The folder of the page's language, empty for the pages above the languages."""
        folder = self.path.partition("/")[0]
        return folder if folder in languages() else ""

    @property
    def language(self) -> Language:
        return languages()[self.code] if self.code else source_language()

    @property
    def name(self) -> str:
        """The page without its language and suffix, as in `regression/huber`."""
        return self.path.removeprefix(f"{self.code}/").removesuffix(".html")

    @property
    def is_chapter(self) -> bool:
        """Whether a notebook stands behind the page."""
        return bool(self.code) and self.name in chapters()

    @property
    def tree(self) -> BeautifulSoup:
        return _parse(self)

    @property
    def ids(self) -> tuple[str, ...]:
        return _ids(self)

    @property
    def article(self) -> Tag:
        """What the page is about, without menus."""
        return self.tree.find("article") or self.tree

    def target(self, link: str) -> tuple[str, str] | None:
        """The place in the site that a link leads to and its fragment; None if it leaves the site."""
        own = urljoin(HOST, self.path)
        if base_url():
            link = link.replace(f"{base_url()}/", HOST, 1)
        parts = urlsplit(urljoin(own, link))
        if not parts.geturl().startswith(HOST):
            return None
        path = unquote(parts.path).removeprefix(urlsplit(HOST).path)
        return (f"{path}index.html" if path == "" or path.endswith("/") else path), unquote(parts.fragment)


@lru_cache(maxsize=4)  # a parsed page is large, and the checks go from page to page
def _parse(page: Page) -> BeautifulSoup:
    return BeautifulSoup((page.root / page.path).read_text("utf-8"), "html.parser")


@cache
def _ids(page: Page) -> tuple[str, ...]:
    return tuple(tag["id"] for tag in page.tree.find_all(id=True))


def pages(root: Path = SITE) -> list[Page]:
    """Every page of a site, those that only its theme keeps among its files left out."""
    found = sorted(path.relative_to(root) for path in root.rglob("*.html") if "_static" not in path.parts)
    if not found:
        raise FileNotFoundError(f"expected a built site in {root}, found no page: run `make book`")
    return [Page(root, path.as_posix()) for path in found]
