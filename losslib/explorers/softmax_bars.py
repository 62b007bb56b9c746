"""Three logits, the probabilities that softmax makes of them, what each class would cost, and the gradient."""

from collections.abc import Sequence

import numpy as np
import torch

from losslib import functional
from losslib.explorers.elements import Axis, Element, Handle, Panel, Readout, Rects, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import GRADIENT, PREDICTION, color

CLASSES = ("A", "B", "C")
COLUMNS = {"probability": "p", "target": "q", "loss": "−ln p", "gradient": "p − q"}
HALF = 0.36  # of a bar's width


def softmax_bars(
    *,
    logits: Sequence[float],
    start: tuple[float, float, float],
    temperatures: Sequence[float],
    smoothings: Sequence[float],
) -> Explorer:
    """Cross-entropy of softmax(z / T) for the classes A, B and C, of which A came.

    The reader drags the logits z and moves the temperature T and the label smoothing ε. The gradient is the
    one with respect to the scaled logits z / T.

    Args:
        logits: The grid of each logit, increasing.
        start: The logits of A, B and C at the start, on the grid.
        temperatures: To choose from, increasing, > 0; the one closest to 1 comes first.
        smoothings: To choose from, increasing, 0 to 1; the lowest comes first.

    Raises:
        ValueError: The start is not on the grid, a temperature is not positive, or a smoothing is outside
            [0, 1].
    """
    if min(temperatures) <= 0:
        raise ValueError(f"softmax_bars: expected temperatures > 0, got {min(temperatures)}")
    z = [
        Slider(tr("logit of {name}", name=name), logits, value)
        for name, value in zip(CLASSES, start, strict=True)
    ]
    temperature = Slider("T", temperatures, min(temperatures, key=lambda t: abs(np.log(t))))
    smoothing = Slider("ε", smoothings, smoothings[0])
    whole = _tabulate(z, temperature, smoothing)
    tables = {
        name: [_of_class(whole, 3 * i + k, k) for k in range(len(CLASSES))] for i, name in enumerate(COLUMNS)
    }

    low, high = z[0].values[0], z[0].values[-1]
    grips = [Handle(float(k), slider) for k, slider in enumerate(z)]
    targets = [Segments(k - 0.48, q, k + 0.48, q, width=3) for k, q in enumerate(tables["target"])]
    targets[0].name = tr("target q")
    most = max(table.values.max() for table in tables["loss"])
    panels = [
        _panel((low - 1, high + 1), tr("logit z"), [*_bars(z, PREDICTION), *grips]),
        _panel((0, 1.05), tr("probability p"), [*_bars(tables["probability"], PREDICTION), *targets]),
        _panel((0, 1.05 * most), tr("loss −ln p"), _bars(tables["loss"], color("cross-entropy"))),
        _panel((-1.05, 1.05), tr("gradient p − q"), _bars(tables["gradient"], GRADIENT)),
    ]
    readouts = [
        Readout(table, name, COLUMNS[key], f"{name}.{key}")
        for key, of_classes in tables.items()
        for name, table in zip(CLASSES, of_classes, strict=True)
    ]
    total = Table(whole.values[..., -1], whole.over)
    readouts.append(Readout(total, "−Σ q ln p", COLUMNS["loss"], "loss"))
    return Explorer(panels, [*z, temperature, smoothing], readouts)


def _tabulate(z: list[Slider], temperature: Slider, smoothing: Slider) -> Table:
    """p, q, -ln p and p - q of each class, then the loss: 13 numbers at every place of the sliders."""
    grid = torch.cartesian_prod(*(torch.tensor(slider.values, dtype=torch.float64) for slider in z))  # (N, 3)
    numbers = [_numbers(grid / t, eps) for t in temperature.values for eps in smoothing.values]
    over = [*z, temperature, smoothing]
    values = torch.stack(numbers, dim=1)  # (N, T ε, 13)
    return Table(values.reshape(*(len(slider) for slider in over), -1).numpy(), over)


def _numbers(scaled: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Of scaled logits (N, 3): (N, 13)."""
    scaled = scaled.requires_grad_()
    came = torch.zeros(len(scaled), dtype=torch.long)
    loss = functional.cross_entropy(scaled, came, label_smoothing=smoothing, reduction="none")
    (gradient,) = torch.autograd.grad(loss.sum(), scaled)
    loss, scaled = loss.detach(), scaled.detach()
    each = [functional.cross_entropy(scaled, came + k, reduction="none") for k in range(len(CLASSES))]
    p = scaled.softmax(dim=1)
    numbers = torch.column_stack([p, p - gradient, *each, gradient, loss])
    return numbers.round(decimals=12)  # equal numbers are then equal to the last digit


def _of_class(whole: Table, column: int, k: int) -> Table:
    """One number of class k, its own logit first: for all classes the same bytes, which compress to one third."""
    own = whole.over[k]
    over = [own, *(slider for slider in whole.over if slider is not own)]
    return Table(np.moveaxis(whole.values[..., column], k, 0), over).squeezed()


def _bars(heights: list[Slider] | list[Table], own: int | None) -> list[Element]:
    return [Rects(k - HALF, 0, k + HALF, height, color=own) for k, height in enumerate(heights)]


def _panel(limits: tuple[float, float], label: str, elements: list[Element]) -> Panel:
    sides = (-0.6, len(CLASSES) - 0.4)
    zero = Segments(sides[0], 0, sides[1], 0, width=1)
    x_axis = Axis(sides, tr("class"), ticks=dict(enumerate(CLASSES)))
    return Panel(x_axis, Axis(limits, label), [*elements, zero], height=0.55)
