"""Right answers pass however they are written, and a wrong one is told what is expected."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.special import logsumexp

from losslib.checks import NotPassed, check
from losslib.checks.regression import slipped_diabetes, slipped_errors


def price(prediction, target, under, over):
    short = np.clip(target - prediction, 0, None)
    return float(np.mean((under + over) * short + over * (prediction - target)))


def weighted_mse(prediction, target, weight):
    return (weight @ (prediction - target) ** 2) / max(weight.sum(), np.finfo(float).tiny)


def pooled_psnr(psnr, pixels):
    return -10 * np.log10(np.average(np.power(10.0, -psnr / 10), weights=pixels))


def weighted_median(y, v):
    slope = [v[y <= c].sum() - v[y > c].sum() for c in np.sort(y)]
    return np.sort(y)[np.argmax(np.array(slope) >= 0)]


def huber_location(y, delta):
    low, high = y.min(), y.max()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(y - middle, -delta, delta).sum() > 0 else (low, middle)
    return low


def order(need, short, over):
    return np.quantile(need, short / (short + over), method="inverted_cdf")


def pinball(prediction, target, q, weight):
    r = prediction - target
    loss = (np.abs(r) + (1 - 2 * q) * r) / 2
    return np.sum(weight * loss) / weight.sum() if weight.any() else 0


def pinball_gradient(prediction, target, q, weight):
    slope = np.select([prediction < target, prediction > target], [-q, 1 - q], 0.0)
    return weight * slope / (weight.sum() or 1)


def log_cosh(residual, c):
    z = np.abs(residual / c)
    return c**2 * (z + np.log1p(np.exp(-2 * z)) - np.log(2))


def log_cosh_weight(residual, c):
    z = np.abs(residual / c) + 1e-12
    return np.tanh(z) / z


def fit_log_cosh(X, y, c):
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    for _ in range(500):
        weighted = X * log_cosh_weight(X @ w - y, c)[:, None]
        w = np.linalg.solve(weighted.T @ X, weighted.T @ y)
    return w


def mean_column_rmse(prediction, target):
    return torch.linalg.vector_norm(prediction - target, dim=0).mean() / len(target) ** 0.5


def linex_constant(y, a):
    return (np.log(len(y)) - logsumexp(-a * np.asarray(y))) / a


def measured_errors():
    X, X_val, typed, typed_val, true_val = slipped_diabetes()
    n, d = X.shape
    cost, equations = np.append(np.zeros(d), np.ones(2 * n)), np.hstack([X, np.eye(n), -np.eye(n)])
    bounds = [(None, None)] * d + [(0, None)] * (2 * n)
    mae = linprog(cost, A_eq=equations, b_eq=typed, bounds=bounds).x[:d]
    huber = torch.tensor(mae, requires_grad=True)
    solver = torch.optim.LBFGS([huber], max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        solver.zero_grad()
        fitted, target = torch.tensor(X) @ huber, torch.tensor(typed)
        loss = torch.nn.functional.huber_loss(fitted, target, delta=60.0)
        loss.backward()
        return loss

    solver.step(closure)
    residuals = [
        (X_val @ w - typed_val, X_val @ w - true_val)
        for w in (np.linalg.pinv(X) @ typed, mae, huber.detach().numpy())
    ]
    return [
        [np.linalg.norm(off_typed) / len(X_val) ** 0.5, np.abs(off_true).mean()]
        for off_typed, off_true in residuals
    ]


RIGHT = {
    "price_list": price,
    "weighted_mse": weighted_mse,
    "pooled_psnr": pooled_psnr,
    "weighted_median": weighted_median,
    "huber_location": huber_location,
    "order": order,
    "regression_pinball_value": pinball,
    "regression_pinball_gradient": pinball_gradient,
    "regression_log_cosh_value": log_cosh,
    "regression_log_cosh_weight": log_cosh_weight,
    "regression_log_cosh_fit": fit_log_cosh,
    "regression_rmse_value": mean_column_rmse,
    "regression_rmse_gradient": mean_column_rmse,
    "regression_linex_value": linex_constant,
    "regression_linex_stable": linex_constant,
}


@pytest.mark.parametrize("salt", ["", "other numbers", "and others"])
@pytest.mark.parametrize("name", RIGHT)
def test_accepts_a_right_answer_written_another_way(name, salt):
    check(name, RIGHT[name], salt=salt)


def test_accepts_errors_measured_with_other_solvers():
    check("regression_choice_errors", measured_errors())


@pytest.mark.parametrize("chosen", ["mae", "huber"])
def test_accepts_either_of_two_losses_that_are_equally_good(chosen):
    check("regression_choice_loss", "mse", chosen)


def weight_of_residual_by_division(residual, c):
    return c * np.tanh(residual / c) / residual


def fit_with_squared_weights(X, y, c):
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    for _ in range(500):
        weight = log_cosh_weight(X @ w - y, c)
        w = np.linalg.lstsq(X * weight[:, None], y * weight, rcond=None)[0]
    return w


def root_after_where(prediction, target):
    mse = ((prediction - target) ** 2).mean(dim=0)
    return torch.where(mse > 0, mse.sqrt(), 0.0).mean()


def constant_under_the_root(prediction, target):
    return (((prediction - target) ** 2).mean(dim=0) + 1e-8).sqrt().mean()


def constant_after_the_root(prediction, target):
    return (((prediction - target) ** 2).mean(dim=0)).sqrt().mean() + 1e-8


def changed_errors(row, column):
    errors = slipped_errors()
    errors[row, column] *= 1.1
    return errors


WRONG = [
    ("price_list", lambda p, t, u, o: price(p, t, o, u), "too low costs under"),
    ("price_list", lambda p, t, u, o: price(p, t, u, o) * p.size, "expected 5"),
    ("price_list", lambda p, t, u, o: np.where(p < t, u * (t - p), o * (p - t)), "returned the shape"),
    ("weighted_mse", lambda p, t, w: np.mean(w * (p - t) ** 2), "sum of the weights"),
    ("weighted_mse", lambda p, t, w: np.sum(w * (p - t) ** 2) / w.sum(), "all zero give 0"),
    ("pooled_psnr", lambda psnr, pixels: psnr.mean(), "squared errors of all pixels"),
    (
        "pooled_psnr",
        lambda psnr, pixels: -10 * np.log10(np.mean(10 ** (-psnr / 10))),
        "squared errors of all",
    ),
    (
        "pooled_psnr",
        lambda psnr, pixels: pooled_psnr(psnr[psnr < 99], pixels[psnr < 99]),
        "squared error of 0",
    ),
    ("weighted_median", lambda y, v: np.median(y), "weight above balance"),
    ("weighted_median", lambda y, v: y[np.searchsorted(v.cumsum(), v.sum() / 2)], "come in any order"),
    ("weighted_median", lambda y, v: -weighted_median(-y, v), "the smallest is asked for"),
    ("huber_location", lambda y, delta: np.mean(y), "clipped residuals"),
    ("huber_location", lambda y, delta: np.median(y), "clipped residuals"),
    ("huber_location", lambda y, delta: np.mean(np.clip(y, -delta, delta)), "clipped residuals"),
    ("order", lambda need, short, over: np.mean(need), "lower mean bill"),
    ("order", lambda need, short, over: np.quantile(need, short / (short + over)), "lower mean bill"),
    ("order", lambda need, short, over: order(need, over, short), "lower mean bill"),
    ("regression_pinball_value", lambda p, t, q, w: pinball(p, t, 1 - q, w), "costs q per unit"),
    ("regression_pinball_value", lambda p, t, q, w: pinball(p, t, q, w) * w.mean(), "expected 0.3"),
    ("regression_pinball_value", lambda p, t, q, w: pinball(p, t, q, w) if w.any() else np.nan, "all zero"),
    ("regression_pinball_value", lambda p, t, q, w: pinball(p, t, q, w) if w.size else np.nan, "empty batch"),
    ("regression_pinball_gradient", lambda p, t, q, w: -pinball_gradient(p, t, q, w), "slope is -q"),
    ("regression_pinball_gradient", lambda p, t, q, w: w * np.where(p < t, -q, 1 - q) / w.sum(), "are equal"),
    (
        "regression_pinball_gradient",
        lambda p, t, q, w: pinball_gradient(p, t, q, w) + 0 / w.sum(),
        "all zero",
    ),
    ("regression_log_cosh_value", lambda r, c: np.log(np.cosh(r / c)), "c² log cosh"),
    ("regression_log_cosh_value", lambda r, c: c**2 * np.log(np.cosh(r / c)), "must not overflow"),
    ("regression_log_cosh_weight", lambda r, c: c * np.tanh(r / c), "divided by the residual"),
    ("regression_log_cosh_weight", weight_of_residual_by_division, "residual 0 is 1"),
    ("regression_log_cosh_weight", lambda r, c: log_cosh_weight(r, c) ** 0.5, "divided by the residual"),
    ("regression_log_cosh_fit", lambda X, y, c: np.linalg.lstsq(X, y, rcond=None)[0], "sum of tanh"),
    ("regression_log_cosh_fit", lambda X, y, c: fit_log_cosh(X, y, 1.0), "sum of tanh"),
    ("regression_log_cosh_fit", fit_with_squared_weights, "sum of tanh"),
    ("regression_rmse_value", lambda p, t: ((p - t) ** 2).mean().sqrt(), "mean over the columns"),
    ("regression_rmse_value", constant_under_the_root, "no constant under the root"),
    ("regression_rmse_gradient", root_after_where, "has the gradient 0"),
    ("regression_rmse_gradient", constant_after_the_root, "has the gradient 0"),
    ("regression_rmse_gradient", constant_under_the_root, "no constant under the root"),
    ("regression_rmse_gradient", lambda p, t: root_after_where(p.detach(), t), "No gradient flows"),
    ("regression_linex_value", lambda y, a: np.mean(y), "mean of exp"),
    ("regression_linex_value", lambda y, a: -linex_constant(-y, a), "mean of exp"),
    ("regression_linex_stable", lambda y, a: -np.log(np.mean(np.exp(-a * y))) / a, "overflow or vanish"),
    ("regression_linex_stable", lambda y, a: np.min(y), "overflow or vanish"),
    ("regression_choice_errors", changed_errors(1, 0), "mae: the RMSE against the typed"),
    ("regression_choice_errors", changed_errors(2, 1), "huber: the MAE against the true"),
    ("regression_choice_errors", np.zeros((2, 3)), r"Expected the shape \(3, 2\)"),
]


@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_says_what_is_wrong(name, answer, message):
    with pytest.raises(NotPassed, match=message):
        check(name, answer)


@pytest.mark.parametrize(
    ("looks_best", "chosen", "message"),
    [
        ("mae", "mae", "lower RMSE against the typed targets than mae"),
        ("mse", "mse", "far lower MAE against the true targets than mse"),
        ("mse", "rmse", "Expected one of 'mse', 'mae', 'huber', got 'rmse'"),
    ],
)
def test_refuses_a_choice_that_the_errors_do_not_support(looks_best, chosen, message):
    with pytest.raises(NotPassed, match=message):
        check("regression_choice_loss", looks_best, chosen)
