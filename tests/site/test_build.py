"""Notebooks are run when and only when they must be, what goes wrong is said, and the site's bytes are its input's."""

import hashlib
import multiprocessing
import re
from pathlib import Path

import pytest
from nbformat import read, v4, write

from book.site import execute, finish
from book.site.languages import languages, source_language
from book.site.project import SITE, notebook
from book.translations import NOTEBOOK_METADATA
from tests.site.built import pages

LANGUAGE = "en"
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Book:
    """A book of a few notebooks in a folder of its own."""

    def __init__(self, root: Path):
        self.root = root

    def notebook(self, code: str, page: str) -> Path:
        return self.root / code / f"{page}.ipynb"

    def write(self, page: str, code: str, prose: str = "Prose") -> None:
        cells = [v4.new_markdown_cell(prose, id="prose"), v4.new_code_cell(code, id="code")]
        self.notebook(LANGUAGE, page).parent.mkdir(parents=True, exist_ok=True)
        write(v4.new_notebook(cells=cells, metadata=NOTEBOOK_METADATA), self.notebook(LANGUAGE, page))

    def pages(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.root / LANGUAGE).glob("*.ipynb")))

    def output(self, page: str) -> str:
        """What the code of a page printed."""
        kept = execute._open_cache()
        path = self.notebook(LANGUAGE, page)
        ran = kept.get_cache_bundle(kept.match_cache_notebook(execute._read(path)).pk).nb
        return "".join(output.text for output in ran.cells[0].outputs)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A sample book in place of this one."""
    found = Book(tmp_path)
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    monkeypatch.setattr(execute, "notebook", found.notebook)
    monkeypatch.setattr(execute, "pages", found.pages)
    monkeypatch.setattr(execute, "cache_path", lambda: tmp_path / "executed" / "key")
    monkeypatch.setattr(execute, "book_config", lambda: {"execute": {"timeout": 5}})
    for page in ("alpha", "beta"):
        found.write(page, f"print({page!r})")
    return found


@pytest.fixture
def ran(capfd):
    """Runs what must be run; gives the pages that were run and what was said of errors."""

    def run() -> tuple[set[str], str]:
        capfd.readouterr()
        failed = execute.execute([LANGUAGE])
        said = capfd.readouterr()
        lines = [line.split() for line in said.out.splitlines() if line.startswith("[")]
        assert failed == sum(line[-1] == "FAILED" for line in lines)
        return {Path(line[1]).stem for line in lines}, COLOUR.sub("", said.err)

    return run


def test_only_a_change_of_code_runs_a_notebook_again(book, ran):
    assert ran() == ({"alpha", "beta"}, "")
    assert ran() == (set(), "")
    book.write("alpha", "print('alpha')", prose="Other prose")
    assert ran() == (set(), "")
    book.write("alpha", "print('changed')")
    assert ran() == ({"alpha"}, "")
    assert (book.output("alpha"), book.output("beta")) == ("changed\n", "beta\n")


def test_each_notebook_has_a_process_and_a_folder_of_its_own(book, ran):
    code = "import os\nassert 'seen' not in vars(os)\nos.seen = 1\nprint(os.getpid(), os.getcwd(), hash('a'))"
    for page in ("alpha", "beta", "gamma"):
        book.write(page, f"{code}  # {page}")
    assert ran()[1] == ""
    told = [book.output(page).split() for page in ("alpha", "beta", "gamma")]
    assert len({pid for pid, _, _ in told}) == 3
    assert {folder for _, folder, _ in told} == {str(book.root / LANGUAGE)}
    assert len({number for *_, number in told}) == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("here = 1\nthere", "NameError: name 'there' is not defined"),
        ("import os\nos.kill(os.getpid(), 9)", "DeadKernelError: Kernel died"),
        ("while True:\n    pass", "CellTimeoutError"),
    ],
    ids=["error", "death", "endless loop"],
)
def test_notebook_that_fails_is_named_and_holds_up_no_other(book, ran, code, said):
    book.write("alpha", code)
    pages, error = ran()
    assert pages == {"alpha", "beta"}
    for part, stands in {"en/alpha.ipynb failed:": True, said: True, "beta": False}.items():
        assert (part in error) == stands
    book.write("alpha", "print('mended')")
    assert ran() == ({"alpha"}, "")


def test_interrupted_run_goes_on_where_it_stopped(book, ran, monkeypatch):
    book.write("beta", "import time\ntime.sleep(3)")

    def keep_and_interrupt(*arguments):
        keep(*arguments)
        raise KeyboardInterrupt

    keep = execute._keep
    with monkeypatch.context() as patch:
        patch.setattr(execute, "_keep", keep_and_interrupt)
        with pytest.raises(KeyboardInterrupt):
            execute.execute([LANGUAGE])
    assert not multiprocessing.active_children()
    assert ran() == ({"beta"}, "")


def test_outputs_are_kept_for_one_losslib_and_one_set_of_packages(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    monkeypatch.setattr("book.site.project.ROOT", tmp_path)
    (tmp_path / "losslib").mkdir()

    def path(source: str, torch: str = "1.0") -> Path:
        (tmp_path / "losslib" / "notebook.py").write_text(source)
        monkeypatch.setattr(execute, "version", lambda name: torch if name == "torch" else "2.0")
        return execute.cache_path.__wrapped__()

    paths = [path("a = 1"), path("a = 2"), path("a = 1", torch="1.1")]
    assert len(set(paths)) == 3
    assert path("a = 1") == paths[0]


def test_site_put_together_twice_has_the_same_bytes(tmp_path, monkeypatch):
    def fingerprints(folder: str) -> dict[str, str]:
        monkeypatch.setattr(finish, "BUILD", tmp_path / folder)  # where small fonts and styles are kept, too
        monkeypatch.setattr(finish, "SITE", tmp_path / folder / "site")
        site = finish.finish([source_language()])
        files = [path for path in site.rglob("*") if path.is_file()]
        return {str(p.relative_to(site)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    assert SITE.is_dir(), "run `make book`"
    first = fingerprints("one")
    assert fingerprints("another") == first
    assert fingerprints("one") == first, "it differs when pages are kept from the time before"


def test_page_is_reworded_again_only_when_it_or_the_code_has_changed(tmp_path, monkeypatch):
    done, kept = [], tmp_path / "folder" / "page.html"
    monkeypatch.setattr(finish, "translate", lambda page, _: done.append(page) or f"{page} in other words")
    steps = [("one", "a"), ("one", "a"), ("two", "a"), ("two", "b"), ("two", "b")]
    texts = [finish.reworded(f"<body>{page}", source_language(), code, kept) for page, code in steps]
    assert texts == [f"<body>{page} in other words" for page, _ in steps]
    assert done == ["<body>one", "<body>two", "<body>two"]
    assert [path.name for path in kept.parent.iterdir()] == ["page.html"]


def test_site_does_not_say_how_long_something_took_while_it_was_built():
    for language in languages().values():
        for page in (page for page in pages() if page.language == language and page.is_chapter):
            cells = read(notebook(language.code, page.name), as_version=4).cells
            measured = sum("measured" in cell.metadata.get("tags", []) for cell in cells)
            text = page.article.get_text()
            assert text.count(language.words["measured"]) == measured, page
            assert not re.search(r"\d ms$", text, re.MULTILINE), page
