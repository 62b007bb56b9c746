"""One Gaussian for a target of two bumps: how far it lies by KL in either direction, and what each would choose."""

from collections.abc import Sequence

import contourpy
import numpy as np
import torch
from scipy.optimize import minimize

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout
from losslib.explorers.quantities import Slider, Table, tabulate
from losslib.explorers.scene import Explorer
from losslib.locales import tr

STEP = 0.05  # of the integrals: for densities as smooth as these the sum over a grid is exact to 1e-8
X = np.arange(-60, 60 + STEP / 2, STEP)
LEVELS = (0.1, 0.5, 1.5)  # of the contours, above the least divergence
DIRECTIONS = ("KL(p‖q)", "KL(q‖p)")


def gaussian_fit(
    *,
    separations: Sequence[float],
    separation: float,
    means: Sequence[float],
    mean: float,
    widths: Sequence[float],
    width: float,
    share: float = 0.6,
) -> Explorer:
    """A Gaussian q to drag onto a target p, beside the two that minimise KL(p ‖ q) and KL(q ‖ p).

    The target is a mixture of two Gaussians of variance 1. The first panel shows the densities, the second the
    plane of means and standard deviations, with contours of both divergences.

    Args:
        separations: Distances between the bumps to choose from, increasing, >= 0; at 0 the target is a Gaussian.
        separation: Where it starts.
        means: The grid of q's mean, increasing.
        mean: Where it starts.
        widths: The grid of q's standard deviation, increasing, >= 0.2.
        width: Where it starts.
        share: Of the bump on the left, between 0.5 and 1, so that no two fits are equally good.

    Raises:
        ValueError: A start is not on its grid, a separation is negative, a width is below 0.2, something lies
            farther out than 8, or the share is not between 0.5 and 1.
    """
    if not 0.5 < share < 1:
        raise ValueError(f"gaussian_fit: expected a share between 0.5 and 1, got {share}")
    if min(separations) < 0 or min(widths) < 0.2 or max(*separations, *np.abs(means), *widths) > 8:
        raise ValueError(
            "gaussian_fit: expected separations from 0 and widths from 0.2, and nothing beyond 8, got"
            f" {list(separations)}, {list(widths)} and means {list(means)}"
        )
    apart = Slider(tr("distance of the bumps"), separations, separation)
    at, spread = Slider(tr("mean of q"), means, mean), Slider(tr("standard deviation of q"), widths, width)
    targets = [_mixture(value, share) for value in apart.values]
    both = [(_moments(p), _least_reverse(p, value)) for p, value in zip(targets, apart.values, strict=True)]
    best = np.array(both)  # (separations, directions, mean and width)
    names = [tr("best by {name}", name=name) for name in DIRECTIONS] + [tr("your Gaussian")]
    readouts = [
        *_readouts("forward", names[0], [Table(best[:, 0, i], [apart]) for i in range(2)], targets, [apart]),
        *_readouts("reverse", names[1], [Table(best[:, 1, i], [apart]) for i in range(2)], targets, [apart]),
        *_readouts("yours", names[2], [at, spread], targets, [apart, at, spread]),
    ]
    panels = [
        _densities(apart, targets, at, spread, best, names),
        _plane(apart, targets, at, spread, best),
    ]
    return Explorer(panels, [apart, at, spread], readouts)


def _readouts(
    key: str, row: str, place: list, targets: list[np.ndarray], over: list[Slider]
) -> list[Readout]:
    """Mean and width of one Gaussian, sliders or tables over the target, and its divergences."""
    apart, *grids = over
    if grids:
        mean, width = np.meshgrid(*(grid.values for grid in grids), indexing="ij")
        pairs = [(mean, width)] * len(apart)
    else:
        pairs = list(zip(*(table.values[:, 0] for table in place), strict=True))
    both = np.stack([_divergences(p, *pair) for p, pair in zip(targets, pairs, strict=True)])
    values = [*place, *(Table(both[..., k], over) for k in range(2))]
    columns = {"mean": "μ", "width": "σ", "forward": DIRECTIONS[0], "reverse": DIRECTIONS[1]}
    return [
        Readout(value, row, column, f"{key}.{name}")
        for (name, column), value in zip(columns.items(), values, strict=True)
    ]


def _normal(mean, width, x: np.ndarray) -> np.ndarray:
    """Logarithm of the density."""
    return -0.5 * ((x - mean) / width) ** 2 - np.log(width) - 0.5 * np.log(2 * np.pi)


