"""The sliding histograms: what they show is what SciPy computes, and the moves do not cross."""

import gzip
import json

import numpy as np
import pytest
from scipy.special import rel_entr
from scipy.stats import wasserstein_distance

from losslib.explorers import earth_mover

SOURCE, TARGET = [1, 3, 6, 5, 3, 2], [2, 2, 1, 4, 7, 4]


def mover(**options):
    defaults = {"shifts": range(-8, 11), "shift": 8, "shares": [0, 0.01, 0.1]}
    return earth_mover(
        **({"source": SOURCE, "target": TARGET} | defaults | options),
    )


def histograms(shift, share):
    at = np.arange(-8, 16)
    p, q = np.zeros(24), np.zeros(24)
    p[8:14], q[shift + 8 : shift + 14] = np.array(SOURCE) / 20, np.array(TARGET) / 20
    return at, p, (1 - share) * q + share / 24


@pytest.mark.parametrize("state", [[16, 0], [8, 0], [9, 1], [3, 2], [0, 1]])
def test_shows_both_divergences_and_the_distance(state):
    explorer = mover()
    explorer.state = state
    at, p, q = histograms(int(explorer.values[0]), explorer.values[1])
    m = (p + q) / 2
    shown = explorer.readings
    assert shown["kl.value"] == pytest.approx(rel_entr(p, q).sum())
    assert shown["js.value"] == pytest.approx((rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2)
    assert shown["w1.value"] == pytest.approx(wasserstein_distance(at, at, p, q))


def test_far_apart_only_the_distance_changes():
    shown = mover().readings
    assert shown["kl.value"] == np.inf
    assert np.isnan(shown["kl.change"])
    assert shown["js.value"] == pytest.approx(np.log(2))
    assert shown["js.change"] == pytest.approx(0, abs=1e-12)
    assert shown["w1.change"] == pytest.approx(1)


def test_says_nothing_about_a_step_beyond_the_last_position():
    assert np.isnan(mover(shift=10).readings["w1.change"])


@pytest.mark.parametrize("state", [[16, 0], [9, 1], [0, 2]])
def test_the_moves_lead_from_p_to_q_without_crossing(state):
    explorer = mover()
    explorer.state = state
    _, p, q = histograms(int(explorer.values[0]), explorer.values[1])
    moves = [e for e in explorer.panels[0].elements if e.kind == "segments"]
    ends = np.column_stack(
        [np.concatenate([getattr(e, name).at(explorer.indices) for e in moves]) for name in ("x0", "x1")]
    )
    ends = np.array(sorted(ends[~np.isnan(ends[:, 0])].tolist()))
    assert set(ends[:, 0]) == set(np.flatnonzero(p) - 8)
    assert set(ends[:, 1]) == set(np.flatnonzero(q) - 8)
    assert np.all(np.diff(ends, axis=0) >= 0)


def test_q_is_dragged_along_the_bins():
    explorer = mover()
    (handle,) = [e for e in explorer.panels[0].elements if e.kind == "handle"]
    assert handle.drag == {"x": explorer.controls[0]}


def test_travels_light():
    assert len(gzip.compress(json.dumps(mover().scene).encode())) < 10_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": [1, -1]}, "expected 1 to 30 heights >= 0"),
        ({"target": [0, 0]}, "expected 1 to 30 heights >= 0"),
        ({"shifts": [-2, 0, 2], "shift": 0}, "expected shifts without a gap"),
        ({"shares": [0, 1.5]}, r"expected shares in \[0, 1\]"),
        ({"shift": 50}, "position of q"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(ValueError, match=message):
        mover(**options)
