"""Who carries the focal loss: the easy examples of the frequent class, or the hard ones, as γ and α move."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Panel, Readout, Rects
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import NEGATIVE, POSITIVE, color

EASY, HARD = (
    0.9,
    0.5,
)  # probability of the true class from which an example is easy, and below which it is hard
EDGES = np.linspace(0, 1, 11)
SHARES = np.concatenate(
    [np.linspace(0, 0.9, 19), np.linspace(0.91, 1, 10)]
)  # of the examples; fine at the end


def focal_shares(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    gammas: Sequence[float],
    gamma: float,
    alphas: Sequence[float],
    alpha: float,
) -> Explorer:
    """How a model's total focal loss is shared out among its examples.

    Two panels: the share of the total loss by probability of the true class, negatives below positives; and the
    share that the easiest examples carry together, beside that of cross-entropy.

    Args:
        logits: Scores of the model, (n,).
        labels: 0 or 1 for each, (n,), both of them present.
        gammas, gamma: The values of γ to choose from, increasing, and the one to start with.
        alphas, alpha: Those of the positives' weight α, between 0 and 1.

    Raises:
        ValueError: The shapes differ, one label is missing, or a start is none of its values.
    """
    z, y = torch.tensor(np.asarray(logits, float)), torch.tensor(np.asarray(labels, float))
    if z.shape != y.shape or z.ndim != 1 or set(y.tolist()) != {0.0, 1.0}:
        raise ValueError(
            f"focal_shares: expected logits and labels (n,) with both 0 and 1, got shapes {tuple(z.shape)}"
            f" and {tuple(y.shape)}, labels {sorted(set(y.tolist()))}"
        )
    sliders = [Slider("γ", gammas, gamma), Slider("α", alphas, alpha)]
    losses = _tabulate(z, y, *(slider.values for slider in sliders))  # (gammas, alphas, n)
    loss = losses / losses.sum(axis=-1, keepdims=True)
    plain = _tabulate(z, y, [0.0], [0.5])[0, 0]
    sure = torch.where(y == 1, z, -z).sigmoid().numpy()
    positive = y.numpy() == 1
    readouts = []
    groups = {
        "easy": (tr("easy, p ≥ {edge}", edge=EASY), sure >= EASY),
        "between": (tr("between"), (sure >= HARD) & (sure < EASY)),
        "hard": (tr("hard, p < {edge}", edge=HARD), sure < HARD),
        "positive": (tr("all positives"), positive),
    }
    for key, (row, members) in groups.items():
        share = Table(100 * loss[..., members].sum(axis=-1), sliders)
        readouts.append(Readout(float(members.sum()), row, tr("examples"), f"{key}.count"))
        readouts.append(Readout(share, row, tr("share of the loss, %"), f"{key}.share"))
    return Explorer([_bars(loss, sure, positive, sliders), _easiest(loss, plain, sliders)], sliders, readouts)


def _tabulate(
    z: torch.Tensor, y: torch.Tensor, gammas: Sequence[float], alphas: Sequence[float]
) -> np.ndarray:
    """The loss of each example at every γ and α, (gammas, alphas, n)."""
    losses = [
        [F.sigmoid_focal_loss(z, y, gamma=gamma, alpha=alpha, reduction="none").numpy() for alpha in alphas]
        for gamma in gammas
    ]
    return np.array(losses)


def _bars(loss: np.ndarray, sure: np.ndarray, positive: np.ndarray, sliders: list[Slider]) -> Panel:
    """Shares by the probability of the true class, the positives' on top of the negatives'."""
    bins = np.minimum(np.digitize(sure, EDGES) - 1, len(EDGES) - 2)
    member = bins == np.arange(len(EDGES) - 1)[:, None]  # (bins, n)
    below = loss @ (member & ~positive).T.astype(float)
    total = below + loss @ (member & positive).T.astype(float)
    left, right = EDGES[:-1] + 0.01, EDGES[1:] - 0.01
    below, total, nothing = Table(below, sliders), Table(total, sliders), np.zeros(len(left))
    return Panel(
        Axis((0, 1), tr("probability of the true class")),
        Axis((0, 1), tr("share of the loss")),
        [
            Rects(left, nothing, right, below, name=tr("negatives"), color=NEGATIVE, opacity=0.5),
            Rects(left, below, right, total, name=tr("positives"), color=POSITIVE),
        ],
    )


def _easiest(loss: np.ndarray, plain: np.ndarray, sliders: list[Slider]) -> Panel:
    """The share of the loss that the examples with the least loss carry together."""

    def together(losses: np.ndarray) -> np.ndarray:
        rising = np.concatenate([np.zeros((*losses.shape[:-1], 1)), np.sort(losses).cumsum(axis=-1)], axis=-1)
        places = (SHARES * losses.shape[-1]).round().astype(int)
        return rising[..., places] / rising[..., -1:]

    return Panel(
        Axis((0, 1), tr("share of the examples, easiest first")),
        Axis((0, 1), tr("share of the loss")),
        [
            Curve(SHARES, together(plain), name="BCE", color=color("BCE")),
            Curve(SHARES, Table(together(loss), sliders), name=tr("focal loss"), color=color("focal")),
        ],
    )
