"""What holds between the losses of boxes for any boxes: bounds, order, invariances."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

LARGEST = {"box_iou_loss": 1, "giou_loss": 2, "diou_loss": 2, "ciou_loss": 2.5}
each_loss = pytest.mark.parametrize("name", LARGEST)

corners = arrays(np.float64, (2, 2, 2), elements=st.floats(-50, 50).map(lambda x: round(x, 3)))
pairs = corners.map(lambda x: np.sort(x, axis=1).reshape(2, 4))  # many of them lines and points
solid = arrays(np.float64, (2, 4), elements=st.integers(1, 30)).map(
    lambda x: np.concatenate([x[:, :2], x[:, :2] + x[:, 2:]], axis=1)
)


@each_loss
@given(pair=pairs)
def test_functional_equals_reference_with_a_finite_gradient(name, pair):
    boxes = torch.tensor(pair, requires_grad=True)
    loss = getattr(F, name)(*boxes)
    loss.backward()
    np.testing.assert_allclose(loss.detach(), getattr(R, name)(*pair), rtol=1e-9, atol=1e-9)
    assert boxes.grad.isfinite().all()


@each_loss
@given(pair=pairs)
def test_loss_lies_in_its_range_and_is_symmetric(name, pair):
    loss = getattr(R, name)(*pair)
    assert -1e-12 <= loss <= LARGEST[name] + 1e-12
    np.testing.assert_allclose(loss, getattr(R, name)(*pair[::-1]), rtol=1e-12, atol=1e-14)


@given(pair=pairs)
def test_every_term_adds_to_the_loss(pair):
    iou, giou, diou, ciou = (getattr(R, name)(*pair) for name in LARGEST)
    assert iou <= giou + 1e-12
    assert iou <= diou + 1e-12
    assert diou <= ciou + 1e-12


@each_loss
@given(pair=solid, shift=st.integers(-100, 100), scale=st.sampled_from([0.25, 2.0, 64.0]))
def test_unit_and_origin_do_not_matter(name, pair, shift, scale):
    loss = getattr(R, name)(*pair)
    np.testing.assert_allclose(getattr(R, name)(*(pair * scale + shift)), loss, rtol=1e-9, atol=1e-9)


@given(pair=solid)
def test_iou_is_the_jaccard_loss_of_the_pixels(pair):
    rows, columns = np.mgrid[:64, :64]
    one, other = (
        ((columns >= x1) & (columns < x2) & (rows >= y1) & (rows < y2)).astype(float)[None, None]
        for x1, y1, x2, y2 in pair
    )
    np.testing.assert_allclose(R.box_iou_loss(*pair), R.jaccard_loss(one, other), rtol=1e-12, atol=1e-14)


@given(pair=solid)
def test_ciou_of_equal_shapes_is_diou(pair):
    one, other = pair
    moved = np.concatenate([other[:2], other[:2] + 3 * (one[2:] - one[:2])])
    np.testing.assert_allclose(R.ciou_loss(one, moved), R.diou_loss(one, moved), rtol=1e-9, atol=1e-12)
