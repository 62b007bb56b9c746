"""Classification losses in NumPy. Scores of classes are (N, C, *); the class axis is 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_from_0_to_1, check_not_negative
from losslib.reference._checks import (
    check_class_pair,
    check_class_weight,
    check_pair,
    check_pos_weight,
    check_weight,
)
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def nll_loss(
    log_probs: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Loss:
    """Negative log-likelihood: how surprised the model is by the class that came.

        l = -w_y log p_y,        y = target        mean: sum(l) / sum(w_y)
        dl/dlog p_c = -w_y where c = y, 0 elsewhere

    A target that holds a probability t_c for each class costs its expectation, -sum(w_c t_c log p_c) with
    0 log 0 = 0, and the mean is over the samples. With log p from a log-softmax it is the cross-entropy.

    Shapes: log_probs (N, C, *), target (N, *) or (N, C, *), weight (C,) -> (), or (N, *) with reduction="none".

    Args:
        log_probs: Logarithms of the classes' probabilities, floating point; the loss is in nats. No
            logarithm is taken here: log_probs[n, y] itself is read.
        target: Class indices from 0 to C - 1, or a probability for each class.
        weight: How much each class counts, >= 0. None (the default) counts all alike.
        ignore_index: A class index that marks samples without a target, which cost nothing; default -100.
            No part of targets that are probabilities.
        reduction: "mean" (default), "sum" or "none". The mean over nothing, an empty batch, targets that
            are all ignored or weights that are all zero, is 0.

    Raises:
        TypeError: log_probs is not floating point, or class indices are not integers.
        ValueError: The shapes do not fit, a class index is out of range, a target probability is outside
            [0, 1], a weight is negative, or reduction is none of the three.

    Source: Fisher (1922), doi:10.1098/rsta.1922.0009.
    PyTorch: torch.nn.functional.nll_loss(log_probs, target, weight=weight, ignore_index=ignore_index) for class
        indices; NaN over nothing.

    >>> log_probs = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    >>> nll_loss(log_probs, [0, 1], reduction="none").round(4)
    array([0.6931, 0.2231])
    >>> float(nll_loss(log_probs, [0, 1], weight=[3.0, 1.0, 1.0]).round(4))  # (3 * 0.6931 + 0.2231) / 4
    0.5756
    """
    log_probs, target, dtype = check_class_pair("nll_loss", log_probs, target, "log_probs", ignore_index)
    w = check_class_weight("nll_loss", weight, log_probs)
    t, _ = _distribution("nll_loss", target, log_probs, ignore_index)
    loss = _times(w * t, -log_probs).sum(axis=1)
    total = (w * t).sum() if target.ndim < log_probs.ndim else loss.size
    return _reduce("nll_loss", loss, reduction, total).astype(dtype)


def binary_cross_entropy(probs: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Loss:
    """How surprised predicted probabilities are by what came, for each yes-or-no label on its own.

        l = -t log p - (1 - t) log(1 - p),        p = probs, t = target        dl/dp = (p - t) / (p (1 - p))

    Logarithms below -100 count as -100, so that a certain prediction that is wrong costs 100 and not
    infinity. A sigmoid that has saturated passes no gradient on: prefer binary_cross_entropy_with_logits.

    Shapes: probs (*), target (*) -> (), or (*) with reduction="none".

    Args:
        probs: Predicted probabilities, in [0, 1], floating point. The loss is in nats.
        target: The labels, 0 or 1, or probabilities between them; the loss is least at p = t.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: probs is not floating point.
        ValueError: The shapes differ, a probability or target is outside [0, 1], or reduction is none of
            the three.

    Source: Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x, as the logarithmic score.
    PyTorch: torch.nn.functional.binary_cross_entropy(probs, target); NaN over nothing.

    >>> binary_cross_entropy([0.9, 0.9, 1.0], [1, 0, 0], reduction="none").round(4)
    array([  0.1054,   2.3026, 100.    ])
    """
    probs, target, dtype = check_pair("binary_cross_entropy", probs, target, "probs")
    _check_probabilities("binary_cross_entropy", "probs", probs)
    _check_probabilities("binary_cross_entropy", "target", target)
    with np.errstate(divide="ignore"):
        log_p, log_1_minus_p = np.maximum(np.log(probs), -100), np.maximum(np.log1p(-probs), -100)
    loss = -target * log_p - (1 - target) * log_1_minus_p
    return reduce("binary_cross_entropy", loss, reduction).astype(dtype)


def binary_cross_entropy_with_logits(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    pos_weight: ArrayLike | None = None,
    reduction: str = "mean",
) -> Loss:
    """Binary cross-entropy of the sigmoid of the logits, without overflow or saturation.

        l = w (-a t log p - (1 - t) log(1 - p)),        p = 1 / (1 + exp(-z)), z = logits, t = target
        dl/dz = p - t where w = a = 1        w = weight, a = pos_weight

    It never exponentiates a positive number. A logit of ±inf on the right side costs 0, with gradient 0.

    Shapes: logits (*), target (*), weight (*), pos_weight () or (C,) or (*) -> (), or (*) with
        reduction="none". A vector (C,) goes along axis 1 of logits (N, C, *).

    Args:
        logits: Log-odds log(p / (1 - p)), floating point. The loss is in nats.
        target: The labels, 0 or 1, or probabilities between them.
        weight: How much each element counts, >= 0. None (the default) counts all alike. The mean still
            divides by the number of elements, as PyTorch's does.
        pos_weight: What the positives' term is multiplied by, >= 0: a number, one for each class or one for
            each element. None (the default) is 1; negatives / positives balances rare positives, and
            raises the predicted log-odds by its logarithm.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes do not fit, a target is outside [0, 1], a weight is negative, or reduction is
            none of the three.

    Source: Cox (1958), doi:10.1111/j.2517-6161.1958.tb00292.x.
    PyTorch: torch.nn.functional.binary_cross_entropy_with_logits(logits, target, weight=weight,
        pos_weight=pos_weight); there pos_weight (C,) goes along the last axis. NaN over nothing and at ±inf.

    >>> binary_cross_entropy_with_logits([0.0, 1e4, 1e4], [1, 1, 0], reduction="none").round(4)
    array([6.931e-01, 0.000e+00, 1.000e+04])
    >>> float(binary_cross_entropy_with_logits([0.0], [1], pos_weight=3.0).round(4))
    2.0794
    """
    name = "binary_cross_entropy_with_logits"
    logits, target, dtype = check_pair(name, logits, target, "logits")
    _check_probabilities(name, "target", target)
    w = 1 if weight is None else check_weight(name, weight, logits)
    a = check_pos_weight(name, pos_weight, logits)
    loss = w * (_times(a * target, _surprise(logits)) + _times(1 - target, _surprise(-logits)))
    return reduce(name, loss, reduction).astype(dtype)


def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Loss:
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
        target: Class indices from 0 to C - 1, or a probability for each class.
        weight: How much each class counts, >= 0. None (the default) counts all alike.
        ignore_index: A class index that marks samples without a target, which cost nothing; default -100.
            No part of targets that are probabilities.
        label_smoothing: The share ε of the target that is spread over all classes, 0 to 1; default 0.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing, an empty batch, targets that
            are all ignored or weights that are all zero, is 0.

    Raises:
        TypeError: logits is not floating point, or class indices are not integers.
        ValueError: The shapes do not fit, a class index is out of range, a target probability is outside
            [0, 1], a weight is negative, label_smoothing is outside [0, 1], or reduction is none of the
            three.

    Source: Bridle (1990), doi:10.1007/978-3-642-76153-9_28; label smoothing Szegedy et al. (2016),
        doi:10.1109/CVPR.2016.308.
    PyTorch: torch.nn.functional.cross_entropy(logits, target, weight=weight, ignore_index=ignore_index,
        label_smoothing=label_smoothing); NaN over nothing, and for a logit of -inf with probability 0.

    >>> logits = np.array([[2.0, 1.0, 0.1], [1e4, 0.0, 0.0]])
    >>> cross_entropy(logits, [0, 1], reduction="none").round(4)
    array([4.17e-01, 1.00e+04])
    >>> cross_entropy(logits, [0, -100], label_smoothing=0.1, reduction="none").round(4)
    array([0.5137, 0.    ])
    """
    check_from_0_to_1("cross_entropy", "label_smoothing", label_smoothing)
    logits, target, dtype = check_class_pair("cross_entropy", logits, target, "logits", ignore_index)
    w = check_class_weight("cross_entropy", weight, logits)
    t, ignored = _distribution("cross_entropy", target, logits, ignore_index)
    q = np.where(ignored, 0, (1 - label_smoothing) * t + label_smoothing / t.shape[1])
    loss = _times(w * q, _surprises(logits)).sum(axis=1)
    total = (w * t).sum() if target.ndim < logits.ndim else loss.size
    return _reduce("cross_entropy", loss, reduction, total).astype(dtype)


