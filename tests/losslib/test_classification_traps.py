"""Where classification losses overflow, divide by zero or go astray silently, and the texts of their errors."""

import math
import re

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib import reference as R

IGNORED = -100
BCE = "binary_cross_entropy_with_logits"
each_package = pytest.mark.parametrize("package", [R, F])
each_dtype = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])


def tensor(values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype)


def raises(kind, message):
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


def value_and_gradient(name, input, *rest, **options):
    input = input.clone().requires_grad_()
    value = getattr(F, name)(input, *rest, **options)
    return value.detach(), torch.autograd.grad(value.sum(), input)[0]


# Large logits


@each_dtype
def test_cross_entropy_of_huge_logits_is_their_difference(dtype):
    logits = tensor([[1e4, 0.0], [1e4, 0.0], [-1e4, 1e4]], dtype)
    value, gradient = value_and_gradient("cross_entropy", logits, torch.tensor([0, 1, 0]), reduction="none")
    expected = tensor([0, 1e4, 2e4], dtype)
    torch.testing.assert_close(value, expected, rtol=1e-2, atol=0)
    torch.testing.assert_close(gradient, tensor([[0, 0], [1, -1], [-1, 1]], dtype))
    if dtype == torch.float64:
        assert R.cross_entropy(logits, [0, 1, 0], reduction="none").tolist() == [0, 1e4, 2e4]


@pytest.mark.parametrize("name", [BCE, "sigmoid_focal_loss"])
@each_dtype
def test_losses_of_huge_log_odds_are_zero_on_the_right_side_and_their_size_on_the_wrong_one(name, dtype):
    logits, target = tensor([1e4, -1e4, 1e4, -1e4], dtype), tensor([1, 0, 0, 1], dtype)
    value, gradient = value_and_gradient(name, logits, target, reduction="none")
    torch.testing.assert_close(value, tensor([0, 0, 1e4, 1e4], dtype), rtol=1e-2, atol=0)
    torch.testing.assert_close(gradient, tensor([0, 0, 1, -1], dtype))
    if dtype == torch.float64:
        assert getattr(R, name)(logits, target, reduction="none").tolist() == [0, 0, 1e4, 1e4]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (BCE, {}),
        (BCE, {"pos_weight": 3.0}),
        (BCE, {"weight": [2.0, 2.0]}),
        *(
            ("sigmoid_focal_loss", {"gamma": gamma, "alpha": alpha})
            for gamma in (0, 0.5, 2)
            for alpha in (None, 0.3)
        ),
    ],
)
@each_dtype
def test_infinite_logits_on_the_right_side_cost_nothing_and_have_no_gradient(name, options, dtype):
    infinite, target = [math.inf, -math.inf], [1.0, 0.0]
    assert getattr(R, name)(infinite, target, **options) == 0
    options = {k: tensor(v, dtype) if isinstance(v, list) else v for k, v in options.items()}
    value, gradient = value_and_gradient(name, tensor(infinite, dtype), tensor(target, dtype), **options)
    assert value == 0
    assert (gradient == 0).all()


@pytest.mark.parametrize("name", [BCE, "sigmoid_focal_loss"])
def test_infinite_logits_on_the_wrong_side_cost_without_bound(name):
    infinite, target = [math.inf, -math.inf], [0.0, 1.0]
    assert (getattr(R, name)(infinite, target, reduction="none") == math.inf).all()
    value, gradient = value_and_gradient(name, tensor(infinite), tensor(target), reduction="none")
    assert (value > 1e300).all()
    assert gradient.tolist() == [1, -1]


def test_pytorch_would_not_pass_infinite_logits():
    logits = tensor([math.inf, -math.inf])
    native = torch.nn.functional.binary_cross_entropy_with_logits(logits, tensor([1, 0]), reduction="none")
    assert native.isnan().all()


@pytest.mark.parametrize(
    "name", ["nll_loss", "cross_entropy", "softmax_focal_loss", BCE, "sigmoid_focal_loss"]
)
@pytest.mark.parametrize("where", [0, 1, 2])
def test_logits_that_are_not_numbers_stay_seen_in_their_sample_alone(name, where):
    logits, target = torch.zeros(2, 3), torch.tensor([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]])
    logits[0, where] = math.nan
    logits[1, 2] = -math.inf
    loss = getattr(F, name)
    assert loss(logits, target).isnan()
    each = loss(logits, target, reduction="none").reshape(2, -1)
    assert each[0].isnan().any()
    assert not each[1].isnan().any()


