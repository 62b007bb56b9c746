"""Value, gradient and reductions of the losses of overlapping regions, and the text of their errors."""

import itertools
import math
import re

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib import reference as R

GENERATOR = np.random.default_rng(0)
PROBS = GENERATOR.uniform(0.05, 0.95, size=(2, 3, 4, 5))
SCORES = GENERATOR.normal(size=(2, 3, 4, 5))
SOFT = GENERATOR.uniform(0, 1, size=(2, 3, 4, 5))
INDICES = GENERATOR.integers(3, size=(2, 4, 5))
MASKS = np.moveaxis(np.eye(3)[INDICES], -1, 1)
ALPHA, BETA = 0.3, 0.7

REGIONS = {
    "dice_loss": {},
    "dice_loss, squared": {"squared": True},
    "generalized_dice_loss": {},
    "jaccard_loss": {},
    "tversky_loss": {"alpha": ALPHA, "beta": BETA},
}
each_region = pytest.mark.parametrize("key", REGIONS)
each_package = pytest.mark.parametrize("package", [R, F])
each_reduction = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


def call(package, key, *arguments, **options):
    """The loss that `key` names, of arrays, as an array."""
    name = key.partition(",")[0]
    options = {**REGIONS.get(key, {}), **options}
    if package is R:
        return getattr(R, name)(*arguments, **options)
    return getattr(F, name)(*map(torch.as_tensor, arguments), **options).numpy()


def gradient(key, input, target, **options):
    input = torch.tensor(np.asarray(input), requires_grad=True)
    loss = getattr(F, key.partition(",")[0])(
        input, torch.as_tensor(target), **{**REGIONS.get(key, {}), **options}
    )
    return torch.autograd.grad(loss.sum(), input)[0].numpy()


def ratio(numerator, denominator):
    return numerator / denominator if denominator else 1


def region_in_a_loop(key, p, t, smooth):
    """One class of one image, pixel by pixel."""
    overlap = sum(a * b for a, b in zip(p, t, strict=True))
    predicted, true = sum(p), sum(t)
    if key == "dice_loss":
        return 1 - ratio(2 * overlap + smooth, predicted + true + smooth)
    if key == "dice_loss, squared":
        squares = sum(a * a for a in p) + sum(b * b for b in t)
        return 1 - ratio(2 * overlap + smooth, squares + smooth)
    if key == "jaccard_loss":
        return 1 - ratio(overlap + smooth, predicted + true - overlap + smooth)
    false = ALPHA * (predicted - overlap) + BETA * (true - overlap)
    return 1 - ratio(overlap + smooth, overlap + false + smooth)


def generalized_in_a_loop(p, t, smooth):
    """One image with weights 1/T² in units of the largest; absent classes have the largest too."""
    weights = [1 / sum(mask) ** 2 if sum(mask) else 0 for mask in t]
    largest = max(weights) or 1
    weights = [weight / largest or 1 for weight in weights]
    overlap = sum(
        w * sum(a * b for a, b in zip(*maps, strict=True)) for w, *maps in zip(weights, p, t, strict=True)
    )
    sizes = sum(w * (sum(a) + sum(b)) for w, a, b in zip(weights, p, t, strict=True))
    return 1 - ratio(2 * overlap + smooth, sizes + smooth)


def in_a_loop(key, p, t, smooth=0.0):
    p, t = (np.reshape(x, (*x.shape[:2], -1)).tolist() for x in (p, t))
    if key == "generalized_dice_loss":
        return [generalized_in_a_loop(*maps, smooth) for maps in zip(p, t, strict=True)]
    return [
        [region_in_a_loop(key, *maps, smooth) for maps in zip(*classes, strict=True)]
        for classes in zip(p, t, strict=True)
    ]


def sigmoid(scores):
    return np.vectorize(lambda z: 1 / (1 + math.exp(-z)))(scores)


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(1, keepdims=True)


