"""What the explorers of a chapter must show, computed without them.

The chapter's code is run with recorders in the place of the functions that make explorers. From what they were
called with the numbers follow anew: a loss by calling losslib once, a line by another solver, a descent step by step.
"""

import json
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from inspect import signature
from unittest.mock import patch

import numpy as np
import torch
from scipy.integrate import quad
from scipy.optimize import brentq, least_squares, linprog, minimize, root
from scipy.special import expit, logit, rel_entr, xlogy
from scipy.stats import norm

from book.site.languages import source_language
from book.site.project import notebook
from losslib import explorers, reference

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
MADE_BY = (
    "gradient_maps",
    "loss_curves",
    "mask_overlap",
    "outlier_fit",
    "descent",
    "binary_losses",
    "weight_landscape",
    "softmax_bars",
    "bernoulli_likelihood",
    "focal_shares",
    "focal_probability",
    "margin_boundary",
    "triplet_plane",
    "triplet_circle",
    "combo_gradients",
    "box_gradients",
    "score_pair",
    "earth_mover",
    "gaussian_fit",
    "picture_changes",
    "style_weights",
)


@dataclass
class Made:
    """An explorer of a chapter: the values that its sliders run through, and the numbers at each place."""

    sliders: list[list[float]]
    numbers: Callable[..., dict[str, float]]


@cache
def explorers_of(chapter: str) -> list[Made]:
    """The explorers of a chapter in their order; the code is the same in every language."""
    made = []
    cells = json.loads(notebook(source_language().code, chapter).read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    makes = re.compile(rf"\b({'|'.join(MADE_BY)})\(")
    last = max((i for i, source in enumerate(sources) if makes.search(source)), default=-1)
    torch.set_num_threads(1)  # as the book is built: training then ends at the same digits
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, OMP_NUM_THREADS="1"))
        for name in MADE_BY:
            stack.enter_context(patch.object(explorers, name, _recorder(name, made)))
        names = {}
        for source in sources[: last + 1]:
            exec(source, names)
    return made


def _recorder(name: str, made: list[Made]) -> Callable:
    parameters = signature(getattr(explorers, name))

    def record(*args, **kwargs) -> None:
        call = parameters.bind(*args, **kwargs)
        call.apply_defaults()
        made.append(globals()[f"_{name}"](**call.arguments))

    return record


def _loss_curves(functions, x, probe, parameter, **look) -> Made:
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


def _outlier_fit(x, y, losses, outlier_x, outlier_y, delta, **look) -> Made:
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


def _descent(x, y, loss, rates, start, steps, **look) -> Made:
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


def _binary_losses(names, over, **look) -> Made:
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


def _weight_landscape(x, y, losses, starts, steps, rate, **look) -> Made:
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


def _softmax_bars(logits, temperatures, smoothings, **look) -> Made:
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


def _bernoulli_likelihood(outcomes, counts, thetas, **look) -> Made:
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


def _focal_shares(logits, labels, gammas, alphas, **look) -> Made:
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


def _focal_probability(gammas, truths, **look) -> Made:
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


def _margin_boundary(points, labels, place_x, place_y, penalty, **look) -> Made:
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


def _box_gradients(target, shapes, place_x, place_y, **look) -> Made:
    """Central differences of the NumPy losses; in the CIoU loss the weight of the aspect ratio stays as it is."""
    fixed = np.array([-target[0] / 2, -target[1] / 2, target[0] / 2, target[1] / 2])

    def aspect(box: np.ndarray) -> float:
        angles = [np.arctan2(b[2] - b[0], b[3] - b[1]) for b in (box, fixed)]
        return 4 / np.pi**2 * (angles[0] - angles[1]) ** 2

    def losses(start: np.ndarray) -> dict[str, Callable]:
        v = aspect(start)
        weight = v / (reference.box_iou_loss(start, fixed) + v) if v else 0.0
        plain = {name: getattr(reference, f"{name.lower()}_loss") for name in ("GIoU", "DIoU")}
        kept = {
            name: partial(lambda loss, box: float(loss(box, fixed)), loss) for name, loss in plain.items()
        }
        return {
            "IoU": lambda box: float(reference.box_iou_loss(box, fixed)),
            **kept,
            "CIoU": lambda box: kept["DIoU"](box) + weight * aspect(box),
        }

    def numbers(x: float, y: float, shape: str, chosen: str) -> dict[str, float]:
        width, height = shapes[shape]
        box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        found, h, distance = {}, 1e-6, np.hypot(x, y)
        for name, loss in losses(box).items():
            move = -np.array([loss(box + e) - loss(box - e) for e in h * np.eye(4)]) / (2 * h)
            centre = (move[:2] + move[2:]) / 2
            found[f"{name}.loss"] = loss(box)
            found[f"{name}.approach"] = -centre @ (x, y) / distance if distance else np.nan
            found[f"{name}.growth"] = move[2] - move[0] + move[3] - move[1]
        return found

    grids = [[float(f"{v:.12g}") for v in grid] for grid in (place_x, place_y)]
    return Made([*grids, list(shapes), ["IoU", "GIoU", "DIoU", "CIoU"]], numbers)


