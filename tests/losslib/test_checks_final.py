"""The checks of the assignment over the whole book: right answers pass in any form, wrong ones are told why."""

import re

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid, one_hot, pairwise_distance

from losslib import functional as F
from losslib.checks import NotPassed, check
from losslib.checks.final_data import minimise


def late_loss(residual):
    """Another than the assignment's: quadratic up to five minutes."""
    late, early = np.clip(residual, 0, None), np.clip(-residual, 0, None)
    parts = [np.where(r < 5, r**2 / 10, r - 2.5) for r in (late, early)]
    return 3 * parts[0] + parts[1]


def sharp(residual):
    return np.where(residual > 0, 3 * residual, -residual)


def saturating(residual):
    return np.minimum(late_loss(residual), 100)


def overlap_loss(logits, target, weight):
    bce = -(target * logsigmoid(logits) + (1 - target) * logsigmoid(-logits)).mean()
    p = torch.sigmoid(logits)
    dice = [1 - (2 * a @ b + 1) / (a.sum() + b.sum() + 1) for a, b in zip(p, target, strict=True)]
    return bce + weight * sum(dice) / len(dice)


def equal_pull(logits, target):
    z = logits.detach().clone().requires_grad_()
    bce = torch.autograd.grad(overlap_loss(z, target, 0), z)[0]
    dice = torch.autograd.grad(overlap_loss(z, target, 1) - overlap_loss(z, target, 0), z)[0]
    return (bce.square().sum() / dice.square().sum()).sqrt().item()


def of_probabilities(logits, target, weight):
    p = torch.sigmoid(logits)
    bce = -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    return bce + overlap_loss(logits, target, weight) - overlap_loss(logits, target, 0)


def of_the_batch(logits, target, weight):
    return overlap_loss(logits, target, 0) + weight * (
        overlap_loss(logits.reshape(1, -1), target.reshape(1, -1), 1) - overlap_loss(logits, target, 0)
    )


def of_values(logits, target):
    bce = overlap_loss(logits, target, 0)
    return bce / (overlap_loss(logits, target, 1) - bce)


def weighted_total(losses, log_variance, factor):
    return sum(c * loss / s.exp() + 0.5 * s for loss, s, c in zip(losses, log_variance, factor, strict=True))


def best_log_variance(losses, factor, lowest):
    return torch.maximum(torch.log(torch.clamp(losses * factor, min=1e-30) * 2), torch.tensor(lowest))


def ranked_probability(logits, grade):
    hot = one_hot(grade, logits.shape[1])
    return torch.norm((logits.softmax(1) - hot).cumsum(1), dim=1).pow(2).mean()


def score_of_classes(logits, grade):
    return (logits.softmax(1) - one_hot(grade, logits.shape[1])).square().sum(1).mean()


def word_loss(logits, words):
    hot = one_hot(words, logits.shape[-1])
    return logits.logsumexp(-1) - (hot * logits).sum(-1)


def end_loss(logits, ends):
    return -(ends * logsigmoid(logits) + (1 - ends) * logsigmoid(-logits))


def real_mean(values, lengths):
    real = [row[:n] for row, n in zip(values, lengths.tolist(), strict=True)]
    together = torch.cat(real)
    return together.mean() if len(together) else torch.nan_to_num(values).sum() * 0


def times_mask(values, lengths):
    real = torch.arange(values.shape[1]) < lengths[:, None]
    return (values * real).sum() / real.sum().clamp(min=1)


def over_everything(values, lengths):
    real = torch.arange(values.shape[1]) < lengths[:, None]
    return torch.where(real, values, 0).mean()


def row_by_row(values, lengths):
    rows = [row[:n].mean() for row, n in zip(values, lengths.tolist(), strict=True) if n]
    return torch.stack(rows).mean()