@each_dtype
def test_probabilities_of_zero_and_one_cost_nothing_when_right_and_100_when_wrong(dtype):
    probs, target = [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]
    assert R.binary_cross_entropy(probs, target, reduction="none").tolist() == [0, 0, 100, 100]
    value, gradient = value_and_gradient(
        "binary_cross_entropy", tensor(probs, dtype), tensor(target, dtype), reduction="none"
    )
    assert value.tolist() == [0, 0, 100, 100]
    assert gradient[:2].tolist() == [0, 0]
    assert dtype == torch.float16 or gradient.isfinite().all()


@pytest.mark.parametrize("name", ["binary_cross_entropy", BCE, "sigmoid_focal_loss"])
def test_gradient_in_the_target_is_the_difference_of_both_labels(name):
    probs = tensor([0.0, 1.0, 0.5])
    input = probs if name == "binary_cross_entropy" else tensor([-50.0, 50.0, 0.0])
    target = tensor([0.3, 0.3, 0.3]).requires_grad_()
    loss = getattr(F, name)
    (gradient,) = torch.autograd.grad(loss(input, target, reduction="sum"), target)
    of_ones, of_zeros = (loss(input, torch.full_like(probs, t), reduction="none") for t in (1, 0))
    torch.testing.assert_close(gradient, of_ones - of_zeros)


def test_saturated_probabilities_pass_no_gradient_where_logits_do():
    logits = tensor([100.0], torch.float32).requires_grad_()
    (through_probs,) = torch.autograd.grad(F.binary_cross_entropy(logits.sigmoid(), torch.zeros(1)), logits)
    (directly,) = torch.autograd.grad(F.binary_cross_entropy_with_logits(logits, torch.zeros(1)), logits)
    assert (through_probs, directly) == (0, 1)


# Zero times infinity


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy", "softmax_focal_loss"])
@each_dtype
def test_what_cannot_happen_and_does_not_costs_nothing(name, dtype):
    logits = tensor([[0.0, -math.inf, 1.0], [0.5, 0.0, 1.0]], dtype)
    target = tensor([[0.25, 0.0, 0.75], [1.0, 0.0, 0.0]], dtype)
    if name == "nll_loss":
        logits = logits.log_softmax(1)
    value, gradient = value_and_gradient(name, logits, target, reduction="none")
    others = getattr(F, name)(logits[:1, ::2], target[:1, ::2], reduction="none")
    torch.testing.assert_close(value[:1], others)
    assert gradient[0, 1] == 0
    assert gradient.isfinite().all()
    if dtype == torch.float64:
        np.testing.assert_allclose(getattr(R, name)(logits, target, reduction="none"), value, rtol=1e-12)


def test_pytorch_would_make_nan_of_zero_times_infinity():
    logits, target = tensor([[0.0, -math.inf]]), tensor([[1.0, 0.0]])
    assert torch.nn.functional.cross_entropy(logits, target).isnan()
    assert F.cross_entropy(logits, target) == R.cross_entropy(logits, target) == 0


def test_what_cannot_happen_but_does_costs_infinity():
    logits = tensor([[0.0, -math.inf]])
    for package in (R, F):
        assert package.cross_entropy(logits, torch.tensor([1])) == math.inf
        assert package.nll_loss(logits, torch.tensor([1])) == math.inf
        assert package.cross_entropy(logits, tensor([[0.5, 0.5]])) > 1e300


# Means over nothing


