"""Optimal transport in NumPy. What it costs to move one distribution onto another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from losslib._arguments import check_at_least_1, check_positive, check_samples, check_transport
from losslib.reference._checks import check_floats, check_weight
from losslib.reference._reduction import reduce
from losslib.reference._types import Loss


def wasserstein_1d(
    u_values: ArrayLike,
    v_values: ArrayLike,
    u_weights: ArrayLike | None = None,
    v_weights: ArrayLike | None = None,
    *,
    p: float = 1,
) -> Loss:
    """The cheapest way to move one sample on the line onto another, a move over d costing dᵖ.

        L = W_pᵖ = ∫₀¹ |Q_u(t) - Q_v(t)|ᵖ dt,        Q the quantile functions of the samples
        L = mean_i |u₍ᵢ₎ - v₍ᵢ₎|ᵖ for n = m without weights: the sorted samples are matched in order

    For p = 1 it is the area between the two cumulative distribution functions, and its gradient is ±1/n
    however far apart the samples are. The distance W_p itself is the p-th root.

    Shapes: u_values (n,), v_values (m,), u_weights (n,), v_weights (m,) -> ().

    Args:
        u_values: Positions of the first sample, floating point.
        v_values: Positions of the second, in the same unit; the loss is in that unit to the power p.
        u_weights: How much each of the first counts, >= 0; divided by their sum. None (the default) counts all
            alike. A histogram has its bins as values and its heights here.
        v_weights: Likewise for the second.
        p: The power of the distance, >= 1, default 1.

    Raises:
        TypeError: u_values or v_values is not floating point.
        ValueError: A sample is not (n,) or only one of the two is empty (both: 0), weights have another shape than
            their values, are negative or all zero, or p < 1.

    Source: Vallender (1974), doi:10.1137/1118101; Peyré and Cuturi (2019), doi:10.1561/2200000073, section 2.6.
    PyTorch: none.

    >>> float(wasserstein_1d([0.0, 1.0, 3.0], [5.0, 6.0, 8.0]))
    5.0
    >>> float(wasserstein_1d([0.0, 1.0], [0.0, 1.0], [0.2, 0.8], [0.8, 0.2]).round(4))
    0.6
    """
    check_at_least_1("wasserstein_1d", "p", p)
    u, v, dtype = check_floats("wasserstein_1d", u_values=u_values, v_values=v_values)
    check_samples("wasserstein_1d", u.shape, v.shape)
    u, u_levels = _quantiles(u, _check_mass("wasserstein_1d", u_weights, u, "u_weights"))
    v, v_levels = _quantiles(v, _check_mass("wasserstein_1d", v_weights, v, "v_weights"))
    levels = np.sort(np.concatenate([u_levels, v_levels]))
    width = np.diff(levels, prepend=0)  # between two levels both quantile functions are constant
    t = levels - width / 2
    gap = u[np.searchsorted(u_levels, t)] - v[np.searchsorted(v_levels, t)]
    return (width * np.abs(gap) ** p).sum().astype(dtype)


def sinkhorn_plan(a: ArrayLike, b: ArrayLike, cost: ArrayLike, *, reg: float) -> np.ndarray:
    """Who sends how much to whom when moving is cheap and, by entropy, spread out.

        P = argmin ⟨P, C⟩ + reg Σ_ij P_ij log(P_ij / (a_i b_j))        over P >= 0 with P 1 = a, Pᵀ 1 = b
        P_ij = a_i b_j exp((f_i + g_j - C_ij) / reg),        C = cost

    Sinkhorn's iteration chooses f so that the rows are right, then g so that the columns are, and again.
    Small reg tends to the cheapest plan, large reg to the independent one, a bᵀ.

    Shapes: a (n,), b (m,), cost (n, m) -> (n, m).

    Args:
        a: What each of n sources holds, >= 0, floating point; divided by its sum.
        b: What each of m sinks takes, >= 0; divided by its sum.
        cost: Of moving one unit from source to sink.
        reg: Weight of the entropy, in the unit of the cost; > 0. The iteration ends when the marginals
            are right to 1e-11, or after 100 000 steps; at a thousandth of the range of the costs thousands are usual.

    Raises:
        TypeError: a, b or cost is not floating point.
        ValueError: The shapes do not match or are empty, a or b is negative somewhere, or reg <= 0.

    Source: Cuturi (2013), arXiv:1306.0895.
    PyTorch: none.

    >>> cost = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> sinkhorn_plan([0.5, 0.5], [0.25, 0.75], cost, reg=0.01).round(4)
    array([[0.25, 0.25],
           [0.  , 0.5 ]])
    >>> sinkhorn_plan([0.5, 0.5], [0.25, 0.75], cost, reg=100.0).round(3)
    array([[0.126, 0.374],
           [0.124, 0.376]])
    """
    a, b, cost, dtype = _check_problem("sinkhorn_plan", a, b, cost, reg)
    return _plan(a, b, cost, reg).astype(dtype)


def sinkhorn_cost(a: ArrayLike, b: ArrayLike, cost: ArrayLike, *, reg: float) -> Loss:
    """The transport cost of the plan that entropy has spread out; the entropy itself is not counted.

        L = ⟨P, C⟩ = Σ_ij P_ij C_ij,        P = sinkhorn_plan(a, b, cost, reg=reg)

    It is never below the cost of the cheapest plan, and tends to it for small reg. Spreading also keeps it
    above zero for two equal distributions.

    Shapes: a (n,), b (m,), cost (n, m) -> ().

    Args:
        a: What each of n sources holds, >= 0, floating point; divided by its sum.
        b: What each of m sinks takes, >= 0; divided by its sum.
        cost: Of moving one unit from source to sink; the loss is in its unit.
        reg: Weight of the entropy, in the unit of the cost; > 0. How small it may be `sinkhorn_plan` says.

    Raises:
        TypeError: a, b or cost is not floating point.
        ValueError: The shapes do not match or are empty, a or b is negative somewhere, or reg <= 0.

    Source: Cuturi (2013), arXiv:1306.0895.
    PyTorch: none.

    >>> cost = np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> [float(sinkhorn_cost([0.5, 0.5], [0.25, 0.75], cost, reg=reg).round(4)) for reg in (0.01, 1.0)]
    [0.25, 0.337]
    """
    a, b, cost, dtype = _check_problem("sinkhorn_cost", a, b, cost, reg)
    return (_plan(a, b, cost, reg) * cost).sum().astype(dtype)


def wgan_critic_loss(real: ArrayLike, fake: ArrayLike) -> Loss:
    """What a Wasserstein critic minimises: it is to score the real above the generated.

        L = mean(fake) - mean(real)        dL/dfake = 1/m        dL/dreal = -1/n

    -L is the critic's estimate of W₁ between the two, times the Lipschitz constant that something else has to
    hold at 1. The scores are no probabilities: the critic ends without a sigmoid, and L has no lower bound.

    Shapes: real (*), fake (*), which may differ -> ().

    Args:
        real: The critic's scores of real samples, floating point.
        fake: Its scores of generated ones; the generator's part in them is to be detached. The mean over
            nothing is 0.

    Raises:
        TypeError: real or fake is not floating point.

    Source: Arjovsky, Chintala and Bottou (2017), arXiv:1701.07875.
    PyTorch: none.

    >>> float(wgan_critic_loss([2.0, 4.0], [1.0, -1.0]))
    -3.0
    """
    real, fake, dtype = check_floats("wgan_critic_loss", real=real, fake=fake)
    return (reduce("wgan_critic_loss", fake, "mean") - reduce("wgan_critic_loss", real, "mean")).astype(dtype)


def wgan_generator_loss(fake: ArrayLike) -> Loss:
    """What the generator minimises against a Wasserstein critic: its samples are to score high.

        L = -mean(fake)        dL/dfake = -1/m

    Shapes: fake (*) -> ().

    Args:
        fake: The critic's scores of generated samples, floating point. The mean over nothing is 0.

    Raises:
        TypeError: fake is not floating point.

    Source: Arjovsky, Chintala and Bottou (2017), arXiv:1701.07875.
    PyTorch: none.

    >>> float(wgan_generator_loss([1.0, -3.0]))
    1.0
    """
    fake, dtype = check_floats("wgan_generator_loss", fake=fake)
    return (-reduce("wgan_generator_loss", fake, "mean")).astype(dtype)


def _quantiles(values, weights):
    """The sorted values, and the share of the mass that lies at or below each."""
    order = np.argsort(values)
    mass = np.cumsum(weights[order])
    return values[order], mass / mass[-1:]


def _plan(a, b, cost, reg):
    log_a, log_b = (np.log(np.maximum(x, np.finfo(x.dtype).tiny)) for x in (a[:, None], b))
    g, t = np.zeros_like(b), max(np.ptp(cost), reg)
    for _ in range(100_000):
        t = max(t / 2, reg)  # a high temperature first: from a good start the low one takes fewer steps
        f = -t * np.logaddexp.reduce(log_b + (g - cost) / t, axis=1, keepdims=True)
        g = -t * np.logaddexp.reduce(log_a + (f - cost) / t, axis=0)
        plan = np.exp(log_a + log_b + (f + g - cost) / t)
        if t == reg and np.abs(plan.sum(axis=1) - a).sum() < 1e-11:
            break
    return plan


def _check_problem(name, a, b, cost, reg):
    check_positive(name, "reg", reg)
    a, b, cost, dtype = check_floats(name, a=a, b=b, cost=cost)
    check_transport(name, a.shape, b.shape, cost.shape)
    a, b = (check_weight(name, x, x, argument) for argument, x in (("a", a), ("b", b)))
    return *(x.astype(float) / (x.sum(dtype=float) or 1) for x in (a, b)), cost.astype(float), dtype


def _check_mass(name, weights, values, argument):
    """Weights like the values, all 1 where none were given, that are not all zero."""
    if weights is None:
        return np.ones_like(values)
    weights = check_weight(name, weights, values, argument)
    if weights.size and not weights.any():
        raise ValueError(f"{name}: expected {argument} that are not all 0")
    return weights
