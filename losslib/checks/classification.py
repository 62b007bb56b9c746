"""Tasks on classification losses; what is measured on trained classifiers is in `classification_data`."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import expit, log_softmax, logsumexp, softmax
from scipy.stats import norm

from losslib import functional as F
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.locales import tr

# Exercises of the chapters


@task("shifted_probability")
def shifted_probability(answer: Answer, draw: np.random.Generator) -> None:
    """A probability after a feature has grown: `shifted_probability(p, weight, step)`, in NumPy."""
    hint = tr("The odds p / (1 - p) are multiplied, not the probability.")
    answer.returns([0.6], np.array([0.5]), np.log(1.5), 1.0, hint=hint)
    for n in (2, 50):
        p, weight, step = draw.uniform(size=n), draw.normal(), draw.uniform(1, 3)
        answer.returns(expit(np.log(p / (1 - p)) + weight * step), p, weight, step, hint=hint)
    hint = tr("A probability of 0 or 1 stays what it is.")
    answer.returns([0.0, 1.0], np.array([0.0, 1.0]), 2.0, 1.5, hint=hint)


@task("best_bias")
def best_bias(answer: Answer, draw: np.random.Generator) -> None:
    """The logit that is best for all examples: `best_bias(target, pos_weight)`, in NumPy."""
    hint = tr("Expected is a logit, not a probability.")
    answer.returns(-np.log(3), np.array([1.0, 0, 0, 0]), 1.0, hint=hint)
    for n, weight in ((4, 3.0), (50, 0.5), (500, 20.0)):
        target = (np.arange(n) < n // 4).astype(float)
        hint = tr("Positives count pos_weight times.")
        answer.returns(_root(target, weight), draw.permutation(target), weight, hint=hint)
    target, hint = draw.uniform(size=6).round(2), tr("Targets between 0 and 1 are probabilities.")
    answer.returns(_root(target, 4.0), target, 4.0, hint=hint)


@task("mixture_nll")
def mixture_nll(answer: Answer, draw: np.random.Generator) -> None:
    """The negative log-likelihood of a mixture: `mixture_nll(y, share, mean, deviation)`, in NumPy."""
    hint = tr("The logarithm is taken of the sum of the densities, each times its share.")
    for n, parts in ((2, 1), (3, 2), (200, 4)):
        y, share = draw.normal(scale=3, size=n), draw.dirichlet(np.ones(parts))
        mean, deviation = draw.normal(size=parts), draw.uniform(0.5, 2, size=parts)
        expected = -np.log(norm.pdf(y[:, None], mean, deviation) @ share)
        answer.returns(expected, y, share, mean, deviation, hint=hint)
    far, hint = np.array([300.0, -1e4, 2.0]), tr("Far from all components the densities underflow.")
    share, mean, deviation = np.array([0.3, 0.7]), np.array([0.0, 5.0]), np.array([1.0, 2.0])
    expected = -logsumexp(np.log(share) + norm.logpdf(far[:, None], mean, deviation), axis=1)
    answer.returns(expected, far, share, mean, deviation, hint=hint)


@task("prior_shift")
def prior_shift(answer: Answer, draw: np.random.Generator) -> None:
    """Probabilities where the classes have other shares: `prior_shift(logits, old, new)`, in NumPy."""
    hint = tr("Each probability grows as the share of its class does, and in each row they add up to 1.")
    for n, classes in ((1, 3), (2, 3), (100, 7)):
        logits, (old, new) = draw.normal(size=(n, classes)).round(1), draw.dirichlet(np.full(classes, 3.0), 2)
        joint = softmax(logits, axis=1) / old * new
        answer.returns(joint / joint.sum(1, keepdims=True), logits, old, new, hint=hint)
    even, rest = np.full(3, 1 / 3), np.array([0, 0.5, 0.5])
    answer.returns([[0.5, 0.5, 0]], np.array([[1e4, 1e4, 0]]), even, even, hint=_overflow())
    hint = tr("A class that no longer occurs has the probability 0, however large its logit.")
    answer.returns([rest], np.array([[1e4, 0, 0]]), even, rest, hint=hint)


@task("unfocus")
def unfocus(answer: Answer, draw: np.random.Generator) -> None:
    """The true probabilities behind the best focal prediction: `unfocus(p, gamma)`, in NumPy."""
    hint = tr("At the best p, the true probability times the slope of the loss is the same for all classes.")
    for n, classes, gamma in ((1, 3, 2.0), (1, 2, 1.0), (40, 5, 0.5), (40, 10, 5.0)):
        p = draw.dirichlet(np.full(classes, 2.0), n).clip(1e-3)
        p /= p.sum(1, keepdims=True)
        beside = p + 1e-30j  # the imaginary part of the loss there carries its derivative
        weight = 1 / (-((1 - beside) ** gamma) * np.log(beside)).imag
        answer.returns(weight / weight.sum(1, keepdims=True), p, gamma, hint=hint)
    p, hint = np.array([[0.2, 0.3, 0.5]]), tr("At γ = 0 the loss is cross-entropy, and p is the truth.")
    answer.returns(p, p, 0.0, hint=hint)


@task("smooth_hinge")
def smooth_hinge(answer: Answer, draw: np.random.Generator) -> None:
    """The hinge loss with a parabola in place of the kink: `smooth_hinge(margin, delta)`, in NumPy."""
    cases = [(np.array([0.5]), 2.0), (np.array([2.0, 0.75, -1.0]), 0.5)]
    cases += [(draw.normal(scale=3, size=shape), draw.uniform(0.2, 3)) for shape in (5, (30, 4))]
    for margin, delta in cases:
        line, parabola = 1 - margin - delta / 2, (1 - margin) ** 2 / (2 * delta)
        expected = np.where(margin >= 1, 0, np.where(margin > 1 - delta, parabola, line))
        answer.returns(expected, margin, delta, hint=tr("The three pieces meet without a jump or a kink."))


# Coursework


@task("classification_cross_entropy_value")
def cross_entropy_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean, weighted by class: `cross_entropy(logits, target, weight, ignored)`, in NumPy."""
    hint = tr("The mean divides by the weights of the targets that are present.")
    for n, classes in ((2, 3), (5, 2), (200, 10)):
        for weight in (np.ones(classes), draw.uniform(0.5, 3, size=classes).round(1)):
            logits = draw.normal(scale=3, size=(n, classes)).round(1)
            target = np.append(0, draw.integers(classes, size=n - 1))
            expected = mean_cross_entropy(logits, target, weight)
            answer.returns(expected, logits, target, weight, -100, hint=hint)


