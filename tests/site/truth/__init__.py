"""What the explorers of a chapter must show, computed without them.

The chapter's code is run with recorders in the place of the functions that make explorers. From what they were
called with the numbers follow anew: a loss by calling losslib once, a line by another solver, a descent step by step.
"""

import json
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from inspect import signature
from unittest.mock import patch

import torch

from book.site.languages import source_language
from book.site.project import notebook
from losslib import explorers
from tests.site.truth import classification, generative, ranking, regression, segmentation
from tests.site.truth.made import Made

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
FAMILIES = (regression, classification, ranking, segmentation, generative)
# The truth about an explorer has the name of the function that makes it.
MADE_BY = {
    name: vars(family)[name] for family in FAMILIES for name in explorers.__all__ if name in vars(family)
}


@cache
def explorers_of(chapter: str) -> list[Made]:
    """The explorers of a chapter in their order; the code is the same in every language."""
    made = []
    cells = json.loads(notebook(source_language().code, chapter).read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    makes = re.compile(rf"\b({'|'.join(MADE_BY)})\(")
    last = max((i for i, source in enumerate(sources) if makes.search(source)), default=-1)
    torch.set_num_threads(1)  # as the book is built: training then ends at the same digits
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, OMP_NUM_THREADS="1"))
        for name in MADE_BY:
            stack.enter_context(patch.object(explorers, name, _recorder(name, made)))
        names = {}
        for source in sources[: last + 1]:
            exec(source, names)
    return made


def _recorder(name: str, made: list[Made]) -> Callable:
    parameters = signature(getattr(explorers, name))

    def record(*args, **kwargs) -> None:
        call = parameters.bind(*args, **kwargs)
        call.apply_defaults()
        made.append(MADE_BY[name](**call.arguments))

    return record


def read_number(text: str) -> float:
    """A number as a reader reads it, in any language of the book, with or without a unit."""
    text = text.partition(" ")[0].replace("−", "-").replace(",", ".").replace("∞", "inf").replace("–", "nan")
    found = re.fullmatch(r"(?:(.+)×)?(-?)10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", text)
    return float(f"{found[1] or found[2] + '1'}e{found[3].translate(SUPERSCRIPTS)}" if found else text)
