"""Divergences in PyTorch. Each measures how far one probability distribution lies from another."""

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from losslib._arguments import check_axes, check_positive, check_reduction
from losslib.functional._checks import check_alike, check_pair
from losslib.functional._reduction import reduce


def kl_div_loss(
    log_probs: Tensor, target: Tensor, *, log_target: bool = False, reduction: str = "batchmean"
) -> Tensor:
    """Kullback-Leibler divergence: the extra cost of coding what the target draws with the prediction's code.

        l = t (log t - log q),        t = target, log q = log_probs        dl/dlog_probs = -t

    Summed over the classes it is KL(t ‖ q): zero where the two are equal, infinite where q = 0 < t. The
    arguments come in the reverse order of the formula's. 0 log 0 = 0, whatever log q is.

    Shapes: log_probs (N, *), target (N, *) -> (), or (N, *) with reduction="none".

    Args:
        log_probs: Natural logarithms of the predicted probabilities, floating point; -inf is allowed.
        target: The true probabilities, >= 0; their natural logarithms, -inf allowed, with log_target. Its
            sign is not checked, which would make a GPU wait; the reference checks it. The gradient at a
            probability of 0, where the slope is -inf, is 0.
        log_target: Whether target holds logarithms. Default False.
        reduction: "batchmean" (default): the sum divided by N, for (N, C) the mean divergence of N
            distributions. "mean" divides by the number of elements instead, N C. "sum" or "none". The
            mean over nothing is 0.

    Raises:
        TypeError: log_probs is not floating point.
        ValueError: The shapes differ or lack the axis N, or reduction is none of the four.

    Source: Kullback and Leibler (1951), doi:10.1214/aoms/1177729694.
    PyTorch: torch.nn.functional.kl_div(log_probs, target, reduction="batchmean", log_target=log_target),
        whose own default is "mean"; NaN where both probabilities are 0 and over nothing.

    >>> import torch
    >>> log_probs = torch.tensor([[0.5, 0.25, 0.25]]).log().requires_grad_()
    >>> loss = kl_div_loss(log_probs, torch.tensor([[1.0, 0.0, 0.0]]))
    >>> loss.backward()
    >>> loss, log_probs.grad
    (tensor(0.6931, grad_fn=<DivBackward0>), tensor([[-1., -0., -0.]]))
    """
    check_reduction("kl_div_loss", reduction, ("batchmean", "mean", "sum", "none"))
    log_probs, target, dtype = check_pair("kl_div_loss", log_probs, target, "log_probs")
    check_axes("kl_div_loss", "log_probs", "(N, *)", log_probs.shape)
    loss = _kl(log_probs, target.exp(), target) if log_target else _kl(log_probs, target)
    if reduction == "batchmean":
        return (loss.sum() / max(len(loss), 1)).to(dtype)
    return reduce("kl_div_loss", loss, reduction).to(dtype)


def js_div_loss(p: Tensor, q: Tensor, *, reduction: str = "mean") -> Tensor:
    """Jensen-Shannon divergence: KL from each of two distributions to their mixture; at most log 2.

        l = (KL(p ‖ m) + KL(q ‖ m)) / 2,        m = (p + q) / 2        dl/dp = log(p / m) / 2

    It is log 2 wherever the two have no class in common, however far apart those lie. Its square root is
    a metric.

    Shapes: p (N, C, *), q (N, C, *) -> (), or (N, *) with reduction="none".

    Args:
        p: Probabilities, floating point, that sum to 1 along axis 1. Zeros are allowed: the slope there is
            -inf, the gradient 0. Signs are not checked, which would make a GPU wait; the reference
            checks them.
        q: Likewise. The loss is symmetric in the two.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: p or q is not floating point.
        ValueError: The shapes differ or lack the axis C, or reduction is none of the three.

    Source: Lin (1991), doi:10.1109/18.61115.
    PyTorch: none.

    >>> import torch
    >>> q = torch.tensor([[1.0, 0.0]])
    >>> js_div_loss(torch.tensor([[0.0, 1.0]]), q), js_div_loss(torch.tensor([[0.5, 0.5]]), q)
    (tensor(0.6931), tensor(0.2158))
    """
    p, q, dtype = check_alike("js_div_loss", p=p, q=q)
    check_axes("js_div_loss", "p", "(N, C, *)", p.shape)
    loss = _JensenShannon.apply(p, q).sum(1) / 2
    return reduce("js_div_loss", loss, reduction).to(dtype)


