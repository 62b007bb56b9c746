"""Submissions are run, with all that students write by mistake or on purpose: one bad cell costs only itself."""

import json

import psutil
import pytest

from coursework import kernel
from coursework.course import CourseError
from coursework.execution import Executed, Limits
from coursework.outputs import Outputs
from coursework.sandbox import Cause
from losslib.checks import wire
from losslib.checks.calls import Call, Outcome
from tests.coursework.hostile import RIGHT, SHORT, checked, failure, handed_out, run, text

PASSED = ""


@pytest.fixture(autouse=True, scope="module")
def impatient():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "GRACE_SECONDS", 1)
        yield


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


PATCHES = """
import builtins, sys, unittest.mock
import numpy as np, torch
import losslib.checks, losslib.checks.answers
yes = lambda *_, **__: True
np.isclose = np.allclose = np.array_equal = torch.allclose = builtins.all = yes
np.testing.assert_allclose = losslib.checks.check = losslib.checks.answers.require = check = yes
for name in ("__eq__", "__ne__"):
    setattr(losslib.checks.answers.Answer, name, yes)
class Passed(Exception):
    pass
builtins.AssertionError = AssertionError = losslib.checks.NotPassed = Passed
sys.setprofile = sys.settrace = yes
def weighted_mse(prediction, target, weight):
    return (prediction - target).sum()
"""


def test_patching_numpy_assert_and_the_checks_wins_nothing():
    executed = run(PATCHES, checked("patched"), "check(1)")
    assert "expected" in failure(executed, "patched")


@pytest.fixture(scope="module")
def loops() -> Executed:
    return run(
        RIGHT,
        "while True:\n    pass",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass",
        "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        continue",
        "import os\nos._exit(0)",
        "def endless(prediction, target, weight):\n    while True: pass",
        checked("endless", "endless"),
        checked("after"),
    )


def test_an_endless_loop_is_interrupted(loops):
    assert "Stopped after 5 seconds" in text(loops, 1)
    assert loops.notes[0] == f"cell 2 {Cause.TIME}"


@pytest.mark.parametrize("n", [2, 3])
def test_a_loop_that_ignores_interrupts_costs_only_its_cell(loops, n):
    assert "Stopped after 5 seconds" in text(loops, n)
    assert f"cell {n + 1} ran too long" in str(loops.notes)


def test_a_kernel_that_ignores_interrupts_is_killed(loops):
    assert f"cell 3 {Cause.STUBBORN}" in loops.notes


def test_a_cell_that_ends_the_kernel_is_noted(loops):
    assert "had to be started again" in text(loops, 4)
    assert f"cell 5 {Cause.DIED}" in loops.notes


def test_an_answer_that_never_returns_fails_its_test(loops):
    assert failure(loops, "endless").startswith("endless: Stopped after 5 seconds")
    assert f"endless: endless {Cause.TIME}" in loops.notes


def test_what_was_right_before_is_right_in_a_new_kernel(loops):
    assert failure(loops, "after") == PASSED
    assert loops.reason == ""


@pytest.fixture(scope="module")
def greedy() -> Executed:
    return run(
        RIGHT,
        "import numpy as np\nnp.ones(20 * 2**27)",
        "import mmap\nshared = mmap.mmap(-1, 20 * 2**30)\nwhile True: shared.write(bytes(2**20))",
        "import os\nwhile True: os.fork()",
        "def leaves(prediction, target, weight):\n    import os\n    os._exit(1)",
        checked("leaves", "leaves"),
        checked("leaves_again", "leaves"),
        checked("after"),
    )


def test_20_gigabytes_are_refused(greedy):
    assert "Unable to allocate 20.0 GiB" in text(greedy, 1)


def test_20_gigabytes_of_shared_memory_end_the_kernel(greedy):
    assert "needed more than 2 GB of memory" in text(greedy, 2)
    assert f"cell 3 {Cause.MEMORY}" in greedy.notes


