"""Value, gradient, reductions and traps of the regression losses, and the text of their errors."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

DELTA, Q = 0.7, 0.9


@dataclass(frozen=True)
class Definition:
    """A loss of one residual r = input - target and its derivative, in plain Python."""

    value: Callable[[float], float]
    slope: Callable[[float], float]
    options: dict = field(default_factory=dict)
    native: Callable | None = None


def sign(r):
    return (r > 0) - (r < 0)


ELEMENTWISE = {
    "mse_loss": Definition(lambda r: r * r, lambda r: 2 * r, native=torch.nn.functional.mse_loss),
    "mae_loss": Definition(abs, sign, native=torch.nn.functional.l1_loss),
    "huber_loss": Definition(
        lambda r: r * r / 2 if abs(r) <= DELTA else DELTA * (abs(r) - DELTA / 2),
        lambda r: max(-DELTA, min(r, DELTA)),
        {"delta": DELTA},
        torch.nn.functional.huber_loss,
    ),
    "log_cosh_loss": Definition(lambda r: math.log(math.cosh(r)), math.tanh),
    "quantile_loss": Definition(
        lambda r: -Q * r if r < 0 else (1 - Q) * r, lambda r: (1 - Q) * (r > 0) - Q * (r < 0), {"q": Q}
    ),
}
ALL = [*ELEMENTWISE, "rmse_loss"]
each_elementwise = pytest.mark.parametrize("name", ELEMENTWISE)
each_loss = pytest.mark.parametrize("name", ALL)
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])

numbers = st.floats(-50, 50).map(lambda x: round(x, 6))
pairs = arrays(np.float64, st.tuples(st.just(2), st.integers(1, 8)), elements=numbers)


def options(name):
    return ELEMENTWISE[name].options if name in ELEMENTWISE else {}


def reference(name, input, target, **more):
    return getattr(R, name)(input, target, **options(name), **more)


def functional(name, input, target, **more):
    return getattr(F, name)(torch.as_tensor(input), torch.as_tensor(target), **options(name), **more)


def gradient(loss, input, target):
    input = torch.tensor(input, requires_grad=True)
    return torch.autograd.grad(loss(input, torch.as_tensor(target)), input)[0].numpy()


def assert_same_value(loss, definition, input, target):
    """`loss` of the pair, element by element, is what the definition says in a loop."""
    expected = [definition.value(p - t) for p, t in zip(input.tolist(), target.tolist(), strict=True)]
    np.testing.assert_allclose(loss(input, target), expected, rtol=1e-12, atol=1e-14)


def assert_same_gradient(loss, definition, input, target):
    """The gradient of the summed `loss` is the definition's slope at every residual."""
    expected = [definition.slope(p - t) for p, t in zip(input.tolist(), target.tolist(), strict=True)]
    np.testing.assert_allclose(gradient(loss, input, target), expected, rtol=1e-12, atol=1e-14)


# Value and gradient


@each_elementwise
@pytest.mark.parametrize("package", [reference, functional])
@given(pair=pairs)
def test_both_equal_the_definition_in_a_loop(package, name, pair):
    assert_same_value(lambda i, t: package(name, i, t, reduction="none"), ELEMENTWISE[name], *pair)


@each_elementwise
@given(pair=pairs)
def test_gradient_equals_the_closed_form(name, pair):
    assert_same_gradient(lambda i, t: functional(name, i, t, reduction="sum"), ELEMENTWISE[name], *pair)


def test_comparison_rejects_a_loss_or_gradient_wrong_by_a_factor_of_two():
    pair, definition = (np.array([1.0, 2.0]), np.array([0.5, -1.0])), ELEMENTWISE["mse_loss"]
    with pytest.raises(AssertionError, match="Not equal"):
        assert_same_value(lambda i, t: R.mse_loss(i, t, reduction="none") / 2, definition, *pair)
    with pytest.raises(AssertionError, match="Not equal"):
        assert_same_gradient(lambda i, t: ((i - t) * (i - t).detach()).sum(), definition, *pair)


@each_reduction
@pytest.mark.parametrize("name", [name for name, loss in ELEMENTWISE.items() if loss.native])
@given(pair=pairs)
def test_equals_pytorch(name, reduction, pair):
    native = ELEMENTWISE[name].native(*torch.from_numpy(pair), **options(name), reduction=reduction)
    torch.testing.assert_close(functional(name, *pair, reduction=reduction), native)


