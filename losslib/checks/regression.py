"""Tasks on regression losses, on what a loss is, and on choosing one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.optimize import brentq, minimize
from scipy.special import logsumexp

from losslib import datasets
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.locales import tr

# The exercises of the chapters


@task("price_list")
def price_list(answer: Answer, draw: np.random.Generator) -> None:
    """The mean cost of a prediction: `price(prediction, target, under, over)`, in NumPy."""
    hint = tr("What is too low costs under per unit, what is too high costs over per unit.")
    answer.returns(5.0, np.array([8.0, 12.0]), np.array([10.0, 10.0]), 4.0, 1.0, hint=hint)
    for shape in (5, 200, (4, 3)):
        prediction, target = draw.normal(size=shape), draw.normal(size=shape)
        under, over = draw.uniform(0.5, 9, size=2).tolist()
        costs = [under * -r if r < 0 else over * r for r in (prediction - target).flat]
        answer.returns(np.mean(costs), prediction, target, under, over, hint=hint)
    answer.returns(0.0, target, target, 4.0, 1.0, hint=tr("An exact prediction costs nothing."))


@task("weighted_mse")
def weighted_mse(answer: Answer, draw: np.random.Generator) -> None:
    """The weighted mean of squared residuals: `weighted_mse(prediction, target, weight)`, in NumPy."""
    hint = tr("Divide by the sum of the weights.")
    answer.returns(7.0, np.array([1.0, 5.0]), np.array([0.0, 2.0]), np.array([1.0, 3.0]), hint=hint)
    for n in (5, 200):
        prediction, target, weight = draw.normal(size=n), draw.normal(size=n), draw.uniform(size=n)
        expected = np.average((prediction - target) ** 2, weights=weight)
        answer.returns(expected, prediction, target, weight, hint=hint)
    answer.returns(0.0, prediction, target, np.zeros(n), hint=tr("Weights that are all zero give 0."))


@task("pooled_psnr")
def pooled_psnr(answer: Answer, draw: np.random.Generator) -> None:
    """The PSNR of all pixels together: `pooled_psnr(psnr, pixels)`, in NumPy."""
    hint = tr("Average the squared errors of all pixels, then go back to decibels.")

    def expected(psnr, pixels):
        squares = sum(n * 10 ** (-p / 10) for p, n in zip(psnr, pixels, strict=True))
        return -10 * np.log10(squares / pixels.sum())

    for psnr, pixels in (
        (np.array([20.0, 40.0]), np.array([100, 100])),
        (np.array([20.0, 40.0]), np.array([100, 900])),
        (draw.uniform(10, 50, size=30), draw.integers(1, 1000, size=30)),
    ):
        answer.returns(expected(psnr, pixels), psnr, pixels, hint=hint)
    psnr, pixels = np.array([np.inf, 30.0]), np.array([100, 100])
    perfect = tr("An infinite PSNR is a squared error of 0.")
    answer.returns(expected(psnr, pixels), psnr, pixels, hint=perfect)


@task("weighted_median")
def weighted_median(answer: Answer, draw: np.random.Generator) -> None:
    """The smallest value at which the weighted sum of absolute errors is least: `weighted_median(y, v)`, in NumPy."""
    hint = tr("The weight below and the weight above balance; the values come in any order.")
    answer.returns(6.0, np.array([9.0, 1.0, 6.0]), np.ones(3), hint=hint)
    answer.returns(1.0, np.array([2.0, 1.0, 9.0, 6.0]), 1 / np.array([2.0, 1.0, 9.0, 6.0]), hint=hint)
    for n in (1, 6, 101):
        y, v = draw.normal(size=n), draw.uniform(0.1, 3, size=n)
        costs = [(v * np.abs(c - y)).sum() for c in y]
        answer.returns(y[np.argmin(costs)], y, v, hint=hint)
    hint = tr("Of several values that are equally good, the smallest is asked for.")
    answer.returns(2.0, np.array([4.0, 2.0, 1.0, 3.0]), np.ones(4), hint=hint)


@task("huber_location")
def huber_location(answer: Answer, draw: np.random.Generator) -> None:
    """The constant with the lowest Huber loss: `huber_location(y, delta)`, in NumPy, to four digits."""
    hint = tr("At the best constant the clipped residuals add up to zero.")
    answer.returns(5 / 3, np.array([0.0, 1.0, 2.0, 20.0]), 2.0, rtol=1e-4, hint=hint)
    answer.returns(-5 / 3, np.array([0.0, -20.0, -1.0, -2.0]), 2.0, rtol=1e-4, hint=hint)
    far = np.append(draw.normal(size=20), 1000.0)
    for y, delta in ((draw.standard_t(2, size=31), 0.5), (draw.exponential(size=200), 1.0), (far, 1.0)):
        best = brentq(lambda c, y=y, d=delta: np.clip(c - y, -d, d).sum(), y.min(), y.max(), xtol=1e-12)
        answer.returns(best, y, delta, rtol=1e-4, atol=1e-4, hint=hint)
    answer.returns(y.mean(), y, 1e6, rtol=1e-4, hint=tr("With a huge delta it is the mean."))


@task("order")
def order(answer: Answer, draw: np.random.Generator) -> None:
    """The order with the lowest mean bill: `order(need, short, over)`, in NumPy."""
    hint = tr("No other order may have a lower mean bill for these needs.")
    answer.returns(4.0, np.array([3.0, 1.0, 10.0, 4.0, 2.0]), 2.0, 1.0, hint=hint)
    for n in (7, 61):
        need, (short, over) = draw.gamma(2, 50, size=n), draw.uniform(1, 9, size=2).tolist()
        bills = [np.where(need > o, short * (need - o), over * (o - need)).mean() for o in need]
        answer.returns(need[np.argmin(bills)], need, short, over, hint=hint)


# The assignment


@task("regression_pinball_value")
def pinball_value(answer: Answer, draw: np.random.Generator) -> None:
    """The weighted mean of the pinball loss: `pinball(prediction, target, q, weight)`, in NumPy."""
    hint = tr("What is too low costs q per unit, what is too high costs 1 - q per unit.")
    answer.returns(0.3, np.array([9.0, 11.0]), np.array([10.0, 10.0]), 0.9, np.array([1.0, 3.0]), hint=hint)
    for n in (5, 300):
        prediction, target, weight = draw.normal(size=n), draw.normal(size=n), draw.uniform(0, 2, size=n)
        q = float(draw.uniform(0.05, 0.95))
        costs = [q * e if e > 0 else (q - 1) * e for e in target - prediction]
        expected = np.average(costs, weights=weight)
        answer.returns(expected, prediction, target, q, weight, hint=hint)
    hint = tr("Weights that are all zero give 0.")
    answer.returns(0.0, prediction, target, q, np.zeros(n), hint=hint)
    answer.returns(0.0, np.zeros(0), np.zeros(0), q, np.zeros(0), hint=tr("An empty batch gives 0."))


@task("regression_pinball_gradient")
def pinball_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Its gradient in the prediction: `pinball_gradient(prediction, target, q, weight)`, in NumPy."""
    ten, weight = np.array([10.0, 10.0]), np.array([1.0, 3.0])
    hint = tr("Where the prediction is too low the slope is -q; divide by the sum of the weights.")
    answer.returns([-0.225, 0.075], np.array([9.0, 11.0]), ten, 0.9, weight, hint=hint)
    for n in (5, 300):
        prediction, target, weight = draw.normal(size=n), draw.normal(size=n), draw.uniform(0, 2, size=n)
        q = float(draw.uniform(0.05, 0.95))
        slopes = np.array([-q if e > 0 else 1 - q for e in target - prediction])
        answer.returns(weight * slopes / weight.sum(), prediction, target, q, weight, hint=hint)
    hint = tr("Where prediction and target are equal the subgradient is 0.")
    answer.returns([0.0, 0.4], np.array([10.0, 11.0]), ten, 0.2, np.ones(2), hint=hint)
    hint = tr("Weights that are all zero give 0.")
    answer.returns(np.zeros(n), prediction, target, q, np.zeros(n), hint=hint)


