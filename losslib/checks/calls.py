"""One call of a reader's function, and everything that came of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from losslib.checks.borrowed import Watch


@dataclass(frozen=True)
class Call:
    """The arguments of a call; with `wrt`, the gradient with respect to that argument is asked for, too."""

    arguments: tuple
    wrt: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a call returned or raised, its gradient, and what it did that it should not have done."""

    result: Any = None
    gradient: Any = None
    error: str = ""  # as in "ZeroDivisionError: division by zero"
    unwritten: bool = False
    borrowed: str = ""  # a library's loss that was called
    changed: int = 0  # the number of the argument that was changed, from 1


def call(function: Any, request: Call) -> Outcome:
    """Call the function with copies of the arguments, and watch what it does."""
    arguments = [_copy(a, leaf=i == request.wrt) for i, a in enumerate(request.arguments)]
    watch = Watch()
    try:
        with watch:
            result = function(*arguments)
        gradient = _gradient(result, arguments[request.wrt]) if request.wrt is not None else None
    except NotImplementedError:
        return Outcome(unwritten=True)
    except Exception as error:
        return Outcome(error=f"{type(error).__name__}: {error}", borrowed=watch.found)
    changed = [
        n for n, (a, b) in enumerate(zip(arguments, request.arguments, strict=True), 1) if not _same(a, b)
    ]
    return Outcome(_plain(result), gradient, borrowed=watch.found, changed=next(iter(changed), 0))


def _copy(argument: Any, leaf: bool) -> Any:
    if isinstance(argument, torch.Tensor):
        return argument.detach().clone().requires_grad_(leaf)
    return copy.deepcopy(argument)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(torch.nan_to_num(one.detach()), torch.nan_to_num(other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    return True


def _gradient(result: Any, argument: torch.Tensor) -> torch.Tensor | None:
    if not isinstance(result, torch.Tensor) or not result.requires_grad:
        return None
    return torch.autograd.grad(result.sum(), argument, allow_unused=True)[0]


def _plain(result: object) -> object:
    """Tensors without their graph, NumPy's scalars as arrays, lists of numbers as arrays."""
    if isinstance(result, torch.Tensor):
        return result.detach()
    if isinstance(result, np.generic):
        return np.asarray(result)
    if isinstance(result, (list, tuple)):
        try:
            array = np.asarray(result, dtype=float)
        except (TypeError, ValueError):
            return result
        return array
    return result
