"""How hard each term of BCE + Dice pulls on the pixels of an object and of its background, as training goes on."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Panel, Points, Readout
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import color

LOGITS = np.arange(-10, 10.1, 0.5)  # of a pixel, at which its pull is drawn
PULLS = (1e-4, 1e2)
QUANTILES = (0.1, 0.5, 0.9)  # the pixels that are shown as dots
LOOKS = {  # the sum below, and broad
    "sum": {"color": color("BCE + Dice"), "dash": 0, "width": 5.0, "opacity": 0.5},
    "BCE": {"color": color("BCE")},
    "Dice": {"color": color("Dice")},
}


def combo_gradients(
    logits: np.ndarray,
    mask: np.ndarray,
    *,
    steps: Sequence[int],
    step: int,
    weights: Sequence[float],
    weight: float,
    smooth: float = 1.0,
) -> Explorer:
    """The gradient of α BCE + (1 − α) Dice, term by term, at the predictions of a training run.

    A panel for the object and one for the background, on logarithmic scales: the size of the gradient with
    respect to one pixel's logit, times the number of pixels, if the other pixels stay as they are. Dots are
    pixels of the picture. The readouts are sums over all pixels of the object or the background.

    Args:
        logits: What the network said after each number of steps, (steps, pixels).
        mask: 0 or 1 for each pixel, (pixels,), both of them present.
        steps, step: The numbers of steps, increasing, and the one to start with.
        weights, weight: Likewise the weight α of BCE, between 0 and 1.
        smooth: Of the Dice term, in pixels.

    Raises:
        ValueError: The shapes do not fit, the object or the background is missing, a weight is outside [0, 1],
            or a start is none of its values.
    """
    z, t = torch.tensor(np.asarray(logits, float)), torch.tensor(np.asarray(mask, float))
    if t.ndim != 1 or z.shape != (len(steps), len(t)) or set(t.tolist()) != {0.0, 1.0}:
        raise ValueError(
            f"combo_gradients: expected logits ({len(steps)}, n) and a mask (n,) of both 0 and 1, got shapes"
            f" {tuple(z.shape)} and {tuple(t.shape)}"
        )
    if not 0 <= min(weights) <= max(weights) <= 1:
        raise ValueError(
            f"combo_gradients: expected weights from 0 to 1, got {min(weights)} to {max(weights)}"
        )
    stage, alpha = Slider(tr("step"), steps, step), Slider("α", weights, weight)
    panels, readouts = [], []
    for key, label, truth in (("object", tr("object"), 1.0), ("background", tr("background"), 0.0)):
        members = t == truth
        whole = _totals(z, t, members, smooth)  # (steps, 2)
        at = torch.tensor(LOGITS).expand(len(steps), -1)
        dots = torch.quantile(z[:, members], torch.tensor(QUANTILES, dtype=z.dtype), dim=1).T
        panels.append(
            _panel(
                label, _pixel(z, t, at, truth, smooth), dots, _pixel(z, t, dots, truth, smooth), stage, alpha
            )
        )
        readouts += _readouts(key, label, whole, stage, alpha)
    return Explorer(panels, [alpha, stage], readouts)


def _totals(z: torch.Tensor, t: torch.Tensor, members: torch.Tensor, smooth: float) -> np.ndarray:
    """The pulls of each unweighted term on these pixels, added up, (steps, 2)."""
    columns = []
    for bce, dice in ((1.0, 0.0), (0.0, 1.0)):
        free = z[:, None].clone().requires_grad_()
        target = t.expand_as(free)
        loss = F.combo_loss(free, target, bce_weight=bce, dice_weight=dice, smooth=smooth, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, free)
        columns.append(gradient[:, 0, members].abs().sum(dim=1).numpy())
    return np.stack(columns, axis=-1)


def _pixel(z: torch.Tensor, t: torch.Tensor, at: torch.Tensor, truth: float, smooth: float) -> np.ndarray:
    """The pulls of each unweighted term on one pixel at other logits (steps, m), times n: (steps, m, 2).

    Of the Dice loss only the slope in p is needed, which is one number for the object, one for the background.
    """
    free, at = z.sigmoid()[:, None].requires_grad_(), at.clone().requires_grad_()
    loss = F.dice_loss(free, t.expand_as(free), smooth=smooth, reduction="sum")
    slope = torch.autograd.grad(loss, free)[0][:, 0, t == truth][:, :1]
    each = F.binary_cross_entropy_with_logits(at, torch.full_like(at, truth), reduction="sum")
    (bce,) = torch.autograd.grad(each, at)
    p = at.detach().sigmoid()
    dice = len(t) * slope * p * (1 - p)
    return torch.stack([bce, dice], dim=-1).abs().numpy()


def _weigh(pulls: np.ndarray, alpha: Slider) -> dict[str, np.ndarray]:
    """Both terms weighted, and their sum: (α, steps, ...) each. They never pull against one another."""
    a = np.array(alpha.values)[(...,) + (None,) * (pulls.ndim - 1)]
    bce, dice = a * pulls[..., 0], (1 - a) * pulls[..., 1]
    return {"sum": bce + dice, "BCE": bce, "Dice": dice}


def _panel(
    label: str, curves: np.ndarray, places: torch.Tensor, dots: np.ndarray, stage: Slider, alpha: Slider
) -> Panel:
    over = (alpha, stage)
    elements = [
        Curve(LOGITS, Table(pulls, over), name=_name(term), **LOOKS[term])
        for term, pulls in _weigh(curves, alpha).items()
    ]
    x = np.where(np.abs(places.numpy()) <= LOGITS[-1], places.numpy(), np.nan)
    height = _weigh(dots, alpha)["sum"]
    elements.append(Points(Table(x, [stage]), Table(height, over), color=LOOKS["sum"]["color"], size=5))
    x_axis = Axis((LOGITS[0], LOGITS[-1]), tr("logit of a pixel: {name}", name=label))
    return Panel(x_axis, Axis(PULLS, tr("pull × number of pixels"), log=True), elements, height=0.85)


def _readouts(key: str, label: str, whole: np.ndarray, stage: Slider, alpha: Slider) -> list[Readout]:
    over, weighed = (alpha, stage), _weigh(whole, alpha)
    share = 100 * weighed["Dice"] / weighed["sum"]
    columns = {term: (_name(term), weighed[term]) for term in ("BCE", "Dice", "sum")}
    columns["share"] = (tr("Dice, %"), share)
    return [
        Readout(Table(values, over), label, column, f"{key}.{name}")
        for name, (column, values) in columns.items()
    ]


def _name(term: str) -> str:
    return tr("sum") if term == "sum" else term