@task("regression_log_cosh_value")
def log_cosh_value(answer: Answer, draw: np.random.Generator) -> None:
    """The log-cosh loss with a scale, element by element: `log_cosh(residual, c)`, in NumPy."""
    hint = tr("The value is c² log cosh(r / c).")
    for r, c in ((np.array([1.0, -2.0]), 2.0), (draw.normal(size=50), 0.7), (draw.normal(size=(4, 3)), 5.0)):
        answer.returns(c**2 * np.log(np.cosh(r / c)), r, c, hint=hint)
    r = np.array([1e4, -1e4, 0.0])
    hint = tr("Large residuals must not overflow.")
    answer.returns(2 * np.abs(r) - 4 * np.log([2, 2, 1]), r, 2.0, hint=hint)


@task("regression_log_cosh_weight")
def log_cosh_weight(answer: Answer, draw: np.random.Generator) -> None:
    """The weight of a residual, its derivative divided by itself: `log_cosh_weight(residual, c)`, in NumPy."""
    hint = tr("The weight is the derivative of the loss divided by the residual.")
    for r, c in ((np.array([1.0, -2.0]), 2.0), (draw.normal(size=50), 0.7), (draw.normal(size=(4, 3)), 5.0)):
        answer.returns(c * np.tanh(r / c) / r, r, c, hint=hint)
    hint = tr("The weight of the residual 0 is 1.")
    answer.returns([1.0, np.tanh(1.0)], np.array([0.0, 3.0]), 3.0, hint=hint)
    answer.returns([2e-4, 2e-4], np.array([1e4, -1e4]), 2.0, hint=tr("Large residuals must not overflow."))


