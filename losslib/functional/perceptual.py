"""Perceptual losses in PyTorch. Each compares images by what a network sees in them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from losslib._arguments import check_axes, check_maps
from losslib.functional._checks import check_alike, check_floats, check_pair
from losslib.functional._products import products
from losslib.functional._reduction import reduce


def gram_matrix(features: Tensor, *, normalize: bool = True) -> Tensor:
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

    >>> import torch
    >>> gram_matrix(torch.tensor([[[1.0, 2.0, 0.0], [0.0, 2.0, 1.0]]]), normalize=False)
    tensor([[[5., 4.],
             [4., 5.]]])
    """
    features, dtype = check_floats("gram_matrix", features=features)
    check_axes("gram_matrix", "features", "(N, C, *)", features.shape)
    return _gram(features, normalize).to(dtype)


def style_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
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

    >>> import torch
    >>> features = torch.tensor([[[1.0, 2.0, 0.0], [0.0, 2.0, 1.0]]])
    >>> style_loss(features, features.flip(2)), style_loss(features, torch.zeros(1, 2, 3))
    (tensor(0.), tensor(2.2778))
    """
    input, target, dtype = check_pair("style_loss", input, target)
    check_axes("style_loss", "input", "(N, C, *)", input.shape)
    loss = (_gram(input) - _gram(target)).square().sum((1, 2))
    return reduce("style_loss", loss, reduction).to(dtype)


def perceptual_loss(
    input: Tensor,
    target: Tensor,
    features: Callable[[Tensor], Sequence[Tensor]],
    *,
    weights: Sequence[float] | None = None,
    reduction: str = "mean",
) -> Tensor:
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

    >>> import torch
    >>> edges_and_pixels = lambda image: [image.diff(), image]
    >>> input, target = torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([[0.0, 1.0, 1.0, 1.0]])
    >>> perceptual_loss(input, target, edges_and_pixels, weights=[3.0, 1.0])
    tensor(2.2500)
    """
    *_, dtype = check_alike("perceptual_loss", input=input, target=target)
    maps = features(input)  # of the images as they are: the network's weights have their dtype
    with torch.no_grad():
        target_maps = features(target.detach())  # a map may be the image itself
    weights = check_maps("perceptual_loss", maps, weights)
    wide = torch.promote_types(dtype, torch.float32)
    loss = torch.zeros(len(input), dtype=wide, device=input.device)
    for w, x, y in zip(weights, maps, target_maps, strict=True):
        loss = loss + w * mse_loss(x.to(wide), y.to(wide), reduction="none").unsqueeze(1).flatten(1).mean(1)
    return reduce("perceptual_loss", loss, reduction).to(dtype)


def _gram(features, normalize=True):
    f = features.unsqueeze(2).flatten(2)  # (N, C, L)
    g = products(f, f)
    return g / max(f.shape[1] * f.shape[2], 1) if normalize else g
