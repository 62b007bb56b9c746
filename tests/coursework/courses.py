"""A small course with one assignment: a function with two checks, and an answer in prose."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coursework.course import Course
from coursework.report import Note, Report

ASSIGNMENT = "losses"
DUE = datetime(2027, 3, 1, 12, 0)  # UTC, as nbgrader keeps it
STAMP = "2027-03-01 10:00:00 UTC"
POINTS = {"slope-value": 2.0, "slope-gradient": 3.0, "choice": 5.0}


def notebook(
    language: str = "en", code: str = "def slope(x):\n    return x", prose: str = "MAE."
) -> NotebookNode:
    """The assignment with these answers."""
    cells = [
        new_markdown_cell("# Assignment: losses\n\nSix tasks.", id="title"),
        new_code_cell(f'from losslib.notebook import setup\n\nsetup("{language}")', id="setup"),
        new_markdown_cell("## 1. Slope (5 points)\n\nThe slope of $\\frac{1}{2} x^2$.", id="slope-task"),
        new_code_cell(code, id="slope", metadata=_nbgrader("slope", solution=True)),
        new_code_cell(
            'check("slope_value", slope)', id="slope-value", metadata=_nbgrader("slope-value", points=2)
        ),
        new_code_cell(
            'check("slope_gradient", slope)',
            id="slope-gradient",
            metadata=_nbgrader("slope-gradient", points=3),
        ),
        new_markdown_cell("## 2. Choice (5 points)\n\nWhich loss, and why?", id="choice-task"),
        new_markdown_cell(prose, id="choice", metadata=_nbgrader("choice", solution=True, points=5)),
    ]
    return new_notebook(cells=cells)


def _nbgrader(name: str, *, solution: bool = False, points: int = 0) -> dict:
    own = {"grade": bool(points), "grade_id": name, "locked": not solution, "schema_version": 3}
    own |= {"solution": solution, "task": False} | ({"points": points} if points else {})
    return {"nbgrader": own}


def data(language: str = "en", **answers: str) -> bytes:
    return nbformat.writes(notebook(language, **answers)).encode()


def released(root: Path) -> Course:
    """A course in which the assignment was handed out."""
    return copied(_template(), root)


def copied(course: Course, root: Path) -> Course:
    shutil.copytree(course.root, root / "course")
    return Course(root / "course")


@cache
def _template() -> Course:
    """Made once for a test process, without the program that nbgrader starts to ask for its schema's version."""
    course = Course(Path(tempfile.mkdtemp()))
    atexit.register(shutil.rmtree, course.root, ignore_errors=True)
    for language in ("en", "ru"):
        path = course.released(language, ASSIGNMENT)
        path.parent.mkdir(parents=True)
        path.write_bytes(data(language, code="raise NotImplementedError", prose="Your answer here."))
    with patch("nbgrader.api.get_alembic_version", lambda: "167914646830"), course.gradebook() as gradebook:
        gradebook.add_assignment(ASSIGNMENT, duedate=DUE)
        gradebook.add_notebook(ASSIGNMENT, ASSIGNMENT)
        for name, points in POINTS.items():
            kind = "markdown" if name == "choice" else "code"
            gradebook.add_grade_cell(name, ASSIGNMENT, ASSIGNMENT, max_score=points, cell_type=kind)
        for name in ("slope", "choice"):
            gradebook.add_solution_cell(name, ASSIGNMENT, ASSIGNMENT)
    return course


@dataclass
class Submission:
    """What a student handed in, and what became of it."""

    student: str
    name: str = ""
    lms_id: str = ""
    language: str = "en"
    stamp: str = STAMP
    prose: str = "MAE, for $|r|$ grows slowly."
    code: str = "def slope(x):\n    return x"
    value: float = 2.0
    gradient: float = 0.0
    message: str = "slope([1, 2]) returned [1, 2]; expected [2, 4]."
    outputs: list = field(default_factory=list)
    reason: str = ""
    notes: list[Note] = field(default_factory=list)

    def handed_in(self, course: Course) -> None:
        path = course.submitted(self.student, ASSIGNMENT)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data(self.language, code=self.code, prose=self.prose))
        path.with_name("timestamp.txt").write_text(self.stamp)
        first, _, last = (self.name or self.student).rpartition(" ")
        with course.gradebook() as gradebook:
            gradebook.update_or_create_student(
                self.student, first_name=first, last_name=last, lms_user_id=self.lms_id or None
            )

    def graded(self, course: Course) -> None:
        """As grading leaves it: executed, reported, and in the gradebook unless there is a reason."""
        self.handed_in(course)
        path = course.report(self.student, ASSIGNMENT)
        report = Report(self.student, ASSIGNMENT, self.language, "1", Note(self.reason), self.notes)
        report.save(path)
        path.with_name("timestamp.txt").write_text(self.stamp)
        if self.reason:
            return
        page = notebook(self.language, self.code, self.prose)
        page.cells[3].outputs = self.outputs
        page.cells[4].outputs = [new_output("stream", text="slope_value: all as expected.\n")]
        page.cells[5].outputs = [
            new_output("error", ename="NotPassed", evalue=self.message, traceback=["a secret line"])
        ]
        place = course.root / "autograded" / self.student / ASSIGNMENT
        place.mkdir(parents=True)
        nbformat.write(page, place / f"{ASSIGNMENT}.ipynb")
        (place / "digest.txt").write_text("1")
        with course.gradebook() as gradebook:
            gradebook.update_or_create_submission(ASSIGNMENT, self.student, timestamp=self.stamp)
            for name, score in (("slope-value", self.value), ("slope-gradient", self.gradient)):
                grade = gradebook.find_grade(name, ASSIGNMENT, ASSIGNMENT, self.student)
                grade.auto_score, grade.needs_manual_grade = score, False
            gradebook.db.commit()


def at(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)
