from __future__ import annotations

import json
import os
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import GenerateFeedback

from coursework import arrivals
from coursework.assemble import read
from coursework.collect import Received, collect
from coursework.course import Course, CourseError
from coursework.names import original, safe, sender
from tests.coursework.courses import ASSIGNMENT, at, data, released

TEN = at(10)
NAMES = [
    "anna",
    "Anna Maria O'Neil",
    'a "quoted" name',
    "../../etc/passwd",
    "..",
    ".hidden",
    "[brackets]*?",
    "Анна Ли",
    "李娜",
    "👩‍🎓 student",
    "50%",
    "%35%30",
    "CON",
    "a/b\\c",
    "line\nbreak",
    "é",
    "x" * 500,
    "x" * 499 + "y",
    "",
]


@pytest.fixture
def course(tmp_path) -> Course:
    return released(tmp_path)


@pytest.fixture
def inbox(tmp_path):
    """Write files, given by path and content, into a folder that an instructor has."""

    def write(files: dict[str, bytes], folder: str = "came", time=TEN) -> Path:
        for name, content in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (time.timestamp(), time.timestamp()))
        return tmp_path / folder

    return write


def zipped(path: Path, files: dict[str, bytes], time=TEN) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, time.astimezone().timetuple()[:6]), content)
    return path


def what(received: list[Received]) -> dict[str, str]:
    return {line.file: line.what for line in received}


def kept(course: Course) -> list[bytes]:
    return sorted(path.read_bytes() for path in course.inbox(ASSIGNMENT).rglob("*") if path.is_file())


def everything(course: Course) -> dict[Path, tuple[bytes, int]]:
    files = [path for path in course.root.rglob("*") if path.is_file() and path.suffix != ".db"]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_a_safe_name_is_one_plain_component_and_goes_back(name, tmp_path):
    made = safe(name)
    assert re.fullmatch(r"[\w@%~-][\w.@%~-]*", made)
    assert (tmp_path / made).resolve().parent == tmp_path.resolve()
    assert list(tmp_path.glob(made)) == []
    (tmp_path / made).mkdir()
    assert list(tmp_path.glob(made)) == [tmp_path / made]
    assert original(made) == name or len(name) > 200


def test_different_names_stay_different():
    assert len({safe(name).lower() for name in NAMES}) == len(NAMES)


def test_the_same_name_from_another_system_is_the_same_student():
    assert safe("e\N{COMBINING ACUTE ACCENT}") == safe("é")


@pytest.mark.parametrize(
    ("path", "student", "name", "lms_id"),
    [
        ("Anna Li_1234567_assignsubmission_file_/hw.ipynb", "1234567", "Anna Li", "1234567"),
        ("Anna Li_1234567_assignsubmission_file/deep/hw.ipynb", "1234567", "Anna Li", "1234567"),
        ("Анна Ли_7_assignsubmission_file_hw_2.ipynb", "7", "Анна Ли", "7"),
        ("group/李娜_8_assignsubmission_file_/hw.zip", "8", "李娜", "8"),
        ("lianna_LATE_12345_67890_hw.ipynb", "12345", "lianna", "12345"),
        ("lianna_12345_67890_hw-2.ipynb", "12345", "lianna", "12345"),
        ("anna/hw.ipynb", "anna", "anna", ""),
        ("anna.ipynb", "anna", "anna", ""),
        ("Anna Li/part/hw.ipynb", "Anna%20Li", "Anna Li", ""),
        ("anna_2.ipynb", "anna_2", "anna_2", ""),
    ],
)
def test_senders_are_told_from_names(path, student, name, lms_id):
    who = sender(path)
    assert (who.student, who.name, who.lms_id) == (student, name, lms_id)


def test_a_folder_is_taken_in(course, inbox):
    received = collect(course, ASSIGNMENT, inbox({"anna/hw.ipynb": data(), "Боря Ли.ipynb": data("ru")}))
    assert what(received) == {"anna/hw.ipynb": "taken", "Боря Ли.ipynb": "taken"}
    assert course.students(ASSIGNMENT) == ["anna", "Боря%20Ли"]
    assert course.submitted("anna", ASSIGNMENT).read_bytes() == data()
    stamp = course.submitted("anna", ASSIGNMENT).with_name("timestamp.txt")
    assert stamp.read_text() == "2027-03-01 10:00:00 UTC"
    with course.gradebook() as gradebook:
        student = gradebook.find_student("Боря%20Ли")
        assert (student.first_name, student.last_name) == ("Боря", "Ли")


