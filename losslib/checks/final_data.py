"""Tasks of the assignment over the whole book on a training run with faults, and on three sets of data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from scipy.special import expit, log_softmax, softmax
from scipy.stats import kendalltau
from torch import Tensor

from losslib import datasets
from losslib.checks import task
from losslib.checks.answers import Answer, require, short
from losslib.locales import tr


@task("final_words")
def words(answer: Answer, draw: np.random.Generator) -> None:
    """Cross-entropy of each word: `word_loss(logits, words)`, in PyTorch, with its gradient."""
    hint = tr("A softmax of the logits, and one only.")
    for n, length, kinds, scale in ((1, 2, 3, 1), (4, 6, 10, 3), (2, 3, 5, 1e4)):
        logits, goal = (
            draw.normal(0, scale, (n, length, kinds)).round(2),
            draw.integers(0, kinds, (n, length)),
        )
        hot = np.eye(kinds)[goal]
        expected = -(log_softmax(logits, axis=-1) * hot).sum(-1)
        answer.returns(expected, torch.tensor(logits), torch.tensor(goal), hint=hint)
        gradient = softmax(logits, axis=-1) - hot
        answer.has_gradient(gradient, torch.tensor(logits), torch.tensor(goal), hint=hint)


@task("final_ends")
def ends(answer: Answer, draw: np.random.Generator) -> None:
    """Binary cross-entropy of each place: `end_loss(logits, ends)`, in PyTorch, with its gradient."""
    hint = tr("A sigmoid of the logits, and one only; large logits must not overflow.")
    for n, length, scale in ((1, 2, 1), (4, 6, 3), (2, 3, 1e4)):
        logits = draw.normal(0, scale, (n, length)).round(2)
        goal = draw.integers(0, 2, (n, length)).astype(float)
        expected = np.logaddexp(0, np.where(goal == 1, -logits, logits))
        answer.returns(expected, torch.tensor(logits), torch.tensor(goal), hint=hint)
        answer.has_gradient(expit(logits) - goal, torch.tensor(logits), torch.tensor(goal), hint=hint)


@task("final_mean_value")
def mean_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean over what is no padding: `real_mean(values, lengths)`, in PyTorch, with its gradient."""
    hint = tr("Divide by the number of real places of the batch: each counts alike, in whichever row.")
    _mean_case(answer, np.array([[3.0, 1.0, 9.0], [5.0, 9.0, 9.0]]), np.array([2, 1]), hint)
    for n, length in ((4, 6), (20, 9)):
        _mean_case(answer, draw.normal(size=(n, length)), draw.integers(1, length + 1, n), hint)


@task("final_mean_padding")
def mean_padding(answer: Answer, draw: np.random.Generator) -> None:
    """`real_mean(values, lengths)` with padding that is infinite or NaN, and with nothing but padding."""
    hint = tr("What stands in the padding must not matter, not even NaN: 0 times NaN is NaN.")
    for filler in (np.inf, np.nan):
        _mean_case(answer, np.array([[1.0, filler], [2.0, 4.0]]), np.array([1, 2]), hint)
    rows = draw.normal(size=(6, 5))
    lengths = np.array([5, 0, 3, 1, 0, 2])
    rows[np.arange(5) >= lengths[:, None]] = np.nan
    _mean_case(answer, rows, lengths, hint)
    _mean_case(answer, np.ones((2, 3)), np.zeros(2, int), tr("With nothing but padding the mean is 0."))


@task("final_floors")
def floors(answer: Answer, draw: np.random.Generator) -> None:
    """The lowest values that the two faulty losses can reach: `floors`, (2,)."""
    got = answer.array(2)
    message = tr("Words: the first softmax gives 1 to the right word at best. What gives the second?")
    require(abs(got[0] - np.log(math.e + 9) + 1) < 2e-3, message)
    message = tr(
        "Ends: the first sigmoid gives 1 or 0 at best. What gives the second, as a mean of both labels?"
    )
    require(abs(got[1] - np.logaddexp(0, [-1, 0]).mean()) < 2e-3, message)


@task("final_order_measured")
def order_measured(answer: Answer, draw: np.random.Generator) -> None:
    """Kendall's τ of least squares and of RankNet: `taus`, (2,)."""
    _require_close(answer.array(2), _taus(), ("mse", "ranknet"), 5e-3)


@task("final_order_choice")
def order_choice(answer: Answer, draw: np.random.Generator) -> None:
    """The loss for the order: `order_loss`."""
    _require_best(answer.word("mse", "ranknet"), dict(zip(("mse", "ranknet"), _taus(), strict=True)))


@task("final_amount_measured")
def amount_measured(answer: Answer, draw: np.random.Generator) -> None:
    """Total ratio and median relative error of both fits: `errors`, (2, 2)."""
    names = [f"{loss}, {judge}" for loss in ("mse", "log") for judge in ("total", "typical")]
    _require_close(answer.array(2, 2).ravel(), np.ravel(_amounts()).tolist(), names, 5e-3)


@task("final_amount_choice")
def amount_choice(for_total: Answer, for_typical: Answer, draw: np.random.Generator) -> None:
    """The loss for each of the two purposes: `for_total, for_typical`."""
    totals, typical = np.transpose(_amounts())
    for answer, badness in ((for_total, np.abs(totals - 1)), (for_typical, typical)):
        _require_best(answer.word("mse", "log"), dict(zip(("mse", "log"), -badness, strict=True)))


