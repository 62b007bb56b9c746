"""The checks of the tasks on rankings: right answers pass in any form, wrong ones are told what is expected."""

import re

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score
from torch import nn

from losslib.checks import NotPassed, check


def brute_pairs(relevant, other, margin):
    return sum(max(0.0, margin - p + n) for p in relevant for n in other)


def far_and_near(anchor, positive, negative):
    return np.linalg.norm(anchor - negative, axis=1), np.linalg.norm(anchor - positive, axis=1)


def ranknet(scores, grades):
    better, worse = np.nonzero(np.subtract.outer(grades, grades) > 0)
    lead = scores[better] - scores[worse]
    return (np.maximum(0, -lead) + np.log1p(np.exp(-np.abs(lead)))).sum() / max(1, len(lead))


def ranknet_gradient(scores, grades):
    lead = torch.tensor(scores[:, None] - scores)
    known = torch.tensor(grades[:, None] > grades)
    force = torch.where(known, torch.sigmoid(-lead), 0.0).numpy() / max(1, known.sum().item())
    return -force.sum(1) + force.sum(0)


def rooted(x, y):
    apart = (x - y).square().sum(1)
    safe = torch.where(apart > 0, apart, 1.0)
    return torch.where(apart > 0, safe.sqrt(), 0.0)


def triplet(anchor, positive, negative, margin, distance=rooted):
    return torch.relu(distance(anchor, positive) - distance(anchor, negative) + margin).mean()


def hardest(embeddings, labels):
    rows = []
    for a, x in enumerate(embeddings):
        apart = ((embeddings - x) ** 2).sum(1)
        same = labels == labels[a]
        same[a] = False
        other = labels != labels[a]
        farthest = np.flatnonzero(same)[apart[same].argmax()] if same.any() else -1
        rows.append([farthest, np.flatnonzero(other)[apart[other].argmin()] if other.any() else -1])
    return rows


def info_nce(query, key, temperature):
    q, k = (x / torch.linalg.vector_norm(x, dim=1, keepdim=True) for x in (query, key))
    s = q @ k.T / temperature
    return ((s.logsumexp(0) + s.logsumexp(1)) / 2 - s.diagonal()).mean()


def contrastive(distance, label):
    return (1 - label) * distance**2 + label * np.clip(1.2 - distance, 0, None) ** 2


def contrastive_slope(distance, label):
    return 2 * (1 - label) * distance - 2 * label * np.clip(1.2 - distance, 0, None)


def recall_at_1(embeddings, labels):
    nearest = (cdist(embeddings, embeddings) + np.diag(np.full(len(labels), 1e9))).argmin(1)
    return float(np.mean(labels[nearest] == labels))


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("sum_over_pairs", [brute_pairs]),
        ("ranked_pair", [far_and_near]),
        ("ranking_ranknet_value", [ranknet]),
        ("ranking_ranknet_special", [ranknet]),
        ("ranking_ranknet_gradient", [ranknet_gradient]),
        ("ranking_triplet_value", [triplet]),
        ("ranking_triplet_zero", [triplet]),
        ("ranking_hardest_value", [hardest]),
        ("ranking_hardest_absent", [hardest]),
        ("ranking_infonce_value", [info_nce]),
        ("ranking_infonce_cold", [info_nce]),
        ("ranking_infonce_gradient", [info_nce]),
        ("ranking_contrastive_value", [contrastive]),
        ("ranking_contrastive_slope", [contrastive_slope]),
        ("ranking_recall_value", [recall_at_1]),
        ("ranking_recall_digits", [0.93, np.float64(0.99)]),
        ("ranking_recall_choice", ["unit"]),
    ],
)
def test_a_right_answer_in_another_form_passes(name, answers):
    for salt in ("", "graded", "again"):
        check(name, *answers, salt=salt)


@pytest.mark.parametrize("inside", [lambda s: (s + 1e-12).sqrt(), lambda s: s.clamp(min=1e-12).sqrt()])
def test_a_small_number_inside_the_root_is_allowed(inside):
    def mended(anchor, positive, negative, margin):
        return triplet(anchor, positive, negative, margin, lambda x, y: inside((x - y).square().sum(1)))

    check("ranking_triplet_value", mended)
    check("ranking_triplet_zero", mended)


def unstable(scores, grades):
    known = grades[:, None] > grades
    with np.errstate(over="ignore"):
        costs = np.log(1 + np.exp(-(scores[:, None] - scores)))[known]
    return costs.mean() if known.any() else 0.0


def all_pairs_divide(scores, grades):
    return ranknet(scores, grades) * (grades[:, None] > grades).sum() / (len(grades) * (len(grades) - 1) / 2)


def broken_root(anchor, positive, negative, margin):
    return triplet(anchor, positive, negative, margin, lambda x, y: (x - y).square().sum(1).sqrt())


def masked_root(anchor, positive, negative, margin):
    def distance(x, y):
        apart = (x - y).square().sum(1)
        return torch.where(apart > 0, apart.sqrt(), 0.0)

    return triplet(anchor, positive, negative, margin, distance)


def torch_distance(anchor, positive, negative, margin):
    return triplet(anchor, positive, negative, margin, nn.functional.pairwise_distance)


def squared(anchor, positive, negative, margin):
    return triplet(anchor, positive, negative, margin, lambda x, y: (x - y).square().sum(1))


def includes_itself(embeddings, labels):
    apart = np.linalg.norm(embeddings[:, None] - embeddings, axis=2)
    same = labels[:, None] == labels
    return np.stack([np.where(same, apart, -1).argmax(1), np.where(same, np.inf, apart).argmin(1)], 1)