def _combo_gradients(logits, mask, steps, weights, smooth, **look) -> Made:
    """The gradient of both terms by hand, added up over the object and over the background."""
    n, members = len(mask), {"object": np.asarray(mask) == 1, "background": np.asarray(mask) == 0}

    def numbers(alpha: float, step: float) -> dict[str, float]:
        p = expit(np.asarray(logits[list(steps).index(step)], float))
        total = p.sum() + np.sum(mask) + smooth
        overlap = (2 * np.sum(p * mask) + smooth) / total
        bce = alpha * np.abs(p - mask) / n
        dice = (1 - alpha) * p * (1 - p) * np.abs(overlap - 2 * mask) / total
        found = {}
        for name, group in members.items():
            terms = {"BCE": bce[group].sum(), "Dice": dice[group].sum()}
            whole = sum(terms.values())
            terms |= {"sum": whole, "share": 100 * terms["Dice"] / whole}
            found |= {f"{name}.{key}": value for key, value in terms.items()}
        return found

    return Made([[float(f"{v:.12g}") for v in weights], list(steps)], numbers)


def _score_pair(scores, margins, **look) -> Made:
    """All three from their formulas; the descent of a pair that leads by m exactly is still the full step."""

    def numbers(f1: float, f2: float, m: float, y: float) -> dict[str, float]:
        short = m - y * (f1 - f2)
        doubt = float(expit(-y * (f1 - f2)))
        losses = {
            "margin": (max(0.0, short), -y * (short >= 0)),
            "logistic": (-np.log1p(-doubt), -y * doubt),
            "order": (float(y * (f1 - f2) <= 0), 0.0),
        }
        return {
            f"{key}.{part}": float(number)
            for key, (loss, slope) in losses.items()
            for part, number in (("loss", loss), ("f1", slope), ("f2", -slope))
        }

    grid = [float(f"{v:.12g}") for v in scores]
    return Made([grid, grid, list(margins), [-1, 1]], numbers)


