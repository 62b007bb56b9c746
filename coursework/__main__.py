"""The commands of a course; `make` lists them, and the book's page for instructors explains them.

    python -m coursework release ASSIGNMENT [--due "2027-03-01 23:59 +0100"]
    python -m coursework collect ASSIGNMENT FOLDER-OR-ZIP
    python -m coursework grade ASSIGNMENT [--workers N | --scheduler ADDRESS] [--without-sandbox]
    python -m coursework marks ASSIGNMENT write|read FILE.csv
    python -m coursework feedback ASSIGNMENT
    python -m coursework export ASSIGNMENT moodle|canvas|plain FILE.csv
    python -m coursework status ASSIGNMENT

All take --course FOLDER, where the course is kept: `course` unless said otherwise.
"""

import argparse
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from dateutil import parser as dates

from coursework import collect, export, feedback, grade, marks, release, status
from coursework.course import Course, CourseError


def main() -> int:
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    try:
        arguments.run(Course(Path(arguments.course).resolve()), arguments.assignment, arguments)
    except CourseError as error:
        print(f"{arguments.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m coursework",
        description=(__doc__ or "").split("\n")[0],
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, run) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text)
        sub.add_argument("assignment")
        sub.add_argument("--course", default="course", help="the course's folder (default: course)")
        sub.set_defaults(run=run)
        return sub

    sub = command("release", "write the hand-outs and their zip files", _release)
    sub.add_argument("--due", type=_moment, help='such as "2027-03-01 23:59 +0100"')
    sub = command("collect", "take in a folder or a zip of submissions", _collect)
    sub.add_argument("source", type=Path)
    sub = command("grade", "run and grade what is new", _grade)
    sub.add_argument("--workers", type=int, help="how many at once on this machine (default: one per core)")
    sub.add_argument("--scheduler", default="", help="the address of a Dask scheduler to use instead")
    sub.add_argument("--without-sandbox", action="store_true", help="run students' code with your own rights")
    sub = command("marks", "mark prose in a table", _marks)
    sub.add_argument("direction", choices=["write", "read"])
    sub.add_argument("file", type=Path)
    command("feedback", "write a page for each student, and a zip of them for Moodle", _feedback)
    sub = command("export", "write the grades as a table", _export)
    sub.add_argument("format", choices=["moodle", "canvas", "plain"])
    sub.add_argument("file", type=Path)
    command(
        "status", "say where every submission stands", lambda course, name, _: status.status(course, name)
    )
    return parser


def _moment(text: str) -> datetime:
    """A point in time, in UTC; the machine's own zone where none is named."""
    return dates.parse(text).astimezone(UTC)


def _release(course: Course, assignment: str, arguments: argparse.Namespace) -> None:
    for path in release.release(course, assignment, due=arguments.due):
        print(f"hand out: {path}")


def _collect(course: Course, assignment: str, arguments: argparse.Namespace) -> None:
    collect.collect(course, assignment, arguments.source)


def _grade(course: Course, assignment: str, arguments: argparse.Namespace) -> None:
    grade.grade(
        course,
        assignment,
        workers=arguments.workers,
        scheduler=arguments.scheduler,
        sandboxed=not arguments.without_sandbox,
    )
    status.status(course, assignment)


def _marks(course: Course, assignment: str, arguments: argparse.Namespace) -> None:
    {"write": marks.write, "read": marks.read}[arguments.direction](course, assignment, arguments.file)


def _feedback(course: Course, assignment: str, arguments: argparse.Namespace) -> None:
    feedback.generate(course, assignment)
    print(f"upload: {feedback.package(course, assignment)}")


def _export(course: Course, assignment: str, arguments: argparse.Namespace) -> None:
    export.export(course, assignment, arguments.format, arguments.file)
    print(f"written: {arguments.file}")


if __name__ == "__main__":
    sys.exit(main())
