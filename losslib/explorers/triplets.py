"""Anchor, positive and negative to drag, in the plane or on the circle: loss, gradients and kinds of negatives."""

from collections.abc import Sequence
from functools import cache
from itertools import chain

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Element, Ellipses, Handle, Panel, Readout, Segments, Text
from losslib.explorers.quantities import Derived, Quantity, Slider, Table, derive, tabulate
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import GRADIENT

NAMES = ("a", "p", "n")
STEP = 0.3  # arrows show this much of minus the gradient
LETTER = 0.24  # above its point


def triplet_plane(
    *, places: Sequence[float], start: Sequence[tuple[float, float]], margins: Sequence[float], margin: float
) -> Explorer:
    """The triplet loss of three points in the plane, with d = ‖x − y‖ᵏ for k = 1 or 2.

    Discs around the anchor show where a negative is hard (inner) and semi-hard (ring); outside it is easy.

    Args:
        places: The grid of each coordinate, increasing and evenly spaced.
        start: Anchor, positive and negative at the start, on the grid.
        margins: To choose from, increasing, >= 0.
        margin: The one at the start.

    Raises:
        ValueError: The start is not three points of the grid, or a margin is negative.
    """
    if len(start) != len(NAMES):
        raise ValueError(f"triplet_plane: expected anchor, positive and negative, got {len(start)} points")
    points = [
        [Slider(f"{name}, {axis}", places, value) for axis, value in zip("xy", point, strict=True)]
        for name, point in zip(NAMES, start, strict=True)
    ]
    chosen, power = _margin("triplet_plane", margins, margin), Slider("k", [1, 2], 1)
    anchor, *others = points
    offsets = [
        [derive("x − a", lambda a, x: x - a, *pair) for pair in zip(anchor, other, strict=True)]
        for other in others
    ]
    apart = [derive("‖x − a‖", np.hypot, *offset) for offset in offsets]
    pulls = derive("k if ℓ > 0", lambda *at: at[-1] * (_loss(*at) > 0), *apart, chosen, power)
    elements = _regions([tabulate(lambda v: v, axis) for axis in anchor], apart[0], chosen, power)
    for point, offset, sign in zip(others, offsets, (1, -1), strict=True):
        elements.append(Segments(*anchor, *point, dash=3, width=1, opacity=0.6))
        elements += _forces(anchor, point, offset, pulls, sign)
    for name, (x, y) in zip(NAMES, points, strict=True):
        elements += [Text(x, tabulate(lambda v: v + LETTER, y), name), Handle(x, y)]
    panel = _panel(max(abs(v) for v in anchor[0].values) + 0.4, elements)
    return Explorer([panel], [*chain(*points), chosen, power], _plane_readouts(apart, chosen, power, pulls))


def _plane_readouts(apart: list[Derived], margin: Slider, power: Slider, pulls: Derived) -> list[Readout]:
    # In this order the texts compress best.
    loss = tabulate(lambda k, m, p, n: _loss(p, n, m, k), power, margin, *apart)
    readouts = [Readout(loss, "ℓ", tr("value"), "loss")]
    for name, gap in zip(NAMES[1:], apart, strict=True):
        distance = tabulate(lambda d, k: round(d**k, 9), gap, power)
        size = tabulate(lambda d, k: np.hypot(*_slope((d, 0), k)), gap, pulls)
        readouts += [
            Readout(distance, f"d(a, {name})", tr("value"), f"distance.{name}"),
            Readout(size, f"‖∂ℓ/∂{name}‖", tr("value"), f"gradient.{name}"),
        ]
    return readouts


def triplet_circle(
    *, degrees: Sequence[float], start: Sequence[float], margins: Sequence[float], margin: float
) -> Explorer:
    """The triplet loss of three points on the unit circle, with d = ‖x − y‖², and how it turns each of them.

    Args:
        degrees: The grid of each angle, increasing, within [0, 360).
        start: Angles of anchor, positive and negative at the start, on the grid.
        margins, margin: As for `triplet_plane`.

    Raises:
        ValueError: The start is not three angles of the grid, or a margin is negative.
    """
    if len(start) != len(NAMES):
        raise ValueError(f"triplet_circle: expected anchor, positive and negative, got {len(start)} angles")
    angles = [Slider(name, degrees, value, unit="°") for name, value in zip(NAMES, start, strict=True)]
    chosen = _margin("triplet_circle", margins, margin)
    between = [derive("x − a", lambda a, x: (x - a) % 360, angles[0], angle) for angle in angles[1:]]
    apart = [derive("‖x − a‖", lambda turn: 2 * np.sin(np.radians(turn) / 2), turn) for turn in between]
    loss = tabulate(lambda *at: _loss(*at, 2), *apart, chosen)
    active = derive("ℓ > 0", lambda *at: _loss(*at, 2) > 0, *apart, chosen)
    to_positive, from_negative = (
        derive("−∂ℓ/∂θ", lambda turn, on, sign=sign: sign * on * _turn(turn), turn, active)
        for turn, sign in zip(between, (-1, 1), strict=True)
    )
    of_anchor = derive("−∂ℓ/∂θ", lambda p, n: -p - n, to_positive, from_negative)

    elements = [Ellipses(-1, -1, 1, 1, width=1)]
    centre = [tabulate(lambda t, i=i: _on_circle(t)[i], angles[0]) for i in range(2)]
    elements += _regions(centre, apart[0], chosen)
    readouts = [Readout(loss, "ℓ", tr("value"), "loss")]
    for name, gap in zip(NAMES[1:], apart, strict=True):
        squared = tabulate(lambda d: round(d**2, 9), gap)
        readouts.append(Readout(squared, f"d(a, {name})", tr("value"), f"distance.{name}"))
    for name, angle, turn in zip(NAMES, angles, (of_anchor, to_positive, from_negative), strict=True):
        elements += _turning(name, angle, turn)
        force = tabulate(lambda f: f, turn)
        readouts.append(Readout(force, f"−∂ℓ/∂θ, {name}", tr("value"), f"turn.{name}"))
    return Explorer([_panel(1.6, elements)], [*angles, chosen], readouts)


