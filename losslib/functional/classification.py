"""Classification losses in PyTorch. Scores of classes are (N, C, *); the class axis is 1."""

from contextlib import nullcontext
from functools import partial

import torch
from torch import Tensor

from losslib._arguments import check_from_0_to_1, check_not_negative, check_reduction
from losslib.functional import _logistic
from losslib.functional._checks import (
    along_classes,
    check_class_pair,
    check_class_weight,
    check_pair,
    check_pos_weight,
    check_weight,
)
from losslib.functional._logistic import finite, softplus
from losslib.functional._reduction import reduce


def nll_loss(
    log_probs: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood: how surprised the model is by the class that came.

        l = -w_y log p_y,        y = target        mean: sum(l) / sum(w_y)
        dl/dlog p_c = -w_y where c = y, 0 elsewhere

    A target that holds a probability t_c for each class costs its expectation, -sum(w_c t_c log p_c) with
    0 log 0 = 0, and the mean is over the samples. With log p from a log-softmax it is the cross-entropy.

    Shapes: log_probs (N, C, *), target (N, *) or (N, C, *), weight (C,) -> (), or (N, *) with reduction="none".

    Args:
        log_probs: Logarithms of the classes' probabilities, floating point; the loss is in nats. No
            logarithm is taken here: log_probs[n, y] itself is read.
        target: Class indices from 0 to C - 1, or a probability for each class. Neither range is checked here,
            nor the weights' sign: that would make a GPU wait. The reference checks them.
        weight: How much each class counts, >= 0. None (the default) counts all alike.
        ignore_index: A class index that marks samples without a target, which cost nothing; default -100.
            No part of targets that are probabilities.
        reduction: "mean" (default), "sum" or "none". The mean over nothing, an empty batch, targets that
            are all ignored or weights that are all zero, is 0.

    Raises:
        TypeError: log_probs is not floating point, or class indices are not integers.
        ValueError: The shapes do not fit, or reduction is none of the three.

    Source: Fisher (1922), doi:10.1098/rsta.1922.0009.
    PyTorch: torch.nn.functional.nll_loss(log_probs, target, weight=weight, ignore_index=ignore_index) for class
        indices; NaN over nothing.

    >>> import torch
    >>> log_probs = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]).log().requires_grad_()
    >>> loss = nll_loss(log_probs, torch.tensor([0, 1]), weight=torch.tensor([3.0, 1.0, 1.0]))
    >>> loss.backward()
    >>> print(f"{loss.item():.4f}", log_probs.grad)  # (3 * 0.6931 + 0.2231) / 4
    0.5756 tensor([[-0.7500,  0.0000,  0.0000],
            [ 0.0000, -0.2500,  0.0000]])
    """
    log_probs, target, dtype = check_class_pair("nll_loss", log_probs, target, "log_probs")
    weight = check_class_weight("nll_loss", weight, log_probs)
    check_reduction("nll_loss", reduction)
    if target.dim() == log_probs.dim():
        loss = target * finite(log_probs)  # 0 log 0 = 0
        loss = loss if weight is None else loss * along_classes(weight, loss)
        return reduce("nll_loss", -loss.sum(1), reduction).to(dtype)
    if reduction == "mean":
        return _mean_surprise(log_probs, target, weight, ignore_index).to(dtype)
    loss = torch.nn.functional.nll_loss(
        log_probs, target, weight, ignore_index=ignore_index, reduction=reduction
    )
    return loss.to(dtype)


def binary_cross_entropy(probs: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """How surprised predicted probabilities are by what came, for each yes-or-no label on its own.

        l = -t log p - (1 - t) log(1 - p),        p = probs, t = target        dl/dp = (p - t) / (p (1 - p))

    Logarithms below -100 count as -100, so that a certain prediction that is wrong costs 100 and not
    infinity. A sigmoid that has saturated passes no gradient on: prefer binary_cross_entropy_with_logits.

    Shapes: probs (*), target (*) -> (), or (*) with reduction="none".

    Args:
        probs: Predicted probabilities, in [0, 1], floating point. The loss is in nats. PyTorch checks the
            range, with an error of its own; on a GPU that error arrives late and ends the process.
        target: The labels, 0 or 1, or probabilities between them; the loss is least at p = t. The range is
            not checked here, which would make a GPU wait; the reference checks it.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: probs is not floating point.
        ValueError: The shapes differ, or reduction is none of the three.

    Source: Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x, as the logarithmic score.
    PyTorch: torch.nn.functional.binary_cross_entropy(probs, target); NaN over nothing.

    >>> import torch
    >>> probs = torch.tensor([0.9, 0.8, 1.0], requires_grad=True)
    >>> binary_cross_entropy(probs, torch.tensor([1.0, 0.0, 1.0]), reduction="sum").backward()
    >>> probs.grad
    tensor([-1.1111,  5.0000,  0.0000])
    """
    probs, target, dtype = check_pair("binary_cross_entropy", probs, target, "probs")
    with _without_autocast(probs):
        loss = _binary_cross_entropy(probs, target)
    return reduce("binary_cross_entropy", loss, reduction).to(dtype)


def binary_cross_entropy_with_logits(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    pos_weight: Tensor | float | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy of the sigmoid of the logits, without overflow or saturation.

        l = w (-a t log p - (1 - t) log(1 - p)),        p = 1 / (1 + exp(-z)), z = logits, t = target
        dl/dz = p - t where w = a = 1        w = weight, a = pos_weight

    It never exponentiates a positive number. A logit of ±inf on the right side costs 0, with gradient 0.

    Shapes: logits (*), target (*), weight (*), pos_weight () or (C,) or (*) -> (), or (*) with
        reduction="none". A vector (C,) goes along axis 1 of logits (N, C, *).

    Args:
        logits: Log-odds log(p / (1 - p)), floating point. The loss is in nats; ±inf on the wrong side costs as
            much as a huge finite number.
        target: The labels, 0 or 1, or probabilities between them. Outside [0, 1] the loss has no lower bound.
            Neither that nor the weights' signs are checked here, which would make a GPU wait; the reference
            checks them.
        weight: How much each element counts, >= 0. None (the default) counts all alike. The mean still
            divides by the number of elements, as PyTorch's does.
        pos_weight: What the positives' term is multiplied by, >= 0: a number, one for each class or one for
            each element. None (the default) is 1; negatives / positives balances rare positives, and
            raises the predicted log-odds by its logarithm.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes do not fit, pos_weight is a negative number, or reduction is none of the three.

    Source: Cox (1958), doi:10.1111/j.2517-6161.1958.tb00292.x.
    PyTorch: torch.nn.functional.binary_cross_entropy_with_logits(logits, target, weight=weight,
        pos_weight=pos_weight); there pos_weight (C,) goes along the last axis. NaN over nothing and at ±inf.

    >>> import torch
    >>> logits = torch.tensor([0.0, 1e4, 1e4], requires_grad=True)
    >>> loss = binary_cross_entropy_with_logits(logits, torch.tensor([1.0, 1.0, 0.0]), reduction="sum")
    >>> loss.backward()
    >>> logits.grad
    tensor([-0.5000,  0.0000,  1.0000])
    """
    name = "binary_cross_entropy_with_logits"
    logits, target, dtype = check_pair(name, logits, target, "logits")
    weight = check_weight(name, weight, logits)
    pos_weight = check_pos_weight(name, pos_weight, logits)
    if pos_weight is None and not torch.compiler.is_compiling():
        loss = _logistic.CrossEntropy.apply(logits, target)
    else:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            finite(logits), target, pos_weight=pos_weight, reduction="none"
        )
    return reduce(name, loss if weight is None else weight * loss, reduction).to(dtype)


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """How surprised the softmax of the logits is by the class that came.

        l = -sum(w_c q_c log p_c),        p = softmax(z), z = logits        mean: sum(l) / sum(w_y)
        q_c = (1 - ε) [c = y] + ε / C,        y = target, ε = label_smoothing
        dl/dz = p - q where w = 1

    A target that holds a probability t_c for each class takes the place of [c = y], with 0 log 0 = 0, and
    the mean is over the samples. The least value is 0 for a single class, else the entropy of q.

    Shapes: logits (N, C, *), target (N, *) or (N, C, *), weight (C,) -> (), or (N, *) with reduction="none".

    Args:
        logits: Scores of the classes, any real numbers, floating point; no softmax before it. The loss is in
            nats.
        target: Class indices from 0 to C - 1, or a probability for each class. Neither range is checked here,
            nor the weights' sign: that would make a GPU wait. The reference checks them.
        weight: How much each class counts, >= 0. None (the default) counts all alike.
        ignore_index: A class index that marks samples without a target, which cost nothing; default -100.
            No part of targets that are probabilities.
        label_smoothing: The share ε of the target that is spread over all classes, 0 to 1; default 0.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing, an empty batch, targets that
            are all ignored or weights that are all zero, is 0.

    Raises:
        TypeError: logits is not floating point, or class indices are not integers.
        ValueError: The shapes do not fit, label_smoothing is outside [0, 1], or reduction is none of the
            three.

    Source: Bridle (1990), doi:10.1007/978-3-642-76153-9_28; label smoothing Szegedy et al. (2016),
        doi:10.1109/CVPR.2016.308.
    PyTorch: torch.nn.functional.cross_entropy(logits, target, weight=weight, ignore_index=ignore_index,
        label_smoothing=label_smoothing); NaN over nothing, and for a logit of -inf with probability 0.

    >>> import torch
    >>> logits = torch.tensor([[0.0, 0.0], [1e4, 0.0], [5.0, 5.0]], requires_grad=True)
    >>> cross_entropy(logits, torch.tensor([0, 1, -100]), reduction="sum").backward()
    >>> logits.grad
    tensor([[-0.5000,  0.5000],
            [ 1.0000, -1.0000],
            [ 0.0000,  0.0000]])
    """
    check_from_0_to_1("cross_entropy", "label_smoothing", label_smoothing)
    logits, target, dtype = check_class_pair("cross_entropy", logits, target, "logits")
    weight = check_class_weight("cross_entropy", weight, logits)
    check_reduction("cross_entropy", reduction)
    if target.dim() == logits.dim():
        if label_smoothing:
            target = (1 - label_smoothing) * target + label_smoothing / target.shape[1]
        loss = _expected_surprise(logits.log_softmax(1), target, weight)
        return reduce("cross_entropy", loss, reduction).to(dtype)
    if reduction == "mean":
        log_probs = logits.log_softmax(1)
        return _mean_surprise(log_probs, target, weight, ignore_index, label_smoothing).to(dtype)
    loss = torch.nn.functional.cross_entropy(
        logits,
        target,
        weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )
    return loss.to(dtype)


