"""The loss of one prediction and its gradient, curve beside curve, with a probe to read them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import torch

from losslib import palette
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Points, Readout, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr


def loss_curves(
    functions: Mapping[str, Callable],
    *,
    x: np.ndarray,
    x_label: str,
    probe: float,
    parameter: Slider | Sequence[Slider] | None = None,
    value_limits: tuple[float, float] | None = None,
    gradient_limits: tuple[float, float] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Explorer:
    """Value and gradient of losses along x, with a probe that the reader moves.

    Args:
        functions: Name to function. A function maps x, a float64 tensor (n,), and the parameter's value to
            the loss of each element, (n,); without a parameter it maps x alone, with several it takes each
            in turn. Autograd gives the gradient.
        x: The grid of the curves and of the probe, increasing.
        x_label: The name of x, for instance `tr("residual")`.
        probe: Where the probe starts; must be on the grid.
        parameter: A slider, or several, for parameters that the functions have in common.
        value_limits, gradient_limits: Of the vertical axes; by default all curves fit at every parameter.
        titles: What the reader sees in the place of a name that needs translation; keys stay the names.

    Raises:
        ValueError: A function returns another shape than (n,), or the probe is not on the grid.
    """
    probe_slider = Slider(x_label, x, probe)
    parameters = [parameter] if isinstance(parameter, Slider) else list(parameter or ())
    sliders = [*parameters, probe_slider]
    x = np.array(probe_slider.values)
    fine = _around(x)
    titles = {name: name for name in functions} | dict(titles or {})
    values, gradients, colors = {}, {}, palette.colors(titles.values())
    for name, function in functions.items():
        values[name], gradients[name] = _tabulate(name, function, fine, parameters)

    panels = []
    for label, tables, limits in (("value", values, value_limits), ("gradient", gradients, gradient_limits)):
        limits = limits or _limits(tables)
        elements: list[Element] = [
            Segments(probe_slider, limits[0], probe_slider, limits[1], dash=1, opacity=0.5)
        ]
        for name, table in tables.items():
            keep = _kept(table, len(x))
            look = {"color": colors[titles[name]]}
            elements.append(
                Curve(fine[keep], Table(table[..., keep], sliders[:-1]), name=titles[name], **look)
            )
            elements.append(Points(probe_slider, Table(table[..., 1::3], sliders), **look, size=5))
        elements.append(Handle(probe_slider, limits[0]))
        panels.append(Panel(Axis((x[0], x[-1]), x_label), Axis(limits, tr(label)), elements))

    readouts = [
        Readout(Table(tables[name][..., 1::3], sliders), titles[name], tr(column), f"{name}.{column}")
        for name in functions
        for column, tables in (("value", values), ("gradient", gradients))
    ]
    return Explorer(panels, sliders, readouts)


def _around(x: np.ndarray) -> np.ndarray:
    """Every grid point between two neighbours just beside it (3n,): a jump there is then drawn upright."""
    beside = 1e-6 * np.diff(x).min()
    return np.stack([x - beside, x, x + beside], axis=1).ravel()


def _kept(table: np.ndarray, n: int) -> np.ndarray:
    """The grid points, and the neighbours of those where some curve of the table jumps."""
    triples = table.reshape(-1, n, 3)
    jumps = (np.ptp(triples, axis=2) > 1e-3 * max(np.ptp(table), 1e-300)).any(axis=0)
    jumps[[0, -1]] = False  # the neighbours would lie outside
    return np.stack([jumps, np.ones_like(jumps), jumps], axis=1).ravel()


def _tabulate(
    name: str, function: Callable, x: np.ndarray, parameters: Sequence[Slider]
) -> tuple[np.ndarray, np.ndarray]:
    """Loss and gradient at every combination of the parameters and every x: two arrays, x the last axis."""
    values, gradients = [], []
    for arguments in product(*(slider.values for slider in parameters)):
        inputs = torch.tensor(x, requires_grad=True)
        loss = function(inputs, *arguments)
        if loss.shape != inputs.shape:
            raise ValueError(
                f"loss_curves: expected {name!r} to return shape ({len(x)},), got {tuple(loss.shape)}"
            )
        values.append(loss.detach().numpy())
        # A constant piece, such as the 0-1 loss, has no graph: its gradient is 0.
        gradient = (
            torch.autograd.grad(loss.sum(), inputs)[0] if loss.requires_grad else torch.zeros_like(inputs)
        )
        gradients.append(gradient.numpy())
    shape = (*map(len, parameters), len(x))
    return np.reshape(values, shape), np.reshape(gradients, shape)


def _limits(tables: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """All finite values and a little room on both sides."""
    values = np.concatenate([table.ravel() for table in tables.values()])
    values = values[np.isfinite(values)]
    room = 0.08 * np.ptp(values) or 1.0
    return values.min() - room, values.max() + room
