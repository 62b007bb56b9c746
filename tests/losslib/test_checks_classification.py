"""The tasks on classification losses: right answers of any make pass, wrong ones learn what is wrong."""

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax, logit, softmax
from scipy.stats import norm
from torch.nn.functional import logsigmoid

from losslib.checks import NotPassed, check


def rows(target):
    return np.arange(len(target))


def shifted(p, weight, step):
    grown = p * np.exp(weight * step)
    return grown / (grown + 1 - p)


def bias(target, pos_weight):
    return np.log(pos_weight * target.sum() / (1 - target).sum())


def mixture(y, share, mean, deviation):
    terms = np.log(share / deviation) - ((y[:, None] - mean) / deviation) ** 2 / 2 - np.log(2 * np.pi) / 2
    top = terms.max(1)
    return -top - np.log(np.exp(terms - top[:, None]).sum(1))


def prior(logits, old, new):
    with np.errstate(divide="ignore"):
        return softmax(logits + np.log(new) - np.log(old), axis=1)


def unfocused(p, gamma):
    weight = p / ((1 - p) ** gamma - gamma * p * (1 - p) ** (gamma - 1) * np.log(p))
    return weight / weight.sum(1, keepdims=True)


def smooth_hinge(margin, delta):
    near = np.clip(1 - margin, 0, delta)
    return near * (np.maximum(1 - margin, 0) - near / 2) / delta


def cross_entropy(logits, target, weight, ignored):
    total = weighted = 0.0
    for z, y in zip(logits, target, strict=True):
        if y != ignored:
            total += weight[y] * (np.log(np.exp(z - z.max()).sum()) + z.max() - z[y])
            weighted += weight[y]
    return total / weighted if weighted else 0.0


def smoothed_gradient(logits, target, smoothing):
    slope = softmax(logits, axis=1) - smoothing / logits.shape[1]
    slope[rows(target), target] -= 1 - smoothing
    return slope / len(target)


def bce(z, t, w):
    return (-w * t * logsigmoid(z) - (1 - t) * logsigmoid(-z)).mean()


def bce_by_parts(z, t, w):
    return (
        (1 - t) * z + (1 + (w - 1) * t) * (z.clamp(max=0).neg() + torch.log1p(torch.exp(-z.abs())))
    ).mean()


def focal(z, y, alpha, gamma):
    log_p = z.log_softmax(1).gather(1, y[:, None])[:, 0]
    log_rest = torch.stack(
        [row[torch.arange(len(row)) != k].logsumexp(0) for row, k in zip(z, y, strict=True)]
    )
    return -(alpha[y] * (gamma * (log_rest - z.logsumexp(1))).exp() * log_p).sum() / len(y)


def hinge(scores, target):
    return np.mean([max(0, *(1 + np.delete(s, y) - s[y])) for s, y in zip(scores, target, strict=True)])


def hinge_subgradient(scores, target, share=1.0):
    right = np.eye(scores.shape[1])[target]
    gaps = np.where(right, -np.inf, 1 + scores - (right * scores).sum(1, keepdims=True))
    top = gaps.max(1, keepdims=True)
    best = (gaps == top) / (gaps == top).sum(1, keepdims=True)  # a tie is shared out
    return (best - right) * np.where(top > 0, 1, share * (top == 0)) / len(target)


COURSE = "classification_"
RIGHT = [
    ("shifted_probability", shifted),
    ("best_bias", bias),
    ("mixture_nll", mixture),
    ("prior_shift", prior),
    ("unfocus", unfocused),
    ("smooth_hinge", smooth_hinge),
    *((f"{COURSE}cross_entropy_{part}", cross_entropy) for part in ("value", "ignored", "large")),
    *((f"{COURSE}smoothed_{part}", smoothed_gradient) for part in ("value", "special")),
    *((f"{COURSE}bce_{part}", bce) for part in ("value", "large", "gradient")),
    *((f"{COURSE}focal_{part}", focal) for part in ("value", "gradient")),
    (f"{COURSE}hinge_value", hinge),
    *((f"{COURSE}hinge_subgradient", lambda s, y, k=k: hinge_subgradient(s, y, k)) for k in (0.0, 0.3, 1.0)),
]


@pytest.mark.parametrize("salt", ["", "another"])
@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_written_in_another_way_passes(name, answer, salt):
    check(name, answer, salt=salt)


