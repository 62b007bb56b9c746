"""Losses of boxes in PyTorch. Each compares two boxes, given by their corners, pair by pair."""

import math

import torch
from torch import Tensor

from losslib._arguments import check_boxes
from losslib.functional._checks import check_alike
from losslib.functional._reduction import reduce


def box_iou_loss(boxes1: Tensor, boxes2: Tensor, *, reduction: str = "mean") -> Tensor:
    """One minus the intersection over union (IoU) of two boxes; 1 for all that do not overlap.

        l = 1 - I / U        I = area(A ∩ B),   U = area(A) + area(B) - I

    The loss does not depend on the unit. Boxes that lie apart have zero gradient, however far they are from each
    other. Where both have no area, 0/0, equal boxes have loss 0 and others 1, with zero gradient.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2, which the reference checks; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, or reduction is none of the three.

    Source: Yu et al. (2016), arXiv:1608.01471, who take -log(I / U); the ratio is Jaccard's (1912),
        doi:10.1111/j.1469-8137.1912.tb05611.x.
    PyTorch: none; 1 - torchvision.ops.box_iou compares every box with every other.

    >>> import torch
    >>> box = torch.tensor([0.0, 0.0, 2.0, 1.0], requires_grad=True)
    >>> loss = box_iou_loss(box, torch.tensor([1.0, 0.0, 3.0, 1.0]))
    >>> loss.backward()
    >>> loss.detach(), box.grad[::2]
    (tensor(0.6667), tensor([-0.1111, -0.3333]))
    """
    a, b, dtype = _boxes("box_iou_loss", boxes1, boxes2)
    iou, _ = _overlap(a, b)
    return reduce("box_iou_loss", 1 - iou, reduction).to(dtype)


def giou_loss(boxes1: Tensor, boxes2: Tensor, *, reduction: str = "mean") -> Tensor:
    """The IoU loss plus the share of the common hull that neither box covers.

        l = 1 - I / U + (H - U) / H        H = area of the smallest box around A and B
        I = area(A ∩ B),   U = area(A) + area(B) - I

    From 0 for equal boxes to 2 for small ones far apart, which it pulls together. Where one box holds the other
    H = U, and nothing says where inside. A hull without area adds 0.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2, which the reference checks; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, or reduction is none of the three.

    Source: Rezatofighi et al. (2019), arXiv:1902.09630.
    PyTorch: none; torchvision.ops.generalized_box_iou_loss.

    >>> import torch
    >>> box = torch.tensor([5.0, 0.0, 7.0, 1.0], requires_grad=True)
    >>> loss = giou_loss(box, torch.tensor([1.0, 0.0, 3.0, 1.0]))
    >>> loss.backward()
    >>> loss.detach(), box.grad[::2]
    (tensor(1.3333), tensor([ 0.1667, -0.0556]))
    """
    a, b, dtype = _boxes("giou_loss", boxes1, boxes2)
    iou, union = _overlap(a, b)
    hull = _area(_hull(a, b))
    loss = 1 - iou + _ratio(hull - union, hull)
    return reduce("giou_loss", loss, reduction).to(dtype)


def diou_loss(boxes1: Tensor, boxes2: Tensor, *, reduction: str = "mean") -> Tensor:
    """The IoU loss plus the squared distance of the centres, in units of the common hull's diagonal.

        l = 1 - I / U + ρ² / c²        ρ between the centres, c the diagonal of the smallest box around A and B
        I = area(A ∩ B),   U = area(A) + area(B) - I

    From 0 for equal boxes to 2 for small ones far apart. Unlike the GIoU loss it pulls towards the centre also
    where one box holds the other. A hull that is a point adds 0.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2, which the reference checks; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, or reduction is none of the three.

    Source: Zheng et al. (2020), doi:10.1609/aaai.v34i07.6999.
    PyTorch: none; torchvision.ops.distance_box_iou_loss.

    >>> import torch
    >>> box = torch.tensor([5.0, 0.0, 7.0, 1.0], requires_grad=True)
    >>> loss = diou_loss(box, torch.tensor([1.0, 0.0, 3.0, 1.0]))
    >>> loss.backward()
    >>> loss.detach(), box.grad[::2]
    (tensor(1.4324), tensor([ 0.1081, -0.0321]))
    """
    a, b, dtype = _boxes("diou_loss", boxes1, boxes2)
    iou, _ = _overlap(a, b)
    loss = 1 - iou + _distance(a, b)
    return reduce("diou_loss", loss, reduction).to(dtype)


