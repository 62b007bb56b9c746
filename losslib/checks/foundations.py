"""Tasks on what a loss is: what it estimates, its gradient, how it is averaged, where it comes from, what it is for."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit, logsumexp, softmax
from scipy.stats import expectile, gmean, hmean, norm

from losslib import datasets
from losslib.checks import task
from losslib.checks.answers import Answer, require
from losslib.locales import tr

LOG2 = np.log(2)
LOG3 = np.log(3)

# Coursework


@task("foundations_zero_one")
def zero_one(answer: Answer, draw: np.random.Generator) -> None:
    """1 where the margin is not positive, otherwise 0: `zero_one(margin)`, in NumPy."""
    answer.returns([1.0, 1.0, 0.0], np.array([-2.0, 0.0, 0.5]), hint=tr("A margin of 0 is not right."))
    for shape in ((7,), (3, 50)):
        margin = draw.normal(size=shape)
        answer.returns((margin <= 0).astype(float), margin)


@task("foundations_logistic")
def logistic(answer: Answer, draw: np.random.Generator) -> None:
    """The logistic loss that is 1 at margin 0: `logistic(margin)`, in NumPy."""
    hint = tr("At margin 0 it is 1: only then does it lie above the 0-1 loss everywhere.")
    answer.returns([2.0, 1.0, np.log2(4 / 3)], np.array([-LOG3, 0.0, LOG3]), hint=hint)
    for shape in ((7,), (3, 50)):
        margin = draw.normal(0, 3, size=shape)
        answer.returns(np.log2(1 + np.exp(-margin)), margin)
    hint = tr("For margins of thousands the loss is finite; on the wrong side it is nearly a straight line.")
    answer.returns([1e4 / LOG2, 0.0], np.array([-1e4, 1e4]), hint=hint)


@task("foundations_logistic_slope")
def logistic_slope(answer: Answer, draw: np.random.Generator) -> None:
    """The derivative of the logistic loss that is 1 at margin 0: `logistic_slope(margin)`, in NumPy."""
    hint = tr("The loss falls as the margin grows, and its logarithm has the base 2.")
    answer.returns([-0.75 / LOG2, -0.5 / LOG2], np.array([-LOG3, 0.0]), hint=hint)
    for shape in ((7,), (3, 50)):
        margin = draw.normal(0, 3, size=shape)
        answer.returns(-expit(-margin) / LOG2, margin)
    hint = tr("The slope of a badly wrong answer is bounded, that of a surely right one is 0.")
    answer.returns([-1 / LOG2, 0.0], np.array([-1e4, 1e4]), hint=hint)


@task("foundations_constant")
def constant(answer: Answer, draw: np.random.Generator) -> None:
    """The constant that costs least, by the loss's name: `best_constant(loss, target)`, in NumPy."""
    for name, best, hint in (
        ("relative", hmean, tr("Set the derivative of the sum of (c - y)² / y to zero.")),
        ("logarithmic", gmean, tr("In log c this is the squared error, so the best log c is a mean.")),
        ("largest", lambda y: (min(y) + max(y)) / 2, tr("Only the largest error counts.")),
    ):
        for target in (np.array([1.0, 2.0, 6.0]), *(draw.gamma(2, 3, size=n) + 0.1 for n in (1, 4, 201))):
            answer.returns(best(target), name, target, hint=hint)
    hint = tr("It counts the targets that are missed; of several best constants, the smallest is asked for.")
    for target in ([1, 3, 3], [5, -2, 5, 9, -2], [7], draw.integers(-4, 5, size=201)):
        target = np.array(target, dtype=float)
        best = min(target, key=lambda c, y=target: (np.sum(y != c), c))
        answer.returns(best, "zero-one", target, hint=hint)


@task("foundations_expectile")
def asymmetric(answer: Answer, draw: np.random.Generator) -> None:
    """The constant that minimises the asymmetric squared error: `expectile(target, q)`, in NumPy."""
    skewed = tr("It is the one constant where the derivative of the loss is 0.")
    for target, q, hint in (
        (np.array([0.0, 1.0]), 0.9, tr("Predicting too little weighs q, predicting too much 1 - q.")),
        (np.array([0.0, 1.0, 5.0]), 0.5, tr("With q = 1/2 it is the mean.")),
        (np.array([4.0, 4.0, 4.0]), 0.2, tr("If all targets are equal, it is that target.")),
        (draw.lognormal(sigma=1.5, size=5), 0.1, skewed),
        (draw.lognormal(sigma=1.5, size=300) - 9, 0.99, skewed),
    ):
        answer.returns(expectile(target, alpha=q), target, q, atol=1e-5, hint=hint)


