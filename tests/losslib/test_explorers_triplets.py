"""Three points to drag: the loss shown is losslib's, arrows are its gradient, discs bound hard and semi-hard."""

import gzip
import json
from itertools import product

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import Derived, Handle, Slider, Table, derive, tabulate, triplet_circle, triplet_plane

START = [(-0.4, 0.0), (0.4, 0.4), (0.4, -0.8)]
KINDS = torch.tensor([0, 0, 1])
MARGINS = [0.2, 0.5, 1.0]


def plane(**options):
    usual = {"places": np.arange(-1.2, 1.21, 0.4), "start": START, "margins": MARGINS, "margin": 0.5}
    return triplet_plane(**(usual | options))


def circle(**options):
    usual = {"degrees": np.arange(0, 360, 15), "start": [90, 150, 15], "margins": MARGINS, "margin": 0.5}
    return triplet_circle(**(usual | options))


def anchor_loss(points, margin, squared):
    return F.triplet_hard_loss(points, KINDS, margin=margin, squared=squared, reduction="none")[0]


def arrows(explorer):
    """From and to, (n, 2, 2), in the order of the elements."""
    found = [e for e in explorer.panels[0].elements if e.kind == "segments" and e.arrow]
    at = [[getattr(e, name).at(explorer.indices)[0] for name in ("x0", "y0", "x1", "y1")] for e in found]
    return np.reshape(at, (-1, 2, 2))


@pytest.mark.parametrize(
    "state",
    [[2, 3, 4, 4, 4, 1, 1, 0], [2, 3, 4, 4, 4, 1, 1, 1], [0, 0, 6, 6, 1, 0, 2, 1], [3, 3, 3, 3, 4, 3, 2, 0]],
)
def test_plane_shows_the_loss_and_its_gradient(state):
    explorer = plane()
    explorer.state = state
    *places, margin, k = explorer.values
    points = torch.tensor(places, dtype=torch.float64).reshape(3, 2).requires_grad_()
    loss = anchor_loss(points, margin, k == 2)
    (gradient,) = torch.autograd.grad(loss, points)
    shown = explorer.readings
    assert shown["loss"] == pytest.approx(loss.item(), abs=1e-9)
    apart = (points[1:] - points[0]).norm(dim=1) ** k
    assert [shown["distance.p"], shown["distance.n"]] == pytest.approx(apart.tolist(), abs=1e-8)
    sizes = gradient[1:].norm(dim=1).tolist()
    assert [shown["gradient.p"], shown["gradient.n"]] == pytest.approx(sizes, abs=1e-9)
    (p, ap, n, an) = arrows(explorer)
    forces = [np.nan_to_num(to - start) / 0.3 for start, to in (p, n)]
    at_anchor = sum(np.nan_to_num(to - start) / 0.3 for start, to in (ap, an))
    assert np.allclose([at_anchor, *forces], -gradient.numpy(), atol=1e-9)


def test_plane_has_no_arrow_where_nothing_pulls():
    explorer = plane()
    explorer.state = [0, 3, 1, 3, 6, 3, 0, 0]
    assert explorer.readings["loss"] == 0
    assert np.isnan(arrows(explorer)[:, 1]).all()


@pytest.mark.parametrize("k", [0, 1])
def test_discs_bound_hard_and_semi_hard(k):
    explorer = plane()
    explorer.state = [2, 3, 4, 4, 4, 1, 1, k]
    outer, inner = (e for e in explorer.panels[0].elements if e.kind == "ellipses" and e.fill)
    anchor = torch.tensor([-0.4, 0.0], dtype=torch.float64)
    for disc, cost in ((inner, 0.5), (outer, 0.0)):
        edge = torch.tensor([disc.x1.at(explorer.indices)[0], 0.0], dtype=torch.float64)
        points = torch.stack([anchor, torch.tensor([0.4, 0.4], dtype=torch.float64), edge])
        assert anchor_loss(points, 0.5, k == 1).item() == pytest.approx(cost, abs=1e-9)


@pytest.mark.parametrize("state", [[6, 10, 1, 1], [6, 18, 1, 2], [0, 0, 12, 0], [3, 3, 3, 1], [5, 20, 7, 2]])
def test_circle_shows_the_loss_and_how_it_turns(state):
    explorer = circle()
    explorer.state = state
    *degrees, margin = explorer.values
    angle = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64)).requires_grad_()
    loss = anchor_loss(torch.stack([angle.cos(), angle.sin()], dim=1), margin, True)
    (gradient,) = torch.autograd.grad(loss, angle)
    shown = explorer.readings
    assert shown["loss"] == pytest.approx(loss.item(), abs=1e-9)
    assert [shown[f"turn.{name}"] for name in "apn"] == pytest.approx((-gradient).tolist(), abs=1e-9)
    lengths = np.linalg.norm(np.nan_to_num(arrows(explorer)[:, 1] - arrows(explorer)[:, 0]), axis=1)
    assert np.allclose(lengths / 0.3, gradient.abs(), atol=1e-9)


@pytest.mark.parametrize("build", [plane, circle])
def test_travels_light(build):
    assert len(gzip.compress(json.dumps(build().scene).encode())) < 13_000


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (plane, {"start": START[:2]}, "expected anchor, positive and negative, got 2 points"),
        (plane, {"margins": [-1.0, 0.5]}, "expected margins >= 0, got -1.0"),
        (plane, {"start": [(0.1, 0.0), *START[1:]]}, "Slider 'a, x'"),
        (circle, {"start": [90, 150]}, "expected anchor, positive and negative, got 2 angles"),
        (circle, {"margins": [-1.0, 0.5]}, "expected margins >= 0, got -1.0"),
    ],
)
def test_refuses_what_has_no_meaning(build, options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


# --- the parts that this explorer brought ------------------------------------------------------------------------


def test_derived_number_stands_for_the_sliders_it_follows_from():
    a, b = Slider("a", [1, 2, 3], 1), Slider("b", [1, 2, 3], 1)
    apart = derive("distance", lambda a, b: abs(a - b), a, b)
    assert isinstance(apart, Derived)
    assert apart.values == [0, 1, 2]
    twice = derive("twice", lambda d: 2 * d, apart)
    squares = tabulate(lambda d: d**2, twice)
    assert squares.values.shape == (3, 1)
    for i, j in product(range(3), repeat=2):
        assert squares.at({a: i, b: j}) == (2 * (i - j)) ** 2


def test_scene_tells_the_page_what_follows_from_what():
    scene = plane().scene
    controls, derived = len(scene["controls"]), scene["derived"]
    assert controls == 8
    for k, place in enumerate(derived):
        assert max(place["over"]) < controls + k
        assert min(place["rows"]) == 0
        assert max(place["rows"]) == place["length"] - 1


def test_handle_along_a_curve_needs_tables_over_its_slider():
    angle, other = Slider("θ", [0, 1], 0), Slider("φ", [0, 1], 0)
    x, y = Table([0.0, 1.0], (angle,)), Table([1.0, 0.0], (angle,))
    assert Handle(x, y, along=angle).drag == {"along": angle}
    with pytest.raises(ValueError, match="expected x and y to be tables over 'φ'"):
        Handle(x, y, along=other)
