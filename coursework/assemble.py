"""Put a student's answers into the notebook that was handed out, whatever became of it on the way."""

from __future__ import annotations

import copy
import re
from collections import Counter

import nbformat
from nbformat import NotebookNode

from coursework.report import Note
from losslib.locales import phrase

SETUP = re.compile(r"""\bsetup\(\s*\\?["'](\w+)\\?["']\s*\)""")  # in a cell, or in the file with its \"


class UnreadableError(Exception):
    """A file is no notebook, or none of this assignment; `reason` says why."""

    def __init__(self, reason: Note):
        super().__init__(reason)
        self.reason = reason


def read(data: bytes) -> NotebookNode:
    """A notebook of any format that there ever was, as a current one. Raises UnreadableError."""
    try:
        notebook = nbformat.reads(decode(data), as_version=4)
        for cell in notebook.cells:
            cell.source = str(cell.source).replace("\r\n", "\n")
    except Exception as error:  # nbformat meets a damaged file with whatever breaks first
        said = f"{type(error).__name__}: {str(error)[:200]}"
        raise UnreadableError(Note(phrase("no readable notebook: {error}"), error=said)) from None
    return notebook


def decode(data: bytes) -> str:
    """The text of a file from any system: UTF-8 with or without its mark, or UTF-16."""
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("expected UTF-8 text")


def language(data: bytes, known: list[str]) -> str:
    """The language of the hand-out that was filled in, readable or not, from its setup cell; else the first known."""
    try:
        text = decode(data)
    except ValueError:
        text = data.decode("latin-1")
    return next((name for name in SETUP.findall(text) if name in known), known[0])


def key(cell: NotebookNode) -> str:
    """What a cell is known by: nbgrader's id, which editors keep, or the cell's own."""
    return str(_nbgrader(cell).get("grade_id") or cell.get("id", ""))


def assemble(submitted: NotebookNode, template: NotebookNode) -> tuple[NotebookNode, list[Note]]:
    """The template with the student's answers and additional cells, and notes on everything that was put right.

    Cells of the template stand in its order, each once, with its own texts, tests and points. A cell that the
    template has not stays behind the cell it followed. An answer that stands twice is run twice, so the later one
    counts. Raises UnreadableError when the notebook has none of the template's answers.
    """
    cells = {key(cell): cell for cell in template.cells}
    answers = {k for k, cell in cells.items() if _nbgrader(cell).get("solution")}
    mine, extra, notes = _sort(submitted, cells)
    if not answers & mine.keys():
        missing = phrase("none of the answers {cells} is in it: another notebook?")
        raise UnreadableError(Note(missing, cells=", ".join(sorted(answers))))

    assembled = copy.deepcopy(template)
    assembled.cells = [_plain(cell) for cell in extra.get("", [])]
    for k, original in cells.items():
        cell = copy.deepcopy(original)
        if k not in mine:
            notes.append(Note(phrase("{cell} was missing and was put back as handed out"), cell=k))
        elif k in answers:
            _answer(cell, mine[k], notes)
        else:
            _restore(cell, mine[k], extra.setdefault(k, []), notes)
        assembled.cells += [cell, *map(_plain, extra.get(k, []))]
    order = [k for k in mine if k in cells]
    if order != [k for k in cells if k in mine]:
        notes.append(Note(phrase("the cells stood in another order")))
    return assembled, notes


def _sort(
    submitted: NotebookNode, cells: dict[str, NotebookNode]
) -> tuple[dict[str, NotebookNode], dict[str, list[NotebookNode]], list[Note]]:
    """The first of each known cell; the other cells by the known cell they follow; notes on duplicates."""
    mine: dict[str, NotebookNode] = {}
    extra: dict[str, list[NotebookNode]] = {}
    place = ""
    for cell in submitted.cells:
        k = key(cell)
        if k in cells and k not in mine:
            mine[k] = copy.deepcopy(cell)
            place = k
        elif k not in cells:
            extra.setdefault(place, []).append(cell)
        elif _nbgrader(cells[k]).get("solution") and cell.cell_type == "markdown":
            mine[k].source += f"\n\n{cell.source}"
        elif _nbgrader(cells[k]).get("solution"):
            extra.setdefault(place, []).append(cell)
    seen = Counter(key(cell) for cell in submitted.cells)
    several = phrase("{cell} stood {n} times")
    return mine, extra, [Note(several, cell=k, n=n) for k, n in seen.items() if n > 1 and k in cells]


def _answer(cell: NotebookNode, mine: NotebookNode, notes: list[Note]) -> None:
    if mine.cell_type == cell.cell_type:
        cell.source = mine.source
    else:
        kind = phrase("{cell} was turned into a {kind} cell, so its answer could not be run")
        notes.append(Note(kind, cell=key(cell), kind=mine.cell_type))


def _restore(cell: NotebookNode, mine: NotebookNode, behind: list[NotebookNode], notes: list[Note]) -> None:
    """Note what was changed in a cell that is not an answer; given code that was changed runs after the original."""
    test = _nbgrader(cell)
    if test.get("points") != _nbgrader(mine).get("points"):
        points = phrase("the points of {cell} were edited; the original ones count")
        notes.append(Note(points, cell=key(cell)))
    if cell.cell_type == "code" and mine.source.strip() != cell.source.strip():
        if test:
            notes.append(Note(phrase("{cell} was edited; the original was run"), cell=key(cell)))
        else:
            both = phrase("{cell} was edited; the original was run, then the edited one")
            notes.append(Note(both, cell=key(cell)))
            behind[:0] = [mine] if mine.cell_type == "code" else []


def _plain(cell: NotebookNode) -> NotebookNode:
    """A cell of the student's own: its source, and nothing that nbgrader would take for one of its cells."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    return make.get(cell.cell_type, nbformat.v4.new_raw_cell)(cell.source)


def _nbgrader(cell: NotebookNode) -> dict:
    found = cell.metadata.get("nbgrader", {})
    return found if isinstance(found, dict) else {}
