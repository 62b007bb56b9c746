"""Submissions are run: right and wrong answers, what is not run, further checks, and without a sandbox."""

import numpy as np
import pytest
import torch

from coursework.course import CourseError
from coursework.execution import Executed
from coursework.sandbox import Cause, Limits
from losslib.checks import wire
from losslib.checks.calls import Outcome
from tests.coursework.hostile import RIGHT, checked, failure, handed_out, run, text

PASSED = ""


@pytest.fixture(scope="module")
def honest() -> Executed:
    return run(
        "import numpy as np\nprint('noise')\n1 + 1",
        RIGHT.replace("total =", "print('more noise')\n    total ="),
        checked("right"),
        "def unweighted(prediction, target, weight):\n    return ((prediction - target) ** 2).mean()",
        checked("wrong", "unweighted"),
        "def blank(prediction, target, weight):\n    raise NotImplementedError",
        checked("blank", "blank"),
        checked("missing", "not_defined"),
        "1 / 0",
        "def broken(prediction, target, weight):\n    return prediction / absent",
        checked("raises", "broken"),
        "number = 0.5",
        checked("number", "number"),
        "from IPython.display import HTML\nHTML('<script>alert()</script>')",
        checked("again"),
    )


def test_a_right_answer_passes(honest):
    assert failure(honest, "right") == PASSED


def test_a_wrong_answer_is_told_what_was_expected(honest):
    assert "unweighted([" in failure(honest, "wrong")
    assert "expected" in failure(honest, "wrong")


@pytest.mark.parametrize("name", ["blank", "missing"])
def test_an_answer_that_is_not_there_is_not_written_yet(honest, name):
    assert "is not written yet" in failure(honest, name)


def test_an_answer_that_raises_is_told_the_error(honest):
    assert "NameError: name 'absent' is not defined" in failure(honest, "raises")


def test_a_number_where_a_function_is_asked_for_fails_as_an_answer(honest):
    assert "not callable" in failure(honest, "number")


def test_a_cell_shows_its_outputs_and_errors(honest):
    assert "noise" in text(honest, 0)
    assert "{'text/plain': '2'}" in text(honest, 0)
    assert "division by zero" in text(honest, 8)


def test_what_an_answer_prints_is_not_in_the_output_of_its_test(honest):
    assert "noise" not in text(honest, 2)


def test_a_script_never_reaches_who_reads_the_feedback(honest):
    assert "script" not in text(honest, 13)


def test_an_error_costs_only_its_cell(honest):
    assert failure(honest, "again") == PASSED
    assert (honest.notes, honest.reason) == ([], "")


def test_twice_gives_the_same_in_the_students_language():
    cells = (RIGHT, checked("right"), checked("missing", "absent"), "print({'a', 'b', 'c'})")
    once, again = (run(*cells, language="ru", salt="2027") for _ in range(2))
    assert [cell.outputs for cell in once.notebook.cells] == [cell.outputs for cell in again.notebook.cells]
    assert "absent" in failure(once, "missing")
    assert "is not written yet" not in failure(once, "missing")


def test_what_is_not_run_for_want_of_kernels_or_time_says_so():
    executed = run(*["import os\nos._exit(1)"] * 4, RIGHT, checked("late"))
    assert failure(executed, "late") == "Not run: the kernel had ended 4 times before."
    assert "late was not run to the end: time or restarts were used up" in executed.notes
    executed = run("import time\ntime.sleep(60)", checked("late"), limits=Limits(total_seconds=8))
    assert failure(executed, "late") == "Not run: the notebook took longer than 8 seconds."