# Losses of sums over regions


@each_package
@each_region
@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("target", [MASKS, SOFT], ids=["masks", "probabilities"])
def test_equals_the_definition_in_a_loop(package, key, smooth, target):
    loss = call(package, key, PROBS, target, smooth=smooth, reduction="none")
    np.testing.assert_allclose(loss, in_a_loop(key, PROBS, target, smooth), rtol=1e-12)


@each_package
@each_region
@pytest.mark.parametrize("activation", [sigmoid, softmax])
def test_activation_is_applied_inside(package, key, activation):
    loss = call(package, key, SCORES, MASKS, activation=activation.__name__, smooth=1.0, reduction="none")
    np.testing.assert_allclose(loss, in_a_loop(key, activation(SCORES), MASKS, 1.0), rtol=1e-12)


@each_package
@each_region
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_class_indices_mean_their_masks(package, key, dtype):
    loss = call(package, key, PROBS, INDICES.astype(dtype), smooth=1.0, reduction="none")
    np.testing.assert_allclose(loss, in_a_loop(key, PROBS, MASKS, 1.0), rtol=1e-12)


@each_region
def test_class_indices_have_the_gradient_of_their_masks(key):
    for_indices = gradient(key, SCORES, INDICES, activation="softmax", smooth=0.5)
    for_masks = gradient(key, SCORES, MASKS, activation="softmax", smooth=0.5)
    np.testing.assert_allclose(for_indices, for_masks, rtol=1e-10, atol=1e-15)


@each_package
@each_region
@pytest.mark.parametrize("pixels", [(), (5,), (700,), (2, 3, 4), (3, 1)])
def test_any_number_of_pixel_axes_will_do(package, key, pixels):
    probs = GENERATOR.uniform(size=(2, 3, *pixels))
    indices = GENERATOR.integers(3, size=(2, *pixels))
    masks = np.moveaxis(np.eye(3)[indices], -1, 1)
    expected = in_a_loop(key, probs, masks)
    for target in (indices, masks):
        np.testing.assert_allclose(call(package, key, probs, target, reduction="none"), expected, rtol=1e-9)


@each_package
@each_region
def test_reductions_are_of_every_class_of_every_image(package, key):
    each = np.array(in_a_loop(key, PROBS, MASKS))
    assert each.shape == ((2,) if key == "generalized_dice_loss" else (2, 3))
    np.testing.assert_allclose(call(package, key, PROBS, MASKS), each.mean(), rtol=1e-12)
    np.testing.assert_allclose(call(package, key, PROBS, MASKS, reduction="sum"), each.sum(), rtol=1e-12)


@each_region
@pytest.mark.parametrize("activation", [None, "sigmoid", "softmax"])
@pytest.mark.parametrize("smooth", [0.0, 0.5])
def test_derivatives_agree_with_finite_differences(key, activation, smooth):
    input = torch.tensor(PROBS[:, :, :2, :2], requires_grad=True)
    target = torch.tensor(SOFT[:, :, :2, :2], requires_grad=True)

    def loss(input, target):
        options = {**REGIONS[key], "activation": activation, "smooth": smooth, "reduction": "none"}
        return getattr(F, key.partition(",")[0])(input, target, **options)

    assert torch.autograd.gradcheck(loss, (input, target))
    assert torch.autograd.gradgradcheck(loss, (input, target))


def test_gradient_of_dice_takes_the_two_values_of_its_closed_form():
    p, t = PROBS[:1, :1], MASKS[:1, :1]
    overlap, sizes = (p * t).sum(), (p + t).sum()
    expected = np.where(t == 1, -2 * (sizes - overlap) / sizes**2, 2 * overlap / sizes**2)
    np.testing.assert_allclose(gradient("dice_loss", p, t), expected, rtol=1e-12)


