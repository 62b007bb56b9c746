"""Losses of overlapping regions in PyTorch. Each compares maps of probabilities or scores with masks."""

import math

import torch
from torch import Tensor

from losslib._arguments import check_activation, check_axes, check_choice, check_not_negative, check_regions
from losslib.functional._checks import check_class_pair, check_pair, check_pos_weight
from losslib.functional._reduction import reduce

ROW = 512  # pixels; see _sum_by_class


def dice_loss(
    input: Tensor,
    target: Tensor,
    *,
    activation: str | None = None,
    smooth: float = 0.0,
    squared: bool = False,
    reduction: str = "mean",
) -> Tensor:
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
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask. Whether indices are in
            range would make a GPU wait; the reference checks it.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels; >= 0, default 0.0. It gives empty masks a gradient, and small ones a smaller loss.
        squared: Whether P = Σ p² and T = Σ t²; default False. Soft masks too then have loss 0 where they are
            equal, and the gradient differs from pixel to pixel.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0. Every class counts, the
            background too; take "none" and [:, 1:] to leave it out.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, smooth < 0, activation is none of the three, "softmax" comes with
            one class, or reduction is none of the three.

    Source: Milletari et al. (2016), doi:10.1109/3DV.2016.79, squared; Drozdzal et al. (2016), arXiv:1608.04117,
        not squared. The coefficient is Dice's (1945), doi:10.2307/1932409.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([[[1.0, 0.0, 1.0, 0.0]]], requires_grad=True)
    >>> loss = dice_loss(input, torch.tensor([[[1.0, 1.0, 0.0, 0.0]]]))
    >>> loss.backward()
    >>> loss.item(), input.grad
    (0.5, tensor([[[-0.3750, -0.3750,  0.1250,  0.1250]]]))
    """
    predicted, true, overlap, dtype = _sums("dice_loss", input, target, activation, smooth, squared)
    loss = _one_minus(2 * overlap + smooth, predicted + true + smooth)
    return reduce("dice_loss", loss, reduction).to(dtype)


def generalized_dice_loss(
    input: Tensor,
    target: Tensor,
    *,
    activation: str | None = None,
    smooth: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
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
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask. Whether indices are in
            range would make a GPU wait; the reference checks it.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels of the rarest class; >= 0, default 0.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, smooth < 0, activation is none of the three, "softmax" comes with
            one class, or reduction is none of the three.

    Source: Sudre et al. (2017), doi:10.1007/978-3-319-67558-9_28, who leave absent classes open.
    PyTorch: none.

    >>> import torch
    >>> target = torch.tensor([[0, 0, 0, 0, 0, 0, 0, 0, 0, 1]])
    >>> missed = torch.stack([torch.ones(1, 10), torch.zeros(1, 10)], dim=1)  # all background
    >>> dice_loss(missed, target), generalized_dice_loss(missed, target)
    (tensor(0.5263), tensor(0.8200))
    """
    predicted, true, overlap, dtype = _sums("generalized_dice_loss", input, target, activation, smooth)
    present = true > 0
    rarest = true.where(present, torch.inf).amin(1, keepdim=True)
    weight = (rarest / true.where(present, 1)).square().where(present, 1)
    overlap, total = (weight * overlap).sum(1), (weight * (predicted + true)).sum(1)
    loss = _one_minus(2 * overlap + smooth, total + smooth)
    return reduce("generalized_dice_loss", loss, reduction).to(dtype)


