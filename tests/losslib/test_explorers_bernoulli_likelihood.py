"""The likelihood explorer: products as the number types give them, sums of logarithms as losslib does."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import bernoulli_likelihood

OUTCOMES = np.random.default_rng(0).integers(0, 2, 2000)


def likelihood(**options):
    grid = {"counts": [1, 10, 100, 500, 2000], "count": 10, "thetas": np.arange(0.1, 0.95, 0.1), "theta": 0.5}
    return bernoulli_likelihood(OUTCOMES, **(grid | options))


@pytest.mark.parametrize("state", [[0, 2], [1, 4], [2, 7], [3, 4]])
def test_sums_are_the_negative_log_likelihood(state):
    explorer = likelihood()
    explorer.state = state
    n, theta = explorer.values
    came = torch.tensor(OUTCOMES[: int(n)])
    log_probs = torch.tensor([[1 - theta, theta]], dtype=torch.float64).log().expand(len(came), 2)
    total = F.nll_loss(log_probs, came, reduction="sum").item()
    shown = explorer.readings
    assert shown["sum"] == pytest.approx(total)
    assert shown["mean"] == pytest.approx(total / n)
    assert shown["float64"] == pytest.approx(-total / np.log(10), rel=1e-9)
    assert shown["share"] == came.double().mean().item()


@pytest.mark.parametrize(("n", "alive"), [(2, ["float32", "float64"]), (3, ["float64"]), (4, [])])
def test_products_underflow_while_sums_stay(n, alive):
    explorer = likelihood()
    explorer.state = [n, 4]
    shown = explorer.readings
    assert [kind for kind in ("float32", "float64") if np.isfinite(shown[kind])] == alive
    assert shown["mean"] == pytest.approx(np.log(2))


def test_relative_likelihood_is_one_at_the_share():
    explorer = bernoulli_likelihood([1, 0, 1, 1], counts=[2, 4], count=4, thetas=[0.5, 0.75], theta=0.75)
    assert explorer.readings["relative"] == pytest.approx(1)
    explorer.state = [1, 0]
    assert explorer.readings["relative"] == pytest.approx(0.5**4 / (0.75**3 * 0.25))


def test_one_kind_of_outcome_alone_is_no_trouble():
    explorer = bernoulli_likelihood([1, 1, 1], counts=[1, 3], count=3, thetas=[0.5, 0.9], theta=0.9)
    assert explorer.readings["relative"] == pytest.approx(0.9**3)


def test_travels_light():
    assert len(gzip.compress(json.dumps(likelihood().scene).encode())) < 10_000


@pytest.mark.parametrize(
    ("outcomes", "options", "message"),
    [
        ([0, 2, 1], {}, "zeros and ones"),
        ([0, 1], {"counts": [1, 3]}, "counts from 1 to 2"),
        ([0, 1], {"thetas": [0.0, 0.5]}, "θ between 0 and 1"),
    ],
)
def test_refuses_what_has_no_likelihood(outcomes, options, message):
    arguments = {"counts": [1, 2], "count": 1, "thetas": [0.4, 0.5], "theta": 0.5}
    with pytest.raises(ValueError, match=message):
        bernoulli_likelihood(outcomes, **(arguments | options))