def test_gradient_of_jaccard_takes_the_two_values_of_its_closed_form():
    p, t = PROBS[:1, :1], MASKS[:1, :1]
    overlap = (p * t).sum()
    union = (p + t).sum() - overlap
    expected = np.where(t == 1, -1 / union, overlap / union**2)
    np.testing.assert_allclose(gradient("jaccard_loss", p, t), expected, rtol=1e-12)


def test_gradient_of_squared_dice_differs_from_pixel_to_pixel():
    p, t = PROBS[:1, :1], MASKS[:1, :1]
    overlap, squares = (p * t).sum(), (p**2 + t**2).sum()
    expected = 2 * (2 * overlap * p - t * squares) / squares**2
    np.testing.assert_allclose(gradient("dice_loss, squared", p, t), expected, rtol=1e-12)
    assert len(np.unique(expected)) == expected.size


@each_package
def test_squared_dice_alone_is_zero_at_equal_soft_masks(package):
    half = np.full((1, 1, 8), 0.5)
    assert call(package, "dice_loss, squared", half, half) == 0
    assert call(package, "dice_loss", half, half) == 0.5
    np.testing.assert_allclose(call(package, "jaccard_loss", half, half), 2 / 3)


@each_package
def test_generalized_weights_are_sudres_inverse_squares(package):
    overlap, sizes = (PROBS * MASKS).sum((2, 3)), (PROBS + MASKS).sum((2, 3))
    weight = 1 / MASKS.sum((2, 3)) ** 2
    expected = 1 - 2 * (weight * overlap).sum(1) / (weight * sizes).sum(1)
    loss = call(package, "generalized_dice_loss", PROBS, INDICES, reduction="none")
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


@each_package
@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_generalized_dice_of_one_class_is_dice(package, smooth):
    one = PROBS[:, :1], MASKS[:, :1]
    expected = call(package, "dice_loss", *one, smooth=smooth)
    np.testing.assert_allclose(
        call(package, "generalized_dice_loss", *one, smooth=smooth), expected, rtol=1e-12
    )


# Combo loss


def combo_in_a_loop(z, t, a, b, w, smooth):
    """One class of one image; w for each of its pixels."""
    pixels = list(zip(z, t, w, strict=True))
    cross_entropy = sum(
        c * y * math.log1p(math.exp(-x)) + (1 - y) * math.log1p(math.exp(x)) for x, y, c in pixels
    ) / len(pixels)
    return a * cross_entropy + b * region_in_a_loop("dice_loss", sigmoid(z).tolist(), t, smooth)


@each_package
@each_reduction
@pytest.mark.parametrize(
    "pos_weight",
    [None, 3.0, np.array(3.0), np.array([0.5, 1.0, 4.0]), GENERATOR.uniform(0, 3, size=(2, 3, 4, 5))],
    ids=["none", "number", "scalar", "class", "pixel"],
)
def test_combo_is_cross_entropy_plus_dice_of_each_class(package, reduction, pos_weight):
    weights = np.asarray(1.0 if pos_weight is None else pos_weight)
    weights = np.broadcast_to(weights[:, None, None] if weights.ndim == 1 else weights, SCORES.shape)
    maps = [x.reshape(6, 20).tolist() for x in (SCORES, SOFT, weights)]
    each = np.reshape(
        [combo_in_a_loop(z, t, 0.7, 1.3, w, 0.5) for z, t, w in zip(*maps, strict=True)], (2, 3)
    )
    expected = {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]
    if package is F and isinstance(pos_weight, np.ndarray):
        pos_weight = torch.from_numpy(pos_weight)
    options = {"bce_weight": 0.7, "dice_weight": 1.3, "pos_weight": pos_weight, "smooth": 0.5}
    loss = call(package, "combo_loss", SCORES, SOFT, reduction=reduction, **options)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


