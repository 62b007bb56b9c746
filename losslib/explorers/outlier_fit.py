"""A line fitted under several losses while the reader drags one point through the plane."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch

from losslib import functional, palette
from losslib.explorers import fits
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr

# How each loss is fitted, and the function that gives it per element.
FITS = {
    "mse_loss": (fits.least_squares, "mse_loss"),
    "rmse_loss": (fits.least_squares, "mse_loss"),  # the root moves no minimum
    "mae_loss": (fits.through_two_points, "mae_loss"),
    "huber_loss": (fits.newton, "huber_loss"),
    "log_cosh_loss": (fits.newton, "log_cosh_loss"),
}


def outlier_fit(
    x: np.ndarray,
    y: np.ndarray,
    losses: Mapping[str, str],
    *,
    outlier_x: Sequence[float],
    outlier_y: Sequence[float],
    outlier: tuple[float, float],
    x_label: str,
    y_label: str,
    delta: Slider | None = None,
) -> Explorer:
    """The line that each loss fits exactly to the points and to one more, which the reader drags.

    MSE and RMSE are fitted in closed form, MAE by comparing all lines through two points, Huber and log-cosh
    by Newton's method.

    Args:
        x, y: The points, (n,), n <= 30.
        losses: Name to function of `losslib.functional`: "mse_loss", "rmse_loss", "mae_loss", "huber_loss" or
            "log_cosh_loss".
        outlier_x, outlier_y: The grid of the outlier's places, increasing.
        outlier: Where it starts, on the grid.
        x_label, y_label: Names of the axes.
        delta: A slider for Huber's delta; without one it is 1.

    Raises:
        ValueError: The shapes differ, there are more than 30 points, a loss is none of the five, or the
            outlier does not start on its grid.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.shape != y.shape or x.ndim != 1 or not 2 <= len(x) <= 30:
        raise ValueError(
            f"outlier_fit: expected x and y of one shape (n,), 2 <= n <= 30, got {x.shape}, {y.shape}"
        )
    if unknown := set(losses.values()) - set(FITS):
        raise ValueError(
            f"outlier_fit: expected losses among {', '.join(FITS)}, got {', '.join(sorted(unknown))}"
        )
    place_x = Slider(tr("outlier, {axis}", axis=x_label), outlier_x, outlier[0])
    place_y = Slider(tr("outlier, {axis}", axis=y_label), outlier_y, outlier[1])
    place = [place_x, place_y]
    x_axis, y_axis = _axis(x, place_x.values, x_label), _axis(y, place_y.values, y_label)

    elements: list[Element] = [Points(x, y, name=tr("data"), opacity=0.6)]
    readouts = []
    ends = np.array(x_axis.limits)
    colors = palette.colors(losses)
    for name, loss in losses.items():
        slider = delta if loss == "huber_loss" else None
        lines, values = _fit_everywhere(x, y, place, loss, slider)
        over = [*place, slider] if slider else place
        intercept, slope = lines[..., 0], lines[..., 1]
        elements.append(
            Curve(
                ends,
                Table(intercept[..., None] + slope[..., None] * ends, over),
                name=name,
                color=colors[name],
            )
        )
        for column, table in (("slope", slope), ("intercept", intercept), ("loss", values)):
            readouts.append(Readout(Table(table, over), name, tr(column), f"{name}.{column}"))
    elements.append(Handle(place_x, place_y, name=tr("outlier")))
    controls = place if delta is None else [*place, delta]
    return Explorer([Panel(x_axis, y_axis, elements, height=0.65)], controls, readouts)


def _axis(values: np.ndarray, grid: list[float], label: str) -> Axis:
    """Limits around the points and all places of the outlier."""
    both = np.concatenate([values, grid])
    room = 0.06 * np.ptp(both)
    return Axis((both.min() - room, both.max() + room), label)


def _fit_everywhere(
    x: np.ndarray, y: np.ndarray, place: list[Slider], loss: str, delta: Slider | None
) -> tuple[np.ndarray, np.ndarray]:
    """Lines for every place of the outlier and every delta, if any, (*grid, 2); and their losses, (*grid)."""
    x_sets, y_sets = _with_outlier(x, y, *place)
    method, per_element = FITS[loss]
    all_lines, all_values = [], []
    for parameters in [{}] if delta is None else [{"delta": value} for value in delta.values]:
        lines = method(
            partial(getattr(functional, per_element), reduction="none", **parameters), x_sets, y_sets
        )
        whole = partial(getattr(functional, loss), **parameters)
        all_lines.append(lines.numpy())
        all_values.append(torch.vmap(whole)(fits.predict(lines, x_sets), y_sets).numpy())
    grid = (*(len(slider) for slider in place), len(all_lines))
    lines, values = np.stack(all_lines, axis=1).reshape(*grid, 2), np.stack(all_values, axis=1).reshape(grid)
    return (lines[:, :, 0], values[:, :, 0]) if delta is None else (lines, values)


def _with_outlier(
    x: np.ndarray, y: np.ndarray, place_x: Slider, place_y: Slider
) -> tuple[torch.Tensor, torch.Tensor]:
    """The points with the outlier as last one, for each of its places: two tensors (places, n + 1)."""
    at_x, at_y = (grid.ravel() for grid in np.meshgrid(place_x.values, place_y.values, indexing="ij"))
    return tuple(
        torch.tensor(np.column_stack([np.tile(points, (len(at), 1)), at]))
        for points, at in ((x, at_x), (y, at_y))
    )