def sigmoid_focal_loss(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Loss:
    """Binary cross-entropy in which what is already predicted well hardly counts.

        l = -α_t (1 - p_t)^γ log p_t        p_t = p where the label is 1, 1 - p where it is 0; p = sigmoid(z)
        dl/dz = ∓α_t (1 - p_t)^γ (1 - p_t - γ p_t log p_t)        α_t = α and 1 - α likewise, or 1

    γ = 0 is the binary cross-entropy. A target t between 0 and 1 costs its expectation over both labels.

    Shapes: logits (*), target (*) -> (), or (*) with reduction="none".

    Args:
        logits: Log-odds z, floating point. The loss is in nats.
        target: The labels, 0 or 1, or probabilities between them.
        alpha: How much positives count, 0 to 1; negatives count 1 - alpha. None (the default) counts both 1.
        gamma: How fast well predicted labels fade, >= 0; default 2.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point.
        ValueError: The shapes differ, a target or alpha is outside [0, 1], gamma < 0, or reduction is none of
            the three.

    Source: Lin et al. (2017), doi:10.1109/ICCV.2017.324.
    PyTorch: none; torchvision.ops.sigmoid_focal_loss(logits, target, alpha=alpha, gamma=gamma) for labels 0
        and 1.

    >>> odds = np.log([9.0, 0.25])  # p = 0.9 and 0.2
    >>> cross_entropy, focal = (sigmoid_focal_loss(odds, [1, 1], gamma=g, reduction="none") for g in (0, 2))
    >>> (focal / cross_entropy).round(4)
    array([0.01, 0.64])
    """
    name = "sigmoid_focal_loss"
    check_not_negative(name, "gamma", gamma)
    logits, target, dtype = check_pair(name, logits, target, "logits")
    _check_probabilities(name, "target", target)
    positive, negative = _alpha(name, alpha)
    loss = positive * _times(target, _focal(_surprise(logits), gamma))
    loss += negative * _times(1 - target, _focal(_surprise(-logits), gamma))
    return reduce(name, loss, reduction).astype(dtype)


def softmax_focal_loss(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: ArrayLike | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Loss:
    """Cross-entropy in which samples that are already predicted well hardly count.

        l = -α_y (1 - p_y)^γ log p_y,        p = softmax(z), z = logits, y = target
        dl/dz_c = α_y (1 - p_y)^γ (1 - γ p_y log p_y / (1 - p_y)) (p_c - [c = y])

    γ = 0 is the cross-entropy. A target that holds a probability t_c for each class costs its expectation,
    -sum(α_c t_c (1 - p_c)^γ log p_c). The mean is over the samples, whatever α.

    Shapes: logits (N, C, *), target (N, *) or (N, C, *), alpha (C,) -> (), or (N, *) with reduction="none".

    Args:
        logits: Scores of the classes, floating point. The loss is in nats.
        target: Class indices from 0 to C - 1, or a probability for each class.
        alpha: How much each class counts, >= 0. None (the default) counts all alike.
        gamma: How fast well predicted samples fade, >= 0; default 2.0.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: logits is not floating point, or class indices are not integers.
        ValueError: The shapes do not fit, a class index is out of range, a target probability is outside
            [0, 1], an alpha or gamma is negative, or reduction is none of the three.

    Source: Lin et al. (2017), doi:10.1109/ICCV.2017.324, for more than two classes.
    PyTorch: none.

    >>> scores = np.log([[0.9, 0.05, 0.05], [0.2, 0.4, 0.4]])
    >>> softmax_focal_loss(scores, [0, 0], reduction="none").round(4)  # 0.01 and 0.64 of the cross-entropy
    array([0.0011, 1.03  ])
    """
    name = "softmax_focal_loss"
    check_not_negative(name, "gamma", gamma)
    logits, target, dtype = check_class_pair(name, logits, target, "logits")
    alpha = check_class_weight(name, alpha, logits, "alpha")
    t, _ = _distribution(name, target, logits)
    loss = _times(alpha * t, _focal(_surprises(logits), gamma)).sum(axis=1)
    return reduce(name, loss, reduction).astype(dtype)


def _surprise(z):
    """-log p of a label whose log-odds are z: log(1 + exp(-z))."""
    return np.logaddexp(0, -z)


def _surprises(z):
    """-log p of each class, p = softmax(z)."""
    return np.logaddexp.reduce(z, axis=1, keepdims=True) - z


def _focal(surprise, gamma):
    """(1 - p)^γ (-log p), of -log p."""
    return (1 - np.exp(-surprise)) ** gamma * surprise


def _times(probability, value):
    """Their product, where 0 times infinity is 0: what never happens costs nothing."""
    return probability * np.where(probability == 0, 0, value)


def _distribution(name, target, input, ignore_index=None):
    """The target's probability of each class, (N, C, *), and where it is ignored: there they are all 0."""
    if target.ndim == input.ndim:
        _check_probabilities(name, "target", target)
        return target, False
    target = np.expand_dims(target, 1)
    ignored = target == ignore_index
    classes = np.arange(input.shape[1]).reshape(-1, *[1] * (input.ndim - 2))
    return ((target == classes) & ~ignored).astype(input.dtype), ignored


def _alpha(name, alpha):
    """How much positives and negatives count."""
    if alpha is None:
        return 1, 1
    check_from_0_to_1(name, "alpha", alpha)
    return alpha, 1 - alpha


def _check_probabilities(name, argument, value):
    wrong = value[~((value >= 0) & (value <= 1))]
    if wrong.size:
        raise ValueError(f"{name}: expected {argument} in [0, 1], got {wrong.flat[0]}")


def _reduce(name, loss, reduction, total):
    """`reduce` with a mean that divides by `total`; the mean over nothing is 0."""
    if reduction == "mean":
        return loss.sum() / total if total else loss.dtype.type(0)
    return reduce(name, loss, reduction)
