"""The book of a language as an EPUB 3: a file for each chapter, formulas in MathML, no scripts."""

import re
import uuid
from html import escape
from pathlib import Path

from book.site.downloads.archive import write_archive
from book.site.downloads.chapters import Chapter, read_chapters
from book.site.downloads.cover import cover_picture
from book.site.downloads.edition import edition
from book.site.downloads.press import Press
from book.site.languages import Language
from book.site.project import SITE, base_url

STYLE = Path(__file__).parent / "epub.css"
TYPES = {".png": "image/png", ".webp": "image/webp", ".jpeg": "image/jpeg"}
PICTURE = re.compile(r'(?:src|href)="pictures/([^"]+)"')
# within it the book's identifier is made from its name; it stays the same in all editions
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "losslib.loss-functions")

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{lang}" xml:lang="{lang}">
<head>
<title>{title}</title>
<link rel="stylesheet" type="text/css" href="style.css"/>
</head>
<body>
{body}
</body>
</html>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{lang}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>{lang}</dc:language>
<dc:creator>{authors}</dc:creator>
<dc:description>{description}</dc:description>
<dc:rights>{rights}</dc:rights>
{source}<dc:date>{date}</dc:date>
<meta property="dcterms:modified">{modified}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""


def write_epub(path: Path, press: Press, language: Language) -> None:
    """Write the book; its name in the file system is no part of it."""
    with press.tab(800, 600) as tab:
        chapters = read_chapters(tab, language, "epub")
    files: dict[str, bytes] = {
        "style.css": STYLE.read_bytes(),
        "cover.png": cover_picture(press, language),
        "nav.xhtml": _navigation(language, chapters).encode(),
        "about.xhtml": _about(language).encode(),
    }
    for chapter in chapters:
        title = escape(chapter.title)
        files[f"{chapter.slug}.xhtml"] = PAGE.format(
            lang=language.html, title=title, body=chapter.xhtml
        ).encode()
        for name in PICTURE.findall(chapter.xhtml):
            files[f"pictures/{name}"] = (SITE / "assets" / name).read_bytes()
    package = _package(language, chapters, files)
    entries = [("mimetype", b"application/epub+zip"), ("META-INF/container.xml", CONTAINER.encode())]
    entries += [("book/package.opf", package.encode())]
    entries += [(f"book/{name}", data) for name, data in sorted(files.items())]
    write_archive(path, entries, stored=frozenset({"mimetype"}))


def _about(language: Language) -> str:
    """The page after the cover: whose book it is, which edition, and how it differs from the site."""
    words = language.words
    address = f'<p><a href="{base_url()}/">{base_url()}</a></p>\n' if base_url() else ""
    body = (
        f'<section class="about">\n<p class="book-title">{escape(language.title)}</p>\n'
        f"<p>{escape(words['authors'])}</p>\n<p>{escape(words['edition'].format(edition=edition()))}</p>\n{address}"
        f"<p>{escape(words['rights'])}</p>\n<p>{escape(words['about_paper'])}</p>\n</section>"
    )
    return PAGE.format(lang=language.html, title=escape(language.title), body=body)


def _navigation(language: Language, chapters: list[Chapter]) -> str:
    """The table of contents: parts, their sections and chapters, and the sections of each chapter."""
    title = escape(language.words["table_of_contents"])
    parts: list[list[Chapter]] = []
    for chapter in chapters:
        if chapter.depth == 0:
            parts.append([])
        parts[-1].append(chapter)
    entries = "\n".join(_entry(part, within) for part, *within in parts)
    body = f'<nav epub:type="toc" id="toc">\n<h1>{title}</h1>\n<ol>\n{entries}\n</ol>\n</nav>'
    return PAGE.format(lang=language.html, title=title, body=body)


def _entry(chapter: Chapter, within: list[Chapter]) -> str:
    inner = [
        f'<li><a href="{chapter.slug}.xhtml#{heading["id"]}">{escape(heading["text"])}</a></li>'
        for heading in chapter.headings
        if heading["level"] == 2
    ] + [_entry(below, []) for below in within]
    nested = f"\n<ol>\n{chr(10).join(inner)}\n</ol>" if inner else ""
    return f'<li><a href="{chapter.slug}.xhtml">{escape(chapter.title)}</a>{nested}</li>'


def _package(language: Language, chapters: list[Chapter], files: dict[str, bytes]) -> str:
    manifest = "\n".join(_item(name, data) for name, data in sorted(files.items()))
    order = ["about.xhtml", "nav.xhtml", *(f"{chapter.slug}.xhtml" for chapter in chapters)]
    time, words = edition().time, language.words
    return PACKAGE.format(
        lang=language.html,
        identifier=uuid.uuid5(NAMESPACE, language.code),
        title=escape(language.title),
        authors=escape(words["authors"]),
        description=escape(language.description),
        rights=escape(words["rights"]),
        source=f"<dc:source>{base_url()}/</dc:source>\n" if base_url() else "",
        date=edition().date,
        modified=time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        manifest=manifest,
        spine="\n".join(f'<itemref idref="{_id(name)}"/>' for name in order),
    )


def _item(name: str, data: bytes) -> str:
    """A file of the book as the manifest lists it, with what a reader must be able to do to show it."""
    kinds = TYPES | {".css": "text/css", ".xhtml": "application/xhtml+xml"}
    marks = {"nav": name == "nav.xhtml", "cover-image": name == "cover.png"}
    if name.endswith(".xhtml"):
        marks |= {"mathml": b"<math" in data, "svg": b"<svg" in data}
    properties = " ".join(mark for mark, holds in marks.items() if holds)
    attribute = f' properties="{properties}"' if properties else ""
    return f'<item id="{_id(name)}" href="{name}" media-type="{kinds[Path(name).suffix]}"{attribute}/>'


def _id(name: str) -> str:
    return "file-" + re.sub(r"[^\w-]", "-", name)
