"""A course from the hand-out to the table of grades, with students who do all that students do."""

import csv
import os
import signal
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta

import nbformat
import psutil
import pytest
from distributed import LocalCluster

from coursework import export, feedback, grade, marks, sandbox
from coursework.collect import collect
from coursework.course import Course, CourseError
from coursework.release import release
from coursework.report import Report
from tests.coursework.submissions import answered, answers, at

NAME = "regression"
FULL = 17  # points for code; three more are for prose
LIMITS = sandbox.Limits(cell_seconds=8)
DUE = datetime(2027, 3, 1, tzinfo=UTC)
HIDDEN = """
from coursework.hidden import further


@further("regression_linex_value", en="Constants are easy.", ru="С константами всё просто.")
def constant(answer, draw):
    answer.returns(-7654.5, draw.normal() * 0 - 7654.5 + draw.normal(size=3) * 0, 1.0)
"""

try:
    sandbox.require()
    SANDBOXED = True
except CourseError:
    SANDBOXED = False


def broken_linex(notebook):
    at(notebook, "linex").source += """


right = linex_constant


def linex_constant(y, a):
    return 0.0 if y[0] == -7654.5 else right(y, a)"""


def endless(notebook):
    at(notebook, "pinball").source = "while True:\n    pass"


def exits(notebook):
    at(notebook, "log-cosh").source = "import os\n\nos._exit(0)"


def greedy(notebook):
    at(notebook, "pinball-value").metadata.nbgrader.points = 100
    at(notebook, "pinball-value").source = "pass"
    at(notebook, "pinball").source = "def pinball(*_):\n    return 0.0\n\n\npinball_gradient = pinball"
    notebook.cells.insert(
        2, nbformat.v4.new_code_cell("import numpy as np\nnp.allclose = lambda *a, **k: True")
    )


# What each student hands in: language, answers left blank, what is done to the notebook; and the points for code.
STUDENTS = {
    "Anna Schmidt": ("en", (), None, FULL),
    "Иван Ёлкин": ("ru", (), None, FULL),
    "王小明": ("zh", (), None, FULL),
    "blank": ("ru", "all", None, 0),
    "part": ("zh", ("pinball", "choice"), None, FULL - 4 - 3),
    'O\'Neil "x" [1]': ("en", (), broken_linex, FULL - 2),
    "endless": ("en", (), endless, FULL - 4),
    "exits": ("ru", (), exits, FULL - 4),
    "greedy": ("en", ("choice",), greedy, FULL - 4 - 3),
}


def hand_in(course, path):
    """A zip as Moodle makes it: a folder per student."""
    with zipfile.ZipFile(path, "w") as archive:
        for n, (student, (lang, blank, change, _)) in enumerate(STUDENTS.items()):
            notebook = answered(course, NAME, lang)
            notebook = answered(course, NAME, lang, but=answers(notebook) if blank == "all" else blank)
            if change:
                change(notebook)
            archive.writestr(
                f"{student}_{1000 + n}_assignsubmission_file_/{NAME}.ipynb", nbformat.writes(notebook)
            )
        archive.writestr("Broken One_2000_assignsubmission_file_/notes.ipynb", "this is no notebook")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("course"))
    course.hidden(NAME).parent.mkdir(parents=True)
    course.hidden(NAME).write_text(HIDDEN, encoding="utf8")
    release(course, NAME, due=DUE)
    return course


@pytest.fixture(scope="module")
def graded(course, tmp_path_factory):
    """The course after everything was collected and graded once, by two workers of which one is killed."""
    path = tmp_path_factory.mktemp("handed-in") / "submissions.zip"
    hand_in(course, path)
    collect(course, NAME, path, arrived=DUE - timedelta(days=1))
    killed = []
    thread = threading.Thread(target=kill_a_worker, args=(killed,))
    thread.start()
    grade.grade(course, NAME, workers=2, sandboxed=SANDBOXED, limits=LIMITS)
    thread.join()
    assert killed
    return course


