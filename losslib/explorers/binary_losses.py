"""Losses of one yes-or-no label, curve beside curve, over the logit or over the probability of the true class."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.curves import loss_curves
from losslib.explorers.quantities import Slider
from losslib.explorers.scene import Explorer
from losslib.locales import tr

NAMES = ("BCE", "focal", "hinge", "squared", "0-1")


def binary_losses(
    names: Sequence[str] = NAMES,
    *,
    over: str = "logit",
    probe: float | None = None,
    gamma: float = 2.0,
    alpha: float = 1.0,
) -> Explorer:
    """Value and gradient of losses for one label, with sliders for the focal loss's γ and α.

    The losses treat both labels alike up to the sign of the logit, so the horizontal axis is that of the
    true class: to the right the prediction is right. α is the weight of the true class.

    Args:
        names: Which losses to draw, of `NAMES`.
        over: "logit" or "probability"; the gradient is taken with respect to it.
        probe: Where the probe starts, on a grid of 0.25 from -6 to 6, or of 0.02 from 0.02 to 0.98.
        gamma: 0, 0.5, 1, 2 or 5.
        alpha: 0.25, 0.5, 0.75 or 1.

    Raises:
        ValueError: A name or `over` is none of those, or a start is not on its grid.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"binary_losses: expected names of {NAMES}, got {unknown}")
    if over == "logit":
        x, x_label, start = np.arange(-6, 6.01, 0.25), tr("logit of the true class"), -2.0
        limits = {"value_limits": (-0.3, 6.0), "gradient_limits": (-1.6, 0.3)}
    elif over == "probability":
        x, x_label, start = np.arange(0.02, 0.981, 0.02), tr("probability of the true class"), 0.2
        limits = {"value_limits": (-0.2, 4.0), "gradient_limits": (-12.0, 0.5)}
    else:
        raise ValueError(f"binary_losses: expected over 'logit' or 'probability', got {over!r}")
    titles = {
        "focal": tr("focal loss"),
        "hinge": tr("hinge loss"),
        "squared": tr("squared error"),
        "0-1": tr("0-1 loss"),
    }
    sliders = [Slider("γ", [0, 0.5, 1, 2, 5], gamma), Slider("α", [0.25, 0.5, 0.75, 1], alpha)]
    return loss_curves(
        {name: _along(name, over) for name in names},
        x=x,
        x_label=x_label,
        probe=start if probe is None else probe,
        parameter=sliders if "focal" in names else None,
        titles=titles,
        **limits,
    )


def _along(name: str, over: str):
    """The loss as a function of the axis and, where there are sliders, of γ and α."""

    def curve(x: torch.Tensor, *sliders: float) -> torch.Tensor:
        logit = x if over == "logit" else x.logit()
        true = torch.ones_like(x)
        if name == "BCE":
            return F.binary_cross_entropy_with_logits(logit, true, reduction="none")
        if name == "focal":
            gamma, alpha = sliders
            return F.sigmoid_focal_loss(logit, true, gamma=gamma, alpha=alpha, reduction="none")
        if name == "hinge":
            return F.hinge_loss(logit, true, reduction="none")
        if name == "squared":
            return F.mse_loss(logit.sigmoid(), true, reduction="none")
        return (logit <= 0).to(x)  # 0-1 loss

    return curve
