"""Tasks on divergences, optimal transport and features."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from scipy.integrate import quad
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance
from torch.distributions import Normal, kl_divergence

from losslib import reference as R
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.checks.calls import Call
from losslib.locales import tr


@task("exponential_kl")
def exponential_kl(answer: Answer, draw: np.random.Generator) -> None:
    """KL between exponential densities of the rates a and b: `exponential_kl(a, b)`, in NumPy."""

    def divergence(a: float, b: float) -> float:
        return quad(lambda x: a * np.exp(-a * x) * (np.log(a / b) - (a - b) * x), 0, np.inf)[0]

    hint = tr("The average is over the distribution that is named first.")
    answer.returns(divergence(1.0, 0.5), 1.0, 0.5, hint=hint)
    for _ in range(5):
        a, b = draw.uniform(0.2, 5, 2)
        answer.returns(divergence(a, b), a, b, rtol=1e-4, hint=hint)
    rates = draw.uniform(0.2, 5, (2, 7))
    answer.returns([divergence(a, b) for a, b in rates.T], *rates, rtol=1e-4)


@task("sliced_w1")
def sliced_w1(answer: Answer, draw: np.random.Generator) -> None:
    """The mean of W₁ over projections: `sliced_w1(u, v, directions)`, (n, d), (n, d), (k, d), in NumPy."""
    first = np.array([[0.0, 0], [4, 0]]), np.array([[5.0, 0], [1, 0]]), np.array([[1.0, 0]])
    answer.returns(1.0, *first, hint=tr("Match the projected points in order, and take the mean."))
    for n, d, k in ((1, 2, 1), (4, 3, 2), (60, 5, 20)):
        u, v, directions = (draw.normal(size=(count, d)) for count in (n, n, k))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        expected = np.mean([wasserstein_distance(u @ w, v @ w) for w in directions])
        answer.returns(expected, u, v, directions, hint=tr("Every direction has an order of its own."))


@task("unit_distance")
def unit_distance(answer: Answer, draw: np.random.Generator) -> None:
    """Mean squared distance of channel vectors of length 1: `unit_distance(x, y)`, (N, C, H, W) -> (N,), in PyTorch."""
    x, y = torch.tensor([[[[3.0]], [[4.0]]]]), torch.tensor([[[[5.0]], [[0.0]]]])
    answer.returns([0.8], x, y, hint=tr("At every position the vector of channels is scaled to length 1."))
    for shape in ((1, 3, 1, 4), (3, 5, 4, 6)):
        x, y = (torch.tensor(draw.normal(size=shape), requires_grad=True) for _ in range(2))
        expected = (2 - 2 * torch.cosine_similarity(x, y, dim=1)).mean((1, 2))
        hint = tr("Sum over the channels, take the mean over the positions of each image.")
        answer.returns(expected, x.detach(), y.detach(), hint=hint)
        (slope,) = torch.autograd.grad(expected.sum(), x)
        answer.has_gradient(slope, x.detach(), y.detach())
    x, y = torch.zeros(1, 2, 1, 2), torch.tensor([[[[3.0, 0.0]], [[4.0, 0.0]]]])
    answer.returns([0.5], x, y, hint=tr("A vector of zeros stays as it is."))


# Coursework


@task("generative_kl_value")
def kl_value(answer: Answer, draw: np.random.Generator) -> None:
    """KL of two histograms of counts, in bits: `kl_bits(p_counts, q_counts)`, (C,), (C,), in NumPy."""
    hint = tr("The average is over the first histogram, and the logarithm has base 2.")
    answer.returns(1 - np.log2(3) / 2, np.array([1, 1]), np.array([1, 3]), hint=hint)
    for bins in (2, 5, 50):
        p, q = draw.integers(1, 100, (2, bins))
        answer.returns(_bits(p, q), p, q, hint=tr("Divide each histogram by its own sum."))


@task("generative_kl_zeros")
def kl_zeros(answer: Answer, draw: np.random.Generator) -> None:
    """The same where bins are empty."""
    nothing = tr("A bin that is empty in the first histogram contributes nothing.")
    answer.returns(1.0, np.array([2, 0]), np.array([1, 1]), hint=nothing)
    answer.returns(0.0, np.array([1, 0, 1]), np.array([2, 0, 2]), hint=nothing)
    impossible = tr("What happens and was held impossible costs infinitely much.")
    answer.returns(np.inf, np.array([1, 1]), np.array([2, 0]), hint=impossible)
    p, q = draw.integers(1, 100, (2, 20))
    p[::3] = 0
    answer.returns(_bits(p, q), p, q, hint=nothing)
    answer.returns(np.inf, q, p, hint=impossible)


def _bits(p: np.ndarray, q: np.ndarray) -> float:
    pairs = zip(p / p.sum(), q / q.sum(), strict=True)
    return sum(a * np.log2(a / b) for a, b in pairs if a > 0)


@task("generative_prior_value")
def prior_value(answer: Answer, draw: np.random.Generator) -> None:
    """KL of Gaussians: `gaussian_kl(mu, logvar, prior_mu, prior_logvar)`, all (N, D), in NumPy."""
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    hint = tr("Half the squared distance of the means is expected here.")
    answer.returns(0.5, one, zero, zero, zero, hint=hint)
    hint = tr("The average is over the distribution that is named first.")
    answer.returns((3 - np.log(4)) / 2, zero, np.log(4) * one, zero, zero, hint=hint)
    hint = tr("The distance of the means is measured in standard deviations of the prior.")
    answer.returns((np.log(4) - 0.5) / 2, one, zero, zero, np.log(4) * one, hint=hint)
    for shape in ((1, 3), (4, 1), (30, 8)):
        arguments = draw.normal(size=(4, *shape))
        hint = tr("Sum over the features, take the mean over the samples.")
        answer.returns(_gaussian(*map(torch.tensor, arguments)), *arguments, hint=hint)


@task("generative_prior_limits")
def prior_limits(answer: Answer, draw: np.random.Generator) -> None:
    """The same for variances that nearly agree, or that float64 cannot hold."""
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    hint = tr("Nearly equal variances must not be lost to rounding.")
    answer.returns(2.5e-15, zero, 1e-7 * one, zero, zero, rtol=1e-4, atol=0, hint=hint)
    gap, centre = draw.uniform(-2e-7, 2e-7, (5, 3)), draw.normal(size=(5, 3))
    arguments = centre, 3 + gap, centre, np.full((5, 3), 3.0)
    answer.returns((gap**2).sum() / 20, *arguments, rtol=1e-4, atol=0, hint=hint)
    hint = tr("The ratio of the variances is finite, although they are not.")
    answer.returns((math.e - 2) / 2, zero, 801 * one, zero, 800 * one, hint=hint)


@task("generative_prior_gradient")
def prior_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Its four gradients: `gaussian_kl_gradient(mu, logvar, prior_mu, prior_logvar)` -> four arrays (N, D)."""
    for shape in ((1, 1), (1, 3), (30, 8)):
        arguments = draw.normal(size=(4, *shape))
        leaves = [torch.tensor(a, requires_grad=True) for a in arguments]
        slopes = np.stack(torch.autograd.grad(_gaussian(*leaves), leaves))
        hint = tr("In the order of the arguments; the loss is a mean over the samples.")
        answer.returns(slopes, *arguments, hint=hint)


