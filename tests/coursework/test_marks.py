from __future__ import annotations

import csv
from pathlib import Path

import pytest
from nbgrader.apps.api import NbGraderAPI

from coursework import marks
from coursework.course import Course, CourseError
from coursework.names import safe
from coursework.status import rows
from coursework.tables import defuse, guard, unguard
from tests.coursework.courses import ASSIGNMENT, Submission, copied, released


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Course:
    course = released(tmp_path_factory.mktemp("made"))
    Submission("anna", name="Анна Ли", prose="Медиана, а не среднее.").graded(course)
    Submission("bo", name="李娜", prose="因为有离群值。").graded(course)
    Submission("cem", reason="the kernel ended").graded(course)
    return course


@pytest.fixture
def course(made, tmp_path) -> Course:
    return copied(made, tmp_path)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines(keepends=True)))


def save(path: Path, *lines: str, encoding: str = "utf8") -> Path:
    path.write_bytes("\r\n".join(["student;task;score;comment", *lines, ""]).encode(encoding))
    return path


def marked(course: Course) -> dict[str, tuple[float | None, str]]:
    return {
        row.student: (row.marks["choice"].score, row.marks["choice"].comment)
        for row in rows(course, ASSIGNMENT)
        if row.marks
    }


def test_there_is_a_row_for_each_answer_that_was_graded(course, tmp_path):
    assert marks.write(course, ASSIGNMENT, tmp_path / "m.csv") == 2
    assert (tmp_path / "m.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "by which Excel knows UTF-8"
    assert table(tmp_path / "m.csv")[0] == {
        "student": "anna",
        "name": "Анна Ли",
        "task": "choice",
        "max": "5",
        "answer": "Медиана, а не среднее.",
        "score": "",
        "comment": "",
    }


def test_marks_go_into_the_gradebook_and_back_into_the_table(course, tmp_path):
    path = save(tmp_path / "m.csv", "anna;choice;4,5;Хорошо", "bo;choice;0;")
    assert marks.read(course, ASSIGNMENT, path) == 2
    assert marked(course) == {"anna": (4.5, "Хорошо"), "bo": (0.0, "")}
    assert {row.student: row.total for row in rows(course, ASSIGNMENT)} == {
        "anna": 6.5,
        "bo": 2.0,
        "cem": None,
    }
    marks.write(course, ASSIGNMENT, path)
    assert [(line["score"], line["comment"]) for line in table(path)] == [("4.5", "Хорошо"), ("0", "")]
    assert marks.read(course, ASSIGNMENT, path) == 0, "marking twice gives the same"


def test_an_empty_score_changes_nothing_but_the_comment_is_kept(course, tmp_path):
    marks.read(course, ASSIGNMENT, save(tmp_path / "m.csv", "anna;choice;3;good", "bo;choice;;see me"))
    marks.read(course, ASSIGNMENT, save(tmp_path / "m.csv", "anna;choice;;", "bo;choice;;"))
    assert marked(course) == {"anna": (3.0, "good"), "bo": (None, "see me")}


def test_a_score_for_an_answer_that_was_replaced_is_not_offered_again(course, tmp_path):
    marks.read(course, ASSIGNMENT, save(tmp_path / "m.csv", "anna;choice;3;good"))
    with course.gradebook() as gradebook:  # as nbgrader leaves it after grading a resubmission
        gradebook.find_grade("choice", ASSIGNMENT, ASSIGNMENT, "anna").needs_manual_grade = True
        gradebook.db.commit()
    marks.write(course, ASSIGNMENT, tmp_path / "m.csv")
    assert table(tmp_path / "m.csv")[0]["score"] == ""


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("student,name,task,score,comment\nanna,Анна Ли,choice,4.5,Хорошо\n", "utf8"),
        ("comment;score;task;student\nХорошо;4,5;choice;anna\n", "utf-8-sig"),
        ('"student"\t"task"\t"score"\t"comment"\r\nanna\tchoice\t"4,5"\tХорошо\r\n', "utf-16"),
        ("sep=;\nstudent;name;task;score;comment\nanna;Анна Ли;choice;4,5;Хорошо\n", "cp1251"),
        ("Student;Name;Task;Score;Comment\nanna;Анна Ли;choice; 4,50 ;Хорошо\n;;;;\n", "cp1251"),
        ('student,task,score,comment\nanna,choice,"4,5",Хорошо\n', "utf8"),
    ],
    ids=["commas", "reordered", "utf-16", "cp1251 and sep", "cp1251", "decimal comma"],
)
def test_what_spreadsheets_save_is_read(course, tmp_path, text, encoding):
    (tmp_path / "m.csv").write_bytes(text.encode(encoding))
    marks.read(course, ASSIGNMENT, tmp_path / "m.csv")
    assert marked(course)["anna"] == (4.5, "Хорошо")