@task("classification_cross_entropy_ignored")
def cross_entropy_ignored(answer: Answer, draw: np.random.Generator) -> None:
    """Samples without a target cost nothing: `cross_entropy(logits, target, weight, ignored)`, in NumPy."""
    weight, hint = (
        np.array([1.0, 5.0, 2.0]),
        tr("Ignored samples count neither in the sum nor in what divides it."),
    )
    for n, ignored in ((2, -1), (6, -100), (100, 255)):
        logits, target = draw.normal(size=(n, 3)).round(1), draw.integers(3, size=n)
        target[::2] = ignored
        expected = mean_cross_entropy(logits[1::2], target[1::2], weight)
        answer.returns(expected, logits, target, weight, ignored, hint=hint)
    hint = tr("The mean over nothing is 0.")
    answer.returns(0.0, np.array([[1.0, 2.0]]), np.array([-1]), np.ones(2), -1, hint=hint)


@task("classification_cross_entropy_large")
def cross_entropy_large(answer: Answer, draw: np.random.Generator) -> None:
    """Logits up to ±10 000: `cross_entropy(logits, target, weight, ignored)`, in NumPy."""
    target, weight = np.array([1, 1]), np.ones(2)
    for logits, expected in (([[1e4, 0], [1e4, 0]], 1e4), ([[-1e4, 1e4], [-1e4, -1e4]], np.log(2) / 2)):
        answer.returns(expected, np.array(logits), target, weight, -100, hint=_overflow())
    logits, hint = draw.normal(size=(2, 2)), tr("Adding a constant to all logits changes nothing.")
    expected = mean_cross_entropy(logits, target, weight)
    for constant in (5000, -5000):
        answer.returns(expected, logits + constant, target, weight, -100, hint=hint)


