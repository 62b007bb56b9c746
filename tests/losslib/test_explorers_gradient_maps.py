"""The maps of the gradient: the pulls shown are losslib's, and so are the areas of the squares."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import gradient_maps

LOSSES = {
    "BCE": F.binary_cross_entropy_with_logits,
    "Dice": lambda z, t: F.dice_loss(z, t, activation="sigmoid"),
}


def maps(**options):
    return gradient_maps(**({"cells": 8, "sides": [1, 2, 4], "shifts": [0, 1, 4]} | options))


def gradient(loss, side, shift):
    """Anywhere in the image: the sums do not depend on the place."""
    target, predicted = torch.zeros(2, 1, 1, 8, 8, dtype=torch.float64)
    target[..., :side, :side] = predicted[..., :side, shift : shift + side] = 1
    z = torch.logit(0.1 + 0.8 * predicted).requires_grad_()
    value = loss(z, target)
    return value.item(), torch.autograd.grad(value, z)[0], target


@pytest.mark.parametrize("state", [[2, 0], [0, 0], [0, 2], [1, 1], [2, 2]])
@pytest.mark.parametrize("name", LOSSES)
def test_shows_loss_and_pulls(name, state):
    explorer = maps()
    explorer.state = state
    value, g, target = gradient(LOSSES[name], *map(int, explorer.values))
    pull, rest = -g[target == 1].sum().item(), g[target == 0].sum().item()
    shown = {"loss": value, "object": pull, "rest": rest, "share": 100 * pull / (pull + rest)}
    for key, expected in shown.items():
        assert explorer.readings[f"{name}.{key}"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("state", [[2, 0], [0, 1], [1, 2]])
def test_areas_are_proportional_to_the_gradient_on_one_scale(state):
    explorer = maps()
    everywhere = [gradient(F.binary_cross_entropy_with_logits, k, s)[1] for k in (1, 2, 4) for s in (0, 1, 4)]
    largest = max(g.abs().max().item() for g in everywhere)
    explorer.state = state
    squares = next(e for e in explorer.panels[0].elements if e.kind == "rects")
    x0, y0, x1, y1 = (getattr(squares, c).at(explorer.indices) for c in ("x0", "y0", "x1", "y1"))
    _, g, _ = gradient(F.binary_cross_entropy_with_logits, *map(int, explorer.values))
    expected = np.sort(g.abs().numpy().ravel()) / largest
    np.testing.assert_allclose(np.sort((x1 - x0) * (y1 - y0)), 0.92**2 * expected)


def test_frames_stand_around_object_and_prediction():
    explorer = maps()
    explorer.state = [1, 2]
    frames = [e for e in explorer.panels[1].elements if e.kind == "curve"]
    left, predicted = (f.x.at(explorer.indices) for f in frames)
    assert np.ptp(left) == np.ptp(predicted) == 2
    np.testing.assert_array_equal(predicted - left, 4)


def test_travels_light():
    explorer = gradient_maps(cells=12, sides=[1, 2, 3, 4, 6, 8], shifts=[0, 1, 2, 4])
    assert len(gzip.compress(json.dumps(explorer.scene).encode())) < 8_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sides": [1, 5]}, "expected side \\+ shift up to 8"),
        ({"shifts": [-1, 0]}, "shift >= 0"),
        ({"inside": 1.0}, "expected probabilities between 0 and 1, got 1.0, 0.1"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        maps(**options)