LOSSES = ("squared", "huber", "poisson", "correlation")


def true_gradient(loss: str, p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The gradients of the losses that the assignment names."""
    if loss == "correlation":
        prediction = torch.tensor(p, dtype=torch.float64, requires_grad=True)
        rows = torch.stack([prediction, torch.tensor(t, dtype=torch.float64)])
        return -torch.autograd.grad(torch.corrcoef(rows)[0, 1], prediction)[0].numpy()
    slope = {"squared": 2 * (p - t), "huber": np.clip(p - t, -2, 2), "poisson": np.exp(p) - t}
    return slope[loss] / len(p)


def huber_error(p: np.ndarray, t: np.ndarray) -> float:
    """How far the Huber gradient that forgot its δ = 2 is from the true one."""
    right = true_gradient("huber", p, t)
    wrong = np.where(np.abs(p - t) <= 2, right, right / 2)
    return float(np.linalg.norm(right - wrong) / (np.linalg.norm(right) + np.linalg.norm(wrong)))


@task("foundations_numerical_gradient")
def numerical_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Central differences of a loss by its name: `numerical_gradient(loss, prediction, target)`, in NumPy."""

    def compare(loss: str, prediction: np.ndarray, target: np.ndarray, hint: str = "") -> None:
        expected = true_gradient(loss, prediction.astype(float), target)
        answer.returns(expected, loss, prediction, target, rtol=2e-6, atol=1e-8, hint=hint)

    hint = tr("Steps to both sides: at a minimum the difference is 0.")
    compare("squared", np.array([1.0, 2.0]), np.array([0.5, 2.0]), hint)
    for n in (3, 40):
        for loss in LOSSES:
            compare(loss, draw.normal(size=n), draw.normal(0, 3, size=n))
    hint = tr("A prediction of whole numbers has a gradient, too: the step must not be rounded away.")
    compare("squared", np.array([1, 2, 4]), np.array([0.0, 5.0, 4.0]), hint)
    hint = tr("Compute in float64: in float32 the difference of two losses is mostly rounding.")
    compare("squared", draw.normal(size=5).astype(np.float32), np.zeros(5, np.float32), hint)


@task("foundations_gradient_error")
def gradient_error(answer: Answer, draw: np.random.Generator) -> None:
    """How far a gradient by hand is from the numerical one: `gradient_error(loss, prediction, target)`, in NumPy."""

    def compare(expected: float, loss: str, prediction: np.ndarray, target: np.ndarray, hint: str) -> None:
        answer.returns(expected, loss, prediction, target, rtol=1e-4, atol=1e-6, hint=hint)

    far, origin = np.array([1.0, 3.0]), np.zeros(2)
    norms = tr("The norm of the difference is divided by the sum of the two norms.")
    compare(huber_error(far, origin), "huber", far, origin, norms)
    for n in (3, 40):
        prediction, target = draw.normal(size=n), draw.normal(0, 4, size=n)
        compare(huber_error(prediction, target), "huber", prediction, target, norms)
        for loss in ("squared", "poisson", "correlation"):
            compare(0.0, loss, prediction, target, tr("This gradient by hand is right."))
    hint = tr("Where both gradients are 0 but for rounding they agree: the denominator is at least 1e-6.")
    compare(0.0, "squared", prediction, prediction, hint)


@task("foundations_wrong_gradient")
def wrong_gradient(name: Answer, error: Answer, draw: np.random.Generator) -> None:
    """Which of four gradients by hand is wrong, and how far it is off on real data: `wrong, error`."""
    data = datasets.diabetes()
    bmi, progression = ((v - v.mean()) / v.std() for v in (data.column("bmi"), data.target))
    hint = tr("That gradient by hand is right. Which branch of which loss was never reached?")
    require(name.word(*LOSSES) == "huber", hint)
    hint = tr("It is the error of the wrong gradient: bmi is the prediction, progression the target.")
    require(np.isclose(error.number(), huber_error(bmi, progression), rtol=1e-3), hint)


def token_mean(losses: list[np.ndarray], masks: list[np.ndarray]) -> float:
    """The mean over the real tokens of all batches, as if they were one."""
    values, real = (np.concatenate([array.ravel() for array in arrays]) for arrays in (losses, masks))
    return float(values[real].mean()) if real.any() else np.nan


def batches(draw: np.random.Generator, *shapes: tuple[int, int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Losses and masks of batches of sentences, each at least one token long."""
    masks = [np.arange(length) < draw.integers(1, length + 1, size=(n, 1)) for n, length in shapes]
    return [draw.gamma(2, size=shape) for shape in shapes], masks


@task("foundations_epoch")
def epoch(answer: Answer, draw: np.random.Generator) -> None:
    """The mean over the real tokens of all batches: `epoch_loss(losses, masks)`, in NumPy."""
    alike = tr("Every token counts alike, whatever the size of its batch.")
    full = [np.ones((1, 2), bool), np.ones((1, 1), bool)]
    answer.returns(4.0, [np.array([[1.0, 3.0]]), np.array([[8.0]])], full, hint=alike)
    hint = tr("Padding counts neither in the sum nor in the number.")
    answer.returns(2.0, [np.array([[2.0, 9.0]])], [np.array([[True, False]])], hint=hint)
    for shapes in (((4, 6), (4, 6)), ((8, 5), (8, 9), (3, 2))):
        losses, masks = batches(draw, *shapes)
        answer.returns(token_mean(losses, masks), losses, masks, hint=alike)


@task("foundations_epoch_padding")
def epoch_padding(answer: Answer, draw: np.random.Generator) -> None:
    """What stands in the padding changes nothing, nor does a batch of it: `epoch_loss(losses, masks)`, in NumPy."""
    hint = tr("Padding may hold nan or inf, and 0 times either of them is nan.")
    answer.returns(2.0, [np.array([[2.0, np.nan]])], [np.array([[True, False]])], hint=hint)
    losses, masks = batches(draw, (4, 6), (2, 3), (5, 4))
    for value in (np.nan, np.inf):
        spoilt = [np.where(mask, loss, value) for loss, mask in zip(losses, masks, strict=True)]
        answer.returns(token_mean(losses, masks), spoilt, masks, hint=hint)
    masks[1] = np.zeros((2, 3), bool)
    hint = tr("A batch of nothing but padding changes nothing.")
    answer.returns(token_mean(losses, masks), losses, masks, hint=hint)
    hint = tr("An epoch without a single token has no mean: it is nan.")
    answer.returns(np.nan, losses[1:2], masks[1:2], hint=hint)


def noise_nll(prediction: torch.Tensor, target: torch.Tensor, log_scale: torch.Tensor) -> list[np.ndarray]:
    """The mean NLL of the contaminated Gaussian, and its gradients by the prediction and by the logarithm of σ."""
    residual = (prediction - target).double().numpy()
    widths = np.exp(log_scale.double().numpy()) * np.array([[1.0], [10.0]])
    parts = norm.logpdf(residual, scale=widths) + np.log([[0.9], [0.1]])
    slope = (softmax(parts, axis=0) * residual / widths**2).sum(0)
    return [-logsumexp(parts, axis=0).mean(), slope / len(residual), (1 - residual * slope).mean()]


def noisy(draw: np.random.Generator, n: int) -> list[torch.Tensor]:
    """Predictions, targets with noise that has outliers, and the logarithm of a scale."""
    return [torch.tensor(v) for v in (draw.normal(size=n), draw.standard_t(1.5, size=n), draw.normal())]


@task("foundations_noise")
def noise(answer: Answer, draw: np.random.Generator) -> None:
    """The mean NLL of contaminated Gaussian noise: `contaminated_nll(prediction, target, log_scale)`, in PyTorch."""
    for log_scale, hint in (
        (0.0, tr("Each of the two Gaussians has its own factor 1 / (√(2π) s).")),
        (LOG2, tr("The third argument is the logarithm of σ; the wider Gaussian has 10 σ.")),
    ):
        small = [torch.tensor(v, dtype=torch.float64) for v in ([0.0, 0.0], [0.0, 3.0], log_scale)]
        answer.returns(noise_nll(*small)[0], *small, hint=hint)
    for n in (1, 5, 200):
        arguments = noisy(draw, n)
        answer.returns(noise_nll(*arguments)[0], *arguments)


@task("foundations_noise_gradient")
def noise_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """Gradients by prediction and scale: `contaminated_nll(prediction, target, log_scale)`, in PyTorch."""
    hint = tr("The scale is learnt, too: the loss depends on it.")
    for n in (2, 200):
        arguments = noisy(draw, n)
        _, by_prediction, by_scale = noise_nll(*arguments)
        answer.has_gradient(by_prediction, *arguments)
        answer.has_gradient(by_scale, *arguments, wrt=2, hint=hint)


@task("foundations_noise_far")
def noise_far(answer: Answer, draw: np.random.Generator) -> None:
    """The same with residuals of thousands: `contaminated_nll(prediction, target, log_scale)`, in PyTorch."""
    hint = tr("A residual of 10 000 is unlikely, not impossible: loss and gradient are finite, and not 0.")
    for log_scale, dtype in ((0.0, torch.float64), (0.0, torch.float32), (-2.0, torch.float32)):
        arguments = [torch.tensor(v, dtype=dtype) for v in ([0.0, 1.0], [1e4, 1.0], log_scale)]
        value, by_prediction, by_scale = noise_nll(*arguments)
        answer.returns(value, *arguments, hint=hint)
        answer.has_gradient(by_prediction, *arguments, hint=hint)
        answer.has_gradient(by_scale, *arguments, wrt=2, hint=hint)


PRICES = np.array([[0.0, 1.0], [12.0, 2.0]])  # by what is true, and by what is done


def mean_price(probability: np.ndarray, label: np.ndarray, prices: np.ndarray) -> float:
    """What is paid on average if each action is the one with the lower expected price."""
    expected = np.stack([1 - probability, probability], 1) @ prices
    return float(prices[label, expected.argmin(1)].mean())


@task("foundations_price")
def price(threshold: Answer, average: Answer, draw: np.random.Generator) -> None:
    """`threshold(prices)` and `average_price(probability, label, prices)`, in NumPy."""
    hint = tr("At the threshold both actions have the same expected price, over the ill and the healthy.")
    threshold.returns(1 / 11, PRICES, hint=hint)
    rows = tr("The rows of the prices are what is true, the columns what is done.")
    average.returns(5.0, np.array([0.05, 0.2, 0.3]), np.array([1, 0, 1]), PRICES, hint=rows)
    for n in (5, 300):
        left, found, alarm, miss = draw.uniform(0.2, 3, size=4)
        prices = np.array([[left, left + alarm], [found + miss, found]])
        threshold.returns(1 / (1 + miss / alarm), prices, hint=hint)
        probability, label = draw.uniform(size=n), draw.integers(0, 2, size=n)
        average.returns(mean_price(probability, label, prices), probability, label, prices, hint=rows)


@task("foundations_models")
def models(auc: Answer, price: Answer, chosen: Answer, misled: Answer, draw: np.random.Generator) -> None:
    """Two models measured, and one chosen: `auc_of, price_of, chosen, misled_by`."""
    label, probability = two_models()
    ill, healthy = probability[:, label == 1, None], probability[:, None, label == 0]
    hint = tr("AUC needs the probabilities of the test patients, not decisions; logistic comes first.")
    require(np.allclose(auc.array(2), (1 + np.sign(ill - healthy).mean((1, 2))) / 2, atol=1e-4), hint)
    paid = [mean_price(p, label, PRICES) for p in probability]
    hint = tr(
        "It is the average price of the test patients, at the threshold of PRICES; logistic comes first."
    )
    require(np.allclose(price.array(2), paid, atol=1e-3), hint)
    require(chosen.word("logistic", "bayes") == "logistic", tr("The other model costs less per patient."))
    hint = tr("That measure prefers the model that costs less.")
    require(misled.word("accuracy", "auc", "log loss") == "auc", hint)


def two_models() -> tuple[np.ndarray, np.ndarray]:
    """Whether each test patient is ill (N,), and the probabilities of logistic regression and naive Bayes (2, N)."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    features, ill = data.data[:, 10:20], (data.target == 0).astype(int)
    pair = make_pipeline(StandardScaler(), LogisticRegression()), GaussianNB()
    fitted = [model.fit(features[::2], ill[::2]) for model in pair]
    return ill[1::2], np.stack([model.predict_proba(features[1::2])[:, 1] for model in fitted])
