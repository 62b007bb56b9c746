"""Losses of overlapping regions in NumPy. Each compares maps of probabilities or scores with masks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_activation, check_axes, check_choice, check_not_negative, check_regions
from losslib.reference._checks import check_class_pair, check_pair, check_pos_weight
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def dice_loss(
    input: ArrayLike,
    target: ArrayLike,
    *,
    activation: str | None = None,
    smooth: float = 0.0,
    squared: bool = False,
    reduction: str = "mean",
) -> Loss:
    """One minus twice the overlap of two regions over the sum of their sizes; 0 where they are equal.

        l = 1 - (2 I + s) / (P + T + s)        I = Σ p t,   P = Σ p,   T = Σ t   over the pixels of a class
        dl/dp = ((2 I + s) / (P + T + s) - 2 t) / (P + T + s)

    For masks of zeros and ones 1 - l is the F1 score. The gradient takes two values for each class: one on its
    pixels, one elsewhere. Two empty masks match: without smooth their 0/0 is a loss of 0 with zero gradient.
    Any prediction for an empty mask has loss 1 and, without smooth, zero gradient too.

    Shapes: input (N, C, *), target (N, *) or (N, C, *) -> (), or (N, C) with reduction="none".

    Args:
        input: Probabilities p, floating point, or scores that `activation` makes probabilities. A single mask
            has C = 1, not C left out.
        target: t. Class indices from 0 to C - 1 of shape (N, *), of an integer dtype, or a mask per class of
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels; >= 0, default 0.0. It gives empty masks a gradient, and small ones a smaller loss.
        squared: Whether P = Σ p² and T = Σ t²; default False. Soft masks too then have loss 0 where they are
            equal, and the gradient differs from pixel to pixel.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0. Every class counts, the
            background too; take "none" and [:, 1:] to leave it out.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, an index is out of range, smooth < 0, activation is none of the
            three, "softmax" comes with one class, or reduction is none of the three.

    Source: Milletari et al. (2016), doi:10.1109/3DV.2016.79, squared; Drozdzal et al. (2016), arXiv:1608.04117,
        not squared. The coefficient is Dice's (1945), doi:10.2307/1932409.
    PyTorch: none.

    >>> mask = [[[1.0, 1.0, 0.0, 0.0]]]
    >>> float(dice_loss([[[1.0, 0.0, 1.0, 0.0]]], mask))
    0.5
    >>> empty = [[[0.0, 0.0, 0.0, 0.0]]]
    >>> float(dice_loss(empty, empty)), float(dice_loss([[[0.1, 0.0, 0.0, 0.0]]], empty))
    (0.0, 1.0)
    """
    p, t, dtype = _maps("dice_loss", input, target, activation, smooth)
    power = 2 if squared else 1
    sizes = (p**power + t**power).sum(-1)
    loss = _one_minus(2 * (p * t).sum(-1) + smooth, sizes + smooth)
    return reduce("dice_loss", loss, reduction).astype(dtype)


def generalized_dice_loss(
    input: ArrayLike,
    target: ArrayLike,
    *,
    activation: str | None = None,
    smooth: float = 0.0,
    reduction: str = "mean",
) -> Loss:
    """The Dice loss of all classes together, in which a small class weighs as much as a large one.

        l = 1 - (2 Σ w I + s) / (Σ w (P + T) + s)        w = (min T / T)²,   sums over the classes of a sample
        I = Σ p t,   P = Σ p,   T = Σ t   over the pixels of a class

    The weights are 1/T² in units of the rarest class present, which leaves the ratio as it is and lets s count
    that class's pixels: with one class this is the Dice loss. A class absent from the target, where 1/T² is
    infinite, weighs as much as the rarest one present. 0/0 is a loss of 0 with zero gradient.

    Shapes: input (N, C, *), target (N, *) or (N, C, *) -> (), or (N,) with reduction="none".

    Args:
        input: Probabilities p, floating point, or scores that `activation` makes probabilities. A single mask
            has C = 1, not C left out.
        target: t. Class indices from 0 to C - 1 of shape (N, *), of an integer dtype, or a mask per class of
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels of the rarest class; >= 0, default 0.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, an index is out of range, smooth < 0, activation is none of the
            three, "softmax" comes with one class, or reduction is none of the three.

    Source: Sudre et al. (2017), doi:10.1007/978-3-319-67558-9_28, who leave absent classes open.
    PyTorch: none.

    >>> target = np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 1]])
    >>> missed = np.stack([np.ones((1, 10)), np.zeros((1, 10))], axis=1)  # all background
    >>> float(dice_loss(missed, target).round(2)), float(generalized_dice_loss(missed, target).round(2))
    (0.53, 0.82)
    """
    p, t, dtype = _maps("generalized_dice_loss", input, target, activation, smooth)
    sizes = t.sum(-1)
    present = sizes > 0
    rarest = sizes.min(-1, keepdims=True, where=present, initial=np.inf)
    weight = np.divide(rarest, sizes, where=present, out=np.ones_like(sizes)) ** 2
    overlap, total = (weight * (p * t).sum(-1)).sum(-1), (weight * (p + t).sum(-1)).sum(-1)
    loss = _one_minus(2 * overlap + smooth, total + smooth)
    return reduce("generalized_dice_loss", loss, reduction).astype(dtype)


def jaccard_loss(
    input: ArrayLike,
    target: ArrayLike,
    *,
    activation: str | None = None,
    smooth: float = 0.0,
    reduction: str = "mean",
) -> Loss:
    """One minus the overlap of two regions over their union (IoU); 0 where they are equal.

        l = 1 - (I + s) / (U + s)        I = Σ p t,   U = Σ p + Σ t - I   over the pixels of a class
        dl/dp = -1 / (U + s) where t = 1,   (I + s) / (U + s)² where t = 0

    Without smooth it is 2 d / (1 + d) with d the Dice loss: both order the predictions of one image alike, their
    means over several images do not. Two empty masks match: their 0/0 is a loss of 0 with zero gradient. Any
    prediction for an empty mask has loss 1 and, without smooth, zero gradient too.

    Shapes: input (N, C, *), target (N, *) or (N, C, *) -> (), or (N, C) with reduction="none".

    Args:
        input: Probabilities p, floating point, or scores that `activation` makes probabilities. A single mask
            has C = 1, not C left out.
        target: t. Class indices from 0 to C - 1 of shape (N, *), of an integer dtype, or a mask per class of
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels; >= 0, default 0.0. It gives empty masks a gradient, and small ones a smaller loss.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, an index is out of range, smooth < 0, activation is none of the
            three, "softmax" comes with one class, or reduction is none of the three.

    Source: Rahman and Wang (2016), doi:10.1007/978-3-319-50835-1_22. The index is Jaccard's (1912),
        doi:10.1111/j.1469-8137.1912.tb05611.x.
    PyTorch: none.

    >>> mask = [[[1.0, 1.0, 0.0, 0.0]]]
    >>> float(jaccard_loss([[[1.0, 0.0, 1.0, 0.0]]], mask).round(3))
    0.667
    """
    p, t, dtype = _maps("jaccard_loss", input, target, activation, smooth)
    overlap = (p * t).sum(-1)
    union = (p + t).sum(-1) - overlap
    loss = _one_minus(overlap + smooth, union + smooth)
    return reduce("jaccard_loss", loss, reduction).astype(dtype)


def tversky_loss(
    input: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    activation: str | None = None,
    smooth: float = 0.0,
    reduction: str = "mean",
) -> Loss:
    """The Dice loss with one weight for false positives and another for false negatives.

        l = 1 - (I + s) / (I + α F + β M + s)        I = Σ p t,   F = Σ p (1 - t),   M = Σ (1 - p) t

    The sums run over the pixels of a class. α = β = 1/2 gives the Dice loss (with twice the s), α = β = 1 the
    Jaccard loss. β > α finds more of a small region and pays in false alarms. 0/0 is a loss of 0 with zero
    gradient.

    Shapes: input (N, C, *), target (N, *) or (N, C, *) -> (), or (N, C) with reduction="none".

    Args:
        input: Probabilities p, floating point, or scores that `activation` makes probabilities. A single mask
            has C = 1, not C left out.
        target: t. Class indices from 0 to C - 1 of shape (N, *), of an integer dtype, or a mask per class of
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask.
        alpha: α, the weight of false positives F; >= 0, default 0.5.
        beta: β, the weight of false negatives M; >= 0, default 0.5.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels; >= 0, default 0.0. It gives empty masks a gradient, and small ones a smaller loss.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, an index is out of range, alpha, beta or smooth < 0, activation
            is none of the three, "softmax" comes with one class, or reduction is none of the three.

    Source: Salehi et al. (2017), doi:10.1007/978-3-319-67389-9_44. The index is Tversky's (1977),
        doi:10.1037/0033-295X.84.4.327.
    PyTorch: none.

    >>> mask, half_found = [[[1.0, 1.0, 0.0, 0.0]]], [[[1.0, 0.0, 0.0, 0.0]]]
    >>> [float(tversky_loss(half_found, mask, alpha=1 - beta, beta=beta).round(3)) for beta in (0.3, 0.5, 0.7)]
    [0.231, 0.333, 0.412]
    """
    check_not_negative("tversky_loss", "alpha", alpha)
    check_not_negative("tversky_loss", "beta", beta)
    p, t, dtype = _maps("tversky_loss", input, target, activation, smooth)
    overlap = (p * t).sum(-1)
    errors = (alpha * p * (1 - t) + beta * (1 - p) * t).sum(-1)
    loss = _one_minus(overlap + smooth, overlap + errors + smooth)
    return reduce("tversky_loss", loss, reduction).astype(dtype)


def combo_loss(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    bce_weight: float = 1.0,
    dice_weight: float = 1.0,
    pos_weight: ArrayLike | None = None,
    smooth: float = 1.0,
    reduction: str = "mean",
) -> Loss:
    """Binary cross-entropy, which guides every pixel, plus the Dice loss, which no background can drown.

        l = a Σ (w t softplus(-z) + (1 - t) softplus(z)) / n + b (1 - (2 I + s) / (P + T + s))
        p = sigmoid(z),   I = Σ p t,   P = Σ p,   T = Σ t   over the n pixels of a class

    Both terms are taken for each class of each image, so their balance does not depend on the size of the batch.

    Shapes: logits (N, C, *), target (N, C, *), pos_weight () or (C,) or (N, C, *) -> (), or (N, C) with
        reduction="none".

    Args:
        logits: Scores z, floating point and finite. A single mask has C = 1, not C left out.
        target: t, a mask per class, of zeros and ones or of probabilities.
        bce_weight: a, the weight of the cross-entropy; >= 0, default 1.0.
        dice_weight: b, the weight of the Dice loss; >= 0, default 1.0.
        pos_weight: w, how much a pixel of the mask counts in the cross-entropy, >= 0: a number, one for each
            class or one for each pixel. None (the default) is 1.
        smooth: s, in pixels; >= 0, default 1.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes do not fit, a weight or smooth is negative, or reduction is none of the three.

    Source: Taghanaki et al. (2019), arXiv:1805.02798, who weigh the two by α and 1 - α; nnU-Net adds them,
        Isensee et al. (2021), doi:10.1038/s41592-020-01008-z.
    PyTorch: none; torch.nn.functional.binary_cross_entropy_with_logits is the first term.

    >>> mask = np.array([[[1.0, 0.0, 0.0, 0.0]]])
    >>> float(combo_loss(8 * mask - 4, mask).round(3)), float(combo_loss(4 - 8 * mask, mask).round(3))
    (0.042, 4.809)
    """
    for argument, value in (("bce_weight", bce_weight), ("dice_weight", dice_weight), ("smooth", smooth)):
        check_not_negative("combo_loss", argument, value)
    z, t, dtype = _scores("combo_loss", logits, target)
    w = check_pos_weight("combo_loss", pos_weight, z)
    bce = w * t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)
    dice = dice_loss(z, t, activation="sigmoid", smooth=smooth, reduction="none")
    loss = bce_weight * _pixels(bce).sum(-1) / max(math.prod(z.shape[2:]), 1) + dice_weight * dice
    return reduce("combo_loss", loss, reduction).astype(dtype)


def lovasz_hinge_loss(
    logits: ArrayLike, target: ArrayLike, *, per_image: bool = False, reduction: str = "mean"
) -> Loss:
    """Surrogate of the Jaccard loss for masks: hinge errors, each weighed by what it costs in IoU.

        l = Σ max(e_i, 0) (Δ(S_i) - Δ(S_{i-1}))        e = 1 - z (2 t - 1),   sorted: e_1 >= e_2 >= ...
        Δ(S) = |S| / |T ∪ S|,   S_i = the i pixels with the largest errors

    Δ(S) is the Jaccard loss for the mask T when the pixels S, and no others, are wrong; l is its Lovász
    extension: convex, and equal to Δ where the errors are 0 and 1. An empty mask costs the largest error.

    Shapes: logits (N, C, *), target (N, C, *) -> (), or (C,) with reduction="none", (N, C) with per_image.

    Args:
        logits: Scores z, floating point; positive where a pixel is thought the mask's. A single mask has
            C = 1, not C left out.
        target: t, a mask per class, of zeros and ones.
        per_image: Whether each image is a set of pixels of its own. Default False: the whole batch is one set
            for each class.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes do not fit, target holds a number other than 0 and 1, or reduction is none of
            the three.

    Source: Berman et al. (2018), arXiv:1705.08790.
    PyTorch: none.

    >>> mask = np.array([[[1.0, 1.0, 0.0, 0.0]]])
    >>> float(lovasz_hinge_loss(2 * mask - 1, mask)), float(lovasz_hinge_loss(0 * mask, mask))
    (0.0, 1.0)
    """
    z, t, dtype = _scores("lovasz_hinge_loss", logits, target)
    z, mask = _pixels(z), _pixels(_binary("lovasz_hinge_loss", t))
    if not per_image:
        z, mask = (np.swapaxes(x, 0, 1).reshape(x.shape[1], -1) for x in (z, mask))
    errors = np.maximum(np.where(mask, 1 - z, 1 + z), 0)
    return reduce("lovasz_hinge_loss", _lovasz_extension(errors, mask), reduction).astype(dtype)


def lovasz_softmax_loss(
    probs: ArrayLike, target: ArrayLike, *, classes: str = "present", reduction: str = "mean"
) -> Loss:
    """Surrogate of the Jaccard loss for classes: errors in probability, each weighed by what it costs in IoU.

        l = Σ e_i (Δ(S_i) - Δ(S_{i-1}))        e = |t - p|,   sorted: e_1 >= e_2 >= ...
        Δ(S) = |S| / |T ∪ S|,   S_i = the i pixels with the largest errors

    Δ(S) is the Jaccard loss for the class's mask T when the pixels S, and no others, are wrong; l is its Lovász
    extension, equal to Δ where the probabilities are 0 and 1. Each class of each image is a set of its own; to
    make the batch one set, as the authors do, lay its images side by side: torch.cat(tuple(probs), -1)[None].
    Where an absent class counts, it costs its largest probability.

    Shapes: probs (N, C, *), target (N, *) or (N, C, *) -> (), or (N, C) with reduction="none".

    Args:
        probs: Probabilities p, floating point: the softmax of the scores.
        target: Class indices from 0 to C - 1 of shape (N, *), of an integer dtype, or a mask per class of
            shape (N, C, *), of zeros and ones. C = 1 takes a mask.
        classes: "present" (default): a class counts in the images whose target has it; or "all".
        reduction: "mean" (default), "sum" or "none". The mean is over what counts, and 0 over nothing; "none"
            has 0 where a class does not count.

    Raises:
        TypeError: probs is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, an index is out of range, a mask holds a number other than 0 and 1,
            classes is neither "present" nor "all", or reduction is none of the three.

    Source: Berman et al. (2018), arXiv:1705.08790.
    PyTorch: none.

    >>> probs = [[[0.9, 0.4], [0.1, 0.6], [0.0, 0.0]]]  # three classes, two pixels
    >>> lovasz_softmax_loss(probs, [[0, 1]], reduction="none").round(2)
    array([[0.25, 0.4 , 0.  ]])
    """
    check_choice("lovasz_softmax_loss", "classes", classes, ("present", "all"))
    p, t, dtype = _maps("lovasz_softmax_loss", probs, target, argument="probs")
    mask = _binary("lovasz_softmax_loss", t)
    loss = _lovasz_extension(np.where(mask, 1 - p, p), mask)
    counts = mask.any(-1) if classes == "present" else None
    return reduce("lovasz_softmax_loss", loss, reduction, counts).astype(dtype)


def _maps(name, input, target, activation=None, smooth=0.0, argument="input"):
    """Probabilities and masks, both (N, C, pixels), and the dtype to return the loss in."""
    check_activation(name, activation, smooth)
    check_regions(name, np.shape(input), np.shape(target), activation)
    input, target, dtype = check_class_pair(name, input, target, argument)
    if input.shape != target.shape:
        target = np.moveaxis(np.eye(input.shape[1], dtype=input.dtype)[target], -1, 1)
    if activation == "sigmoid":
        input = _sigmoid(input)
    elif activation == "softmax":
        scores = np.exp(input - input.max(1, keepdims=True))
        input = scores / scores.sum(1, keepdims=True)
    return _pixels(input), _pixels(target), dtype


def _scores(name, logits, target):
    """Scores and masks, both (N, C, *), and the dtype to return the loss in."""
    logits, target, dtype = check_pair(name, logits, target, "logits")
    check_axes(name, "logits", "(N, C, *)", logits.shape)
    return logits, target, dtype


def _pixels(x):
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def _binary(name, target):
    wrong = target[(target != 0) & (target != 1)]
    if wrong.size:
        raise ValueError(f"{name}: expected target of zeros and ones, got {wrong[0]}")
    return target == 1


def _sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def _one_minus(numerator, denominator):
    """1 - numerator / denominator; two empty masks, 0/0, match perfectly."""
    ratio = np.divide(numerator, denominator, where=denominator != 0, out=np.ones_like(denominator))
    return 1 - ratio


def _lovasz_extension(errors, mask):
    """Of the Jaccard loss |S| / |T ∪ S|, at errors (..., pixels): S holds first the pixels with the largest ones."""
    order = np.argsort(-errors)
    errors, mask = np.take_along_axis(errors, order, -1), np.take_along_axis(mask, order, -1)
    wrong = np.arange(1, mask.shape[-1] + 1)
    union = mask.sum(-1, keepdims=True) + (~mask).cumsum(-1)
    return (errors * np.diff(wrong / union, prepend=0)).sum(-1)
