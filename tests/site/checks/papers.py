"""What a PDF and an EPUB of the book must be; each check yields what is wrong."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote
from xml.etree import ElementTree

from pypdf import PdfReader
from pypdf.generic import Destination, DictionaryObject

from book.site.languages import Language

HTML, OPF, SVG = (
    "{http://www.w3.org/1999/xhtml}",
    "{http://www.idpf.org/2007/opf}",
    "{http://www.w3.org/2000/svg}",
)
MATH, XLINK = "{http://www.w3.org/1998/Math/MathML}", "{http://www.w3.org/1999/xlink}"
LOCAL = re.compile(r"^file:|//(localhost|127\.|book\.invalid)")


def outline(pdf: PdfReader) -> list[tuple[int, str, int]]:
    """The bookmarks: depth, title, and page counted from 1."""

    def walk(entries, depth: int) -> Iterator[tuple[int, str, int]]:
        for entry in entries:
            if isinstance(entry, Destination):
                yield depth, str(entry.title), (pdf.get_destination_page_number(entry) or 0) + 1
            else:
                yield from walk(entry, depth + 1)

    return list(walk(pdf.outline, 0))


def annotations(pdf: PdfReader) -> Iterator[tuple[int, DictionaryObject]]:
    """The links, each with the number of its page."""
    for number, page in enumerate(pdf.pages, 1):
        for reference in page.get("/Annots", []):
            link = reference.get_object()
            if link.get("/Subtype") == "/Link":
                yield number, link


def pdf_says_what_it_is(pdf: PdfReader, language: Language) -> Iterator[str]:
    root = pdf.trailer["/Root"]
    if not pdf.metadata or pdf.metadata.title != language.title:
        yield f"expected the title {language.title!r}, got {pdf.metadata and pdf.metadata.title!r}"
    if root.get("/Lang") != language.html:
        yield f"expected the language {language.html!r}, got {root.get('/Lang')!r}"
    if "/StructTreeRoot" not in root or not root.get("/MarkInfo", {}).get("/Marked"):
        yield "expected a tagged document, found no structure"


def fonts_are_embedded(pdf: PdfReader, language: Language) -> Iterator[str]:
    """As fonts: glyphs that are drawings (Type 3) are blurred by some readers."""
    seen: dict[str, str] = {}
    for page in pdf.pages:
        for reference in page["/Resources"].get_object().get("/Font", {}).values():
            font = reference.get_object()
            kind, name = font["/Subtype"], str(font.get("/BaseFont"))
            inner = font["/DescendantFonts"][0].get_object() if kind == "/Type0" else font
            files = inner.get("/FontDescriptor", {})
            if kind == "/Type3":
                seen[name] = "is drawn (Type 3)"
            elif not any(key in files for key in ("/FontFile", "/FontFile2", "/FontFile3")):
                seen[name] = "is not embedded"
    yield from (f"the font {name} {fault}" for name, fault in seen.items())


def pdf_links_lead_somewhere(pdf: PdfReader, language: Language) -> Iterator[str]:
    known = set(pdf.named_destinations)
    for number, link in annotations(pdf):
        target = link.get("/Dest") or link.get("/A", {}).get("/D")
        address = link.get("/A", {}).get("/URI")
        if address is not None and LOCAL.search(str(address)):
            yield f"page {number}: {address} leads to the machine that printed the book"
        elif address is None and isinstance(target, str) and target not in known:
            yield f"page {number}: {target} is no place in the book"
        elif address is None and target is None:
            yield f"page {number}: a link without a target"


def contents_number_the_pages(pdf: PdfReader, language: Language) -> Iterator[str]:
    """The numbers of the printed table of contents are those of the pages that the bookmarks lead to."""
    title = language.words["table_of_contents"]
    marks = outline(pdf)
    pages = [page for _, name, page in marks if name.strip() == title]
    if not pages:
        yield f"expected a bookmark {title!r}, found none"
        return
    printed = Counter(re.findall(r"\b\d+\s*$", pdf.pages[pages[0] - 1].extract_text(), re.MULTILINE))
    numbers = {int(number) for number in printed}
    starts = {page for depth, _, page in marks if depth == 0 and page > pages[0]}
    if missing := starts - numbers:
        yield f"expected the table of contents to name the pages {sorted(missing)}, got {sorted(numbers)}"


class Epub:
    """An EPUB's files, and those that are XML parsed."""

    def __init__(self, path: Path):
        with zipfile.ZipFile(path) as archive:
            self.entries = archive.infolist()
            self.files = {entry.filename: archive.read(entry) for entry in self.entries}
        xml = (".xhtml", ".opf", ".xml")
        self.trees = {n: ElementTree.fromstring(d) for n, d in self.files.items() if n.endswith(xml)}
        self.pages = {name: tree for name, tree in self.trees.items() if name.endswith(".xhtml")}


