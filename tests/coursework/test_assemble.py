"""Whatever a student did to the notebook, its answers come back in the place where they were asked for."""

import nbformat
import pytest
from nbformat import v4

from coursework.assemble import UnreadableError, assemble, language, read


def graded(cell_id, make, source, **nbgrader):
    defaults = {
        "grade": False,
        "grade_id": cell_id,
        "locked": False,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    return make(source, id=cell_id, metadata={"nbgrader": defaults | nbgrader})


@pytest.fixture
def template():
    return v4.new_notebook(
        cells=[
            v4.new_code_cell('setup("ru")', id="setup"),
            v4.new_markdown_cell("Write f.", id="f-task"),
            graded("f", v4.new_code_cell, "def f(x):\n    raise NotImplementedError", solution=True),
            graded("f-value", v4.new_code_cell, 'check("f", f)', grade=True, points=2, locked=True),
            graded("why", v4.new_markdown_cell, "Your answer here.", grade=True, points=3, solution=True),
        ]
    )


@pytest.fixture
def submitted(template):
    """What comes back when all went well."""
    mine = nbformat.from_dict(template)
    at(mine, "f").source = "def f(x):\n    return x"
    at(mine, "why").source = "Because."
    return mine


def at(notebook, cell_id):
    return next(cell for cell in notebook.cells if cell.get("id") == cell_id)


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_answers_are_taken_over_and_nothing_is_noted(submitted, template):
    notebook, notes = assemble(submitted, template)
    assert sources(notebook) == sources(submitted)
    assert notes == []


def test_template_is_not_changed(submitted, template):
    before = nbformat.writes(template)
    assemble(submitted, template)
    assert nbformat.writes(template) == before


@pytest.mark.parametrize("gone", ["setup", "f-task", "f", "f-value", "why"])
def test_deleted_cell_is_put_back_as_handed_out(submitted, template, gone):
    submitted.cells.remove(at(submitted, gone))
    notebook, notes = assemble(submitted, template)
    assert at(notebook, gone) == at(template, gone)
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in template.cells]
    assert notes == [f"{gone} was missing and was put back as handed out"]


def test_edited_test_and_points_are_those_of_the_hand_out(submitted, template):
    at(submitted, "f-value").source = "pass"
    at(submitted, "f-value").metadata.nbgrader.points = 200
    notebook, notes = assemble(submitted, template)
    assert at(notebook, "f-value") == at(template, "f-value")
    assert notes == [
        "the points of f-value were edited; the original ones count",
        "f-value was edited; the original was run",
    ]


def test_given_code_that_was_edited_runs_after_the_original(submitted, template):
    at(submitted, "setup").source = 'setup("ru")\nimport math'
    notebook, notes = assemble(submitted, template)
    assert sources(notebook)[:2] == ['setup("ru")', 'setup("ru")\nimport math']
    assert notes == ["setup was edited; the original was run, then the edited one"]


def test_answer_that_stands_twice_is_run_twice(submitted, template):
    again = nbformat.from_dict(at(submitted, "f"))
    again.source = "def f(x):\n    return 2 * x"
    submitted.cells.append(again)
    notebook, notes = assemble(submitted, template)
    assert [s for s in sources(notebook) if s.startswith("def f")] == [
        "def f(x):\n    return x",
        again.source,
    ]
    assert notes == ["f stood 2 times"]
    assert sum("nbgrader" in cell.metadata for cell in notebook.cells) == 3


def test_prose_that_stands_twice_is_read_as_one(submitted, template):
    again = nbformat.from_dict(at(submitted, "why"))
    again.source = "And because."
    submitted.cells.append(again)
    assert at(assemble(submitted, template)[0], "why").source == "Because.\n\nAnd because."


def test_copy_of_a_test_is_dropped(submitted, template):
    submitted.cells.append(at(submitted, "f-value"))
    notebook, notes = assemble(submitted, template)
    assert len(notebook.cells) == len(template.cells)
    assert notes == ["f-value stood 2 times"]


def test_order_of_the_hand_out_is_restored(submitted, template):
    submitted.cells.reverse()
    notebook, notes = assemble(submitted, template)
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in template.cells]
    assert notes == ["the cells stood in another order"]


def test_own_cells_stay_behind_the_cell_they_followed(submitted, template):
    submitted.cells.insert(2, v4.new_code_cell("helper = 1"))
    submitted.cells.insert(0, v4.new_markdown_cell("My name"))
    notebook, notes = assemble(submitted, template)
    assert sources(notebook) == sources(submitted)
    assert notes == []


def test_own_cell_cannot_pass_for_a_graded_one(submitted, template):
    submitted.cells.append(graded("bonus", v4.new_code_cell, "1", grade=True, points=100))
    notebook, _ = assemble(submitted, template)
    assert "nbgrader" not in notebook.cells[-1].metadata


def test_answer_that_was_turned_into_text_stays_blank_and_is_noted(submitted, template):
    n = submitted.cells.index(at(submitted, "f"))
    submitted.cells[n] = graded("f", v4.new_markdown_cell, "def f(x): return x", solution=True)
    notebook, notes = assemble(submitted, template)
    assert at(notebook, "f") == at(template, "f")
    assert notes == ["f was turned into a markdown cell, so its answer could not be run"]


def test_cells_are_known_by_nbgraders_id_when_an_editor_changed_their_own(submitted, template):
    for n, cell in enumerate(submitted.cells):
        cell.id = f"c{n}"
    notebook, _ = assemble(submitted, template)
    assert at(notebook, "f").source == "def f(x):\n    return x"


@pytest.mark.parametrize("damage", [{"nbgrader": 3}, {"nbgrader": {"grade_id": ["f"]}}, {}])
def test_strange_metadata_do_no_harm(submitted, template, damage):
    at(submitted, "f").metadata = nbformat.from_dict(damage)
    assert at(assemble(submitted, template)[0], "setup").source == 'setup("ru")'


def test_notebook_of_another_assignment_is_refused(template):
    with pytest.raises(UnreadableError, match="none of the answers f, why is in it"):
        assemble(v4.new_notebook(cells=[v4.new_code_cell("1")]), template)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_text_of_every_system_is_read(template, encoding, newline):
    at(template, "why").source = f"Потому{newline}что 因为"
    text = nbformat.writes(template).replace("\n", newline)
    assert at(read(text.encode(encoding)), "why").source == "Потому\nчто 因为"


def test_old_format_is_upgraded():
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])]
    )
    assert sources(read(nbformat.v3.writes_json(old).encode())) == ["x = 1"]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"PK\x03\x04", b'{"cells": 3, "nbformat": 4}', b"[1]", b"\xff\xfe\x00", b"[" * 100_000],
)
def test_what_is_no_notebook_is_said_to_be_none(data):
    with pytest.raises(UnreadableError, match=r"^no readable notebook: \w+"):
        read(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_language_is_that_of_the_setup_cell_and_otherwise_the_first(template, encoding):
    data = nbformat.writes(template).encode(encoding)
    assert language(data, ["en", "ru"]) == "ru"
    assert language(data[: len(data) // 2 * 2 - 20], ["en", "ru"]) == "ru"
    assert language(data, ["en", "zh"]) == "en"
    assert language(b"\xff\x00\xfe", ["en", "ru"]) == "en"