def _earth_mover(source, target, shifts, shares, **look) -> Made:
    """The divergences by their formulas; the distance as the linear programme of the cheapest plan."""
    low, high = min(0, shifts[0]), max(len(source), shifts[-1] + len(target))
    p = np.pad(np.asarray(source, float), (-low, high - len(source))) / np.sum(source)

    @cache
    def between(shift: int, share: float) -> dict[str, float]:
        q = np.pad(np.asarray(target, float), (shift - low, high - shift - len(target))) / np.sum(target)
        q = (1 - share) * q + share / len(q)
        m = (p + q) / 2
        at, here, there = np.arange(len(p)), np.flatnonzero(p), np.flatnonzero(q)
        cost = np.abs(at[here][:, None] - at[there])
        leave, arrive = np.eye(len(here)), np.eye(len(there))
        marginals = np.vstack([np.kron(leave, np.ones(len(there))), np.kron(np.ones(len(here)), arrive)])
        plan = linprog(cost.ravel(), A_eq=marginals, b_eq=np.r_[p[here], q[there]])
        js = (rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2
        return {"kl": rel_entr(p, q).sum(), "js": js, "w1": plan.fun}

    def numbers(shift: float, share: float) -> dict[str, float]:
        now = between(int(shift), share)
        then = between(int(shift) + 1, share) if shift < shifts[-1] else dict.fromkeys(now, np.nan)
        with np.errstate(invalid="ignore"):
            changes = {f"{key}.change": np.subtract(then[key], now[key]) for key in now}
        return {f"{key}.value": value for key, value in now.items()} | changes

    return Made([list(shifts), list(shares)], numbers)


def _gaussian_fit(separations, means, widths, share, **look) -> Made:
    """Integrals by quadrature; one direction's choice has the target's moments, the other's is a root of its slopes."""

    def target(x, apart: float):
        return np.logaddexp(
            np.log(share) + norm.logpdf(x, -apart / 2), np.log(1 - share) + norm.logpdf(x, apart / 2)
        )

    def entropy(apart: float) -> float:
        def integrand(x: float) -> float:
            return -np.exp(target(x, apart)) * target(x, apart)

        return quad(integrand, -20, 20, limit=200, epsabs=1e-11)[0]

    def moments(apart: float) -> np.ndarray:
        return np.array([(0.5 - share) * apart, np.sqrt(1 + share * (1 - share) * apart**2)])

    def forward(apart: float, mean: float, width: float) -> float:
        centre, spread = moments(apart)
        cross = np.log(width * np.sqrt(2 * np.pi)) + (spread**2 + (centre - mean) ** 2) / (2 * width**2)
        return cross - entropy(apart)

    def reverse(apart: float, mean: float, width: float) -> float:
        def integrand(t: float) -> float:
            return norm.pdf(t) * (norm.logpdf(t) - np.log(width) - target(mean + width * t, apart))

        return quad(integrand, -9, 9, points=[0], limit=200, epsabs=1e-13)[0]

    @cache
    def chosen(apart: float) -> tuple[float, float]:
        def slopes(fit: np.ndarray, h: float = 1e-3) -> list[float]:
            return [reverse(apart, *(fit + e)) - reverse(apart, *(fit - e)) for e in h * np.eye(2)]

        starts = [moments(apart), (-apart / 2, 1.0), (apart / 2, 1.0)]
        fits = [fit.x for fit in (root(slopes, start, tol=1e-12) for start in starts)]
        return tuple(min(fits, key=lambda fit: reverse(apart, *fit)))

    def numbers(apart: float, mean: float, width: float) -> dict[str, float]:
        found = {}
        rows = {"forward": moments(apart), "reverse": chosen(apart), "yours": (mean, width)}
        for name, fit in rows.items():
            found |= {f"{name}.mean": fit[0], f"{name}.width": fit[1]}
            found |= {f"{name}.forward": forward(apart, *fit), f"{name}.reverse": reverse(apart, *fit)}
        return found

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (separations, means, widths)], numbers)


def _mask_overlap(image, target, shifts, sides, certainty, **look) -> Made:
    """The squares' areas by school geometry."""
    n = image**2
    sure, unsure = np.log(certainty), np.log(1 - certainty)

    def numbers(shift: float, side: float) -> dict[str, float]:
        width = max(0, min(target / 2, shift + side / 2) - max(-target / 2, shift - side / 2))
        both = width * min(target, side)
        extra, missing = side**2 - both, target**2 - both
        wrong = extra + missing
        total = certainty * side**2 + (1 - certainty) * (n - side**2) + target**2
        overlap = certainty * both + (1 - certainty) * missing
        dice, bce = 1 - 2 * overlap / total, -(wrong * unsure + (n - wrong) * sure) / n
        losses = {"Dice": dice, "IoU": 1 - overlap / (total - overlap), "BCE": bce, "BCE + Dice": bce + dice}
        found = {f"{name}.loss": value for name, value in losses.items()}
        counts = {"overlap": both, "false positives": extra, "false negatives": missing}
        return found | {f"{name}.pixels": value for name, value in counts.items()}

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (shifts, sides)], numbers)


def _gradient_maps(cells, sides, shifts, inside, outside, **look) -> Made:
    """Pixels of one kind have one gradient: their numbers times the formulas."""
    n = cells**2

    def numbers(side: float, shift: float) -> dict[str, float]:
        found = max(0, side - shift) * side
        kinds = {(1, inside): found, (1, outside): side**2 - found}
        kinds |= {(0, inside): side**2 - found, (0, outside): n - 2 * side**2 + found}
        overlap = sum(count * p for (t, p), count in kinds.items() if t)
        total = sum(count * p for (_, p), count in kinds.items()) + side**2
        bce = -sum(count * np.log(p if t else 1 - p) for (t, p), count in kinds.items()) / n
        pull = {"BCE": lambda t, p: abs(p - t) / n}
        pull["Dice"] = lambda t, p: 2 * abs(t * total - overlap) / total**2 * p * (1 - p)
        losses = {"BCE": bce, "Dice": 1 - 2 * overlap / total}
        shown = {f"{name}.loss": value for name, value in losses.items()}
        for name, of in pull.items():
            pulls = [sum(c * of(t, p) for (t, p), c in kinds.items() if t == kind) for kind in (1, 0)]
            shown |= {f"{name}.object": pulls[0], f"{name}.rest": pulls[1]}
            shown[f"{name}.share"] = 100 * pulls[0] / sum(pulls)
        return shown

    return Made([[float(f"{v:.12g}") for v in grid] for grid in (sides, shifts)], numbers)


