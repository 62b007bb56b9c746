"""A predicted mask moved and scaled over the true one: what Dice, IoU, BCE and their combination say about it."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout, Rects, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import PREDICTION, TRUTH, color

LOSSES = {
    "Dice": lambda z, t: F.dice_loss(z, t, activation="sigmoid", reduction="none"),
    "IoU": lambda z, t: F.jaccard_loss(z, t, activation="sigmoid", reduction="none"),
    "BCE": lambda z, t: F.combo_loss(z, t, dice_weight=0, reduction="none"),
    "BCE + Dice": lambda z, t: F.combo_loss(z, t, smooth=0, reduction="none"),
}


def mask_overlap(
    *, image: int, target: int, shifts: Sequence[int], sides: Sequence[int], certainty: float = 0.9999
) -> Explorer:
    """A square of the reader's size beside or over a square target in the middle of an image, and four losses.

    The prediction is `certainty` inside its square and one minus that outside. The losses are drawn along the
    shift and along the side, each through the place where the reader is.

    Args:
        image: Pixels along a side of the image, even.
        target: Pixels along a side of the true square, even.
        shifts: Where the centre may be moved to, in pixels from the target's, increasing; 0 among them.
        sides: Of the predicted square, increasing, even; the target's own among them.
        certainty: Between 1/2 and 1.

    Raises:
        ValueError: A side is odd, the largest square would leave the image, the certainty is not between 1/2
            and 1, or the target's own place and side are missing.
    """
    if any(side % 2 for side in (image, target, *sides)):
        raise ValueError(f"mask_overlap: expected even sides, got {image}, {target}, {list(sides)}")
    if max(abs(s) for s in shifts) + max(sides) / 2 > image / 2:
        raise ValueError(f"mask_overlap: expected every square within {image} pixels, got {list(shifts)}")
    if not 0.5 < certainty < 1:
        raise ValueError(f"mask_overlap: expected a certainty between 0.5 and 1, got {certainty}")
    shift, side = Slider(tr("shift, px"), shifts, 0), Slider(tr("side, px"), sides, target)
    sliders = [shift, side]
    losses, pixels = _tabulate(image, target, shift, side, certainty)
    top = 1.05 * max(table.max() for table in losses.values())
    panels = [
        _picture(image, target, shift, side),
        _losses(losses, shift, side, top, along=0),
        _losses(losses, shift, side, top, along=1),
    ]
    readouts = [
        Readout(Table(table, sliders), name, tr("loss"), f"{name}.loss") for name, table in losses.items()
    ]
    rows = {
        "overlap": tr("overlap"),
        "false positives": tr("false positives"),
        "false negatives": tr("false negatives"),
    }
    readouts += [
        Readout(Table(pixels[name], sliders), row, tr("pixels"), f"{name}.pixels")
        for name, row in rows.items()
    ]
    return Explorer(panels, sliders, readouts)


def _square(image: int, side: int, shift: int = 0) -> torch.Tensor:
    """A mask (image, image), as numbers."""
    mask = torch.zeros(image, image, dtype=torch.float64)
    low = (image - side) // 2
    mask[low : low + side, low + shift : low + shift + side] = 1
    return mask


def _tabulate(
    image: int, target: int, shift: Slider, side: Slider, certainty: float
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Each loss, and the pixels of each kind, at every shift and side."""
    masks = torch.stack([_square(image, int(k), int(s)) for s in shift.values for k in side.values])[:, None]
    true = _square(image, target).expand_as(masks)
    logits = (2 * masks - 1) * np.log(certainty / (1 - certainty))
    grid = (len(shift), len(side))
    losses = {name: loss(logits, true).reshape(grid).numpy() for name, loss in LOSSES.items()}
    kinds = {
        "overlap": masks * true,
        "false positives": masks * (1 - true),
        "false negatives": (1 - masks) * true,
    }
    return losses, {name: kind.sum((1, 2, 3)).reshape(grid).numpy() for name, kind in kinds.items()}


def _picture(image: int, target: int, shift: Slider, side: Slider) -> Panel:
    """The two squares from above, the predicted one with a handle in its middle."""
    half, sliders = image / 2, [shift, side]
    reach = np.array(side.values) / 2
    middle = np.array(shift.values)[:, None]
    left, right = Table(middle - reach, sliders), Table(middle + reach, sliders)
    low, high = Table(-reach, [side]), Table(reach, [side])
    elements = [
        Rects(*(-target / 2,) * 2, *(target / 2,) * 2, name=tr("true mask"), color=TRUTH),
        Rects(left, low, right, high, name=tr("prediction"), color=PREDICTION, fill=False, width=2.5),
        Handle(shift, 0.0),
    ]
    return Panel(
        Axis((-half, half), tr("shift, px")), Axis((-half, half), tr("image, px")), elements, height=1
    )


def _losses(losses: dict, shift: Slider, side: Slider, top: float, *, along: int) -> Panel:
    """The losses along one slider while the other stays."""
    moving, fixed = ([shift, side], [side, shift])[along]
    elements: list[Element] = [Segments(moving, 0, moving, top, dash=1, opacity=0.5)]
    for name, table in losses.items():
        curves = np.moveaxis(table, along, -1)
        elements.append(Curve(moving.values, Table(curves, [fixed]), name=name, color=color(name)))
        elements.append(Points(moving, Table(table, [shift, side]), color=color(name), size=5))
    elements.append(Handle(moving, 0.0))
    return Panel(
        Axis((moving.values[0], moving.values[-1]), moving.label), Axis((0, top), tr("loss")), elements
    )
