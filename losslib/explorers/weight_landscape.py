"""The loss of a model with a single weight, and a ball that gradient descent rolls from wherever the reader puts it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch

from losslib import palette
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr


def weight_landscape(
    x: np.ndarray,
    y: np.ndarray,
    losses: Mapping[str, Callable],
    *,
    weights: tuple[float, float],
    starts: Sequence[float],
    start: float,
    steps: Sequence[int],
    rate: float,
    titles: Mapping[str, str] | None = None,
) -> Explorer:
    """Each loss as a function of the weight w of the score w x, a panel each, with a ball in each.

    Args:
        x, y: Feature and label of each example, (n,).
        losses: Name to function: (scores, labels), two tensors (m, n) -> the loss of each element, (m, n). Its
            mean over the examples is drawn; autograd gives the gradient.
        weights: Between which weights the curves are drawn.
        starts: The weights from which a ball may start, increasing, within `weights`.
        start: The one to begin with, one of `starts`.
        steps: After how many steps of gradient descent the ball is shown, increasing, from 0.
        rate: The learning rate.
        titles: What the reader sees in the place of a name that needs translation; keys stay the names.

    Raises:
        ValueError: The shapes differ, a function returns another shape, or `start` is none of `starts`.
    """
    x, y = torch.tensor(np.asarray(x, float)), torch.tensor(np.asarray(y, float))
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(
            f"weight_landscape: expected x and y of one shape (n,), got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    titles = {name: name for name in losses} | dict(titles or {})
    start_slider, step = Slider(tr("start"), starts, start), Slider(tr("step"), steps, steps[0])
    sliders = [start_slider, step]
    grid = np.linspace(*weights, 161)
    panels, readouts = [], []
    colors = palette.colors(losses)
    for name, loss in losses.items():
        evaluate = partial(_evaluate, name, loss, x, y)
        heights = evaluate(torch.tensor(grid))[0].numpy()
        path = _descend(evaluate, start_slider.values, [int(count) for count in step.values], rate)
        weight, height, gradient = (Table(part, sliders) for part in path)
        room = 0.08 * np.ptp(heights)
        bottom = heights.min() - room
        elements: list[Element] = [
            Curve(grid, heights, name=titles[name], color=colors[name]),
            Segments(start_slider, bottom, start_slider, heights.max(), dash=1, opacity=0.5),
            Points(weight, height, color=colors[name], size=7),
            Handle(start_slider, bottom),
        ]
        panels.append(
            Panel(Axis(weights, tr("weight")), Axis((bottom, heights.max() + room), tr("loss")), elements)
        )
        readouts += [
            Readout(table, titles[name], column, f"{name}.{key}")
            for table, column, key in (
                (weight, tr("weight"), "weight"),
                (height, tr("loss"), "loss"),
                (gradient, tr("gradient"), "gradient"),
            )
        ]
    return Explorer(panels, sliders, readouts, play=step)


def _evaluate(name: str, loss: Callable, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor) -> tuple:
    """The loss and its gradient at each of the weights, two tensors (m,)."""
    weight = weight.detach().requires_grad_()
    scores = weight[:, None] * x
    losses = loss(scores, y.expand_as(scores))
    if losses.shape != scores.shape:
        raise ValueError(
            f"weight_landscape: expected {name!r} to return shape {tuple(scores.shape)}, got {tuple(losses.shape)}"
        )
    value = losses.mean(dim=1)
    (gradient,) = torch.autograd.grad(value.sum(), weight)
    return value.detach(), gradient


def _descend(evaluate: Callable, starts: Sequence[float], steps: Sequence[int], rate: float) -> np.ndarray:
    """Weight, loss and gradient of each start after each number of steps, (3, starts, steps)."""
    weight, shown = torch.tensor(starts, dtype=torch.float64), []
    for count in range(steps[-1] + 1):
        value, gradient = evaluate(weight)
        if count in steps:
            shown.append(torch.stack([weight, value, gradient]))
        weight = weight - rate * gradient
    return torch.stack(shown, dim=2).numpy()
