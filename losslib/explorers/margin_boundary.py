"""A straight decision boundary under the hinge and the logarithmic loss, while the reader drags one point."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import NEGATIVE, POSITIVE, color

TOUCHES = 1 + 1e-6  # a support vector's margin is at most 1; free ones have exactly 1, up to rounding


def margin_boundary(
    points: np.ndarray,
    labels: np.ndarray,
    *,
    place_x: Sequence[float],
    place_y: Sequence[float],
    place: tuple[float, float],
    penalty: float,
    x_label: str,
    y_label: str,
) -> Explorer:
    """The boundary f = 0 and the margins f = ±1 of f(x) = w·x + b, for the points and one more, a positive.

    Each loss has a panel. Its mean plus `penalty` / 2 times |w|² is minimised: under the hinge loss as the
    quadratic programme that it is, under the logarithmic loss by Newton's method.

    Args:
        points: The fixed points, (n, 2), n <= 30.
        labels: -1 or 1 for each, (n,), both of them present.
        place_x, place_y: The grid of the dragged point's places, increasing.
        place: Where it starts, on the grid.
        penalty: > 0.
        x_label, y_label: Names of the axes.

    Raises:
        ValueError: The shapes do not fit, there are more than 30 points, a label is neither -1 nor 1 or one is
            missing, the penalty is not positive, or the point does not start on its grid.
    """
    points, labels = _checked(points, labels, penalty)
    along_x = Slider(tr("dragged point, {axis}", axis=x_label), place_x, place[0])
    along_y = Slider(tr("dragged point, {axis}", axis=y_label), place_y, place[1])
    sliders, signs = [along_x, along_y], np.append(labels, 1.0)
    places = np.stack(np.meshgrid(along_x.values, along_y.values, indexing="ij"), axis=-1)  # (X, Y, 2)
    everything = np.concatenate([points, places.reshape(-1, 2)])
    axes = [
        Axis((low - 0.4, high + 0.4), label)
        for low, high, label in zip(everything.min(0), everything.max(0), (x_label, y_label), strict=True)
    ]
    panels, readouts = [], []
    for key, row, fit, loss in _losses():
        planes, margins, pulls = _fit_everywhere(fit, points, places, signs, penalty)
        rings = [_rings(points, margins, sliders)] if key == "hinge" else []  # behind the points
        elements = [*_lines(planes, axes, sliders, row), *rings, *_data(points, labels)]
        panels.append(Panel(*axes, [*elements, Handle(along_x, along_y)], height=0.85))
        columns = {
            "width": (tr("half-width of the margin"), 1 / np.hypot(planes[..., 0], planes[..., 1])),
            "loss": (tr("loss"), loss(torch.tensor(margins)).mean(dim=-1).numpy()),
            "margin": (tr("margin of the dragged point"), margins[..., -1]),
            "pull": (tr("its pull"), pulls[..., -1]),
        }
        readouts += [
            Readout(Table(table, sliders), row, column, f"{key}.{name}")
            for name, (column, table) in columns.items()
        ]
    return Explorer(panels, sliders, readouts)


def _checked(points: np.ndarray, labels: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    points, labels = np.asarray(points, float), np.asarray(labels, float)
    if points.shape != (len(labels), 2) or len(points) > 30 or set(labels) != {-1.0, 1.0}:
        raise ValueError(
            "margin_boundary: expected points (n, 2), n <= 30, and labels (n,) of both -1 and 1, got shapes"
            f" {points.shape} and {labels.shape}, labels {sorted(set(labels.tolist()))}"
        )
    if penalty <= 0:
        raise ValueError(f"margin_boundary: expected penalty > 0, got {penalty}")
    return points, labels


def _losses() -> list[tuple]:
    """Key, name, fit and function of the margins for each panel."""

    def log_loss(margins: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(margins, torch.ones_like(margins), reduction="none")

    def hinge_loss(margins: torch.Tensor) -> torch.Tensor:
        return F.hinge_loss(margins, torch.ones_like(margins), reduction="none")

    return [
        ("hinge", tr("hinge"), _least_hinge, hinge_loss),
        ("log", tr("log loss"), _least_log_loss, log_loss),
    ]


def _least_hinge(points: np.ndarray, labels: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """The best w and b as one vector, and how hard each point pulls: 0 beyond its margin, 1 within, between on it."""
    from sklearn.svm import SVC

    fitted = SVC(kernel="linear", C=1 / (penalty * len(labels)), tol=1e-10).fit(points, labels)
    pulls = np.zeros(len(labels))
    pulls[fitted.support_] = np.abs(fitted.dual_coef_[0]) / fitted.C
    return np.append(fitted.coef_[0], fitted.intercept_), pulls


def _least_log_loss(points: np.ndarray, labels: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Likewise; a point pulls with the probability of its wrong label."""
    x = np.column_stack([points, np.ones(len(points))])
    ridge, plane = np.diag([penalty, penalty, 0.0]), np.zeros(3)
    for _ in range(20):
        p = 1 / (1 + np.exp(labels * (x @ plane)))
        gradient = -(labels * p) @ x / len(x) + ridge @ plane
        plane = plane - np.linalg.solve((x.T * (p * (1 - p))) @ x / len(x) + ridge, gradient)
    return plane, 1 / (1 + np.exp(labels * (x @ plane)))


