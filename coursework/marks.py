"""Mark prose in a table instead of nbgrader's formgrader; both keep the marks in the same gradebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from coursework import tables
from coursework.assemble import key
from coursework.course import Course, CourseError
from coursework.status import Row, autograded, rows

COLUMNS = ["student", "name", "task", "max", "answer", "score", "comment"]
CELL_LIMIT = 30_000  # characters; Excel cuts at 32,767


def write(course: Course, assignment: str, path: Path) -> int:
    """Write a row per student and answer that is marked by hand, and return how many.

    A score that was given stands in it, unless it was given for an answer that has been replaced since.
    """
    table: list[list[object]] = [list(COLUMNS)]
    for row in rows(course, assignment):
        for task, text in _answers(course, assignment, row).items():
            mark = row.marks[task]
            score = "" if mark.score is None else f"{mark.score:g}"
            text = text if len(text) <= CELL_LIMIT else text[:CELL_LIMIT] + " …"
            person = [tables.guard(row.student), tables.defuse(row.name)]
            table.append([*person, task, f"{mark.maximum:g}", tables.defuse(text), score,
                          tables.guard(mark.comment)])  # fmt: skip
    tables.write(path, table, mark=True)
    print(f"{len(table) - 1} answers of {assignment} to mark: {path}")
    return len(table) - 1


def read(course: Course, assignment: str, path: Path) -> int:
    """Take the marks over into the gradebook, and return how many changed. An empty score or comment changes nothing.

    Raises:
        CourseError: Something in the file is wrong; every such row is named, and nothing was taken over.
    """
    graded = {row.student: row for row in rows(course, assignment) if row.marks}
    known = {
        word
        for row in graded.values()
        for text in (row.name, *_answers(course, assignment, row).values())
        for word in re.findall(r"[^\W\d_a-zA-Z]{2,}", text)
    }
    given: dict[tuple[str, str], tuple[float | None, str]] = {}
    wrong = []
    for line, row in tables.read(path, ["student", "task", "score"], known):
        try:
            student, task, mark = _parsed(row, graded)
            if given.setdefault((student, task), mark) != mark:
                raise ValueError(f"{student}, {task} stands twice with different marks")
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
    if wrong:
        raise CourseError(f"{path}: nothing was taken over.\n" + "\n".join(wrong))
    changed = _save(course, assignment, graded, given)
    print(f"{changed} marks of {assignment} taken over")
    return changed


def _answers(course: Course, assignment: str, row: Row) -> dict[str, str]:
    """What the student wrote, by task."""
    if not row.marks:
        return {}
    notebook = nbformat.read(autograded(course, row.student, assignment), as_version=4)
    by_hand = {task for task, mark in row.marks.items() if mark.by_hand}
    return {key(cell): cell.source for cell in notebook.cells if key(cell) in by_hand}


def _parsed(row, graded: dict[str, Row]) -> tuple[str, str, tuple[float | None, str]]:
    student, task = tables.unguard(row["student"].strip()), row["task"].strip()
    if student not in graded:
        raise ValueError(f"expected a student with a graded submission, got {student!r}")
    mark = graded[student].marks.get(task)
    if mark is None or not mark.by_hand:
        tasks = ", ".join(name for name, mark in graded[student].marks.items() if mark.by_hand)
        raise ValueError(f"{student}: expected one of the tasks {tasks}, got {task!r}")
    text = row["score"].strip()
    if text and not re.fullmatch(r"[+-]?\d+([.,]\d+)?", text):
        raise ValueError(f"{student}, {task}: expected a number from 0 to {mark.maximum:g}, got {text!r}")
    score = float(text.replace(",", ".")) if text else None
    if score is not None and not 0 <= score <= mark.maximum:
        raise ValueError(f"{student}, {task}: expected a score from 0 to {mark.maximum:g}, got {text}")
    return student, task, (score, tables.unguard(row.get("comment", "").strip()))


def _save(
    course: Course,
    assignment: str,
    graded: dict[str, Row],
    given: dict[tuple[str, str], tuple[float | None, str]],
) -> int:
    changed = 0
    with course.gradebook() as gradebook:
        for (student, task), (score, comment) in given.items():
            before = graded[student].marks[task]
            new_score = score is not None and score != before.score
            new_comment = bool(comment) and comment != before.comment
            if new_score:
                grade = gradebook.find_grade(task, assignment, assignment, student)
                grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, None, False
            if new_comment:
                found = gradebook.find_comment(task, assignment, assignment, student)
                found.manual_comment = comment
            changed += new_score or new_comment
        gradebook.db.commit()
    return changed
