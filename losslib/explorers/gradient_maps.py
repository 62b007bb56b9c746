"""How hard BCE and Dice pull at every pixel of one prediction, side by side, while the object shrinks."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Panel, Readout, Rects
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import GRADIENT, PREDICTION, TRUTH

LOSSES: dict[str, Callable] = {
    "BCE": F.binary_cross_entropy_with_logits,
    "Dice": lambda z, t: F.dice_loss(z, t, activation="sigmoid"),
}

FULL = 0.46  # of a cell: half the side of the largest square


def gradient_maps(
    *, cells: int, sides: Sequence[int], shifts: Sequence[int], inside: float = 0.9, outside: float = 0.1
) -> Explorer:
    """Two maps of |dl/dz|, z the logits, as squares whose area is the size of the gradient.

    The object is a square, the prediction a square of the same size beside it: probability `inside` in it and
    `outside` elsewhere. On the object the gradient raises z, everywhere else it lowers it. The largest gradient
    that a loss has at any place of the sliders fills a cell.

    Args:
        cells: Pixels along a side of the image.
        sides: Of the object, in pixels, increasing; the largest comes first.
        shifts: Of the prediction to the right, in pixels, increasing, >= 0; the smallest comes first.
        inside, outside: Probabilities, between 0 and 1.

    Raises:
        ValueError: The prediction would leave the image, or a probability is not between 0 and 1.
    """
    if shifts[0] < 0 or max(sides) + max(shifts) > cells:
        raise ValueError(
            f"gradient_maps: expected side + shift up to {cells}, shift >= 0, got {list(sides)}, {list(shifts)}"
        )
    if not (0 < inside < 1 and 0 < outside < 1):
        raise ValueError(f"gradient_maps: expected probabilities between 0 and 1, got {inside}, {outside}")
    side, shift = (
        Slider(tr("side of the object, px"), sides, sides[-1]),
        Slider(tr("shift, px"), shifts, shifts[0]),
    )
    panels, readouts = [], []
    for name, loss in LOSSES.items():
        values, pulls, objects = _tabulate(loss, cells, side, shift, inside, outside)
        panels.append(_map(name, pulls, cells, side, shift))
        on_object = (pulls * objects).sum(axis=(2, 3))
        everywhere = pulls.sum(axis=(2, 3))
        columns = {
            "loss": (tr("loss"), values),
            "object": (tr("pull on the object"), on_object),
            "rest": (tr("pull on the rest"), everywhere - on_object),
            "share": (tr("object's share, %"), 100 * on_object / everywhere),
        }
        readouts += [
            Readout(Table(table, [side, shift]), name, column, f"{name}.{key}")
            for key, (column, table) in columns.items()
        ]
    return Explorer(panels, [side, shift], readouts)


def _corner(cells: int, side: int, shifts: Slider) -> tuple[int, int]:
    """Top and left of the object: in the middle, together with the furthest prediction."""
    return (cells - side) // 2, (cells - side - int(shifts.values[-1])) // 2


def _square(cells: int, side: int, top: int, left: int) -> torch.Tensor:
    mask = torch.zeros(cells, cells, dtype=torch.float64)
    mask[top : top + side, left : left + side] = 1
    return mask


def _tabulate(
    loss: Callable, cells: int, side: Slider, shift: Slider, inside: float, outside: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The loss (sides, shifts), and the sizes of the gradient and the objects (sides, shifts, cells, cells)."""
    values, pulls, objects = [], [], []
    for k in map(int, side.values):
        top, left = _corner(cells, k, shift)
        for move in map(int, shift.values):
            target, predicted = (_square(cells, k, top, at) for at in (left, left + move))
            logits = torch.logit(outside + (inside - outside) * predicted).requires_grad_()
            value = loss(logits[None, None], target[None, None])
            values.append(value.item())
            pulls.append(torch.autograd.grad(value, logits)[0].abs().numpy())
            objects.append(target.numpy())
    grid = (len(side), len(shift))
    return np.reshape(values, grid), *(np.reshape(maps, (*grid, cells, cells)) for maps in (pulls, objects))


def _map(name: str, pulls: np.ndarray, cells: int, side: Slider, shift: Slider) -> Panel:
    """A square for every pixel, the outlines of object and prediction over them."""
    sliders, grid = [side, shift], pulls.shape[:2]
    middles = np.arange(cells) + 0.5
    y, x = (m.ravel() for m in np.meshgrid(middles, middles, indexing="ij"))
    half = FULL * np.sqrt(pulls / pulls.max()).reshape(*grid, -1)
    corners = [Table(middle + sign * half, sliders) for sign in (-1, 1) for middle in (x, y)]
    outlines: list[Element] = [
        _outline(
            [[0] * len(shift)] * len(side), cells, sliders, name=tr("object"), color=TRUTH, dash=0, width=3
        ),
        _outline([shift.values] * len(side), cells, sliders, name=tr("prediction"), color=PREDICTION, dash=1),
    ]
    elements = [Rects(*corners, name=tr("size of the gradient"), color=GRADIENT), *outlines]
    ticks = {edge: str(edge) for edge in range(0, cells + 1, max(1, cells // 4))}
    axes = (Axis((0, cells), label, ticks=ticks) for label in (tr("pixel"), name))
    return Panel(*axes, elements, height=1)


def _outline(moves, cells: int, sliders: list[Slider], **look) -> Curve:
    """The frame of a square that stands `moves` to the right of the object."""
    side, shift = sliders
    tops, lefts = zip(*(_corner(cells, int(k), shift) for k in side.values), strict=True)
    size, left = np.array(side.values)[:, None, None], np.array(lefts)[:, None] + np.array(moves)
    x = left[..., None] + size * np.array([0, 1, 1, 0, 0])
    y = np.array(tops)[:, None, None] + size * np.array([0, 0, 1, 1, 0])
    return Curve(Table(x, sliders), Table(y[:, 0], [side]), **look)
