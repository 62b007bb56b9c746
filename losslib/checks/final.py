"""Tasks of the assignment over the whole book, but for the measurements."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit, softmax
from torch import Tensor

from losslib.checks import task
from losslib.checks.answers import Answer, require, short
from losslib.locales import tr

RATINGS = np.array([4, 4, 0, 3, 4, 2, 4, 3, 0, 4, 1, 4])


@task("final_late_shape")
def late_shape(answer: Answer, draw: np.random.Generator) -> None:
    """A loss with given properties: `late_loss(residual)`, in NumPy. It is 0 at 0, positive elsewhere, and convex."""
    answer.returns([0.0], np.zeros(1), hint=tr("A delivery at the promised minute costs nothing."))
    residual = np.concatenate([draw.uniform(-6, 6, 200), draw.uniform(-500, 500, 200)])
    _finite(answer(residual), residual)
    require((answer(residual) > 0).all(), tr("Every deviation from the promise costs something."))
    one, other = residual, draw.permutation(residual)
    middle, chord = answer((one + other) / 2), (answer(one) + answer(other)) / 2
    for i in np.flatnonzero(middle > chord + 1e-9)[:1]:
        ends = {"a": short(float(one[i])), "b": short(float(other[i]))}
        require(False, tr("Not convex: halfway between {a} and {b} the loss is above its chord.", **ends))


@task("final_late_slopes")
def late_slopes(answer: Answer, draw: np.random.Generator) -> None:
    """Beyond five minutes a further minute of `late_loss(residual)` costs 3 if late and 1 if early."""
    for start in (5.0, *draw.uniform(5, 1000, 5)):
        for sign, price in ((1, 3), (-1, 1)):
            ends = sign * np.array([start, start + 1])
            at = answer(ends)
            _finite(at, ends)
            growth = float(at[1] - at[0])
            where = {"a": short(float(ends[0])), "b": short(float(ends[1])), "got": short(growth)}
            message = tr(
                "From {a} to {b} the loss grows by {got}; expected {expected}.", expected=price, **where
            )
            require(abs(growth - price) < 1e-6, message)


@task("final_late_smooth")
def late_smooth(answer: Answer, draw: np.random.Generator) -> None:
    """The slope of `late_loss(residual)` never changes by more than 3 per minute."""
    step = 1e-3
    residual = np.arange(-8, 8, step) + draw.uniform(0, step)
    loss = answer(residual)
    _finite(loss, residual)
    bend = np.diff(loss, 2) / step**2
    worst = int(np.abs(bend).argmax())
    where = {"place": f"{residual[worst + 1]:.3f}", "bend": f"{bend[worst]:.3g}"}
    message = tr(
        "Near {place} the slope changes at a rate of {bend} per minute; at most 3 is allowed.", **where
    )
    require(abs(bend[worst]) < 3.01, message)


@task("final_late_quantile")
def late_quantile(answer: Answer, draw: np.random.Generator) -> None:
    """The quantile that the best constant promise comes near to: `quantile`."""
    got = answer.number()
    require(0 < got < 1, tr("A quantile's level lies between 0 and 1, got {got}.", got=short(got)))
    require(
        abs(got - 0.75) < 1e-3, tr("At the best promise the slopes of all late and all early ones cancel.")
    )


@task("final_overlap_value")
def overlap_value(answer: Answer, draw: np.random.Generator) -> None:
    """BCE plus weighted Dice: `overlap_loss(logits, target, weight)`, in PyTorch, with its gradient."""
    hint = tr("Dice is per picture, then averaged; BCE is the mean over all pixels.")
    _overlap_case(
        answer, torch.tensor([[0.0, 2.0], [-1.0, 0.5]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]]), 0.5, hint
    )
    for size in ((1, 6), (5, 40)):
        logits = torch.tensor(draw.normal(0, 2, size))
        target = torch.tensor((draw.uniform(size=size) < 0.3).astype(float))
        for weight in (0.0, 1.0, 3.5):
            _overlap_case(answer, logits, target, weight, hint)


@task("final_overlap_large")
def overlap_large(answer: Answer, draw: np.random.Generator) -> None:
    """`overlap_loss(logits, target, weight)` with logits up to ±10⁴, and with empty masks."""
    hint = tr("Large logits must not overflow.")
    for sign in (1.0, -1.0):
        logits = sign * torch.tensor([[1e4, -1e4, 200.0, -200.0]], dtype=torch.float64)
        _overlap_case(answer, logits, torch.tensor([[1.0, 0.0, 1.0, 0.0]], dtype=torch.float64), 1.0, hint)
    empty = torch.tensor(draw.normal(size=(3, 10)))
    _overlap_case(answer, empty, torch.zeros_like(empty), 2.0, tr("An empty mask has a Dice loss, too."))


@task("final_overlap_balance")
def overlap_balance(answer: Answer, draw: np.random.Generator) -> None:
    """The weight at which both terms pull as hard: `equal_pull(logits, target)`, in PyTorch."""
    hint = tr("Compare the norms of the gradients with respect to the logits, not the values.")
    cases = [(torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]]))]
    for n, m, share in ((1, 12, 0.5), (4, 60, 0.1), (3, 400, 0.02)):
        logits = torch.tensor(draw.normal(-1, 2, (n, m)))
        cases.append((logits, torch.tensor((draw.uniform(size=(n, m)) < share).astype(float))))
    for logits, target in cases:
        by_bce, by_dice = (np.linalg.norm(g) for g in _overlap_gradients(logits.numpy(), target.numpy()))
        answer.returns(by_bce / by_dice, logits, target, hint=hint)


@task("final_total_value")
def total_value(answer: Answer, draw: np.random.Generator) -> None:
    """Losses weighed by their noise: `weighted_total(losses, log_variance, factor)`, in PyTorch."""
    hint = tr("The term s / 2 has no factor, and the sum is not a mean.")
    for k in (2, 2, 7):
        losses, s, factor = _noises(draw, k)
        expected = sum(c * loss / np.exp(v) + v / 2 for loss, v, c in zip(losses, s, factor, strict=True))
        answer.returns(expected, *map(torch.tensor, (losses, s, factor)), hint=hint)


@task("final_total_gradient")
def total_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradients of `weighted_total(losses, log_variance, factor)` by losses and by log-variances."""
    hint = tr("The gradient must flow through this number to the losses and to the log-variances.")
    for k in (2, 7):
        losses, s, factor = _noises(draw, k)
        weight = factor * np.exp(-s)
        tensors = [torch.tensor(part) for part in (losses, s, factor)]
        for wrt, expected in enumerate((weight, 0.5 - weight * losses)):
            answer.has_gradient(expected, *tensors, wrt=wrt, hint=hint)


