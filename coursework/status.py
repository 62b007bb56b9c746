"""Where every submission of an assignment stands; export and feedback tell the same."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    SolutionCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import parse_utc

from coursework.assemble import key
from coursework.course import Course, CourseError
from coursework.names import original
from coursework.report import Note, Report
from coursework.wording import duration, speaking

NOT_GRADED, FAILED, NEEDS_MARKS, GRADED = "not graded", "failed", "needs marks", "graded"


@dataclass(frozen=True)
class Mark:
    """One graded cell: its score is None as long as someone has to give it."""

    score: float | None
    maximum: float
    by_hand: bool
    comment: str = ""


@dataclass(frozen=True)
class Row:
    """One student's submission. Only one that is graded, or needs marks alone, has `marks`."""

    student: str
    name: str
    lms_id: str
    email: str
    submitted: datetime
    late: float  # seconds
    state: str
    maximum: float
    language: str = ""
    reason: Note = field(default_factory=Note)
    notes: list[Note] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def so_far(self) -> float:
        return sum(mark.score or 0.0 for mark in self.marks.values())

    @property
    def total(self) -> float | None:
        """The score, or None: what has no grade has no grade of zero."""
        return self.so_far if self.state == GRADED else None


def status(course: Course, assignment: str) -> list[Row]:
    """Print a line per student and how many submissions are in which state; return the rows."""
    found = rows(course, assignment)
    with speaking("en"):
        _print([("student", "name", "submitted (UTC)", "late", "score", "state"), *map(_line, found)])
    for row in found:
        for note in row.notes:
            print(f"{row.student}: {note}")
    counts = Counter(row.state for row in found)
    states = ", ".join(
        f"{counts[state]} {state}" for state in (GRADED, NEEDS_MARKS, FAILED, NOT_GRADED) if counts[state]
    )
    late = sum(row.late > 0 for row in found)
    print(f"{assignment}: {len(found)} submissions" + (f": {states}; {late} late" if found else ""))
    return found


def rows(course: Course, assignment: str) -> list[Row]:
    """Every submission of the assignment, by student. Raises CourseError when the assignment was not released."""
    template(course, assignment)
    with course.gradebook() as gradebook:
        points = tasks(course, gradebook, assignment)
        marks = _marks(gradebook, assignment)
        return [
            _row(course, gradebook, assignment, student, points, marks.get(student, {}))
            for student in course.students(assignment)
        ]


def tasks(course: Course, gradebook: Gradebook, assignment: str) -> dict[str, float]:
    """The graded cells and their points, in the notebook's order."""
    points = {
        cell.name: cell.max_score for cell in gradebook.find_notebook(assignment, assignment).grade_cells
    }
    return {
        name: points[name] for cell in template(course, assignment).cells if (name := key(cell)) in points
    }


def template(course: Course, assignment: str) -> NotebookNode:
    """The notebook that was handed out, in one of its languages. Raises CourseError when there is none."""
    handed_out = sorted(course.root.glob(f"release/*/{assignment}/{assignment}.ipynb"))
    if not handed_out:
        raise CourseError(f"{assignment} was not released in {course.root}: release it first")
    return nbformat.read(handed_out[0], as_version=4)


def autograded(course: Course, student: str, assignment: str) -> Path:
    """The notebook that nbgrader has graded."""
    return course.root / "autograded" / student / assignment / f"{assignment}.ipynb"


def seconds_late(gradebook: Gradebook, assignment: str, student: str, time: datetime) -> float:
    """How long after the due date this is, an extension of the student's counted; 0 where nothing is due."""
    try:
        due = gradebook.find_submission(assignment, student).duedate
    except MissingEntry:
        due = gradebook.find_assignment(assignment).duedate
    return max(0.0, (time - due.replace(tzinfo=UTC)).total_seconds()) if due else 0.0


def _marks(gradebook: Gradebook, assignment: str) -> dict[str, dict[str, Mark]]:
    """All marks in the gradebook, by student and task; in two queries, for a course may have thousands of students."""

    def query(what: type[Grade] | type[Comment], cell: type[GradeCell] | type[SolutionCell]):
        return (
            gradebook.db.query(SubmittedAssignment.student_id, cell, what)
            .select_from(what)
            .join(cell, cell.id == what.cell_id)
            .join(SubmittedNotebook, SubmittedNotebook.id == what.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(Assignment.name == assignment)
        )

    comments = {(student, cell.name): said.comment for student, cell, said in query(Comment, SolutionCell)}
    marks: dict[str, dict[str, Mark]] = {}
    for student, cell, grade in query(Grade, GradeCell):
        given = grade.manual_score is not None or grade.auto_score is not None
        score = grade.score if given and not grade.needs_manual_grade else None
        place = (student, cell.name)
        marks.setdefault(student, {})[cell.name] = Mark(
            score, cell.max_score, by_hand=place in comments, comment=comments.get(place) or ""
        )
    return marks


def _row(
    course: Course,
    gradebook: Gradebook,
    assignment: str,
    student: str,
    points: dict[str, float],
    marks: dict[str, Mark],
) -> Row:
    stamp = course.submitted(student, assignment).with_name("timestamp.txt").read_text()
    submitted = parse_utc(stamp.strip()).replace(tzinfo=UTC)
    report = _report(course, student, assignment, stamp)
    if report is None:
        state, marks = NOT_GRADED, {}
    elif report.reason:
        state, marks = FAILED, {}
    else:
        marks = {name: marks[name] for name in points if name in marks}
        state = NEEDS_MARKS if any(mark.score is None for mark in marks.values()) else GRADED
    try:
        person = gradebook.find_student(student)
    except MissingEntry:
        person = Student(id=student)
    return Row(
        student=student,
        name=f"{person.first_name or ''} {person.last_name or ''}".strip() or original(student),
        lms_id=person.lms_user_id or "",
        email=person.email or "",
        submitted=submitted,
        late=seconds_late(gradebook, assignment, student, submitted),
        state=state,
        maximum=sum(points.values()),
        language=report.language if report else "en",
        reason=report.reason if report else Note(),
        notes=report.notes if report else [],
        marks=marks,
    )


def _report(course: Course, student: str, assignment: str, stamp: str) -> Report | None:
    """The report on what was handed in last; None while that was not executed, or is not in the gradebook yet."""
    report = Report.load(course.report(student, assignment))
    executed = course.executed(student, assignment).with_name("timestamp.txt")
    if report is None or not executed.is_file() or executed.read_text() != stamp:
        return None
    merged = autograded(course, student, assignment).with_name("digest.txt")
    in_gradebook = merged.is_file() and merged.read_text() == report.digest
    return report if report.reason or in_gradebook else None


def _line(row: Row) -> tuple[str, ...]:
    score = "" if row.state in (NOT_GRADED, FAILED) else f"{row.so_far:g} of {row.maximum:g}"
    state = f"{row.state}: {row.reason}" if row.reason else row.state
    late = duration(row.late) if row.late else ""
    return row.student, row.name, f"{row.submitted:%Y-%m-%d %H:%M}", late, score, state


def _print(table: list[tuple[str, ...]]) -> None:
    """Columns that line up, Chinese names included, which are two wide."""

    def width(text: str) -> int:
        return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)

    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = (text + " " * (w - width(text)) for text, w in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
