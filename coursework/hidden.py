"""Further checks of an instructor's own, in a file that is never handed out and never reaches a student's process.

    from coursework.hidden import further

    @further("regression_pinball_value", en="What if there are no samples?", ru="А если примеров нет?")
    def empty(answer, draw):
        answer.returns(0.0, np.zeros(0), np.zeros(0), 0.5)

It is run after the book's own check of that name has passed, with the same answers and random numbers. A student whose
answer fails it is told so, and the hint in their language if there is one; neither inputs, nor what was expected.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from coursework.course import CourseError
from losslib.checks import Task, tasks
from losslib.locales import language, tr


@dataclass(frozen=True)
class Further:
    """A further check: of which task, what it does, and hints by language."""

    name: str
    task: Task
    hints: dict[str, str]

    def message(self) -> str:
        """What a student is told whose answer fails it."""
        hint = self.hints.get(language(), self.hints.get("en", ""))
        return f"{tr('A further check of {name} failed.', name=self.name)} {hint}".strip()


_registered: list[Further] = []


def further(name: str, **hints: str) -> Callable[[Task], Task]:
    """Register a further check of the task `name`, with a hint by language."""

    def register(task: Task) -> Task:
        _registered.append(Further(name, task, hints))
        return task

    return register


def load(source: str) -> dict[str, list[Further]]:
    """The further checks in a source text, by task. CourseError if it can't be run, or names a task that is not."""
    _registered.clear()
    try:
        exec(compile(source, "private checks", "exec"), {"__name__": "private"})
    except Exception as error:
        last = "".join(traceback.format_exception_only(error)).strip()
        raise CourseError(f"the private checks can't be run: {last}") from error
    found: dict[str, list[Further]] = {}
    for check in _registered:
        if check.name not in tasks():
            near = "".join(f"; {n!r}?" for n in get_close_matches(check.name, tasks(), n=1))
            raise CourseError(f"private checks: expected the name of a task, got {check.name!r}{near}")
        found.setdefault(check.name, []).append(check)
    return found
