"""Run one submission: the student's cells in a kernel, the tests here, out of reach of what a student does."""

from __future__ import annotations

import copy
import io
import zlib
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from coursework import sandbox
from coursework.hidden import Further, load
from coursework.kernel import Kernel, KernelError, Stopped
from coursework.outputs import Outputs, error
from coursework.remote import RemoteAnswer
from coursework.report import Note
from coursework.sandbox import Cause, Limits
from coursework.wording import speaking
from losslib.checks import Answer, NotPassed, check
from losslib.locales import phrase, tr

RESTARTS = 3


@dataclass(frozen=True)
class Executed:
    """A notebook with its outputs. It has a `reason`, and no grade, if it could not be run at all."""

    notebook: NotebookNode
    notes: list[Note]
    reason: Note


def execute(
    notebook: NotebookNode,
    *,
    language: str,
    salt: str = "",
    hidden: str = "",
    sandboxed: bool = True,
    limits: Limits = Limits(),
) -> Executed:
    """Run an assembled notebook, whose tests are those that were handed out.

    Args:
        language: Of the messages that the student reads.
        salt: Gives tests other random numbers than students have seen; the same ones each time.
        hidden: The source of the instructor's further checks (see `coursework.hidden`).
        sandboxed: False runs the code with the rights of this process.

    Raises:
        CourseError: There is no sandbox here, or the further checks are wrong.
    """
    if sandboxed:
        sandbox.require()
    run = Run(copy.deepcopy(notebook), salt, load(hidden), sandboxed, limits)
    reason = Note()
    with speaking(language):
        try:
            run.all()
        except KernelError as problem:
            reason = problem.reason
    return Executed(run.notebook, run.notes, reason)


