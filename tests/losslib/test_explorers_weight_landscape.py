"""A model with one weight: heights are losslib's, the ball is where gradient descent leaves it."""

import gzip
import json
from functools import partial

import numpy as np
import pytest
from scipy.special import expit

from losslib import functional as F
from losslib import reference as R
from losslib.explorers import weight_landscape

X = np.array([1.0, 1.0, 1.0, 1.0, 1.0, -20.0])
Y = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
STEPS = [0, 1, 5, 300]
STARTS = np.arange(-0.5, 2.6, 0.5)


def squared(z, y):
    return F.mse_loss(z.sigmoid(), y, reduction="none")


def landscape(**options):
    losses = {"BCE": partial(F.binary_cross_entropy_with_logits, reduction="none"), "MSE": squared}
    usual = {"weights": (-1.0, 3.0), "starts": STARTS, "start": 1.0, "steps": STEPS, "rate": 0.1}
    return weight_landscape(X, Y, losses, **(usual | options))


def by_hand(w, steps):
    """The two balls after so many steps of the rate 0.1, with gradients written out."""
    balls = {"BCE": w, "MSE": w}
    for _ in range(steps):
        for name, at in balls.items():
            p = expit(at * X)
            slope = p - Y if name == "BCE" else 2 * (p - Y) * p * (1 - p)
            balls[name] = at - 0.1 * np.mean(slope * X)
    return balls


@pytest.mark.parametrize("start", [0, 3, 6])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_balls_follow_gradient_descent(start, step):
    explorer = landscape()
    explorer.state = [start, step]
    balls = by_hand(STARTS[start], STEPS[step])
    shown = explorer.readings
    for name, w in balls.items():
        z = w * X
        loss = R.binary_cross_entropy_with_logits(z, Y) if name == "BCE" else R.mse_loss(expit(z), Y)
        assert shown[f"{name}.weight"] == pytest.approx(w, rel=1e-6)
        assert shown[f"{name}.loss"] == pytest.approx(float(loss), rel=1e-6)


def test_squared_error_keeps_two_valleys_and_log_loss_one():
    explorer = landscape(steps=[0, 3000])
    ends = []
    for start in (1, 4):
        explorer.state = [start, 1]
        ends.append(explorer.readings)
    assert ends[0]["BCE.weight"] == pytest.approx(ends[1]["BCE.weight"], abs=1e-6)
    assert ends[0]["MSE.weight"] == pytest.approx(-0.085, abs=1e-3)
    assert ends[1]["MSE.weight"] == pytest.approx(np.log(4), abs=1e-3)
    assert all(abs(end["MSE.gradient"]) < 1e-6 for end in ends)


def test_it_is_small():
    assert len(gzip.compress(json.dumps(landscape().scene).encode())) < 6000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": 0.7}, "expected one of"),
        ({"starts": [1.0]}, "expected at least two values"),
    ],
)
def test_errors_of_the_sliders(options, words):
    with pytest.raises(ValueError, match=words):
        landscape(**options)


def test_errors_of_the_data_and_the_losses():
    usual = {"weights": (-1, 1), "starts": [0, 1], "start": 0, "steps": [0, 1], "rate": 0.1}
    with pytest.raises(ValueError, match=r"x and y of one shape \(n,\), got \(6,\) and \(5,\)"):
        weight_landscape(X, Y[:5], {"MSE": squared}, **usual)
    with pytest.raises(ValueError, match=r"expected 'mean' to return shape \(161, 6\), got \(\)"):
        weight_landscape(X, Y, {"mean": F.binary_cross_entropy_with_logits}, **usual)