def _turning(name: str, angle: Slider, turn: Derived) -> list[Element]:
    """A point of the circle to drag, its letter, and the arrow that turns it."""
    x, y = (tabulate(lambda t, i=i: _on_circle(t)[i], angle) for i in range(2))
    ends = [tabulate(lambda t, f, i=i: _arrow(t, f)[i], angle, turn) for i in range(2)]
    letter = [tabulate(lambda t, i=i: 1.25 * _on_circle(t)[i], angle) for i in range(2)]
    arrow = Segments(x, y, *ends, arrow=True, width=2.5, color=GRADIENT, name="−∂ℓ/∂θ")
    return [arrow, Text(*letter, name), Handle(x, y, along=angle)]


def _panel(edge: float, elements: list[Element]) -> Panel:
    """Axes of one scale, wider than high, so that it fits a screen."""
    return Panel(Axis((-1.25 * edge, 1.25 * edge), "x"), Axis((-edge, edge), "y"), elements, height=0.8)


def _margin(name: str, margins: Sequence[float], margin: float) -> Slider:
    if min(margins) < 0:
        raise ValueError(f"{name}: expected margins >= 0, got {min(margins)}")
    return Slider("m", margins, margin)


@cache
def _loss(to_positive: float, to_negative: float, margin: float, power: float) -> float:
    """On a line, where distances can be any numbers, squares of others too."""
    a, p, n = torch.tensor([[0.0], [to_positive**power], [to_negative**power]], dtype=torch.float64)
    loss = F.triplet_margin_loss(a, p, n, margin=margin)
    return round(loss.item(), 12)  # what rounding leaves of 0 would still pull


@cache
def _slope(offset: tuple[float, float], power: float) -> np.ndarray:
    """The derivative of ‖offset‖ to the power: the loss of a triplet whose negative is its anchor."""
    if not power:
        return np.zeros(2)
    offset = torch.tensor(offset, dtype=torch.float64, requires_grad=True)
    points = torch.stack([torch.zeros_like(offset), offset, torch.zeros_like(offset)])
    label = torch.tensor([0, 0, 1])
    F.triplet_hard_loss(points, label, squared=power == 2, reduction="none")[0].backward()
    return offset.grad.numpy()


def _on_circle(degrees: float) -> np.ndarray:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def _turn(degrees: float) -> float:
    """The derivative of the squared chord by its angle."""
    x, y = _on_circle(degrees)
    return _slope((x - 1, y), 2) @ np.array([-y, x])


def _arrow(degrees: float, turn: float) -> np.ndarray:
    """The end of an arrow along the tangent, or nowhere."""
    x, y = _on_circle(degrees)
    return np.array([x, y]) + STEP * turn * np.array([-y, x]) if turn else np.full(2, np.nan)


def _forces(
    anchor: list[Slider], point: list[Slider], offset: list[Derived], pulls: Derived, sign: int
) -> list[Element]:
    """Two arrows: at the point, minus the gradient; at the anchor, this pair's part of it."""
    look = {"arrow": True, "width": 2.5, "color": GRADIENT, "name": "−∇ℓ"}
    slopes = tabulate(lambda x, y, power: _slope((x, y), power), *offset, pulls).values
    slopes = np.where(slopes.any(-1, keepdims=True), slopes, np.nan)  # no arrow without a force
    arrows = []
    for at, way in ((point, -sign), (anchor, sign)):
        ends = [
            Table(
                np.reshape(axis.values, (-1, 1, 1, 1)) + STEP * way * slopes[..., i], (axis, *offset, pulls)
            )
            for i, axis in enumerate(at)
        ]
        arrows.append(Segments(*at, *ends, **look))
    return arrows


def _regions(
    centre: list[Table], apart: Derived, margin: Slider, power: Slider | None = None
) -> list[Element]:
    """Where a negative is hard, closer than the positive; and semi-hard, farther by less than the margin."""
    over = [centre[0].over[0], apart, margin, *([power] if power else [])]

    def disc(name: str, radius, color: int, dash: int) -> list[Element]:
        corners: list[Quantity] = []
        for sign in (-1, 1):
            for axis in centre:
                own = axis.over[0]
                place = dict(zip(own.values, axis.values[:, 0], strict=True))
                corners.append(
                    tabulate(lambda v, *to, p=place, s=sign: p[v] + s * radius(*to), own, *over[1:])
                )
        return [
            Ellipses(*corners, name=name, color=color, fill=True, opacity=0.2 if dash else 0.45),
            Ellipses(*corners, dash=dash, width=1),
        ]

    return [
        *disc(tr("semi-hard"), lambda d, m, k=2: (d**k + m) ** (1 / k), 4, 1),
        *disc(tr("hard"), lambda d, m, k=2: d, 1, 0),
    ]
