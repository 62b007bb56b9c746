"""The explorer of two bumps and one Gaussian: both divergences, and the fits that they choose."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import gaussian_fit


def fit(**options):
    grids = {
        "separations": [0, 3, 6],
        "separation": 0,
        "means": np.arange(-4, 4.1, 0.5),
        "mean": 1.0,
        "widths": [0.5, 1, 2, 3],
        "width": 2.0,
    }
    return gaussian_fit(**(grids | options))


def log_normal(x, mean, width):
    return torch.distributions.Normal(mean, width).log_prob(x)


def test_between_two_gaussians_it_is_the_closed_form():
    shown = fit().readings
    one, two = (torch.tensor([[value]], dtype=torch.float64) for value in (1.0, 0.0))
    wide, unit = (torch.tensor([[value]], dtype=torch.float64).log() for value in (4.0, 1.0))
    assert shown["yours.forward"] == pytest.approx(F.gaussian_kl_loss(two, unit, one, wide).item(), rel=1e-7)
    assert shown["yours.reverse"] == pytest.approx(F.gaussian_kl_loss(one, wide).item(), rel=1e-7)


@pytest.mark.parametrize("state", [[1, 4, 1], [2, 10, 3], [2, 2, 0]])
def test_divergences_from_two_bumps_are_integrals(state):
    explorer = fit()
    explorer.state = state
    separation, mean, width = explorer.values
    x = torch.linspace(-30, 30, 24001, dtype=torch.float64)
    bumps = torch.stack([log_normal(x, side * separation / 2, 1.0) for side in (-1, 1)], dim=1)
    p = (bumps + torch.tensor([0.6, 0.4]).log()).logsumexp(dim=1)
    q = log_normal(x, mean, width)
    shown = explorer.readings
    assert shown["yours.forward"] == pytest.approx(torch.trapezoid(p.exp() * (p - q), x).item(), rel=1e-6)
    assert shown["yours.reverse"] == pytest.approx(torch.trapezoid(q.exp() * (q - p), x).item(), rel=1e-6)


def test_one_direction_matches_the_moments():
    shown = fit(separation=6).readings
    assert shown["forward.mean"] == pytest.approx(-0.6, abs=1e-5)
    assert shown["forward.width"] == pytest.approx(np.sqrt(1 + 4 * 0.6 * 0.4 * 9), abs=1e-5)


def test_the_other_chooses_the_larger_bump_and_pays_for_its_share():
    shown = fit(separation=6).readings
    assert shown["reverse.mean"] == pytest.approx(-3, abs=0.03)
    assert shown["reverse.reverse"] == pytest.approx(-np.log(0.6), abs=0.01)


@pytest.mark.parametrize("separation", [0, 3, 6])
def test_no_gaussian_of_the_grid_is_better_than_the_best(separation):
    explorer = fit(separation=separation)
    best = explorer.readings
    for i in range(17):
        for j in range(4):
            explorer.state = [explorer.state[0], i, j]
            for direction in ("forward", "reverse"):
                yours = explorer.readings[f"yours.{direction}"]
                assert yours >= best[f"{direction}.{direction}"] - 1e-9


def test_travels_light():
    assert len(gzip.compress(json.dumps(fit().scene).encode())) < 12_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0.5}, "share between 0.5 and 1"),
        ({"separations": [-1, 3], "separation": 3}, "separations from 0"),
        ({"widths": [0.1, 1, 2]}, "widths from 0.2"),
        ({"means": [0, 1, 9]}, "nothing beyond 8"),
        ({"mean": 1.1}, "expected one of"),
    ],
)
def test_refuses_what_it_cannot_show(options, message):
    with pytest.raises(ValueError, match=message):
        fit(**options)