@each_package
def test_combo_of_one_term_is_that_term(package):
    dice = call(package, "dice_loss", SCORES, MASKS, activation="sigmoid", smooth=1.0, reduction="none")
    np.testing.assert_allclose(
        call(package, "combo_loss", SCORES, MASKS, bce_weight=0, reduction="none"), dice, rtol=1e-12
    )
    native = torch.nn.functional.binary_cross_entropy_with_logits
    each = native(torch.tensor(SCORES), torch.tensor(MASKS), reduction="none").mean((2, 3))
    cross_entropy = call(package, "combo_loss", SCORES, MASKS, dice_weight=0, reduction="none")
    np.testing.assert_allclose(cross_entropy, each, rtol=1e-12)


def test_gradient_of_combo_is_the_sum_of_its_closed_forms():
    p, t = sigmoid(SCORES[:1, :1]), MASKS[:1, :1]
    overlap, sizes = (p * t).sum(), (p + t).sum()
    dice = ((2 * overlap + 1) / (sizes + 1) - 2 * t) / (sizes + 1) * p * (1 - p)
    np.testing.assert_allclose(gradient("combo_loss", SCORES[:1, :1], t), (p - t) / t.size + dice, rtol=1e-12)


def test_derivatives_of_combo_agree_with_finite_differences():
    z, t = (torch.tensor(x[:, :, :2, :2], requires_grad=True) for x in (SCORES, SOFT))
    weight = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64)

    def loss(z, t):
        return F.combo_loss(z, t, pos_weight=weight, reduction="none")

    assert torch.autograd.gradcheck(loss, (z, t))
    assert torch.autograd.gradgradcheck(loss, (z, t))


# Lovász losses


def jaccard_loss_of_sets(wrong, mask):
    """Of the prediction that differs from the set `mask` at the pixels `wrong` and nowhere else."""
    predicted = mask ^ wrong
    return 1 - ratio(len(mask & predicted), len(mask | predicted))


def chain(order, errors, mask):
    """The errors times what each pixel adds to the Jaccard loss, when they turn wrong in this order."""
    losses = [jaccard_loss_of_sets(set(order[:i]), mask) for i in range(len(order) + 1)]
    return sum(errors[pixel] * (losses[i + 1] - losses[i]) for i, pixel in enumerate(order))


def lovasz_extension(errors, mask):
    mask = {pixel for pixel, inside in enumerate(mask) if inside}
    return chain(sorted(range(len(errors)), key=lambda pixel: -errors[pixel]), errors, mask)


def hinge(z, t):
    return [max(0, 1 - x * (2 * y - 1)) for x, y in zip(z, t, strict=True)]


def rows(*maps):
    return zip(
        *(np.reshape(x, (-1, np.prod(np.shape(x)[2:], dtype=int))).tolist() for x in maps), strict=True
    )


@each_package
@pytest.mark.parametrize("per_image", [False, True])
@each_reduction
def test_lovasz_hinge_is_the_extension_of_the_jaccard_loss_of_sets(package, per_image, reduction):
    maps = (SCORES, MASKS)
    if not per_image:
        maps = [np.concatenate(list(x), axis=1)[None] for x in maps]  # one image twice as high
    each = np.array([lovasz_extension(hinge(z, t), t) for z, t in rows(*maps)])
    each = each.reshape((2, 3) if per_image else 3)
    expected = {"mean": each.mean(), "sum": each.sum(), "none": each}[reduction]
    loss = call(package, "lovasz_hinge_loss", SCORES, MASKS, per_image=per_image, reduction=reduction)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


@each_package
@pytest.mark.parametrize("classes", ["present", "all"])
@pytest.mark.parametrize("target", [INDICES, MASKS], ids=["indices", "masks"])
def test_lovasz_softmax_is_the_extension_of_the_jaccard_loss_of_sets(package, classes, target):
    each = [lovasz_extension(np.abs(np.subtract(p, t)).tolist(), t) for p, t in rows(PROBS, MASKS)]
    loss = call(package, "lovasz_softmax_loss", PROBS, target, classes=classes, reduction="none")
    np.testing.assert_allclose(loss, np.reshape(each, (2, 3)), rtol=1e-12)


