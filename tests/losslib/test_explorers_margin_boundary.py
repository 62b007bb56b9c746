"""A boundary under hinge and log loss: no other plane has a lower objective, and only support vectors pull."""

import gzip
import json

import numpy as np
import pytest

from losslib import reference as R
from losslib.explorers import margin_boundary

rng = np.random.default_rng(0)
LABELS = np.repeat([1.0, -1.0], 10)
POINTS = rng.normal(size=(20, 2)) + 0.8 * LABELS[:, None]
PENALTY = 0.05


def boundary(**options):
    usual = {"place_x": np.arange(-2.0, 2.1, 1.0), "place_y": np.arange(-2.0, 2.1, 1.0), "place": (2.0, 2.0)}
    usual |= {"penalty": PENALTY, "x_label": "x", "y_label": "y"}
    return margin_boundary(options.pop("points", POINTS), options.pop("labels", LABELS), **(usual | options))


def log_loss(scores, labels):
    return R.binary_cross_entropy_with_logits(scores, (labels + 1) / 2)


def plane_of(panel, indices):
    """w and b from the drawn lines f = 0 and f = 1, each by two points."""
    zero, one = ([line.x.at(indices), line.y.at(indices)] for line in panel.elements[:2])
    rows = np.array([[*point, 1.0] for line in (zero, one) for point in zip(*line, strict=True)])
    return np.linalg.lstsq(rows, np.array([0.0, 0, 1, 1]), rcond=None)[0]


@pytest.mark.parametrize("state", [[4, 4], [0, 0], [2, 3], [1, 4]])
@pytest.mark.parametrize(("panel", "key", "loss"), [(0, "hinge", R.hinge_loss), (1, "log", log_loss)])
def test_no_other_plane_is_better(state, panel, key, loss):
    explorer = boundary()
    explorer.state = state
    x, y = np.vstack([POINTS, explorer.values]), np.append(LABELS, 1.0)
    best = plane_of(explorer.panels[panel], explorer.indices)

    def objective(plane):
        return loss(x @ plane[:2] + plane[2], y) + PENALTY / 2 * (plane[:2] ** 2).sum()

    for scale in (0.3, 0.03, 0.003):
        others = best + scale * np.random.default_rng(1).normal(size=(200, 3))
        assert min(map(objective, others)) > objective(best) - 1e-9
    shown = explorer.readings
    assert shown[f"{key}.loss"] == pytest.approx(loss(x @ best[:2] + best[2], y), abs=1e-6)
    assert shown[f"{key}.width"] == pytest.approx(1 / np.hypot(*best[:2]), abs=1e-6)
    assert shown[f"{key}.margin"] == pytest.approx(x[-1] @ best[:2] + best[2], abs=1e-5)


def test_a_point_beyond_its_margin_does_not_pull_under_the_hinge():
    explorer = boundary()
    assert explorer.readings["hinge.margin"] > 1
    assert explorer.readings["hinge.pull"] == 0 < explorer.readings["log.pull"] < 0.1
    explorer.state = [0, 0]
    assert explorer.readings["hinge.margin"] < 1
    assert explorer.readings["hinge.pull"] == pytest.approx(1)


def test_rings_mark_the_support_vectors():
    explorer = boundary()
    w = plane_of(explorer.panels[0], explorer.indices)
    margins = LABELS * (POINTS @ w[:2] + w[2])
    elements = explorer.panels[0].elements
    kinds = [type(element).__name__ for element in elements]
    rings = elements[kinds.index("Points")]  # the first, so that points lie on them
    assert kinds.count("Points") == 3
    assert np.array_equal(~np.isnan(rings.x.at(explorer.indices)), margins <= 1 + 1e-5)


def test_travels_light():
    fine = np.linspace(-2, 2, 11)
    explorer = boundary(place_x=fine, place_y=fine)
    assert len(gzip.compress(json.dumps(explorer.scene).encode())) < 12_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": np.ones(20)}, r"of both -1 and 1, .* labels \[1.0\]"),
        ({"labels": LABELS[:-1]}, r"got shapes \(20, 2\) and \(19,\)"),
        ({"penalty": 0}, "expected penalty > 0, got 0"),
        ({"place": (0.5, 0.0)}, "dragged point, x"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        boundary(**options)
