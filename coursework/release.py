"""Hand out an assignment: the notebooks of each language without answers, zipped; the gradebook with its points."""

from __future__ import annotations

import logging
import secrets
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment

from coursework.course import SOURCES, Course, CourseError, require_assignment
from coursework.execution import execute
from coursework.wording import speaking
from losslib.locales import languages, tr


def release(course: Course, assignment: str, *, due: datetime | None = None) -> list[Path]:
    """Write the hand-outs and return the zip files. Raises CourseError when a reference answer fails a check."""
    require_assignment(assignment)
    _prove(course, assignment)
    salt(course)
    _configure(course)
    written = [lang for lang in languages() if (SOURCES / lang / assignment).is_dir()]
    return [_release(course, assignment, language, due) for language in written]


def salt(course: Course) -> str:
    """The secret that gives grading other random numbers than students see; made once for a course."""
    path = course.root / "private" / "salt.txt"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(16))
    return path.read_text()


def hidden_checks(course: Course, assignment: str) -> str:
    """The source of the instructor's own checks, empty if there are none."""
    path = course.hidden(assignment)
    return path.read_text(encoding="utf8") if path.is_file() else ""


def _configure(course: Course) -> None:
    """Let nbgrader's own tools find the sources when they are started in the course's folder."""
    sources = f"c.CourseDirectory.source_directory = {str(SOURCES / 'en')!r}\n"
    (course.root / "nbgrader_config.py").write_text(f"c = get_config()\n{sources}", encoding="utf8")


def _prove(course: Course, assignment: str) -> None:
    """Grade the reference answers, hidden checks included: what they fail, no student could pass."""
    source = nbformat.read(SOURCES / "en" / assignment / f"{assignment}.ipynb", as_version=4)
    done = execute(
        source, language="en", salt=salt(course), hidden=hidden_checks(course, assignment), sandboxed=False
    )
    wrong = [
        f"{cell.id}: {output.evalue}"
        for cell in done.notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    if done.reason or wrong:
        raise CourseError(
            f"the reference answers of {assignment} fail:\n" + "\n".join([done.reason, *wrong]).strip()
        )


def _release(course: Course, assignment: str, language: str, due: datetime | None) -> Path:
    with speaking(language):
        blank = tr("Your answer here.")
    config = course.config(
        CourseDirectory={
            "source_directory": str(SOURCES / language),
            "release_directory": f"release/{language}",
        },
        ClearSolutions={
            "code_stub": {"python": "raise NotImplementedError"},
            "text_stub": blank,
        },
        GenerateAssignment={"force": True, "no_database": language != "en"},
    )
    if language != "en":  # all languages have the same cells and points: one gradebook holds them once
        own = GenerateAssignment.preprocessors.default_args[0]
        config.GenerateAssignment.preprocessors = [p for p in own if p.__name__ != "SaveCells"]
    else:
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(assignment, **({"duedate": due} if due else {}))
    GenerateAssignment(
        coursedir=course.directory(config, assignment), config=config, log=logging.getLogger("coursework")
    ).start()
    folder = course.released(language, assignment).parent
    archive = course.root / "release" / f"{assignment}-{language}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, Path(assignment) / path.relative_to(folder))
    return archive
