"""What every notebook needs: language and style in one call, seeds, the device, timing, tables."""

import html
import os
import platform
import random
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from losslib import plots
from losslib.locales import typeset, use_language


def setup(language: str = "en") -> None:
    """Make figures, tables and explorers speak `language`, set their style, fix the seeds, limit the threads.

    The tensors of the book are small, so more than four threads would only slow them down; OMP_NUM_THREADS, where
    it is set, is kept. Raises ValueError for a language without a catalogue.
    """
    use_language(language)
    plots.use_style()
    seed(0)
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(min(4, os.cpu_count() or 1))


def seed(value: int = 0) -> None:
    """Seed Python, NumPy and PyTorch (every device)."""
    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)


def device() -> torch.device:
    """The best device there is: CUDA, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def device_name(where: torch.device) -> str:
    """The name of the device as its maker gives it."""
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    return f"{where.type.upper()} ({platform.processor() or platform.machine()})"


def synchronize(where: torch.device) -> None:
    """Wait until the device has done what it was given: without this a GPU is timed while it still works."""
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    elif where.type == "mps":
        torch.mps.synchronize()


def time_step(step: Callable[[], object], where: torch.device, *, repeats: int = 20) -> float:
    """Median seconds of `step()` on the device `where`, after three warm-up calls; prints them with its name."""
    for _ in range(3):
        step()
    synchronize(where)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        synchronize(where)
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"{device_name(where)}: {median * 1e3:.2f} ms")
    return median


class table:
    """An HTML table of columns of equal length: `table({"δ": deltas, tr("slope"): slopes}, digits=3)`.

    Floats are shown with `digits` decimals, everything else as it is; all numbers, in words too, as `typeset` sets
    them. Raises ValueError when lengths differ.
    """

    def __init__(self, columns: Mapping[str, Sequence], *, digits: int = 3):
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"table: expected columns of one length, got {lengths}")
        self.names = [typeset(name) for name in columns]
        self.rows = [[_cell(value, digits) for value in row] for row in zip(*columns.values(), strict=True)]

    def __repr__(self) -> str:
        return "\n".join("\t".join(row) for row in [self.names, *self.rows])

    def _repr_html_(self) -> str:
        # a heading without words would be read out as one
        head = "".join(
            f'<th scope="col">{_unbroken(name)}</th>' if name.strip() else "<td></td>" for name in self.names
        )
        body = "".join(
            "<tr>" + "".join(f"<td>{_unbroken(text)}</td>" for text in row) + "</tr>" for row in self.rows
        )
        return f'<table class="loss-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


# Spaces beside a sign of relation or product, before a unit at the end, and between the digits of 100 000
_BINDING = re.compile(r" (?=[=<>≤≥∈±×] |(?:%|°|px)$)|(?<= [=<>≤≥∈±×]) |(?<=\d) (?=\d{3}(?!\d))")
_BRACKET = re.compile(r"[(\[][^()\[\]]{,24}[)\]]")  # a pair, a vector, a small formula


def _unbroken(text: str) -> str:
    """The text as HTML: a line breaks neither within a formula nor before a unit."""
    text = _BRACKET.sub(lambda found: found[0].replace(" ", "\u00a0"), text)
    return html.escape(_BINDING.sub("\u00a0", text))


def _cell(value, digits: int) -> str:
    if isinstance(value, torch.Tensor | np.generic):
        value = value.item()
    if isinstance(value, float):
        value = f"{value:z.{digits}f}"  # z: no minus before zero
    return typeset(str(value))
