"""Tasks on rankings and embeddings."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit, logsumexp

from losslib.checks import task
from losslib.checks.answers import Answer, require, short
from losslib.locales import tr


@task("sum_over_pairs")
def sum_over_pairs(answer: Answer, draw: np.random.Generator) -> None:
    """The hinges of each relevant item with each other one: `sum_over_pairs(relevant, other, margin)`, in NumPy."""

    def compare(relevant: np.ndarray, other: np.ndarray, margin: float, hint: str) -> None:
        expected = np.maximum(0, margin - (relevant[:, None] - other)).sum()
        answer.returns(expected, relevant, other, margin, hint=hint)

    hint = tr("A pair costs what the lead of its relevant item falls short of the margin.")
    compare(np.array([2.0, 0.5]), np.array([1.5, 0.0, -1.0]), 1.0, hint)
    for sizes in ((5, 3), (300, 500)):
        compare(draw.normal(1, 1, sizes[0]), draw.normal(0, 1, sizes[1]), draw.uniform(0.2, 2), hint)
    whole = draw.integers(-3, 4, 40).astype(float)
    compare(whole[:15], whole[15:], 1.0, tr("Equal scores are counted one by one."))
    hint = tr("Without pairs the sum is 0.")
    for sizes in ((0, 4), (4, 0)):
        compare(draw.normal(size=sizes[0]), draw.normal(size=sizes[1]), 1.0, hint)


@task("ranked_pair")
def ranked_pair(answer: Answer, draw: np.random.Generator) -> None:
    """Two scores, the first to lead by the margin: `triplet_scores(anchor, positive, negative)`, in NumPy."""
    first = np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 1.0]]])
    for anchor, positive, negative in (first, draw.normal(size=(3, 4, 1)), draw.normal(size=(3, 30, 6))):
        near, far = _distance(anchor, positive), _distance(anchor, negative)
        got = answer(anchor, positive, negative)
        form = tr("Expected the shape {expected}, got {got}.", expected=(2, len(near)), got=got.shape)
        require(got.shape == (2, len(near)), form)
        lead = {"got": short(got[0] - got[1]), "expected": short(far - near)}
        require(
            np.allclose(got[0] - got[1], far - near),
            tr("The first score leads by {got}; expected {expected}.", **lead),
        )


# Coursework


@task("ranking_ranknet_value")
def ranknet_value(answer: Answer, draw: np.random.Generator) -> None:
    """The mean logistic loss over the pairs of a query: `ranknet(scores, grades)`, in NumPy."""
    hint = tr("The mean is over the pairs of different grades, each pair once.")
    answer.returns(*_ranknet_case([2.0, 0.0, 1.0], [1, 0, 2]), hint=hint)
    for n in (2, 5, 40):
        answer.returns(*_ranknet_case(draw.normal(0, 2, n), draw.permutation(n)), hint=hint)


@task("ranking_ranknet_special")
def ranknet_special(answer: Answer, draw: np.random.Generator) -> None:
    """`ranknet(scores, grades)` with ties, with none but ties, and with scores of any size."""
    ties = tr("Pairs of equal grades are left out, also of the number that divides.")
    answer.returns(*_ranknet_case([1.0, 3.0, 2.0], [1, 1, 0]), hint=ties)
    answer.returns(*_ranknet_case(draw.normal(size=60), draw.integers(0, 4, 60)), hint=ties)
    for scores, grades in (([0.5, -1.0], [2, 2]), ([0.5], [1])):
        answer.returns(*_ranknet_case(scores, grades), hint=tr("Without a pair to compare the result is 0."))
    for scores in ([1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]):
        answer.returns(*_ranknet_case(scores, [2, 0, 1]), hint=tr("Large scores must not overflow."))


@task("ranking_ranknet_gradient")
def ranknet_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradient of the mean logistic loss by the scores: `ranknet_gradient(scores, grades)`, in NumPy."""
    hint = tr("Each pair pushes its better item up and its worse item down.")
    cases: list[tuple] = [([2.0, 0.0, 1.0], [1, 0, 2])]
    cases += [(draw.normal(0, 2, n), draw.integers(0, 4, n)) for n in (6, 40)]
    cases += [([1e4, -1e4, 0.0], [0, 2, 1]), ([0.5, -1.0], [2, 2])]
    for scores, grades in cases:
        scores, grades = np.asarray(scores, float), np.asarray(grades)
        expected, pairs = np.zeros(len(scores)), _pairs_of(grades)
        for better, worse in pairs:
            force = expit(scores[worse] - scores[better]) / len(pairs)
            expected[better] -= force
            expected[worse] += force
        answer.returns(expected, scores, grades, hint=hint)


