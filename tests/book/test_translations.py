"""What `book/translations.py` lists, copies and stamps, and that it never loses a translator's words."""

import subprocess
import sys

import nbformat
import pytest

from book import translations
from tests.book import sample

PAGE = "regression/mse"


@pytest.fixture
def book(tmp_path):
    return sample.make(tmp_path) / "book"


def edit(book, lang, change, page=PAGE):
    """Load a page, let `change` work on its cells by id, and save it."""
    notebook = translations.load(lang, page, book)
    change({cell.id: cell for cell in notebook.cells}, notebook.cells)
    translations.save(notebook, lang, page, book)


def problems(book, lang="ru", page=PAGE):
    return list(translations.problems(lang, page, book))


def cell(book, lang, cell_id, page=PAGE):
    return next(cell for cell in translations.load(lang, page, book).cells if cell.id == cell_id)


def test_fingerprint_is_the_first_twelve_digits_of_sha256():
    assert translations.fingerprint("loss") == "2ea71c18131a"


def test_sample_is_current(book):
    assert problems(book, "ru") == problems(book, "zh") == []
    assert translations.report((book,)) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda cells, _: cells["parabola"].update(source="show(ax)"), ("drifted", "parabola: code")),
        (lambda cells, _: cells["setup"].update(source='setup("en")'), ("drifted", "setup: code")),
        (lambda cells, all_: all_.insert(5, all_.pop(2)), ("drifted", "order of cells")),
        (lambda cells, all_: all_.remove(cells["gpu"]), ("drifted", "gpu: not translated")),
        (lambda cells, _: cells["quiz"].metadata.pop("source"), ("stale", "quiz")),
        (
            lambda cells, _: cells["parabola"].metadata.update(tags=["hide-input"]),
            ("drifted", "parabola: metadata"),
        ),
        (
            lambda cells, _: cells["parabola"].metadata["mystnb"]["figure"].update(name="fig-other"),
            ("drifted", "parabola: metadata"),
        ),
        (
            lambda cells, all_: all_.append(nbformat.v4.new_markdown_cell("Слова", id="own")),
            ("orphaned", "own"),
        ),
    ],
)
def test_difference_is_found(book, change, expected):
    edit(book, "ru", change)
    assert problems(book) == [expected]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("r^2", "r^3", "formulas"),
        ("(eq-mse)", "(eq-other)", "labels"),
        ("`gauss1809`", "`legendre1805`", "references and citations"),
    ],
)
def test_drifted_facts_in_prose_are_found(book, old, new, what):
    edit(
        book, "zh", lambda cells, _: cells["formula"].update(source=cells["formula"].source.replace(old, new))
    )
    assert problems(book, "zh") == [("drifted", f"formula: {what}")]


def test_swapped_answers_and_links_are_found(book):
    def swap(cells, _):
        cells["quiz"].source = cells["quiz"].source.replace("answer right", "answer wrong", 1)
        cells["motivation"].source = cells["motivation"].source.replace("../index.ipynb", "mse.ipynb")

    edit(book, "ru", swap)
    assert problems(book) == [("drifted", "motivation: links"), ("drifted", "quiz: quiz answers")]


def test_words_and_decimal_marks_inside_formulas_are_free():
    english, russian = r"$$ 1.5 x \text{ if } y $$", "$$\n1{,}5 x \\text{ если } y\n$$"
    assert translations.facts(english) == translations.facts(russian)


def test_english_edit_makes_prose_and_captions_stale_until_stamped(book):
    def change(cells, _):
        cells["gpu"].source += " More."
        cells["parabola"].metadata["mystnb"]["image"]["alt"] = "Another picture"

    edit(book, "en", change)
    assert translations.stale("ru", PAGE, book) == ["parabola", "gpu"]
    assert translations.report((book,)) == 0
    translations.stamp("ru", PAGE, "gpu", book)
    assert translations.stale("ru", PAGE, book) == ["parabola"]
    translations.stamp("ru", PAGE, book=book)
    assert translations.stale("ru", PAGE, book) == []
    assert translations.stale("zh", PAGE, book) == ["parabola", "gpu"]


def test_stamp_refuses_an_unknown_cell(book):
    with pytest.raises(ValueError, match="expected a cell of ru/regression/mse, got 'nowhere'"):
        translations.stamp("ru", PAGE, "nowhere", book)


def test_sync_changes_nothing_that_is_current(book):
    before = {path: path.read_bytes() for path in book.rglob("*.ipynb")}
    translations.sync_all(book)
    assert {path: path.read_bytes() for path in book.rglob("*.ipynb")} == before


