"""Value, gradient, reductions and traps of the margin losses, and the texts of their errors."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from losslib import functional as F
from losslib import reference as R

CLASSES = "multiclass_hinge_loss"
RANKING = "margin_ranking_loss"


@dataclass(frozen=True)
class Definition:
    """A loss of one input x and its label y, -1 or 1, and its derivative in x, in plain Python."""

    value: Callable[[float, float], float]
    slope: Callable[[float, float], float]
    options: dict = field(default_factory=dict)


BINARY = {
    "hinge_loss": Definition(lambda x, y: max(0, 1 - y * x), lambda x, y: -y if y * x < 1 else 0),
    "squared_hinge_loss": Definition(
        lambda x, y: max(0, 1 - y * x) ** 2, lambda x, y: -2 * y * max(0, 1 - y * x)
    ),
    "hinge_embedding_loss": Definition(
        lambda x, y: x if y == 1 else max(0, 0.7 - x),
        lambda x, y: 1 if y == 1 else (-1 if x < 0.7 else 0),
        {"margin": 0.7},
    ),
}
each_binary = pytest.mark.parametrize("name", BINARY)
each_loss = pytest.mark.parametrize("name", [*BINARY, CLASSES, RANKING])
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
each_package = pytest.mark.parametrize("package", [R, F])
each_dtype = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])

numbers = st.floats(-50, 50).map(lambda x: round(x, 6))
seeds = st.integers(0, 1000).map(np.random.default_rng)


@st.composite
def labelled(draw):
    """Inputs and labels -1 or 1."""
    shape = draw(st.integers(1, 8))
    return draw(arrays(np.float64, shape, elements=numbers)), draw(
        arrays(np.float64, shape, elements=st.sampled_from([-1.0, 1.0]))
    )


@st.composite
def classified(draw):
    """Scores of three classes and class indices."""
    samples = draw(st.integers(1, 6))
    return draw(arrays(np.float64, (samples, 3), elements=numbers)), draw(
        arrays(np.int64, samples, elements=st.integers(0, 2))
    )


def call(package, name, *arguments, **options):
    """The loss of arrays or tensors, with its options unless others are given."""
    make = torch.as_tensor if package is F else np.asarray
    defaults = BINARY[name].options if name in BINARY else {}
    return getattr(package, name)(*map(make, arguments), **{**defaults, **options})


def gradients(name, *arguments, **options):
    """The gradients of the summed loss in all floating-point arguments but the last, the target."""
    *inputs, target = map(torch.as_tensor, arguments)
    inputs = [input.clone().requires_grad_() for input in inputs]
    return torch.autograd.grad(call(F, name, *inputs, target, reduction="sum", **options), inputs)


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


# Value and gradient


@each_binary
@each_package
@given(case=labelled())
def test_both_equal_the_definition_in_a_loop(package, name, case):
    expected = [BINARY[name].value(x, y) for x, y in zip(*map(np.ndarray.tolist, case), strict=True)]
    assert_close(call(package, name, *case, reduction="none"), expected)
    assert_close(call(package, name, *case), np.mean(expected))


@each_binary
@given(case=labelled())
def test_gradient_equals_the_closed_form(name, case):
    expected = [BINARY[name].slope(x, y) for x, y in zip(*map(np.ndarray.tolist, case), strict=True)]
    assert_close(gradients(name, *case)[0], expected)


@each_package
@given(case=classified())
def test_multiclass_hinge_equals_the_definition_in_a_loop(package, case):
    expected = [
        max(0, 1 + max(score for c, score in enumerate(scores) if c != y) - scores[y])
        for scores, y in zip(*map(np.ndarray.tolist, case), strict=True)
    ]
    assert_close(call(package, CLASSES, *case, reduction="none"), expected)
    assert_close(call(package, CLASSES, *case), np.mean(expected))


@given(case=classified())
def test_gradient_of_multiclass_hinge_pulls_the_right_score_up_and_one_best_wrong_score_down(case):
    (gradient,) = gradients(CLASSES, *case)
    losses = call(R, CLASSES, *case, reduction="none")
    for row, scores, y, loss in zip(gradient.tolist(), *map(np.ndarray.tolist, case), losses, strict=True):
        best_wrong = max(score for c, score in enumerate(scores) if c != y)
        lowered = [c for c, slope in enumerate(row) if slope == 1]
        if loss > 0:
            assert len(lowered) == 1
            assert scores[lowered[0]] == best_wrong
            assert lowered[0] != y
            assert row[y] == -1
            assert sum(map(abs, row)) == 2
        else:
            assert row == [0, 0, 0]


@each_package
@given(case=labelled(), generator=seeds, margin=st.floats(0, 3).map(lambda x: round(x, 6)))
def test_margin_ranking_equals_the_definition_in_a_loop(package, case, generator, margin):
    first, y = case
    second = generator.normal(size=first.shape)
    expected = [max(0, margin - t * (a - b)) for a, b, t in zip(first, second, y, strict=True)]
    assert_close(call(package, RANKING, first, second, y, margin=margin, reduction="none"), expected)
    slope = [-t if t * (a - b) <= margin else 0 for a, b, t in zip(first, second, y, strict=True)]
    of_first, of_second = gradients(RANKING, first, second, y, margin=margin)
    assert_close(of_first, slope)
    assert_close(of_second, -np.array(slope))


@each_reduction
@given(case=labelled(), generator=seeds, margin=st.floats(0, 3))
def test_losses_that_pytorch_has_equal_pytorchs(reduction, case, generator, margin):
    input, target = map(torch.from_numpy, case)
    other = torch.from_numpy(generator.normal(size=input.shape))
    for name, inputs in (("hinge_embedding_loss", [input]), (RANKING, [input, other])):
        ours, native = (
            getattr(library, name)(*inputs, target, margin=margin, reduction=reduction)
            for library in (F, torch.nn.functional)
        )
        torch.testing.assert_close(ours, native)


def test_gradients_of_losses_that_pytorch_has_equal_pytorchs():
    input, target = torch.tensor([-1.5, 0.2, 0.7, 3.0]), torch.tensor([1, -1, 1, -1])
    for name, inputs in (("hinge_embedding_loss", [input]), (RANKING, [input, input.flip(0)])):
        inputs = [x.clone().requires_grad_() for x in inputs]
        ours, native = (
            torch.autograd.grad(getattr(library, name)(*inputs, target, margin=0.3), inputs)
            for library in (F, torch.nn.functional)
        )
        torch.testing.assert_close(ours, native)


@each_package
def test_hinge_losses_equal_scikit_learns(package):
    generator = np.random.default_rng(0)
    f, y = generator.normal(size=20), np.tile([-1, 1, 1, -1], 5)
    assert_close(call(package, "hinge_loss", f, y), metrics.hinge_loss(y, f))
    f, y = generator.normal(size=(20, 4)), generator.integers(4, size=20)
    assert_close(call(package, CLASSES, f, y), metrics.hinge_loss(y, f, labels=range(4)))


def test_loops_reject_a_loss_that_is_wrong_by_a_factor_of_two():
    with pytest.raises(AssertionError, match="Not equal"):
        assert_close(2 * R.hinge_loss([0.5], [1]), BINARY["hinge_loss"].value(0.5, 1))


@each_loss
def test_derivatives_agree_with_finite_differences_away_from_kinks(name):
    input = torch.tensor([[0.3, -1.5, 2.0], [1.4, 0.2, -0.4]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]], dtype=torch.float64)
    other = input.detach().flip(1).requires_grad_()
    arguments = {CLASSES: (input, torch.tensor([0, 2])), RANKING: (input, other, target)}
    if name in ("hinge_loss", "squared_hinge_loss", RANKING):
        target.requires_grad_()
    arguments = arguments.get(name, (input, target))
    options = {"margin": 0.5} if name == RANKING else {}
    assert torch.autograd.gradcheck(lambda *a: call(F, name, *a, **options), arguments)
    assert torch.autograd.gradgradcheck(lambda *a: call(F, name, *a, **options), arguments)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(case=classified())
def test_pixels_cost_what_as_many_samples_cost(reduction, case):
    scores, y = case
    for package in (R, F):
        samples = call(package, CLASSES, scores, y, reduction=reduction)
        pixels = call(package, CLASSES, scores.T[None, :, :, None], y[None, :, None], reduction=reduction)
        assert_close(np.squeeze(pixels), np.squeeze(samples))


# Traps


@each_dtype
@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss"])
def test_a_score_that_meets_the_margin_costs_nothing_and_has_no_gradient(name, dtype):
    input = torch.tensor([1.0, -1.0], dtype=dtype)
    assert call(F, name, input, input) == 0
    assert (gradients(name, input, input)[0] == 0).all()


@each_dtype
def test_equal_scores_cost_nothing_but_are_pulled_apart(dtype):
    scores, target = torch.zeros(2, dtype=dtype), torch.tensor([1, -1])
    assert call(F, RANKING, scores, scores, target) == 0
    native = torch.zeros(2, dtype=dtype, requires_grad=True)
    torch.nn.functional.margin_ranking_loss(native, scores, target, reduction="sum").backward()
    of_first, of_second = gradients(RANKING, scores, scores, target)
    assert of_first.tolist() == native.grad.tolist() == [-1, 1]
    assert of_second.tolist() == [1, -1]


def test_labels_of_zero_and_one_would_go_unnoticed_by_gradient_descent():
    score = torch.tensor([3.0, -3.0], requires_grad=True)
    loss = F.hinge_loss(score, torch.zeros(2), reduction="none")
    assert loss.tolist() == [1, 1]
    assert (torch.autograd.grad(loss.sum(), score)[0] == 0).all()


@each_package
def test_hinge_embedding_is_not_the_hinge(package):
    score, label = torch.tensor([-100.0]), torch.tensor([1])
    assert package.hinge_embedding_loss(score, label) == -100
    assert package.hinge_loss(score, label) == 101


@each_package
def test_multiclass_hinge_takes_the_closest_class_where_pytorchs_adds_up_all(package):
    scores, y = torch.tensor([[1.0, 0.5, 0.75]]), torch.tensor([0])
    assert package.multiclass_hinge_loss(scores, y) == 0.75
    assert torch.nn.functional.multi_margin_loss(scores, y) * 3 == 0.5 + 0.75


def test_ties_of_wrong_classes_lower_one_of_them():
    (gradient,) = gradients(CLASSES, torch.zeros(1, 4), torch.tensor([1]))
    assert gradient[0].tolist() == [1, -1, 0, 0]


@each_dtype
def test_a_single_class_has_no_rival(dtype):
    scores, y = torch.tensor([[-5.0], [3.0]], dtype=dtype), torch.tensor([0, 0])
    assert call(F, CLASSES, scores, y) == 0
    assert (gradients(CLASSES, scores, y)[0] == 0).all()
    assert R.multiclass_hinge_loss([[-5.0], [3.0]], y) == 0


@each_package
@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (2, 3, 0)])
def test_empty_batches_of_classes_cost_nothing(package, shape):
    target = torch.zeros((shape[0], *shape[2:]), dtype=torch.long)
    assert package.multiclass_hinge_loss(torch.zeros(shape), target) == 0


@each_package
def test_scores_of_1e4_cost_their_size(package):
    scores, labels = torch.tensor([1e4, -1e4]), torch.tensor([-1.0, 1.0])
    assert call(package, "hinge_loss", scores, labels) == 10001
    np.testing.assert_allclose(call(package, "squared_hinge_loss", scores, labels), 10001**2, rtol=1e-6)
    assert call(package, RANKING, scores, -scores, labels) == 20000
    assert call(package, CLASSES, torch.stack([scores, -scores], 1), torch.tensor([1, 0])) == 20001


@each_package
@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss"])
def test_infinite_scores_on_the_right_side_cost_nothing(package, name):
    infinite = torch.tensor([math.inf, -math.inf])
    assert call(package, name, infinite, torch.tensor([1.0, -1.0])) == 0
    assert (gradients(name, infinite, torch.tensor([1.0, -1.0]))[0] == 0).all()


@each_package
@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss", "hinge_embedding_loss"])
def test_half_precision_accumulates_beyond_its_own_range(package, name):
    input, target = torch.full((70_000,), 0.25, dtype=torch.float16), torch.full((70_000,), -1)
    alone = call(package, name, input[:1], target[:1])
    np.testing.assert_allclose(call(package, name, input, target), alone, rtol=2e-3)


@each_package
@pytest.mark.parametrize("second", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("first", [torch.float16, torch.float32, torch.float64])
def test_ranking_returns_the_wider_dtype_of_both_scores(package, first, second):
    scores = torch.zeros(2, dtype=first), torch.zeros(2, dtype=second)
    loss = call(package, RANKING, *scores, torch.tensor([1, -1]))
    assert str(loss.dtype).rpartition(".")[2] == str(torch.promote_types(first, second))[6:]


# Wrong arguments


def raises(kind, message):
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("name", [*BINARY, RANKING])
@pytest.mark.parametrize("wrong", [0.0, 0.5, 2.0, -2.0, math.nan])
def test_reference_rejects_labels_other_than_minus_one_and_one(name, wrong):
    inputs = ([0.0, 0.0],) * (2 if name == RANKING else 1)
    with raises(ValueError, f"{name}: expected target -1 or 1, got {wrong}"):
        getattr(R, name)(*inputs, [1.0, wrong])


@each_package
@pytest.mark.parametrize("margin", [-0.5, math.nan])
def test_margin_must_not_be_negative(package, margin):
    scores, target = torch.zeros(2), torch.ones(2)
    with raises(ValueError, f"hinge_embedding_loss: expected margin >= 0, got {margin}"):
        package.hinge_embedding_loss(scores, target, margin=margin)
    with raises(ValueError, f"margin_ranking_loss: expected margin >= 0, got {margin}"):
        package.margin_ranking_loss(scores, scores, target, margin=margin)


@each_package
def test_ranked_scores_and_target_must_have_one_shape(package):
    loss, ones = package.margin_ranking_loss, torch.ones
    with raises(ValueError, "margin_ranking_loss: expected input2 (3,), got (3, 1)"):
        loss(ones(3), ones(3, 1), ones(3))
    with raises(ValueError, "margin_ranking_loss: expected target (3,), got (1,)"):
        loss(ones(3), ones(3), ones(1))
    for arguments, name in (((ones(3).long(), ones(3)), "input1"), ((ones(3), ones(3).long()), "input2")):
        with pytest.raises(
            TypeError, match=f"^margin_ranking_loss: expected {name} of a floating-point dtype"
        ):
            loss(*arguments, ones(3))


@each_package
def test_classes_must_be_indices(package):
    loss, scores = package.multiclass_hinge_loss, torch.zeros(2, 3, 4)
    for wrong in ((2,), (2, 3, 4), (2, 1, 4)):
        with raises(ValueError, f"{CLASSES}: expected target (2, 4), got {wrong}"):
            loss(scores, torch.zeros(wrong, dtype=torch.long))
    for shape in ((), (3,)):
        with raises(ValueError, f"{CLASSES}: expected input (N, C, *), got {shape}"):
            loss(torch.zeros(shape), torch.zeros(shape, dtype=torch.long))
    with pytest.raises(
        TypeError, match=f"^{CLASSES}: expected class indices of an integer dtype, got .*float32$"
    ):
        loss(scores, torch.zeros(2, 4))
    with pytest.raises(
        TypeError, match=f"^{CLASSES}: expected input of a floating-point dtype, got .*int64$"
    ):
        loss(scores.long(), torch.zeros(2, 4, dtype=torch.long))


@pytest.mark.parametrize("wrong", [-1, 3, -100])
def test_reference_rejects_class_indices_out_of_range(wrong):
    with raises(ValueError, f"{CLASSES}: expected class indices from 0 to 2, got {wrong}"):
        R.multiclass_hinge_loss([[0.0, 0.0, 0.0]] * 2, [0, wrong])


def test_functional_takes_classes_as_tensors_only():
    with raises(TypeError, f"{CLASSES}: expected input to be a torch.Tensor, got list"):
        F.multiclass_hinge_loss([[0.0]], torch.zeros(1, dtype=torch.long))
    with raises(TypeError, f"{CLASSES}: expected target to be a torch.Tensor, got list"):
        F.multiclass_hinge_loss(torch.zeros(1, 1), [0])
