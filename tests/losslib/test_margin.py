"""Value, gradient and traps of the margin losses, beside loops in plain Python, PyTorch and scikit-learn."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from losslib import functional as F
from losslib import reference as R

each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
each_package = pytest.mark.parametrize("package", [R, F])
scores = st.floats(-5, 5).map(lambda x: round(x, 3))
signs = st.sampled_from([-1, 1])
PYTORCH = torch.nn.functional


@st.composite
def signed(draw):
    """Scores (n,) and labels -1 or 1."""
    n = draw(st.integers(1, 8))
    return draw(arrays(np.float64, n, elements=scores)), draw(arrays(np.int64, n, elements=signs))


@st.composite
def classes(draw):
    """Scores (N, C) and class indices (N,)."""
    n, c = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    indices = arrays(np.int64, n, elements=st.integers(0, c - 1))
    return draw(arrays(np.float64, (n, c), elements=scores)), draw(indices)


def both(name, *arguments, **options):
    """The loss of both packages, which must agree."""
    read = getattr(R, name)(*arguments, **options)
    trained = getattr(F, name)(*map(torch.as_tensor, arguments), **options)
    np.testing.assert_allclose(trained, read, rtol=1e-12, atol=1e-12)
    return read


def reduced(losses, reduction):
    return {"none": losses, "sum": np.sum(losses), "mean": np.mean(losses)}[reduction]


def gradient(name, input, *arguments, **options):
    input = torch.tensor(input, requires_grad=True)
    loss = getattr(F, name)(input, *map(torch.as_tensor, arguments), reduction="sum", **options)
    return torch.autograd.grad(loss, input)[0].numpy()


# Against definitions


@each_reduction
@given(pair=signed())
def test_hinge_and_its_square_equal_their_definitions(reduction, pair):
    short = [max(0, 1 - y * f) for f, y in zip(*pair, strict=True)]
    np.testing.assert_allclose(both("hinge_loss", *pair, reduction=reduction), reduced(short, reduction))
    squares = reduced(np.square(short), reduction)
    np.testing.assert_allclose(both("squared_hinge_loss", *pair, reduction=reduction), squares)


def test_hinge_equals_that_of_scikit_learn():
    f, y = np.random.default_rng(0).normal(size=20), np.tile([-1, 1, 1, -1], 5)
    np.testing.assert_allclose(both("hinge_loss", f, y), metrics.hinge_loss(y, f))


@each_reduction
@given(pair=classes())
def test_multiclass_hinge_equals_its_definition(reduction, pair):
    losses = []
    for f, y in zip(*pair, strict=True):
        wrong = [f[c] for c in range(len(f)) if c != y]
        losses.append(max(0, 1 + max(wrong) - f[y]) if wrong else 0)
    found = both("multiclass_hinge_loss", *pair, reduction=reduction)
    np.testing.assert_allclose(found, reduced(losses, reduction), atol=1e-12)


def test_multiclass_hinge_equals_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    f, y = generator.normal(size=(20, 4)), generator.integers(4, size=20)
    np.testing.assert_allclose(both("multiclass_hinge_loss", f, y), metrics.hinge_loss(y, f, labels=range(4)))


def test_multiclass_hinge_is_not_pytorchs_multi_margin_loss():
    f, y = np.array([[1.0, 0.9, 0.8, 0.7]]), np.array([0])
    assert both("multiclass_hinge_loss", f, y) == pytest.approx(0.9)
    weston_watkins = PYTORCH.multi_margin_loss(torch.tensor(f), torch.tensor(y)).item()
    assert weston_watkins == pytest.approx((0.9 + 0.8 + 0.7) / 4)


def test_multiclass_hinge_of_two_classes_is_the_hinge_of_the_difference():
    f = np.random.default_rng(0).normal(size=(9, 2))
    y = np.arange(9) % 2
    expected = R.hinge_loss(f[:, 1] - f[:, 0], 2 * y - 1)
    np.testing.assert_allclose(both("multiclass_hinge_loss", f, y), expected)


def test_multiclass_hinge_takes_positions():
    f, y = np.random.default_rng(0).normal(size=(2, 3, 4, 5)), np.zeros((2, 4, 5), int)
    pixel_by_pixel = R.multiclass_hinge_loss(f.transpose(0, 2, 3, 1).reshape(-1, 3), y.ravel())
    np.testing.assert_allclose(both("multiclass_hinge_loss", f, y), pixel_by_pixel)


@each_reduction
@given(pair=signed(), margin=st.sampled_from([0.0, 0.5, 2.0]))
def test_hinge_embedding_and_ranking_equal_pytorchs(reduction, pair, margin):
    input, target = pair
    options = {"margin": margin, "reduction": reduction}
    tensors = torch.tensor(input, requires_grad=True), torch.tensor(target)
    expected = PYTORCH.hinge_embedding_loss(*tensors, **options)
    np.testing.assert_allclose(both("hinge_embedding_loss", *pair, **options), expected.detach())
    other = torch.linspace(-1, 1, len(input), dtype=torch.float64)
    expected = PYTORCH.margin_ranking_loss(tensors[0], other, tensors[1], **options)
    found = both("margin_ranking_loss", input, other.numpy(), target, **options)
    np.testing.assert_allclose(found, expected.detach(), atol=1e-12)


def test_gradients_of_hinge_embedding_and_ranking_equal_pytorchs():
    input, target = np.array([-1.5, 0.2, 0.7, 3.0]), np.array([1, -1, 1, -1])
    other = torch.tensor([0.3, 0.2, -1.0, 1.0], dtype=torch.float64)
    for ours, theirs in (
        (F.hinge_embedding_loss, PYTORCH.hinge_embedding_loss),
        (
            lambda x, y: F.margin_ranking_loss(x, other, y, margin=0.1),
            lambda x, y: PYTORCH.margin_ranking_loss(x, other, y, margin=0.1),
        ),
    ):
        x = torch.tensor(input, requires_grad=True)
        gradients = [torch.autograd.grad(loss(x, torch.tensor(target)), x)[0] for loss in (ours, theirs)]
        torch.testing.assert_close(*gradients)


def test_hinge_is_not_the_hinge_embedding_loss():
    """A confident right answer costs nothing in the one and its score in the other."""
    score, label = np.array([3.0]), np.array([1])
    assert both("hinge_loss", score, label) == 0
    assert both("hinge_embedding_loss", score, label) == 3


@given(pair=signed(), other=st.floats(-2, 2))
def test_ranking_with_margin_1_is_the_hinge_of_the_difference(pair, other):
    input, target = pair
    difference = R.hinge_loss(input - other, target)
    found = both("margin_ranking_loss", input, np.full_like(input, other), target, margin=1.0)
    np.testing.assert_allclose(found, difference, atol=1e-12)


# Gradients


def test_hinge_pulls_with_the_label_until_the_margin_is_met():
    found = gradient("hinge_loss", [-2.0, 0.5, 1.5, 2.0, -0.5, -3.0], [1, 1, 1, -1, -1, -1])
    np.testing.assert_array_equal(found, [-1, -1, 0, 1, 1, 0])


def test_squared_hinge_pulls_by_twice_the_shortfall():
    found = gradient("squared_hinge_loss", [-2.0, 0.5, 1.5, 0.5], [1, 1, 1, -1])
    np.testing.assert_allclose(found, [-6, -1, 0, 3])


def test_ties_in_rank_with_margin_0_still_come_apart():
    assert gradient("margin_ranking_loss", [0.4], torch.tensor([0.4]).double(), [1]) == -1


def test_gradients_agree_with_finite_differences_away_from_kinks():
    input = torch.tensor([[-1.7, 0.3, 0.8], [0.4, 2.1, -0.6]], dtype=torch.float64, requires_grad=True)
    target, index = torch.tensor([[1, -1, 1], [-1, 1, 1]]), torch.tensor([1, 2])
    for name in ("hinge_loss", "squared_hinge_loss", "hinge_embedding_loss"):
        assert torch.autograd.gradcheck(lambda x, name=name: getattr(F, name)(x, target), [input])
    assert torch.autograd.gradcheck(lambda x: F.multiclass_hinge_loss(x, index), [input])
    assert torch.autograd.gradcheck(
        lambda x, y: F.margin_ranking_loss(x, y, target), [input, (0.1 - input).detach().requires_grad_()]
    )


# Extremes


@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss", "hinge_embedding_loss"])
def test_scores_of_ten_thousand_are_finite_in_single_precision(name):
    input = torch.tensor([1e4, -1e4, 1e4], requires_grad=True)
    loss = getattr(F, name)(input, torch.tensor([1, 1, -1]))
    loss.backward()
    assert loss.isfinite()
    assert input.grad.isfinite().all()


def test_one_class_has_no_wrong_one_to_clear():
    assert both("multiclass_hinge_loss", np.array([[-3.0], [2.0]]), np.array([0, 0])) == 0
    assert (gradient("multiclass_hinge_loss", [[-3.0]], [0]) == 0).all()


# Errors


@each_package
@pytest.mark.parametrize("name", ["hinge_embedding_loss", "margin_ranking_loss"])
def test_margins_below_0_are_refused(package, name):
    arguments = [torch.zeros(3)] * (2 if name == "margin_ranking_loss" else 1) + [torch.ones(3)]
    with pytest.raises(ValueError, match=f"^{name}: expected margin >= 0, got -1$"):
        getattr(package, name)(*arguments, margin=-1)


@each_package
def test_multiclass_hinge_takes_class_indices_only(package):
    with pytest.raises(
        ValueError, match=re.escape("multiclass_hinge_loss: expected target (4,), got (4, 3)")
    ):
        package.multiclass_hinge_loss(torch.zeros(4, 3), torch.zeros(4, 3, dtype=torch.int64))


@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss", "hinge_embedding_loss"])
def test_reference_takes_labels_of_1_and_minus_1_only(name):
    with pytest.raises(ValueError, match=f"^{name}: expected target -1 or 1, got 0"):
        getattr(R, name)([0.5, 1.0], [0, 1])


def test_reference_refuses_indices_out_of_range():
    with pytest.raises(ValueError, match="expected class indices from 0 to 2, got 3"):
        R.multiclass_hinge_loss(np.zeros((1, 3)), [3])