def _gaussian(mu, logvar, prior_mu, prior_logvar):
    one, other = Normal(mu, (logvar / 2).exp()), Normal(prior_mu, (prior_logvar / 2).exp())
    return kl_divergence(one, other).sum(1).mean()


@task("generative_distillation_value")
def distillation_value(answer: Answer, draw: np.random.Generator) -> None:
    """T² KL of softened classes: `distillation(student, teacher, temperature)`, (B, L, C) -> (), in PyTorch."""
    student, teacher = torch.tensor([[[0.0, 0.0]]]), torch.tensor([[[2.0, 0.0]]])
    hint = tr("The sum over the classes of t (ln t − ln s) is expected here, t the teacher's probabilities.")
    answer.returns(_softened(student, teacher, 1.0)[0], student, teacher, 1.0, hint=hint)
    hint = tr("Divide the logits by T, and multiply the divergence by T².")
    answer.returns(_softened(student, teacher, 2.0)[0], student, teacher, 2.0, hint=hint)
    for shape in ((1, 1, 4), (1, 5, 3), (3, 1, 3), (4, 6, 10)):
        student, teacher = _logits(draw, shape)
        hint = tr("Sum over the classes, take the mean over batch and positions.")
        answer.returns(_softened(student, teacher, 4.0)[0], student, teacher, 4.0, hint=hint)


