"""Regression losses in PyTorch. Each compares predictions with targets of the same shape."""

from functools import partial

import torch
from torch import Tensor

from losslib._arguments import check_between_0_and_1, check_positive, check_reduction
from losslib.functional._checks import check_pair, check_weight
from losslib.functional._reduction import reduce


def mse_loss(
    input: Tensor, target: Tensor, *, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """Mean squared error: the squared residuals, whose best constant prediction is the mean.

        l = (input - target)²        mean: sum(w l) / sum(w)        dl/dinput = 2 (input - target)

    Shapes: input (*), target (*), weight (*) -> (), or (*) with reduction="none".

    Args:
        input: Predictions, floating point, in the target's unit. The loss is in that unit squared.
        target: Observed values.
        weight: How much each element counts, >= 0. None (the default) counts all alike. Not checked for
            its sign, which would make a GPU wait; the reference checks it.
        reduction: "mean" (default), "sum" or "none". The mean over nothing, an empty batch or
            weights that are all zero, is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, or reduction is none of the three.

    Source: Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes.
    PyTorch: torch.nn.functional.mse_loss(input, target, weight=weight); NaN over nothing.

    >>> import torch
    >>> input = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> loss = mse_loss(input, torch.tensor([0.0, 4.0]))
    >>> loss.backward()
    >>> loss.item(), input.grad
    (2.5, tensor([ 1., -2.]))
    """
    input, target, dtype = check_pair("mse_loss", input, target)
    weight = check_weight("mse_loss", weight, input)
    if weight is None:
        return _reduced_by_pytorch("mse_loss", torch.nn.functional.mse_loss, input, target, reduction).to(
            dtype
        )
    loss = torch.nn.functional.mse_loss(input, target, reduction="none")
    return reduce("mse_loss", loss, reduction, weight).to(dtype)


def rmse_loss(input: Tensor, target: Tensor) -> Tensor:
    """Root mean squared error: the typical size of a residual, in the target's unit.

        L = sqrt(mean((input - target)²))        dL/dinput = (input - target) / (n L)

    The square root has no derivative at zero: at a perfect fit the gradient is defined to be zero.
    The root is taken over the whole batch, so the mean of two batches' RMSE is not the RMSE of both.

    Shapes: input (*), target (*) -> ().

    Args:
        input: Predictions, floating point, in the target's unit, which is the loss's unit too.
        target: Observed values. An empty batch has loss 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ.

    Source: Hodson (2022), doi:10.5194/gmd-15-5481-2022.
    PyTorch: none; sqrt(torch.nn.functional.mse_loss(input, target)) has gradient NaN at a perfect fit.

    >>> import torch
    >>> input = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> loss = rmse_loss(input, torch.tensor([3.0, 4.0]))
    >>> loss.backward()
    >>> loss.item(), input.grad
    (0.0, tensor([0., 0.]))
    """
    input, target, dtype = check_pair("rmse_loss", input, target)
    mse = _reduced_by_pytorch("rmse_loss", torch.nn.functional.mse_loss, input, target, "mean")
    # Choosing 0 after the root would not do: the gradient inf of sqrt(0) times 0 is NaN.
    root = mse.where(mse > 0, 1).sqrt()
    return root.where(mse > 0, 0).to(dtype)


def mae_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Mean absolute error: the absolute residuals, whose best constant prediction is the median.

        l = |input - target|        dl/dinput = sign(input - target), zero where they are equal

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: Predictions, floating point, in the target's unit, which is the loss's unit too.
        target: Observed values.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, or reduction is none of the three.

    Source: Koenker and Bassett (1978), doi:10.2307/1913643, as the quantile loss at q = 1/2, doubled.
    PyTorch: torch.nn.functional.l1_loss(input, target); NaN over nothing.

    >>> import torch
    >>> input = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> loss = mae_loss(input, torch.tensor([0.0, 4.0]), reduction="sum")
    >>> loss.backward()
    >>> loss.item(), input.grad
    (3.0, tensor([ 1., -1.]))
    """
    input, target, dtype = check_pair("mae_loss", input, target)
    return _reduced_by_pytorch("mae_loss", torch.nn.functional.l1_loss, input, target, reduction).to(dtype)


def huber_loss(input: Tensor, target: Tensor, *, delta: float = 1.0, reduction: str = "mean") -> Tensor:
    """Quadratic near zero, linear in the tails.

        l = r²/2              where |r| <= delta,        r = input - target
            delta (|r| - delta/2) elsewhere              dl/dinput = clip(r, -delta, delta)

    Subtracting delta/2 makes both pieces and their slopes meet at |r| = delta. Large delta tends to
    half the squared error, small delta to delta times the absolute error.

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: Predictions, floating point, in the target's unit. The loss is in that unit squared.
        target: Observed values.
        delta: The residual, in the target's unit, above which an observation counts as an outlier; > 0,
            default 1.0. 1.345 standard deviations of the noise keep 95 % efficiency under normal noise.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, delta <= 0, or reduction is none of the three.

    Source: Huber (1964), doi:10.1214/aoms/1177703732.
    PyTorch: torch.nn.functional.huber_loss(input, target, delta=delta); NaN over nothing.

    >>> import torch
    >>> input = torch.tensor([0.5, 3.0], requires_grad=True)
    >>> loss = huber_loss(input, torch.zeros(2), delta=1.0, reduction="sum")
    >>> loss.backward()
    >>> loss.item(), input.grad
    (2.625, tensor([0.5000, 1.0000]))
    """
    check_positive("huber_loss", "delta", delta)
    input, target, dtype = check_pair("huber_loss", input, target)
    loss = partial(torch.nn.functional.huber_loss, delta=delta)
    return _reduced_by_pytorch("huber_loss", loss, input, target, reduction).to(dtype)


def log_cosh_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Smooth everywhere: half the square near zero, the absolute value less log 2 in the tails.

        l = log(cosh(r)),        r = input - target        dl/dinput = tanh(r)

    cosh(r) overflows float32 at |r| = 90; the loss is computed without it.

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: Predictions, floating point. The bend lies at a residual of about 1 in the target's unit,
            so scale the target first.
        target: Observed values.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, or reduction is none of the three.

    Source: Saleh and Saleh (2022), arXiv:2208.04564.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([0.0, 1.0, 1e4], requires_grad=True)
    >>> log_cosh_loss(input, torch.zeros(3), reduction="sum").backward()
    >>> input.grad
    tensor([0.0000, 0.7616, 1.0000])
    """
    input, target, dtype = check_pair("log_cosh_loss", input, target)
    loss = _LogCosh.apply(input - target)
    return reduce("log_cosh_loss", loss, reduction).to(dtype)


def quantile_loss(input: Tensor, target: Tensor, *, q: float = 0.5, reduction: str = "mean") -> Tensor:
    """Weighs shortfalls by q and excesses by 1 - q; the best constant prediction is the q-quantile.

        l = q e           where e >= 0,        e = target - input
            (q - 1) e     elsewhere            dl/dinput = -q or 1 - q, zero where e = 0

    At q = 1/2 it is half the absolute error. Also called the pinball or check loss.

    Shapes: input (*), target (*) -> (), or (*) with reduction="none".

    Args:
        input: Predictions of the q-quantile, floating point, in the target's unit, the loss's unit too.
        target: Observed values.
        q: The share of observations that should lie below the prediction; 0 < q < 1, default 0.5.
        reduction: "mean" (default), "sum" or "none". The mean over nothing is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, q is outside (0, 1), or reduction is none of the three.

    Source: Koenker and Bassett (1978), doi:10.2307/1913643.
    PyTorch: none.

    >>> import torch
    >>> input = torch.tensor([9.0, 11.0], requires_grad=True)
    >>> quantile_loss(input, torch.tensor([10.0, 10.0]), q=0.9, reduction="sum").backward()
    >>> input.grad
    tensor([-0.9000,  0.1000])
    """
    check_between_0_and_1("quantile_loss", "q", q)
    input, target, dtype = check_pair("quantile_loss", input, target)
    shortfall, excess = (target - input).relu(), (input - target).relu()  # relu: gradient 0 at 0
    loss = q * shortfall + (1 - q) * excess
    return reduce("quantile_loss", loss, reduction).to(dtype)


class _LogCosh(torch.autograd.Function):
    """log(cosh(r)) in few passes; it keeps r alone for the gradient, which can be differentiated again."""

    generate_vmap_rule = True

    @staticmethod
    def forward(r):
        near = r.clamp(-20, 20)  # beyond, log(cosh(r)) is |r| - log 2 to the last digit of float64
        far = (r - near).abs_()
        return near.div_(2).sinh_().pow_(2).mul_(2).log1p_().add_(far)  # cosh(r) - 1 = 2 sinh(r/2)²

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        (r,) = ctx.saved_tensors
        return gradient * r.tanh()


def _reduced_by_pytorch(name, loss, input, target, reduction):
    """What PyTorch's own loss gives, but that its mean over nothing is 0 instead of NaN."""
    check_reduction(name, reduction)
    if reduction == "mean" and input.numel() == 0:
        reduction = "sum"
    return loss(input, target, reduction=reduction)