CHAPTERS = [
    ("shifted_probability", lambda p, w, s: p * np.exp(w * s), "The odds p / (1 - p)"),
    ("shifted_probability", lambda p, w, s: p + w * s, "expected [0.6]"),
    ("shifted_probability", lambda p, w, s: expit(logit(np.clip(p, 1e-6, 1 - 1e-6)) + w * s), "of 0 or 1 stays"),
    ("best_bias", lambda t, w: t.mean(), "a logit, not a probability"),
    ("best_bias", lambda t, w: logit(t.mean()), "count pos_weight times"),
    ("best_bias", lambda t, w: w * logit(t.mean()), "count pos_weight times"),
    ("best_bias", lambda t, w: np.log(w * (t > 0).sum() / (t == 0).sum()), "between 0 and 1 are probabilities"),
    ("mixture_nll", lambda y, s, m, d: -np.log(norm.pdf(y[:, None], m, d) @ s), "densities underflow"),
    ("mixture_nll", lambda y, s, m, d: -norm.logpdf(y[:, None], m, d) @ s, "of the sum of the densities"),
    ("prior_shift", lambda z, old, new: softmax(z, axis=1) * new / old, "they add up to 1"),
    ("prior_shift", lambda z, old, new: softmax(z + new - old, axis=1), "grows as the share"),
    ("prior_shift", lambda z, old, new: softmax(np.exp(z) * new / old, axis=1), "grows as the share"),
    ("prior_shift", lambda z, old, new: (e := np.exp(z) * new / old) / e.sum(1, keepdims=True), "overflow"),
    ("prior_shift", lambda z, o, n: (e := softmax(z, axis=1) * n / o) / e.sum(1, keepdims=True), "no longer"),
    ("unfocus", lambda p, gamma: p, "the slope of the loss"),
    ("unfocus", lambda p, gamma: (w := p / (1 - p) ** gamma) / w.sum(1, keepdims=True), "the slope of the loss"),
    ("smooth_hinge", lambda m, d: np.where(m < 1 - d, 1 - m, np.maximum(0, 1 - m) ** 2 / (2 * d)), "without a jump"),
    ("smooth_hinge", lambda m, d: d * smooth_hinge(m, d), "expected"),
]  # fmt: skip


def unstable(z, y, w, i):
    return np.average(-np.log((e := np.exp(z)) / e.sum(1, keepdims=True))[rows(y), y], weights=w[y])


def by_count(z, y, w, i):
    return (-w[y] * log_softmax(z, axis=1)[rows(y), y]).mean()


def zero_for_ignored(z, y, w, i):
    kept = np.where(y == i, 0, y)
    return (-w[kept] * log_softmax(z, axis=1)[rows(y), kept] * (y != i)).sum() / w[kept].sum()


def no_labels(z, y, w, i):
    kept = y != i
    return by_sum(z[kept], y[kept], w, i)


def by_sum(z, y, w, i):
    return (-w[y] * log_softmax(z, axis=1)[rows(y), y]).sum() / w[y].sum()


def shared_among_others(z, y, smoothing):
    others = smoothing / (z.shape[1] - 1)
    q = np.where(np.eye(z.shape[1])[y] == 1, 1 - smoothing, others)
    return (softmax(z, axis=1) - q) / len(y)


def naive_gradient(z, y, smoothing):
    q = (1 - smoothing) * np.eye(z.shape[1])[y] + smoothing / z.shape[1]
    return ((e := np.exp(z)) / e.sum(1, keepdims=True) - q) / len(y)


def smoothed_only_wrong(z, y, smoothing):
    return smoothed_gradient(z, y, min(smoothing, 0.3))


def clamped(z, t, w):
    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)
    return (-w * t * p.log() - (1 - t) * (1 - p).log()).mean()


def whole_weight(z, t, w):
    return (w * (-t * logsigmoid(z) - (1 - t) * logsigmoid(-z))).mean()


def divided_by_weights(z, t, w):
    each = -w * t * logsigmoid(z) - (1 - t) * logsigmoid(-z)
    return each.sum() / (1 + (w - 1) * t).sum()


def exponential(z, t, w):
    return (w * t * torch.log(1 + torch.exp(-z)) + (1 - t) * torch.log(1 + torch.exp(z))).mean()


def focal_of(alpha_inside=False, mean_first=False, by_alpha=False, detached=False, product=False):
    def wrong_focal(z, y, alpha, gamma):
        surprise = -z.log_softmax(1)[torch.arange(len(y)), y]
        cost = alpha[y] * surprise if alpha_inside else surprise
        cost = cost.mean() if mean_first else cost
        rest = 1 - torch.exp(-cost)
        rest = rest.detach() if detached else rest
        factor = rest * gamma if product else rest**gamma
        outside = 1 if alpha_inside else alpha[y]
        return (outside * factor * cost).sum() / (alpha[y].sum() if by_alpha else len(y))

    return wrong_focal


def naive_focal(z, y, alpha, gamma):
    p = z.softmax(1)[torch.arange(len(y)), y]
    return -(alpha[y] * (1 - p) ** gamma * p.log()).mean()