@task("generative_distillation_masked")
def distillation_masked(answer: Answer, draw: np.random.Generator) -> None:
    """The same with classes that both exclude by a logit of -inf."""
    hint = tr("A class that both exclude counts nothing.")
    student, teacher = torch.tensor([[[0.0, 0.0, -torch.inf]]]), torch.tensor([[[2.0, 0.0, -torch.inf]]])
    _distilled(answer, student, teacher, 1.0, hint=hint)
    student, teacher = _logits(draw, (3, 4, 6))
    excluded = torch.tensor(draw.random((3, 4, 6)) < 0.3)
    excluded[..., 0] = False
    student, teacher = (z.masked_fill(excluded, -torch.inf) for z in (student, teacher))
    _distilled(answer, student, teacher, 3.0, hint=hint)


@task("generative_distillation_gradient")
def distillation_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Its gradient: to the student, and none to the teacher."""
    for shape in ((1, 1, 2), (2, 3, 5)):
        student, teacher = _logits(draw, shape)
        _distilled(answer, student, teacher, 2.0)
        slope = answer.call(Call((student, teacher, 2.0), wrt=1)).gradient
        require(slope is None or not slope.any(), tr("No gradient may flow to argument {n}.", n=2))


def _distilled(answer: Answer, *arguments, hint: str = "") -> None:
    value, slope = _softened(*arguments)
    answer.returns(value, *arguments, hint=hint)
    answer.has_gradient(slope, *arguments, hint=hint)


def _logits(draw: np.random.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.tensor(3 * draw.normal(size=(2, *shape)))


def _softened(student: torch.Tensor, teacher: torch.Tensor, T: float) -> tuple[float, np.ndarray]:
    """The loss and its gradient with respect to the student, class by class."""
    s, t = ((z.double() / T).softmax(-1).numpy() for z in (student, teacher))
    loss = sum(t[i] * np.log(t[i] / s[i]) for i in np.ndindex(t.shape) if t[i] > 0)
    positions = t.size // t.shape[-1]
    return T**2 * loss / positions, T * (s - t) / positions


@task("generative_clock_value")
def clock_value(answer: Answer, draw: np.random.Generator) -> None:
    """W₁ round the clock: `clock_w1(u, v, u_weights, v_weights)`, (n,), (m,), (n,), (m,), in NumPy; by day."""
    hint = tr("Half of the mass moves by two hours, half by three.")
    answer.returns(2.5, np.array([8.0]), np.array([10.0, 11.0]), np.ones(1), np.ones(2), hint=hint)
    for n, m in ((2, 2), (3, 5), (40, 30)):
        u, v = draw.uniform(6, 17, n).round(), draw.uniform(6, 17, m)
        weights = draw.uniform(0.5, 3, n), draw.uniform(0.5, 3, m)
        weights[1][0] = 0
        hint = tr("Divide by the sum of the weights.")
        answer.returns(wasserstein_distance(u, v, *weights), u, v, *weights, hint=hint)


@task("generative_clock_midnight")
def clock_midnight(answer: Answer, draw: np.random.Generator) -> None:
    """The same for all hours."""
    hint = tr("Mass may take the shorter way round, across midnight.")
    answer.returns(2.0, np.array([23.0]), np.array([1.0]), np.ones(1), np.ones(1), hint=hint)
    for n, m in ((2, 2), (3, 5), (8, 6)):
        u, v = draw.uniform(0, 24, n), draw.uniform(0, 24, m)
        counts = draw.integers(1, 4, n), draw.integers(1, 4, m)
        expected = _round_the_clock(u, v, *counts)
        weights = counts[0] * 1.5, counts[1] * 0.5
        for later in (0, 7, 16):
            answer.returns(expected, (u + later) % 24, (v + later) % 24, *weights, hint=hint)


def _round_the_clock(u: np.ndarray, v: np.ndarray, u_counts: np.ndarray, v_counts: np.ndarray) -> float:
    """The best assignment of samples in which every hour stands as often as its weight says."""
    u, v = np.repeat(u, u_counts * v_counts.sum()), np.repeat(v, v_counts * u_counts.sum())
    gaps = np.abs(u[:, None] - v)
    gaps = np.minimum(gaps, 24 - gaps)
    return gaps[linear_sum_assignment(gaps)].mean()


@task("generative_style_value")
def style_value(answer: Answer, draw: np.random.Generator) -> None:
    """Squared distance of Gram matrices: `style_loss(features, style)`, (N, C, H, W) twice -> (N,), in PyTorch."""
    features, style = torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[1.0]]]])
    hint = tr("Divide each Gram matrix by its own C L, and sum over the pairs of channels.")
    answer.returns([2.25], features, style, hint=hint)
    for n, c, size, other in ((1, 3, (2, 2), (2, 2)), (3, 4, (5, 6), (2, 3))):
        features, style = (torch.tensor(draw.normal(1, 1, (n, c, *axes))) for axes in (size, other))
        answer.returns(_style(features, style), features, style, rtol=1e-4, hint=hint)
    features, style = (torch.tensor(draw.uniform(0, most, (2, 8, 32, 32))).half() for most in (100, 90))
    hint = tr("Features in half precision must not overflow: compute in float32.")
    answer.returns(_style(features, style), features, style, rtol=1e-3, hint=hint)


@task("generative_style_gradient")
def style_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Its gradient with respect to the features."""
    for n, c, size, other in ((1, 1, (1, 2), (1, 1)), (2, 3, (4, 5), (3, 2))):
        features, style = (torch.tensor(draw.normal(1, 1, (n, c, *axes))) for axes in (size, other))
        (slope,) = torch.autograd.grad(_style(features.requires_grad_(), style).sum(), features)
        answer.has_gradient(slope, features.detach(), style, rtol=1e-4, atol=1e-5)