def sigmoid_focal_loss(
    logits: Tensor, target: Tensor, *, alpha: float | None = None, gamma: float = 2.0, reduction: str = "mean"
) -> Tensor:
    """Binary cross-entropy in which what is already predicted well hardly counts.

        l = -α_t (1 - p_t)^γ log p_t        p_t = p where the label is 1, 1 - p where it is 0; p = sigmoid(z)
        dl/dz = ∓α_t (1 - p_t)^γ (1 - p_t - γ p_t log p_t)        α_t = α and 1 - α likewise, or 1

    γ = 0 is the binary cross-entropy. A target t between 0 and 1 costs its expectation over both labels.

    Shapes: logits (*), target (*) -> (), or (*) with reduction="none".

    Args:
        logits: Log-odds z, floating point. The loss is in nats.
        target: The labels, 0 or 1, or probabilities between them. The range is not checked here, which would
            make a GPU wait; the reference checks it.
        alpha: How much positives count, 0 to 1; negatives count 1 - alpha. None (the default) counts both 1.
        gamma: How fast well predicted labels fade, >= 0; default 2.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes differ, alpha is outside [0, 1], gamma < 0, or reduction is none of the three.

    Source: Lin et al. (2017), doi:10.1109/ICCV.2017.324.
    PyTorch: none; torchvision.ops.sigmoid_focal_loss(logits, target, alpha=alpha, gamma=gamma) for labels 0
        and 1.

    >>> import torch
    >>> odds = torch.tensor([0.9, 0.2]).logit()
    >>> target = torch.ones(2)
    >>> cross_entropy, focal = (sigmoid_focal_loss(odds, target, gamma=g, reduction="none") for g in (0, 2))
    >>> focal / cross_entropy
    tensor([0.0100, 0.6400])
    """
    name = "sigmoid_focal_loss"
    check_not_negative(name, "gamma", gamma)
    if alpha is not None:
        check_from_0_to_1(name, "alpha", alpha)
    logits, target, dtype = check_pair(name, logits, target, "logits")
    positive, negative = (1, 1) if alpha is None else (alpha, 1 - alpha)
    with torch.no_grad():
        surprise = softplus(finite(logits))
    loss = _logistic.Focal.apply(logits, target, surprise, positive, negative, gamma)
    return reduce(name, loss, reduction).to(dtype)


