"""The dragged box: losses and the steps of descent are what losslib computes for it."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import box_gradients

SHAPES = {"similar": (3.6, 2.6), "tall": (2.2, 4.4), "small": (1.2, 0.8)}
LOSSES = {"IoU": F.box_iou_loss, "GIoU": F.giou_loss, "DIoU": F.diou_loss, "CIoU": F.ciou_loss}
TARGET = torch.tensor([-2.0, -1.5, 2.0, 1.5], dtype=torch.float64)
REACH = 12


def dragged(target=(4, 3), shapes=SHAPES, **options):
    grid = {"place_x": np.arange(-6.0, 7.0), "place_y": np.arange(-3.0, 4.0), "place": (5, 2)}
    return box_gradients(target, shapes, **(grid | {"reach": REACH} | options))


def box_of(explorer):
    x, y, shape, _ = explorer.values
    middle, half = torch.tensor([x, y]), torch.tensor(SHAPES[shape]) / 2
    return torch.cat([middle - half, middle + half]).double().requires_grad_()


@pytest.mark.parametrize("state", [[11, 5, 0, 0], [7, 4, 2, 2], [8, 4, 1, 3], [0, 0, 2, 1]])
def test_readouts_are_loss_and_step_of_descent(state):
    explorer = dragged()
    explorer.state = state
    for name, loss in LOSSES.items():
        box = box_of(explorer)
        loss(box, TARGET).backward()
        move, (x, y) = -box.grad, explorer.values[:2]
        centre = (move[:2] + move[2:]) / 2
        approach = -(centre[0] * x + centre[1] * y) / np.hypot(x, y)
        growth = (move[2:] - move[:2]).sum()
        shown = [explorer.readings[f"{name}.{key}"] for key in ("loss", "approach", "growth")]
        truth = [loss(box, TARGET).item(), approach.item(), growth.item()]
        assert shown == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("state", [[11, 5, 0, 1], [7, 4, 2, 2], [8, 4, 1, 3]])
def test_arrows_start_on_the_sides_and_follow_the_chosen_loss(state):
    explorer = dragged()
    explorer.state = state
    box = box_of(explorer)
    LOSSES[explorer.values[-1]](box, TARGET).backward()
    x1, y1, x2, y2 = (box.detach() - REACH * box.grad).tolist()
    (arrows,) = (e for e in explorer.panels[0].elements if e.kind == "segments")
    ends_x, ends_y, starts_x = (table.at(explorer.indices) for table in (arrows.x1, arrows.y1, arrows.x0))
    assert ends_x[[0, 2]] == pytest.approx([x1, x2], abs=1e-5, nan_ok=True)
    assert ends_y[[1, 3]] == pytest.approx([y1, y2], abs=1e-5, nan_ok=True)
    assert starts_x[[0, 2]] == pytest.approx(box.detach()[[0, 2]].tolist(), abs=1e-6)


def test_iou_without_overlap_has_no_arrows():
    explorer = dragged()
    (arrows,) = (e for e in explorer.panels[0].elements if e.kind == "segments")
    assert explorer.values[-1] == "IoU"
    assert np.isnan(arrows.x1.at(explorer.indices)).all()


def test_travels_light():
    assert len(gzip.compress(json.dumps(dragged().scene).encode())) < 12_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": (4, 0)}, "expected widths and heights > 0"),
        ({"shapes": {"one": (1, 1)}}, "at least two values"),
        ({"place": (5.5, 2)}, "expected one of"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        dragged(**options)
