"""What a reader wrote, as a task sees it: a function to call, a gradient to ask for, a value to look at."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import torch

from losslib.checks.calls import Call, Outcome, call
from losslib.locales import tr


class NotPassed(AssertionError):
    """An answer is not what the task asks for; a notebook shows the message alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def require(condition: object, message: str) -> None:
    """Raise NotPassed with the message unless the condition holds."""
    if not condition:
        raise NotPassed(message)


class Answer:
    """An answer in this process. `call` makes a call and tells what came of it; `value` is the object itself."""

    def __init__(self, value: object):
        self.value = value
        self.name = getattr(value, "__name__", "answer")

    @classmethod
    def of(cls, value: object) -> Answer:
        return value if isinstance(value, Answer) else cls(value)

    def call(self, request: Call) -> Outcome:
        return call(self.value, request)

    def __call__(self, *arguments: object) -> np.ndarray:
        """What the function returns, as an array. NotPassed if it raises, borrows, or returns no numbers."""
        return _array(self._ask(Call(arguments)).result)

    def returns(
        self, expected: object, *arguments: object, rtol: float = 1e-5, atol: float = 1e-7, hint: str = ""
    ) -> None:
        """Require that the function returns `expected` for these arguments, in value and in shape.

        The message shows arguments of up to six numbers, so let the first call of a task be a small one.
        `hint` is a sentence that follows the message, in the reader's language.
        """
        got = self(*arguments)
        where = self._text(arguments)
        expected = _array(expected)
        if got.shape != expected.shape:
            _fail(tr("{call} returned the shape {got}; expected {expected}.", call=where, got=got.shape,
                     expected=expected.shape))  # fmt: skip
        if not np.allclose(got, expected, rtol=rtol, atol=atol, equal_nan=True):
            _fail(
                tr("{call} returned {got}; expected {expected}.", call=where, **_differing(got, expected)),
                hint,
            )

    def has_gradient(
        self,
        expected: object,
        *arguments: object,
        wrt: int = 0,
        rtol: float = 1e-5,
        atol: float = 1e-7,
        hint: str = "",
    ) -> None:
        """Require the gradient, by autograd, of the sum of what comes back, with respect to argument number `wrt`."""
        outcome = self._ask(Call(arguments, wrt))
        where = self._text(arguments)
        if outcome.gradient is None:
            _fail(tr("No gradient flows through {call} to argument {n}.", call=where, n=wrt + 1), hint)
        got, expected = _array(outcome.gradient), _array(expected)
        if not np.allclose(got, expected, rtol=rtol, atol=atol, equal_nan=True):
            _fail(tr("The gradient of {call} is {got}; expected {expected}.", call=where,
                     **_differing(got, expected)), hint)  # fmt: skip

    def number(self) -> float:
        """The value, which must be one number."""
        value = self.value
        if isinstance(value, (np.ndarray, np.generic, torch.Tensor)) and _array(value).size == 1:
            return float(_array(value).item())
        require(isinstance(value, (int, float)), tr("Expected a number, got {got}.", got=short(value)))
        return float(value)  # type: ignore[arg-type]

    def word(self, *choices: str) -> str:
        """The value, which must be one of these words."""
        words = ", ".join(map(repr, choices))
        require(
            self.value in choices,
            tr("Expected one of {words}, got {got}.", words=words, got=short(self.value)),
        )
        return str(self.value)

    def array(self, *shape: int) -> np.ndarray:
        """The value, which must be an array, a tensor or a list of numbers of this shape."""
        try:
            array = np.asarray(_array(self.value), dtype=float)
        except (TypeError, ValueError):
            raise NotPassed(tr("Expected an array of numbers, got {got}.", got=short(self.value))) from None
        require(
            array.shape == shape,
            tr("Expected the shape {expected}, got {got}.", expected=shape, got=array.shape),
        )
        return array

    def _ask(self, request: Call) -> Outcome:
        """Make a call and refuse what no task accepts, whatever it asks for."""
        outcome = self.call(request)
        where = self._text(request.arguments)
        if outcome.unwritten:
            _fail(tr("{name} is not written yet.", name=self.name))
        if outcome.error:
            _fail(tr("{call} raised {error}.", call=where, error=outcome.error))
        if outcome.borrowed:
            _fail(tr("{name} uses {function}, but the task is to write it yourself.", name=self.name,
                     function=outcome.borrowed))  # fmt: skip
        if outcome.changed:
            _fail(tr("{call} changed argument {n}: work on a copy.", call=where, n=outcome.changed))
        if outcome.result is None:
            _fail(tr("{call} returned nothing: is return missing?", call=where))
        if not isinstance(outcome.result, (bool, int, float, np.ndarray, torch.Tensor)):
            _fail(tr("{call} returned {got}; expected numbers.", call=where, got=short(outcome.result)))
        return outcome

    def _text(self, arguments: tuple) -> str:
        return f"{self.name}({', '.join(map(short, arguments))})"


def short(value: object) -> str:
    """An argument or a result as one would type it; of more than six numbers only the shape."""
    if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
        array = _array(value)
        if array.size > 6:
            return f"<{' × '.join(map(str, array.shape))}>"
        if array.ndim == 0:
            return short(array.item())
        if array.dtype.kind in "fc":
            return np.array2string(array, precision=4, separator=", ", floatmode="maxprec").replace("\n", "")
        return str(array.tolist())
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _array(value: object) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        return value.detach().to(torch.float64 if value.is_floating_point() else value.dtype).cpu().numpy()
    return np.asarray(value)


def _differing(got: np.ndarray, expected: np.ndarray) -> dict[str, str]:
    """Both as text: whole if they are small, otherwise the first element that differs."""
    if got.size > 6:
        wrong = ~np.isclose(got, expected, equal_nan=True)
        place = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else (0,) * got.ndim
        index = f"[{', '.join(map(str, place))}]"
        return {
            "got": f"{short(float(got[place]))} {index}",
            "expected": f"{short(float(expected[place]))} {index}",
        }
    return {"got": short(got), "expected": short(expected)}


def _fail(message: str, hint: str = "") -> NoReturn:
    raise NotPassed(f"{message} {hint}".strip())
