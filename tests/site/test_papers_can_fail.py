"""Every check of the PDF and the EPUB accepts a small book and finds the fault that is put into it."""

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from book.site.downloads.archive import write_archive
from book.site.downloads.chapters import depths
from book.site.downloads.epub import write_epub
from book.site.downloads.pdf import write_pdf
from book.site.downloads.press import press
from book.site.languages import languages
from tests.site.checks import papers

ENGLISH = languages()["en"]
CHAPTER = "book/regression-index.xhtml"
END = "</body>"
SOME = {name: depth for name, depth in depths().items() if name in ("index", "regression/index")}

# The check, what is put before the end of a chapter, and what the check says about it.
EPUB_FAULTS = [
    (papers.epub_ids_are_unique, '<p id="title">again</p>', "the id 'title' stands 2 times"),
    (papers.epub_links_lead_somewhere, '<a href="none.xhtml">x</a>', "none.xhtml leads nowhere"),
    (
        papers.epub_links_lead_somewhere,
        '<a href="#none">x</a>',
        "a place that book/regression-index.xhtml does not",
    ),
    (papers.epub_links_lead_somewhere, '<a href="http://127.0.0.1:8/">x</a>', "leads to the machine"),
    (papers.epub_needs_no_script, "<script>f()</script>", "<script> does nothing"),
    (papers.epub_needs_no_script, "<details><summary>x</summary></details>", "<details> does nothing"),
    (papers.epub_formulas_are_mathml, '<span class="math">x + y</span>', "a formula without MathML: 'x + y'"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a short book, as PDF and as EPUB."""
    folder = tmp_path_factory.mktemp("book")
    with pytest.MonkeyPatch.context() as patch, press() as started:
        patch.setattr("book.site.downloads.chapters.depths", lambda: SOME)
        patch.setattr(
            "book.site.downloads.chapters.slugs", lambda: {name: name.replace("/", "-") for name in SOME}
        )
        write_pdf(folder / "book.pdf", started, ENGLISH)
        write_epub(folder / "book.epub", started, ENGLISH)
    return folder


@pytest.fixture
def broken(made, tmp_path):
    """Writes the PDF after a change of its parts, and reads it again."""

    def change(alter) -> PdfReader:
        writer = PdfWriter(clone_from=made / "book.pdf")
        alter(writer)
        writer.write(tmp_path / "broken.pdf")
        return PdfReader(tmp_path / "broken.pdf")

    return change


def links_of(writer: PdfWriter) -> list[DictionaryObject]:
    return [link for _, link in papers.annotations(writer)]


def rename(writer: PdfWriter) -> None:
    writer.add_metadata({"/Title": "untitled"})


def speak_another_language(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/Lang")] = TextStringObject("fr")


def lose_tags(writer: PdfWriter) -> None:
    del writer.root_object["/StructTreeRoot"]


def lose_fonts(writer: PdfWriter) -> None:
    for font in writer.pages[0]["/Resources"]["/Font"].values():
        del font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]["/FontFile2"]


def lead_nowhere(writer: PdfWriter) -> None:
    next(link for link in links_of(writer) if "/Dest" in link)[NameObject("/Dest")] = TextStringObject(
        "/none"
    )


def lead_home(writer: PdfWriter) -> None:
    action = next(link["/A"] for link in links_of(writer) if "/URI" in link.get("/A", {}))
    action.get_object()[NameObject("/URI")] = TextStringObject("http://localhost:8000/")


def blank_contents(writer: PdfWriter) -> None:
    writer.pages[1][NameObject("/Contents")] = ArrayObject()


PDF_FAULTS = [
    (papers.pdf_says_what_it_is, rename, "expected the title 'Loss Functions', got 'untitled'"),
    (papers.pdf_says_what_it_is, speak_another_language, "expected the language 'en', got 'fr'"),
    (papers.pdf_says_what_it_is, lose_tags, "found no structure"),
    (papers.fonts_are_embedded, lose_fonts, "is not embedded"),
    (papers.pdf_links_lead_somewhere, lead_nowhere, "/none is no place in the book"),
    (papers.pdf_links_lead_somewhere, lead_home, "leads to the machine that printed the book"),
    (papers.contents_number_the_pages, blank_contents, "expected the table of contents to name the pages"),
]


def test_every_check_has_a_fault():
    assert {check for check, *_ in PDF_FAULTS} == set(papers.PDF_CHECKS)
    epub = {check for check, *_ in EPUB_FAULTS} | {papers.epub_holds_what_it_lists}
    assert epub == set(papers.EPUB_CHECKS)


@pytest.mark.parametrize("check", papers.PDF_CHECKS, ids=lambda check: check.__name__)
def test_pdf_without_fault_passes(made, check):
    assert not list(check(PdfReader(made / "book.pdf"), ENGLISH))


@pytest.mark.parametrize(("check", "alter", "expected"), PDF_FAULTS)
def test_fault_in_the_pdf_is_found(broken, check, alter, expected):
    found = list(check(broken(alter), ENGLISH))
    assert any(expected in sentence for sentence in found), found


@pytest.mark.parametrize("check", papers.EPUB_CHECKS, ids=lambda check: check.__name__)
def test_epub_without_fault_passes(made, check):
    assert not list(check(papers.Epub(made / "book.epub"), ENGLISH))


@pytest.mark.parametrize(("check", "fault", "expected"), EPUB_FAULTS)
def test_fault_in_the_epub_is_found(made, tmp_path, check, fault, expected):
    files = papers.Epub(made / "book.epub").files
    page = files[CHAPTER].decode()
    files[CHAPTER] = page.replace(END, f"{fault}{END}").encode()
    write_archive(tmp_path / "book.epub", files.items(), stored=frozenset({"mimetype"}))
    found = list(check(papers.Epub(tmp_path / "book.epub"), ENGLISH))
    assert any(expected in sentence for sentence in found), found


@pytest.mark.parametrize(
    ("name", "stored", "expected"),
    [
        ("book/style.css", {"mimetype"}, "listed and missing"),
        ("", set(), "expected the stored file mimetype"),
    ],
)
def test_epub_with_files_amiss_is_found(made, tmp_path, name, stored, expected):
    files = papers.Epub(made / "book.epub").files
    files.pop(name, None)
    write_archive(tmp_path / "book.epub", files.items(), stored=frozenset(stored))
    found = list(papers.epub_holds_what_it_lists(papers.Epub(tmp_path / "book.epub"), ENGLISH))
    assert any(expected in sentence for sentence in found), found
