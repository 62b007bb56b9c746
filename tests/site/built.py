"""The built site as the checks read it: its pages, parsed, and the files that their links name."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from book.site.languages import Language, languages, source_language
from book.site.project import SITE, base_url
from book.site.project import pages as chapters

HOST = "http://site.invalid/"  # where the site is thought to be while links are resolved


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

    @cached_property
    def tree(self) -> BeautifulSoup:
        return BeautifulSoup((self.root / self.path).read_text("utf-8"), "html.parser")

    @cached_property
    def ids(self) -> list[str]:
        return [tag["id"] for tag in self.tree.find_all(id=True)]

    @property
    def article(self) -> Tag:
        """What the page is about, without menus."""
        return self.tree.find("article") or self.tree

    def target(self, link: str) -> tuple[str, str] | None:
        """The place in the site that a link leads to and its fragment; None for another host."""
        own = urljoin(HOST, self.path)
        if base_url():
            link = link.replace(f"{base_url()}/", HOST, 1)
        parts = urlsplit(urljoin(own, link))
        if not parts.geturl().startswith(HOST):
            return None
        path = unquote(parts.path).removeprefix("/")
        return (f"{path}index.html" if path in ("", *self._folders()) else path), unquote(parts.fragment)

    def _folders(self) -> list[str]:
        return [f"{code}/" for code in languages()]


def pages(root: Path = SITE) -> list[Page]:
    """Every page of a site, those that only its theme keeps among its files left out."""
    found = sorted(path.relative_to(root) for path in root.rglob("*.html") if "_static" not in path.parts)
    if not found:
        raise FileNotFoundError(f"expected a built site in {root}, found no page: run `make book`")
    return [Page(root, path.as_posix()) for path in found]
