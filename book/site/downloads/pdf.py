"""The book of a language as a PDF for A4: tagged, with bookmarks, and with page numbers in its table of contents."""

import io
import re
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import pikepdf
from playwright.sync_api import Page as Tab

from book.site.downloads.chapters import Chapter, read_chapters
from book.site.downloads.cover import document, title_page
from book.site.downloads.edition import edition
from book.site.downloads.press import Press
from book.site.languages import Language
from book.site.project import SITE

WIDTH, HEIGHT = 650, 960  # of the text on a page, in the pixels of CSS
SHEET = re.compile(r'<style id="sheet">(.*?)</style>', re.DOTALL)

# Formulas and tables that are wider than the page, made smaller; the document must be laid out as wide as a page.
FIT = """() => {
  const boxes = "div.math > .katex-display, .text_html, .pst-scrollable-table-container";
  const wide = []; // all are measured before one is changed: each change lays the whole book out anew
  for (const box of document.querySelectorAll(boxes)) {
    const inner = box.firstElementChild;
    const ratio = box.clientWidth / Math.max(box.scrollWidth, inner.scrollWidth);
    if (ratio < 1) wide.push([inner, Math.floor(ratio * 100) / 100]);
  }
  for (const [inner, ratio] of wide) inner.style.zoom = ratio;
}"""
TITLES = """() => [...document.querySelectorAll("h1, h2, h3, h4")]
  .map((heading) => heading.textContent.trim().replaceAll(/\\s+/g, " "))"""
NUMBER = """(pages) => {
  for (const [id, page] of Object.entries(pages))
    document.querySelector(`.book-contents [data-id="${id}"]`).textContent = page;
}"""


def write_pdf(path: Path, press: Press, language: Language) -> None:
    """Print the book twice: the first time, without tags, shows on which pages the chapters begin."""
    with press.tab(WIDTH, HEIGHT) as tab:
        chapters = read_chapters(tab, language, "pdf")
    with press.tab(WIDTH, HEIGHT, _book(language, chapters)) as tab:
        tab.evaluate(FIT)
        expected = first_pages(_print(tab, tagged=False), chapters)
        tab.evaluate(NUMBER, expected)
        printed, titles = _print(tab, tagged=True), tab.evaluate(TITLES)
    if first_pages(printed, chapters) != expected:
        raise ValueError(f"{path.name}: the table of contents moved the pages that it numbers")
    _save(printed, titles, path, language)


def first_pages(printed: bytes, chapters: list[Chapter]) -> dict[str, int]:
    """The page that each chapter begins on, counted from 1, by the id of its title."""
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
        places: Any = pdf.Root.Dests
        return {chapter.slug: numbers[places[f"/{chapter.slug}"][0].objgen] for chapter in chapters}


def _book(language: Language, chapters: list[Chapter]) -> str:
    """The whole book as one document."""
    index = (SITE / language.code / "index.html").read_text("utf-8")
    sheet = SHEET.search(index)
    if not sheet:
        raise ValueError(f"expected a style sheet in the first page of {language.code}, found none")
    running = "".join(
        f'@page {chapter.slug} {{ @top-center {{ content: "{_css_text(chapter.title)}"; '
        'font: 9pt "Source Sans 3", "Han Sans", sans-serif; color: #444 } }\n'
        for chapter in chapters
    )
    style = sheet[1].replace("url(../", "url(/")
    head = f"<style>{style}</style>\n<style>\n{running}</style>\n"
    body = "\n".join(
        f'<article class="bd-article chapter" id="{chapter.slug}" style="page: {chapter.slug}">'
        f"{chapter.xhtml}</article>"
        for chapter in chapters
    )
    return document(language, f"{title_page(language)}\n{_contents(language, chapters)}\n{body}", head)


def _contents(language: Language, chapters: list[Chapter]) -> str:
    words = language.words
    entries = "\n".join(
        f'<li class="depth-{chapter.depth}"><a href="#{chapter.slug}">{escape(chapter.title)}</a>'
        f'<span class="page" data-id="{chapter.slug}">000</span></li>'
        for chapter in chapters
    )
    return (
        f'<nav class="book-contents"><h1>{escape(words["table_of_contents"])}</h1>\n<ol>\n{entries}\n</ol>\n'
        f'<p class="about-paper">{escape(words["about_paper"])}</p></nav>'
    )


def _css_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _print(tab: Tab, tagged: bool) -> bytes:
    return tab.pdf(prefer_css_page_size=True, print_background=True, outline=tagged, tagged=tagged)


def _bookmarks(above: Any) -> Iterator[Any]:
    """The bookmarks below one, in their order."""
    mark = above.get("/First")
    while mark is not None:
        yield mark
        yield from _bookmarks(mark)
        mark = mark.get("/Next")


def _name_bookmarks(pdf: pikepdf.Pdf, titles: list[str]) -> None:
    """Name the bookmarks after their headings; Chromium repeats lines of one at the head of a page."""
    marks = list(_bookmarks(pdf.Root.Outlines))
    if len(marks) != len(titles):
        raise ValueError(f"expected a bookmark for each of {len(titles)} headings, got {len(marks)}")
    for mark, title in zip(marks, titles, strict=True):
        if str(mark.Title)[:1] != title[:1]:
            raise ValueError(f"expected a bookmark {title!r}, got {str(mark.Title)!r}")
        mark.Title = title


def _save(printed: bytes, titles: list[str], path: Path, language: Language) -> None:
    """Say what the book is, take out what differs from run to run, and pack it tightly."""
    time = edition().time
    with pikepdf.open(io.BytesIO(printed)) as pdf:
        _name_bookmarks(pdf, titles)
        del pdf.docinfo
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as data:
            data["dc:title"] = language.title
            data["dc:language"] = {language.html}
            data["dc:creator"] = [language.words["authors"]]
            data["dc:rights"] = language.words["rights"]
            data["xmp:CreateDate"] = data["xmp:ModifyDate"] = time.isoformat()
        pdf.docinfo["/Title"] = language.title
        pdf.docinfo["/Author"] = language.words["authors"]
        pdf.docinfo["/CreationDate"] = pdf.docinfo["/ModDate"] = _pdf_time(time)
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        pdf.save(
            path,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            recompress_flate=True,
        )


def _pdf_time(time: datetime) -> str:
    return time.strftime("D:%Y%m%d%H%M%SZ")
