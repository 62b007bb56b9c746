"""Losses of boxes in NumPy. Each compares two boxes, given by their corners, pair by pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_boxes
from losslib.reference._checks import check_alike
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def box_iou_loss(boxes1: ArrayLike, boxes2: ArrayLike, *, reduction: str = "mean") -> Loss:
    """One minus the intersection over union (IoU) of two boxes; 1 for all that do not overlap.

        l = 1 - I / U        I = area(A ∩ B),   U = area(A) + area(B) - I

    The loss does not depend on the unit. Boxes that lie apart have zero gradient, however far they are from each
    other. Where both have no area, 0/0, equal boxes have loss 0 and others 1, with zero gradient.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, x1 > x2 or y1 > y2, or reduction is none of
            the three.

    Source: Yu et al. (2016), arXiv:1608.01471, who take -log(I / U); the ratio is Jaccard's (1912),
        doi:10.1111/j.1469-8137.1912.tb05611.x.
    PyTorch: none; 1 - torchvision.ops.box_iou compares every box with every other.

    >>> float(box_iou_loss([0.0, 0.0, 2.0, 1.0], [1.0, 0.0, 3.0, 1.0]).round(3))
    0.667
    """
    a, b, dtype = _boxes("box_iou_loss", boxes1, boxes2)
    iou, _ = _overlap(a, b)
    return reduce("box_iou_loss", 1 - iou, reduction).astype(dtype)


def giou_loss(boxes1: ArrayLike, boxes2: ArrayLike, *, reduction: str = "mean") -> Loss:
    """The IoU loss plus the share of the common hull that neither box covers.

        l = 1 - I / U + (H - U) / H        H = area of the smallest box around A and B
        I = area(A ∩ B),   U = area(A) + area(B) - I

    From 0 for equal boxes to 2 for small ones far apart, which it pulls together. Where one box holds the other
    H = U, and nothing says where inside. A hull without area adds 0.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, x1 > x2 or y1 > y2, or reduction is none of
            the three.

    Source: Rezatofighi et al. (2019), arXiv:1902.09630.
    PyTorch: none; torchvision.ops.generalized_box_iou_loss.

    >>> a, apart = [0.0, 0.0, 1.0, 1.0], np.array([[2.0, 0.0, 3.0, 1.0], [9.0, 0.0, 10.0, 1.0]])
    >>> giou_loss([a, a], apart, reduction="none").round(3)
    array([1.333, 1.8  ])
    """
    a, b, dtype = _boxes("giou_loss", boxes1, boxes2)
    iou, union = _overlap(a, b)
    hull = _area(_hull(a, b))
    loss = 1 - iou + _ratio(hull - union, hull)
    return reduce("giou_loss", loss, reduction).astype(dtype)


def diou_loss(boxes1: ArrayLike, boxes2: ArrayLike, *, reduction: str = "mean") -> Loss:
    """The IoU loss plus the squared distance of the centres, in units of the common hull's diagonal.

        l = 1 - I / U + ρ² / c²        ρ between the centres, c the diagonal of the smallest box around A and B
        I = area(A ∩ B),   U = area(A) + area(B) - I

    From 0 for equal boxes to 2 for small ones far apart. Unlike the GIoU loss it pulls towards the centre also
    where one box holds the other. A hull that is a point adds 0.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, x1 > x2 or y1 > y2, or reduction is none of
            the three.

    Source: Zheng et al. (2020), doi:10.1609/aaai.v34i07.6999.
    PyTorch: none; torchvision.ops.distance_box_iou_loss.

    >>> whole, corner, middle = [0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0]
    >>> diou_loss([whole, whole], [corner, middle], reduction="none")
    array([0.8125, 0.75  ])
    """
    a, b, dtype = _boxes("diou_loss", boxes1, boxes2)
    iou, _ = _overlap(a, b)
    loss = 1 - iou + _distance(a, b)
    return reduce("diou_loss", loss, reduction).astype(dtype)


def ciou_loss(boxes1: ArrayLike, boxes2: ArrayLike, *, reduction: str = "mean") -> Loss:
    """The DIoU loss plus a term for the aspect ratio, which counts the more the better the boxes overlap.

        l = 1 - I / U + ρ² / c² + α v        v = 4/π² (atan(w_A / h_A) - atan(w_B / h_B))²
        α = v / (1 - I / U + v)              I, U, ρ, c as in the DIoU loss

    The gradient takes α as a constant, as the authors do. A point has no aspect ratio: v = 0.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, x1 > x2 or y1 > y2, or reduction is none of
            the three.

    Source: Zheng et al. (2020), doi:10.1609/aaai.v34i07.6999.
    PyTorch: none; torchvision.ops.complete_box_iou_loss.

    >>> wide, tall = [0.0, 0.0, 4.0, 2.0], [1.0, -1.0, 3.0, 3.0]
    >>> float(diou_loss(wide, tall).round(3)), float(ciou_loss(wide, tall).round(3))
    (0.667, 0.7)
    """
    a, b, dtype = _boxes("ciou_loss", boxes1, boxes2)
    iou, _ = _overlap(a, b)
    v = _aspect(a, b)
    alpha = _ratio(v, 1 - iou + v)
    loss = 1 - iou + _distance(a, b) + alpha * v
    return reduce("ciou_loss", loss, reduction).astype(dtype)


def _boxes(name, boxes1, boxes2):
    """Both as arrays (*, 4) with x1 <= x2 and y1 <= y2, and the dtype to return the loss in."""
    *boxes, dtype = check_alike(name, boxes1=boxes1, boxes2=boxes2)
    for argument, box in zip(("boxes1", "boxes2"), boxes, strict=True):
        check_boxes(name, argument, box.shape)
        wrong = box[(_size(box) < 0).any(-1)]
        if wrong.size:
            first = wrong[0].tolist()
            raise ValueError(f"{name}: expected {argument} with x1 <= x2 and y1 <= y2, got {first}")
    return *boxes, dtype


def _size(box):
    """Width and height (*, 2)."""
    return box[..., 2:] - box[..., :2]


def _area(box):
    return _size(box).prod(-1)


def _hull(a, b):
    """The smallest box around both."""
    return np.concatenate([np.minimum(a[..., :2], b[..., :2]), np.maximum(a[..., 2:], b[..., 2:])], axis=-1)


def _overlap(a, b):
    """Intersection over union, and union."""
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    intersection = np.maximum(high - low, 0).prod(-1)
    union = _area(a) + _area(b) - intersection
    return _ratio(intersection, union, where_empty=(a == b).all(-1)), union


def _distance(a, b):
    """Squared distance of the centres over the squared diagonal of the hull."""
    shift = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    return _ratio((shift**2).sum(-1), (_size(_hull(a, b)) ** 2).sum(-1))


def _aspect(a, b):
    """4/π² times the squared difference of atan(width / height); 0 where a box is a point."""
    sizes = np.stack([_size(a), _size(b)])
    point = (sizes == 0).all(-1).any(0)
    angle = np.arctan2(sizes[..., 0], sizes[..., 1])
    return np.where(point, 0, 4 / np.pi**2 * (angle[0] - angle[1]) ** 2)


def _ratio(numerator, denominator, where_empty=0.0):
    out = np.array(np.broadcast_to(where_empty, denominator.shape), dtype=denominator.dtype)
    return np.divide(numerator, denominator, where=denominator != 0, out=out)