@task("regression_log_cosh_fit")
def log_cosh_fit(answer: Answer, draw: np.random.Generator) -> None:
    """The linear model with the lowest log-cosh loss: `fit_log_cosh(X, y, c)`, in NumPy, to four digits."""
    hint = tr("At the minimum the sum of tanh(r / c) times each column of X is zero.")
    X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([0.0, 1.0, 11.0])
    answer.returns(_fit_log_cosh(X, y, 3.0), X, y, 3.0, rtol=1e-4, atol=1e-4, hint=hint)
    X = np.column_stack([np.ones(60), draw.normal(size=(60, 2))])
    y = X @ draw.normal(size=3) + draw.normal(size=60)
    y[:6] += 40 * X[:6, 1] ** 2
    for c, factor in ((1.0, 1.0), (20.0, 10.0)):
        best = _fit_log_cosh(X, factor * y, c)
        answer.returns(best, X, factor * y, c, rtol=1e-4, atol=1e-4, hint=hint)
    hint = tr("With a huge scale it is the least-squares fit.")
    answer.returns(np.linalg.lstsq(X, y, rcond=None)[0], X, y, 1e6, rtol=1e-4, atol=1e-4, hint=hint)


def _fit_log_cosh(X: np.ndarray, y: np.ndarray, c: float) -> np.ndarray:
    def value_and_gradient(w):
        z = (X @ w - y) / c
        return np.logaddexp(z, -z).sum(), X.T @ np.tanh(z) / c

    start = np.linalg.lstsq(X, y, rcond=None)[0]
    return minimize(value_and_gradient, start, jac=True, options={"gtol": 1e-9}).x


@task("regression_rmse_value")
def rmse_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean over the columns of each column's RMSE: `mean_column_rmse(prediction, target)`, in PyTorch."""
    hint = tr("Take the root of each column's MSE, then the mean over the columns.")
    for prediction, target in _columns(draw):
        answer.returns(_column_rmse(prediction, target)[0], prediction, target, hint=hint)
    hint = tr("A small error is not rounded up or down: no constant under the root.")
    answer.returns(1e-4, target + 1e-4, target, atol=0, hint=hint)
    answer.returns(0.0, target, target, hint=tr("An exact prediction costs nothing."))