def kill_a_worker(killed):
    """Wait until a worker runs a kernel, and kill it in the middle."""
    for _ in range(600):
        time.sleep(0.2)
        for worker in psutil.Process().children():
            try:
                busy = any("ipykernel" in " ".join(p.cmdline()) for p in worker.children(recursive=True))
            except psutil.Error:
                continue
            if busy:
                time.sleep(1)
                os.kill(worker.pid, signal.SIGKILL)
                killed.append(worker.pid)
                return


def table(course, path):
    export.export(course, NAME, "plain", path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def report(course, name):
    with course.gradebook() as gradebook:
        found = {f"{s.first_name or ''} {s.last_name or ''}".strip(): s.id for s in gradebook.students}
    return Report.load(course.report(found[name], NAME))


def scores(course):
    with course.gradebook() as gradebook:
        return {s["student"]: s["code_score"] for s in gradebook.submission_dicts(NAME)}


@pytest.mark.parametrize("student", STUDENTS)
def test_every_student_has_the_points_that_were_earned(graded, student):
    assert report(graded, student).reason == ""
    assert scores(graded)[report(graded, student).student] == STUDENTS[student][3]


def test_what_is_no_notebook_is_listed_with_the_reason_and_has_no_grade(graded, tmp_path):
    row = table(graded, tmp_path / "grades.csv")["Broken One"]
    assert row["total"] == ""
    assert "no readable notebook" in row["reason"]


def test_language_is_that_of_the_hand_out(graded):
    assert {name: report(graded, name).language for name in STUDENTS} == {
        name: lang for name, (lang, *_) in STUDENTS.items()
    }


def test_notes_tell_what_was_put_right_and_what_was_stopped(graded):
    assert report(graded, "Anna Schmidt").notes == []
    assert (
        "the points of pinball-value were edited; the original ones count" in report(graded, "greedy").notes
    )
    assert any(note.startswith("pinball ") for note in report(graded, "endless").notes)
    assert any(note.startswith("log-cosh ") for note in report(graded, "exits").notes)


def test_hidden_check_takes_points_and_shows_its_hint_alone(graded):
    student = report(graded, 'O\'Neil "x" [1]').student
    text = graded.executed(student, NAME).read_text(encoding="utf8")
    assert "Constants are easy." in text
    shown = [
        o.evalue
        for c in nbformat.reads(text, 4).cells
        for o in c.get("outputs", [])
        if o.output_type == "error"
    ]
    assert [message for message in shown if "7654" in message] == []
    feedback.generate(graded, NAME)
    pages = "".join(p.read_text(encoding="utf8") for p in (graded.root / "feedback").rglob("*.html"))
    assert "coursework.hidden" not in pages
    assert "def constant" not in pages
    for lang in ("en", "ru", "zh"):
        assert "7654" not in graded.released(lang, NAME).read_text(encoding="utf8")


def test_feedback_speaks_the_language_of_the_student(graded):
    feedback.generate(graded, NAME)
    page = graded.root / "feedback" / report(graded, "blank").student / NAME / f"{NAME}.html"
    assert '<html lang="ru' in page.read_text(encoding="utf8")
    archive = feedback.package(graded, NAME)
    assert len(zipfile.ZipFile(archive).namelist()) == len(STUDENTS) + 1


def test_grading_again_runs_nothing_and_changes_nothing(graded, capsys):
    before = scores(graded)
    grade.grade(graded, NAME, sandboxed=SANDBOXED, limits=LIMITS)
    assert f"{len(STUDENTS) + 1} graded before, 0 to grade" in capsys.readouterr().out
    assert scores(graded) == before


def test_grading_that_was_cut_short_goes_on_and_gives_the_same_grades(graded, monkeypatch, capsys):
    before = scores(graded)
    names = [report(graded, name).student for name in ("Anna Schmidt", "blank", "part")]
    for name in names:
        graded.report(name, NAME).unlink()
    keep, kept = grade._keep, []

    def interrupted(course, job, *rest):
        if kept:
            raise KeyboardInterrupt
        kept.append(job.student)
        keep(course, job, *rest)

    monkeypatch.setattr(grade, "_keep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        grade.grade(graded, NAME, workers=1, sandboxed=SANDBOXED, limits=LIMITS)
    monkeypatch.setattr(grade, "_keep", keep)
    grade.grade(graded, NAME, workers=1, sandboxed=SANDBOXED, limits=LIMITS)
    assert "2 to grade" in capsys.readouterr().out
    assert scores(graded) == before


def test_workers_of_another_scheduler_give_the_same_grades(graded):
    before = scores(graded)
    graded.report(report(graded, "part").student, NAME).unlink()
    with LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        grade.grade(graded, NAME, scheduler=cluster.scheduler_address, sandboxed=SANDBOXED, limits=LIMITS)
    assert scores(graded) == before
    assert report(graded, "part").reason == ""


def test_marks_of_prose_complete_the_grade(graded, tmp_path):
    path = tmp_path / "marks.csv"
    marks.write(graded, NAME, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["score"] = "2.5"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert table(graded, tmp_path / "before.csv")["Anna Schmidt"]["total"] == ""
    marks.read(graded, NAME, path)
    assert float(table(graded, tmp_path / "after.csv")["Anna Schmidt"]["total"]) == FULL + 2.5


def test_late_resubmission_is_graded_anew_and_said_to_be_late(graded, tmp_path):
    folder = tmp_path / "Анна Поздняя_3000_assignsubmission_file_"
    folder.mkdir()
    path = folder / f"{NAME}.ipynb"
    for blank, arrived in ((("pinball",), DUE - timedelta(hours=1)), ((), DUE + timedelta(hours=3))):
        nbformat.write(answered(graded, NAME, "ru", but=blank), path)
        collect(graded, NAME, tmp_path, arrived=arrived)
        grade.grade(graded, NAME, workers=1, sandboxed=SANDBOXED, limits=LIMITS)
    late = report(graded, "Анна Поздняя").student
    assert scores(graded)[late] == FULL
    assert float(table(graded, tmp_path / "grades.csv")["Анна Поздняя"]["late seconds"]) == 3 * 3600
    assert len([p for p in graded.inbox(NAME).rglob("*.ipynb") if "3000" in str(p)]) == 2


def test_grading_without_a_sandbox_has_to_be_asked_for(graded, monkeypatch):
    def missing():
        raise CourseError("no bubblewrap")

    monkeypatch.setattr(sandbox, "require", missing)
    with pytest.raises(CourseError, match="no bubblewrap"):
        grade.grade(graded, NAME)


def test_release_refuses_a_hidden_check_that_the_reference_answer_fails(tmp_path):
    course = Course(tmp_path)
    course.hidden(NAME).parent.mkdir()
    course.hidden(NAME).write_text(HIDDEN.replace("-7654.5, draw", "0.0, draw"), encoding="utf8")
    with pytest.raises(CourseError, match="the reference answers of regression fail:\nlinex-value: "):
        release(course, NAME)
    assert not (tmp_path / "release").exists()


def test_hand_out_has_no_answers(course):
    for lang in ("en", "ru", "zh"):
        text = course.released(lang, NAME).read_text(encoding="utf8")
        assert "BEGIN SOLUTION" not in text
        assert "logaddexp" not in text
        assert "raise NotImplementedError" in text


def test_steps_in_the_wrong_order_are_explained(tmp_path):
    with pytest.raises(CourseError, match="was not released"):
        grade.grade(Course(tmp_path), NAME, sandboxed=False)
    with pytest.raises(CourseError, match="expected one of the assignments"):
        release(Course(tmp_path), "algebra")