@task("ranking_triplet_value")
def triplet_value(answer: Answer, draw: np.random.Generator) -> None:
    """`triplet(anchor, positive, negative, margin)`, in PyTorch, where no two points coincide."""
    hint = tr("Where no points coincide, nothing may change.")
    _triplet_case(answer, np.array([[[0.0, 0.0]], [[0.3, 0.4]], [[0.0, 1.0]]]), 1.0, hint)
    for size in ((3, 4, 2), (3, 50, 8)):
        _triplet_case(answer, draw.normal(size=size), 1.0, hint)
    _triplet_case(answer, 1e-3 * draw.normal(size=(3, 20, 4)), 0.2, hint)


@task("ranking_triplet_zero")
def triplet_zero(answer: Answer, draw: np.random.Generator) -> None:
    """`triplet(anchor, positive, negative, margin)` with points that coincide: finite, and no force between them."""
    hint = tr("Two points that coincide have the distance 0, and exert no force on each other.")
    a, n = np.array([[1.0, 2.0]]), np.array([[1.0, 2.5]])
    for points in ((a, a, n), (a, n, a), (a, a, a)):
        _triplet_case(answer, np.stack(points), 1.0, hint)
    some = draw.normal(size=(3, 30, 5))
    some[1, :3] = some[0, :3]
    some[2, 3:6] = some[0, 3:6]
    _triplet_case(answer, some, 1.0, hint)
    hint = tr("A triplet that costs nothing exerts no force: 0 times NaN is NaN.")
    _triplet_case(answer, np.stack([a, a, a + 9]), 1.0, hint)


@task("ranking_hardest_value")
def hardest_value(answer: Answer, draw: np.random.Generator) -> None:
    """The farthest positive and the closest negative of each anchor: `hardest(embeddings, labels)`, in NumPy."""
    hint = tr("Column 0 is the farthest positive, column 1 the closest negative.")
    _hardest_case(answer, np.array([[0.0], [1.0], [2.5], [7.0]]), np.array([0, 0, 1, 1]), hint)
    for kinds, per_kind, size in ((2, 3, 1), (5, 6, 4)):
        labels = draw.permutation(np.arange(kinds).repeat(per_kind))
        _hardest_case(answer, draw.normal(size=(len(labels), size)), labels, hint)
    ties = np.array([[0.0], [2.0], [-2.0], [3.0], [-3.0]])
    _hardest_case(answer, ties, np.array([4, 4, 4, 7, 7]), tr("Of several at one distance the first counts."))


@task("ranking_hardest_absent")
def hardest_absent(answer: Answer, draw: np.random.Generator) -> None:
    """`hardest(embeddings, labels)` where an anchor has no positive or no negative."""
    positive = tr("An anchor is not its own positive; without another one of its label the index is -1.")
    negative = tr("Without an embedding of another label the index is -1.")
    for labels, hint in (
        ([0, 0, 1], positive),
        ([0, 1, 2, 3], positive),
        ([1] * 5, negative),
        ([0], negative),
    ):
        _hardest_case(answer, draw.normal(size=(len(labels), 2)), np.array(labels), hint)
    _hardest_case(answer, np.ones((4, 2)), np.array([0, 0, 1, 1]), positive)