@task("classification_smoothed_value")
def smoothed_value(answer: Answer, draw: np.random.Generator) -> None:
    """The gradient of the mean loss: `smoothed_gradient(logits, target, smoothing)`, in NumPy."""
    hint = tr("Of the target, ε is spread over all classes, the right one included; the loss is a mean.")
    for n, classes, smoothing in ((1, 3, 0.0), (2, 3, 0.3), (60, 8, 0.1)):
        logits, target = draw.normal(size=(n, classes)).round(1), draw.integers(classes, size=n)
        z = torch.tensor(logits, requires_grad=True)
        F.cross_entropy(z, torch.tensor(target), label_smoothing=smoothing).backward()
        answer.returns(z.grad, logits, target, smoothing, hint=hint)


@task("classification_smoothed_special")
def smoothed_special(answer: Answer, draw: np.random.Generator) -> None:
    """Where nothing pulls, and large logits: `smoothed_gradient(logits, target, smoothing)`, in NumPy."""
    target, best = np.array([1]), np.log([[0.1, 0.8, 0.1]]) + draw.normal()
    hint = tr("Where the softmax equals the smoothed target, the gradient is 0.")
    answer.returns([[0, 0, 0]], best, target, 0.3, hint=hint)
    hint = tr("At ε = 1 all classes have the same share, whatever the target.")
    answer.returns([[1 / 6, -1 / 3, 1 / 6]], np.array([[1.0, -1e4, 1.0]]), target, 1.0, hint=hint)
    answer.returns([[0.9, -0.8, -0.1]], np.array([[1e4, 0.0, -1e4]]), target, 0.3, hint=_overflow())


@task("classification_bce_value")
def bce_value(answer: Answer, draw: np.random.Generator) -> None:
    """Moderate logits, any shape: `bce_with_logits(logits, target, pos_weight)`, in PyTorch."""
    hint = tr("pos_weight multiplies the term of the positives; the mean divides by the number of elements.")
    for shape, weight in ((2, 1.0), (3, 4.0), ((40, 5), 0.5)):
        z, t = draw.normal(size=shape).round(1), draw.uniform(size=shape).round(1)
        expected = np.mean(-weight * t * np.log(expit(z)) - (1 - t) * np.log(expit(-z)))
        answer.returns(expected, _floats(z), _floats(t), weight, rtol=1e-4, hint=hint)


@task("classification_bce_large")
def bce_large(answer: Answer, draw: np.random.Generator) -> None:
    """Logits up to ±10 000: `bce_with_logits(logits, target, pos_weight)`, in PyTorch."""
    size, right = (
        float(draw.integers(20, 80)),
        tr("A right prediction costs little, and never less than nothing."),
    )
    wrong = tr("A confident mistake costs as much as its logit is large (times pos_weight for positives).")
    cases = [(1e4, 0, 1e4, _overflow()), (-1e4, 1, 3e4, _overflow()), (size, 0, size, wrong)]
    cases += [(-10.0, 0, np.log1p(np.exp(-10)), right), (1e4, 1, 0.0, right)]
    for z, t, expected, hint in cases:
        answer.returns(expected, _floats([z]), _floats([t]), 3.0, rtol=1e-4, atol=1e-8, hint=hint)


@task("classification_bce_gradient")
def bce_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradient, wherever the logit: `bce_with_logits(logits, target, pos_weight)`, in PyTorch."""
    smooth = tr("The loss is smooth, also at z = 0, where a network with a bias of 0 begins.")
    alive = tr("The pull on a confident mistake does not fade.")
    for z, hint in (([0.7, -1.2], ""), ([0.0, 0.0], smooth), ([-1e4, 1e4], alive), ([30, -30], alive)):
        for t in ([0.0, 1.0], [1.0, 0.0]):
            slope = np.where(t, 3 * expit(z) - 3, expit(z)) / 2
            answer.has_gradient(slope, _floats(z), _floats(t), 3.0, rtol=1e-4, hint=hint)


@task("classification_focal_value")
def focal_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean over the samples: `focal(logits, target, alpha, gamma)`, in PyTorch."""
    hint = tr("Each sample has its own p_t, without alpha; the mean comes last and divides by their number.")
    for n, classes, gamma in ((1, 3, 2.0), (2, 3, 0.0), (2, 3, 2.0), (100, 6, 0.5)):
        z, y = draw.normal(size=(n, classes)).round(1), draw.integers(classes, size=n)
        alpha, p = draw.uniform(0.2, 3, size=classes).round(1), softmax(z, axis=1)[np.arange(n), y]
        expected = np.mean(-alpha[y] * (1 - p) ** gamma * np.log(p))
        answer.returns(expected, _floats(z), torch.tensor(y), _floats(alpha), gamma, rtol=1e-4, hint=hint)
    wrong = _floats([[1e4, 0.0]]), torch.tensor([1]), _floats([1.0, 2.0])
    answer.returns(2e4, *wrong, 2.0, rtol=1e-4, hint=_overflow())