@task("final_total_best")
def total_best(answer: Answer, draw: np.random.Generator) -> None:
    """The log-variances that minimise the total: `best_log_variance(losses, factor, lowest)`, in PyTorch."""
    hint = tr("Set the derivative by s to zero, then see to the lower limit.")
    cases = [([2.0, 0.5], [0.5, 1.0]), ([0.0, 3.0], [0.5, 1.0])]
    cases += [(list(draw.exponential(2, 6)), list(draw.choice([0.5, 1.0], 6)))]
    for losses, factor in cases:
        for lowest in (-6.0, -0.5):
            best = [
                max(np.log(max(2 * c * loss, 1e-300)), lowest) for loss, c in zip(losses, factor, strict=True)
            ]
            answer.returns(best, torch.tensor(losses), torch.tensor(factor), lowest, hint=hint)


@task("final_total_units")
def total_units(answer: Answer, draw: np.random.Generator) -> None:
    """By how much the best total grows if one loss is a thousand times as large: `growth`."""
    message = tr("Put the best log-variance into the total: what does it do with a factor of 1000?")
    require(abs(answer.number() - np.log(1000) / 2) < 1e-3, message)


@task("final_grades_value")
def grades_value(answer: Answer, draw: np.random.Generator) -> None:
    """The ranked probability score: `ranked_probability(logits, grade)`, in PyTorch."""
    hint = tr("Compare the cumulated probabilities with a step from 0 to 1 at the grade.")
    answer.returns(*_grades_case(np.log([[0.5, 0.25, 0.25]]), np.array([2])), hint=hint)
    for n, kinds in ((3, 2), (20, 5)):
        answer.returns(*_grades_case(draw.normal(0, 2, (n, kinds)), draw.integers(0, kinds, n)), hint=hint)
    sure = 1e4 * np.eye(5)[draw.integers(0, 5, 12)]
    answer.returns(*_grades_case(sure, draw.integers(0, 5, 12)), hint=tr("Large logits must not overflow."))