@each_package
def test_lovasz_extension_is_the_largest_over_all_orders_of_the_pixels(package):
    p = GENERATOR.uniform(size=(1, 1, 5))
    for inside in itertools.product([0.0, 1.0], repeat=5):
        t = np.reshape(inside, (1, 1, 5))
        errors, mask = np.abs(p - t).ravel().tolist(), set(np.flatnonzero(t).tolist())
        largest = max(chain(order, errors, mask) for order in itertools.permutations(range(5)))
        loss = call(package, "lovasz_softmax_loss", p, t, classes="all")
        np.testing.assert_allclose(loss, largest, rtol=1e-12)


@each_package
@pytest.mark.parametrize("inside", list(itertools.product([0.0, 1.0], repeat=4)))
def test_lovasz_losses_are_the_jaccard_loss_at_binary_predictions(package, inside):
    t = np.reshape(inside, (1, 1, 4))
    for predicted in itertools.product([0.0, 1.0], repeat=4):
        p = np.reshape(predicted, (1, 1, 4))
        jaccard = call(package, "jaccard_loss", p, t)
        softmax_loss = call(package, "lovasz_softmax_loss", p, t, classes="all")
        errors_of_one = np.where(p == t, 2 * t - 1, 0)  # the hinge is 0 at ±1 and 1 at 0
        hinge_loss = call(package, "lovasz_hinge_loss", errors_of_one, t)
        np.testing.assert_allclose([softmax_loss, hinge_loss], jaccard, atol=1e-12)


@each_package
def test_lovasz_of_a_batch_laid_side_by_side_is_of_the_batch_as_one_set(package):
    wide = [np.concatenate(list(x), axis=-1)[None] for x in (PROBS, MASKS)]
    each = [lovasz_extension(np.abs(np.subtract(p, t)).tolist(), t) for p, t in rows(*wide)]
    indices = np.concatenate(list(INDICES), axis=-1)[None]
    loss = call(package, "lovasz_softmax_loss", wide[0], indices)
    np.testing.assert_allclose(loss, np.mean(each), rtol=1e-12)


@pytest.mark.parametrize("loss", [F.lovasz_hinge_loss, F.lovasz_softmax_loss])
def test_derivative_of_lovasz_agrees_with_finite_differences(loss):
    input = torch.tensor(PROBS, requires_grad=True)
    assert torch.autograd.gradcheck(lambda input: loss(input, torch.tensor(MASKS), reduction="none"), input)


def test_gradient_of_lovasz_is_what_each_pixel_adds_to_the_jaccard_loss():
    p, t = torch.tensor([[[0.4, 0.8, 0.7, 0.1]]], requires_grad=True), torch.tensor([[[1.0, 1.0, 0.0, 0.0]]])
    F.lovasz_softmax_loss(
        p, t
    ).backward()  # the errors are 0.6, 0.2, 0.7 and 0.1, the Jaccard losses 1/3, 2/3, 1, 1
    torch.testing.assert_close(p.grad, torch.tensor([[[-1 / 3, -1 / 3, 1 / 3, 0.0]]]))


# Wrong arguments

WRONG = {
    "shape": (
        {"target": np.ones((2, 4))},
        ValueError,
        "expected target (2, 4, 5) or (2, 3, 4, 5), got (2, 4)",
    ),
    "axes": ({"input": np.ones(3), "target": np.ones(3)}, ValueError, "expected input (N, C, *), got (3,)"),
    "float indices": (
        {"target": np.ones((2, 4, 5))},
        TypeError,
        "expected class indices of an integer dtype, got ",
    ),
    "one class": (
        {"input": np.ones((2, 1, 4, 5)), "target": INDICES},
        ValueError,
        "expected target (2, 1, 4, 5), got (2, 4, 5)",
    ),
    "softmax of one class": (
        {"input": np.ones((2, 1, 4)), "target": np.ones((2, 1, 4)), "activation": "softmax"},
        ValueError,
        "expected 2 classes or more with activation 'softmax', got 1",
    ),
    "activation": (
        {"activation": "relu"},
        ValueError,
        "expected activation None, 'sigmoid' or 'softmax', got 'relu'",
    ),
    "smooth": ({"smooth": -1.0}, ValueError, "expected smooth >= 0, got -1.0"),
}