@pytest.mark.parametrize(
    ("name", "options"),
    [("nll_loss", {}), ("cross_entropy", {}), ("cross_entropy", {"label_smoothing": 0.1})],
)
@pytest.mark.parametrize("weight", [None, [2.0, 1.0, 1.0]])
@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 3)])
@each_dtype
def test_targets_that_are_all_ignored_cost_nothing_and_have_no_gradient(name, options, weight, shape, dtype):
    logits = torch.randn(shape[0], 3, *shape[1:]).to(dtype)
    target = torch.full(shape, IGNORED)
    assert getattr(torch.nn.functional, name)(logits, target, **options).isnan()
    if dtype != torch.bfloat16:  # NumPy has none
        assert getattr(R, name)(logits, target, weight=weight, **options) == 0
    options = {**options, "weight": None if weight is None else tensor(weight, dtype)}
    for reduction in ("mean", "sum", "none"):
        value, gradient = value_and_gradient(name, logits, target, reduction=reduction, **options)
        assert (value == 0).all()
        assert (gradient == 0).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_weights_that_are_zero_for_all_targets_give_zero_with_zero_gradient(smoothing):
    logits, target, weight = torch.randn(2, 3), torch.tensor([1, 1]), [1.0, 0.0, 1.0]
    assert R.cross_entropy(logits, target, weight=weight, label_smoothing=smoothing) == 0
    value, gradient = value_and_gradient(
        "cross_entropy", logits, target, weight=torch.tensor(weight), label_smoothing=smoothing
    )
    assert value == 0
    assert (gradient == 0).all()


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (2, 3, 0), (0, 3, 4, 4)])
@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy", "softmax_focal_loss"])
def test_empty_batches_of_any_shape_give_zero_with_zero_gradient(name, shape):
    indices = torch.zeros((shape[0], *shape[2:]), dtype=torch.long)
    for target in (indices, torch.zeros(shape)):
        assert getattr(R, name)(torch.zeros(shape), target) == 0
        value, gradient = value_and_gradient(name, torch.zeros(shape), target)
        assert value == 0
        assert gradient.shape == shape


@each_package
def test_ignored_samples_change_nothing_but_the_shape(package):
    logits, weight = torch.randn(6, 3, dtype=torch.float64), tensor([1.0, 2.0, 3.0])
    kept = torch.tensor([0, 2, 5])
    for marker in (IGNORED, 1, 255):
        marked = torch.full((6,), marker)
        marked[kept] = torch.tensor([0, 2, 2])
        for smoothing in (0.0, 0.2):
            options = {"weight": weight, "label_smoothing": smoothing, "ignore_index": marker}
            some = package.cross_entropy(logits, marked, **options)
            without = package.cross_entropy(logits[kept], marked[kept], **options)
            np.testing.assert_allclose(some, without, rtol=1e-12)


@each_package
def test_ignore_index_is_no_part_of_targets_that_are_probabilities(package):
    logits, target = torch.zeros(1, 2), torch.tensor([[0.5, 0.5]])
    for ignore_index in (-100, 0, 1):
        loss = package.cross_entropy(logits, target, ignore_index=ignore_index)
        np.testing.assert_allclose(loss, math.log(2), rtol=1e-6)


@each_package
def test_one_sample_costs_the_same_whatever_its_weight(package):
    logits, target = torch.tensor([[1.0, 0.0, -1.0]]), torch.tensor([1])
    for weight in ([1.0, 1.0, 1.0], [0.1, 7.0, 3.0]):
        loss = package.cross_entropy(logits, target, weight=torch.tensor(weight))
        np.testing.assert_allclose(loss, 1.4076059, rtol=1e-6)


def test_a_single_class_is_certain():
    logits = torch.randn(3, 1)
    for target in (torch.zeros(3, dtype=torch.long), torch.ones(3, 1)):
        for name in ("cross_entropy", "softmax_focal_loss"):
            assert getattr(R, name)(logits, target) == 0
            value, gradient = value_and_gradient(name, logits, target)
            assert value == 0
            assert (gradient == 0).all()


# Focal


@pytest.mark.parametrize("gamma", [0, 1e-3, 0.3, 0.5, 0.99, 1, 2])
@pytest.mark.parametrize("name", ["sigmoid_focal_loss", "softmax_focal_loss"])
@each_dtype
def test_focal_has_no_slope_where_the_label_is_certain_whatever_gamma(name, gamma, dtype):
    certain = [20.0, 40.0, 87.0, 88.5, 95.0, 104.0, 1e4]
    logits = tensor(certain, dtype)
    if name == "sigmoid_focal_loss":
        logits, target = torch.cat([logits, -logits]), tensor([1] * 7 + [0] * 7, dtype)
    else:
        logits = torch.stack([logits, torch.zeros_like(logits)], dim=1)
        target = torch.zeros(7, dtype=torch.long)
    value, gradient = value_and_gradient(name, logits, target, gamma=gamma, reduction="none")
    assert ((value >= 0) & (value < 1e-6)).all()
    assert (gradient.abs() < 1e-6).all()