def softmax_focal_loss(
    logits: Tensor,
    target: Tensor,
    *,
    alpha: Tensor | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy in which samples that are already predicted well hardly count.

        l = -α_y (1 - p_y)^γ log p_y,        p = softmax(z), z = logits, y = target
        dl/dz_c = α_y (1 - p_y)^γ (1 - γ p_y log p_y / (1 - p_y)) (p_c - [c = y])

    γ = 0 is the cross-entropy. A target that holds a probability t_c for each class costs its expectation,
    -sum(α_c t_c (1 - p_c)^γ log p_c). The mean is over the samples, whatever α.

    Shapes: logits (N, C, *), target (N, *) or (N, C, *), alpha (C,) -> (), or (N, *) with reduction="none".

    Args:
        logits: Scores of the classes, floating point. The loss is in nats.
        target: Class indices from 0 to C - 1, or a probability for each class. Neither range is checked here,
            nor alpha's sign: that would make a GPU wait. The reference checks them.
        alpha: How much each class counts, >= 0. None (the default) counts all alike.
        gamma: How fast well predicted samples fade, >= 0; default 2.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point, or class indices are not integers.
        ValueError: The shapes do not fit, gamma < 0, or reduction is none of the three.

    Source: Lin et al. (2017), doi:10.1109/ICCV.2017.324, for more than two classes.
    PyTorch: none.

    >>> import torch
    >>> scores = torch.tensor([[0.9, 0.05, 0.05], [0.2, 0.4, 0.4]]).log()
    >>> target = torch.tensor([0, 0])
    >>> cross_entropy, focal = (softmax_focal_loss(scores, target, gamma=g, reduction="none") for g in (0, 2))
    >>> focal / cross_entropy
    tensor([0.0100, 0.6400])
    """
    name = "softmax_focal_loss"
    check_not_negative(name, "gamma", gamma)
    logits, target, dtype = check_class_pair(name, logits, target, "logits")
    alpha = check_class_weight(name, alpha, logits, "alpha")
    if target.dim() == logits.dim():
        loss = target * _faded(finite(logits).log_softmax(1), gamma)  # 0 log 0 = 0
        loss = (loss if alpha is None else loss * along_classes(alpha, loss)).sum(1)
    else:
        loss = _faded(logits.log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1), gamma)
        loss = loss if alpha is None else loss * alpha[target]
    return reduce(name, loss, reduction).to(dtype)


def _binary_cross_entropy(probs, target):
    native = partial(torch.nn.functional.binary_cross_entropy, probs, reduction="none")
    if not target.requires_grad:
        return native(target)
    # The loss is linear in the target; PyTorch's gradient in it is infinite where p is 0 or 1.
    return torch.lerp(native(torch.zeros_like(target)), native(torch.ones_like(target)), target)


def _without_autocast(tensor):
    """PyTorch refuses probabilities under autocast on a GPU, lest they be of half precision; these are not."""
    device = tensor.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()


def _expected_surprise(log_probs, target, weight):
    """-sum(w_c t_c log p_c) over the classes of a log-softmax."""
    loss = target * log_probs
    with torch.no_grad():
        loss.nan_to_num_()  # 0 log 0 = 0; the gradient, which is -t, knows no log 0
    loss = (loss if weight is None else loss * along_classes(weight, loss)).sum(1)
    with torch.no_grad():  # a logit that is no number makes all log p of its sample none, and stays seen
        loss.add_(finite(log_probs.select(1, 0)), alpha=0)
    return -loss


def _mean_surprise(log_probs, target, weight, ignore_index, label_smoothing=0.0):
    """The mean of PyTorch's losses of class indices, but 0 over nothing, where PyTorch's is NaN."""
    if log_probs.dim() == 2:
        surprise, total = _surprises(log_probs, target, weight, _SUM, ignore_index)
    else:
        image = log_probs.flatten(2).unsqueeze(3), target.flatten(1).unsqueeze(2)
        surprise, total = _surprises_of_images(*image, weight, _SUM, ignore_index)
    divisor = total.clamp(min=torch.finfo(total.dtype).tiny)
    if not label_smoothing:
        return surprise / divisor
    spread = log_probs if weight is None else log_probs * along_classes(weight, log_probs)
    spread = -spread.sum(1).where(target != ignore_index, 0).sum() / log_probs.shape[1]
    smoothed = (1 - label_smoothing) * surprise + label_smoothing * spread
    return (smoothed / divisor).where(total != 0, 0)


# What nll_loss calls: beside the sum of the losses they return what its mean divides by.
_surprises, _surprises_of_images = torch.ops.aten.nll_loss_forward, torch.ops.aten.nll_loss2d_forward
_SUM = 2


def _faded(log_p, gamma):
    """(1 - p)^γ (-log p), of log p."""
    # Where γ < 1 the slope of (1 - p)^γ is infinite at p = 1.
    miss = (-log_p.expm1()).clamp(min=torch.finfo(log_p.dtype).tiny)
    return -(miss**gamma) * log_p
