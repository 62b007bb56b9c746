"""Changes of a photograph that have the same MSE, beside the original, and what a network makes of each."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Picture, Points, Readout, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr

GAP = 0.08  # between two pictures, of a picture's width


def picture_changes(
    original: Tensor,
    changed: Mapping[str, Tensor],
    features: Mapping[str, Callable[[Tensor], Sequence[Tensor]]],
) -> Explorer:
    """The original beside a changed picture of the reader's choice, and the perceptual distance of all changes.

    The changes come at several strengths. At each strength all of them have the same mean squared error.

    Args:
        original: (3, H, W), in [0, 1], such as the features expect.
        changed: Pictures (K, 3, H, W) by the name of the change, an English phrase that is translated, from the
            weakest to the strongest.
        features: What to compare, by the name of the layer, in the reader's language: callables as
            `losslib.functional.perceptual_loss` takes them.

    Raises:
        ValueError: The changed pictures differ in shape, or in their MSE by more than 1 %.
    """
    shapes = {name: tuple(pictures.shape) for name, pictures in changed.items()}
    if len(set(shapes.values())) > 1 or next(iter(shapes.values()))[1:] != tuple(original.shape):
        raise ValueError(
            f"picture_changes: expected pictures (K, {', '.join(map(str, original.shape))}), got {shapes}"
        )
    errors = _errors(original, changed)  # (changes, strengths)
    if (errors.max(0) > 1.01 * errors.min(0)).any():
        raise ValueError(
            f"picture_changes: expected equal MSE for all changes, got {errors.round(6).tolist()}"
        )
    distances = _distances(original, changed, features)  # (layers, changes, strengths)
    names, layers = [tr(name) for name in changed], list(features)
    change = Slider(tr("change"), names, names[0])
    strengths = [float(f"{error:.3g}") for error in errors.mean(0)]
    mse = Slider("MSE", strengths, strengths[(len(strengths) - 1) // 2])
    layer = Slider(tr("layer"), layers, layers[0])
    panels = [_pictures(original, changed, change, mse), _plot(distances, change, mse, layer)]
    readouts = []
    for i, (key, name) in enumerate(zip(changed, names, strict=True)):
        readouts += [
            Readout(Table(errors[i], [mse]), name, "MSE", f"{key}.MSE"),
            Readout(Table(distances[:, i], [layer, mse]), name, tr("distance"), f"{key}.distance"),
        ]
    return Explorer(panels, [change, mse, layer], readouts)


def _errors(original: Tensor, changed: Mapping[str, Tensor]) -> np.ndarray:
    losses = [
        F.mse_loss(pictures, original.expand_as(pictures), reduction="none").flatten(1).mean(1)
        for pictures in changed.values()
    ]
    return torch.stack(losses).double().numpy()


@torch.no_grad()
def _distances(original: Tensor, changed: Mapping[str, Tensor], features: Mapping) -> np.ndarray:
    pictures = torch.cat(list(changed.values()))
    losses = [
        F.perceptual_loss(pictures, original.expand_as(pictures), layers, reduction="none")
        for layers in features.values()
    ]
    return torch.stack(losses).double().reshape(len(features), len(changed), -1).numpy()


def _pictures(original: Tensor, changed: Mapping[str, Tensor], change: Slider, mse: Slider) -> Panel:
    """The original on the left, the changed picture on the right."""
    numbers = Table(np.arange(len(change) * len(mse)).reshape(len(change), -1), [change, mse])
    images = torch.cat(list(changed.values())).permute(0, 2, 3, 1).numpy()
    right = 1 + GAP
    elements: list[Element] = [
        Picture(0, 0, 1, 1, [original.permute(1, 2, 0).numpy()]),
        Picture(right, 0, right + 1, 1, images, shown=numbers),
    ]
    height, width = original.shape[1:]
    titles = {0.5: tr("original"), right + 0.5: tr("changed")}
    return Panel(
        Axis((0, right + 1), ticks=titles), Axis((0, 1), ticks={}), elements, height / width / (right + 1)
    )


def _plot(distances: np.ndarray, change: Slider, mse: Slider, layer: Slider) -> Panel:
    """The distances over the MSE, at one layer; a ring marks the picture shown."""
    x = Axis((0, 1.05 * mse.values[-1]), "MSE")
    y = Axis((0.8 * distances.min(), 1.25 * distances.max()), tr("perceptual distance"), log=True)
    shown = Table(distances.transpose(1, 0, 2), [change, layer, mse])
    elements: list[Element] = [
        Segments(mse, y.limits[0], mse, y.limits[1], dash=1, opacity=0.5),
        Points(mse, shown, size=9, hollow=True),
    ]
    for i, name in enumerate(change.values):
        elements.append(Curve(mse.values, Table(distances[:, i], [layer]), name=name, color=i))
        elements.append(Points(mse, Table(distances[:, i], [layer, mse]), color=i, size=4))
    elements.append(Handle(mse, y.limits[0]))
    return Panel(x, y, elements, height=0.75)