@task("ranking_infonce_value")
def infonce_value(answer: Answer, draw: np.random.Generator) -> None:
    """InfoNCE in both directions: `info_nce(query, key, temperature)`, in PyTorch."""
    first = np.array([[[2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [3.0, 4.0]]])
    hint = tr("The similarities are cosines; both directions are averaged.")
    for pair in (first, draw.normal(0, 3, (2, 3, 2)), draw.normal(0, 3, (2, 20, 8))):
        for temperature in (0.5, 0.1):
            expected = _infonce(pair, temperature)[0]
            answer.returns(expected, *map(torch.tensor, pair), temperature, hint=hint)
    alone = torch.tensor(draw.normal(size=(2, 4)))
    answer.returns(0.0, alone[:1], alone[1:], 0.1, hint=tr("With one pair there is nothing to confuse."))


@task("ranking_infonce_cold")
def infonce_cold(answer: Answer, draw: np.random.Generator) -> None:
    """`info_nce(query, key, temperature)` at temperatures down to 0.001, in float32."""
    hint = tr("exp of a similarity divided by a small temperature overflows.")
    for temperature in (0.05, 0.01, 0.001):
        pair = draw.normal(size=(2, 8, 6)).astype(np.float32)
        expected = _infonce(pair.astype(float), temperature)[0]
        answer.returns(expected, *map(torch.tensor, pair), temperature, rtol=1e-3, atol=1e-4, hint=hint)


@task("ranking_infonce_gradient")
def infonce_gradient(answer: Answer, draw: np.random.Generator) -> None:
    """The gradients of `info_nce(query, key, temperature)` by query and key."""
    hint = tr("The gradient flows to query and key, and through their lengths.")
    for n, size, temperature in ((2, 2, 0.5), (16, 5, 0.1)):
        pair = draw.normal(size=(2, n, size))
        for wrt, expected in enumerate(_infonce(pair, temperature)[1]):
            answer.has_gradient(expected, *map(torch.tensor, pair), temperature, wrt=wrt, hint=hint)


@task("ranking_contrastive_value")
def contrastive_value(answer: Answer, draw: np.random.Generator) -> None:
    """A contrastive loss found from its values: `contrastive(distance, label)`, in NumPy."""
    hint = tr("Compare with the table: which label costs nothing at distance 0?")
    answer.returns([0.16, 0.64], np.array([0.4, 0.4]), np.array([0, 1]), hint=hint)
    for n in (5, 50):
        distance, label = draw.uniform(0, 2.5, n), draw.integers(0, 2, n)
        expected = np.where(label == 1, np.maximum(0, 1.2 - distance) ** 2, distance**2)
        answer.returns(expected, distance, label, hint=hint)


@task("ranking_contrastive_slope")
def contrastive_slope(answer: Answer, draw: np.random.Generator) -> None:
    """Its derivative by the distance: `contrastive_slope(distance, label)`, in NumPy."""
    hint = tr("A different pair that is near is pushed apart: its slope is negative.")
    answer.returns([0.8, -1.6], np.array([0.4, 0.4]), np.array([0, 1]), hint=hint)
    for n in (5, 50):
        distance, label = draw.uniform(0, 2.5, n), draw.integers(0, 2, n)
        expected = np.where(label == 1, 2 * np.minimum(0, distance - 1.2), 2 * distance)
        answer.returns(expected, distance, label, hint=hint)


@task("ranking_recall_value")
def recall_value(answer: Answer, draw: np.random.Generator) -> None:
    """The share whose nearest other embedding has the same label: `recall_at_1(embeddings, labels)`, in NumPy."""
    hint = tr("The nearest other embedding: never the embedding itself.")
    answer.returns(1 / 3, np.array([[0.0], [1.0], [1.5]]), np.array([0, 0, 1]), hint=hint)
    for n, size in ((10, 2), (80, 5)):
        embeddings, labels = draw.normal(size=(n, size)), draw.integers(0, 3, n)
        answer.returns(_recall(embeddings, labels), embeddings, labels, hint=hint)
    twice = np.repeat(draw.normal(size=(6, 3)), 2, axis=0)
    hint = tr("An embedding that is there twice is its own copy's neighbour.")
    for labels in (np.arange(12), np.arange(12) // 2):
        answer.returns(_recall(twice, labels), twice, labels, hint=hint)


@task("ranking_recall_digits")
def recall_digits(raw: Answer, unit: Answer, draw: np.random.Generator) -> None:
    """Recall@1 of the faded digits, by their distances as they are and after scaling each to length 1."""
    for answer, expected in zip((raw, unit), _faded_recalls(), strict=True):
        got = answer.number()
        require(0 <= got <= 1, tr("A share lies between 0 and 1, got {got}.", got=short(got)))
        again = tr("Measured again, the share is not {got}.", got=short(got))
        require(abs(got - expected) < 3e-3, again)


@task("ranking_recall_choice")
def recall_choice(choice: Answer, draw: np.random.Generator) -> None:
    """Which of the two embeddings to keep, `"raw"` or `"unit"`."""
    raw, unit = _faded_recalls()
    best = "raw" if raw > unit else "unit"
    require(choice.word("raw", "unit") == best, tr("The measured shares speak for the other one."))


def _distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x - y, axis=-1)


def _pairs_of(grades: np.ndarray) -> list[tuple[int, int]]:
    n = len(grades)
    return [(i, j) for i in range(n) for j in range(n) if grades[i] > grades[j]]


def _ranknet_case(scores, grades) -> tuple:
    """The expected loss, and the arguments that it belongs to."""
    scores, grades = np.asarray(scores, float), np.asarray(grades)
    costs = [np.logaddexp(0, scores[j] - scores[i]) for i, j in _pairs_of(grades)]
    return np.mean(costs) if costs else 0.0, scores, grades


def _triplet_case(answer: Answer, points: np.ndarray, margin: float, hint: str) -> None:
    """Value and the three gradients, to three digits: a small number inside the root is allowed."""
    anchor, positive, negative = points
    near, far = _distance(anchor, positive)[:, None], _distance(anchor, negative)[:, None]
    cost = np.maximum(0, near - far + margin)
    tensors = [torch.tensor(p) for p in points]
    answer.returns(cost.mean(), *tensors, margin, rtol=1e-3, atol=1e-4, hint=hint)
    active = (cost > 0) / len(anchor)
    u = active * (positive - anchor) / np.where(near > 0, near, 1)
    v = active * (negative - anchor) / np.where(far > 0, far, 1)
    for wrt, expected in enumerate((v - u, u, -v)):
        answer.has_gradient(expected, *tensors, margin, wrt=wrt, rtol=1e-3, atol=1e-4, hint=hint)


def _hardest_case(answer: Answer, embeddings: np.ndarray, labels: np.ndarray, hint: str) -> None:
    expected = np.full((len(labels), 2), -1)
    for a in range(len(labels)):
        apart = _distance(embeddings, embeddings[a])
        positives = [i for i in range(len(labels)) if labels[i] == labels[a] and i != a]
        negatives = [i for i in range(len(labels)) if labels[i] != labels[a]]
        if positives:
            expected[a, 0] = max(positives, key=lambda i: apart[i])
        if negatives:
            expected[a, 1] = min(negatives, key=lambda i: apart[i])
    answer.returns(expected, embeddings, labels, hint=hint)


def _infonce(pair: np.ndarray, temperature: float) -> tuple[float, list[np.ndarray]]:
    """InfoNCE in both directions, and its gradients by query and key."""
    lengths = np.linalg.norm(pair, axis=2, keepdims=True)
    q, k = pair / lengths
    logits = q @ k.T / temperature
    rows, columns = (logits - logsumexp(logits, axis=axis, keepdims=True) for axis in (1, 0))
    pull = (np.exp(rows) + np.exp(columns)) / 2 - np.eye(len(q))
    gradients = [
        (g - (g * e).sum(1, keepdims=True) * e) / length / temperature / len(q)
        for g, e, length in ((pull @ k, q, lengths[0]), (pull.T @ q, k, lengths[1]))
    ]
    return -(rows + columns).diagonal().mean() / 2, gradients


def _recall(embeddings: np.ndarray, labels: np.ndarray) -> float:
    apart = _distance(embeddings[:, None], embeddings)
    np.fill_diagonal(apart, np.inf)
    return (labels[apart.argmin(1)] == labels).mean()


def _faded_recalls() -> tuple[float, float]:
    """Recall@1 of the assignment's 200 faded digits, as they are and at length 1."""
    from sklearn.datasets import load_digits

    pictures, labels = (part[:200] for part in load_digits(return_X_y=True))
    faded = pictures * np.random.default_rng(0).uniform(0.1, 1, (200, 1))
    return _recall(faded, labels), _recall(faded / np.linalg.norm(faded, axis=1, keepdims=True), labels)