def _triplet_plane(places, margins, **look) -> Made:
    """The distances by NumPy, the loss by the reference: squares are distances of points on a line."""

    def numbers(*place: float) -> dict[str, float]:
        *points, margin, k = place
        a, p, n = np.reshape(points, (3, 2))
        apart = [np.linalg.norm(x - a) for x in (p, n)]
        loss = _triplet(apart[0] ** k, apart[1] ** k, margin)
        found = {"loss": loss}
        for name, d in zip("pn", apart, strict=True):
            found[f"distance.{name}"] = d**k
            found[f"gradient.{name}"] = k * d ** (k - 1) * (loss > 1e-9 and d > 0)
        return found

    grid = [float(f"{v:.12g}") for v in places]
    return Made([grid] * 6 + [list(margins), [1.0, 2.0]], numbers)


def _triplet_circle(degrees, margins, **look) -> Made:
    """Squared chords are 2 - 2 cos; slopes by central differences."""

    def chord(x: float, y: float) -> float:
        return 2 - 2 * np.cos(np.radians(x - y))

    def loss(angles: np.ndarray, margin: float) -> float:
        a, p, n = angles
        return _triplet(chord(a, p), chord(a, n), margin)

    def numbers(*place: float) -> dict[str, float]:
        *angles, margin = place
        a, p, n = angles
        found = {"loss": loss(angles, margin), "distance.p": chord(a, p), "distance.n": chord(a, n)}
        for name, one in zip("apn", np.eye(3), strict=True):
            # Far above its kink the loss is smooth; on it, and below, nothing turns.
            up, down = (loss(np.array(angles) + h * one, margin + 9) for h in (1e-3, -1e-3))
            found[f"turn.{name}"] = (down - up) / np.radians(2e-3) if found["loss"] > 1e-9 else 0.0
        return found

    return Made([[float(v) for v in degrees]] * 3 + [list(margins)], numbers)


def _triplet(to_positive: float, to_negative: float, margin: float) -> float:
    on_a_line = ([[0.0]], [[to_positive]], [[to_negative]])
    return float(reference.triplet_margin_loss(*map(np.array, on_a_line), margin=margin))


def _maps_in_numpy(features) -> Callable:
    """From images to the feature maps of a network, both as arrays."""

    def maps(images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [m.double().numpy() for m in features(torch.as_tensor(images).float())]

    return maps


def _picture_changes(original, changed, features, **look) -> Made:
    """The losses of the reference, one picture at a time."""
    target = original[None].numpy()
    pictures = {name: [picture[None].numpy() for picture in strengths] for name, strengths in changed.items()}
    errors = {
        name: [reference.mse_loss(picture, target) for picture in kept] for name, kept in pictures.items()
    }
    strengths = [float(f"{value:.3g}") for value in np.mean(list(errors.values()), axis=0)]

    @cache
    def numbers(change: str, mse: float, layer: str) -> dict[str, float]:
        k, maps, found = strengths.index(mse), _maps_in_numpy(features[layer]), {}
        for name, kept in pictures.items():
            found[f"{name}.MSE"] = errors[name][k]
            found[f"{name}.distance"] = reference.perceptual_loss(kept[k], target, maps)
        return found

    return Made([list(changed), strengths, list(features)], numbers)


def _style_weights(content, style, results, weights, features, **look) -> Made:
    """The losses of the reference, one result at a time."""
    maps = _maps_in_numpy(features)
    start, goal = maps(content[None].numpy()), maps(style[None].numpy())

    def numbers(weight: float) -> dict[str, float]:
        found = maps(results[list(weights).index(weight)][None].numpy())
        shares = [
            reference.style_loss(m, g) / reference.style_loss(s, g)
            for m, g, s in zip(found, goal, start, strict=True)
        ]
        return {"content": reference.mse_loss(found[-1], start[-1]), "style": float(np.mean(shares))}

    return Made([[float(weight) for weight in weights]], numbers)


def read_number(text: str) -> float:
    """A number as a reader reads it, in any language of the book."""
    text = text.replace("−", "-").replace(",", ".").replace("∞", "inf").replace("–", "nan")
    mantissa, _, power = text.partition("×10")
    return float(f"{mantissa}e{power.translate(SUPERSCRIPTS)}" if power else mantissa)
