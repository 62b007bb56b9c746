"""Answers that live in a student's kernel, for checks that run here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from losslib.checks import Answer, NotPassed, wire
from losslib.checks.calls import Call, Outcome
from losslib.locales import tr


class RemoteAnswer(Answer):
    """What a name stands for in a kernel: a call sends arguments there as data, and gets back as data what came of it.

    `ask` has the kernel evaluate an expression and returns what the kernel says of it. Nothing that it says is
    trusted: it is right, or wrong, or not readable.
    """

    def __init__(self, name: str, ask: Callable[[str, str], Any]):
        self.name, self._ask_kernel = name, ask

    def call(self, request: Call) -> Outcome:
        outcome = self._outcome(request)
        # A gradient that broadcasts would pass for more than it is, or fill this process's memory.
        if outcome.gradient is not None and request.wrt is not None:
            expected = getattr(request.arguments[request.wrt], "shape", None)
            if getattr(outcome.gradient, "shape", None) != expected:
                self._unreadable()
        return outcome

    @property
    def value(self) -> Any:  # type: ignore[override]  # the other kind holds it
        outcome = self._outcome(None)
        if outcome.unwritten:
            raise NotPassed(tr("{name} is not written yet.", name=self.name))
        if outcome.error:
            raise NotPassed(tr("{call} raised {error}.", call=self.name, error=outcome.error))
        return outcome.result

    def _outcome(self, request: Call | None) -> Outcome:
        said = self._ask_kernel(self.name, wire.request(self.name, request))
        try:
            if said["status"] == "ok":
                return wire.read(said["data"][wire.MEDIA])
            return Outcome(error=f"{said['ename']}: {said['evalue']}"[:500])
        except (KeyError, TypeError, ValueError):
            self._unreadable()

    def _unreadable(self) -> NoReturn:
        raise NotPassed(tr("What {name} gave back can't be read.", name=self.name))
