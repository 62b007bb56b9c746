"""The bars of cross-entropy: what they show is what losslib computes for one sample of class A."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import softmax_bars


def bars(**options):
    grid = {"logits": np.arange(-4.0, 5.0, 2.0), "start": (0.0, 2.0, -2.0)}
    return softmax_bars(**(grid | {"temperatures": [0.5, 1, 2], "smoothings": [0, 0.1, 0.3]} | options))


@pytest.mark.parametrize("state", [[2, 3, 1, 1, 0], [0, 4, 2, 0, 2], [4, 0, 0, 2, 1], [1, 1, 1, 0, 1]])
def test_bars_show_probability_target_loss_and_gradient(state):
    explorer = bars()
    explorer.state = state
    *z, temperature, smoothing = explorer.values
    scaled = (torch.tensor([z], dtype=torch.float64) / temperature).requires_grad_()
    loss = F.cross_entropy(scaled, torch.tensor([0]), label_smoothing=smoothing)
    loss.backward()
    shown = explorer.readings
    assert shown["loss"] == pytest.approx(loss.item(), abs=1e-10)
    for k, name in enumerate("ABC"):
        p = scaled.softmax(dim=1)[0, k].item()
        assert shown[f"{name}.probability"] == pytest.approx(p, abs=1e-10)
        assert shown[f"{name}.loss"] == pytest.approx(-np.log(p), abs=1e-10)
        assert shown[f"{name}.gradient"] == pytest.approx(scaled.grad[0, k].item(), abs=1e-10)
        target = (1 - smoothing) * (k == 0) + smoothing / 3
        assert shown[f"{name}.target"] == pytest.approx(target, abs=1e-10)


def test_starts_at_temperature_one_without_smoothing():
    assert bars().values == (0.0, 2.0, -2.0, 1, 0)


def test_each_logit_has_a_handle_that_drags_it():
    explorer = bars()
    handles = [e for e in explorer.panels[0].elements if e.kind == "handle"]
    assert [h.drag["y"] for h in handles] == explorer.controls[:3]


def test_travels_light():
    scene = json.dumps(bars().scene).encode()
    assert len(gzip.compress(scene)) < 10_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperatures": [0, 1]}, "expected temperatures > 0, got 0"),
        ({"start": (1.0, 2.0, -2.0)}, "logit of A"),
        ({"smoothings": [0, 1.5]}, "label_smoothing"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        bars(**options)
