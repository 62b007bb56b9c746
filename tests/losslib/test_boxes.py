"""Value, gradient, reductions and traps of the losses of boxes, and the text of their errors."""

import math
import re

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib import reference as R

GENERATOR = np.random.default_rng(0)
LOSSES = ("box_iou_loss", "giou_loss", "diou_loss", "ciou_loss")
each_loss = pytest.mark.parametrize("name", LOSSES)
each_package = pytest.mark.parametrize("package", [R, F])


def draw(pairs, spread):
    """Boxes about as large as `spread` lets them lie apart, and their partners."""
    low = GENERATOR.uniform(0, spread, size=(2, pairs, 2))
    return np.concatenate([low, low + GENERATOR.uniform(0.2, 2, size=(2, pairs, 2))], axis=-1)


PAIRS = np.concatenate([draw(20, 1), draw(10, 8)], axis=1)  # most of the first overlap, few of the others do
INSIDE = np.array([[[0, 0, 4, 4]], [[1, 0.5, 2, 3]]], dtype=float)
ALL_PAIRS = np.concatenate([PAIRS, INSIDE, INSIDE[::-1]], axis=1)


def call(package, name, boxes1, boxes2, **options):
    if package is R:
        return getattr(R, name)(boxes1, boxes2, **options)
    return getattr(F, name)(torch.as_tensor(boxes1), torch.as_tensor(boxes2), **options).numpy()


def gradients(name, boxes1, boxes2):
    """With respect to both boxes of every pair."""
    boxes = [torch.tensor(np.asarray(box), requires_grad=True) for box in (boxes1, boxes2)]
    loss = getattr(F, name)(*boxes, reduction="sum")
    return [gradient.numpy() for gradient in torch.autograd.grad(loss, boxes)]


def aspect(box):
    x1, y1, x2, y2 = box
    return math.atan((x2 - x1) / (y2 - y1))


def in_a_loop(name, a, b, alpha=None):
    """One pair of boxes with area, as torchvision has it, without its eps."""
    ax1, ay1, ax2, ay2 = a
    bx1, by1, bx2, by2 = b
    overlap = max(0, min(ax2, bx2) - max(ax1, bx1)) * max(0, min(ay2, by2) - max(ay1, by1))
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - overlap
    iou = overlap / union
    if name == "box_iou_loss":
        return 1 - iou
    width, height = max(ax2, bx2) - min(ax1, bx1), max(ay2, by2) - min(ay1, by1)
    if name == "giou_loss":
        return 1 - (iou - (width * height - union) / (width * height))
    shift = ((ax1 + ax2) / 2 - (bx1 + bx2) / 2) ** 2 + ((ay1 + ay2) / 2 - (by1 + by2) / 2) ** 2
    diou = 1 - iou + shift / (width**2 + height**2)
    if name == "diou_loss":
        return diou
    v = 4 / math.pi**2 * (aspect(a) - aspect(b)) ** 2
    return diou + (v / (1 - iou + v) if alpha is None else alpha) * v


def alpha_in_a_loop(a, b):
    v = 4 / math.pi**2 * (aspect(a) - aspect(b)) ** 2
    return v / (in_a_loop("box_iou_loss", a, b) + v)


# Value and gradient


@each_package
@each_loss
def test_equals_the_definition_in_a_loop(package, name):
    expected = [in_a_loop(name, a, b) for a, b in zip(*ALL_PAIRS.tolist(), strict=True)]
    np.testing.assert_allclose(call(package, name, *ALL_PAIRS, reduction="none"), expected, rtol=1e-12)


@each_package
@each_loss
def test_reductions_are_of_the_pairs_whatever_their_axes(package, name):
    each = call(package, name, *PAIRS, reduction="none")
    grid = PAIRS.reshape(2, 5, 6, 4)
    np.testing.assert_array_equal(call(package, name, *grid, reduction="none"), each.reshape(5, 6))
    np.testing.assert_allclose(call(package, name, *grid), each.mean(), rtol=1e-12)
    np.testing.assert_allclose(call(package, name, *grid, reduction="sum"), each.sum(), rtol=1e-12)
    assert call(package, name, *PAIRS[:, 0]) == each[0]


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "ciou_loss"])
def test_derivatives_agree_with_finite_differences(name):
    boxes = [torch.tensor(box, requires_grad=True) for box in PAIRS]

    def loss(*boxes):
        return getattr(F, name)(*boxes, reduction="none")

    assert torch.autograd.gradcheck(loss, boxes)
    assert torch.autograd.gradgradcheck(loss, boxes)


def test_gradient_of_ciou_takes_alpha_as_a_constant():
    step = 1e-6
    for a, b in zip(*ALL_PAIRS, strict=True):
        alpha = alpha_in_a_loop(a, b)
        expected = np.zeros((2, 4))
        for box, corner in np.ndindex(2, 4):
            ends = []
            for sign in (1, -1):
                pair = np.array([a, b])
                pair[box, corner] += sign * step
                ends.append(in_a_loop("ciou_loss", *pair, alpha))
            expected[box, corner] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradients("ciou_loss", a, b), expected, rtol=1e-5, atol=1e-7)


def test_boxes_apart_have_no_gradient_but_through_their_hull():
    apart = [0.0, 0.0, 1.0, 1.0], [5.0, 1.0, 6.0, 2.0]
    assert not np.any(gradients("box_iou_loss", *apart))
    for name in LOSSES[1:]:
        right, _ = gradients(name, *apart)[0][[2, 3]]
        assert right < 0, "moving the right edge towards the other box should help"