def test_powers_of_one_minus_p_would_not_pass_where_the_label_is_certain():
    logits = torch.tensor([40.0], requires_grad=True)
    p = logits.sigmoid()
    ((1 - p) ** 0.5 * -p.log()).sum().backward()
    assert logits.grad.isnan()


def test_focal_knows_no_ignored_class():
    logits, target = torch.zeros(2, 3), torch.tensor([0, IGNORED])
    with raises(ValueError, "softmax_focal_loss: expected class indices from 0 to 2, got -100"):
        R.softmax_focal_loss(logits, target)
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        F.softmax_focal_loss(logits, target)


# Half precision and dtypes


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy", "softmax_focal_loss"])
def test_half_precision_accumulates_beyond_its_own_range(name):
    logits = torch.zeros(70_000, 2, dtype=torch.float16)
    if name == "nll_loss":
        logits = logits.log_softmax(1)
    for target in (torch.zeros(70_000, dtype=torch.long), torch.full_like(logits, 0.5)):
        loss = getattr(F, name)(logits, target)
        assert loss.dtype == torch.float16
        torch.testing.assert_close(loss, getattr(F, name)(logits[:1], target[:1]), rtol=2e-3, atol=0)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_class_indices_may_be_of_any_integer_dtype(dtype):
    logits, target = torch.randn(4, 3), torch.tensor([0, 2, 1, 0])
    for name in ("nll_loss", "cross_entropy", "softmax_focal_loss"):
        for package in (R, F):
            loss = getattr(package, name)(logits, target.to(dtype))
            assert loss == getattr(package, name)(logits, target)


def test_binary_targets_may_be_booleans():
    logits, target = torch.randn(4), torch.tensor([True, False, True, True])
    for name in (BCE, "sigmoid_focal_loss"):
        for package in (R, F):
            loss = getattr(package, name)(logits, target)
            assert loss == getattr(package, name)(logits, target.float())