@task("regression_rmse_gradient")
def rmse_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Its gradient in the prediction, by autograd, which is 0 for a column without errors."""
    for prediction, target in _columns(draw):
        answer.has_gradient(_column_rmse(prediction, target)[1], prediction, target)
    hint = tr("A column without errors has the gradient 0, and leaves the other columns alone.")
    prediction[:, 0] = target[:, 0]
    for p, t in ((prediction[:2, :2], target[:2, :2]), (prediction, target), (target, target)):
        for dtype in (torch.float64, torch.float32):
            answer.has_gradient(_column_rmse(p, t)[1], p.to(dtype), t.to(dtype), hint=hint)
    prediction = target + 1e-4
    hint = tr("A small error is not rounded up or down: no constant under the root.")
    answer.has_gradient(_column_rmse(prediction, target)[1], prediction, target, hint=hint)


def _columns(draw: np.random.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    yield torch.tensor([[3.0, 1.0], [4.0, 7.0]]), torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    for shape in ((1, 3), (40, 5)):
        yield torch.tensor(draw.normal(size=shape)), torch.tensor(draw.normal(size=shape))


def _column_rmse(prediction: torch.Tensor, target: torch.Tensor) -> tuple[float, np.ndarray]:
    residual = (prediction - target).double().numpy()
    roots, gradient = [], np.zeros(residual.shape)
    for column, r in enumerate(residual.T):
        roots.append(np.sqrt(np.mean(r**2)))
        if roots[-1] > 0:
            gradient[:, column] = r / (residual.size * roots[-1])
    return float(np.mean(roots)), gradient


@task("regression_linex_value")
def linex_value(answer: Answer, draw: np.random.Generator) -> None:
    """The constant with the lowest mean LINEX cost: `linex_constant(y, a)`, in NumPy."""
    hint = tr("At the best constant the mean of exp(a (c - y)) is 1.")
    answer.returns(np.log(1.6), np.log([1.0, 4.0]), 1.0, hint=hint)
    for n, a in ((5, 2.0), (5, -2.0), (200, 0.3), (200, -1.5)):
        y = draw.normal(size=n)
        best = brentq(lambda c, y=y, a=a: np.expm1(a * (c - y)).mean(), y.min(), y.max(), xtol=1e-12)
        answer.returns(best, y, a, hint=hint)


@task("regression_linex_stable")
def linex_stable(answer: Answer, draw: np.random.Generator) -> None:
    """The same function, for targets whose exponentials do not fit."""
    hint = tr("The exponentials of these numbers overflow or vanish, the best constant does not.")
    answer.returns(1000 + np.log(1.6), 1000 + np.log([1.0, 4.0]), 1.0, hint=hint)
    for shift, a in ((0.0, 5.0), (0.0, -5.0), (1e4, 1.0), (-1e4, 1.0)):
        y = draw.uniform(25, 346, size=50) + shift
        answer.returns((np.log(len(y)) - logsumexp(-a * y)) / a, y, a, rtol=1e-7, hint=hint)


LOSSES = ("mse", "mae", "huber")


def slipped_diabetes() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The diabetes data with slipped decimal points: X_train, X_val, typed_train, typed_val, true_val.

    A column of ones and the ten measurements, standardised, (N, 11). In `typed_train` and `typed_val` every tenth
    progression, drawn at random, is ten times too large; `true_val` is without slips.
    """
    data = datasets.diabetes()
    Z = (data.features - data.features.mean(axis=0)) / data.features.std(axis=0)
    X = np.column_stack([np.ones(len(Z)), Z])
    slipped = np.random.default_rng(1).permutation(np.arange(len(X)) % 10 == 0)
    both = np.column_stack([np.where(slipped, 10 * data.target, data.target), data.target])
    X_train, X_val, train, val = datasets.split(X, both, seed=1)
    return X_train, X_val, train[:, 0], val[:, 0], val[:, 1]


def slipped_errors() -> np.ndarray:
    """Of linear models by each loss, RMSE against typed and MAE against true validation targets, (3, 2)."""
    X, X_val, typed, typed_val, true_val = slipped_diabetes()
    errors = []
    for delta in (np.inf, 1e-3, 60.0):  # Huber's threshold; a tiny one makes the MAE fit
        w = np.zeros(X.shape[1])
        for _ in range(300):
            root = np.sqrt(np.minimum(1, delta / np.maximum(np.abs(X @ w - typed), 1e-9)))
            w = np.linalg.lstsq(X * root[:, None], typed * root, rcond=None)[0]
        off_typed, off_true = X_val @ w - typed_val, X_val @ w - true_val
        errors.append([np.sqrt(np.mean(off_typed**2)), np.mean(np.abs(off_true))])
    return np.array(errors)


@task("regression_choice_errors")
def choice_errors(answer: Answer, draw: np.random.Generator) -> None:
    """The measured errors: `errors`, (3, 2)."""
    right = np.isclose(answer.array(3, 2), slipped_errors(), rtol=0.01)
    for row, loss in enumerate(LOSSES):
        require(right[row, 0], tr("{loss}: the RMSE against the typed targets is wrong.", loss=loss))
        require(right[row, 1], tr("{loss}: the MAE against the true targets is wrong.", loss=loss))


@task("regression_choice_loss")
def choice_loss(looks_best: Answer, chosen: Answer, draw: np.random.Generator) -> None:
    """The loss that looks best against typed targets, and the one to choose: `looks_best`, `chosen`."""
    typed, true = slipped_errors().T
    loss = looks_best.word(*LOSSES)
    message = tr("Another loss has a lower RMSE against the typed targets than {loss}.", loss=loss)
    require(loss == LOSSES[typed.argmin()], message)
    loss = chosen.word(*LOSSES)
    message = tr("Another loss has a far lower MAE against the true targets than {loss}.", loss=loss)
    require(true[LOSSES.index(loss)] < 1.05 * true.min(), message)
