"""What the tasks ask to measure on real pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from losslib import functional as F
from losslib.checks.pictures import corrected, lesion_pixels, offsets, rough_boxes


@cache
def screening() -> dict[str, tuple[float, float]]:
    """Recall and precision of a linear model of the lesions' pixels, trained with four losses."""
    x, t = lesion_pixels()
    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "bce": F.binary_cross_entropy_with_logits,
        "weighted": lambda z, t: F.binary_cross_entropy_with_logits(z, t, pos_weight=200),
        "dice": lambda z, t: F.dice_loss(z, t, activation="sigmoid", smooth=1),
        "tversky": lambda z, t: F.tversky_loss(z, t, alpha=0.1, beta=0.9, activation="sigmoid", smooth=1),
    }
    scores = {}
    for name, loss in losses.items():
        w, b = (torch.zeros(shape, dtype=x.dtype, requires_grad=True) for shape in (len(x), ()))
        optimizer = torch.optim.Adam([w, b], lr=0.1)
        for _ in range(300):
            optimizer.zero_grad()
            loss((w @ x + b)[None, None], t[None, None]).backward()
            optimizer.step()
        found = (w @ x + b > 0).double()
        hits = (found * t).sum()
        scores[name] = ((hits / t.sum()).item(), (hits / found.sum().clamp(min=1)).item())
    return scores


@cache
def refinement() -> dict[str, float]:
    """Mean IoU with the coins, when one and the same correction of all rough boxes is trained with four losses."""
    boxes, goal = rough_boxes()
    wanted = offsets(boxes, goal)
    losses: dict[str, Callable[[Tensor], Tensor]] = {
        "mse": lambda u: F.mse_loss(u.expand_as(wanted), wanted),
        "smooth_l1": lambda u: F.huber_loss(u.expand_as(wanted), wanted, delta=1),
        "sharp_l1": lambda u: F.huber_loss(u.expand_as(wanted), wanted, delta=0.01) / 0.01,
        "giou": lambda u: F.giou_loss(corrected(boxes, u), goal),
    }
    scores = {}
    for name, loss in losses.items():
        u = torch.zeros(4, dtype=boxes.dtype, requires_grad=True)
        optimizer = torch.optim.Adam([u], lr=0.02)
        for step in range(300):
            optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 300)
            optimizer.zero_grad()
            loss(u).backward()
            optimizer.step()
        scores[name] = 1 - F.box_iou_loss(corrected(boxes, u.detach()), goal).item()
    return scores