@each_package
@each_region
@pytest.mark.parametrize(("arguments", "error", "text"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(package, key, arguments, error, text):
    arguments = {"input": PROBS, "target": INDICES, **arguments}
    with pytest.raises(error, match=f"^{key.partition(',')[0]}: {re.escape(text)}"):
        call(package, key, arguments.pop("input"), arguments.pop("target"), **arguments)


@each_package
@pytest.mark.parametrize(
    ("key", "arguments", "options", "text"),
    [
        ("tversky_loss", (PROBS, MASKS), {"alpha": -0.1}, "expected alpha >= 0, got -0.1"),
        ("tversky_loss", (PROBS, MASKS), {"beta": math.nan}, "expected beta >= 0, got nan"),
        ("combo_loss", (SCORES, MASKS), {"bce_weight": -1.0}, "expected bce_weight >= 0, got -1.0"),
        ("combo_loss", (SCORES, MASKS), {"dice_weight": -1.0}, "expected dice_weight >= 0, got -1.0"),
        ("combo_loss", (SCORES, MASKS), {"smooth": -1.0}, "expected smooth >= 0, got -1.0"),
        ("combo_loss", (SCORES, MASKS), {"pos_weight": -1.0}, "expected pos_weight >= 0, got -1.0"),
        ("combo_loss", (SCORES, INDICES), {}, "expected target (2, 3, 4, 5), got (2, 4, 5)"),
        ("combo_loss", (SCORES[0, 0, 0], MASKS[0, 0, 0]), {}, "expected logits (N, C, *), got (5,)"),
        ("lovasz_hinge_loss", (SCORES, INDICES), {}, "expected target (2, 3, 4, 5), got (2, 4, 5)"),
        ("lovasz_hinge_loss", (SCORES[0, 0, 0], MASKS[0, 0, 0]), {}, "expected logits (N, C, *), got (5,)"),
        (
            "lovasz_softmax_loss",
            (PROBS, INDICES),
            {"classes": [1]},
            "expected classes 'present' or 'all', got [1]",
        ),
        ("lovasz_softmax_loss", (PROBS[:, :1], INDICES), {}, "expected target (2, 1, 4, 5), got (2, 4, 5)"),
    ],
)
def test_wrong_options_are_named(package, key, arguments, options, text):
    with pytest.raises(ValueError, match=f"^{key}: {re.escape(text)}$"):
        call(package, key, *arguments, **options)


@pytest.mark.parametrize("key", [*REGIONS, "lovasz_softmax_loss"])
@pytest.mark.parametrize("wrong", [-1, 3, 255])
def test_reference_rejects_indices_out_of_range(key, wrong):
    indices = INDICES.copy()
    indices[1, 2, 3] = wrong
    text = f"{key.partition(',')[0]}: expected class indices from 0 to 2, got {wrong}"
    with pytest.raises(ValueError, match=f"^{text}$"):
        call(R, key, PROBS, indices)


@pytest.mark.parametrize("key", ["lovasz_hinge_loss", "lovasz_softmax_loss"])
def test_reference_rejects_soft_masks_where_sets_are_compared(key):
    with pytest.raises(ValueError, match=f"^{key}: expected target of zeros and ones, got 0.5$"):
        call(R, key, PROBS, np.full_like(PROBS, 0.5))