@task("final_stage_measured")
def stage_measured(answer: Answer, draw: np.random.Generator) -> None:
    """Mean distance from the true stage by loss and by decision: `off`, (2, 2)."""
    names = [f"{loss}, {decision}" for loss in ("ce", "rps") for decision in ("mode", "median")]
    _require_close(answer.array(2, 2).ravel(), np.ravel(_stages()).tolist(), names, 1e-2)


@task("final_stage_choice")
def stage_choice(answer: Answer, draw: np.random.Generator) -> None:
    """Which of the two changes gains more: `first_change`."""
    errors = np.array(_stages())
    gains = {"loss": errors[0, 0] - errors[1, 0], "decision": errors[0, 0] - errors[0, 1]}
    _require_best(answer.word("loss", "decision"), gains)


def minimise(loss: Callable[[Tensor], Tensor], *shape: int) -> Tensor:
    """The weights of this shape, float64, at which a smooth convex function of them is smallest."""
    w = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([w], max_iter=500, tolerance_change=1e-12, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        value = loss(w)
        value.backward()
        return value

    solver.step(closure)  # type: ignore[no-untyped-call]
    return w.detach()


def stretched() -> tuple[np.ndarray, ...]:
    """The diabetes data, progression on a stretched scale: X_train, X_val (N, 11), with ones, y_train, y_val (N,)."""
    X, target = _patients()
    return datasets.split(X, 10 ** (target / 60), seed=2)


def amounts() -> tuple[np.ndarray, np.ndarray]:
    """Biopsies: ones and the standardised logarithms of mean radius and texture (569, 3), and the area error (569,)."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    features = np.log(data.data[:, :2])
    features = (features - features.mean(0)) / features.std(0)
    return np.column_stack([np.ones(len(features)), features]), data.data[:, 13]


def stages() -> tuple[np.ndarray, np.ndarray]:
    """The diabetes data: ones and ten standardised measurements (442, 11), and the fifth 0 to 4 of progression."""
    X, target = _patients()
    return X, np.searchsorted(np.quantile(target, [0.2, 0.4, 0.6, 0.8]), target)


def _patients() -> tuple[np.ndarray, np.ndarray]:
    data = datasets.diabetes()
    Z = (data.features - data.features.mean(0)) / data.features.std(0)
    return np.column_stack([np.ones(len(Z)), Z]), data.target


@cache
def _taus() -> list[float]:
    """Kendall's τ of least squares and of RankNet, on the validation patients."""
    X, X_val, y, y_val = stretched()
    better, worse = np.nonzero(y[:, None] > y)
    gaps = torch.tensor(X[better] - X[worse])
    ranknet = minimise(lambda w: torch.logaddexp(-gaps @ w, torch.zeros(())).mean(), 11).numpy()
    return [kendalltau(X_val @ w, y_val)[0] for w in (np.linalg.lstsq(X, y, rcond=None)[0], ranknet)]


@cache
def _amounts() -> np.ndarray:
    """Of least squares on y and on ln y: total ratio and median relative error, means of 20 splits, (2, 2)."""
    rows = []
    for seed in range(20):
        X, X_val, y, y_val = datasets.split(*amounts(), seed=seed)
        plain, log = (X_val @ np.linalg.lstsq(X, goal, rcond=None)[0] for goal in (y, np.log(y)))
        rows.append([(p.sum() / y_val.sum(), np.median(np.abs(p / y_val - 1))) for p in (plain, np.exp(log))])
    return np.mean(rows, axis=0)


@cache
def _stages() -> np.ndarray:
    """Of cross-entropy and of the ranked probability score: the error of mode and median, means of 5 splits, (2, 2)."""
    rows = []
    for seed in range(5):
        X, X_val, y, y_val = datasets.split(*stages(), seed=seed)
        x, hot = torch.tensor(X), torch.tensor(np.eye(5)[y])
        losses: tuple[Callable[[Tensor], Tensor], ...] = (
            lambda z: -(z.log_softmax(1) * hot).sum(1),  # noqa: B023
            lambda z: (z.softmax(1) - hot).cumsum(1).square().sum(1),  # noqa: B023
        )
        for loss in losses:
            w = minimise(lambda w: loss(x @ w).mean() + 1e-3 * w.square().sum(), 11, 5)  # noqa: B023
            p = softmax(X_val @ w.numpy(), axis=1)
            guesses = p.argmax(1), (p.cumsum(1) < 0.5).sum(1)
            rows.append([np.abs(guess - y_val).mean() for guess in guesses])
    return np.reshape(rows, (5, 2, 2)).mean(0)


def _mean_case(answer: Answer, values: np.ndarray, lengths: np.ndarray, hint: str) -> None:
    """Value and gradient."""
    real = [values[i, t] for i, n in enumerate(lengths) for t in range(n)]
    tensors = torch.tensor(values), torch.tensor(lengths)
    answer.returns(np.mean(real) if real else 0.0, *tensors, hint=hint)
    share = (np.arange(values.shape[1]) < lengths[:, None]) / max(1, len(real))
    answer.has_gradient(share, *tensors, hint=hint)


def _require_close(got: np.ndarray, expected: Sequence[float], names: Sequence[str], atol: float) -> None:
    for name, mine, its in zip(names, got, expected, strict=True):
        message = tr("{name}: measured again, the number is not {got}.", name=name, got=short(float(mine)))
        require(abs(mine - its) < atol, message)


def _require_best(word: str, scores: dict[str, float]) -> None:
    require(scores[word] == max(scores.values()), tr("The measured numbers speak against {word}.", word=word))
