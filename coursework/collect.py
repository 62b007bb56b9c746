"""Take in what was handed in: a folder, or the zip file that Moodle or Canvas gives.

Every file is kept in the course's inbox as it came. The notebook that counts is each student's newest that belongs to
the assignment, whatever its format: grading reads them all, and lists with the reason what it cannot read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc

from coursework.arrivals import Arrival, arrivals
from coursework.assemble import UnreadableError, key, read
from coursework.course import Course
from coursework.names import Sender, safe, sender
from coursework.status import seconds_late, template
from coursework.wording import duration, speaking

STAMP = "%Y-%m-%d %H:%M:%S UTC"
PART = ".part"  # a file that is being written
UNASSIGNED = "~unassigned"  # no student's folder: `safe` leaves no ~ at the start


@dataclass(frozen=True)
class Received:
    """What became of one file: taken, replaced, unchanged, older, kept, unreadable or refused."""

    student: str
    file: str
    what: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.student or '?'}: {self.what}, {self.file}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True)
class Offer:
    """A file that could be a student's submission. `fit` counts the assignment's cells in it; below 0 it is none."""

    path: str
    came_as: str  # the same path, or that of the zip file it is in
    stored: Path | None
    time: datetime
    version: int
    fit: int
    problem: str


def collect(
    course: Course, assignment: str, source: Path, *, arrived: datetime | None = None
) -> list[Received]:
    """Take in all submissions in `source`, and print what became of each file. Doing it again changes nothing.

    Args:
        source: A folder or a zip file, with a folder or a notebook or a zip file per student.
        arrived: When all of it was handed in; by default each file's own time says so.

    Raises:
        CourseError: The assignment was not released, or `source` cannot be read.
    """
    cells = {key(cell) for cell in template(course, assignment).cells if "nbgrader" in cell.metadata}
    received: list[Received] = []
    offers: dict[str, list[Offer]] = {}
    senders: dict[str, Sender] = {}
    for arrival in arrivals(source):
        who = sender(arrival.path)
        time = (arrived or arrival.time or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        if arrival.problem and arrival.data:  # it could be meant for anyone
            _keep(course, assignment, UNASSIGNED, arrival, time)
            received.append(Received("", arrival.path, "refused", arrival.problem))
            continue
        stored = _keep(course, assignment, who.student, arrival, time)
        senders.setdefault(who.student, who)
        offers.setdefault(who.student, []).extend(
            _offer(part, arrival.path, stored, arrived or part.time or time, who.version, cells)
            for part in arrival.opened()
        )
    with course.gradebook() as gradebook, speaking("en"):
        for student in sorted(offers):
            _enrol(gradebook, senders[student])
            received += _settle(course, gradebook, assignment, student, offers[student], cells)
    print("\n".join(map(str, received)) or f"no files in {source}")
    return received


def _keep(course: Course, assignment: str, student: str, arrival: Arrival, time: datetime) -> Path | None:
    """Put a file into the inbox, unless the same bytes came from the student before; return where it lies."""
    if arrival.problem and not arrival.data:
        return None
    folder = course.inbox(assignment) / student / sha256(arrival.data).hexdigest()[:16]
    kept = [path for path in folder.rglob("*") if path.is_file() and path.name != PART]
    if kept:
        return kept[0]
    path = folder.joinpath(*(safe(part) for part in arrival.path.split("/")))
    _write(path, arrival.data)
    os.utime(path, (time.timestamp(), time.timestamp()))
    return path


def _write(path: Path, data: bytes) -> None:
    """All or nothing, also when the power fails half-way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(PART)
    part.write_bytes(data)
    part.replace(path)


def _offer(
    part: Arrival, came_as: str, stored: Path | None, time: datetime, version: int, cells: set[str]
) -> Offer:
    time = time.astimezone(UTC).replace(microsecond=0)
    fit, problem = _fit(part.data, cells)
    if part.problem:
        fit, problem = -3, part.problem
    elif fit < 0 and not part.path.lower().endswith(".ipynb"):
        fit, problem = -2, "it is no notebook"
    return Offer(part.path, came_as, stored, time, version, fit, problem)


def _fit(data: bytes, cells: set[str]) -> tuple[int, str]:
    try:
        found = {key(cell) for cell in read(data).cells}
    except UnreadableError as error:
        return -1, str(error)
    return len(cells & found), "" if cells & found else "none of the assignment's cells is in it"


def _settle(
    course: Course, gradebook: Gradebook, assignment: str, student: str, offers: list[Offer], cells: set[str]
) -> list[Received]:
    """Choose the student's notebook among all that came: the newest of those that hold most of the assignment."""
    best = max(offer.fit for offer in offers)
    fitting = [offer for offer in offers if offer.fit == best or 0 < best <= 2 * offer.fit]
    chosen = max(fitting, key=lambda offer: (offer.time, offer.version, offer.fit, offer.path))
    lines = [_submit(course, gradebook, assignment, student, chosen, cells)]
    for offer in offers:
        if offer is not chosen:
            why = f"{chosen.path} is {'newer' if offer in fitting else 'the one of this assignment'}"
            lines.append(Received(student, offer.path, "kept", offer.problem or why))
    return lines


def _submit(
    course: Course, gradebook: Gradebook, assignment: str, student: str, offer: Offer, cells: set[str]
) -> Received:
    """Let the offer count, unless an earlier collected one is newer, or is a notebook where this is none."""
    path = course.submitted(student, assignment)
    stamp = path.with_name("timestamp.txt")
    data = _data(offer)
    late = seconds_late(gradebook, assignment, student, offer.time)
    why = _joined(offer.problem, f"late by {duration(late)}" if late else "")
    what = "taken" if offer.fit >= 0 else "refused" if offer.fit == -3 else "unreadable"
    if stamp.is_file() and path.is_file():
        text = stamp.read_text().strip()
        before = parse_utc(text).replace(tzinfo=UTC)
        if path.read_bytes() == data:
            return Received(student, offer.path, "unchanged")
        if offer.time <= before:
            return Received(student, offer.path, "older", f"the one of {text} counts")
        if offer.fit <= 0 < _fit(path.read_bytes(), cells)[0]:
            return Received(student, offer.path, "kept", f"{offer.problem}; the one of {text} counts")
        what = "replaced" if offer.fit >= 0 else what
        why = _joined(f"the one of {text} before", why)
    _write(path, data)
    _write(stamp, offer.time.strftime(STAMP).encode())
    return Received(student, offer.path, what, why)


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _data(offer: Offer) -> bytes:
    """The bytes that were offered, once more from the inbox: not all students' are held in memory."""
    if offer.stored is None:
        return b""
    parts = Arrival(offer.came_as, offer.stored.read_bytes()).opened()
    return next(part.data for part in parts if part.path == offer.path)


def _enrol(gradebook: Gradebook, who: Sender) -> None:
    """Note the student's name and number in the gradebook; what an instructor wrote there stays."""
    try:
        known = gradebook.find_student(who.student)
    except MissingEntry:
        known = gradebook.add_student(who.student)
    if not (known.first_name or known.last_name):
        first, _, last = who.name.rpartition(" ")
        known.first_name, known.last_name = first, last
    known.lms_user_id = known.lms_user_id or who.lms_id or None
    gradebook.db.commit()