def _mixture(separation: float, share: float, x: np.ndarray = X) -> np.ndarray:
    """Likewise."""
    left, right = (_normal(side * separation / 2, 1.0, x) for side in (-1, 1))
    return np.logaddexp(left + np.log(share), right + np.log(1 - share))


def _divergences(p: np.ndarray, mean, width) -> np.ndarray:
    """KL(p ‖ q) and KL(q ‖ p) of Gaussians q, (..., 2), as divergences of the probabilities of narrow cells."""
    mean, width = np.broadcast_arrays(mean, width)
    q = torch.tensor(_normal(mean.reshape(-1, 1), width.reshape(-1, 1), X) + np.log(STEP))
    p = torch.tensor(p + np.log(STEP)).expand_as(q)
    both = [F.kl_div_loss(*pair, log_target=True, reduction="none").sum(1) for pair in ((q, p), (p, q))]
    both = torch.stack(both, dim=1).clamp(min=0)  # of equals rounding leaves -1e-16
    return both.numpy().reshape(*mean.shape, 2)


def _moments(p: np.ndarray) -> np.ndarray:
    """Mean and width of the target: those of the Gaussian q of least KL(p ‖ q)."""
    weight = np.exp(p) * STEP
    mean = weight @ X
    return np.array([mean, np.sqrt(weight @ (X - mean) ** 2)]).round(9) + 0.0


def _least_reverse(p: np.ndarray, separation: float) -> np.ndarray:
    """Mean and width of the Gaussian q of least KL(q ‖ p), from a start on each bump and one between."""
    found = [
        minimize(
            lambda fit: float(_divergences(p, fit[0], np.exp(fit[1]))[1]),
            [start, 0.1],
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-12},
        )
        for start in (-separation / 2, 0.0, separation / 2)
    ]
    mean, log_width = min(found, key=lambda result: result.fun).x
    return np.array([mean, np.exp(log_width)]).round(6) + 0.0


def _densities(apart, targets, at, spread, best, names) -> Panel:
    """The target filled, the three Gaussians as curves: x = mean + width t, so that few numbers say it all."""
    x, t = np.linspace(-7, 7, 57), np.linspace(-3.5, 3.5, 29)
    shape = np.exp(_normal(0.0, 1.0, t))
    target = np.stack([np.exp(np.interp(x, X, p)) for p in targets])
    elements: list[Element] = [
        Curve(x, Table(target, [apart]), name="p", fill=True, opacity=0.2),
    ]
    for k in (0, 1):
        mean, width = best[:, k, :1], best[:, k, 1:]
        elements.append(
            Curve(Table(mean + width * t, [apart]), Table(shape / width, [apart]), name=names[k], color=k)
        )
    mine = tabulate(lambda m, s: m + s * t, at, spread), tabulate(lambda s: shape / s, spread)
    elements += [Curve(*mine, name=names[2], color=2, width=2.5), Handle(at, 0.0)]
    highest = 1.05 * max(shape.max() / min(spread.values), target.max())
    return Panel(Axis((-7, 7), "x"), Axis((0, highest), tr("density")), elements)


def _plane(apart, targets, at, spread, best) -> Panel:
    """Contours of both divergences over mean and width, their minima, and the handle."""
    axes = [
        Axis((grid.values[0] - 0.2, grid.values[-1] + 0.2), label)
        for grid, label in ((at, tr("mean of q")), (spread, tr("standard deviation of q")))
    ]
    means, widths = (np.linspace(*axis.limits, n) for axis, n in zip(axes, (37, 25), strict=True))
    values = np.stack([_divergences(p, *np.meshgrid(means, widths)) for p in targets])
    elements: list[Element] = []
    for k in (0, 1):
        lines = [_contours(means, widths, value[..., k]) for value in values]
        longest = max(map(len, lines))
        padded = np.full((len(lines), longest, 2), np.nan)
        for line, row in zip(lines, padded, strict=True):
            row[: len(line)] = line
        x, y = (Table(padded[..., i], [apart]) for i in (0, 1))
        elements.append(Curve(x, y, color=k, width=1.2, opacity=0.7))
        minimum = Table(best[:, k, :1], [apart]), Table(best[:, k, 1:], [apart])
        elements.append(Points(*minimum, color=k, size=5.5, hollow=k == 1))
    return Panel(*axes, [*elements, Handle(at, spread)])


def _contours(x: np.ndarray, y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Points of the lines of the LEVELS above the least value, (n, 2), NaN between two lines."""
    generator, gap = contourpy.contour_generator(x, y, values), np.full((1, 2), np.nan)
    lines = [line for level in LEVELS for line in generator.lines(values.min() + level)]
    return np.concatenate([part for line in lines for part in (line, gap)])
