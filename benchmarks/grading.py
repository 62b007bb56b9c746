"""Grade many submissions with one worker, with two, and with one that is killed on the way: how fast, and all alike?

    python -m benchmarks.grading [--submissions 200] [--save]

Each round is a course of its own with the same submissions: all answers, none, or some, in every language in turn.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from types import ModuleType

import nbformat
import psutil

from coursework import grade as module
from coursework.collect import collect
from coursework.course import Course, assignments
from coursework.release import release
from tests.coursework.submissions import answered, answers

RESULTS = Path(__file__).parent / "results" / "grading.json"
ROUNDS = {
    "one": (1, False),
    "two": (2, False),
    "two_one_killed": (2, True),
}  # workers, and whether one is killed


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--assignment", default="regression", choices=assignments())
    parser.add_argument("--save", action="store_true", help="keep the result for the book's page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = Course(Path(folder) / "start")
        release(start, arguments.assignment)
        collect(start, arguments.assignment, handed_in(start, arguments.assignment, arguments.submissions))
        result = {
            "assignment": arguments.assignment,
            "submissions": arguments.submissions,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "rounds": measure(start, arguments.assignment),
        }
    print(json.dumps(result, indent=1))
    if arguments.save:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")


def handed_in(course: Course, assignment: str, count: int) -> Path:
    """A folder with a notebook of each student."""
    folder = course.root / "handed-in"
    folder.mkdir()
    languages = sorted(path.name for path in (course.root / "release").iterdir() if path.is_dir())
    blank = answers(answered(course, assignment))
    for n in range(count):
        missing = random.Random(n).sample(blank, n % (len(blank) + 1))
        notebook = answered(course, assignment, languages[n % len(languages)], but=missing)
        nbformat.write(notebook, folder / f"student-{n:03}.ipynb")
    return folder


def measure(start: Course, assignment: str) -> dict[str, dict]:
    """Seconds, those of them for the gradebook, pace and memory of each round; raises if a grade is lost or differs."""
    rounds: dict[str, dict] = {}
    expected: dict[str, float] = {}
    for name, (workers, kill) in ROUNDS.items():
        course = Course(start.root.parent / name)
        shutil.copytree(start.root, course.root)
        begin = time.perf_counter()
        with Watch(kill) as watch, Clock(module, "merge") as merging:
            reports = module.grade(course, assignment, workers=workers)
        seconds = time.perf_counter() - begin
        grades = scores(course, assignment)
        assert not [report for report in reports if report.reason], reports
        assert len(reports) == len(grades) == len(course.students(assignment))
        assert grades == (expected := expected or grades)
        assert bool(watch.killed) == kill
        rounds[name] = {
            "seconds": round(seconds),
            "merging": round(merging.seconds),
            "per_minute": round(60 * len(grades) / seconds, 1),
            "memory_gib": round(watch.peak / 2**30, 1),
        }
        print(name, rounds[name], flush=True)
    return rounds


def scores(course: Course, assignment: str) -> dict[str, float]:
    with course.gradebook() as gradebook:
        return {s["student"]: s["code_score"] for s in gradebook.submission_dicts(assignment)}


class Clock:
    """While it is entered, adds up the seconds that a function of a module takes."""

    def __init__(self, module: ModuleType, name: str):
        self.seconds = 0.0
        self._module, self._name, self._function = module, name, getattr(module, name)

    def __enter__(self) -> "Clock":
        setattr(self._module, self._name, self._timed)
        return self

    def __exit__(self, *_: object) -> None:
        setattr(self._module, self._name, self._function)

    def _timed(self, *arguments: object) -> object:
        begin = time.perf_counter()
        try:
            return self._function(*arguments)
        finally:
            self.seconds += time.perf_counter() - begin


class Watch:
    """Notes the memory of all processes below this one; kills one worker once when it is asked to."""

    def __init__(self, kill: bool):
        self.peak, self.killed = 0, 0
        self._kill, self._done = kill, threading.Event()

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        begin = 0.0
        while not self._done.wait(1):
            below = psutil.Process().children(recursive=True)
            self.peak = max(self.peak, sum(map(unique_memory, below)))
            workers = [p for p in below if is_worker(p)]
            begin = begin or (time.perf_counter() if workers else 0)
            if self._kill and not self.killed and workers and time.perf_counter() - begin > 5:
                self.killed = workers[0].pid
                os.kill(self.killed, signal.SIGKILL)


def unique_memory(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().uss
    except psutil.Error:
        return 0


def is_worker(process: psutil.Process) -> bool:
    """Whether a process is one of Dask's workers, which have the kernels as their children."""
    try:
        return process.parent() == psutil.Process() and any("ipykernel" in " ".join(p.cmdline())
                                                            for p in process.children(recursive=True))  # fmt: skip
    except psutil.Error:
        return False


if __name__ == "__main__":
    main()