class Run:
    """One notebook on its way through kernels: usually one, and another whenever a cell has ended it."""

    def __init__(
        self,
        notebook: NotebookNode,
        salt: str,
        further: dict[str, list[Further]],
        sandboxed: bool,
        limits: Limits,
    ):
        self.notebook = notebook
        self.notes: list[Note] = []
        self._salt, self._further, self._sandboxed, self._limits = salt, further, sandboxed, limits
        self._end = monotonic() + limits.total_seconds
        self._kernel: Kernel | None = None
        self._started = 0
        self._reached = 0  # the cell, by its number, that is being run
        self._guilty: set[int] = set()  # cells that were stopped, which are not run again
        self._deadly: set[str] = set()  # answers that ended a kernel, which are not called again

    def all(self) -> None:
        """Run every cell in order, and the further checks at last: what a kernel sees of them, no cell can show."""
        try:
            self._start()
            passed = [
                n for n, cell in enumerate(self.notebook.cells) if cell.cell_type == "code" and self._cell(n)
            ]
            self._reached = len(self.notebook.cells)
            for n in passed:
                if self._is_run(n):
                    self._test(n, self._check_further)
        finally:
            if self._kernel:
                self._kernel.close()

    def _cell(self, n: int) -> bool:
        """Run a cell or a test; whether it is a test that has passed and has further checks."""
        cell, self._reached = self.notebook.cells[n], n
        cell.outputs, cell.execution_count = [], None
        if not self._is_run(n):
            return False
        cell.execution_count = 1 + sum(bool(c.get("execution_count")) for c in self.notebook.cells[:n])
        if _is_test(cell):
            return self._test(n, self._check) and bool(self._further)
        self._run(n)
        return False

    def _is_run(self, n: int) -> bool:
        """Whether there is time and a kernel for a cell; where not, it says so, and so does a note."""
        if over := self._over():
            unfinished = phrase("{cell} was not run to the end: time or restarts were used up")
            self.notes.append(Note(unfinished, cell=self._label(n)))
            self.notebook.cells[n].outputs = [error("Stopped", over)]
        return not over

    def _run(self, n: int) -> None:
        """Run a cell of the student's."""
        cell, outputs = self.notebook.cells[n], Outputs(self._limits.output_bytes)
        cause = self._attempt(n, outputs)
        cell.outputs = outputs.items
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
        if cause or outputs.full:
            cell.outputs.append(error("Stopped", self._said(cause or Cause.OUTPUT)))

    def _attempt(self, n: int, outputs: Outputs | None) -> Cause | None:
        assert self._kernel
        try:
            self._kernel.run(self.notebook.cells[n].source, self._until(), outputs)
        except Stopped as stopped:
            self.notes.append(Note(stopped.cause, cell=self._label(n)))
            self._guilty.add(n)
            if stopped.lost:
                self._start()
            return stopped.cause
        return None

    def _test(self, n: int, checks: Callable[..., None]) -> bool:
        """Evaluate a test cell here, with answers for the names in it; whether it passed."""
        cell, said = self.notebook.cells[n], io.StringIO()
        with redirect_stdout(said):
            message = self._failure(n, checks)
        if message:
            cell.outputs = [error("NotPassed", message)]
        elif said.getvalue():
            cell.outputs = [new_output("stream", name="stdout", text=said.getvalue())]
        return not message

    def _failure(self, n: int, checks: Callable[..., None]) -> str:
        """What the student is told of a test that failed, or an empty text."""
        until, called = self._until(), ""

        def ask(name: str, expression: str) -> Any:
            nonlocal called
            if name in self._deadly or not self._kernel:
                raise NotPassed(tr("{name} ended the kernel before, so it was not called again.", name=name))
            called = name
            return self._kernel.evaluate(expression, until)

        try:
            # The test comes from what was handed out; of what the student wrote it sees answers only.
            eval(self.notebook.cells[n].source, {"__builtins__": {}}, Names(ask, checks))
        except NotPassed as failed:
            return str(failed)
        except Stopped as stopped:
            self.notes.append(Note(stopped.cause, cell=f"{self._label(n)}: {called}"))
            message = f"{called}: {self._said(stopped.cause)}"
            if stopped.lost:
                self._deadly.add(called)
                self._start()
            return message
        except Exception as problem:  # a check that meets an answer of a kind that nobody thought of
            if not called:
                raise
            what = f"{type(problem).__name__}: {problem}"
            self.notes.append(
                Note(phrase("{cell}: the check failed with {error}"), cell=self._label(n), error=what)
            )
            return tr("{name} gave something that can't be checked.", name=called)
        return ""

    def _check(self, name: str, *answers: object) -> None:
        check(name, *answers, salt=self._salt)

    def _check_further(self, name: str, *answers: object) -> None:
        for further in self._further.get(name, []):
            draw = np.random.default_rng(zlib.crc32(f"{name}{self._salt}".encode()))
            try:
                further.task(*map(Answer.of, answers), draw)
            except NotPassed:
                raise NotPassed(further.message()) from None

    def _start(self) -> None:
        """Start a kernel, unless too many were, and run the earlier cells again, but those that were stopped."""
        if self._kernel:
            self._kernel.close()
            self._kernel = None
        if self._started > RESTARTS:
            return
        self._started += 1
        self._kernel = Kernel(sandboxed=self._sandboxed, limits=self._limits)
        for n, cell in enumerate(self.notebook.cells[: self._reached]):
            kernel = self._kernel
            if cell.cell_type == "code" and not _is_test(cell) and n not in self._guilty and not self._over():
                self._attempt(n, None)
            if self._kernel is not kernel:  # an earlier cell has ended it, so all of this was done again
                return

    def _over(self) -> str:
        """Why nothing more can be run, for the student; an empty text while it can."""
        if monotonic() >= self._end:
            return tr(
                "Not run: the notebook took longer than {n} seconds.", n=f"{self._limits.total_seconds:g}"
            )
        return "" if self._kernel else tr("Not run: the kernel had ended {n} times before.", n=self._started)

    def _until(self) -> float:
        return min(monotonic() + self._limits.cell_seconds, self._end)

    def _said(self, cause: Cause) -> str:
        """Why something was stopped, for the student."""
        limits = self._limits
        match cause:
            case Cause.TIME | Cause.STUBBORN:
                seconds = limits.cell_seconds if monotonic() < self._end else limits.total_seconds
                return tr("Stopped after {n} seconds: is there a loop without an end?", n=f"{seconds:g}")
            case Cause.OUTPUT:
                return tr(
                    "More than {n} MB of output: the rest is left out.", n=f"{limits.output_bytes / 1e6:g}"
                )
            case Cause.MEMORY:
                return tr(
                    "Stopped: it needed more than {n} GB of memory.", n=f"{limits.memory_bytes / 2**30:g}"
                )
            case Cause.PROCESSES:
                return tr("Stopped: it started more than {n} processes.", n=limits.processes)
            case _:
                return tr("The kernel ended here and had to be started again.")

    def _label(self, n: int) -> str:
        return self.notebook.cells[n].metadata.get("nbgrader", {}).get("grade_id") or f"cell {n + 1}"


class Names(dict):
    """The names that a test cell can use: `check`, and every other one as an answer in the student's kernel."""

    def __init__(self, ask: Callable[[str, str], Any], checks: Callable[..., None]):
        super().__init__(check=checks)
        self._ask = ask

    def __missing__(self, name: str) -> RemoteAnswer:
        return RemoteAnswer(name, self._ask)


def _is_test(cell: NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")
