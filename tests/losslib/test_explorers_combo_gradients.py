"""The pulls of BCE and Dice: what the explorer shows is what autograd finds in losslib's combo loss."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import combo_gradients

rng = np.random.default_rng(0)
MASK = np.repeat([1.0, 0.0], [6, 194])
STEPS, WEIGHTS = [0, 10, 30], [0.0, 0.5, 0.9, 1.0]
LOGITS = rng.normal(size=(3, 200)) + np.outer([0.0, 2.0, 4.0], 2 * MASK - 1)


def explorer(**options):
    usual = {"steps": STEPS, "step": 10, "weights": WEIGHTS, "weight": 0.5}
    return combo_gradients(options.pop("logits", LOGITS), options.pop("mask", MASK), **(usual | options))


def pulls(alpha, step, **options):
    z, t = (torch.tensor(values)[None, None] for values in (LOGITS[STEPS.index(step)], MASK))
    z.requires_grad_()
    F.combo_loss(z, t, bce_weight=alpha, dice_weight=1 - alpha, **options).backward()
    return z.grad[0, 0].abs().numpy()


@pytest.mark.parametrize(("alpha", "step"), [(0.5, 10), (0.0, 30), (0.9, 0), (1.0, 10)])
@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_totals_are_sums_of_the_gradient(alpha, step, smooth):
    shown = explorer(smooth=smooth)
    shown.state = [WEIGHTS.index(alpha), STEPS.index(step)]
    together = pulls(alpha, step, smooth=smooth)
    for name, members in (("object", MASK == 1), ("background", MASK == 0)):
        found = {key: shown.readings[f"{name}.{key}"] for key in ("BCE", "Dice", "sum", "share")}
        assert np.isclose(found["sum"], together[members].sum(), rtol=1e-9)
        assert np.isclose(found["BCE"] + found["Dice"], found["sum"])
        assert np.isclose(found["share"], 100 * found["Dice"] / found["sum"])
        assert np.isclose(found["BCE"], alpha * pulls(1.0, step)[members].sum())


def test_curves_pass_through_the_pixels():
    shown = explorer()
    for panel, truth in zip(shown.panels, (1, 0), strict=True):
        curve = next(e for e in panel.elements if e.kind == "curve" and e.name == "sum")
        for alpha, step in ((0.5, 10), (0.9, 30)):
            at = {shown.controls[0]: WEIGHTS.index(alpha), shown.controls[1]: STEPS.index(step)}
            z = LOGITS[STEPS.index(step), truth == MASK]
            drawn = np.exp(np.interp(z, curve.x.at(at), np.log(curve.y.at(at))))
            assert np.allclose(drawn, 200 * pulls(alpha, step)[truth == MASK], rtol=0.02)


def test_dots_are_quantiles_on_the_curve():
    shown = explorer()
    dots = next(e for e in shown.panels[0].elements if e.kind == "points")
    places = dots.x.at(shown.indices)
    assert np.allclose(places, np.quantile(LOGITS[1, MASK == 1], [0.1, 0.5, 0.9]))
    curve = next(e for e in shown.panels[0].elements if e.kind == "curve" and e.name == "sum")
    between = np.interp(places, curve.x.at(shown.indices), np.log(curve.y.at(shown.indices)))
    assert np.allclose(np.exp(between), dots.y.at(shown.indices), rtol=0.02)


def test_travels_light():
    many = combo_gradients(
        np.linspace(0, 8, 7)[:, None] * (2 * MASK - 1) + rng.normal(size=(7, 200)),
        MASK,
        steps=range(7),
        step=0,
        weights=np.arange(0, 1.01, 0.1),
        weight=0.5,
    )
    assert len(gzip.compress(json.dumps(many.scene).encode())) < 12_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"logits": LOGITS[:2]}, r"logits \(3, n\)"),
        ({"mask": MASK[:-1]}, r"got shapes \(3, 200\) and \(199,\)"),
        ({"mask": np.zeros(200)}, "a mask .n,. of both 0 and 1"),
        ({"weights": [0.5, 1.5]}, "weights from 0 to 1, got 0.5 to 1.5"),
        ({"weight": 0.3}, "α"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        explorer(**options)