def test_a_chinese_excel_is_told_from_a_russian_one(course, tmp_path):
    path = save(tmp_path / "m.csv", "bo;choice;4;因为有离群值。很好", encoding="gb18030")
    marks.read(course, ASSIGNMENT, path)
    assert marked(course)["bo"] == (4.0, "因为有离群值。很好")


def test_every_bad_row_is_named_and_nothing_is_taken_over(course, tmp_path):
    bad = {
        "anna;choice;5.5;": "line 2: anna, choice: expected a score from 0 to 5, got 5.5",
        "anna;choice;-1;": "line 3: anna, choice: expected a score from 0 to 5, got -1",
        "anna;choice;nan;": "line 4: anna, choice: expected a number from 0 to 5, got 'nan'",
        "anna;choice;1e0;": "line 5: anna, choice: expected a number from 0 to 5, got '1e0'",
        "zoe;choice;1;": "line 6: expected a student with a graded submission, got 'zoe'",
        "cem;choice;1;": "line 7: expected a student with a graded submission, got 'cem'",
        "anna;chioce;1;": "line 8: anna: expected one of the tasks choice, got 'chioce'",
        "anna;slope-value;1;": "line 9: anna: expected one of the tasks choice, got 'slope-value'",
    }
    path = save(tmp_path / "m.csv", *bad, "bo;choice;3;", "bo;choice;4;")
    with pytest.raises(CourseError) as error:
        marks.read(course, ASSIGNMENT, path)
    assert str(error.value).splitlines()[1:] == [
        *bad.values(),
        "line 11: bo, choice stands twice with different marks",
    ]
    assert marked(course) == {"anna": (None, ""), "bo": (None, "")}


def test_missing_columns_and_files_are_said(course, tmp_path):
    (tmp_path / "m.csv").write_text("student;points\nanna;3\n")
    with pytest.raises(CourseError, match="task, score not found"):
        marks.read(course, ASSIGNMENT, tmp_path / "m.csv")
    with pytest.raises(CourseError, match="cannot be read"):
        marks.read(course, ASSIGNMENT, tmp_path / "none.csv")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "＝1", "plain", "'quoted' word", ""]
)
def test_no_text_is_a_formula_and_each_comes_back(text):
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("separator", [";", ",", "\t", "\n", '"', '";"', "; "])
def test_an_answer_is_no_formula_at_another_separator_either(separator):
    assert f"{separator}=" not in defuse(f"I think{separator}=cmd|' /C calc'!A0")


def test_what_students_wrote_is_defused_and_still_matched(course, tmp_path):
    student = safe("@anna")
    Submission(student, name="=HYPERLINK(1)", prose="=1+1\n\n- a list stays").graded(course)
    marks.write(course, ASSIGNMENT, tmp_path / "m.csv")
    line = table(tmp_path / "m.csv")[0]
    assert (line["student"], line["name"], line["answer"]) == (
        "'@anna",
        "'=HYPERLINK(1)",
        "'=1+1\n\n- a list stays",
    )
    marks.read(course, ASSIGNMENT, save(tmp_path / "m.csv", f"{line['student']};choice;2;'=fine"))
    assert marked(course)[student] == (2.0, "=fine")


def test_nbgraders_formgrader_shows_the_same(course, tmp_path):
    def formgrader() -> dict[str, tuple[bool, float]]:
        config = course.config()
        api = NbGraderAPI(course.directory(config, ASSIGNMENT), config=config)
        listed = {sub["student"]: sub for sub in api.get_notebook_submissions(ASSIGNMENT, ASSIGNMENT)}
        with course.gradebook() as gradebook:
            scores = {sub["student"]: sub["score"] for sub in gradebook.submission_dicts(ASSIGNMENT)}
        return {name: (sub["needs_manual_grade"], scores[name]) for name, sub in listed.items()}

    assert formgrader() == {"anna": (True, 2.0), "bo": (True, 2.0)}
    marks.read(course, ASSIGNMENT, save(tmp_path / "m.csv", "anna;choice;4;"))
    assert formgrader() == {"anna": (False, 6.0), "bo": (True, 2.0)}