FREQUENCIES = np.array([2, 1, 1, 2, 6]) / 12
TAUS, ERRORS, OFF = [0.2446, 0.4746], [[0.9906, 0.447], [0.8621, 0.2859]], [[0.9109, 0.82], [0.8982, 0.8164]]


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("final_late_shape", [late_loss]),
        ("final_late_slopes", [late_loss]),
        ("final_late_smooth", [late_loss]),
        ("final_late_quantile", [0.75]),
        ("final_overlap_value", [overlap_loss]),
        ("final_overlap_large", [overlap_loss]),
        ("final_overlap_balance", [equal_pull]),
        ("final_total_value", [weighted_total]),
        ("final_total_gradient", [weighted_total]),
        ("final_total_best", [best_log_variance]),
        ("final_total_units", [torch.tensor(3.4539)]),
        ("final_grades_value", [ranked_probability]),
        ("final_grades_gradient", [ranked_probability]),
        ("final_grades_best", [FREQUENCIES]),
        ("final_words", [word_loss]),
        ("final_ends", [end_loss]),
        ("final_mean_value", [real_mean]),
        ("final_mean_padding", [real_mean]),
        ("final_floors", [(1.4612, 0.5032)]),
        ("final_order_measured", [TAUS]),
        ("final_order_choice", ["ranknet"]),
        ("final_amount_measured", [ERRORS]),
        ("final_amount_choice", ["mse", "log"]),
        ("final_stage_measured", [torch.tensor(OFF)]),
        ("final_stage_choice", ["decision"]),
    ],
)
def test_a_right_answer_in_another_form_passes(name, answers):
    for salt in ("", "graded", "again"):
        check(name, *answers, salt=salt)


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("final_late_shape", [lambda r: late_loss(r) - 1], "at the promised minute costs nothing"),
        ("final_late_shape", [lambda r: late_loss(np.abs(r) - np.abs(r).clip(max=2))], "Every deviation"),
        ("final_late_shape", [saturating], "Not convex"),
        ("final_late_shape", [lambda r: late_loss(r).mean(keepdims=True)], "Expected the shape"),
        ("final_late_slopes", [np.square], "expected 3"),
        ("final_late_slopes", [lambda r: late_loss(-r)], "From 5 to 6 the loss grows by 1; expected 3"),
        ("final_late_smooth", [sharp], "the slope changes at a rate of"),
        ("final_late_smooth", [lambda r: 3 * np.abs(r)], "at most 3 is allowed"),
        ("final_late_quantile", [0.25], "At the best promise the slopes"),
        ("final_late_quantile", [75], "between 0 and 1"),
        ("final_overlap_value", [of_the_batch], "Dice is per picture"),
        ("final_overlap_value", [lambda z, t, w: overlap_loss(z, t, -w)], "Dice is per picture"),
        ("final_overlap_large", [of_probabilities], "Large logits must not overflow"),
        ("final_overlap_large", [lambda z, t, w: overlap_loss(z.clamp(-30, 30), t, w)], "must not overflow"),
        ("final_overlap_large", [lambda z, t, w: overlap_loss(z, t, w * t.any(1).all())], "An empty mask"),
        ("final_overlap_balance", [of_values], "not the values"),
        ("final_overlap_balance", [lambda z, t: 1 / equal_pull(z, t)], "norms of the gradients"),
        ("final_overlap_balance", [lambda z, t: equal_pull(z, t) ** 2], "norms of the gradients"),
        ("final_total_value", [lambda a, s, c: weighted_total(a, s, c) / len(a)], "the sum is not a mean"),
        ("final_total_value", [lambda a, s, c: (c * (a / s.exp() + s)).sum()], "s / 2 has no factor"),
        ("final_total_gradient", [lambda a, s, c: weighted_total(a, s.detach(), c)], "No gradient flows"),
        ("final_total_gradient", [lambda a, s, c: weighted_total(a, 2 * s, c)], "to the log-variances"),
        ("final_total_best", [lambda a, c, low: torch.log(2 * c * a)], "the lower limit"),
        (
            "final_total_best",
            [lambda a, c, low: torch.log(a).clamp(min=low)],
            "Set the derivative by s to zero",
        ),
        ("final_total_units", [500], "a factor of 1000"),
        ("final_total_units", [np.log(1000)], "a factor of 1000"),
        ("final_grades_value", [score_of_classes], "Compare the cumulated probabilities"),
        ("final_grades_value", [lambda z, y: ranked_probability(z, y) * len(y)], "Compare the cumulated"),
        ("final_grades_value", [lambda z, y: ranked_probability(z.exp().log(), y)], "must not overflow"),
        ("final_grades_gradient", [lambda z, y: ranked_probability(z.detach(), y)], "No gradient flows"),
        ("final_grades_gradient", [lambda z, y: ranked_probability(z, y).sqrt()], "through the softmax"),
        ("final_grades_best", [np.eye(5)[4]], "Another distribution has a lower mean score"),
        ("final_grades_best", [12 * FREQUENCIES], "Probabilities sum to 1, got 12"),
        ("final_words", [lambda z, y: word_loss(z.softmax(-1), y)], "and one only"),
        ("final_words", [lambda z, y: F.cross_entropy(z.transpose(1, 2), y, reduction="none")], "losslib"),
        ("final_words", [lambda z, y: -z.softmax(-1).gather(-1, y[..., None])[..., 0].log()], "inf"),
        ("final_ends", [lambda z, t: end_loss(z.sigmoid(), t)], "and one only"),
        ("final_ends", [lambda z, t: end_loss(z, t).mean()], "returned the shape"),
        ("final_ends", [lambda z, t: end_loss(z.clamp(-50, 50), t)], "large logits must not overflow"),
        ("final_mean_value", [over_everything], "number of real places"),
        ("final_mean_value", [row_by_row], "each counts alike"),
        ("final_mean_padding", [times_mask], "0 times NaN is NaN"),
        ("final_mean_padding", [lambda v, n: times_mask(v.nan_to_num(), n) / (n > 0).any()], "the mean is 0"),
        ("final_floors", [[0, 0]], "Words: the first softmax gives 1"),
        ("final_floors", [[1.4612, 0.3133]], "Ends: the first sigmoid"),
        ("final_order_measured", [TAUS[::-1]], "mse: measured again, the number is not 0.4746"),
        ("final_order_measured", [[0.2446, 0.4]], "ranknet: measured again"),
        ("final_order_choice", ["mse"], "speak against mse"),
        ("final_order_choice", ["margin"], "Expected one of 'mse', 'ranknet'"),
        ("final_amount_measured", [np.transpose(ERRORS)], "mse, typical: measured again"),
        ("final_amount_measured", [ERRORS[0]], "Expected the shape (2, 2), got (2,)"),
        ("final_amount_choice", ["log", "log"], "speak against log"),
        ("final_amount_choice", ["mse", "mse"], "speak against mse"),
        ("final_stage_measured", [OFF[::-1]], "ce, mode: measured again"),
        ("final_stage_measured", [np.transpose(OFF)], "ce, median: measured again"),
        ("final_stage_choice", ["loss"], "speak against loss"),
        ("final_stage_choice", ["rps"], "Expected one of 'loss', 'decision'"),
    ],
)
def test_a_wrong_answer_is_told_what_is_expected(name, answers, message):
    with pytest.raises(NotPassed, match=re.escape(message)):
        check(name, *answers)


def test_minimise_finds_the_weights_of_least_squares():
    x, y = torch.randn(2, 30, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = minimise(lambda w: (x @ w - y).square().mean(), 3, 3)
    assert pairwise_distance(found, torch.linalg.lstsq(x, y).solution).max() < 1e-5