def test_box_inside_another_is_centred_by_the_distance_alone():
    whole, corner, middle = [0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]
    for name in ("box_iou_loss", "giou_loss"):
        assert call(R, name, whole, corner) == call(R, name, whole, middle) == 0.75
    for name in ("diou_loss", "ciou_loss"):
        assert call(R, name, whole, corner) > call(R, name, whole, middle) == 0.75


@each_loss
def test_descending_moves_a_box_onto_its_target_unless_only_overlap_counts(name):
    box = torch.tensor([0.0, 0.0, 1.0, 1.0], requires_grad=True)
    target = torch.tensor([2.0, 0.5, 3.5, 1.5])
    optimizer = torch.optim.Adam([box], lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        getattr(F, name)(box, target).backward()
        optimizer.step()
    overlap = 1 - F.box_iou_loss(box, target).item()
    assert overlap == 0 if name == "box_iou_loss" else overlap > 0.9


# Traps

POINT, OTHER, LINE, BOX = (
    [1.0, 1.0, 1.0, 1.0],
    [2.0, 3.0, 2.0, 3.0],
    [0.0, 1.0, 2.0, 1.0],
    [0.0, 0.0, 2.0, 2.0],
)
UPRIGHT, BESIDE = [1.0, 0.0, 1.0, 2.0], [3.0, 1.0, 4.0, 1.0]
DEGENERATE = {  # loss by IoU, GIoU, DIoU and CIoU
    "the same point": (POINT, POINT, (0, 0, 0, 0)),
    "two points": (POINT, OTHER, (1, 2, 2, 2)),
    "a point in a box": (POINT, BOX, (1, 1, 1, 1)),
    "a point on a line": (POINT, LINE, (1, 1, 1, 1)),
    "the same line": (LINE, LINE, (0, 0, 0, 0)),
    "two lines in a row": (LINE, BESIDE, (1, 1, 1 + 2.5**2 / 16, 1 + 2.5**2 / 16)),
    "two lines that cross": (LINE, UPRIGHT, (1, 2, 1, 1.5)),
    "a line in a box": (LINE, BOX, (1, 1, 1, 1 + 0.25**2 / 1.25)),
    "the same box": (BOX, BOX, (0, 0, 0, 0)),
}


@each_package
@pytest.mark.parametrize(("a", "b", "losses"), DEGENERATE.values(), ids=DEGENERATE)
def test_boxes_without_area_have_a_finite_loss(package, a, b, losses):
    for name, expected in zip(LOSSES, losses, strict=True):
        for pair in ((a, b), (b, a)):
            np.testing.assert_allclose(call(package, name, *pair), expected, rtol=1e-6, atol=1e-12)


@each_loss
@pytest.mark.parametrize(("a", "b"), [pair[:2] for pair in DEGENERATE.values()], ids=DEGENERATE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_boxes_without_area_have_a_finite_gradient(name, a, b, dtype):
    assert np.isfinite(gradients(name, np.array(a, dtype), np.array(b, dtype))).all()


@each_loss
@pytest.mark.parametrize("box", [POINT, LINE, BOX])
def test_gradient_is_zero_at_equal_boxes(name, box):
    np.testing.assert_allclose(gradients(name, box, box), 0, atol=1e-12)


def test_a_line_in_a_box_learns_to_open():
    low, high = gradients("box_iou_loss", LINE, BOX)[0][[1, 3]]
    assert low > 0 > high


@each_package
@each_loss
def test_half_precision_areas_do_not_overflow(package, name):
    pair = np.array([[0, 0, 1000, 1000], [0, 0, 1000, 500]], dtype=np.float16)  # areas beyond 65504
    loss = call(package, name, *pair)
    assert loss.dtype == np.float16
    np.testing.assert_allclose(loss, call(package, name, *pair.astype(float)), rtol=1e-3)


@each_package
@each_loss
def test_no_boxes_have_zero_loss(package, name):
    assert call(package, name, np.zeros((0, 4)), np.zeros((0, 4))) == 0
    assert gradients(name, np.zeros((0, 4)), np.zeros((0, 4)))[0].shape == (0, 4)


# Wrong arguments


@each_package
@each_loss
@pytest.mark.parametrize(
    ("boxes1", "boxes2", "text"),
    [
        (np.ones((3, 5)), np.ones((3, 5)), "expected boxes1 (*, 4), got (3, 5)"),
        (np.ones(()), np.ones(()), "expected boxes1 (*, 4), got ()"),
        (np.ones((3, 4)), np.ones((1, 4)), "expected boxes2 (3, 4), got (1, 4)"),
    ],
)
def test_wrong_shapes_are_named(package, name, boxes1, boxes2, text):
    with pytest.raises(ValueError, match=f"^{name}: {re.escape(text)}$"):
        call(package, name, boxes1, boxes2)


@each_package
@each_loss
def test_integer_boxes_are_refused(package, name):
    whole, box = np.ones((3, 4), np.int64), np.ones((3, 4))
    for argument, pair in (("boxes1", (whole, box)), ("boxes2", (box, whole))):
        text = rf"^{name}: expected {argument} of a floating-point dtype, got (torch\.)?int64$"
        with pytest.raises(TypeError, match=text):
            call(package, name, *pair)


@each_loss
@pytest.mark.parametrize("turned", [[3.0, 0.0, 1.0, 2.0], [0.0, 3.0, 1.0, 2.0]])
def test_reference_rejects_boxes_turned_around(name, turned):
    for argument, pair in (("boxes1", (turned, BOX)), ("boxes2", (BOX, turned))):
        text = f"{name}: expected {argument} with x1 <= x2 and y1 <= y2, got {turned}"
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            call(R, name, *pair)
