"""Ways to break the sample book."""

import re
from collections.abc import Callable

import nbformat

from book import translations
from tests.book import sample


def rewrite(name: str, old: str, new: str) -> Callable:
    """A fault made by replacing text in a file; the text must be there."""

    def break_it(root):
        path = root / name
        text = path.read_text(encoding="utf8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf8")

    return break_it


def edit(cell_id: str, change: Callable, *langs: str) -> Callable:
    """A fault made by changing a cell of the English chapter, or of the languages named."""

    def break_it(root):
        for lang in langs or ("en",):
            notebook = translations.load(lang, "regression/mse", root / "book")
            change(next(cell for cell in notebook.cells if cell.id == cell_id))
            translations.save(notebook, lang, "regression/mse", root / "book")

    return break_it


def replace(old: str, new: str) -> Callable:
    def change(cell):
        assert re.search(old, cell.source)
        cell.source = re.sub(old, new, cell.source, count=1)

    return change


def set_metadata(**metadata) -> Callable:
    return lambda cell: cell.metadata.update(nbformat.from_dict(metadata))


def set_figure(caption=sample.WORDS["en"], name="fig-mse", alt="A parabola") -> Callable:
    return set_metadata(mystnb={"figure": {"caption": caption, "name": name}, "image": {"alt": alt}})


def remove(name: str) -> Callable:
    return lambda root: (root / name).unlink()


def write(name: str, text: str) -> Callable:
    def break_it(root):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    return break_it