def jaccard_loss(
    input: Tensor,
    target: Tensor,
    *,
    activation: str | None = None,
    smooth: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
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
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask. Whether indices are in
            range would make a GPU wait; the reference checks it.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels; >= 0, default 0.0. It gives empty masks a gradient, and small ones a smaller loss.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, smooth < 0, activation is none of the three, "softmax" comes with
            one class, or reduction is none of the three.

    Source: Rahman and Wang (2016), doi:10.1007/978-3-319-50835-1_22. The index is Jaccard's (1912),
        doi:10.1111/j.1469-8137.1912.tb05611.x.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([[[1.0, 0.0, 1.0, 0.0]]], requires_grad=True)
    >>> loss = jaccard_loss(input, torch.tensor([[[1.0, 1.0, 0.0, 0.0]]]))
    >>> loss.backward()
    >>> loss.detach(), input.grad
    (tensor(0.6667), tensor([[[-0.3333, -0.3333,  0.1111,  0.1111]]]))
    """
    predicted, true, overlap, dtype = _sums("jaccard_loss", input, target, activation, smooth)
    loss = _one_minus(overlap + smooth, predicted + true - overlap + smooth)
    return reduce("jaccard_loss", loss, reduction).to(dtype)


def tversky_loss(
    input: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    activation: str | None = None,
    smooth: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
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
            shape (N, C, *), of zeros and ones or of probabilities. C = 1 takes a mask. Whether indices are in
            range would make a GPU wait; the reference checks it.
        alpha: α, the weight of false positives F; >= 0, default 0.5.
        beta: β, the weight of false negatives M; >= 0, default 0.5.
        activation: What makes scores probabilities: "sigmoid", each class by itself, or "softmax" over the
            classes. None (the default): input holds probabilities.
        smooth: s, in pixels; >= 0, default 0.0. It gives empty masks a gradient, and small ones a smaller loss.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, alpha, beta or smooth < 0, activation is none of the three,
            "softmax" comes with one class, or reduction is none of the three.

    Source: Salehi et al. (2017), doi:10.1007/978-3-319-67389-9_44. The index is Tversky's (1977),
        doi:10.1037/0033-295X.84.4.327.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]], requires_grad=True)
    >>> loss = tversky_loss(input, torch.tensor([[[1.0, 1.0, 0.0, 0.0]]]), alpha=0.3, beta=0.7)
    >>> loss.backward()
    >>> loss.detach(), input.grad
    (tensor(0.4118), tensor([[[-0.4844, -0.4844,  0.1038,  0.1038]]]))
    """
    check_not_negative("tversky_loss", "alpha", alpha)
    check_not_negative("tversky_loss", "beta", beta)
    predicted, true, overlap, dtype = _sums("tversky_loss", input, target, activation, smooth)
    errors = alpha * (predicted - overlap) + beta * (true - overlap)
    loss = _one_minus(overlap + smooth, overlap + errors + smooth)
    return reduce("tversky_loss", loss, reduction).to(dtype)


def combo_loss(
    logits: Tensor,
    target: Tensor,
    *,
    bce_weight: float = 1.0,
    dice_weight: float = 1.0,
    pos_weight: Tensor | float | None = None,
    smooth: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
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
            class or one for each pixel. None (the default) is 1. What a GPU would have to wait for, the
            reference checks: its sign, and that targets lie between 0 and 1.
        smooth: s, in pixels; >= 0, default 1.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes do not fit, a weight or smooth is negative, or reduction is none of the three.

    Source: Taghanaki et al. (2019), arXiv:1805.02798, who weigh the two by α and 1 - α; nnU-Net adds them,
        Isensee et al. (2021), doi:10.1038/s41592-020-01008-z.
    PyTorch: none; torch.nn.functional.binary_cross_entropy_with_logits is the first term.

    >>> import torch
    >>> mask = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    >>> combo_loss(8 * mask - 4, mask), combo_loss(4 - 8 * mask, mask)
    (tensor(0.0418), tensor(4.8095))
    """
    for argument, value in (("bce_weight", bce_weight), ("dice_weight", dice_weight), ("smooth", smooth)):
        check_not_negative("combo_loss", argument, value)
    z, t, dtype = _scores("combo_loss", logits, target)
    w = check_pos_weight("combo_loss", pos_weight, z)
    bce = torch.nn.functional.binary_cross_entropy_with_logits(z, t, pos_weight=w, reduction="none")
    dice = dice_loss(z, t, activation="sigmoid", smooth=smooth, reduction="none")
    loss = bce_weight * _sum(bce) / max(math.prod(z.shape[2:]), 1) + dice_weight * dice
    return reduce("combo_loss", loss, reduction).to(dtype)


def lovasz_hinge_loss(
    logits: Tensor, target: Tensor, *, per_image: bool = False, reduction: str = "mean"
) -> Tensor:
    """Surrogate of the Jaccard loss for masks: hinge errors, each weighed by what it costs in IoU.

        l = Σ max(e_i, 0) (Δ(S_i) - Δ(S_{i-1}))        e = 1 - z (2 t - 1),   sorted: e_1 >= e_2 >= ...
        Δ(S) = |S| / |T ∪ S|,   S_i = the i pixels with the largest errors

    Δ(S) is the Jaccard loss for the mask T when the pixels S, and no others, are wrong; l is its Lovász
    extension: convex, and equal to Δ where the errors are 0 and 1. An empty mask costs the largest error.

    Shapes: logits (N, C, *), target (N, C, *) -> (), or (C,) with reduction="none", (N, C) with per_image.

    Args:
        logits: Scores z, floating point; positive where a pixel is thought the mask's. A single mask has
            C = 1, not C left out.
        target: t, a mask per class, of zeros and ones. Above 1/2 counts as 1; that there is nothing else the
            reference checks, as it would make a GPU wait.
        per_image: Whether each image is a set of pixels of its own. Default False: the whole batch is one set
            for each class.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes do not fit, or reduction is none of the three.

    Source: Berman et al. (2018), arXiv:1705.08790.
    PyTorch: none.

    >>> import torch
    >>> logits = torch.tensor([[[0.5, -0.5, 0.2, -3.0]]], requires_grad=True)
    >>> loss = lovasz_hinge_loss(logits, torch.tensor([[[1.0, 1.0, 0.0, 0.0]]]))
    >>> loss.backward()
    >>> loss.detach(), logits.grad
    (tensor(1.1167), tensor([[[-0.3333, -0.5000,  0.1667,  0.0000]]]))
    """
    z, t, dtype = _scores("lovasz_hinge_loss", logits, target)
    z, mask = _pixels(z), _pixels(t > 0.5)
    if not per_image:
        z, mask = (x.transpose(0, 1).flatten(1) for x in (z, mask))
    errors = (1 - z * (2 * mask.to(z.dtype) - 1)).relu()
    return reduce("lovasz_hinge_loss", _lovasz_extension(errors, mask), reduction).to(dtype)


def lovasz_softmax_loss(
    probs: Tensor, target: Tensor, *, classes: str = "present", reduction: str = "mean"
) -> Tensor:
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
            shape (N, C, *), of zeros and ones. C = 1 takes a mask. Above 1/2 counts as 1; that there is nothing
            else, and that indices are in range, the reference checks, as it would make a GPU wait.
        classes: "present" (default): a class counts in the images whose target has it; or "all".
        reduction: "mean" (default), "sum" or "none". The mean is over what counts, and 0 over nothing; "none"
            has 0 where a class does not count.

    Raises:
        TypeError: probs is not floating point, or class indices are not of an integer dtype.
        ValueError: The shapes do not fit, classes is neither "present" nor "all", or reduction is none of
            the three.

    Source: Berman et al. (2018), arXiv:1705.08790.
    PyTorch: none.

    >>> import torch
    >>> probs = torch.tensor([[[0.9, 0.4], [0.1, 0.6], [0.0, 0.0]]])  # three classes, two pixels
    >>> lovasz_softmax_loss(probs, torch.tensor([[0, 1]]), reduction="none")
    tensor([[0.2500, 0.4000, 0.0000]])
    """
    check_choice("lovasz_softmax_loss", "classes", classes, ("present", "all"))
    p, t, dtype = _maps("lovasz_softmax_loss", probs, target, argument="probs")
    if t.ndim == p.ndim:
        mask = _pixels(t) > 0.5
    else:  # a byte for each pixel and class, which the sorted mask needs anyway
        mask = _pixels(t.unsqueeze(1)) == torch.arange(p.shape[1], device=t.device).unsqueeze(1)
    p = _pixels(p)
    loss = _lovasz_extension((p - mask.to(p.dtype)).abs(), mask)
    counts = mask.any(-1).to(loss.dtype) if classes == "present" else None
    return reduce("lovasz_softmax_loss", loss, reduction, counts).to(dtype)


def _maps(name, input, target, activation=None, smooth=0.0, argument="input"):
    """Probabilities (N, C, *), masks of the same shape or indices (N, *), and the dtype to return the loss in."""
    check_activation(name, activation, smooth)
    input, target, dtype = check_class_pair(name, input, target, argument)
    check_regions(name, input.shape, target.shape, activation)
    if activation == "sigmoid":
        input = input.sigmoid()
    elif activation == "softmax":
        input = input.softmax(1)
    return input, target, dtype


def _scores(name, logits, target):
    """Scores and masks, both (N, C, *), and the dtype to return the loss in."""
    logits, target, dtype = check_pair(name, logits, target, "logits")
    check_axes(name, "logits", "(N, C, *)", logits.shape)
    return logits, target, dtype


def _pixels(x):
    """(N, C, *) -> (N, C, pixels)"""
    return x.unsqueeze(-1).flatten(2)


def _sums(name, input, target, activation, smooth, squared=False):
    """The sizes of prediction and target, their overlap, all (N, C), and the dtype to return the loss in."""
    p, t, dtype = _maps(name, input, target, activation, smooth)
    # The size before the overlap: the gradient then adds the one to the other in place.
    predicted = _sum(p.square() if squared else p)
    if t.ndim == p.ndim:
        return predicted, _sum(t.square() if squared else t), _sum(p * t), dtype
    of_target = p.gather(1, t.unsqueeze(1)).squeeze(1)
    true, overlap = (_sum_by_class(x, t, p.shape[1]) for x in (torch.ones_like(of_target), of_target))
    return predicted, true, overlap, dtype


def _sum(x):
    """Over the pixels: (N, C, *) -> (N, C)"""
    return torch.einsum("nc...->nc", x)


def _sum_by_class(x, target, classes):
    """Over the pixels of each class, without a mask for each: (N, *) -> (N, C)

    In pieces of rows: one running float32 sum over 512 x 512 pixels would be 0.2 % off.
    """
    x, target = x.unsqueeze(1), target.unsqueeze(1)  # a row of one pixel where * is empty
    pieces = zip(x.split(ROW, -1), target.split(ROW, -1), strict=True)
    sums = [row.new_zeros(*row.shape[:-1], classes).scatter_add(-1, index, row) for row, index in pieces]
    return torch.einsum("n...c->nc", sum(sums))


def _one_minus(numerator, denominator):
    """1 - numerator / denominator; two empty masks, 0/0, match perfectly, with zero gradient."""
    some = denominator != 0
    return (1 - numerator / denominator.where(some, 1)).where(some, 0)


def _lovasz_extension(errors, mask):
    """Of the Jaccard loss |S| / |T ∪ S|, at errors (..., pixels): S holds first the pixels with the largest ones.

    It is linear in the errors while their order stays, so all that autograd has to keep are its slopes.
    """
    order = errors.detach().argsort(-1, descending=True)
    mask = mask.gather(-1, order)
    wrong = torch.arange(1, mask.shape[-1] + 1, device=mask.device, dtype=torch.int32)
    union = mask.sum(-1, keepdim=True, dtype=torch.int32) + (~mask).cumsum(-1, dtype=torch.int32)
    found, union = (union - wrong).to(errors.dtype), union.to(errors.dtype)
    # Δ(S_i) - Δ(S_{i-1}) is 1 / union in the mask and found / (union - 1) / union outside of it; as a difference
    # of two numbers near 1 it would lose its digits. The first pixel of all has Δ = 1 where the mask is empty.
    slopes = (found / (union - 1)).where(~mask & (union > 1), 1) / union
    return (errors * torch.empty_like(slopes).scatter(-1, order, slopes)).sum(-1)
