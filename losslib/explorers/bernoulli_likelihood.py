"""The likelihood of a probability as observations come in: the product dies, the sum of logarithms stays."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import color

TYPES = (np.float32, np.float64)
LOWEST = -330  # of the logarithm to base 10; float64 ends at -323.3


def bernoulli_likelihood(
    outcomes: np.ndarray,
    *,
    counts: Sequence[int],
    count: int,
    thetas: Sequence[float],
    theta: float,
) -> Explorer:
    """What the first n outcomes say about the probability θ of a 1, as a product and as a sum of logarithms.

    Three panels over θ: the product of the probabilities in float32 and float64, the negative log-likelihood per
    observation, and the likelihood relative to its maximum, which only the logarithms still give.

    Args:
        outcomes: Zeros and ones in the order in which they come, (N,).
        counts: The n to choose from, increasing, 1 to N.
        count: Where n starts.
        thetas: The grid of θ, increasing, between 0 and 1.
        theta: Where θ starts.

    Raises:
        ValueError: The outcomes are not zeros and ones, a count is out of range, or a θ is not between 0 and 1.
    """
    outcomes = np.asarray(outcomes)
    if outcomes.ndim != 1 or not np.isin(outcomes, (0, 1)).all():
        raise ValueError(f"bernoulli_likelihood: expected zeros and ones (N,), got shape {outcomes.shape}")
    if not 1 <= min(counts) <= max(counts) <= len(outcomes):
        raise ValueError(f"bernoulli_likelihood: expected counts from 1 to {len(outcomes)}, got {counts}")
    if not 0 < min(thetas) <= max(thetas) < 1:
        raise ValueError(
            f"bernoulli_likelihood: expected θ between 0 and 1, got {min(thetas)} to {max(thetas)}"
        )
    n, at = Slider("n", counts, count), Slider("θ", thetas, theta)
    heads = [outcomes[: int(k)] for k in n.values]
    grid = np.array(at.values)
    fine = np.linspace(grid[0], grid[-1], 4 * len(grid) - 3)  # the peak of many observations is narrow
    shares = np.array([head.mean() for head in heads])
    best = np.array([_sum(head, head.mean(keepdims=True)) for head in heads])  # (counts, 1)
    sums = np.stack([_sum(head, grid) for head in heads])  # (counts, thetas)
    products = {kind.__name__: np.stack([_log_product(head, grid, kind) for head in heads]) for kind in TYPES}
    mean = {"": sums / np.array(n.values)[:, None]}
    relative, smooth = np.exp(best - sums), np.exp(best - np.stack([_sum(head, fine) for head in heads]))

    def panel(label: str, limits: tuple[float, float], curves: dict, dots: dict, x: np.ndarray, *own: int):
        share = Table(shares, [n])
        drawn: list[Element] = [Segments(share, limits[0], share, limits[1], dash=1, opacity=0.5)]
        for name, k in zip(curves, own, strict=True):
            drawn.append(Curve(x, Table(curves[name], [n]), name=name, color=k, dash=k if name else 0))
            drawn.append(Points(at, Table(dots[name], [n, at]), color=k, size=5))
        return Panel(Axis((0, 1), "θ"), Axis(limits, label), [*drawn, Handle(at, limits[0])], height=0.55)

    highest = 1.05 * mean[""].max()
    panels = [
        panel(tr("log₁₀ of the product"), (LOWEST, 10), products, products, grid, 0, 3),
        panel(tr("negative log-likelihood / n"), (0, highest), mean, mean, grid, color("log loss")),
        panel(tr("likelihood / its maximum"), (0, 1.05), {"": smooth}, {"": relative}, fine, 2),
    ]
    shown = {f"log₁₀ ∏ p, {name}": table for name, table in products.items()}
    shown |= {"−Σ ln p": sums, "−Σ ln p / n": mean[""], "L(θ) / L(k/n)": relative}
    readouts = [
        Readout(Table(table, [n, at]), row, tr("value"), key)
        for key, (row, table) in zip([*products, "sum", "mean", "relative"], shown.items(), strict=True)
    ]
    return Explorer(panels, [n, at], [*readouts, Readout(Table(shares, [n]), "k / n", tr("value"), "share")])


def _log_product(outcomes: np.ndarray, theta: np.ndarray, kind: type) -> np.ndarray:
    """The probabilities multiplied up in one number type, then the logarithm to base 10, (thetas,)."""
    p = np.where(outcomes[:, None] == 1, theta, 1 - theta).astype(kind)
    with np.errstate(divide="ignore", under="ignore"):
        return np.log10(p.prod(axis=0, dtype=kind).astype(float))


def _sum(outcomes: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """-log-likelihood of the outcomes at each theta, (thetas,)."""
    came = torch.tensor(outcomes, dtype=torch.long)
    log_probs = torch.tensor(np.stack([1 - theta, theta], axis=1)).log()  # (thetas, 2)
    losses = [
        functional.nll_loss(row.expand(len(came), 2), came, reduction="sum").item() for row in log_probs
    ]
    return np.array(losses)