def gaussian_kl_loss(
    mu: Tensor,
    logvar: Tensor,
    mu2: Tensor | None = None,
    logvar2: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
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

    >>> import torch
    >>> mu, logvar = torch.tensor([[1.0, 2.0]]).requires_grad_(), torch.zeros(1, 2).requires_grad_()
    >>> loss = gaussian_kl_loss(mu, logvar)
    >>> loss.backward()
    >>> loss.item(), mu.grad, logvar.grad
    (2.5, tensor([[1., 2.]]), tensor([[0., 0.]]))
    """
    given = {"mu2": mu2, "logvar2": logvar2}
    second = {argument: value for argument, value in given.items() if value is not None}
    mu, logvar, *values, dtype = check_alike("gaussian_kl_loss", mu=mu, logvar=logvar, **second)
    second = dict(zip(second, values, strict=True))
    check_axes("gaussian_kl_loss", "mu", "(N, *)", mu.shape)
    log_ratio = logvar - second["logvar2"] if "logvar2" in second else logvar
    square = (mu - second["mu2"] if "mu2" in second else mu).square()
    square = square * (-second["logvar2"]).exp() if "logvar2" in second else square
    loss = log_ratio.expm1() - log_ratio + square
    return reduce("gaussian_kl_loss", loss.unsqueeze(1).flatten(1).sum(1) / 2, reduction).to(dtype)


def distillation_loss(
    student_logits: Tensor, teacher_logits: Tensor, *, temperature: float = 1.0, reduction: str = "mean"
) -> Tensor:
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

    >>> import torch
    >>> student, teacher = torch.tensor([[2.0, 1.0, 0.0]]).requires_grad_(), torch.tensor([[4.0, 2.0, 0.0]])
    >>> loss = distillation_loss(student, teacher, temperature=100.0)
    >>> loss.backward()
    >>> loss, student.grad
    (tensor(0.3331, grad_fn=<DivBackward0>), tensor([[-0.3350,  0.0033,  0.3316]]))
    """
    check_positive("distillation_loss", "temperature", temperature)
    student, teacher, dtype = check_alike(
        "distillation_loss", student_logits=student_logits, teacher_logits=teacher_logits
    )
    check_axes("distillation_loss", "student_logits", "(N, C, *)", student.shape)
    log_s = log_softmax(student / temperature, 1)
    log_t = log_softmax(teacher.detach() / temperature, 1)
    loss = _kl(log_s, log_t.exp(), log_t).sum(1) * temperature**2
    return reduce("distillation_loss", loss, reduction).to(dtype)


class _JensenShannon(torch.autograd.Function):
    """p log(p/m) + q log(q/m). The slopes of the two m cancel, so that nothing but p and q is worth remembering."""

    generate_vmap_rule = True

    @staticmethod
    def forward(p, q):
        m = _mixture(p, q)
        r = (p - q) / (2 * m)  # p = m (1 + r), q = m (1 - r): what is left of near equals is exact
        return m * (torch.special.xlog1py(1 + r, r) + torch.special.xlog1py(1 - r, -r))

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        p, q = ctx.saved_tensors
        m = _mixture(p, q)
        return tuple(
            gradient * torch.where(x != 0, x / m, 1).log() if needed else None
            for x, needed in zip((p, q), ctx.needs_input_grad, strict=True)
        )


def _mixture(p, q):
    """(p + q) / 2, and 1 where it is 0, to divide by."""
    m = (p + q) / 2
    return torch.where(m != 0, m, 1)


def _kl(log_q, p, log_p=None):
    """p (log p - log q), and 0 where p = 0."""
    present = p != 0
    if log_p is None:
        log_p = torch.where(present, p, 1).log()
    # Chosen before the product: a choice after it would leave 0 * inf = NaN in the gradient.
    return p * torch.where(present, log_p - log_q, 0)
