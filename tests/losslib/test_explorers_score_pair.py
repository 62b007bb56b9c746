"""Two scores of a pair: losses, gradients and arrows are what losslib computes for them."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import score_pair

START = [10, 8, 2, 1]  # f₁ = 0.5, f₂ = 0, m = 1, y = 1


def pair(**options):
    grid = {"scores": np.arange(-2.0, 2.01, 0.25), "start": (0.5, 0.0)}
    return score_pair(**(grid | {"margins": [0, 0.5, 1, 2], "margin": 1} | options))


def truth(explorer):
    """Loss and gradients with respect to f₁ and f₂, by key."""
    *scores, margin, y = explorer.values
    found = {"order": [float(y * (scores[0] - scores[1]) <= 0), 0.0, 0.0]}
    for key in ("margin", "logistic"):
        f1, f2 = (torch.tensor([f], dtype=torch.float64, requires_grad=True) for f in scores)
        if key == "margin":
            loss = F.margin_ranking_loss(f1, f2, torch.tensor([y]), margin=margin)
        else:
            loss = torch.nn.functional.softplus(-y * (f1 - f2)).sum()
        loss.backward()
        found[key] = [loss.item(), f1.grad.item(), f2.grad.item()]
    return found


@pytest.mark.parametrize("state", [START, [0, 16, 3, 1], [16, 0, 3, 0], [12, 8, 2, 1], [8, 8, 0, 0]])
def test_readouts_are_loss_and_gradients(state):
    explorer = pair()
    explorer.state = state
    for key, numbers in truth(explorer).items():
        shown = [explorer.readings[f"{key}.{part}"] for part in ("loss", "f1", "f2")]
        assert shown == pytest.approx(numbers, abs=1e-10)


@pytest.mark.parametrize("state", [START, [0, 16, 3, 1], [16, 0, 1, 1], [4, 9, 1, 0]])
def test_arrows_are_steps_against_the_gradient(state):
    explorer = pair()
    explorer.state = state
    arrows = [e for e in explorer.panels[0].elements if e.kind == "segments" and e.arrow]
    ends = [arrow.y1.at(explorer.indices)[0] for arrow in arrows]
    found, scores = truth(explorer), explorer.values[:2]
    slopes = [found[key][i] for key in ("margin", "logistic") for i in (1, 2)]
    expected = [f - slope if slope else np.nan for f, slope in zip(scores * 2, slopes, strict=True)]
    assert ends == pytest.approx(expected, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize(("y", "column", "level"), [(1, 0.0, 1.0), (0, 1.0, 1.5)])
def test_the_mark_stands_where_the_better_score_should_be(y, column, level):
    explorer = pair()
    explorer.state = [10, 8, 2, y]
    mark = explorer.panels[0].elements[0]
    x0, x1, height = (table.at(explorer.indices)[0] for table in (mark.x0, mark.x1, mark.y0))
    assert ((x0 + x1) / 2, height) == pytest.approx((column, level))


def test_each_score_has_a_handle_that_drags_it():
    explorer = pair()
    handles = [e for e in explorer.panels[0].elements if e.kind == "handle"]
    assert [h.drag["y"] for h in handles] == explorer.controls[:2]


def test_travels_light():
    assert len(gzip.compress(json.dumps(pair().scene).encode())) < 8_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": (0.1, 0.0)}, "Slider 'f₁'"),
        ({"margins": [-1, 0], "margin": 0}, "expected margin >= 0"),
        ({"margin": 3}, "Slider 'm'"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        pair(**options)
