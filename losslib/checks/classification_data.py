"""Tasks on what the outputs of a trained classifier are worth: its temperature, and the costs of its decisions."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, softmax

from losslib import datasets
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.checks.classification import mean_cross_entropy
from losslib.locales import tr


@task("classification_temperature_value")
def temperature_value(answer: Answer, draw: np.random.Generator) -> None:
    """The temperature with the least mean loss: `best_temperature(logits, target)`, in NumPy."""
    logits, target, hint = np.array([[2.0, 0.0]] * 3), np.array([0, 0, 1]), tr("It divides the logits.")
    answer.returns(2 / np.log(2), logits, target, rtol=5e-3, hint=hint)
    hint = tr(
        "A model that is not sure enough needs a temperature below 1, one that is far too sure a large one."
    )
    for truth in (3.0, 0.3, 20.0):
        logits = draw.normal(scale=2, size=(400, 4))
        target = np.array([draw.choice(4, p=p) for p in softmax(logits, axis=1)])
        answer.returns(_temperature(logits * truth, target), logits * truth, target, rtol=5e-3, hint=hint)


@task("classification_temperature_digits")
def temperature_digits(found: Answer, before: Answer, after: Answer, draw: np.random.Generator) -> None:
    """Naive Bayes on the digits: `temperature, nll_before, nll_after`."""
    logits, target = _naive_bayes()
    best = _temperature(logits[:400], target[:400])
    losses = [mean_cross_entropy(logits[400:] / t, target[400:], np.ones(10)) for t in (1, best)]
    for name, answer, expected in (
        ("temperature", found, best),
        ("nll_before", before, losses[0]),
        ("nll_after", after, losses[1]),
    ):
        _require_close(name, answer.number(), expected)


@task("classification_rare_measured")
def rare_measured(losses: Answer, half: Answer, sixth: Answer, draw: np.random.Generator) -> None:
    """Three losses on rare nines: `log_losses, costs_half, costs_sixth`, three numbers each."""
    names = "log_losses", "costs_half", "costs_sixth"
    for name, answer, expected in zip(names, (losses, half, sixth), _nines(), strict=True):
        _require_close(name, answer.array(3), expected)


@task("classification_rare_choice")
def rare_choice(answer: Answer, draw: np.random.Generator) -> None:
    """The loss for users who have costs of their own: `best`, a word."""
    require(
        answer.word("bce", "weighted", "focal") == "bce",
        tr("Compare the log losses, and the costs at the threshold that follows from the costs."),
    )


def _temperature(logits, target):
    """Where the mean logit that the model expects equals that of the classes that came."""
    came = logits[np.arange(len(target)), target].mean()
    return 1 / brentq(lambda beta: (softmax(beta * logits, axis=1) * logits).sum(1).mean() - came, 1e-3, 100)


def _require_close(name, got, expected):
    require(
        np.allclose(got, expected, rtol=0.01),
        tr("{name} is {got}; expected {expected}.", name=name, got=_text(got), expected=_text(expected)),
    )


def _text(values):
    return np.array2string(np.asarray(values), precision=4, separator=", ", suppress_small=True)


@cache
def _naive_bayes():
    """Logits (899, 10) and digits (899,) of the half of the data that it was not trained on."""
    from sklearn.datasets import load_digits
    from sklearn.naive_bayes import GaussianNB

    X, X_val, y, y_val = datasets.split(*load_digits(return_X_y=True), fraction=0.5)
    return GaussianNB(var_smoothing=0.01).fit(X, y).predict_joint_log_proba(X_val), y_val


@cache
def _nines():
    """Log losses, and costs at the thresholds 1/2 and 1/6: cross-entropy, weighted by 9, focal with γ = 2."""
    from sklearn.datasets import load_digits

    pixels, digit = load_digits(return_X_y=True)
    features = np.column_stack([pixels / 16, np.ones(len(pixels))])
    A, A_val, t, t_val = datasets.split(features, (digit == 9).astype(float), fraction=0.5)
    weights = [_train(A, 2 * t - 1, *choice) for choice in ((1, 0), (9, 0), (1, 2))]
    z = np.stack([A_val @ w for w in weights])  # (3, N)
    costs = [np.where(t_val == 1, 5 * (expit(z) <= limit), expit(z) > limit) for limit in (1 / 2, 1 / 6)]
    return np.logaddexp(0, (1 - 2 * t_val) * z).mean(1), *(cost.sum(1) for cost in costs)


def _train(A, sign, pos_weight, gamma):
    """The linear model (D,) with the least mean of w (1 - p)^γ (-log p), plus a small penalty."""

    def objective(w):
        m = sign * (A @ w)
        log_p, log_rest = -np.logaddexp(0, -m), -np.logaddexp(0, m)
        factor = np.where(sign > 0, pos_weight, 1) * np.exp(gamma * log_rest)
        slope = -factor * (np.exp(log_rest) - gamma * np.exp(log_p) * log_p)
        penalty = np.append(1e-3 * w[:-1], 0)
        return (-factor * log_p).mean() + penalty @ w / 2, (sign * slope) @ A / len(A) + penalty

    options = {"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(objective, np.zeros(A.shape[1]), jac=True, method="L-BFGS-B", options=options)
    return found.x