HIDDEN = """
import numpy as np
from coursework.hidden import further

@further("weighted_mse", en="What if a weight is negative?", ru="А отрицательный вес?")
def secret_negative(answer, draw):
    expected = 17767 * 8100 / 13200  # 10902.48
    answer.returns(expected, np.array([1.0, 91.0]), np.array([1.0, 1.0]), np.array([-4567.0, 17767.0]))
"""
CURIOUS = """
seen = []
def positive(prediction, target, weight):
    seen.append((prediction, weight))
    assert (weight >= 0).all(), f"secret {weight}"
    return weighted_mse(prediction, target, weight)
"""


@pytest.fixture(scope="module", params=["en", "ru"])
def secretive(request) -> tuple[str, Executed]:
    cells = (
        RIGHT,
        checked("right"),
        CURIOUS,
        checked("naive", "positive"),
        "print(seen[-1])",
    )
    return request.param, run(*cells, hidden=HIDDEN, language=request.param)


def test_further_checks_are_run_and_fail_with_their_hint_alone(secretive):
    language, executed = secretive
    hint = {"en": "What if a weight is negative?", "ru": "А отрицательный вес?"}[language]
    assert failure(executed, "right") == PASSED
    assert failure(executed, "naive").endswith(hint)


def test_nothing_of_further_checks_is_found_in_the_outputs(secretive):
    outputs = str([cell.get("outputs") for cell in secretive[1].notebook.cells]) + str(secretive[1].notes)
    assert "array" in outputs  # what visible checks have asked, a student may show
    for part in ("secret", "10902", "4567", "17767", "further("):
        assert part not in outputs


def test_who_uses_up_all_kernels_does_not_evade_further_checks():
    executed = run(RIGHT, checked("right"), *["import os\nos._exit(1)"] * 4, hidden=HIDDEN)
    assert failure(executed, "right") == "Not run: the kernel had ended 4 times before."
    assert "right was not run to the end: time or restarts were used up" in executed.notes


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 +", "(?s)can't be run: .*SyntaxError"),
        ("import absent", "can't be run: ModuleNotFoundError"),
        (
            "from coursework.hidden import further\n@further('weighted_mes')\ndef f(a, d): ...",
            "'weighted_mse'?",
        ),
    ],
)
def test_further_checks_that_are_wrong_are_refused(source, message):
    with pytest.raises(CourseError, match=message):
        run(hidden=source)


def test_without_the_sandbox_all_else_is_the_same():
    executed = run(
        "import os\nos._exit(1)",
        RIGHT,
        checked("right"),
        handed_out("two", "check('weighted_mse', no)"),
        sandboxed=False,
    )
    assert failure(executed, "right") == PASSED
    assert "not written yet" in failure(executed, "two")
    assert executed.notes == [Cause.DIED.format(cell="cell 1")]


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            True,
            7,
            0.1,
            float("nan"),
            -np.inf,
            "слово",
            [1, ("a", 2.5)],
            {"reduction": "mean", 2: None},
        ),
        *(np.float32(0.1), np.arange(6.0).reshape(2, 3).T, np.zeros((0, 3)), np.array([True, False])),
        *(
            torch.tensor(1.5),
            torch.arange(6).reshape(2, 3).T,
            torch.zeros(0, 2),
            torch.ones(3, dtype=torch.bfloat16),
        ),
    ],
    ids=repr,
)
def test_what_crosses_to_a_kernel_and_back_is_unchanged(value):
    back = wire.read(wire.write(Outcome(value))).result
    if isinstance(value, torch.Tensor):
        assert (back.dtype, back.shape) == (value.dtype, value.shape)
        assert torch.equal(back, value)
    elif isinstance(value, (np.ndarray, np.generic)):
        assert (back.dtype, back.shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(back, value)
    else:
        assert repr(back) == repr(value)


def test_of_an_object_only_its_look_crosses():
    assert repr(wire.read(wire.write(Outcome(run))).result) == "<function run>"


def test_a_test_that_is_wrong_itself_is_not_held_against_the_student():
    with pytest.raises(ValueError, match="expected the name of a task"):
        run(handed_out("odd", "check('weighted_nse', weighted_mse)"))
