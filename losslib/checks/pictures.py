"""Real pictures, as the notebooks of coursework use them: pixels with their features, boxes to correct."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from skimage.feature import hessian_matrix, hessian_matrix_eigvals
from skimage.filters import gaussian
from skimage.measure import label, regionprops
from torch import Tensor

from losslib import datasets
from losslib import functional as F


def lesion_pixels() -> tuple[Tensor, Tensor]:
    """The pixels of `datasets.microaneurysms`: six standardised features (6, 10404) and the mask (10404,)."""
    image, mask = datasets.microaneurysms()
    features = []
    for scale in (1, 2, 3):
        hessian = hessian_matrix(image, scale, order="rc", use_gaussian_derivatives=False)
        darker = gaussian_filter(image, 8) - gaussian_filter(image, scale)
        features += [hessian_matrix_eigvals(hessian)[1], darker]
    x = torch.tensor(np.stack(features)).flatten(1)
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True), torch.tensor(mask).flatten().double()


def coin_boxes() -> Tensor:
    """The boxes x1, y1, x2, y2 of the coins of `datasets.coins`, (24, 4)."""
    return _boxes(datasets.coins().mask)


def anchor_boxes() -> Tensor:
    """108 squares of 64 pixels, in steps of 32 over the picture of the coins; none is in line with a coin's box."""
    y, x = torch.meshgrid(torch.arange(16.5, 303, 32), torch.arange(16.5, 384, 32), indexing="ij")
    centres = torch.stack([x, y], dim=-1).reshape(-1, 2).double()
    return torch.cat([centres - 32, centres + 32], dim=1)


def rough_boxes() -> tuple[Tensor, Tensor]:
    """Boxes that a threshold of the blurred picture finds, and the coin that each is for, both (23, 4)."""
    found, coins = _boxes(gaussian(datasets.coins().image, 1) > 0.6), coin_boxes()
    pairs = torch.broadcast_tensors(coins[:, None], found[None])
    overlap, best = (1 - F.box_iou_loss(*pairs, reduction="none")).max(1)
    return found[best][overlap > 0], coins[overlap > 0]


def corrected(boxes: Tensor, u: Tensor) -> Tensor:
    """Boxes (N, 4) with their centres moved by u[:2], in widths and heights, and sizes multiplied by exp(u[2:])."""
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    centre, half = centre + size * u[..., :2], size * u[..., 2:].exp() / 2
    return torch.cat([centre - half, centre + half], dim=1)


def offsets(boxes: Tensor, goal: Tensor) -> Tensor:
    """The u (N, 4) with which `corrected` turns each of the boxes into its goal."""
    size, goal_size = boxes[:, 2:] - boxes[:, :2], goal[:, 2:] - goal[:, :2]
    shift = (goal[:, :2] + goal[:, 2:] - boxes[:, :2] - boxes[:, 2:]) / 2
    return torch.cat([shift / size, (goal_size / size).log()], dim=1)


def _boxes(mask: np.ndarray) -> Tensor:
    """The boxes of the regions with more than 30 pixels."""
    corners = [[r.bbox[1], r.bbox[0], r.bbox[3], r.bbox[2]] for r in regionprops(label(mask)) if r.area > 30]
    return torch.tensor(corners, dtype=torch.float64)
