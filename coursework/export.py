"""Grades as tables: for Moodle, for Canvas, and plain."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

from coursework import tables
from coursework.course import Course, CourseError
from coursework.status import GRADED, NEEDS_MARKS, NOT_GRADED, Row, rows, tasks
from coursework.wording import speaking

Table = list[list[object]]


def export(course: Course, assignment: str, format: str, path: Path, *, partial: bool = False) -> list[Row]:
    """Write the grades and return the rows that have none yet, which are printed with the reason.

    Such a row's grade is empty: a zero would say that the work was seen and worth nothing.

    Args:
        format: "moodle", the grading worksheet of an assignment; "canvas", the gradebook's table; or "plain".
        partial: Give also the points so far of those that need marks.

    Raises:
        CourseError: There is no such format, or the assignment was not released.
    """
    formats: dict[str, Callable[[str, list[Row], list[str], bool], Table]] = {
        "moodle": _moodle,
        "canvas": _canvas,
        "plain": _plain,
    }
    if format not in formats:
        raise CourseError(f"expected one of the formats {', '.join(formats)}, got {format!r}")
    found = rows(course, assignment)
    with course.gradebook() as gradebook:
        names = list(tasks(course, gradebook, assignment))
    table = formats[format](assignment, found, names, partial)
    tables.write(path, table, mark=format == "plain")  # the others are for machines
    ungraded = [row for row in found if row.state != GRADED]
    for row in ungraded:
        print(f"{row.student}: {row.state}" + (f": {row.reason}" if row.reason else ""))
    return ungraded


def _total(row: Row, partial: bool) -> str:
    has_one = row.state == GRADED or (partial and row.state == NEEDS_MARKS)
    return f"{row.so_far:.2f}" if has_one else ""


def _moodle(assignment: str, found: list[Row], names: list[str], partial: bool) -> Table:
    """The columns of Moodle's own worksheet; it reads Identifier, Grade, Last modified (grade) and Feedback comments.

    Students see the comments, so a reason stands there in the student's language. "-" is Moodle's word for never.
    """
    table: Table = [
        [
            "Identifier",
            "Full name",
            "Email address",
            "Status",
            "Grade",
            "Maximum Grade",
            "Grade can be changed",
            "Last modified (submission)",
            "Last modified (grade)",
            "Feedback comments",
        ]
    ]
    for row in found:
        with speaking(row.language):
            reason = html.escape(row.reason.said(), quote=False)
        date = row.submitted
        when = f"{date:%A}, {date.day} {date:%B %Y}, {date:%I:%M %p}"
        state = "Submitted for grading" + {GRADED: " - Graded"}.get(row.state, f" - {row.state}")
        table.append([f"Participant {row.lms_id or row.student}", tables.defuse(row.name),
                      tables.guard(row.email), state, _total(row, partial), f"{row.maximum:.2f}", "Yes", when, "-",
                      tables.guard(reason)])  # fmt: skip
    return table


def _canvas(assignment: str, found: list[Row], names: list[str], partial: bool) -> Table:
    """Canvas matches students by ID or login, and the assignment by its name; it ignores an empty grade."""
    table: Table = [["Student", "ID", "SIS Login ID", "Section", assignment]]
    table.append(["    Points Possible", "", "", "", f"{found[0].maximum:.2f}" if found else ""])
    for row in found:
        login = "" if row.lms_id else tables.guard(row.student)
        table.append([tables.defuse(row.name), row.lms_id, login, "", _total(row, partial)])
    return table


def _plain(assignment: str, found: list[Row], names: list[str], partial: bool) -> Table:
    head = ["student", "name", "language", "submitted", "late seconds"]
    table: Table = [[*head, *names, "total", "max", "state", "reason"]]
    for row in found:
        marks = [row.marks.get(name) for name in names]
        scores = ["" if mark is None or mark.score is None else f"{mark.score:g}" for mark in marks]
        language = "" if row.state == NOT_GRADED else row.language
        table.append([tables.guard(row.student), tables.defuse(row.name), language,
                      f"{row.submitted:%Y-%m-%dT%H:%M:%SZ}", f"{row.late:.0f}", *scores, _total(row, partial),
                      f"{row.maximum:g}", row.state, tables.defuse(row.reason)])  # fmt: skip
    return table
