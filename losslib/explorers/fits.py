"""Straight lines that minimise a loss exactly, for many data sets at once.

`loss` gives the loss per element: loss(predictions, targets) of shape (sets, n) -> (sets, n).
Shapes: x and y (sets, n) -> lines (sets, 2), intercept and slope.
"""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor


def predict(lines: Tensor, x: Tensor) -> Tensor:
    """The lines' values at x, (sets, n)."""
    return lines[..., :1] + lines[..., 1:] * x


def least_squares(loss: Callable, x: Tensor, y: Tensor) -> Tensor:
    """The line of the normal equations."""
    return _weighted_squares(torch.ones_like(y), x, y)


def through_two_points(loss: Callable, x: Tensor, y: Tensor) -> Tensor:
    """The best of all lines through two of the points: a piecewise linear loss has a minimum among them."""
    best = torch.full_like(y[:, 0], torch.inf)
    lines = torch.zeros_like(y[:, :2])
    for i, j in itertools.combinations(range(y.shape[-1]), 2):
        slope = (y[:, j] - y[:, i]) / (x[:, j] - x[:, i])
        candidate = torch.stack([y[:, i] - slope * x[:, i], slope], dim=-1)
        value = loss(predict(candidate, x), y).sum(dim=-1)
        better = value < best - 1e-12  # false for points above each other, whose slope is infinite
        best = torch.where(better, value, best)
        lines = torch.where(better[:, None], candidate, lines)
    return lines


def newton(loss: Callable, x: Tensor, y: Tensor, *, tolerance: float = 1e-12, steps: int = 500) -> Tensor:
    """Newton's method, and where its step does not pay, reweighted least squares, which always goes down.

    For convex losses whose derivative is continuous. Derivatives come from autograd.
    Raises RuntimeError when the gradient is not below `tolerance` after `steps` steps.
    """
    lines = least_squares(loss, x, y)
    for _ in range(steps):
        first, second = _derivatives(loss, lines, x, y)
        if _moments(first, x).abs().max() <= tolerance * y.shape[-1]:
            return lines
        residual = predict(lines, x) - y
        # A residual of 0 has weight 0/0, whose limit is the second derivative.
        weight = torch.where(residual.abs() > 1e-9, first / residual, second)
        safe = _weighted_squares(weight, x, y)
        fast = lines - _solve(second, x, _moments(first, x))
        paid = loss(predict(fast, x), y).sum(dim=-1) <= loss(predict(safe, x), y).sum(dim=-1)
        lines = torch.where(paid[:, None], fast, safe)
    raise RuntimeError(f"newton: expected a gradient below {tolerance} after {steps} steps")


def _derivatives(loss: Callable, lines: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """First and second derivative of the loss by each prediction, (sets, n)."""
    prediction = predict(lines, x).requires_grad_()
    (first,) = torch.autograd.grad(loss(prediction, y).sum(), prediction, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), prediction)
    return first.detach(), second


def _moments(values: Tensor, x: Tensor) -> Tensor:
    """Sums of the values and of the values times x, (sets, 2)."""
    return torch.stack([values.sum(dim=-1), (values * x).sum(dim=-1)], dim=-1)


def _weighted_squares(weight: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return _solve(weight, x, _moments(weight * y, x))


def _solve(weight: Tensor, x: Tensor, right: Tensor) -> Tensor:
    """Solve [[sum w, sum w x], [sum w x, sum w x²]] line = right; NaN or inf where that is singular."""
    w, wx, wxx = weight.sum(dim=-1), (weight * x).sum(dim=-1), (weight * x * x).sum(dim=-1)
    intercept = wxx * right[:, 0] - wx * right[:, 1]
    slope = w * right[:, 1] - wx * right[:, 0]
    return torch.stack([intercept, slope], dim=-1) / (w * wxx - wx * wx)[:, None]
