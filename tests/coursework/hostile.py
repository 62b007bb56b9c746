"""Small notebooks, honest and hostile, and what became of their cells."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from coursework import sandbox
from coursework.course import CourseError
from coursework.execution import Executed, execute
from coursework.sandbox import Limits

RIGHT = """
def weighted_mse(prediction, target, weight):
    total = weight.sum()
    return (weight * (prediction - target) ** 2).sum() / total if total else 0.0
"""
SHORT = Limits(cell_seconds=5, total_seconds=100, memory_bytes=2 * 2**30, processes=40, output_bytes=100_000)


def handed_out(name: str, source: str) -> NotebookNode:
    """A test cell, as handed out."""
    marks = {"grade": True, "solution": False, "locked": True, "points": 1, "grade_id": name,
             "schema_version": 3, "task": False}  # fmt: skip
    return new_code_cell(source, metadata={"nbgrader": marks})


def checked(name: str, answer: str = "weighted_mse") -> NotebookNode:
    """The test of an answer to `weighted_mse`."""
    return handed_out(name, f'check("weighted_mse", {answer})')


def run(*cells: str | NotebookNode, language: str = "en", limits: Limits = SHORT, **options) -> Executed:
    """Execute a notebook of these cells; where that needs a sandbox and there is none, the test is skipped."""
    if options.get("sandboxed", True):
        try:
            sandbox.require()
        except CourseError as reason:
            pytest.skip(str(reason))
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return execute(new_notebook(cells=made), language=language, limits=limits, **options)


def failure(executed: Executed, name: str) -> str:
    """What a test says that has failed; an empty text if it has passed."""
    for cell in executed.notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            errors = [output.evalue for output in cell.outputs if output.output_type == "error"]
            assert len(errors) <= 1
            assert errors or cell.outputs, f"{name} has no output"
            return "".join(errors)
    raise KeyError(name)


def text(executed: Executed, n: int) -> str:
    """Everything that cell number `n` shows."""
    return "\n".join(
        output.get("text", "") or output.get("evalue", "") or str(output.get("data", ""))
        for output in executed.notebook.cells[n].outputs
    )
