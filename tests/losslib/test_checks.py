"""What `check` says of an answer, whatever it is; the tasks themselves are tested family by family."""

import json
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional
from sklearn.metrics import mean_squared_error
from torch.nn.functional import mse_loss as bound_before

from losslib import checks, functional, nn, reference
from losslib.checks import Answer, NotPassed, check, require, wire
from losslib.checks.answers import short
from losslib.checks.calls import Call, Outcome
from losslib.locales import use_language


def weighted_mse(prediction, target, weight):
    return (weight * (prediction - target) ** 2).sum() / weight.sum() if weight.any() else 0.0


def said(*answers, name="weighted_mse"):
    with pytest.raises(NotPassed) as failure:
        check(name, *answers)
    return str(failure.value)


def named(function):
    function.__name__ = "weighted_mse"
    return function


def test_right_answer_is_told_so(capsys):
    check("weighted_mse", weighted_mse)
    assert capsys.readouterr().out == "weighted_mse: all as expected.\n"


def test_salt_gives_other_numbers_and_the_same_each_time():
    seen = []

    def spy(prediction, target, weight):
        seen.append(prediction[0])
        return weighted_mse(prediction, target, weight)

    for salt in ("", "a", "a"):
        check("weighted_mse", spy, salt=salt)
    first, other, again = np.array_split(seen, 3)
    assert (other == again).all()
    assert (first != other).any()


def test_message_shows_the_input_the_result_and_what_was_expected():
    wrong = named(lambda prediction, target, weight: 3.0)
    assert said(wrong) == (
        "weighted_mse([1., 5.], [0., 2.], [1., 3.]) returned 3; expected 7. Divide by the sum of the weights."
    )


def test_message_is_in_the_readers_language():
    use_language("ru")
    assert re.search("[а-я]", said(named(lambda *_: 3.0)))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda p, t, w: None, "returned nothing: is return missing?"),
        (lambda p, t, w: 1 / 0, "raised ZeroDivisionError: division by zero."),
        (lambda p, t, w: "7", "returned '7'; expected numbers."),
        (lambda p, t, w: w * (p - t) ** 2, "returned the shape (2,); expected ()."),
        (lambda p, t, w: math.nan, "returned nan; expected 7."),
        (lambda p, t: 7.0, "raised TypeError: "),
        (lambda p, t, w: np.subtract(p, t, out=p).sum(), "changed argument 1: work on a copy."),
    ],
)
def test_what_no_task_accepts_is_named(answer, message):
    assert message in said(named(answer))


def test_unwritten_answer_is_said_to_be_unwritten():
    def weighted_mse(prediction, target, weight):
        raise NotImplementedError

    assert said(weighted_mse) == "weighted_mse is not written yet."


def tensors(function):
    return named(lambda *arguments: function(*map(torch.tensor, arguments)))


@pytest.mark.parametrize(
    ("answer", "function"),
    [
        (tensors(lambda p, t, w: bound_before(p, t)), "torch.nn.functional.mse_loss"),
        (tensors(lambda p, t, w: torch.nn.MSELoss()(p, t)), "torch.nn.functional.mse_loss"),
        (tensors(lambda p, t, w: torch._C._nn.mse_loss(p, t)), "torch.mse_loss"),
        (tensors(lambda p, t, w: functional.mse_loss(p, t, weight=w)), "losslib.functional.mse_loss"),
        (tensors(lambda p, t, w: nn.MSELoss()(p, t)), "losslib."),
        (named(lambda p, t, w: reference.mse_loss(p, t, weight=w)), "losslib.reference.mse_loss"),
        (named(lambda p, t, w: mean_squared_error(p, t)), "sklearn.metrics.mean_squared_error"),
    ],
)
def test_librarys_loss_is_noticed_under_every_name(answer, function):
    message = said(answer)
    assert message.startswith(f"weighted_mse uses {function}")
    assert message.endswith("but the task is to write it yourself.")


def test_error_is_shown_without_a_traceback():
    assert NotPassed("Divide.")._render_traceback_() == ["Divide."]


def test_unknown_task_names_a_near_one():
    with pytest.raises(ValueError, match=r"expected the name of a task, got 'weighted_ms'; 'weighted_mse'\?"):
        check("weighted_ms", weighted_mse)


def test_task_name_is_used_once():
    with pytest.raises(ValueError, match=r"'weighted_mse' is already defined in losslib\.checks\.regression"):
        checks.task("weighted_mse")(weighted_mse)


def test_every_task_says_what_it_asks_for():
    assert [name for name, task in checks.tasks().items() if not task.__doc__] == []


def square(x, y):
    return (x**2 * y).sum()