def test_sync_copies_code_order_and_new_cells_and_keeps_words(book):
    def change(cells, all_):
        cells["parabola"].source = "show(fig)"
        cells["parabola"].metadata["tags"] = ["hide-input"]
        all_.append(nbformat.v4.new_markdown_cell("## Further reading", id="further"))
        all_.insert(3, all_.pop(2))

    edit(book, "en", change)
    translations.sync("ru", PAGE, book)
    assert problems(book) == [("stale", "further")]
    assert cell(book, "ru", "further").source == "## Further reading"
    assert cell(book, "ru", "parabola").metadata["mystnb"]["figure"]["caption"] == sample.WORDS["ru"]
    assert cell(book, "ru", "setup").source.endswith('setup("ru")')


def test_sync_keeps_the_keywords_of_each_language(book):
    for lang, keyword in (("en", "squared error"), ("ru", "квадрат ошибки")):
        notebook = translations.load(lang, PAGE, book)
        notebook.metadata.keywords = [keyword]
        translations.save(notebook, lang, PAGE, book)
    translations.sync_all(book)
    found = {
        lang: translations.load(lang, PAGE, book).metadata.get("keywords") for lang in ("en", "ru", "zh")
    }
    assert found == {"en": ["squared error"], "ru": ["квадрат ошибки"], "zh": None}


def test_sync_makes_a_missing_page_in_english_and_stale(book):
    (book / "zh" / f"{PAGE}.ipynb").unlink()
    assert problems(book, "zh") == [("missing", "page")]
    translations.sync("zh", PAGE, book)
    assert {kind for kind, _ in problems(book, "zh")} == {"stale"}
    assert cell(book, "zh", "setup").source.endswith('setup("zh")')


def test_sync_keeps_words_that_english_no_longer_has(book):
    edit(book, "en", lambda cells, all_: all_.remove(cells["gpu"]))
    edit(book, "en", lambda cells, _: cells["parabola"].metadata.clear())
    before = cell(book, "ru", "gpu").source
    translations.sync("ru", PAGE, book)
    assert problems(book) == [("orphaned", "gpu"), ("orphaned", "parabola: caption")]
    ids = [cell.id for cell in translations.load("ru", PAGE, book).cells]
    assert ids.index("gpu") == ids.index("pitfalls") + 1
    assert cell(book, "ru", "gpu").source == before
    assert cell(book, "ru", "parabola").metadata["mystnb"]["figure"]["caption"] == sample.WORDS["ru"]


def test_sync_refuses_a_cell_of_another_type(book):
    def change(cells, all_):
        all_[all_.index(cells["gpu"])] = nbformat.v4.new_code_cell("1", id="gpu")

    edit(book, "en", change)
    before = (book / "ru" / f"{PAGE}.ipynb").read_bytes()
    with pytest.raises(
        SystemExit, match="ru/regression/mse was left as it is: cell gpu: expected a code cell"
    ):
        translations.sync_all(book)
    assert (book / "ru" / f"{PAGE}.ipynb").read_bytes() == before


def test_page_that_english_lacks_is_orphaned_and_fails(book, capsys):
    (book / "en" / f"{PAGE}.ipynb").unlink()
    assert problems(book) == [("orphaned", "page")]
    assert translations.report((book,)) == 1
    assert "orphaned book/ru/regression/mse.ipynb  page" in capsys.readouterr().out


def test_sync_strips_outputs_and_editor_metadata(book):
    path = book / "en" / f"{PAGE}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.id == "parabola")
    code.outputs, code.execution_count = [nbformat.v4.new_output("stream", text="1")], 3
    code.metadata["editable"] = True
    before = path.read_bytes()
    nbformat.write(notebook, path)
    translations.sync_all(book)
    assert path.read_bytes() == before


@pytest.mark.parametrize("target", ["ru/regression/mse", "book/ru/regression/mse.ipynb"])
def test_stamp_understands_a_page_and_a_path(book, target):
    assert translations.stamp_target(target, (book,)) == ("ru", PAGE, None, book)
    assert translations.stamp_target(f"{target}#quiz", (book,)) == ("ru", PAGE, "quiz", book)


@pytest.mark.parametrize("target", ["ru/regression/nothing", "en/regression/mse", "mse"])
def test_stamp_explains_a_wrong_page(book, target):
    with pytest.raises(SystemExit, match="expected a translated page such as ru/regression/huber"):
        translations.stamp_target(target, (book,))


def test_command_lists_and_explains():
    command = [sys.executable, translations.__file__, "--help"]
    assert "--stamp PAGE[#CELL]" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
