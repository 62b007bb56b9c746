"""Two scores to drag: what a wrong order, or too small a lead, costs them, and how hard each is pushed."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout, Segments
from losslib.explorers.quantities import Derived, Slider, Table, derive, tabulate
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import color

COLUMNS = {"loss": "ℓ", "f1": "∂ℓ/∂f₁", "f2": "∂ℓ/∂f₂"}
BESIDE = 0.14  # how far from its score an arrow stands
HALF = 0.3  # of the width of the mark at the lead that is asked for
ROOM = 1.1  # for an arrow beyond the grid of scores
MOST = 6.0  # of the loss that the axis shows


def score_pair(
    *, scores: Sequence[float], start: tuple[float, float], margins: Sequence[float], margin: float
) -> Explorer:
    """Margin ranking, RankNet and the 0-1 loss of two scores; y = 1 asks for f₁ > f₂, y = -1 for f₂ > f₁.

    The arrows are steps of gradient descent with the rate 1, of the margin ranking loss to the left of each score
    and of RankNet to its right. A tie counts as a wrong order.

    Args:
        scores: The grid of each score, increasing and evenly spaced.
        start: f₁ and f₂ at the start, on the grid.
        margins: To choose from, increasing, >= 0.
        margin: The one at the start.

    Raises:
        ValueError: A score does not start on the grid, or a margin is negative.
    """
    f1, f2 = (Slider(name, scores, value) for name, value in zip(("f₁", "f₂"), start, strict=True))
    m, y = Slider("m", margins, margin), Slider("y", [-1, 1], 1)
    lead = derive("f₁ − f₂", lambda a, b: a - b, f1, f2)
    losses = {"margin": tr("margin ranking"), "logistic": "RankNet", "order": "0-1"}
    found = {key: _tabulate(key, lead, m, y) for key in losses}

    left: list[Element] = [_mark(f1, f2, m, y)]
    right: list[Element] = []
    readouts = []
    for key, name in losses.items():
        own = color(name)
        value, slope = (Table(found[key][..., i], (lead, m, y)).squeezed() for i in (0, 1))
        numbers = {"loss": value, "f1": slope, "f2": Table(0 - slope.values, slope.over)}
        right += [
            _curve(key, name, lead, found[key][..., 0], (m, y)),
            Points(tabulate(lambda d: d, lead), value, color=own, size=5),
        ]
        readouts += [Readout(numbers[part], name, COLUMNS[part], f"{key}.{part}") for part in COLUMNS]
        if key != "order":
            side = -BESIDE if key == "margin" else BESIDE
            left += [_arrow(side, f1, numbers["f1"], own), _arrow(1 + side, f2, numbers["f2"], own)]
    left += [Handle(0.0, f1), Handle(1.0, f2)]

    heights = f1.values[0] - ROOM, f1.values[-1] + max(ROOM, m.values[-1] + 0.1)
    columns = Axis((-0.6, 1.6), ticks={0: "f₁", 1: "f₂"})
    leads = Axis((lead.values[0], lead.values[-1]), lead.label)
    panels = [
        Panel(columns, Axis(heights, tr("scores")), left, height=0.85),
        Panel(leads, Axis((-0.3, MOST), tr("loss")), right, height=0.85),
    ]
    return Explorer(panels, [f1, f2, m, y], readouts)


def _tabulate(key: str, lead: Derived, m: Slider, y: Slider) -> np.ndarray:
    """The loss and its derivative with respect to f₁, the opposite of that to f₂: (leads, margins, 2 signs, 2)."""

    def values(lead: float, m: float, sign: float) -> tuple[float, float]:
        f1 = torch.tensor([lead], dtype=torch.float64, requires_grad=True)
        target = torch.full_like(f1, sign)
        if key == "order":
            return float(sign * lead <= 0), 0.0
        if key == "margin":
            loss = F.margin_ranking_loss(f1, torch.zeros_like(f1), target, margin=m)
        else:
            loss = F.binary_cross_entropy_with_logits(f1, (target + 1) / 2)
        return loss.item(), torch.autograd.grad(loss, f1)[0].item()

    return tabulate(values, lead, m, y).values


def _mark(f1: Slider, f2: Slider, m: Slider, y: Slider) -> Element:
    """Where the score that should be higher would lead by m."""
    level = tabulate(lambda a, b, m, sign: m + (b if sign > 0 else a), f1, f2, m, y)
    x0, x1 = (tabulate(lambda sign, edge=edge: (sign < 0) + edge, y) for edge in (-HALF, HALF))
    return Segments(x0, level, x1, level, name=tr("lead asked for"), dash=1, width=2)


def _curve(key: str, name: str, lead: Derived, losses: np.ndarray, over: tuple[Slider, Slider]) -> Element:
    """The loss over the lead; the 0-1 loss with an upright step."""
    if key == "order":
        ends = lead.values[0], lead.values[-1]
        step = Table([[0, 0, 1, 1], [1, 1, 0, 0]], over[1:])
        return Curve([ends[0], 0, 0, ends[1]], step, name=name, color=color(name))
    return Curve(
        lead.values, Table(np.moveaxis(losses, 0, -1), over).squeezed(), name=name, color=color(name)
    )


def _arrow(x: float, score: Slider, slope: Table, own: int | None) -> Element:
    """From a score to where a step against its gradient takes it; none where the gradient is 0."""
    over = (score, *slope.over)
    steps = np.where(slope.values[..., 0] == 0, np.nan, -slope.values[..., 0])
    end = np.reshape(score.values, (-1, *[1] * steps.ndim)) + steps
    return Segments(x, score, x, Table(end, over), color=own, arrow=True, width=2.5)
