"""The list of downloads on the first page of each language: empty until the files are there."""

import re
from html import escape
from pathlib import Path

from book.site.languages import Language
from book.site.project import SITE

PLACE = re.compile(r'<ul class="downloads"[^>]*>.*?</ul>', re.DOTALL)
EMPTY = '<ul class="downloads" hidden></ul>'
PAGE = "index.html"
MEGABYTE = 1_000_000


def files_for(language: Language) -> dict[str, str]:
    """The files that a language's first page offers, each with the name of the word that describes it."""
    book = f"loss-functions-{language.code}"
    return {
        f"{book}.pdf": "download_pdf",
        f"{book}.epub": "download_epub",
        "loss-functions.zip": "download_zip",
    }


def write_links(language: Language) -> None:
    """Offer a language's files on its first page, which must have the place for them."""
    page = SITE / language.code / PAGE
    text, found = PLACE.subn(lambda _: _list(language), page.read_text("utf-8"))
    if found != 1:
        raise ValueError(f"{page}: expected one place for the downloads, found {found}")
    page.write_text(text, "utf-8")


def without_links(name: str, file: Path) -> bytes:
    """A file of the site as it is when there are no downloads."""
    if Path(name).name != PAGE:
        return file.read_bytes()
    return PLACE.sub(EMPTY, file.read_text("utf-8")).encode()


def _list(language: Language) -> str:
    def entry(name: str, word: str) -> str:
        size = (SITE / "downloads" / name).stat().st_size / MEGABYTE
        number = f"{size:.1f}".replace(".", language.words["decimal_mark"])
        text = f"{escape(language.words[word])} ({number} {language.words['megabyte']})"
        return f'<li><a href="../downloads/{name}" download>{text}</a></li>'

    entries = "".join(entry(name, word) for name, word in files_for(language).items())
    return f'<ul class="downloads" aria-label="{escape(language.words["downloads"])}">{entries}</ul>'
