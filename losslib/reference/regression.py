"""Regression losses in NumPy. Each compares predictions with targets of the same shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_between_0_and_1, check_positive
from losslib.reference._checks import check_pair, check_weight
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def mse_loss(
    input: ArrayLike, target: ArrayLike, *, weight: ArrayLike | None = None, reduction: str = "mean"
) -> Loss:
    """Mean squared error: the squared residuals, whose best constant prediction is the mean.

        l = (input - target)²        mean: sum(w l) / sum(w)        dl/dinput = 2 (input - target)

    Shapes: input (*), target (*), weight (*) -> (), or (*) with reduction="none".

    Args:
        input: Predictions, floating point, in the target's unit. The loss is in that unit squared.
        target: Observed values.
        weight: How much each element counts, >= 0. None (the default) counts all alike.
        reduction: "mean" (default), "sum" or "none". The mean over nothing, an empty batch or
            weights that are all zero, is 0.

    Raises:
        TypeError: input is not floating point.
        ValueError: The shapes differ, a weight is negative, or reduction is none of the three.

    Source: Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes.
    PyTorch: torch.nn.functional.mse_loss(input, target, weight=weight); NaN over nothing.

    >>> float(mse_loss([1.0, 2.0], [0.0, 4.0]))
    2.5
    >>> float(mse_loss([1.0, 2.0], [0.0, 4.0], weight=[3.0, 1.0]))
    1.75
    """
    input, target, dtype = check_pair("mse_loss", input, target)
    weight = check_weight("mse_loss", weight, input)
    loss = (input - target) ** 2
    return reduce("mse_loss", loss, reduction, weight).astype(dtype)


def rmse_loss(input: ArrayLike, target: ArrayLike) -> Loss:
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

    >>> float(rmse_loss([3.0, 4.0], [0.0, 8.0])) == 12.5**0.5
    True
    >>> float(rmse_loss([3.0, 4.0], [3.0, 4.0]))
    0.0
    """
    input, target, dtype = check_pair("rmse_loss", input, target)
    loss = (input - target) ** 2
    return np.sqrt(reduce("rmse_loss", loss, "mean")).astype(dtype)


def mae_loss(input: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Loss:
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

    >>> float(mae_loss([1.0, 2.0], [0.0, 4.0]))
    1.5
    """
    input, target, dtype = check_pair("mae_loss", input, target)
    loss = np.abs(input - target)
    return reduce("mae_loss", loss, reduction).astype(dtype)


def huber_loss(input: ArrayLike, target: ArrayLike, *, delta: float = 1.0, reduction: str = "mean") -> Loss:
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

    >>> huber_loss([0.5, 3.0], [0.0, 0.0], delta=1.0, reduction="none")
    array([0.125, 2.5  ])
    """
    check_positive("huber_loss", "delta", delta)
    input, target, dtype = check_pair("huber_loss", input, target)
    r = np.abs(input - target)
    loss = np.where(r <= delta, r**2 / 2, delta * (r - delta / 2))
    return reduce("huber_loss", loss, reduction).astype(dtype)


def log_cosh_loss(input: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Loss:
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

    >>> log_cosh_loss([0.1, 1.0, 1e4], [0.0, 0.0, 0.0], reduction="none").round(3)
    array([5.000000e-03, 4.340000e-01, 9.999307e+03])
    """
    input, target, dtype = check_pair("log_cosh_loss", input, target)
    r = input - target
    loss = np.logaddexp(r, -r) - np.log(2)  # cosh(r) = (exp(r) + exp(-r)) / 2
    return reduce("log_cosh_loss", loss, reduction).astype(dtype)


def quantile_loss(input: ArrayLike, target: ArrayLike, *, q: float = 0.5, reduction: str = "mean") -> Loss:
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

    >>> quantile_loss([9.0, 11.0], [10.0, 10.0], q=0.9, reduction="none").round(3)
    array([0.9, 0.1])
    """
    check_between_0_and_1("quantile_loss", "q", q)
    input, target, dtype = check_pair("quantile_loss", input, target)
    e = target - input
    loss = np.maximum(q * e, (q - 1) * e)
    return reduce("quantile_loss", loss, reduction).astype(dtype)