@pytest.mark.parametrize("folder", ["", "export/"])
def test_a_moodle_zip_is_taken_in(course, tmp_path, folder):
    inner = zipped(tmp_path / "inner.zip", {"my work/hw.ipynb": data("ru"), "__MACOSX/._hw.ipynb": b"x"})
    files = {
        f"{folder}Anna Li_11_assignsubmission_file_/hw.ipynb": data(),
        f"{folder}Анна Ли_12_assignsubmission_file_/hw.zip": inner.read_bytes(),
        "__MACOSX/Anna Li_11_assignsubmission_file_/._hw.ipynb": b"x",
        ".DS_Store": b"x",
    }
    received = collect(course, ASSIGNMENT, zipped(tmp_path / "moodle.zip", files))
    assert {line.student: line.what for line in received} == {"11": "taken", "12": "taken"}
    assert course.submitted("12", ASSIGNMENT).read_bytes() == data("ru")
    with course.gradebook() as gradebook:
        student = gradebook.find_student("12")
        assert (student.first_name, student.last_name, student.lms_user_id) == ("Анна", "Ли", "12")


def test_what_an_instructor_wrote_about_a_student_stays(course, inbox):
    with course.gradebook() as gradebook:
        gradebook.add_student("anna", first_name="Anna Maria", last_name="Li", email="anna@example.org")
    collect(course, ASSIGNMENT, inbox({"anna.ipynb": data()}))
    with course.gradebook() as gradebook:
        student = gradebook.find_student("anna")
        assert (student.first_name, student.email) == ("Anna Maria", "anna@example.org")


def test_a_folder_around_all_students_is_no_student(course, tmp_path):
    source = zipped(tmp_path / "x.zip", {"class/anna/hw.ipynb": data(), "class/bo/hw.ipynb": data()})
    collect(course, ASSIGNMENT, source)
    assert course.students(ASSIGNMENT) == ["anna", "bo"]


def test_collecting_again_changes_nothing(course, inbox):
    source = inbox({"anna/hw.ipynb": data(), "bo.ipynb": b"no notebook", "anna/notes.txt": b"text"})
    collect(course, ASSIGNMENT, source)
    before = everything(course)
    again = collect(course, ASSIGNMENT, source)
    assert everything(course) == before
    assert what(again) == {"anna/hw.ipynb": "unchanged", "bo.ipynb": "unchanged", "anna/notes.txt": "kept"}


def test_the_newer_one_counts_in_whatever_order_they_are_collected(course, inbox):
    old, new = data(prose="old"), data(prose="new")
    first = inbox({"anna.ipynb": old}, "first", at(9))
    second = inbox({"anna.ipynb": new}, "second", at(11))
    assert what(collect(course, ASSIGNMENT, second)) == {"anna.ipynb": "taken"}
    assert what(collect(course, ASSIGNMENT, first)) == {"anna.ipynb": "older"}
    assert course.submitted("anna", ASSIGNMENT).read_bytes() == new
    third = inbox({"anna.ipynb": old}, "third", at(11, 30))
    (line,) = collect(course, ASSIGNMENT, third)
    assert (line.what, line.why) == ("replaced", "the one of 2027-03-01 11:00:00 UTC before")
    assert kept(course) == sorted([old, new])


def test_late_ones_are_taken_and_said_to_be(course, inbox):
    source = inbox({"anna.ipynb": data()}, time=at(14, 5))
    (line,) = collect(course, ASSIGNMENT, source)
    assert str(line) == "anna: taken, anna.ipynb: late by 2 h 5 min"


def test_the_time_of_arrival_can_be_given(course, inbox):
    arrived = at(12) + timedelta(days=2)
    (line,) = collect(course, ASSIGNMENT, inbox({"anna.ipynb": data()}), arrived=arrived)
    assert line.why == "late by 2 d 0 h"


