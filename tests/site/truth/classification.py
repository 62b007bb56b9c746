"""Probabilities, focal loss, boundaries."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import torch
from scipy.optimize import brentq, minimize, root
from scipy.special import expit, logit, xlogy

from losslib import reference
from tests.site.truth.made import Made


def binary_losses(names, over, **look) -> Made:
    """The losses of a positive label by the NumPy functions, their slopes by central differences."""
    losses = {
        "BCE": lambda z, *_: reference.binary_cross_entropy_with_logits([z], [1.0]),
        "focal": lambda z, gamma, alpha: reference.sigmoid_focal_loss([z], [1.0], gamma=gamma, alpha=alpha),
        "hinge": lambda z, *_: reference.hinge_loss([z], [1.0]),
        "squared": lambda z, *_: reference.mse_loss([expit(z)], [1.0]),
        "0-1": lambda z, *_: float(z <= 0),
    }
    link = float if over == "logit" else logit
    # Where the hinge bends and the 0-1 loss jumps, autograd takes the slope on the right and 0.
    ahead = 1e-7

    def numbers(*place: float) -> dict[str, float]:
        *parameters, at = place
        found = {}
        for name in names:
            value = partial(lambda loss, x: float(loss(link(x), *parameters)), losses[name])
            found[f"{name}.value"] = value(at)
            below = at + ahead if link(at) in (0, 1) else at - ahead
            found[f"{name}.gradient"] = (value(at + 2 * ahead) - value(below)) / (at + 2 * ahead - below)
        return found

    grid = np.arange(-6, 6.01, 0.25) if over == "logit" else np.arange(0.02, 0.981, 0.02)
    sliders = [[0, 0.5, 1, 2, 5], [0.25, 0.5, 0.75, 1]] if "focal" in names else []
    return Made([*sliders, [float(f"{v:.12g}") for v in grid]], numbers)


def weight_landscape(x, y, losses, starts, steps, rate, **look) -> Made:
    """Every ball rolls anew; slopes are central differences of the loss itself."""
    examples, labels = (torch.tensor(np.asarray(values, float)) for values in (x, y))

    def value(loss: Callable, w: float) -> float:
        return float(loss(w * examples, labels).mean())

    def slope(loss: Callable, w: float, h: float = 1e-5) -> float:
        return (value(loss, w + h) - value(loss, w - h)) / (2 * h)

    @cache
    def ball(name: str, start: float) -> list[float]:
        path = [start]
        for _ in range(int(steps[-1])):
            path.append(path[-1] - rate * slope(losses[name], path[-1]))
        return path

    def numbers(start: float, step: float) -> dict[str, float]:
        found = {}
        for name, loss in losses.items():
            w = ball(name, start)[int(step)]
            found[f"{name}.weight"], found[f"{name}.loss"] = w, value(loss, w)
            found[f"{name}.gradient"] = slope(loss, w)
        return found

    return Made([[float(f"{v:.12g}") for v in starts], list(steps)], numbers)


def softmax_bars(logits, temperatures, smoothings, **look) -> Made:
    """Softmax written out; class A came."""

    def numbers(*place: float) -> dict[str, float]:
        *z, temperature, smoothing = place
        power = np.exp(np.array(z) / temperature)
        p, q = power / power.sum(), np.array([1.0, 0, 0]) * (1 - smoothing) + smoothing / 3
        columns = {"probability": p, "target": q, "loss": -np.log(p), "gradient": p - q}
        found = {f"{c}.{name}": values[k] for name, values in columns.items() for k, c in enumerate("ABC")}
        return found | {"loss": float(-q @ np.log(p))}

    grid = list(map(float, logits))
    return Made([grid, grid, grid, list(temperatures), list(smoothings)], numbers)


def bernoulli_likelihood(outcomes, counts, thetas, **look) -> Made:
    """One factor after the other; sums of logarithms by counting the ones."""

    def product(came: np.ndarray, theta: float, kind: type) -> float:
        running = kind(1)
        for one in came:
            running *= kind(theta) if one else kind(1 - theta)
        return float(np.log10(float(running))) if running else -np.inf

    def surprise(ones: int, n: int, theta: float) -> float:
        return float(-xlogy(ones, theta) - xlogy(n - ones, 1 - theta))

    def numbers(n: float, theta: float) -> dict[str, float]:
        came = outcomes[: int(n)]
        ones, total = int(came.sum()), surprise(int(came.sum()), int(n), theta)
        found = {kind.__name__: product(came, theta, kind) for kind in (np.float32, np.float64)}
        relative = np.exp(surprise(ones, int(n), ones / n) - total)
        return found | {"sum": total, "mean": total / n, "relative": relative, "share": ones / n}

    return Made([list(counts), [float(f"{v:.12g}") for v in thetas]], numbers)


def focal_shares(logits, labels, gammas, alphas, **look) -> Made:
    """The focal loss as its formula has it, added up over the groups."""
    positive = np.asarray(labels) == 1
    p = expit(np.where(positive, logits, -np.asarray(logits)))
    groups = {"easy": p >= 0.9, "between": (p >= 0.5) & (p < 0.9), "hard": p < 0.5, "positive": positive}

    def numbers(gamma: float, alpha: float) -> dict[str, float]:
        loss = -np.where(positive, alpha, 1 - alpha) * (1 - p) ** gamma * np.log(p)
        found = {f"{name}.count": float(group.sum()) for name, group in groups.items()}
        shares = {f"{name}.share": 100 * loss[group].sum() / loss.sum() for name, group in groups.items()}
        return found | shares

    return Made([[float(f"{v:.12g}") for v in gammas], list(alphas)], numbers)


def focal_probability(gammas, truths, **look) -> Made:
    """The minimum is where the derivative of the expected loss, by hand, is zero."""

    def expected(p: float, q: float, gamma: float) -> float:
        return -q * (1 - p) ** gamma * np.log(p) - (1 - q) * p**gamma * np.log(1 - p)

    def slope(p: float, gamma: float) -> float:
        return (1 - p) ** gamma * (1 - p - gamma * p * np.log(p))

    def numbers(gamma: float, q: float) -> dict[str, float]:
        best = brentq(
            lambda p: q * slope(p, gamma) - (1 - q) * slope(1 - p, gamma), 1e-9, 1 - 1e-9, xtol=1e-14
        )
        found = {"focal.prediction": best, "focal.loss": expected(best, q, gamma)}
        return found | {"BCE.prediction": q, "BCE.loss": expected(q, q, 0)}

    return Made([list(gammas), [float(f"{v:.12g}") for v in truths]], numbers)


def margin_boundary(points, labels, place_x, place_y, penalty, **look) -> Made:
    """The hinge by its dual problem, whose variables are the pulls; the log loss as the root of its gradient."""
    signs = np.append(labels, 1.0)

    def hinge(x: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        def normal(pulls: np.ndarray) -> np.ndarray:
            return (pulls * signs) @ x / (penalty * len(x))

        pulls = minimize(
            lambda s: penalty / 2 * normal(s) @ normal(s) - s.mean(),
            np.full(len(x), 0.5),
            jac=lambda s: (signs * (x @ normal(s)) - 1) / len(x),
            bounds=[(0, 1)] * len(x),
            constraints={"type": "eq", "fun": lambda s: s @ signs, "jac": lambda s: signs},
            method="SLSQP",
            options={"ftol": 1e-16, "maxiter": 1000},
        ).x
        w = normal(pulls)
        kinks = np.sort(signs - x @ w)
        sums = np.maximum(0, 1 - signs * (x @ w + kinks[:, None])).sum(axis=1)
        lowest = kinks[sums < sums.min() + 1e-6]  # a flat stretch where no margin is exactly 1
        return w, (lowest[0] + lowest[-1]) / 2, pulls

    def log_loss(x: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        def gradient(plane: np.ndarray) -> np.ndarray:
            pulls = signs * expit(-signs * (x @ plane[:2] + plane[2]))
            return np.append(penalty * plane[:2] - pulls @ x / len(x), -pulls.mean())

        *w, b = root(gradient, np.zeros(3), tol=1e-13).x
        return np.array(w), b, expit(-signs * (x @ w + b))

    def numbers(*place: float) -> dict[str, float]:
        x, found = np.vstack([points, place]), {}
        for name, fit, loss in (
            ("hinge", hinge, lambda m: np.maximum(0, 1 - m)),
            ("log", log_loss, lambda m: np.logaddexp(0, -m)),
        ):
            w, b, pulls = fit(x)
            margins = signs * (x @ w + b)
            found |= {f"{name}.width": 1 / np.hypot(*w), f"{name}.loss": loss(margins).mean()}
            found |= {f"{name}.margin": margins[-1], f"{name}.pull": pulls[-1]}
        return found

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (place_x, place_y)], numbers)
