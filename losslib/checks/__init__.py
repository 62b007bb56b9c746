"""Checks that answer: `check("pinball", pinball)` tries what a reader wrote and says what was expected.

A task is a function of the reader's answers and a source of random numbers; the modules of this package hold them,
one per family of losses. `check` gives it the answers as they are, grading gives it answers that live in another
process: a task sees `Answer` and cannot tell.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

import numpy as np

from losslib.checks.answers import Answer, NotPassed, require
from losslib.locales import tr

__all__ = ["Answer", "NotPassed", "check", "require", "task", "tasks"]

Task = Callable[..., None]
_tasks: dict[str, Task] = {}


def task(name: str) -> Callable[[Task], Task]:
    """Register a task: `answer, ..., draw` are the reader's answers and a NumPy generator that is seeded by its name.

    Raises ValueError when the name is taken.
    """

    def register(function: Task) -> Task:
        if name in _tasks:
            raise ValueError(f"task: {name!r} is already defined in {_tasks[name].__module__}")
        _tasks[name] = function
        return function

    return register


def tasks() -> dict[str, Task]:
    """Every task by its name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return dict(_tasks)


def check(name: str, *answers: object, salt: str = "") -> None:
    """Try the answers to a task, and say so if all is as expected.

    Args:
        name: The task's name.
        answers: What the reader wrote, in the order the task asks for: functions, numbers, words, arrays.
        salt: Gives other random numbers than the reader has seen; the same ones each time.

    Raises:
        NotPassed: An answer is wrong. The message says for which input, what was expected and what came.
        ValueError: There is no such task.
    """
    known = tasks()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise ValueError(
            f"check: expected the name of a task, got {name!r}" + "".join(f"; {n!r}?" for n in near)
        )
    draw = np.random.default_rng(zlib.crc32(f"{name}{salt}".encode()))
    known[name](*map(Answer.of, answers), draw)
    print(tr("{name}: all as expected.", name=name))