def test_of_several_notebooks_the_one_of_this_assignment_counts(course, inbox):
    source = inbox({"anna/right.ipynb": data()}, time=at(9))
    inbox({"anna/other.ipynb": nbformat.writes(nbformat.v4.new_notebook()).encode()}, time=TEN)
    inbox({"anna/data.csv": b"1,2"}, time=at(11))
    received = collect(course, ASSIGNMENT, source)
    assert what(received) == {
        "anna/right.ipynb": "taken",
        "anna/other.ipynb": "kept",
        "anna/data.csv": "kept",
    }
    assert {line.file: line.why for line in received}["anna/other.ipynb"] == (
        "none of the assignment's cells is in it"
    )
    assert b"1,2" in kept(course)


def test_of_several_that_fit_the_newest_counts(course, inbox):
    source = inbox({"anna/b.ipynb": data(prose="old")}, time=at(9))
    inbox({"anna/a.ipynb": data(prose="new")}, time=TEN)
    received = collect(course, ASSIGNMENT, source)
    assert what(received) == {"anna/a.ipynb": "taken", "anna/b.ipynb": "kept"}
    assert received[1].why == "anna/a.ipynb is newer"


def test_of_canvas_resubmissions_the_last_counts(course, inbox):
    source = inbox({"lianna_5_61_hw-2.ipynb": data(prose="2"), "lianna_5_62_hw-10.ipynb": data(prose="10")})
    collect(course, ASSIGNMENT, source)
    assert course.submitted("5", ASSIGNMENT).read_bytes() == data(prose="10")


def _old(language: str = "en") -> bytes:
    notebook = json.loads(data(language))
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
    return json.dumps(notebook).encode()


@pytest.mark.parametrize(
    "content",
    [
        data().replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data(),
        data().decode().encode("utf-16"),
        _old(),
        nbformat.writes(nbformat.convert(nbformat.reads(data(), 4), 3), version=3).encode(),
    ],
    ids=["windows", "byte order mark", "utf-16", "nbformat 4.2", "nbformat 3"],
)
def test_any_readable_notebook_is_taken(course, inbox, content):
    assert what(collect(course, ASSIGNMENT, inbox({"anna.ipynb": content}))) == {"anna.ipynb": "taken"}
    cells = read(course.submitted("anna", ASSIGNMENT).read_bytes()).cells
    assert "MAE." in [cell.source for cell in cells]


@pytest.mark.parametrize(
    "content", [b"", b"{", b'"text"', b"[1]", b"\x00\xff" * 50, b"{}", b'{"nbformat": 9}']
)
def test_what_is_no_notebook_is_recorded_for_grading_to_list(course, inbox, content):
    (line,) = collect(course, ASSIGNMENT, inbox({"anna.ipynb": content}))
    assert line.what == "unreadable"
    assert line.why
    assert course.students(ASSIGNMENT) == ["anna"]
    assert course.submitted("anna", ASSIGNMENT).read_bytes() == content


def test_another_kind_of_file_is_recorded_too(course, inbox):
    (line,) = collect(course, ASSIGNMENT, inbox({"anna/hw.pdf": b"%PDF-1.7"}))
    assert (line.what, line.why) == ("unreadable", "it is no notebook")
    assert course.students(ASSIGNMENT) == ["anna"]


def test_a_notebook_is_not_lost_to_a_newer_file_that_is_none(course, inbox):
    collect(course, ASSIGNMENT, inbox({"anna.ipynb": data()}, "first", at(9)))
    (line,) = collect(course, ASSIGNMENT, inbox({"anna.ipynb": b"{"}, "second", at(10)))
    assert line.what == "kept"
    assert course.submitted("anna", ASSIGNMENT).read_bytes() == data()
    assert b"{" in kept(course)


@pytest.mark.parametrize("name", ["../anna.ipynb", "x/../../anna.ipynb", "/etc/anna.ipynb", "C:\\anna.ipynb"])
def test_paths_that_lead_out_are_refused_and_kept(course, tmp_path, name):
    (line,) = collect(course, ASSIGNMENT, zipped(tmp_path / "x.zip", {name: data()}))
    assert (line.what, line.why) == ("refused", "its path leads out of the archive")
    assert course.students(ASSIGNMENT) == []
    assert kept(course) == [data()]
    assert not list(tmp_path.glob("anna.ipynb"))


