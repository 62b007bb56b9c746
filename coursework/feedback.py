"""A page for each student on what they handed in, in their language: nbgrader's feedback with a template of our own."""

from __future__ import annotations

import logging
import re
import shutil
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import GetGrades
from traitlets import Bool

from coursework import prose
from coursework.assemble import key
from coursework.course import SOURCES, Course
from coursework.names import moodle_folder, original
from coursework.status import FAILED, NEEDS_MARKS, NOT_GRADED, Mark, Row, rows, template
from coursework.wording import duration, speaking
from losslib.locales import number, tr

HEADING = re.compile(
    r"#{1,2}\s+(.+?)\s*(?:[(（][^()（）\n]*\d[^()（）\n]*[)）])?\s*(?:\n|$)"
)  # less "(4 points)"
NO_RESPONSE = "No response."  # nbgrader's comment on an answer left as it was handed out


def generate(course: Course, assignment: str) -> list[Path]:
    """Write a page for every submission that was graded or could not be, and return them.

    A page of a submission that has been replaced since it was graded is removed.
    """
    written = []
    for row in rows(course, assignment):
        page = _path(course, row.student, assignment)
        shutil.rmtree(page.parent, ignore_errors=True)
        if row.state == NOT_GRADED:
            continue
        with speaking(row.language):
            if row.state == FAILED:
                page.parent.mkdir(parents=True)
                page.write_text(_without_grade(course, assignment, row), encoding="utf8")
            elif not _convert(course, assignment, row):
                continue
        written.append(page)
    print(f"{len(written)} pages for {assignment}: {course.root / 'feedback'}")
    return written


def package(course: Course, assignment: str) -> Path:
    """Zip the pages in folders named as Moodle named those of the submissions, to be uploaded at once.

    Students whose files did not come from Moodle have a folder of their own name.
    """
    path = course.root / f"feedback-{assignment}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in course.students(assignment):
            page = _path(course, student, assignment)
            if page.is_file():
                archive.write(page, f"{_folder(course, student, assignment)}/{page.name}")
    return path


def _path(course: Course, student: str, assignment: str) -> Path:
    return course.root / "feedback" / student / assignment / f"{assignment}.html"


def _folder(course: Course, student: str, assignment: str) -> str:
    inbox = course.inbox(assignment) / student
    for path in sorted(inbox.rglob("*")):
        came_as = "/".join(original(part) for part in path.relative_to(inbox).parts[1:])
        if came_as and (folder := moodle_folder(came_as)):
            return folder
    return student


class _Pages(GenerateFeedback):
    """nbgrader's conversion of autograded notebooks, which takes the row along."""

    row: Row

    def init_single_notebook_resources(self, notebook_filename: str) -> dict[str, Any]:
        return super().init_single_notebook_resources(notebook_filename) | {"row": self.row}