@task("classification_focal_gradient")
def focal_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradient, also where γ < 1 and p_t = 1: `focal(logits, target, alpha, gamma)`, in PyTorch."""
    flow = tr("The gradient flows through the factor (1 - p_t)^γ, too.")
    easy = tr("The power has an infinite slope at p_t = 1 where γ < 1; the loss has the slope 0 there.")
    z, y, alpha = draw.normal(size=(2, 3)).round(1), torch.tensor([0, 0]), _floats([2.0, 1.0, 1.0])
    cases = [(z, 2.0, flow), (z, 0.5, flow), ([[1e4, 0, 0], [0, 1, 0]], 0.5, easy)]
    for logits, gamma, hint in [*cases, ([[-1e4, 1e4, 0], [40, 0, 0]], 2.0, _overflow())]:
        exact = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
        F.softmax_focal_loss(exact, y, alpha=alpha.double(), gamma=gamma).backward()
        answer.has_gradient(exact.grad, _floats(logits), y, alpha, gamma, rtol=1e-3, atol=1e-6, hint=hint)


@task("classification_hinge_value")
def hinge_value(answer: Answer, draw: np.random.Generator) -> None:
    """The best wrong class against the right one: `multiclass_hinge(scores, target)`, in NumPy."""
    hint = tr("All wrong scores may be negative.")
    answer.returns(0.0, np.array([[0.5, -5.0, -6.0]]), np.array([0]), hint=hint)
    hint = tr("Only the best wrong class counts, against the right one and a margin of 1.")
    for n, classes in ((1, 3), (2, 3), (100, 10)):
        scores, target = draw.normal(scale=2, size=(n, classes)).round(1), draw.integers(classes, size=n)
        gaps = [np.delete(row, y).max() - row[y] for row, y in zip(scores, target, strict=True)]
        answer.returns(np.mean([max(0, 1 + gap) for gap in gaps]), scores, target, hint=hint)


@task("classification_hinge_subgradient")
def hinge_subgradient(answer: Answer, draw: np.random.Generator) -> None:
    """Any subgradient of the mean: `hinge_subgradient(scores, target)`, in NumPy."""
    hint = tr("It is the gradient of the mean; a sample beyond the margin adds nothing.")
    for n, classes in ((1, 3), (2, 3), (100, 5)):
        scores, target = draw.normal(scale=2, size=(n, classes)), draw.integers(classes, size=n)
        z = torch.tensor(scores, requires_grad=True)
        F.multiclass_hinge_loss(z, torch.tensor(target)).backward()
        answer.returns(z.grad, scores, target, hint=hint)
    for row in ([0.0, 0.0, 0.0], [1.0, 3.0, 3.0], [2.0, 1.0, 0.0], [2.0, 1.0, 1.0]):
        got = answer(np.array([row]), np.array([0]))
        require(
            got.shape == (1, 3) and _is_subgradient(got[0], np.array(row)),
            tr(
                "At the scores {scores}, class 0 right, expected any subgradient, got {got}.",
                scores=row,
                got=got,
            ),
        )


def mean_cross_entropy(logits, target, weight):
    log_p = [log_softmax(row)[y] for row, y in zip(logits, target, strict=True)]
    return np.average(-np.array(log_p), weights=weight[target])


def _overflow() -> str:
    return tr("Large logits must not overflow.")


def _floats(values):
    return torch.tensor(values, dtype=torch.float32)


def _root(target, weight):
    """Where the derivative of the weighted loss of one logit for all is 0."""
    return brentq(lambda b: np.mean((1 - target) * expit(b) - weight * target * expit(-b)), -30, 30)


def _is_subgradient(g, scores):
    """Whether g is one for a sample with these scores, of which class 0 is right."""
    gaps, pulls = 1 + scores[1:] - scores[0], g[1:]
    total, largest = pulls.sum(), gaps.max()
    balanced = np.isclose(g[0], -total) and (largest > 0) - 1e-6 <= total <= (largest >= 0) + 1e-6
    return balanced and (pulls >= -1e-6).all() and np.allclose(pulls[gaps < largest], 0)