@task("final_grades_gradient")
def grades_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradient of `ranked_probability(logits, grade)` by the logits."""
    for n, kinds in ((1, 3), (20, 5)):
        expected, logits, grade = _grades_case(draw.normal(0, 2, (n, kinds)), draw.integers(0, kinds, n))
        p = softmax(logits.numpy(), axis=1)
        below, step = p.cumsum(1), grade.numpy()[:, None] <= np.arange(kinds)
        inside = np.tril(np.ones((kinds, kinds))) - below[..., None]  # (N, k, j)
        expected = p * (2 * (below - step)[..., None] * inside).sum(1) / n
        answer.has_gradient(expected, logits, grade, hint=tr("The gradient flows through the softmax."))


@task("final_grades_best")
def grades_best(answer: Answer, draw: np.random.Generator) -> None:
    """The distribution with the lowest mean score over the ratings: `best`, (5,)."""
    best = answer.array(5)
    require(
        abs(best.sum() - 1) < 1e-3, tr("Probabilities sum to 1, got {got}.", got=short(float(best.sum())))
    )
    frequency = np.bincount(RATINGS, minlength=5) / len(RATINGS)
    require(np.abs(best - frequency).max() < 5e-3, tr("Another distribution has a lower mean score."))


def _finite(loss: np.ndarray, residual: np.ndarray) -> None:
    form = tr("Expected the shape {expected}, got {got}.", expected=residual.shape, got=loss.shape)
    require(loss.shape == residual.shape, form)
    require(np.isfinite(loss).all(), tr("The loss of every residual is a finite number."))


def _overlap_case(answer: Answer, logits: Tensor, target: Tensor, weight: float, hint: str) -> None:
    """Value and gradient, from the definitions."""
    z, t = logits.double().numpy(), target.double().numpy()
    p = expit(z)
    dice = 1 - (2 * (p * t).sum(1) + 1) / (p.sum(1) + t.sum(1) + 1)
    expected = np.logaddexp(0, np.where(t == 1, -z, z)).mean() + weight * dice.mean()
    answer.returns(expected, logits, target, weight, hint=hint)
    by_bce, by_dice = _overlap_gradients(z, t)
    answer.has_gradient(by_bce + weight * by_dice, logits, target, weight, hint=hint)


def _overlap_gradients(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = expit(z)
    inside, total = 2 * (p * t).sum(1, keepdims=True) + 1, (p + t).sum(1, keepdims=True) + 1
    by_p = (inside / total - 2 * t) / total / len(z)
    return (p - t) / z.size, by_p * p * (1 - p)


def _noises(draw: np.random.Generator, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """k losses, their log-variances, and the factors of squared errors (a half) and of cross-entropies (1)."""
    return draw.uniform(0, 5, k).round(2), draw.normal(0, 2, k).round(1), 1 - np.arange(k) % 2 / 2


def _grades_case(logits: np.ndarray, grade: np.ndarray) -> tuple[float, Tensor, Tensor]:
    """The expected score, and the arguments that it belongs to."""
    scores = [
        sum((p[: k + 1].sum() - (y <= k)) ** 2 for k in range(len(p)))
        for p, y in zip(softmax(logits, axis=1), grade, strict=True)
    ]
    return np.mean(scores), torch.tensor(logits), torch.tensor(grade)
