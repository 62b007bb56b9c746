"""Calls and what came of them as text, between a notebook's kernel and the process that grades it.

Numbers, words, arrays and tensors cross, and nothing that could run code: neither side unpickles or evaluates what
the other one says. `reply` answers in the kernel; `request` and `read` belong to the one who asks.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
import torch

from losslib.checks.answers import short
from losslib.checks.calls import Call, Outcome, call

MEDIA = "application/x-losslib-outcome"
LIMIT = 8 * 2**20  # characters of one text

_ARRAYS = [
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
_TENSORS = [name for name in [*_ARRAYS, "bfloat16"] if hasattr(torch, name)]


class Opaque:
    """Stands for an object that is not data: all that is known of it is how it looks."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


class Reply:
    """A text that a kernel hands over as it is, whatever the cell prints."""

    def __init__(self, text: str):
        self.text = text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {MEDIA: self.text}


def request(name: str, asked: Call | None = None) -> str:
    """The expression whose value in a kernel is the reply: what a call of `name` gives, or the value of `name`."""
    text = {"name": name, "call": asked and {"arguments": encode(asked.arguments), "wrt": asked.wrt}}
    return f"__import__('losslib.checks.wire', fromlist=['wire']).reply({json.dumps(text)!r})"


def reply(text: str) -> Reply:
    """In the kernel: do what the request asks, with the notebook's names."""
    from IPython import get_ipython  # the one who asks needs none

    asked, names = json.loads(text), get_ipython().user_ns
    if asked["name"] not in names:
        outcome = Outcome(unwritten=True)
    elif asked["call"] is None:
        outcome = Outcome(names[asked["name"]])
    else:
        arguments = decode(asked["call"]["arguments"])
        outcome = call(names[asked["name"]], Call(arguments, asked["call"]["wrt"]))
    written = write(outcome)
    if len(written) > LIMIT:
        written = write(Outcome(error=f"OverflowError: {len(written)} > {LIMIT}"))
    return Reply(written)


def write(outcome: Outcome) -> str:
    """An outcome as text."""
    return json.dumps(
        vars(outcome) | {"result": encode(outcome.result), "gradient": encode(outcome.gradient)}
    )


def read(text: str) -> Outcome:
    """The outcome that `write` has written. ValueError for any other text, however it was made."""
    try:
        fields = json.loads(text)
        return Outcome(
            decode(fields["result"]),
            decode(fields["gradient"]),
            error=_typed(fields["error"], str)[:500],
            unwritten=_typed(fields["unwritten"], bool),
            borrowed=_typed(fields["borrowed"], str)[:100],
            changed=_typed(fields["changed"], int),
        )
    except Exception as error:  # it may be deep, huge, or of the wrong kind in any place
        raise ValueError(f"expected an outcome, got {text[:60]!r}") from error


def encode(value: object) -> object:
    """What JSON can hold of a value; `decode` gives it back, but for objects that are not data."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return {"tuple" if isinstance(value, tuple) else "list": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, torch.Tensor) and (name := str(value.dtype).removeprefix("torch.")) in _TENSORS:
        flat = value.detach().cpu().reshape(-1)  # NumPy has no bfloat16, but every tensor has bytes
        numbers = flat.view(torch.uint8).numpy() if len(flat) else np.zeros(0)
        return {"tensor": [name, list(value.shape), _base64(numbers)]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in _ARRAYS:
        return {"array": [value.dtype.name, list(value.shape), _base64(np.asarray(value))]}
    return {"object": re.sub(" at 0x[0-9a-f]+", "", short(value))}  # an address differs each time


def decode(data: Any) -> Any:
    """The value that `encode` has written. Raises whatever fits for anything else."""
    if data is None or isinstance(data, (bool, int, float, str)):
        return data
    [(kind, held)] = data.items()
    if kind == "dict":
        return {decode(key): decode(item) for key, item in held}
    if kind in ("list", "tuple"):
        items = [decode(item) for item in held]
        return items if kind == "list" else tuple(items)
    if kind == "object":
        return Opaque(_typed(held, str)[:60])
    name, shape, text = held
    if kind not in ("array", "tensor") or name not in (_ARRAYS if kind == "array" else _TENSORS):
        raise ValueError(f"expected a kind of data, got {kind} of {name}")
    # From bytes that are there: a shape that is only claimed can't make this process allocate.
    raw = bytearray(base64.b64decode(text, validate=True))
    if kind == "array":
        return np.frombuffer(raw, name).reshape(shape)
    dtype = getattr(torch, name)
    return (torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)).reshape(shape)


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode()


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
