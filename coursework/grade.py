"""Grade what was handed in: each submission in a sandbox of its own, many at once, merged into the gradebook once."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import nbformat
from distributed import Client, LocalCluster, as_completed
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from sqlalchemy.exc import SAWarning

import losslib
from coursework import sandbox
from coursework.assemble import UnreadableError, assemble, language, read
from coursework.course import Course, CourseError
from coursework.execution import execute
from coursework.release import hidden_checks, salt
from coursework.report import Note, Report
from coursework.sandbox import Limits
from losslib.locales import languages, phrase

LOST = 3  # how often a worker may be lost over one submission before it is given up


@dataclass(frozen=True)
class Job:
    """Everything that a worker needs, on whatever machine: it sees no other submission and no gradebook."""

    student: str
    assignment: str
    submitted: bytes
    templates: dict[str, str]
    salt: str
    hidden: str
    sandboxed: bool
    limits: Limits

    def digest(self, library: str) -> str:
        """Changes whenever the grade could."""
        parts = (*self.templates.values(), self.salt, self.hidden, repr(self.limits), library)
        return sha256(self.submitted + "\0".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Done:
    """What a worker gives back: the executed notebook, empty if there is none, and what to report."""

    notebook: str
    language: str
    notes: list[Note]
    reason: Note


def run(job: Job) -> Done:
    """Assemble and execute one submission. What is wrong with it becomes the reason, never an exception."""
    lang = language(job.submitted, list(job.templates))
    try:
        notebook, repaired = assemble(read(job.submitted), nbformat.reads(job.templates[lang], as_version=4))
    except UnreadableError as error:
        return Done("", lang, [], error.reason)
    done = execute(
        notebook,
        language=lang,
        salt=job.salt,
        hidden=job.hidden,
        sandboxed=job.sandboxed,
        limits=job.limits,
    )
    return Done(
        "" if done.reason else nbformat.writes(done.notebook), lang, repaired + done.notes, done.reason
    )


def grade(
    course: Course,
    assignment: str,
    *,
    workers: int | None = None,
    scheduler: str = "",
    sandboxed: bool = True,
    limits: Limits = Limits(),
) -> list[Report]:
    """Grade every submission that has changed since it was graded last, and print each as it is done.

    Args:
        workers: How many run at once on this machine; by default one per core.
        scheduler: The address of a Dask scheduler, to use the workers that it has instead.
        sandboxed: False runs the students' code with the rights of whoever grades.

    Raises:
        CourseError: The assignment was not released, nothing was handed in, or there is no sandbox.
    """
    if sandboxed and not scheduler:
        sandbox.require()
    jobs = {job.student: job for job in _jobs(course, assignment, sandboxed, limits)}
    library = _library()
    waiting = {name: job for name, job in jobs.items() if not _is_done(course, job, job.digest(library))}
    print(
        f"{len(jobs)} submissions of {assignment}: {len(jobs) - len(waiting)} graded before, {len(waiting)} to grade"
    )
    if waiting:
        with _client(workers, scheduler) as client:
            _run_all(client, course, waiting, library)
    reports = [report for name in jobs if (report := Report.load(course.report(name, assignment)))]
    merge(course, assignment, reports)
    return reports


def _jobs(course: Course, assignment: str, sandboxed: bool, limits: Limits) -> Iterator[Job]:
    templates = {
        lang: path.read_text(encoding="utf8")
        for lang in languages()
        if (path := course.released(lang, assignment)).is_file()
    }
    if not templates:
        raise CourseError(f"{assignment} was not released in {course.root}: release it first")
    students = course.students(assignment)
    if not students:
        raise CourseError(f"nothing was collected for {assignment} in {course.root}: collect first")
    secret, hidden = salt(course), hidden_checks(course, assignment)
    for student in students:
        submitted = course.submitted(student, assignment).read_bytes()
        yield Job(student, assignment, submitted, templates, secret, hidden, sandboxed, limits)


def _library() -> str:
    """What else a grade depends on: the checks and the losses, and what they compute with."""
    folder = Path(losslib.__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))
    return sha256(sources).hexdigest() + version("torch") + version("numpy")


def _is_done(course: Course, job: Job, digest: str) -> bool:
    report = Report.load(course.report(job.student, job.assignment))
    return report is not None and report.digest == digest


@contextmanager
def _client(workers: int | None, scheduler: str) -> Iterator[Client]:
    """A client of the scheduler named, or of workers of this machine's own, which listen on loopback only."""
    if scheduler:
        with Client(scheduler) as client:
            yield client
        return
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,
        silence_logs=logging.ERROR,
    )
    with cluster, Client(cluster) as client:
        yield client


def _run_all(client: Client, course: Course, jobs: dict[str, Job], library: str) -> None:
    """Keep each result as soon as it comes, so that a grading that is cut short goes on where it was."""
    futures = {client.submit(run, job, pure=False, retries=LOST, key=f"{name}-{job.digest(library)}"): name
               for name, job in jobs.items()}  # fmt: skip
    for n, future in enumerate(as_completed(futures), 1):
        job = jobs[futures[future]]
        error = future.exception()
        done = future.result() if error is None else _lost(job, error)
        _keep(course, job, done, job.digest(library))
        print(
            f"[{n}/{len(jobs)}] {job.student}: {done.reason or 'ok'}", *done.notes, sep="\n    ", flush=True
        )


def _lost(job: Job, error: BaseException) -> Done:
    """A submission over which its workers were lost, or something failed that should not."""
    lang = language(job.submitted, list(job.templates))
    return Done("", lang, [], Note(phrase("it could not be graded: {error}"), error=repr(error)[:300]))


def _keep(course: Course, job: Job, done: Done, digest: str) -> None:
    path = course.executed(job.student, job.assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    if done.notebook:
        path.write_text(done.notebook, encoding="utf8")
    else:
        path.unlink(missing_ok=True)
    stamp = course.submitted(job.student, job.assignment).with_name("timestamp.txt")
    path.with_name("timestamp.txt").write_text(stamp.read_text())
    Report(job.student, job.assignment, done.language, digest, done.reason, done.notes).save(
        course.report(job.student, job.assignment)
    )


def merge(course: Course, assignment: str, reports: list[Report]) -> None:
    """Bring what was executed into nbgrader's gradebook; what is there already is left alone."""
    config = course.config(CourseDirectory={"submitted_directory": "executed"}, Autograde={"force": True})
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = [SaveAutoGrades, AssignLatePenalties]
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, on each submission it makes
    for report in reports:
        merged = course.root / "autograded" / report.student / assignment / "digest.txt"
        if report.reason or (merged.is_file() and merged.read_text() == report.digest):
            continue
        config.CourseDirectory.student_id = report.student
        Autograde(
            coursedir=course.directory(config, assignment), config=config, log=logging.getLogger("coursework")
        ).start()
        merged.parent.chmod(0o755)
        merged.write_text(report.digest)
