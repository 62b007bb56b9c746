"""What students write by mistake or on purpose costs only their own cell, wins nothing, and is noted."""

import json

import psutil
import pytest

from coursework import kernel
from coursework.execution import Executed
from coursework.outputs import Outputs
from coursework.remote import RemoteAnswer
from coursework.sandbox import Cause, Limits, Watchdog
from losslib.checks import NotPassed, wire
from losslib.checks.calls import Call, Outcome
from tests.coursework.hostile import RIGHT, SHORT, checked, failure, run, text

PASSED = ""


@pytest.fixture(autouse=True, scope="module")
def impatient():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "GRACE_SECONDS", 1)
        yield


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
    assert loops.notes[0] == Cause.TIME.format(cell="cell 2")


@pytest.mark.parametrize("n", [2, 3])
def test_a_loop_that_ignores_interrupts_costs_only_its_cell(loops, n):
    assert "Stopped after 5 seconds" in text(loops, n)
    assert f"cell {n + 1} ran too long" in str(loops.notes)


def test_a_kernel_that_ignores_interrupts_is_killed(loops):
    assert Cause.STUBBORN.format(cell="cell 3") in loops.notes


def test_a_cell_that_ends_the_kernel_is_noted(loops):
    assert "had to be started again" in text(loops, 4)
    assert Cause.DIED.format(cell="cell 5") in loops.notes


def test_an_answer_that_never_returns_fails_its_test(loops):
    assert failure(loops, "endless").startswith("endless: Stopped after 5 seconds")
    assert Cause.TIME.format(cell="endless: endless") in loops.notes


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
    assert Cause.MEMORY.format(cell="cell 3") in greedy.notes


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
        "print('x' * 10**8)",
        "from IPython.display import display\ndisplay({'text/plain': 'x' * 10**8}, raw=True)",
        "for _ in range(10**6):\n    display('spam')",
        checked("after"),
        limits=Limits(**vars(SHORT) | {"cell_seconds": 8}),
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_gigabytes_of_output_are_cut(loud, n):
    assert "More than 0.1 MB of output" in text(loud, n)
    assert len(text(loud, n)) < 101_000


def test_loud_cells_cost_only_themselves(loud):
    assert failure(loud, "after") == PASSED


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
    said = {"status": "ok", "data": {wire.MEDIA: wire.write(Outcome(1.0, wire.np.zeros((10**4, 1))))}}
    with pytest.raises(NotPassed, match="can't be read"):
        RemoteAnswer("f", lambda *_: said).call(Call((wire.torch.zeros(3),), 0))


def test_a_machine_without_memory_is_a_reason_and_no_grade(monkeypatch):
    monkeypatch.setattr(Watchdog, "RESERVE", 2**60)
    executed = run("while True:\n    pass", checked("after"))
    assert "this machine had almost no memory left" in executed.reason