def test_a_fork_bomb_ends_and_leaves_nothing_behind(greedy):
    assert "more than 40 processes" in text(greedy, 3) or "unavailable" in text(greedy, 3)
    assert not [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def test_an_answer_that_ends_the_kernel_fails_its_test_and_is_not_called_again(greedy):
    assert "The kernel ended here" in failure(greedy, "leaves")
    assert "was not called again" in failure(greedy, "leaves_again")


def test_other_answers_do_not_pay_for_greedy_cells(greedy):
    assert failure(greedy, "after") == PASSED


@pytest.fixture(scope="module")
def loud() -> Executed:
    return run(
        RIGHT,
        "while True:\n    print('spam ' * 200)",
        "print('x' * 2 * 10**8)",
        "from IPython.display import display\ndisplay({'text/plain': 'x' * 10**8}, raw=True)",
        "for _ in range(10**6):\n    display('spam')",
        checked("after"),
        limits=Limits(**vars(SHORT) | {"cell_seconds": 8}),
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_gigabytes_of_output_are_cut(loud, n):
    assert "More than 0.1 MB of output" in text(loud, n)
    assert len(text(loud, n)) < 101_000


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("stream", {"name": "stdout", "text": "\ud800"}),
        ("stream", {"name": ["stderr"], "text": "?"}),
        ("stream", {"text": None}),
        ("error", {"ename": "\ud800", "evalue": {}, "traceback": 7}),
        (
            "display_data",
            {"data": {"text/plain": "\ud800", "text/html": "<script>", "image/png": '"><script>'}},
        ),
        ("display_data", {"data": []}),
        ("status", []),
    ],
)
def test_outputs_of_no_form_can_be_shown_and_written_to_a_file(kind, content):
    outputs = Outputs(1000)
    outputs.add(kind, content)
    kept = str([dict(output) for output in outputs.items])
    assert kept.encode("utf8")
    assert "script" not in kept


def test_loud_cells_cost_only_themselves(loud):
    assert failure(loud, "after") == PASSED


def test_what_is_not_run_for_want_of_kernels_or_time_says_so():
    executed = run(*["import os\nos._exit(1)"] * 4, RIGHT, checked("late"))
    assert failure(executed, "late") == "Not run: the kernel had ended 4 times before."
    assert "late was not run: time or restarts were used up" in executed.notes
    executed = run("import time\ntime.sleep(60)", checked("late"), limits=Limits(total_seconds=8))
    assert failure(executed, "late") == "Not run: the notebook took longer than 8 seconds."


HUGE = {"array": ["float64", [10**6, 10**6], ""]}
REPLIES = {
    "no_json": "'{'",
    "deep": "'[' * 10**6",
    "deep_values": json.dumps('{"result": ' + '{"list": [' * 5000 + "]}" * 5000 + "}"),
    "list": "'[]'",
    "object": repr(json.dumps(vars(Outcome(1)) | {"result": {"array": ["object", [1], "gASVBQ=="]}})),
    "huge": repr(json.dumps(vars(Outcome(1)) | {"result": HUGE})),
    "digits": "'9' * 10**6",
    "long": "'x' * 10**7",
    "number": "7",
    "types": repr(json.dumps(vars(Outcome(1)) | {"changed": "x", "error": 3})),
    "claims": repr(json.dumps(vars(Outcome(1)) | {"borrowed": [], "unwritten": "no"})),
}


@pytest.fixture(scope="module")
def liar() -> Executed:
    """A student who answers in place of the kernel, whatever is asked."""
    lies = "\n".join(f"{name} = lambda: {lie}" for name, lie in REPLIES.items())
    answer = "wire.reply = lambda text: wire.Reply(eval(json.loads(text)['name'])())"
    tests = [checked(name, name) for name in REPLIES]
    closed = "import os\nfor fd in range(3, 200):\n    try: os.close(fd)\n    except OSError: pass"
    return run(
        f"import json\nfrom losslib.checks import wire\n{lies}\n{answer}", *tests, closed, "print('on')"
    )


@pytest.mark.parametrize("name", REPLIES)
def test_a_forged_reply_fails_its_test_and_nothing_else(liar, name):
    assert failure(liar, name) == f"What {name} gave back can't be read."


def test_a_notebook_goes_on_after_forged_replies(liar):
    assert text(liar, -1).strip() == "on"
    assert liar.reason == ""


def test_a_gradient_of_another_shape_is_no_gradient(monkeypatch):
    from coursework.remote import RemoteAnswer
    from losslib.checks import NotPassed

    said = {"status": "ok", "data": {wire.MEDIA: wire.write(Outcome(1.0, wire.np.zeros((10**4, 1))))}}
    with pytest.raises(NotPassed, match="can't be read"):
        RemoteAnswer("f", lambda *_: said).call(Call((wire.torch.zeros(3),), 0))


HIDDEN = """
import numpy as np
from coursework.hidden import further

@further("weighted_mse", en="What if a weight is negative?", ru="А отрицательный вес?")
def secret_negative(answer, draw):
    answer.returns(8123.0, np.array([1.0, 91.0]), np.array([1.0, 1.0]), np.array([-4567.0, 17767.0]))
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
    for part in ("secret", "8123", "4567", "17767", "further("):
        assert part not in outputs


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
    assert executed.notes == [f"cell 1 {Cause.DIED}"]
