"""Curves, fitted lines and descent."""

from functools import partial

import numpy as np
import torch
from scipy.optimize import least_squares, linprog

from losslib import reference
from tests.site.truth.made import Made


def loss_curves(functions, x, probe, parameter, **look) -> Made:
    def numbers(*place: float) -> dict[str, float]:
        *parameters, at = place
        found = {}
        for name, function in functions.items():
            point = torch.tensor([at], dtype=torch.float64, requires_grad=True)
            loss = function(point, *parameters)
            loss.sum().backward()
            found[f"{name}.value"], found[f"{name}.gradient"] = loss.item(), point.grad.item()
        return found

    sliders = [[float(f"{v:.12g}") for v in x]]
    return Made(sliders if parameter is None else [parameter.values, *sliders], numbers)


def outlier_fit(x, y, losses, outlier_x, outlier_y, delta, **look) -> Made:
    def numbers(at_x: float, at_y: float, *deltas: float) -> dict[str, float]:
        points = np.append(x, at_x), np.append(y, at_y)
        found = {}
        for name, loss in losses.items():
            options = {"delta": deltas[0]} if loss == "huber_loss" and deltas else {}
            intercept, slope = LINES[loss](*points, **options)
            prediction = intercept + slope * points[0]
            found[f"{name}.loss"] = float(getattr(reference, loss)(prediction, points[1], **options))
            found[f"{name}.intercept"], found[f"{name}.slope"] = intercept, slope
        return found

    grids = [list(map(float, outlier_x)), list(map(float, outlier_y))]
    return Made(grids if delta is None else [*grids, delta.values], numbers)


def _least_squares_line(x, y):
    slope, intercept = np.polyfit(x, y, 1)
    return intercept, slope


def _least_distances_line(x, y):
    """The linear programme: the least sum of distances d with -d <= intercept + slope x - y <= d."""
    n = len(x)
    line = np.column_stack([np.ones(n), x])
    bounds = np.block([[line, -np.eye(n)], [-line, -np.eye(n)]])
    cost = np.r_[0, 0, np.ones(n)]
    found = linprog(cost, bounds, np.r_[y, -y], bounds=[(None, None)] * 2 + [(0, None)] * n)
    return tuple(found.x[:2])


def _huber_line(x, y, delta=1.0):
    """Trust-region least squares in shifted coordinates, from the line of least distances."""
    middle, scale = x.mean(), x.std()
    start, slope = _least_distances_line(x, y)
    residual = partial(lambda u, line: line[0] + line[1] * u - y, (x - middle) / scale)
    begin = (start + slope * middle, slope * scale)
    tight = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15)
    level, steepness = least_squares(residual, begin, loss="huber", f_scale=delta, **tight).x
    return level - steepness * middle / scale, steepness / scale


LINES = {"mse_loss": _least_squares_line, "mae_loss": _least_distances_line, "huber_loss": _huber_line}


def descent(x, y, loss, rates, start, steps, **look) -> Made:
    by_numpy = getattr(reference, loss.__name__)

    def value(line: np.ndarray) -> float:
        return float(by_numpy(line[0] + line[1] * np.asarray(x), np.asarray(y)))

    def gradient(line: np.ndarray, h: float = 1e-4) -> np.ndarray:
        return np.array([(value(line + e) - value(line - e)) / (2 * h) for e in h * np.eye(2)])

    def numbers(step: float, rate: float) -> dict[str, float]:
        line = np.array(start, float)
        for _ in range(int(step)):
            line = line - rate * gradient(line)
        slopes = gradient(line)
        found = {"loss.value": value(line)}
        for i, name in enumerate(("intercept", "slope")):
            found[f"{name}.value"], found[f"{name}.gradient"] = line[i], slopes[i]
        return found

    return Made([list(range(steps + 1)), list(rates)], numbers)