def _style(*maps: torch.Tensor) -> torch.Tensor:
    one, other = (torch.einsum("nchw,ndhw->ncd", m, m) / m[0].numel() for m in (m.double() for m in maps))
    return (one - other).square().sum((1, 2))


@task("generative_drift_slopes")
def drift_slopes(answer: Answer, draw: np.random.Generator) -> None:
    """The slopes of KL, JS and W₁ at the shifts 0 and 2: an array (2, 3)."""
    slopes = answer.array(2, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.array([(_at(shift + 0.25) - _at(shift - 0.25)) / 0.5 for shift in (0, 2)])
    for name, got, right in zip(("KL", "JS", "W₁"), slopes.T, expected.T, strict=True):
        message = tr("{got} are not the slopes of {name}.", got=got.round(4), name=name)
        require(np.allclose(got, right, atol=1e-4, equal_nan=True), message)


@task("generative_drift_choice")
def drift_choice(choice: Answer, shift: Answer, draw: np.random.Generator) -> None:
    """The loss that leads back from the shift 0, "kl", "js" or "w1", and the shift at which W₁ is least."""
    word, found = choice.word("kl", "js", "w1"), shift.number()
    require(word == "w1", tr("{name} has no slope at the start that could be followed.", name=word.upper()))
    with np.errstate(divide="ignore"):
        got, *others = (_at(s)[2] for s in (found, *np.arange(2, 4, 0.01)))
    numbers = {"got": f"{got:.4f}", "least": f"{min(others):.4f}"}
    require(got < 1.03 * min(others), tr("W₁ is {got} there; it can be brought down to {least}.", **numbers))


def _at(shift: float) -> np.ndarray:
    """KL, JS and W₁ between the right values and the drifted ones, shifted."""
    right, drifted = _drift()
    p, q = (np.histogram(x, np.arange(-16, 41) / 4)[0] / len(x) for x in (right, drifted + shift))
    divergences = R.kl_div_loss(np.log([q]), [p]), R.js_div_loss([p], [q])
    return np.array([*divergences, R.wasserstein_1d(right, drifted + shift)], dtype=float)


@cache
def _drift() -> tuple[np.ndarray, np.ndarray]:
    """Flavanoids of 30 wines, and of 29 others as an instrument shows them whose zero has drifted by -3."""
    from sklearn.datasets import load_wine

    wine = load_wine()
    flavanoids = wine.data[wine.target == 0, wine.feature_names.index("flavanoids")]
    return flavanoids[:30], flavanoids[30:] - 3
