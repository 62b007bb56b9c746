"""The mask over another: what is shown is what losslib computes for the two masks."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import reference as R
from losslib.explorers import mask_overlap


def overlap(**options):
    grid = {"image": 24, "target": 8, "shifts": np.arange(-6, 7, 2), "sides": [2, 4, 8, 12]}
    return mask_overlap(**(grid | options))


def square(side, shift=0):
    mask = np.zeros((1, 1, 24, 24))
    low = 12 - side // 2
    mask[..., low : low + side, low + shift : low + shift + side] = 1
    return mask


@pytest.mark.parametrize("state", [[3, 2], [0, 0], [6, 3], [4, 1], [1, 2]])
def test_shows_the_losses_and_pixels_of_the_two_masks(state):
    explorer = overlap(certainty=0.99)
    explorer.state = state
    shift, side = map(int, explorer.values)
    predicted, target = square(side, shift), square(8)
    p = 0.01 + 0.98 * predicted
    dice, bce = R.dice_loss(p, target), R.binary_cross_entropy(p, target)
    expected = {"Dice": dice, "IoU": R.jaccard_loss(p, target), "BCE": bce, "BCE + Dice": bce + dice}
    for name, value in expected.items():
        assert explorer.readings[f"{name}.loss"] == pytest.approx(value, rel=1e-9)
    assert explorer.readings["overlap.pixels"] == (predicted * target).sum()
    assert explorer.readings["false positives.pixels"] == (predicted * (1 - target)).sum()
    assert explorer.readings["false negatives.pixels"] == ((1 - predicted) * target).sum()


def test_starts_with_the_mask_on_its_target():
    explorer = overlap()
    assert explorer.values == (0.0, 8.0)
    assert explorer.readings["false positives.pixels"] == explorer.readings["false negatives.pixels"] == 0


def test_curves_pass_through_the_place_of_the_reader():
    explorer = overlap()
    explorer.state = [5, 1]
    for panel, control in zip(explorer.panels[1:], explorer.controls, strict=True):
        curves = {e.name: e for e in panel.elements if e.kind == "curve"}
        for name, curve in curves.items():
            here = explorer.state[explorer.controls.index(control)]
            assert curve.y.at(explorer.indices)[here] == pytest.approx(explorer.readings[f"{name}.loss"])


def test_the_mask_can_be_dragged_and_both_curves_too():
    explorer = overlap()
    handles = [e.drag["x"] for panel in explorer.panels for e in panel.elements if e.kind == "handle"]
    assert handles == [explorer.controls[0], *explorer.controls]


def test_travels_light():
    explorer = mask_overlap(image=48, target=12, shifts=np.arange(-14, 15), sides=np.arange(2, 21, 2))
    assert len(gzip.compress(json.dumps(explorer.scene).encode())) < 8_000
    assert torch.isfinite(torch.tensor(list(explorer.readings.values()))).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 7}, "expected even sides"),
        ({"sides": [2, 3, 8]}, "expected even sides"),
        ({"shifts": [0, 8]}, "expected every square within 24 pixels"),
        ({"certainty": 0.5}, "expected a certainty between 0.5 and 1, got 0.5"),
        ({"sides": [2, 4]}, "expected one of"),
        ({"shifts": [1, 2]}, "expected one of"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        overlap(**options)
