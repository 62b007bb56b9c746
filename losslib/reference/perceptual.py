"""Perceptual losses in NumPy. Each compares images by what a network sees in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_axes, check_maps
from losslib.reference._checks import check_alike, check_floats, check_pair
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def gram_matrix(features: ArrayLike, *, normalize: bool = True) -> np.ndarray:
    """How strongly each pair of channels is active in the same places, whichever places those are.

        G_ij = Σ_x F_i(x) F_j(x) / (C L),        x over the L = H W positions of a feature map

    It is symmetric and positive semi-definite, and forgets where anything was: moving the positions around,
    all channels alike, changes nothing.

    Shapes: features (N, C, *) -> (N, C, C).

    Args:
        features: Feature maps, floating point, such as a network's layer gives for N images.
        normalize: Whether to divide by the number of numbers in a map, C L, so that maps of different
            sizes compare. Default True.

    Raises:
        TypeError: features is not floating point.
        ValueError: features has fewer than the two axes N and C.

    Source: Gatys, Ecker and Bethge (2016), doi:10.1109/CVPR.2016.265, who do not normalise here; C L is that of
        Johnson, Alahi and Fei-Fei (2016), doi:10.1007/978-3-319-46475-6_43.
    PyTorch: none.

    >>> gram_matrix([[[1.0, 2.0, 0.0], [0.0, 2.0, 1.0]]], normalize=False)
    array([[[5., 4.],
            [4., 5.]]])
    """
    features, dtype = check_floats("gram_matrix", features=features)
    check_axes("gram_matrix", "features", "(N, C, *)", features.shape)
    return _gram(features, normalize).astype(dtype)


def style_loss(input: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Loss:
    """Squared distance between the Gram matrices of two feature maps: the same textures, wherever they are.

        l = ‖G(input) - G(target)‖² = Σ_ij (G_ij(input) - G_ij(target))²        dl/dinput = 4 (G - G*) F / (C L)

    Shapes: input (N, C, *), target (N, C, *) -> (), or (N,) with reduction="none".

    Args:
        input: Feature maps of the images, floating point. For several layers add up their losses.
        target: Feature maps of the style to reach, of the same size.
        reduction: "mean" (default, over images), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ or lack the axes N and C, or reduction is none of the three.

    Source: Johnson, Alahi and Fei-Fei (2016), doi:10.1007/978-3-319-46475-6_43.
    PyTorch: none.

    >>> features = np.array([[[1.0, 2.0, 0.0], [0.0, 2.0, 1.0]]])
    >>> float(style_loss(features, features[:, :, ::-1]))
    0.0
    >>> float(style_loss(features, np.zeros((1, 2, 3))).round(4))
    2.2778
    """
    input, target, dtype = check_pair("style_loss", input, target)
    check_axes("style_loss", "input", "(N, C, *)", input.shape)
    loss = ((_gram(input) - _gram(target)) ** 2).sum(axis=(1, 2))
    return reduce("style_loss", loss, reduction).astype(dtype)


def perceptual_loss(
    input: ArrayLike,
    target: ArrayLike,
    features: Callable[[np.ndarray], Sequence[np.ndarray]],
    *,
    weights: Sequence[float] | None = None,
    reduction: str = "mean",
) -> Loss:
    """Mean squared error between what a network sees in two images, instead of between their pixels.

        l = Σ_k w_k mean((φ_k(input) - φ_k(target))²),        φ_k the k-th map that features returns

    The mean is over the channels and positions of a map. The network has to be frozen: the gradient is
    meant for the image. No gradient flows to the target, nor through its features.

    Shapes: input (N, *), target (N, *), maps (N, *) -> (), or (N,) with reduction="none".

    Args:
        input: The images to judge, floating point, in the range that `features` expects.
        target: The images they should look like, of the same shape.
        features: A callable from images to a list of feature maps, one for each layer that counts.
        weights: One number >= 0 for each map. None (the default) is 1 for all.
        reduction: "mean" (default, over images), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input or target is not floating point, or features does not return a list or tuple.
        ValueError: The shapes differ, the number of weights is not that of the maps, a weight is negative, or
            reduction is none of the three.

    Source: Johnson, Alahi and Fei-Fei (2016), doi:10.1007/978-3-319-46475-6_43.
    PyTorch: none.

    >>> edges_and_pixels = lambda image: [np.diff(image), image]
    >>> input, target = np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[0.0, 1.0, 1.0, 1.0]])
    >>> float(perceptual_loss(input, target, edges_and_pixels, weights=[3.0, 1.0]))
    2.25
    """
    input, target, dtype = check_alike("perceptual_loss", input=input, target=target)
    maps, target_maps = features(input), features(target)
    weights = check_maps("perceptual_loss", maps, weights)
    loss = np.zeros(len(input), dtype)
    for w, x, y in zip(weights, maps, target_maps, strict=True):
        loss = loss + w * ((x - y) ** 2).mean(axis=tuple(range(1, x.ndim)))
    return reduce("perceptual_loss", loss, reduction).astype(dtype)


def _gram(features, normalize=True):
    n, c, *axes = features.shape
    length = math.prod(axes)
    f = features.reshape(n, c, length)
    g = np.einsum("nil,njl->nij", f, f)
    return g / (c * length or 1) if normalize else g