def epub_holds_what_it_lists(epub: Epub, language: Language) -> Iterator[str]:
    first = epub.entries[0]
    if (first.filename, first.compress_type, epub.files.get("mimetype")) != (
        "mimetype",
        zipfile.ZIP_STORED,
        b"application/epub+zip",
    ):
        yield f"expected the stored file mimetype first, got {first.filename}"
    listed = {
        join("book", item.get("href", "")) for item in epub.trees["book/package.opf"].iter(f"{OPF}item")
    }
    held = set(epub.files) - {"mimetype", "META-INF/container.xml", "book/package.opf"}
    if listed != held:
        yield f"listed and missing: {sorted(listed - held)}; there and not listed: {sorted(held - listed)}"


def epub_ids_are_unique(epub: Epub, language: Language) -> Iterator[str]:
    for name, tree in epub.pages.items():
        counts = Counter(element.get("id") for element in tree.iter() if element.get("id"))
        yield from (f"{name}: the id {id!r} stands {n} times" for id, n in counts.items() if n > 1)


def epub_links_lead_somewhere(epub: Epub, language: Language) -> Iterator[str]:
    ids = {name: {element.get("id") for element in tree.iter()} for name, tree in epub.pages.items()}
    for name, tree in epub.pages.items():
        for element in tree.iter():
            link = element.get("href") or element.get("src") or element.get(f"{XLINK}href") or ""
            if not link or link.startswith(("https:", "http:", "data:")):
                if LOCAL.search(link):
                    yield f"{name}: {link} leads to the machine that made the book"
                continue
            path, _, anchor = unquote(link).partition("#")
            target = normpath(join(dirname(name), path)) if path else name
            if target not in epub.files:
                yield f"{name}: {link} leads nowhere"
            elif anchor and anchor not in ids.get(target, ()):
                yield f"{name}: {link} leads to a place that {target} does not have"


def epub_needs_no_script(epub: Epub, language: Language) -> Iterator[str]:
    for name, tree in epub.pages.items():
        for element in tree.iter():
            kind = element.tag.rpartition("}")[2]
            if kind in ("script", "details", "button", "iframe") or any(
                a.startswith("on") for a in element.attrib
            ):
                yield f"{name}: <{kind}> does nothing in an e-reader"


def epub_formulas_are_mathml(epub: Epub, language: Language) -> Iterator[str]:
    for name, tree in epub.pages.items():
        for span in tree.iter(f"{HTML}span"):
            if span.get("class") == "math" and span.find(f".//{MATH}math") is None:
                yield f"{name}: a formula without MathML: {''.join(span.itertext())[:50]!r}"


PDF_CHECKS = [
    pdf_says_what_it_is,
    fonts_are_embedded,
    pdf_links_lead_somewhere,
    contents_number_the_pages,
]
EPUB_CHECKS = [
    epub_holds_what_it_lists,
    epub_ids_are_unique,
    epub_links_lead_somewhere,
    epub_needs_no_script,
    epub_formulas_are_mathml,
]
