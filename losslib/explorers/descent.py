"""Gradient descent on a straight line: the line in the data, the path in the plane of its parameters."""

from collections.abc import Callable, Sequence

import contourpy
import numpy as np
import torch

from losslib.explorers.elements import Axis, Curve, Panel, Points, Readout
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr


def descent(
    x: np.ndarray,
    y: np.ndarray,
    loss: Callable,
    *,
    rates: Sequence[float],
    rate: float,
    start: tuple[float, float],
    x_label: str,
    y_label: str,
    steps: int = 40,
) -> Explorer:
    """Fit intercept and slope by gradient descent, with sliders for the step and the learning rate.

    A path that diverges leaves the plane: a hollow dot at its border says where, and the readouts go on.

    Args:
        x, y: The points, (n,).
        loss: (prediction, target) -> scalar tensor, differentiable: `losslib.functional.mse_loss`, say.
        rates: The learning rates to choose from, increasing.
        rate: The one to begin with, one of `rates`.
        start: Intercept and slope before the first step.
        x_label, y_label: Names of the axes of the data.
        steps: How many.

    Raises:
        ValueError: The shapes differ, the loss is no scalar, or the rate is none of the rates.
    """
    data_x, data_y = np.asarray(x, float), np.asarray(y, float)
    if data_x.shape != data_y.shape or data_x.ndim != 1:
        raise ValueError(
            f"descent: expected x and y of one shape (n,), got {data_x.shape} and {data_y.shape}"
        )
    x, y = torch.tensor(data_x), torch.tensor(data_y)
    learning_rate = Slider(tr("learning rate"), rates, rate)
    step = Slider(tr("step"), range(steps + 1), 0)
    runs = [_run(loss, x, y, start, value, steps) for value in learning_rate.values]
    paths, gradients, values = (
        np.stack(parts) for parts in zip(*runs, strict=True)
    )  # (rates, steps + 1, ...)

    first_line = start[0] + start[1] * data_x
    x_axis, y_axis = _axis(data_x, x_label), _axis(np.concatenate([data_y, first_line]), y_label)
    ends = np.array(x_axis.limits)
    line = Table(paths[..., :1] + paths[..., 1:] * ends, [learning_rate, step])
    data = [Points(data_x, data_y, name=tr("data"), opacity=0.6), Curve(ends, line, name=tr("line"), color=0)]
    plane = _plane(paths, values)
    contours = _contours(loss, x, y, plane)
    panels = [
        Panel(x_axis, y_axis, data, height=0.8),
        Panel(*plane, [*contours, *_path(paths, plane, learning_rate, step)], height=0.8),
    ]
    readouts = _readouts(paths, gradients, values, [learning_rate, step])
    return Explorer(panels, [step, learning_rate], readouts, play=step)


def _run(
    loss: Callable, x: torch.Tensor, y: torch.Tensor, start: tuple[float, float], rate: float, steps: int
):
    """Parameters and gradients (steps + 1, 2) and losses (steps + 1,), the start included."""
    line = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    path, gradients, values = [], [], []
    for _ in range(steps + 1):
        value = loss(line[0] + line[1] * x, y)
        if value.shape != ():
            raise ValueError(
                f"descent: expected a loss that returns a scalar, got shape {tuple(value.shape)}"
            )
        (gradient,) = torch.autograd.grad(value, line)
        path.append(line.detach().numpy())
        gradients.append(gradient.numpy())
        values.append(value.item())
        line = (line.detach() - rate * gradient).requires_grad_()
    return np.array(path), np.array(gradients), np.array(values)


def _axis(values: np.ndarray, label: str) -> Axis:
    room = 0.08 * np.ptp(values) or 1.0
    return Axis((values.min() - room, values.max() + room), label)


def _plane(paths: np.ndarray, values: np.ndarray) -> tuple[Axis, Axis]:
    """Axes that hold every path that ends lower than it began, with the best point found in their middle."""
    good = paths[values[:, -1] <= values[:, 0]] if (values[:, -1] <= values[:, 0]).any() else paths[:, :1]
    points = good.reshape(-1, 2)
    best = paths[np.unravel_index(np.nanargmin(values), values.shape)]
    reach = 1.2 * np.abs(points - best).max(axis=0)
    reach = np.where(reach > 0, reach, 1.0)
    return tuple(
        Axis((best[k] - reach[k], best[k] + reach[k]), label)
        for k, label in enumerate((tr("intercept"), tr("slope")))
    )


def _contours(loss: Callable, x: torch.Tensor, y: torch.Tensor, axes: tuple[Axis, Axis]) -> list[Curve]:
    """Lines of equal loss, dense near the minimum: from line to line its square root grows evenly."""
    intercepts, slopes = (np.linspace(*axis.limits, 61) for axis in axes)
    a, b = np.meshgrid(intercepts, slopes)
    lines = torch.tensor(np.stack([a.ravel(), b.ravel()], axis=1))
    values = torch.vmap(lambda line: loss(line[0] + line[1] * x, y))(lines).numpy().reshape(a.shape)
    low, high = values.min(), values.max()
    levels = low + (high - low) * np.linspace(0, 1, 11)[1:-1] ** 2
    generator = contourpy.contour_generator(intercepts, slopes, values)
    gap = np.full((1, 2), np.nan)
    curves = []
    for level in levels:
        pieces = [part for piece in generator.lines(level) for part in (piece, gap)]
        if pieces:
            curves.append(Curve(*np.concatenate(pieces).T, name=tr("equal loss"), opacity=0.35, width=1))
    return curves


def _path(
    paths: np.ndarray, plane: tuple[Axis, Axis], learning_rate: Slider, step: Slider
) -> list[Curve | Points]:
    """The path up to the current step, and the current point: hollow, at the border, when it lies outside."""
    limits = np.array([axis.limits for axis in plane]).T  # lower and upper, (2, 2)
    clipped = np.clip(paths, *limits)
    outside = (clipped != paths).any(axis=-1, keepdims=True)
    inside, border = np.where(outside, np.nan, paths), np.where(outside, clipped, np.nan)

    def along(points: np.ndarray) -> list[Table]:
        return [Table(points[..., k], [learning_rate]) for k in (0, 1)]

    def current(points: np.ndarray) -> list[Table]:
        return [Table(points[..., k], [learning_rate, step]) for k in (0, 1)]

    return [
        Curve(*along(paths), name=tr("path"), color=1, dash=0, width=1.5, upto=step),
        Points(*along(inside), color=1, size=2.5, upto=step),
        Points(*current(inside), color=1, size=6),
        Points(*current(border), color=1, size=6, hollow=True),
    ]


def _readouts(
    paths: np.ndarray, gradients: np.ndarray, values: np.ndarray, over: list[Slider]
) -> list[Readout]:
    readouts = [Readout(Table(values, over), tr("loss"), tr("value"), "loss.value")]
    for k, name in enumerate(("intercept", "slope")):
        readouts.append(Readout(Table(paths[..., k], over), tr(name), tr("value"), f"{name}.value"))
        readouts.append(Readout(Table(gradients[..., k], over), tr(name), tr("gradient"), f"{name}.gradient"))
    return readouts
