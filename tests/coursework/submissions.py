"""Submissions as students make them: the hand-out, with some of the reference answers filled in."""

from collections.abc import Collection

import nbformat
from nbformat import NotebookNode

from coursework.course import SOURCES, Course


def answered(course: Course, assignment: str, lang: str = "en", *, but: Collection[str] = ()) -> NotebookNode:
    """The hand-out of a language with every reference answer filled in, except those named, which stay blank."""
    notebook = nbformat.read(course.released(lang, assignment), as_version=4)
    source = nbformat.read(SOURCES / lang / assignment / f"{assignment}.ipynb", as_version=4)
    reference = {cell.id: cell.source for cell in source.cells}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.id not in but:
            lines = reference[cell.id].splitlines()
            cell.source = "\n".join(line for line in lines if line.strip()[:3] != "###")
    return notebook


def at(notebook: NotebookNode, cell_id: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def answers(notebook: NotebookNode) -> list[str]:
    """The ids of the cells that students fill in with code."""
    return [
        c.id
        for c in notebook.cells
        if c.cell_type == "code" and c.metadata.get("nbgrader", {}).get("solution")
    ]