@each_loss
@given(pair=pairs)
def test_functional_equals_reference(name, pair):
    np.testing.assert_allclose(functional(name, *pair), reference(name, *pair), rtol=1e-12, atol=1e-14)


@each_loss
def test_first_and_second_derivatives_agree_with_finite_differences(name):
    input = torch.tensor([0.3, -1.5, 0.9, 2.0, 1.05], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0.1, 0.2, 1.2, 0.4, 0.01], dtype=torch.float64, requires_grad=True)

    def loss(input, target):
        return functional(name, input, target)

    assert torch.autograd.gradcheck(loss, (input, target))
    assert torch.autograd.gradgradcheck(loss, (input, target))


# Reductions and weights


@each_elementwise
@pytest.mark.parametrize("package", [reference, functional])
@given(pair=pairs)
def test_mean_and_sum_are_of_the_elements(package, name, pair):
    each = np.asarray(package(name, *pair, reduction="none"))
    np.testing.assert_allclose(package(name, *pair, reduction="sum"), each.sum(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(package(name, *pair), each.mean(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("package", [reference, functional])
@given(pair=pairs, data=st.data())
def test_integer_weights_equal_repeated_samples(package, pair, data):
    times = data.draw(arrays(np.int64, pair.shape[1], elements=st.integers(1, 5)))
    weight = times if package is reference else torch.from_numpy(times)
    repeated = np.repeat(pair, times, axis=1)
    for reduction in ("mean", "sum"):
        weighted = package("mse_loss", *pair, weight=weight, reduction=reduction)
        once_each = package("mse_loss", *repeated, reduction=reduction)
        np.testing.assert_allclose(weighted, once_each, rtol=1e-12, atol=1e-12)


def test_weighted_mse_equals_pytorch():
    input, target, weight = torch.rand(3, 4, 5, dtype=torch.float64)
    for reduction in ("mean", "sum", "none"):
        native = torch.nn.functional.mse_loss(input, target, weight=weight, reduction=reduction)
        torch.testing.assert_close(F.mse_loss(input, target, weight=weight, reduction=reduction), native)


def test_weighted_mse_compiles_vectorizes_and_runs_on_meta():
    def loss(input, target, weight):
        return F.mse_loss(input, target, weight=weight)

    arguments = torch.rand(3, 4, 5, dtype=torch.float64)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*arguments), loss(*arguments))
    each = [loss(*sample) for sample in arguments.unbind(1)]
    torch.testing.assert_close(torch.func.vmap(loss)(*arguments), torch.stack(each))
    assert loss(*arguments.to("meta")).is_meta


def test_weights_that_are_all_zero_give_zero_with_zero_gradient():
    weight = np.zeros(2)
    assert R.mse_loss([1.0, 2.0], [0.0, 0.0], weight=weight) == 0
    loss = gradient(lambda i, t: F.mse_loss(i, t, weight=torch.from_numpy(weight)), [1.0, 2.0], [0.0, 0.0])
    np.testing.assert_array_equal(loss, 0)


# Traps


@each_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_perfect_fit_has_zero_loss_and_zero_gradient(name, dtype):
    input = torch.tensor([1.0, -2.0, 0.0], dtype=dtype, requires_grad=True)
    loss = functional(name, input, input.detach())
    loss.backward()
    assert loss == 0
    assert (input.grad == 0).all()


def test_rmse_at_a_perfect_fit_is_differentiable_under_transforms():
    target = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    input = target + torch.tensor([[0.0], [1.0]])
    each = torch.func.vmap(torch.func.grad(F.rmse_loss))(input, target)
    torch.testing.assert_close(each, torch.tensor([[0.0, 0.0], [0.5, 0.5]]))
    second = torch.func.jacrev(torch.func.grad(F.rmse_loss))(target[0], target[0])
    torch.testing.assert_close(second, torch.zeros(2, 2))


def test_square_root_of_mse_would_not_pass_the_perfect_fit():
    input = torch.ones(2, requires_grad=True)
    torch.sqrt(F.mse_loss(input, torch.ones(2))).backward()
    assert input.grad.isnan().all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_log_cosh_neither_overflows_nor_loses_its_gradient_in_the_tails(dtype):
    input, target = np.array([-1e4, 1e4], dtype), np.zeros(2, dtype)
    expected = np.full(2, 1e4 - math.log(2), dtype)
    np.testing.assert_allclose(R.log_cosh_loss(input, target, reduction="none"), expected)
    np.testing.assert_allclose(functional("log_cosh_loss", input, target, reduction="none"), expected)
    summed = gradient(lambda i, t: F.log_cosh_loss(i, t, reduction="sum"), input, target)
    np.testing.assert_array_equal(summed, [-1, 1])


def test_log_cosh_keeps_its_relative_precision_near_zero():
    r = torch.tensor([1e-6, 1e-3, 0.5, 0.999, 1.001, 3.0])
    exact = torch.tensor([5e-13, 4.99999916666e-7, *np.log(np.cosh(np.float64([0.5, 0.999, 1.001, 3.0])))])
    actual = F.log_cosh_loss(r, torch.zeros(6), reduction="none")
    torch.testing.assert_close(actual, exact.float(), rtol=1e-6, atol=0)


def test_huber_neither_overflows_nor_loses_its_gradient_in_the_tails():
    far = torch.tensor([1e30, -1e30], requires_grad=True)
    loss = F.huber_loss(far, torch.zeros(2), delta=2.0)
    loss.backward()
    torch.testing.assert_close(loss, torch.tensor(2e30))
    torch.testing.assert_close(far.grad, torch.tensor([1.0, -1.0]))


@pytest.mark.parametrize(
    ("name", "loss"), [("mse_loss", 1e4), ("rmse_loss", 100.0), ("mae_loss", 10.0), ("huber_loss", 6.9976)]
)
def test_half_precision_overflows_only_where_the_result_does(name, loss):
    input = np.array([1000] + [0] * 99, np.float16)  # 1000² is beyond float16, its mean over 100 is not
    for package in (reference, functional):
        np.testing.assert_allclose(package(name, input, np.zeros_like(input)), loss, rtol=1e-3)


@each_loss
def test_half_precision_accumulates_beyond_its_own_range(name):
    input = np.full(70_000, 2, np.float16)  # their sum is beyond float16
    for package in (reference, functional):
        alone = package(name, input[:1], np.zeros_like(input[:1]))
        np.testing.assert_allclose(package(name, input, np.zeros_like(input)), alone, rtol=2e-3)


@each_loss
def test_one_sample_and_a_scalar_agree(name):
    for package in (reference, functional):
        one, scalar = package(name, [1.5], [0.2]), package(name, 1.5, 0.2)
        assert one.shape == scalar.shape == ()
        assert one == scalar


@each_loss
def test_empty_batch_has_zero_loss_and_zero_gradient(name):
    empty = np.empty((0, 3))
    assert reference(name, empty, empty) == 0
    assert functional(name, empty, empty) == 0
    assert gradient(lambda i, t: functional(name, i, t), empty, empty).shape == (0, 3)


# Wrong arguments


@pytest.mark.parametrize("package", [R, F])
@pytest.mark.parametrize("delta", [0, -1.0, math.nan])
def test_delta_must_be_positive(package, delta):
    with pytest.raises(ValueError, match=f"^huber_loss: expected delta > 0, got {delta}$"):
        package.huber_loss(torch.ones(2), torch.ones(2), delta=delta)


@pytest.mark.parametrize("package", [R, F])
@pytest.mark.parametrize("q", [0, 1, -0.1, 90, math.nan])
def test_q_must_lie_between_0_and_1(package, q):
    with pytest.raises(ValueError, match=f"^quantile_loss: expected 0 < q < 1, got {q}$"):
        package.quantile_loss(torch.ones(2), torch.ones(2), q=q)


@pytest.mark.parametrize("package", [R, F])
def test_weight_must_have_the_shape_of_the_prediction(package):
    with pytest.raises(ValueError, match=r"^mse_loss: expected weight \(2,\), got \(1,\)$"):
        package.mse_loss(torch.ones(2), torch.ones(2), weight=torch.ones(1))


def test_reference_rejects_negative_weights():
    with pytest.raises(ValueError, match=r"^mse_loss: expected weight >= 0, got -1.0$"):
        R.mse_loss([1.0, 2.0], [0.0, 0.0], weight=[1.0, -1.0])