def ciou_loss(boxes1: Tensor, boxes2: Tensor, *, reduction: str = "mean") -> Tensor:
    """The DIoU loss plus a term for the aspect ratio, which counts the more the better the boxes overlap.

        l = 1 - I / U + ρ² / c² + α v        v = 4/π² (atan(w_A / h_A) - atan(w_B / h_B))²
        α = v / (1 - I / U + v)              I, U, ρ, c as in the DIoU loss

    The gradient takes α as a constant, as the authors do. A point has no aspect ratio: v = 0.

    Shapes: boxes1 (*, 4), boxes2 (*, 4) -> (), or (*) with reduction="none".

    Args:
        boxes1: Corners x1, y1, x2, y2, floating point, in pixels or as shares of the image. x1 <= x2 and
            y1 <= y2, which the reference checks; a box may be a point.
        boxes2: Corners of the boxes to compare with, pair by pair, in the same unit.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: Boxes are not floating point.
        ValueError: The shapes differ, the last axis is not 4 long, or reduction is none of the three.

    Source: Zheng et al. (2020), doi:10.1609/aaai.v34i07.6999.
    PyTorch: none; torchvision.ops.complete_box_iou_loss.

    >>> import torch
    >>> wide, tall = torch.tensor([[0.0, 0.0, 4.0, 2.0], [1.0, -1.0, 3.0, 3.0]])
    >>> diou_loss(wide, tall), ciou_loss(wide, tall)
    (tensor(0.6667), tensor(0.7004))
    """
    a, b, dtype = _boxes("ciou_loss", boxes1, boxes2)
    iou, _ = _overlap(a, b)
    v = _aspect(a, b)
    alpha = _ratio(v.detach(), (1 - iou + v).detach())
    loss = 1 - iou + _distance(a, b) + alpha * v
    return reduce("ciou_loss", loss, reduction).to(dtype)


def _boxes(name, boxes1, boxes2):
    """Both as corners x1, y1, x2, y2, each (*), and the dtype to return the loss in.

    Numbers on their own: loops over an axis of two or four would take twice as long.
    """
    boxes1, boxes2, dtype = check_alike(name, boxes1=boxes1, boxes2=boxes2)
    check_boxes(name, "boxes1", boxes1.shape)
    return boxes1.unbind(-1), boxes2.unbind(-1), dtype


def _size(box):
    """Width and height."""
    x1, y1, x2, y2 = box
    return x2 - x1, y2 - y1


def _shared(a, b):
    """Width and height of what both cover; negative where they lie apart."""
    right, bottom = torch.minimum(a[2], b[2]), torch.minimum(a[3], b[3])
    return right - torch.maximum(a[0], b[0]), bottom - torch.maximum(a[1], b[1])


def _hull(a, b):
    """Width and height of the smallest box around both."""
    right, bottom = torch.maximum(a[2], b[2]), torch.maximum(a[3], b[3])
    return right - torch.minimum(a[0], b[0]), bottom - torch.minimum(a[1], b[1])


def _area(size):
    width, height = size
    return width * height


def _overlap(a, b):
    """Intersection over union, and union."""
    width, height = _shared(a, b)
    intersection = width.clamp(min=0) * height.clamp(min=0)
    union = _area(_size(a)) + _area(_size(b)) - intersection
    equal = (a[0] == b[0]) & (a[1] == b[1]) & (a[2] == b[2]) & (a[3] == b[3])
    return _ratio(intersection, union, where_empty=equal.to(union.dtype)), union


def _distance(a, b):
    """Squared distance of the centres over the squared diagonal of the hull."""
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    width, height = _hull(a, b)
    return _ratio(dx.square() + dy.square(), width.square() + height.square())


def _aspect(a, b):
    """4/π² times the squared difference of atan(width / height), the angle between the diagonals.

    A point has none, and counts as alike.
    """
    (width_a, height_a), (width_b, height_b) = _size(a), _size(b)
    cross, dot = width_a * height_b - height_a * width_b, width_a * width_b + height_a * height_b
    angle = torch.atan2(cross, dot.where((cross != 0) | (dot != 0), 1))  # atan2(0, 0) has no derivative
    return 4 / math.pi**2 * angle.square()


def _ratio(numerator, denominator, where_empty=0.0):
    """Where the denominator is 0, `where_empty` with zero gradient."""
    some = denominator != 0
    return (numerator / denominator.where(some, 1)).where(some, where_empty)
