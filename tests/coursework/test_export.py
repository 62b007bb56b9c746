from __future__ import annotations

import csv
from pathlib import Path

import pytest

from coursework.course import Course, CourseError
from coursework.export import export
from tests.coursework.courses import ASSIGNMENT, Submission, copied, released


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Course:
    course = released(tmp_path_factory.mktemp("made"))
    Submission("11", name="Анна Ли", lms_id="11", language="ru").graded(course)
    Submission("12", name='李 "娜", =x', lms_id="12").graded(course)
    Submission(
        "13",
        name="Cem Ak",
        lms_id="13",
        language="ru",
        reason="no readable notebook: <b>",
        stamp="2027-03-02 00:00:00 UTC",
    ).graded(course)
    Submission("dana", name="=1+1").handed_in(course)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("choice", ASSIGNMENT, ASSIGNMENT, "11")
        grade.manual_score, grade.needs_manual_grade = 2.25, False
        gradebook.find_student("11").email = "anna@example.org"
        gradebook.db.commit()
    return course


@pytest.fixture
def course(made, tmp_path) -> Course:
    return copied(made, tmp_path)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_moodles_worksheet(course, tmp_path):
    export(course, ASSIGNMENT, "moodle", tmp_path / "x.csv")
    anna, na, cem, dana = table(tmp_path / "x.csv")
    assert anna == {
        "Identifier": "Participant 11",
        "Full name": "Анна Ли",
        "Email address": "anna@example.org",
        "Status": "Submitted for grading - Graded",
        "Grade": "4.25",
        "Maximum Grade": "10.00",
        "Grade can be changed": "Yes",
        "Last modified (submission)": "Monday, 1 March 2027, 10:00 AM",
        "Last modified (grade)": "-",
        "Feedback comments": "",
    }
    assert (na["Grade"], na["Status"]) == ("", "Submitted for grading - needs marks")
    assert (cem["Grade"], cem["Status"]) == ("", "Submitted for grading - failed")
    assert cem["Feedback comments"].endswith("&lt;b&gt;"), "Moodle takes comments for HTML"
    assert (dana["Grade"], dana["Full name"]) == ("", "'=1+1")


def test_canvas_table(course, tmp_path):
    export(course, ASSIGNMENT, "canvas", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf8", newline="") as file:
        lines = list(csv.reader(file))
    assert lines == [
        ["Student", "ID", "SIS Login ID", "Section", "losses"],
        ["    Points Possible", "", "", "", "10.00"],
        ["Анна Ли", "11", "", "", "4.25"],
        ['李 "娜", \'=x', "12", "", "", ""],
        ["Cem Ak", "13", "", "", ""],
        ["'=1+1", "", "dana", "", ""],
    ]


def test_the_plain_table_tells_everything(course, tmp_path):
    export(course, ASSIGNMENT, "plain", tmp_path / "x.csv")
    anna, na, cem, dana = table(tmp_path / "x.csv")
    assert anna == {
        "student": "11",
        "name": "Анна Ли",
        "language": "ru",
        "submitted": "2027-03-01T10:00:00Z",
        "late seconds": "0",
        "slope-value": "2",
        "slope-gradient": "0",
        "choice": "2.25",
        "total": "4.25",
        "max": "10",
        "state": "graded",
        "reason": "",
    }
    assert (na["choice"], na["total"], na["state"]) == ("", "", "needs marks")
    assert (cem["slope-value"], cem["total"], cem["state"]) == ("", "", "failed")
    assert (cem["reason"], cem["late seconds"]) == ("no readable notebook: <b>", "43200")
    assert (dana["total"], dana["state"], dana["language"]) == ("", "not graded", "")


@pytest.mark.parametrize("format", ["moodle", "canvas", "plain"])
def test_points_so_far_are_given_when_asked_for(course, tmp_path, format):
    export(course, ASSIGNMENT, format, tmp_path / "x.csv", partial=True)
    column = {"moodle": "Grade", "canvas": ASSIGNMENT, "plain": "total"}[format]
    assert [line[column] for line in table(tmp_path / "x.csv")][-4:] == ["4.25", "2.00", "", ""]


def test_what_has_no_grade_is_said(course, tmp_path, capsys):
    ungraded = export(course, ASSIGNMENT, "canvas", tmp_path / "x.csv")
    assert [row.student for row in ungraded] == ["12", "13", "dana"]
    assert "13: failed: no readable notebook: <b>" in capsys.readouterr().out


def test_an_unknown_format_is_an_error(course, tmp_path):
    with pytest.raises(CourseError, match="expected one of the formats moodle, canvas, plain, got 'xls'"):
        export(course, ASSIGNMENT, "xls", tmp_path / "x.csv")