def sum_of_margins(s, y):
    gaps = np.maximum(0, 1 + s - s[rows(y), y][:, None])
    return (gaps.sum(1) - 1).mean()


def with_zero_slot(s, y):
    wrong = s * (1 - np.eye(s.shape[1])[y])
    return np.maximum(0, 1 + wrong.max(1) - s[rows(y), y]).mean()


def every_violator(s, y):
    right = np.eye(s.shape[1])[y]
    pull = ((1 + s - s[rows(y), y][:, None] > 0) & (right == 0)).astype(float)
    return (pull - right * pull.sum(1, keepdims=True)) / len(y)


def counted_twice(s, y):
    right = np.eye(s.shape[1])[y]
    gaps = np.where(right, -np.inf, 1 + s - s[rows(y), y][:, None])
    pull = ((gaps == gaps.max(1, keepdims=True)) & (gaps > 0)).astype(float)
    return (pull - right * (pull.sum(1, keepdims=True) > 0)) / len(y)


COURSEWORK = [
    ("cross_entropy_value", by_count, "divides by the weights"),
    ("cross_entropy_value", lambda z, y, w, i: by_sum(softmax(z, axis=1), y, w, i), "expected"),
    ("cross_entropy_value", lambda z, y, w, i: torch.nn.functional.cross_entropy(
        torch.tensor(z), torch.tensor(y), torch.tensor(w)), "write it yourself"),
    ("cross_entropy_ignored", by_sum, "Ignored samples count neither"),
    ("cross_entropy_ignored", zero_for_ignored, "Ignored samples count neither"),
    ("cross_entropy_ignored", no_labels, "The mean over nothing is 0."),
    ("cross_entropy_large", unstable, "must not overflow"),
    ("cross_entropy_large", lambda z, y, w, i: -np.log(softmax(z, axis=1)[rows(y), y] + 1e-12).mean(), "overflow"),
    ("cross_entropy_large", lambda z, y, w, i: by_sum(z.clip(-500, 500), y, w, i), "must not overflow"),
    ("smoothed_value", lambda z, y, e: smoothed_gradient(z, y, e) * len(y), "the loss is a mean"),
    ("smoothed_value", shared_among_others, "the right one included"),
    ("smoothed_value", lambda z, y, e: -smoothed_gradient(z, y, e), "expected"),
    ("smoothed_special", naive_gradient, "must not overflow"),
    ("smoothed_special", shared_among_others, "the gradient is 0"),
    ("smoothed_special", smoothed_only_wrong, "At ε = 1"),
    ("bce_value", whole_weight, "the term of the positives"),
    ("bce_value", divided_by_weights, "the number of elements"),
    ("bce_large", clamped, "must not overflow"),
    ("bce_large", exponential, "must not overflow"),
    ("bce_large", lambda z, t, w: bce(z.clamp(-50, 50), t, w), "must not overflow"),
    ("bce_large", lambda z, t, w: bce(z, t, w) + 1e-7, "A right prediction costs little"),
    ("bce_gradient", clamped, "does not fade"),
    ("bce_gradient", bce_by_parts, "also at z = 0"),
    ("bce_gradient", lambda z, t, w: bce(z, t, w).detach(), "No gradient flows"),
    ("focal_value", focal_of(mean_first=True), "the mean comes last"),
    ("focal_value", focal_of(alpha_inside=True), "without alpha"),
    ("focal_value", focal_of(by_alpha=True), "divides by their number"),
    ("focal_value", focal_of(product=True), "expected"),
    ("focal_value", naive_focal, "must not overflow"),
    ("focal_gradient", focal_of(detached=True), "flows through the factor"),
    ("focal_gradient", focal_of(), "an infinite slope at p_t = 1"),
    ("focal_gradient", lambda z, y, a, g: focal(z.clamp(max=30), y, a, g), "must not overflow"),
    ("hinge_value", sum_of_margins, "Only the best wrong class"),
    ("hinge_value", lambda s, y: hinge(s, y) / s.shape[1], "expected"),
    ("hinge_value", with_zero_slot, "All wrong scores may be negative."),
    ("hinge_subgradient", lambda s, y: hinge_subgradient(s, y) * len(y), "of the mean"),
    ("hinge_subgradient", every_violator, "expected"),
    ("hinge_subgradient", counted_twice, "expected any subgradient"),
]  # fmt: skip
WRONG = CHAPTERS + [(COURSE + name, answer, message) for name, answer, message in COURSEWORK]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_a_wrong_answer_hears_what_is_wrong(name, answer, message):
    with pytest.raises(NotPassed) as refusal:
        check(name, answer)
    assert message in str(refusal.value)
