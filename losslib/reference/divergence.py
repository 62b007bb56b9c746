"""Divergences in NumPy. Each measures how far one probability distribution lies from another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_axes, check_positive, check_reduction
from losslib.reference._checks import check_alike, check_pair
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def kl_div_loss(
    log_probs: ArrayLike, target: ArrayLike, *, log_target: bool = False, reduction: str = "batchmean"
) -> Loss:
    """Kullback-Leibler divergence: the extra cost of coding what the target draws with the prediction's code.

        l = t (log t - log q),        t = target, log q = log_probs        dl/dlog_probs = -t

    Summed over the classes it is KL(t ‖ q): zero where the two are equal, infinite where q = 0 < t. The
    arguments come in the reverse order of the formula's. 0 log 0 = 0, whatever log q is.

    Shapes: log_probs (N, *), target (N, *) -> (), or (N, *) with reduction="none".

    Args:
        log_probs: Natural logarithms of the predicted probabilities, floating point; -inf is allowed.
        target: The true probabilities, >= 0; their natural logarithms, -inf allowed, with log_target.
        log_target: Whether target holds logarithms. Default False.
        reduction: "batchmean" (default): the sum divided by N, for (N, C) the mean divergence of N
            distributions. "mean" divides by the number of elements instead, N C. "sum" or "none". The
            mean over nothing is 0.

    Raises:
        TypeError: log_probs is not floating point.
        ValueError: The shapes differ or lack the axis N, a target is negative, or reduction is none of the four.

    Source: Kullback and Leibler (1951), doi:10.1214/aoms/1177729694.
    PyTorch: torch.nn.functional.kl_div(log_probs, target, reduction="batchmean", log_target=log_target),
        whose own default is "mean"; NaN where both probabilities are 0 and over nothing.

    >>> log_probs = np.log([[0.5, 0.25, 0.25]])
    >>> float(kl_div_loss(log_probs, [[0.5, 0.25, 0.25]]))
    0.0
    >>> float(kl_div_loss(log_probs, [[1.0, 0.0, 0.0]]).round(4))
    0.6931
    """
    check_reduction("kl_div_loss", reduction, ("batchmean", "mean", "sum", "none"))
    log_probs, target, dtype = check_pair("kl_div_loss", log_probs, target, "log_probs")
    check_axes("kl_div_loss", "log_probs", "(N, *)", log_probs.shape)
    t = np.exp(target) if log_target else _check_probabilities("kl_div_loss", "target", target)
    loss = _kl(log_probs, t, target if log_target else _log(t))
    if reduction == "batchmean":
        return (loss.sum() / (len(loss) or 1)).astype(dtype)
    return reduce("kl_div_loss", loss, reduction).astype(dtype)


def js_div_loss(p: ArrayLike, q: ArrayLike, *, reduction: str = "mean") -> Loss:
    """Jensen-Shannon divergence: KL from each of two distributions to their mixture; at most log 2.

        l = (KL(p ‖ m) + KL(q ‖ m)) / 2,        m = (p + q) / 2        dl/dp = log(p / m) / 2

    It is log 2 wherever the two have no class in common, however far apart those lie. Its square root is
    a metric.

    Shapes: p (N, C, *), q (N, C, *) -> (), or (N, *) with reduction="none".

    Args:
        p: Probabilities, floating point, that sum to 1 along axis 1. Zeros are allowed.
        q: Likewise. The loss is symmetric in the two.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: p or q is not floating point.
        ValueError: The shapes differ or lack the axis C, a probability is negative, or reduction is none of
            the three.

    Source: Lin (1991), doi:10.1109/18.61115.
    PyTorch: none.

    >>> float(js_div_loss([[1.0, 0.0]], [[0.0, 1.0]]).round(4))
    0.6931
    >>> js_div_loss([[0.9, 0.1], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]], reduction="none").round(4)
    array([0.1017, 0.    ])
    """
    p, q, dtype = check_alike("js_div_loss", p=p, q=q)
    check_axes("js_div_loss", "p", "(N, C, *)", p.shape)
    for argument, value in (("p", p), ("q", q)):
        _check_probabilities("js_div_loss", argument, value)
    log_m = _log((p + q) / 2)
    loss = (_kl(log_m, p, _log(p)) + _kl(log_m, q, _log(q))).sum(axis=1) / 2
    return reduce("js_div_loss", loss, reduction).astype(dtype)


def gaussian_kl_loss(
    mu: ArrayLike,
    logvar: ArrayLike,
    mu2: ArrayLike | None = None,
    logvar2: ArrayLike | None = None,
    *,
    reduction: str = "mean",
) -> Loss:
    """KL divergence of one Gaussian from another, both with independent features, in closed form.

        l = Σ_features (v/v2 - 1 - log(v/v2) + (μ - μ2)²/v2) / 2,        v = exp(logvar), v2 = exp(logvar2)

    It is KL(N(μ, v) ‖ N(μ2, v2)). Left out, the second is N(0, I), as in a variational autoencoder:

        l = Σ_features (v - 1 - logvar + μ²) / 2        dl/dμ = μ        dl/dlogvar = (v - 1) / 2

    Shapes: mu (N, *), logvar, mu2 and logvar2 like mu -> (), or (N,) with reduction="none".

    Args:
        mu: Means of the first Gaussian, floating point; every axis but the first holds features.
        logvar: Logarithms of its variances, log σ².
        mu2: Means of the second. None (the default) is 0.
        logvar2: Logarithms of its variances. None (the default) is 0, a variance of 1.
        reduction: "mean" (default, over samples; over the features it is always the sum), "sum" or
            "none". The mean over nothing is 0.

    Raises:
        TypeError: One of the four is not floating point.
        ValueError: The shapes differ or lack the axis N, or reduction is none of the three.

    Source: Kingma and Welling (2014), arXiv:1312.6114, appendix B.
    PyTorch: torch.distributions.kl_divergence of two Normal distributions, summed over the features.

    >>> float(gaussian_kl_loss([[0.0, 0.0]], [[0.0, 0.0]]))
    0.0
    >>> float(gaussian_kl_loss([[1.0, 2.0]], [[0.0, 0.0]]))
    2.5
    >>> float(gaussian_kl_loss([[1.0, 2.0]], [[0.0, 0.0]], [[1.0, 0.0]], [[0.0, np.log(4.0)]]).round(4))
    0.8181
    """
    mu2, logvar2 = (np.zeros_like(mu) if value is None else value for value in (mu2, logvar2))
    mu, logvar, mu2, logvar2, dtype = check_alike(
        "gaussian_kl_loss", mu=mu, logvar=logvar, mu2=mu2, logvar2=logvar2
    )
    check_axes("gaussian_kl_loss", "mu", "(N, *)", mu.shape)
    log_ratio = logvar - logvar2
    loss = (np.expm1(log_ratio) - log_ratio + (mu - mu2) ** 2 / np.exp(logvar2)) / 2
    return reduce("gaussian_kl_loss", loss.sum(axis=tuple(range(1, loss.ndim))), reduction).astype(dtype)


def distillation_loss(
    student_logits: ArrayLike, teacher_logits: ArrayLike, *, temperature: float = 1.0, reduction: str = "mean"
) -> Loss:
    """How far the student's softened probabilities lie from the teacher's.

        l = T² KL(t ‖ s),        t = softmax(teacher_logits / T), s = softmax(student_logits / T)
        dl/dstudent_logits = T (s - t)

    A high temperature T shows how the teacher ranks the wrong classes. The gradient of the divergence
    falls like 1/T², which the factor T² makes good; for large T it tends to that of half the squared
    difference of the centred logits, divided by C.

    Shapes: student_logits (N, C, *), teacher_logits (N, C, *) -> (), or (N, *) with reduction="none".

    Args:
        student_logits: Scores, floating point, with the classes on axis 1.
        teacher_logits: The scores to imitate; a constant, to which no gradient flows.
        temperature: T > 0, default 1.0, which softens nothing. 2 to 20 are common.
        reduction: "mean" (default, over distributions, not classes), "sum" or "none". The mean over nothing
            is 0.

    Raises:
        TypeError: student_logits or teacher_logits is not floating point.
        ValueError: The shapes differ or lack the axis C, temperature <= 0, or reduction is none of the three.

    Source: Hinton, Vinyals and Dean (2015), arXiv:1503.02531.
    PyTorch: none; T**2 * kl_div(log_softmax(student_logits / T, 1), softmax(teacher_logits / T, 1),
        reduction="batchmean") for logits (N, C).

    >>> student, teacher = [[2.0, 1.0, 0.0]], [[4.0, 2.0, 0.0]]
    >>> [float(distillation_loss(student, teacher, temperature=t).round(4)) for t in (1.0, 4.0, 100.0)]
    [0.1156, 0.3057, 0.3333]
    """
    check_positive("distillation_loss", "temperature", temperature)
    student, teacher, dtype = check_alike(
        "distillation_loss", student_logits=student_logits, teacher_logits=teacher_logits
    )
    check_axes("distillation_loss", "student_logits", "(N, C, *)", student.shape)
    log_s, log_t = _log_softmax(student / temperature), _log_softmax(teacher / temperature)
    loss = temperature**2 * _kl(log_s, np.exp(log_t), log_t).sum(axis=1)
    return reduce("distillation_loss", loss, reduction).astype(dtype)


def _kl(log_q, p, log_p):
    """p (log p - log q), and 0 where p = 0."""
    return p * np.subtract(log_p, log_q, where=p > 0, out=np.zeros_like(p))


def _log(p):
    """log p, and 0 where p = 0."""
    return np.log(p, where=p > 0, out=np.zeros_like(p))


def _log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _check_probabilities(name, argument, probs):
    if (probs < 0).any():
        raise ValueError(f"{name}: expected {argument} >= 0, got {probs.min()}")
    return probs
