"""Four losses of a box that the reader drags over another, and where each of them moves its sides."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Element, Handle, Panel, Readout, Rects, Segments
from losslib.explorers.quantities import Slider, Table, tabulate
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import GRADIENT, PREDICTION, TRUTH

LOSSES = {"IoU": F.box_iou_loss, "GIoU": F.giou_loss, "DIoU": F.diou_loss, "CIoU": F.ciou_loss}
ROOM = 1.0  # around the boxes


def box_gradients(
    target: tuple[float, float],
    shapes: Mapping[str, tuple[float, float]],
    *,
    place_x: Sequence[float],
    place_y: Sequence[float],
    place: tuple[float, float],
    reach: float,
) -> Explorer:
    """A box of some shape over a target around the origin, and how descending the chosen loss moves its sides.

    An arrow on each side is `reach` times the step of gradient descent on the corners' coordinates. The readouts,
    for IoU, GIoU, DIoU and CIoU alike, are the loss and what that step does: how far the centre comes towards the
    target's, and by how much width and height together grow.

    Args:
        target: Width and height of the target, > 0.
        shapes: Width and height of the dragged box, > 0, by name; the first one comes first.
        place_x, place_y: The grid of its centre's places, increasing.
        place: Where it starts, on the grid.
        reach: Length of an arrow for a gradient of 1.

    Raises:
        ValueError: A width or a height is not positive, there are fewer than two shapes, or the box does not
            start on its grid.
    """
    sizes = np.array([target, *shapes.values()], float)
    if sizes.min() <= 0:
        raise ValueError(f"box_gradients: expected widths and heights > 0, got {sizes.tolist()}")
    x, y = Slider("x", place_x, place[0]), Slider("y", place_y, place[1])
    shape = Slider(tr("predicted box"), list(shapes), next(iter(shapes)))
    chosen = Slider(tr("loss"), list(LOSSES), "IoU")
    boxes = tabulate(lambda x, y, shape: _box((x, y), shapes[shape]), x, y, shape)
    fixed = _box((0.0, 0.0), target)
    found = {name: _tabulate(loss, boxes.values, fixed) for name, loss in LOSSES.items()}
    moves = Table(
        np.stack([-reach * gradients for _, gradients in found.values()], axis=3), (*boxes.over, chosen)
    )
    readouts = [
        Readout(Table(table, boxes.over), name, column, f"{name}.{key}")
        for name, (values, gradients) in found.items()
        for key, column, table in (
            ("loss", tr("loss"), values),
            ("approach", tr("approach"), _approach(boxes.values, gradients)),
            ("growth", tr("growth"), _growth(gradients)),
        )
    ]
    low = np.minimum(boxes.values[..., :2].min((0, 1, 2)), fixed[:2]) - ROOM
    high = np.maximum(boxes.values[..., 2:].max((0, 1, 2)), fixed[2:]) + ROOM
    axes = [Axis((a, b), name) for a, b, name in zip(low, high, "xy", strict=True)]
    whole = Rects(*fixed, name=tr("true box"), color=TRUTH, opacity=0.35)
    elements = [whole, *_outlines(boxes, fixed), _arrows(boxes, moves), Handle(x, y)]
    panel = Panel(*axes, elements, height=float((high[1] - low[1]) / (high[0] - low[0])))
    return Explorer([panel], [x, y, shape, chosen], readouts)


def _box(centre: tuple[float, float], size: tuple[float, float]) -> np.ndarray:
    """The corners x1, y1, x2, y2."""
    middle, half = np.array(centre), np.array(size) / 2
    return np.concatenate([middle - half, middle + half])


def _tabulate(loss, boxes: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The loss and its gradient, (...) and (..., 4), for boxes (..., 4)."""
    corners = torch.tensor(boxes, requires_grad=True)
    values = loss(corners, torch.tensor(target).expand_as(corners), reduction="none")
    (gradients,) = torch.autograd.grad(values.sum(), corners)
    # What is nothing but rounding is then 0, and has no arrow.
    return values.detach().numpy().round(12), gradients.numpy().round(12) + 0.0


def _approach(boxes: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """How far the centre moves towards the origin, per step of size 1; NaN where it is there."""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    moved = -(gradients[..., :2] + gradients[..., 2:]) / 2
    distance = np.linalg.norm(centre, axis=-1)
    with np.errstate(invalid="ignore"):
        return -(moved * centre).sum(-1) / np.where(distance > 0, distance, np.nan)


def _growth(gradients: np.ndarray) -> np.ndarray:
    """How much width and height together grow, per step of size 1."""
    return (gradients[..., :2] - gradients[..., 2:]).sum(-1)


def _outlines(boxes: Table, target: np.ndarray) -> list[Element]:
    """The dragged box, and the smallest one around it and the target."""
    corners, over = boxes.values, boxes.over
    hull = [np.minimum(corners[..., :2], target[:2]), np.maximum(corners[..., 2:], target[2:])]
    around = np.concatenate(hull, axis=-1)
    hull_box = [Table(around[..., i], over) for i in range(4)]
    predicted = [Table(corners[..., i], over) for i in range(4)]
    return [
        Rects(*hull_box, name=tr("smallest box around both"), fill=False, width=1, opacity=0.6),
        Rects(*predicted, name=tr("predicted box"), color=PREDICTION, fill=False, width=2.5),
    ]


def _arrows(boxes: Table, moves: Table) -> Element:
    """From the middle of each side, x1, y1, x2 and y2, where it goes."""
    x1, y1, x2, y2 = np.moveaxis(boxes.values, -1, 0)
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
    start_x = np.stack([x1, middle_x, x2, middle_x], axis=-1)
    start_y = np.stack([middle_y, y1, middle_y, y2], axis=-1)
    along = np.where(moves.values == 0, np.nan, moves.values)
    end_x = start_x[:, :, :, None] + along * [1, 0, 1, 0]
    end_y = start_y[:, :, :, None] + along * [0, 1, 0, 1]
    starts = [Table(start, boxes.over) for start in (start_x, start_y)]
    ends = [Table(end, moves.over) for end in (end_x, end_y)]
    return Segments(*starts, *ends, name=tr("one step"), color=GRADIENT, arrow=True, width=2.5)