def test_probabilities_run_under_autocast_in_float32():
    probs, target = torch.rand(2, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.binary_cross_entropy(probs, target)
    torch.testing.assert_close(loss, F.binary_cross_entropy(probs, target), rtol=0, atol=0)


# Wrong arguments

LOGITS, INDICES, MASK = torch.zeros(2, 3, 4), torch.zeros(2, 4, dtype=torch.long), torch.zeros(2, 3, 4)
CLASSES = ["nll_loss", "cross_entropy", "softmax_focal_loss"]
PREDICTION = {"nll_loss": "log_probs", "binary_cross_entropy": "probs"}


@each_package
@pytest.mark.parametrize("name", CLASSES)
def test_targets_must_be_indices_or_a_value_for_each_class(package, name):
    loss = getattr(package, name)
    for wrong in ((2,), (2, 1), (2, 3), (2, 1, 4), (2, 4, 3)):
        with raises(ValueError, f"{name}: expected target (2, 4) or (2, 3, 4), got {wrong}"):
            loss(LOGITS, torch.zeros(wrong, dtype=torch.long))
    argument = PREDICTION.get(name, "logits")
    with raises(ValueError, f"{name}: expected {argument} (N, C, *), got (3,)"):
        loss(torch.zeros(3), torch.zeros(3))
    for dtype in (torch.float32, torch.bool):
        with pytest.raises(
            TypeError, match=f"^{name}: expected class indices of an integer dtype, got .*{str(dtype)[6:]}$"
        ):
            loss(LOGITS, INDICES.to(dtype))


@each_package
@pytest.mark.parametrize("name", ["binary_cross_entropy", BCE, "sigmoid_focal_loss"])
def test_binary_targets_must_have_the_shape_of_the_prediction(package, name):
    with raises(ValueError, f"{name}: expected target (2, 3, 4), got (2, 4)"):
        getattr(package, name)(LOGITS, INDICES)


@pytest.mark.parametrize("name", [*CLASSES, "binary_cross_entropy", BCE, "sigmoid_focal_loss"])
def test_messages_call_the_prediction_by_its_name(name):
    argument = PREDICTION.get(name, "logits")
    with pytest.raises(
        TypeError, match=f"^{name}: expected {argument} of a floating-point dtype, got .*int64$"
    ):
        getattr(F, name)(LOGITS.long(), MASK)
    with pytest.raises(
        TypeError, match=f"^{name}: expected {argument} of a floating-point dtype, got int64$"
    ):
        getattr(R, name)(LOGITS.long(), MASK)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("wrong", [-1, 3, 255])
def test_reference_rejects_class_indices_out_of_range(name, wrong):
    with raises(ValueError, f"{name}: expected class indices from 0 to 2, got {wrong}"):
        getattr(R, name)([[0.0, 0.0, 0.0]] * 2, [0, wrong])


@pytest.mark.parametrize("name", [*CLASSES, "binary_cross_entropy", BCE, "sigmoid_focal_loss"])
@pytest.mark.parametrize("wrong", [-0.5, 1.5, math.nan])
def test_reference_rejects_targets_that_are_no_probabilities(name, wrong):
    with raises(ValueError, f"{name}: expected target in [0, 1], got {wrong}"):
        getattr(R, name)([[0.5, 0.5]], [[0.5, wrong]])


def test_predictions_that_are_no_probabilities_are_rejected():
    with raises(ValueError, "binary_cross_entropy: expected probs in [0, 1], got 1.5"):
        R.binary_cross_entropy([0.5, 1.5], [0, 1])
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        F.binary_cross_entropy(torch.tensor([0.5, 1.5]), torch.tensor([0, 1]))


@each_package
@pytest.mark.parametrize(("name", "argument"), [(n, "alpha" if "focal" in n else "weight") for n in CLASSES])
def test_there_must_be_one_weight_for_each_class(package, name, argument):
    for wrong in ((2,), (1,), (), (3, 1), (2, 3, 4)):
        with raises(ValueError, f"{name}: expected {argument} (3,), got {wrong}"):
            getattr(package, name)(LOGITS, INDICES, **{argument: torch.ones(wrong)})


@pytest.mark.parametrize(("name", "argument"), [(n, "alpha" if "focal" in n else "weight") for n in CLASSES])
def test_weights_of_classes_must_not_be_negative_and_functional_takes_tensors(name, argument):
    with raises(ValueError, f"{name}: expected {argument} >= 0, got -2.0"):
        getattr(R, name)(LOGITS, INDICES, **{argument: [1.0, -2.0, 1.0]})
    with raises(TypeError, f"{name}: expected {argument} to be a torch.Tensor, got list"):
        getattr(F, name)(LOGITS, INDICES, **{argument: [1.0, 2.0, 1.0]})


@each_package
def test_binary_weights_must_fit(package):
    loss = getattr(package, BCE)
    with raises(ValueError, f"{BCE}: expected weight (2, 3, 4), got (4,)"):
        loss(LOGITS, MASK, weight=torch.ones(4))
    for wrong in ((4,), (1,), (3, 1), (2, 3)):
        with raises(ValueError, f"{BCE}: expected pos_weight (2, 3, 4), got {wrong}"):
            loss(LOGITS, MASK, pos_weight=torch.ones(wrong))
    with raises(ValueError, f"{BCE}: expected pos_weight >= 0, got -1.0"):
        loss(LOGITS, MASK, pos_weight=-1.0)


@pytest.mark.parametrize(
    "wrong", [{"weight": [[-1.0, 1.0]]}, {"pos_weight": [[-1.0, 1.0]]}, {"pos_weight": [-1.0, 1.0]}]
)
def test_reference_rejects_negative_binary_weights(wrong):
    with raises(ValueError, f"{BCE}: expected {next(iter(wrong))} >= 0, got -1.0"):
        getattr(R, BCE)([[0.0, 0.0]], [[0.0, 1.0]], **wrong)


@each_package
@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_shares_must_lie_in_0_to_1(package, wrong):
    with raises(ValueError, f"cross_entropy: expected 0 <= label_smoothing <= 1, got {wrong}"):
        package.cross_entropy(LOGITS, INDICES, label_smoothing=wrong)
    with raises(ValueError, f"sigmoid_focal_loss: expected 0 <= alpha <= 1, got {wrong}"):
        package.sigmoid_focal_loss(LOGITS, MASK, alpha=wrong)


@each_package
@pytest.mark.parametrize("wrong", [-0.5, math.nan])
@pytest.mark.parametrize("name", ["sigmoid_focal_loss", "softmax_focal_loss"])
def test_gamma_must_not_be_negative(package, name, wrong):
    with raises(ValueError, f"{name}: expected gamma >= 0, got {wrong}"):
        getattr(package, name)(LOGITS, MASK, gamma=wrong)
