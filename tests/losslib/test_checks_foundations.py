"""The tasks on foundations accept every right way to write them, and say what is wrong with the usual wrong ones."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import roc_auc_score

from losslib import datasets
from losslib.checks import NotPassed, check
from losslib.checks.foundations import PRICES, two_models

LOG2 = np.log(2)


def zero_one(margin):
    return np.heaviside(-margin, 1)


def logistic(margin):
    return (np.maximum(-margin, 0) + np.log1p(np.exp(-np.abs(margin)))) / LOG2


def logistic_slope(margin):
    return (np.tanh(margin / 2) - 1) / 2 / LOG2


def best_constant(loss, target):
    costs = {
        "relative": lambda c: np.sum((c - target) ** 2 / target),
        "logarithmic": lambda c: np.sum((np.log(c) - np.log(target)) ** 2),
        "zero-one": lambda c: np.sum(c != target),
    }
    if loss == "zero-one":
        return min(sorted(target), key=costs[loss])
    if loss == "largest":
        return target.max() - np.ptp(target) / 2
    bounds = 0.99 * target.min(), 1.01 * target.max()
    return minimize_scalar(costs[loss], bounds=bounds, options={"xatol": 1e-9}).x


def expectile(target, q):
    low, high = target.min(), target.max()
    for _ in range(60):
        c = (low + high) / 2
        slope = np.sum(np.where(c < target, q, 1 - q) * (c - target))
        low, high = (c, high) if slope < 0 else (low, c)
    return (low + high) / 2


LOSSES = {
    "squared": lambda p, t: np.var(p - t) + np.mean(p - t) ** 2,
    "huber": lambda p, t: np.mean(
        np.minimum(np.abs(p - t), 2) * (np.abs(p - t) - np.minimum(np.abs(p - t), 2) / 2)
    ),
    "poisson": lambda p, t: np.mean(np.exp(p)) - p @ t / len(t),
    "correlation": lambda p, t: np.var(p / np.std(p) - t / np.std(t)) / 2,
}


def numerical_gradient(loss, prediction, target, right=1e-5, left=1e-5, dtype=float):
    gradient, moved = [], prediction.astype(dtype or prediction.dtype)
    for i in range(len(prediction)):
        values = []
        for step in (right, -left):
            moved[i] += step
            values.append(LOSSES[loss](moved, target))
            moved[i] = prediction[i]
        gradient.append((values[0] - values[1]) / (right + left))
    return gradient


def gradients(loss, prediction, target):
    """The numerical one, and the one by hand of the assignment, in which only that of Huber is wrong."""
    numerical = np.array(numerical_gradient(loss, prediction, target))
    if loss == "squared":
        return numerical, 2 * (prediction - target) / len(target)
    inside = (loss != "huber") | (np.abs(prediction - target) <= 2)
    return numerical, np.where(inside, numerical, numerical / 2)


def gradient_error(loss, prediction, target):
    numerical, by_hand = gradients(loss, prediction, target)
    ratio = np.sqrt(np.sum((numerical - by_hand) ** 2)) / (
        np.linalg.norm([numerical, by_hand], axis=1).sum() + 1e-12
    )
    return ratio if np.abs(numerical).max() > 1e-8 else 0.0


def relative_error_without_bound(loss, prediction, target):
    numerical, by_hand = gradients(loss, prediction, target)
    return np.linalg.norm(numerical - by_hand) / (np.linalg.norm(numerical) + np.linalg.norm(by_hand))


def absolute_error(loss, prediction, target):
    return np.abs(np.subtract(*gradients(loss, prediction, target))).max()


def epoch_loss(losses, masks):
    tokens = [v for loss, mask in zip(losses, masks, strict=True) for v in loss[mask].tolist()]
    return sum(tokens) / len(tokens) if tokens else float("nan")


def contaminated_nll(prediction, target, log_scale):
    widths = log_scale.exp() * torch.tensor([1.0, 10.0], dtype=prediction.dtype)
    parts = torch.distributions.Normal(prediction[:, None], widths).log_prob(target[:, None])
    return -torch.logsumexp(parts + torch.tensor([0.9, 0.1]).log(), dim=1).mean()


def contaminated_by(logarithm):
    """The NLL by the logarithm of a sum of densities, in which both vanish far from 0."""

    def nll(prediction, target, log_scale):
        z = (prediction - target) / log_scale.exp()
        near, far = (torch.exp(-((z / width) ** 2) / 2) / (width * log_scale.exp()) for width in (1, 10))
        return -logarithm((0.9 * near + 0.1 * far) / (2 * np.pi) ** 0.5).mean()

    return nll


def threshold(prices):
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        dearer = np.diff([1 - p, p] @ prices) > 0
        low, high = (p, high) if dearer else (low, p)
    return p


def average_price(probability, label, prices):
    table = np.zeros((2, 2))
    np.add.at(table, (label, np.where(probability > threshold(prices), 1, 0)), 1 / len(label))
    return np.sum(table * prices)


def measured():
    label, probability = two_models()
    auc = [roc_auc_score(label, p) for p in probability]
    return auc, torch.tensor([average_price(p, label, PRICES) for p in probability])


def bmi_and_progression():
    data = datasets.diabetes()
    return [(v - v.mean()) / v.std() for v in (data.column("bmi"), data.target)]


RIGHT = {
    "foundations_zero_one": [zero_one],
    "foundations_logistic": [logistic],
    "foundations_logistic_slope": [logistic_slope],
    "foundations_constant": [best_constant],
    "foundations_expectile": [expectile],
    "foundations_numerical_gradient": [numerical_gradient],
    "foundations_gradient_error": [gradient_error],
    "foundations_wrong_gradient": ["huber", gradient_error("huber", *bmi_and_progression())],
    "foundations_epoch": [epoch_loss],
    "foundations_epoch_padding": [epoch_loss],
    "foundations_noise": [contaminated_nll],
    "foundations_noise_gradient": [contaminated_nll],
    "foundations_noise_far": [contaminated_nll],
    "foundations_price": [threshold, average_price],
    "foundations_models": [*measured(), "logistic", "auc"],
}


@pytest.mark.parametrize("salt", ["", "other numbers", "and others"])
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_accepts_a_right_answer_written_another_way(name, salt):
    check(name, *RIGHT[name], salt=salt)


def in_its_own_precision(loss, prediction, target):
    dtype = float if prediction.dtype.kind == "i" else prediction.dtype
    return numerical_gradient(loss, prediction, target, dtype=dtype)


def without_factors(prediction, target, log_scale):
    z = (prediction - target) / log_scale.exp()
    return -torch.logaddexp(-(z**2) / 2 + np.log(0.9), -(z**2) / 200 + np.log(0.1)).mean()


def except_for(name, best):
    return lambda loss, target: best(target) if loss == name else best_constant(loss, target)


def all_batches(losses, masks):
    return np.mean([(loss * mask).mean() for loss, mask in zip(losses, masks, strict=True)])


def batch_means(losses, masks):
    return np.mean([loss[mask].mean() for loss, mask in zip(losses, masks, strict=True)])


def by_product(losses, masks):
    return sum((v * m).sum() for v, m in zip(losses, masks, strict=True)) / sum(m.sum() for m in masks)


def at_least_one(losses, masks):
    return sum(v[m].sum() for v, m in zip(losses, masks, strict=True)) / max(sum(m.sum() for m in masks), 1)


def empty_batch_as_zero(losses, masks):
    tokens = [v[m] if m.any() else np.zeros(1) for v, m in zip(losses, masks, strict=True)]
    return np.concatenate(tokens).mean()


WRONG = [
    ("foundations_zero_one", [lambda m: (m < 0).astype(float)], "margin of 0 is not right"),
    ("foundations_zero_one", [lambda m: (m <= 0).mean()], "returned the shape"),
    ("foundations_logistic", [lambda m: np.logaddexp(0, -m)], "above the 0-1 loss everywhere"),
    ("foundations_logistic", [lambda m: logistic(-m)], r"returned \[0.415"),
    ("foundations_logistic", [lambda m: np.log2(1 + np.exp(-m))], "margins of thousands"),
    ("foundations_logistic", [lambda m: np.log2(1 + np.exp(-np.clip(m, -500, 500)))], "straight line"),
    ("foundations_logistic_slope", [lambda m: logistic_slope(m) * LOG2], "has the base 2"),
    ("foundations_logistic_slope", [lambda m: -logistic_slope(m)], "falls as the margin grows"),
    ("foundations_logistic_slope", [lambda m: -np.exp(-m) / (1 + np.exp(-m)) / LOG2], "is bounded"),
    ("foundations_constant", [except_for("relative", np.mean)], "derivative of the sum"),
    ("foundations_constant", [except_for("logarithmic", lambda y: np.mean(np.log(y)))], "best log c"),
    ("foundations_constant", [except_for("largest", np.median)], "largest error counts"),
    ("foundations_constant", [except_for("zero-one", np.median)], "that are missed"),
    ("foundations_constant", [except_for("zero-one", lambda y: max(y, key=list(y).count))], "the smallest"),
    ("foundations_expectile", [np.quantile], "it is the mean"),
    ("foundations_expectile", [lambda y, q: expectile(y, 1 - q)], "too little weighs q"),
    (
        "foundations_expectile",
        [lambda y, q: y.mean() + (2 * q - 1) * np.ptp(y) / 2],
        "derivative of the loss",
    ),
    ("foundations_numerical_gradient", [partial(numerical_gradient, left=0)], "to both sides"),
    ("foundations_numerical_gradient", [partial(numerical_gradient, dtype=None)], "must not be rounded away"),
    ("foundations_numerical_gradient", [in_its_own_precision], "mostly rounding"),
    ("foundations_gradient_error", [absolute_error], "sum of the two norms"),
    ("foundations_gradient_error", [relative_error_without_bound], "denominator is at least"),
    ("foundations_gradient_error", [lambda *given: 2 * gradient_error(*given)], "sum of the two norms"),
    ("foundations_wrong_gradient", ["correlation", 0.1], "is right. Which branch"),
    ("foundations_wrong_gradient", ["mse", 0.1], "Expected one of 'squared'"),
    ("foundations_wrong_gradient", ["huber", 0.0], "progression the target"),
    ("foundations_epoch", [all_batches], "counts alike"),
    ("foundations_epoch", [batch_means], "size of its batch"),
    (
        "foundations_epoch",
        [lambda losses, masks: np.mean(np.concatenate([v.ravel() for v in losses]))],
        "Padding",
    ),
    ("foundations_epoch_padding", [by_product], "0 times either of them"),
    ("foundations_epoch_padding", [empty_batch_as_zero], "nothing but padding"),
    ("foundations_epoch_padding", [at_least_one], "it is nan"),
    ("foundations_noise", [without_factors], "has its own factor"),
    ("foundations_noise", [lambda p, t, s: contaminated_nll(p, t, s / 2)], "logarithm of σ"),
    ("foundations_noise", [lambda p, t, s: contaminated_nll(p, t, s) - s], "logarithm of σ"),
    ("foundations_noise_gradient", [lambda p, t, s: contaminated_nll(p, t, s.detach())], "scale is learnt"),
    ("foundations_noise_gradient", [lambda p, t, s: contaminated_nll(t, p.detach(), s)], "No gradient flows"),
    ("foundations_noise_far", [contaminated_by(torch.log)], "unlikely, not impossible"),
    ("foundations_noise_far", [contaminated_by(lambda p: (p + 1e-30).log())], "not 0"),
    ("foundations_price", [lambda prices: 0.5, average_price], "same expected price"),
    (
        "foundations_price",
        [lambda prices: prices[0, 1] / prices[:, ::-1].diagonal().sum(), average_price],
        "healthy",
    ),
    (
        "foundations_price",
        [threshold, lambda p, y, prices: average_price(p, y, prices.T)],
        "rows of the prices",
    ),
    (
        "foundations_price",
        [threshold, lambda p, y, prices: len(p) * average_price(p, y, prices)],
        "expected 5",
    ),
]


@pytest.mark.parametrize(("name", "answers", "message"), WRONG)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_says_what_is_wrong(name, answers, message):
    with pytest.raises(NotPassed, match=message):
        check(name, *answers)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({0: [0.8, 0.8]}, "AUC needs the probabilities"),
        ({0: measured()[0][::-1]}, "logistic comes first"),
        ({1: [2.049, 2.190]}, "at the threshold of PRICES"),
        ({1: 1.18}, "Expected the shape"),
        ({2: "bayes"}, "The other model costs less"),
        ({3: "log loss"}, "prefers the model that costs less"),
        ({3: "AUC"}, "Expected one of"),
    ],
)
def test_refuses_a_choice_that_the_measurements_do_not_support(changed, message):
    answers = [changed.get(i, right) for i, right in enumerate(RIGHT["foundations_models"])]
    with pytest.raises(NotPassed, match=message):
        check("foundations_models", *answers)
