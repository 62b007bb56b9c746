"""The probability that minimises the focal loss on average, against the true one: it is not a proper score."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Handle, Panel, Points, Readout, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import color

SAID = np.linspace(0.02, 0.98, 49)  # predictions at which the expected loss is drawn


def focal_probability(
    *, gammas: Sequence[float], gamma: float, truths: Sequence[float], truth: float
) -> Explorer:
    """What a model that minimises the focal loss says, when a positive comes with a known probability.

    Two panels: the expected loss of each prediction, with its minimum, beside that of cross-entropy; and the
    place of the minimum against the true probability, where the diagonal is honest.

    Args:
        gammas, gamma: The values of γ to choose from, increasing, and the one to start with.
        truths, truth: Likewise the true probabilities, between 0 and 1.

    Raises:
        ValueError: A true probability is not between 0 and 1, or a start is none of its values.
    """
    if not 0 < min(truths) <= max(truths) < 1:
        raise ValueError(
            f"focal_probability: expected truths between 0 and 1, got {min(truths)} to {max(truths)}"
        )
    power, true = Slider("γ", gammas, gamma), Slider(tr("true probability"), truths, truth)
    sliders = [power, true]
    q = torch.tensor(true.values, dtype=torch.float64)
    best = [_minimiser(q, gamma) for gamma in power.values]
    said = torch.stack([b.sigmoid() for b in best])  # (gammas, truths)
    least = torch.stack([_risk(b, q, gamma) for b, gamma in zip(best, power.values, strict=True)])
    grid = torch.tensor(SAID).logit()[None].expand(len(q), -1)
    plain = _risk(grid, q[:, None].expand_as(grid), 0.0)
    risk = torch.stack([_risk(grid, q[:, None].expand_as(grid), gamma) for gamma in power.values])
    said_table, least_table = Table(said.numpy(), sliders), Table(least.numpy(), sliders)
    top = 1.5
    expected = Panel(
        Axis((0, 1), tr("predicted probability")),
        Axis((0, top), tr("expected loss")),
        [
            Segments(true, 0, true, top, dash=1, opacity=0.5),
            Curve(SAID, Table(plain.numpy(), [true]), name="BCE", color=color("BCE")),
            Curve(SAID, Table(risk.numpy(), sliders), name=tr("focal loss"), color=color("focal")),
            Points(said_table, least_table, color=color("focal"), size=6),
            Handle(true, 0),
        ],
    )
    honest = Panel(
        Axis((0, 1), tr("true probability")),
        Axis((0, 1), tr("predicted probability")),
        [
            Curve([0, 1], [0, 1], name="BCE", color=color("BCE")),
            Curve(true.values, Table(said.numpy(), [power]), name=tr("focal loss"), color=color("focal")),
            Points(true, said_table, color=color("focal"), size=6),
            Handle(true, 0),
        ],
    )
    readouts = [
        Readout(said_table, tr("focal loss"), tr("best prediction"), "focal.prediction"),
        Readout(least_table, tr("focal loss"), tr("expected loss"), "focal.loss"),
        Readout(true, "BCE", tr("best prediction"), "BCE.prediction"),
        Readout(Table(_risk(q.logit(), q, 0.0).numpy(), [true]), "BCE", tr("expected loss"), "BCE.loss"),
    ]
    return Explorer([expected, honest], sliders, readouts)


def _minimiser(truth: torch.Tensor, gamma: float) -> torch.Tensor:
    """The logit at which the expected loss is least, by bisection of its derivative: it changes its sign once."""
    low, high = torch.full_like(truth, -40.0), torch.full_like(truth, 40.0)
    for _ in range(60):
        middle = ((low + high) / 2).requires_grad_()
        (slope,) = torch.autograd.grad(_risk(middle, truth, gamma).sum(), middle)
        low, high = (
            torch.where(slope < 0, middle, low).detach(),
            torch.where(slope < 0, high, middle).detach(),
        )
    return (low + high) / 2


def _risk(logit: torch.Tensor, truth: torch.Tensor, gamma: float) -> torch.Tensor:
    """The loss that is to be expected where a positive comes with probability `truth`."""
    return F.sigmoid_focal_loss(logit, truth, gamma=gamma, reduction="none")