def test_gradient_is_asked_for_one_argument():
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    answer = Answer(square)
    answer.has_gradient([6.0, 16.0], x, y)
    answer.has_gradient([1.0, 4.0], x, y, wrt=1)
    assert not x.requires_grad
    message = (
        r"The gradient of square\(\[1\., 2\.\], \[3\., 4\.\]\) is \[ ?6\., 16\.\]; expected \[0, 0\]\. Look\."
    )
    with pytest.raises(NotPassed, match=message):
        answer.has_gradient([0, 0], x, y, hint="Look.")


@pytest.mark.parametrize(
    "answer", [lambda x: x.detach().sum(), lambda x: float(x.detach().sum()), lambda x: torch.ones(2)]
)
def test_gradient_that_does_not_flow_is_said_to_be_missing(answer):
    with pytest.raises(NotPassed, match="No gradient flows through"):
        Answer(answer).has_gradient([1.0, 1.0], torch.ones(2))


def test_of_a_large_array_the_first_wrong_element_is_shown():
    right = np.arange(12.0).reshape(3, 4)
    wrong = right.copy()
    wrong[1, 2] = -1
    with pytest.raises(NotPassed, match=re.escape("(<12>) returned -1 [1, 2]; expected 6 [1, 2].")):
        Answer(lambda x: wrong).returns(right, right.ravel())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 5)), "<2 × 5>"),
        (torch.tensor([1.5, -2]), "[ 1.5, -2. ]"),
        (torch.tensor(3.0), "3"),
        (np.float32(0.1), "0.1"),
        (np.array([1, 2]), "[1, 2]"),
        (1e-12, "1e-12"),
        ("a" * 100, "'" + "a" * 58 + "…"),
    ],
)
def test_values_are_shown_shortly(value, text):
    assert short(value) == text


def test_values_are_what_was_asked_for():
    assert Answer(np.array(2.5)).number() == Answer(torch.tensor([2.5])).number() == 2.5
    assert Answer("mae").word("mae", "mse") == "mae"
    assert Answer([[1, 2]]).array(1, 2).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("ask", "value", "message"),
    [
        (lambda a: a.number(), "2", "Expected a number, got '2'."),
        (lambda a: a.word("mae", "mse"), "rmse", "Expected one of 'mae', 'mse', got 'rmse'."),
        (lambda a: a.array(2), [1, 2, 3], "Expected the shape (2,), got (3,)."),
        (lambda a: a.array(2), [[1], [2, 3]], "Expected an array of numbers, got [[1], [2, 3]]."),
    ],
)
def test_values_of_another_kind_are_named(ask, value, message):
    with pytest.raises(NotPassed, match=f"^{re.escape(message)}$"):
        ask(Answer(value))


def test_requirement_speaks_only_when_it_is_not_met():
    require(True, "no")
    with pytest.raises(NotPassed, match=r"^yes$"):
        require(np.False_, "yes")


VALUES = [
    None,
    True,
    3,
    -0.0,
    math.inf,
    "слово",
    [1, [2.5, "a"]],
    (1, (2,)),
    {"a": 1, 2: [3]},
    np.arange(6).reshape(2, 3),
    np.zeros((0, 3), np.float16),
    np.array([True, False]),
    torch.tensor([1.5, math.nan], dtype=torch.bfloat16),
    torch.zeros(2, 0),
    torch.arange(4).reshape(2, 2),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_data_cross_to_another_process_unchanged(value):
    back = wire.decode(json.loads(json.dumps(wire.encode(value))))
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_outcome_crosses_unchanged():
    outcome = Outcome(np.ones(2), torch.zeros(3), "E: e", True, "losslib.mse_loss", 2)
    assert repr(wire.read(wire.write(outcome))) == repr(outcome)


def test_what_is_no_data_crosses_as_its_looks():
    back = wire.read(wire.write(Outcome(lambda: 3))).result
    assert repr(back).startswith("<function")
    assert Answer(lambda: back).call(Call(())).result is back


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "{}",
        "[" * 10_000,
        json.dumps({"result": {"array": ["object", [1], ""]}}),
        json.dumps(vars(Outcome()) | {"error": 3}),
        json.dumps(vars(Outcome()) | {"result": {"array": ["float64", [10**12], ""]}}),
        json.dumps(vars(Outcome()) | {"result": {"tensor": ["float32", [-1, 0], "AAAA"]}}),
        json.dumps(vars(Outcome()) | {"result": {"array": ["float64", [2], "!!"]}}),
    ],
)
def test_text_that_is_no_outcome_is_refused(text):
    with pytest.raises(ValueError, match=r"^expected an outcome, got "):
        wire.read(text)