class _Compose(Preprocessor):
    """Hand the template what it shows, rather than the notebook."""

    enabled = Bool(True).tag(config=True)

    def preprocess(
        self, notebook: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        row: Row = resources["row"]
        resources["page"] = _page(row, _tasks(notebook, row.marks))
        return notebook, resources


HTML = {"template_name": "feedback", "extra_template_basedirs": [str(SOURCES / "templates")]}


def _convert(course: Course, assignment: str, row: Row) -> bool:
    """Convert one graded notebook; a failure is told and stops no other student's."""
    config = course.config(
        CourseDirectory={"student_id": row.student, "ignore": ["*.json", "*.txt"]},
        GenerateFeedback={"preprocessors": [GetGrades, _Compose], "exporter_class": HTMLExporter},
        HTMLExporter=HTML,
    )
    pages = _Pages(
        coursedir=course.directory(config, assignment), config=config, log=logging.getLogger("coursework")
    )
    pages.row = row
    try:
        pages.start()
    except NbGraderException as error:
        print(f"{row.student}: no page could be written: {error}")
        return False
    return True


def _without_grade(course: Course, assignment: str, row: Row) -> str:
    """The page of a submission that could not be graded; its title is that of what was handed out."""
    path = course.released(row.language, assignment)
    notebook = nbformat.read(path, as_version=4) if path.is_file() else template(course, assignment)
    exporter = HTMLExporter(**HTML, preprocessors=[_Compose])
    page, _ = exporter.from_notebook_node(notebook, resources=ResourcesDict(row=row))
    return page


def _page(row: Row, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """All texts of a page. What stands in `Markup` is HTML that is safe already."""
    return {
        "language": row.language,
        "title": tasks[0]["title"] if tasks else "",
        "name": row.name,
        "failed": row.state == FAILED
        and tr("This could not be graded. That is not a zero: ask your instructor what to do."),
        "reason": row.reason.said(),
        "score": _points(row.marks.values()),
        "waiting": row.state == NEEDS_MARKS and tr("Some answers are still to be marked; their points will be added."),
        "late": row.late and tr("Handed in late by {time}.", time=duration(row.late)),
        "notes": [note.said() for note in row.notes],
        "tasks": tasks,
        "style": Markup(prose.style()),
        "words": {
            "feedback": tr("Feedback"),
            "notes": tr("Notes on what you handed in"),
            "text": tr("Text of the task"),
            "comment": tr("Comment"),
            "figure": tr("Figure"),
            "summary": tr("Points by task"),
        },
    }  # fmt: skip


def _tasks(notebook: NotebookNode, marks: dict[str, Mark]) -> list[dict[str, Any]]:
    """The notebook in parts: each begins with a heading and holds a text, answers and checks, and has points."""
    tasks: list[dict[str, Any]] = []
    for cell in notebook.cells:
        own = cell.metadata.get("nbgrader", {})
        given = cell.cell_type == "markdown" and not own.get("solution")
        heading = HEADING.match(cell.source) if given else None
        if heading or not tasks:
            title = heading[1] if heading else ""
            tasks.append({"title": title, "text": [], "parts": [], "marks": []})
        task = tasks[-1]
        if given:
            text = cell.source[heading.end() :] if heading else cell.source
            task["text"].append(Markup(prose.markdown(text)))
            continue
        mark = marks.get(key(cell)) if own.get("grade") else None
        task["parts"].append(_part(cell, own, mark))
        task["marks"] += [mark] if mark else []
    for task in tasks:
        task["points"] = _points(task["marks"])
    return tasks


def _part(cell: NotebookNode, own: dict, mark: Mark | None) -> dict[str, Any]:
    """An answer, or the result of a check; of checks neither source nor traceback is shown, just the message."""
    comment = own.get("comment") or ""
    if comment == NO_RESPONSE:  # of code, the checks say so
        comment = tr("There is no answer here.") if cell.cell_type == "markdown" else ""
    part: dict[str, Any] = {"comment": Markup(prose.markdown(comment))}
    if mark:
        part["points"] = _points([mark])
    if own.get("grade") and not own.get("solution"):
        part["check"] = True
        part["passed"] = mark is not None and mark.score == mark.maximum
        part["message"] = _message(cell)
    elif cell.cell_type == "markdown":
        part["answer"] = Markup(prose.markdown(cell.source, cell.get("attachments")))
    elif cell.source.strip():
        part["code"] = Markup(prose.code(cell.source))
        part["outputs"] = list(prose.outputs(cell))
    return part


def _message(cell: NotebookNode) -> str:
    """What a check has said: the error if there is one, otherwise what it printed."""
    for output in cell.outputs:
        if output.output_type == "error":
            kind = "" if output.ename == "NotPassed" else f"{output.ename}: "
            return f"{kind}{prose.plain(output.evalue)}"
    return prose.plain("".join(output.text for output in cell.outputs if output.output_type == "stream"))


def _points(marks: Collection[Mark]) -> str:
    """The sum of the marks given, and whether more are to come."""
    given = [mark.score for mark in marks if mark.score is not None]
    score, maximum = (
        number(f"{round(value, 2):g}") for value in (sum(given), sum(mark.maximum for mark in marks))
    )
    if len(given) == len(marks):
        return tr("Points: {score} of {max}", score=score, max=maximum)
    if given:
        return tr("Points so far: {score} of {max}", score=score, max=maximum)
    return tr("Still to be marked; points: {max}", max=maximum)
