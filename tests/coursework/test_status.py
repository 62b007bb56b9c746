from __future__ import annotations

import pytest

from coursework.course import Course, CourseError
from coursework.report import Note, Report
from coursework.status import rows, status
from coursework.wording import speaking
from tests.coursework.courses import ASSIGNMENT, Submission, copied, released


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Course:
    course = released(tmp_path_factory.mktemp("made"))
    Submission("anna", name="Анна Ли", notes=[Note("slope was edited")]).graded(course)
    Submission("bo", name="李娜", stamp="2027-03-02 14:05:00 UTC", reason="the kernel ended").graded(course)
    Submission("cem").handed_in(course)
    return course


@pytest.fixture
def course(made, tmp_path) -> Course:
    return copied(made, tmp_path)


def test_every_submission_has_its_state(course):
    found = {row.student: row for row in rows(course, ASSIGNMENT)}
    assert {name: row.state for name, row in found.items()} == {
        "anna": "needs marks",
        "bo": "failed",
        "cem": "not graded",
    }
    assert found["bo"].late == 26 * 3600 + 300
    assert list(found["anna"].marks) == ["slope-value", "slope-gradient", "choice"]
    assert found["anna"].so_far == 2.0


@pytest.mark.parametrize("student", ["anna", "bo", "cem"])
def test_what_has_no_grade_has_no_total(course, student):
    assert next(row for row in rows(course, ASSIGNMENT) if row.student == student).total is None


def test_marked_by_hand_is_graded(course):
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("choice", ASSIGNMENT, ASSIGNMENT, "anna")
        grade.manual_score, grade.needs_manual_grade = 4.5, False
        gradebook.db.commit()
    row = rows(course, ASSIGNMENT)[0]
    assert (row.state, row.total, row.maximum) == ("graded", 6.5, 10.0)


def test_a_newer_submission_is_not_graded_yet(course):
    Submission("anna", stamp="2027-03-01 11:00:00 UTC").handed_in(course)
    Submission("bo", stamp="2027-03-03 11:00:00 UTC").handed_in(course)
    assert {row.state for row in rows(course, ASSIGNMENT)} == {"not graded"}


def test_executed_but_not_in_the_gradebook_is_not_graded_yet(course):
    (course.root / "autograded" / "anna" / ASSIGNMENT / "digest.txt").write_text("of an older one")
    assert rows(course, ASSIGNMENT)[0].state == "not graded"


def test_an_extension_makes_it_less_late(course):
    with course.gradebook() as gradebook:
        gradebook.update_or_create_submission(ASSIGNMENT, "bo")
        gradebook.grant_extension(ASSIGNMENT, "bo", hours=26)
    assert {row.student: row.late for row in rows(course, ASSIGNMENT)}["bo"] == 300


def test_the_table_lines_up_and_sums_up(course, capsys):
    status(course, ASSIGNMENT)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == "student"
    assert "李娜" in lines[2]
    assert "1 d 2 h" in lines[2]
    assert "failed: the kernel ended" in lines[2]
    assert "anna: slope was edited" in lines
    assert lines[-1] == "losses: 3 submissions: 1 needs marks, 1 failed, 1 not graded; 1 late"


def test_nothing_released_is_said(tmp_path):
    with pytest.raises(CourseError, match="release it first"):
        rows(Course(tmp_path), ASSIGNMENT)


def test_note_is_english_and_can_be_said_in_another_language_even_after_it_was_saved(tmp_path):
    note = Note("{cell} stood {n} times", cell="slope", n=2)
    Report("anna", ASSIGNMENT, "ru", "1", Note("the cells stood in another order"), [note]).save(
        tmp_path / "r"
    )
    report = Report.load(tmp_path / "r")
    assert report.notes == ["slope stood 2 times"]
    with speaking("ru"):
        assert "slope" in report.notes[0].said() != str(note)
        assert report.reason.said() == "ячейки стояли в другом порядке"
