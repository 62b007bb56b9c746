"""Focal loss: its shares add up as losslib computes them, and its best prediction is where losslib's loss is least."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib import reference as R
from losslib.explorers import focal_probability, focal_shares

LABELS = np.repeat([1.0, 0.0], [10, 300])
LOGITS = np.random.default_rng(0).normal(size=310) * 2 + np.where(LABELS == 1, 0.5, -3)


def shares(**options):
    usual = {"gammas": np.arange(0, 5.1, 0.5), "gamma": 0.0, "alphas": [0.25, 0.5, 0.75], "alpha": 0.5}
    return focal_shares(options.pop("logits", LOGITS), options.pop("labels", LABELS), **(usual | options))


def probability(**options):
    usual = {"gammas": [0, 0.5, 2, 5], "gamma": 2.0, "truths": np.arange(0.1, 0.91, 0.1), "truth": 0.9}
    return focal_probability(**(usual | options))


@pytest.mark.parametrize("state", [[0, 1], [4, 0], [10, 2]])
def test_shares_of_the_loss(state):
    explorer = shares()
    explorer.state = state
    gamma, alpha = explorer.values
    loss = R.sigmoid_focal_loss(LOGITS, LABELS, gamma=gamma, alpha=alpha, reduction="none")
    p = 1 / (1 + np.exp(-np.where(LABELS == 1, LOGITS, -LOGITS)))
    groups = {"easy": p >= 0.9, "between": (p >= 0.5) & (p < 0.9), "hard": p < 0.5, "positive": LABELS == 1}
    for name, group in groups.items():
        assert explorer.readings[f"{name}.count"] == group.sum()
        assert explorer.readings[f"{name}.share"] == pytest.approx(100 * loss[group].sum() / loss.sum())


def test_bars_hold_the_whole_loss():
    explorer = shares()
    negatives, positives = explorer.panels[0].elements
    height = positives.y1.values - positives.y0.values + negatives.y1.values
    assert np.allclose(height.sum(axis=-1), 1)
    curve = explorer.panels[1].elements[1].y.values
    assert np.allclose(curve[..., -1], 1)
    assert (np.diff(curve) >= 0).all()


@pytest.mark.parametrize("state", [[0, 3], [1, 0], [2, 8], [3, 6]])
def test_best_prediction_is_where_the_loss_is_least(state):
    explorer = probability()
    explorer.state = state
    gamma, truth = explorer.values
    grid = torch.linspace(-6, 6, 48_001, dtype=torch.float64)
    loss = F.sigmoid_focal_loss(grid, torch.full_like(grid, truth), gamma=gamma, reduction="none")
    assert explorer.readings["focal.prediction"] == pytest.approx(
        grid[loss.argmin()].sigmoid().item(), abs=1e-4
    )
    assert explorer.readings["focal.loss"] == pytest.approx(loss.min().item(), abs=1e-8)
    assert explorer.readings["BCE.prediction"] == truth


def test_nine_in_ten_becomes_seven():
    assert probability().readings["focal.prediction"] == pytest.approx(0.6942, abs=1e-4)


@pytest.mark.parametrize("explorer", [shares, probability])
def test_travel_light(explorer):
    assert len(gzip.compress(json.dumps(explorer().scene).encode())) < 12_000


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (shares, {"labels": np.zeros(310)}, "with both 0 and 1"),
        (shares, {"logits": LOGITS[:-1]}, r"got shapes \(309,\) and \(310,\)"),
        (shares, {"gamma": 0.3}, "γ"),
        (probability, {"truths": [0, 0.5]}, "truths between 0 and 1, got 0 to 0.5"),
        (probability, {"truth": 0.95}, "true probability"),
    ],
)
def test_refuse_what_has_no_meaning(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)
