"""A photograph that takes on the textures of another, the more so the more the style loss counts."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from losslib import functional as F
from losslib.explorers.elements import Axis, Curve, Element, Handle, Panel, Picture, Points, Readout, Segments
from losslib.explorers.quantities import Slider, Table
from losslib.explorers.scene import Explorer
from losslib.locales import tr
from losslib.palette import color

GAP = 0.06  # between two pictures, of a picture's width


def style_weights(
    content: Tensor,
    style: Tensor,
    results: Tensor,
    weights: Sequence[float],
    features: Callable[[Tensor], Sequence[Tensor]],
) -> Explorer:
    """The result beside its two models, at a style weight of the reader's choice, and both losses over the weight.

    The content loss is the perceptual loss of the last map; the style loss the mean over the maps of each map's
    style loss, divided by what it is for the content photograph.

    Args:
        content: (3, H, W), in [0, 1], such as the features expect.
        style: (3, H, W).
        results: (K, 3, H, W), what minimising the sum of the losses led to.
        weights: Of the style loss for each result, increasing, greater than 0.
        features: From pictures to feature maps, the coarsest last.

    Raises:
        ValueError: The numbers of results and weights differ.
    """
    if len(results) != len(weights):
        raise ValueError(f"style_weights: expected {len(weights)} results, got {len(results)}")
    losses = _losses(content, style, results, features)
    weight = Slider(tr("style weight"), weights, weights[-2])
    readouts = [
        Readout(Table(values, [weight]), name, tr("value"), key)
        for key, (name, values) in zip(("content", "style"), losses.items(), strict=True)
    ]
    return Explorer([_pictures(content, style, results, weight), _plot(losses, weight)], [weight], readouts)


@torch.no_grad()
def _losses(content: Tensor, style: Tensor, results: Tensor, features: Callable) -> dict[str, np.ndarray]:
    found, start, goal = features(results), features(content[None]), features(style[None])
    parts = [
        F.style_loss(map, wanted.expand_as(map), reduction="none") / F.style_loss(first, wanted)
        for map, first, wanted in zip(found, start, goal, strict=True)
    ]
    kept = F.perceptual_loss(
        results, content.expand_as(results), lambda images: features(images)[-1:], reduction="none"
    )
    return {
        tr("content loss"): kept.double().numpy(),
        tr("style loss"): torch.stack(parts).double().mean(0).numpy(),
    }


def _pictures(content: Tensor, style: Tensor, results: Tensor, weight: Slider) -> Panel:
    """The result, and beside it at half its size the content above the style."""
    images = [picture.permute(1, 2, 0).numpy() for picture in (content, style, *results)]
    half, left, right = 1 - GAP / 2, 2 + GAP, 3 + GAP / 2
    elements: list[Element] = [
        Picture(0, 0, 2, 2, images[2:], shown=Table(np.arange(len(weight)), [weight])),
        Picture(left, 1 + GAP / 2, right, 2, images[:1]),
        Picture(left, 0, right, half, images[1:2]),
    ]
    height, width = content.shape[1:]
    x = Axis((0, right), ticks={1: tr("result"), (left + right) / 2: tr("content, style")})
    return Panel(x, Axis((0, 2), ticks={}), elements, height / width * 2 / right)


def _plot(losses: dict[str, np.ndarray], weight: Slider) -> Panel:
    """Both losses over the weight."""
    values = np.concatenate(list(losses.values()))
    x = Axis((0.8 * weight.values[0], 1.25 * weight.values[-1]), weight.label, log=True)
    y = Axis((0.7 * values.min(), 1.4 * values.max()), tr("loss"), log=True)
    elements: list[Element] = [Segments(weight, y.limits[0], weight, y.limits[1], dash=1, opacity=0.5)]
    for name, loss in losses.items():
        elements.append(Curve(weight.values, loss, name=name, color=color(name)))
        elements.append(Points(weight, Table(loss, [weight]), color=color(name), size=5))
    elements.append(Handle(weight, y.limits[0]))
    return Panel(x, y, elements, height=0.6)