def test_links_are_not_followed(course, tmp_path, inbox):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(data(prose="another's"))
    folder = inbox({"bo/hw.ipynb": data()})
    (folder / "anna.ipynb").symlink_to(secret)
    (folder / "cem").symlink_to(folder / "bo", target_is_directory=True)
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        link = zipfile.ZipInfo("dana.ipynb")
        link.external_attr = 0o120777 << 16
        file.writestr(link, str(secret))
    found = {**what(collect(course, ASSIGNMENT, folder)), **what(collect(course, ASSIGNMENT, archive))}
    assert found == {
        "bo/hw.ipynb": "taken",
        "anna.ipynb": "refused",
        "cem": "refused",
        "dana.ipynb": "refused",
    }
    assert kept(course) == [data()]


def test_what_is_too_large_is_not_unpacked(course, tmp_path, inbox, monkeypatch):
    monkeypatch.setattr(arrivals, "FILE_LIMIT", 100_000)
    monkeypatch.setattr(arrivals, "INNER", arrivals.Limits(members=3, total=250_000))
    bomb = zipped(tmp_path / "bomb.zip", {f"{n}.ipynb": bytes(90_000) for n in range(3)})
    many = zipped(tmp_path / "many.zip", {f"{n}.ipynb": b"" for n in range(4)})
    files = {
        "anna/bomb.zip": bomb.read_bytes(),
        "bo/many.zip": many.read_bytes(),
        "cem.ipynb": bytes(200_000),
    }
    received = collect(course, ASSIGNMENT, zipped(tmp_path / "x.zip", files))
    assert {line.student: line.what for line in received} == dict.fromkeys(["anna", "bo", "cem"], "refused")
    assert "expected at most 3 files" in received[1].why
    assert course.students(ASSIGNMENT) == ["anna", "bo", "cem"], "grading lists them"
    assert sum(map(len, kept(course))) < 5_000


def test_broken_and_encrypted_zips_are_reported(course, tmp_path, inbox):
    good = zipped(tmp_path / "good.zip", {"hw.ipynb": data()}).read_bytes()
    encrypted = bytearray(good)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(mark) + offset] |= 1
    damaged = bytearray(good)
    damaged[60] ^= 0xFF
    files = {
        "anna/hw.zip": bytes(encrypted),
        "bo/hw.zip": good[:-30],
        "cem/hw.zip": bytes(damaged),
        "dana/hw.zip": good,
    }
    received = {line.student: line for line in collect(course, ASSIGNMENT, inbox(files))}
    assert {name: line.what for name, line in received.items()} == {
        "anna": "refused",
        "bo": "refused",
        "cem": "refused",
        "dana": "taken",
    }
    assert received["anna"].why == "it is encrypted"
    assert "cannot be opened" in received["bo"].why
    assert course.students(ASSIGNMENT) == ["anna", "bo", "cem", "dana"]


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_a_source_that_is_neither_folder_nor_zip_is_an_error(course, tmp_path, content):
    if content:
        (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(CourseError, match="expected a folder or a zip file"):
        collect(course, ASSIGNMENT, tmp_path / "x.zip")


def test_nothing_is_collected_before_it_was_released(course, inbox):
    with pytest.raises(CourseError, match="was not released"):
        collect(course, "other", inbox({"anna.ipynb": data()}))


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n not in ("", "..", "a/b\\c") and "/" not in n and len(n) < 99]
)
def test_nbgrader_copes_with_every_name(course, inbox, name):
    collect(
        course, ASSIGNMENT, inbox({f"{name}/hw.ipynb" if name != ".hidden" else "x_.hidden.ipynb": data()})
    )
    (student,) = course.students(ASSIGNMENT)
    config = course.config(CourseDirectory={"autograded_directory": "submitted", "student_id": student})
    converter = GenerateFeedback(coursedir=course.directory(config, ASSIGNMENT), config=config)
    converter.init_notebooks()
    ((folder, [path]),) = converter.assignments.items()
    resources = converter.init_single_notebook_resources(path)
    assert resources["nbgrader"]["student"] == student
    assert Path(folder) == course.submitted(student, ASSIGNMENT).parent