def similar(embeddings, labels):
    apart = np.linalg.norm(embeddings[:, None] - embeddings, axis=2)
    return np.stack([np.array(hardest(embeddings, labels))[:, 0], apart.argmax(1)], 1)


def unnormalised(query, key, temperature):
    s = query @ key.T / temperature
    return ((s.logsumexp(0) + s.logsumexp(1)) / 2 - s.diagonal()).mean()


def one_direction(query, key, temperature):
    q, k = nn.functional.normalize(query), nn.functional.normalize(key)
    return -(q @ k.T / temperature).log_softmax(1).diagonal().mean()


def overflowing(query, key, temperature):
    s = (nn.functional.normalize(query) @ nn.functional.normalize(key).T / temperature).exp()
    return -(s.diagonal().log() - (s.sum(0).log() + s.sum(1).log()) / 2).mean()


def second_of_the_sorted(embeddings, labels):
    apart = np.linalg.norm(embeddings[:, None] - embeddings, axis=2)
    return (labels[np.argsort(apart, axis=1, kind="stable")[:, 1]] == labels).mean()


def with_itself(embeddings, labels):
    apart = np.linalg.norm(embeddings[:, None] - embeddings, axis=2)
    return (labels[apart.argmin(1)] == labels).mean()


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        (
            "sum_over_pairs",
            [lambda p, n, m: brute_pairs(n, p, m)],
            "what the lead of its relevant item falls short",
        ),
        ("sum_over_pairs", [lambda p, n, m: brute_pairs(p, n, m) / (len(p) * len(n))], "expected 3."),
        (
            "sum_over_pairs",
            [lambda p, n, m: brute_pairs(set(p), set(n), m)],
            "Equal scores are counted one by one",
        ),
        (
            "sum_over_pairs",
            [lambda p, n, m: roc_auc_score([0, 1, 1][: len(p)], p)],
            "sklearn.metrics.roc_auc",
        ),
        ("ranked_pair", [lambda a, p, n: far_and_near(a, p, n)[::-1]], "leads by [4.]; expected [-4.]"),
        ("ranked_pair", [lambda a, p, n: far_and_near(a, p, n)[0]], "Expected the shape (2, 1), got (1,)"),
        ("ranking_ranknet_value", [lambda f, g: ranknet(-f, g)], "each pair once"),
        ("ranking_ranknet_value", [lambda f, g: ranknet(f, g) / 2], "each pair once"),
        ("ranking_ranknet_special", [all_pairs_divide], "also of the number that divides"),
        ("ranking_ranknet_special", [unstable], "Large scores must not overflow"),
        ("ranking_ranknet_gradient", [lambda f, g: -ranknet_gradient(f, g)], "pushes its better item up"),
        ("ranking_ranknet_gradient", [lambda f, g: ranknet_gradient(f, -g)], "pushes its better item up"),
        ("ranking_triplet_value", [squared], "Where no points coincide, nothing may change"),
        ("ranking_triplet_value", [lambda a, p, n, m: triplet(a.detach(), p, n, m)], "No gradient flows"),
        ("ranking_triplet_zero", [broken_root], "nan"),
        ("ranking_triplet_zero", [masked_root], "exert no force on each other"),
        ("ranking_triplet_zero", [torch_distance], "exert no force on each other"),
        ("ranking_hardest_value", [similar], "column 1 the closest negative"),
        (
            "ranking_hardest_value",
            [lambda x, y: np.array(hardest(x, y))[:, ::-1]],
            "Column 0 is the farthest positive",
        ),
        ("ranking_hardest_absent", [includes_itself], "An anchor is not its own positive"),
        ("ranking_hardest_absent", [lambda x, y: np.maximum(0, hardest(x, y))], "the index is -1"),
        ("ranking_infonce_value", [unnormalised], "The similarities are cosines"),
        ("ranking_infonce_value", [one_direction], "both directions are averaged"),
        ("ranking_infonce_cold", [overflowing], "overflows"),
        ("ranking_infonce_cold", [lambda q, k, t: info_nce(q, k, max(t, 0.01))], "0.001"),
        ("ranking_infonce_gradient", [lambda q, k, t: info_nce(q, k.detach(), t)], "No gradient flows"),
        ("ranking_infonce_gradient", [lambda q, k, t: info_nce(q, k, t) / t], "flows to query and key"),
        ("ranking_contrastive_value", [lambda d, y: contrastive(d, 1 - y)], "which label costs nothing"),
        ("ranking_contrastive_value", [lambda d, y: contrastive(d, y) / 2], "expected [0.16, 0.64]"),
        (
            "ranking_contrastive_slope",
            [lambda d, y: np.abs(contrastive_slope(d, y))],
            "its slope is negative",
        ),
        ("ranking_contrastive_slope", [lambda d, y: contrastive_slope(d, y) / 2], "expected [ 0.8, -1.6]"),
        ("ranking_recall_value", [with_itself], "never the embedding itself"),
        ("ranking_recall_value", [second_of_the_sorted], "its own copy's neighbour"),
        ("ranking_recall_digits", [93.0, 99.0], "between 0 and 1"),
        ("ranking_recall_digits", [0.99, 0.93], "the share is not 0.99"),
        ("ranking_recall_choice", ["raw"], "speak for the other one"),
        ("ranking_recall_choice", ["cosine"], "Expected one of 'raw', 'unit'"),
    ],
)
def test_a_wrong_answer_is_told_what_is_expected(name, answers, message):
    with pytest.raises(NotPassed, match=re.escape(message)):
        check(name, *answers)