def _fit_everywhere(
    fit: Callable, points: np.ndarray, places: np.ndarray, signs: np.ndarray, penalty: float
) -> list[np.ndarray]:
    """The plane for every place of the dragged point, (X, Y, 3), and the points' margins and pulls, (X, Y, n + 1)."""
    found = []
    for place in places.reshape(-1, 2):
        sample = np.vstack([points, place])
        plane, pulls = fit(sample, signs, penalty)
        found.append((plane, signs * (sample @ plane[:2] + plane[2]), pulls))
    return [np.reshape(part, (*places.shape[:2], -1)) for part in zip(*found, strict=True)]


def _lines(planes: np.ndarray, axes: list[Axis], sliders: list[Slider], name: str) -> list[Element]:
    """f = 0 drawn through, f = ±1 dashed: each from far outside to far outside, (X, Y, 2 ends)."""
    normal, bias = planes[..., :2], planes[..., 2:]
    squared = (normal**2).sum(-1, keepdims=True)
    along = np.stack([-normal[..., 1], normal[..., 0]], axis=-1) / np.sqrt(squared)
    middle = np.array([np.mean(axis.limits) for axis in axes])
    reach = sum(np.ptp(axis.limits) for axis in axes)
    lines = []
    for level in (0, 1, -1):
        foot = middle + normal * (level - bias - normal @ middle[:, None]) / squared
        ends = np.stack([foot - reach * along, foot + reach * along], axis=-1)  # (X, Y, 2 axes, 2 ends)
        x, y = Table(ends[..., 0, :], sliders), Table(ends[..., 1, :], sliders)
        lines.append(Curve(x, y, name="" if level else name, color=color(name), dash=1 if level else 0))
    return lines


def _data(points: np.ndarray, labels: np.ndarray) -> list[Element]:
    negative, positive = points[labels == -1].T, points[labels == 1].T
    return [
        Points(*negative, name="y = −1", color=NEGATIVE, size=5, hollow=True),
        Points(*positive, name="y = +1", color=POSITIVE, size=5),
    ]


def _rings(points: np.ndarray, margins: np.ndarray, sliders: list[Slider]) -> Element:
    """Rings around the points whose margin is at most 1."""
    ringed = np.where(margins[..., :-1] <= TOUCHES, points[:, 0], np.nan)
    return Points(Table(ringed, sliders), points[:, 1], name=tr("support vectors"), size=9, hollow=True)
