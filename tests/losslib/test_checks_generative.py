"""Tasks on divergences, optimal transport and features: other right answers pass, usual mistakes get a message."""

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from torch.nn import functional

from losslib.checks import NotPassed, check, tasks


def exponential(a, b):
    return np.log(a / b) + b / a - 1


def sliced(u, v, directions):
    return np.mean([np.mean(np.abs(np.sort(u @ w) - np.sort(v @ w))) for w in directions])


def unit(x, y):
    return (functional.normalize(x, dim=1) - functional.normalize(y, dim=1)).pow(2).sum(1).flatten(1).mean(1)


def divided_by_zero(x, y):
    x, y = (m / m.square().sum(1, keepdim=True).sqrt() for m in (x, y))
    return (x - y).square().sum(1).mean((1, 2))


def bits(p, q):
    return rel_entr(p / p.sum(), q / q.sum()).sum() / np.log(2)


def not_a_number(p, q):
    p, q = p / p.sum(), q / q.sum()
    return (p * np.log2(p / q)).sum()


def gaussian(mu, logvar, prior_mu, prior_logvar):
    gap = logvar - prior_logvar
    return 0.5 * (np.expm1(gap) - gap + (mu - prior_mu) ** 2 * np.exp(-prior_logvar)).sum(1).mean()


def naive_gaussian(mu, logvar, prior_mu, prior_logvar):
    v, prior_v = np.exp(logvar), np.exp(prior_logvar)
    return ((v / prior_v - 1 - np.log(v / prior_v) + (mu - prior_mu) ** 2 / prior_v) / 2).sum(1).mean()


def own_deviations(mu, logvar, prior_mu, prior_logvar):
    square = ((mu - prior_mu) ** 2 * np.exp(-logvar)).sum(1).mean() / 2
    return gaussian(mu, logvar, mu, prior_logvar) + square


def rounded(mu, logvar, prior_mu, prior_logvar):
    gap = logvar - prior_logvar
    return 0.5 * (np.exp(gap) - 1 - gap + (mu - prior_mu) ** 2 * np.exp(-prior_logvar)).sum(1).mean()


def gaussian_gradient(mu, logvar, prior_mu, prior_logvar, n=None):
    z = (mu - prior_mu) * np.exp(-prior_logvar)
    gap, n = np.expm1(logvar - prior_logvar), n or len(mu)
    return [z / n, gap / 2 / n, -z / n, -(gap + (mu - prior_mu) * z) / 2 / n]


def distillation(student, teacher, temperature, swapped=False, constant=True):
    log_t, log_s = ((z / temperature).log_softmax(-1) for z in (teacher, student))
    log_t = log_t.detach() if constant else log_t
    log_t, log_s = (log_s, log_t) if swapped else (log_t, log_s)
    return temperature**2 * (log_t.exp() * (log_t - log_s)).sum(-1).mean()


def chosen_before(student, teacher, temperature):
    log_t, log_s = ((z / temperature).log_softmax(-1) for z in (teacher.detach(), student))
    terms = log_t.exp() * (log_t - log_s).where(log_t > -torch.inf, 0)
    return temperature**2 * terms.sum(-1).mean()


def masked_after(student, teacher, temperature):
    s, t = ((z / temperature).softmax(-1) for z in (student, teacher.detach()))
    return temperature**2 * (t * (t / s).log()).where(t > 0, 0).sum(-1).mean()


def as_it_stands(student, teacher, temperature):
    s, t = ((z / temperature).softmax(-1) for z in (student, teacher))
    return functional.kl_div(t, s, reduction="sum")


def clock(u, v, u_weights, v_weights):
    """With the weighted median where the solution tries every gap."""
    hours = np.concatenate([u, v])
    mass = np.concatenate([u_weights / u_weights.sum(), -v_weights / v_weights.sum()])
    order = np.argsort(hours)
    excess, stretch = mass[order].cumsum(), np.diff(hours[order], append=hours.min() + 24)
    rank = np.argsort(excess)
    median = excess[rank][np.searchsorted(stretch[rank].cumsum(), 12)]
    return (stretch * np.abs(excess - median)).sum()


def line(u, v, u_weights, v_weights):
    gates = np.sort(np.concatenate([u, v]))
    F, G = (
        ((w[:, None] * (x[:, None] <= gates)).sum(0) / w.sum())[:-1]
        for x, w in ((u, u_weights), (v, v_weights))
    )
    return (np.abs(F - G) * np.diff(gates)).sum()


def cut_at_the_mean(u, v, u_weights, v_weights):
    gates = np.sort(np.concatenate([u, v]))
    F, G = (
        (w[:, None] * (x[:, None] <= gates)).sum(0) / w.sum() for x, w in ((u, u_weights), (v, v_weights))
    )
    stretch = np.diff(gates, append=gates[0] + 24)
    return (np.abs(F - G - ((F - G) * stretch).sum() / 24) * stretch).sum()


def style(features, wanted, size=torch.numel, widen=torch.Tensor.float):
    grams = []
    for m in (features, wanted):
        m = widen(m).flatten(2)
        grams.append(torch.bmm(m, m.transpose(1, 2)) / size(m[0]))
    return torch.linalg.matrix_norm(grams[0] - grams[1]) ** 2


SLOPES = np.array([[np.nan, 0, -1], [np.nan, -0.506874, -1]])


RIGHT = {
    "exponential_kl": [exponential],
    "sliced_w1": [sliced],
    "unit_distance": [unit],
    "generative_kl_value": [bits],
    "generative_kl_zeros": [bits],
    "generative_prior_value": [naive_gaussian],
    "generative_prior_limits": [gaussian],
    "generative_prior_gradient": [gaussian_gradient],
    "generative_distillation_value": [distillation],
    "generative_distillation_masked": [chosen_before],
    "generative_distillation_gradient": [distillation],
    "generative_clock_value": [line],
    "generative_clock_midnight": [clock],
    "generative_style_value": [style],
    "generative_style_gradient": [style],
    "generative_drift_slopes": [SLOPES.tolist()],
    "generative_drift_choice": ["w1", np.float64(2.955)],
}

WRONG = [
    ("exponential_kl", lambda a, b: exponential(b, a), "named first"),
    ("exponential_kl", lambda a, b: np.log(a / b) + a / b - 1, "expected 0.193"),
    ("sliced_w1", lambda u, v, w: np.abs(u @ w.T - v @ w.T).mean(), "in order"),
    ("sliced_w1", lambda u, v, w: len(u) * sliced(u, v, w), "take the mean"),
    ("sliced_w1", lambda u, v, w: sliced(np.sort(u, 0), np.sort(v, 0), w), "an order of its own"),
    ("sliced_w1", lambda u, v, w: np.abs(np.sort(u @ w.T) - np.sort(v @ w.T)).mean(), "in order"),
    ("unit_distance", lambda x, y: (x - y).square().sum(1).mean((1, 2)), "scaled to length 1"),
    ("unit_distance", lambda x, y: 2 * unit(x, y), "expected [0.8]"),
    ("unit_distance", lambda x, y: unit(x, y).mean(), "shape"),
    ("unit_distance", lambda x, y: unit(x, y) / x.shape[1] * 2, "Sum over the channels"),
    ("unit_distance", lambda x, y: unit(x.detach(), y), "No gradient"),
    ("unit_distance", divided_by_zero, "vector of zeros"),
    ("generative_kl_value", lambda p, q: bits(q, p), "over the first histogram"),
    ("generative_kl_value", lambda p, q: bits(p, q) * np.log(2), "base 2"),
    ("generative_kl_value", lambda p, q: rel_entr(p, q).sum() / np.log(2), "expected 0.2075"),
    ("generative_kl_zeros", lambda p, q: bits(p + 1e-9, q + 1e-9), "infinitely much"),
    ("generative_kl_zeros", lambda p, q: bits(p[p * q > 0], q[p * q > 0]), "contributes nothing"),
    ("generative_kl_zeros", not_a_number, "returned nan; expected 1"),
    ("generative_prior_value", lambda a, b, c, d: gaussian(c, d, a, b), "named first"),
    ("generative_prior_value", own_deviations, "standard deviations of the prior"),
    ("generative_prior_value", lambda *z: -gaussian(*z), "Half the squared distance"),
    ("generative_prior_value", lambda *z: gaussian(*z) / z[0].shape[1], "Sum over the features"),
    ("generative_prior_limits", rounded, "lost to rounding"),
    ("generative_prior_limits", naive_gaussian, "ratio of the variances is finite"),
    ("generative_prior_gradient", lambda *z: gaussian_gradient(*z)[:2], "returned the shape (2, 1, 1)"),
    ("generative_prior_gradient", lambda *z: gaussian_gradient(*z, n=1), "mean over the samples"),
    ("generative_prior_gradient", lambda *z: gaussian_gradient(*z)[::-1], "In the order of the arguments"),
    ("generative_distillation_value", as_it_stands, "uses torch.nn.functional.kl_div"),
    ("generative_distillation_value", lambda *z: distillation(*z, swapped=True), "t (ln t − ln s)"),
    ("generative_distillation_value", lambda *z: distillation(*z) / z[2], "multiply the divergence by T²"),
    ("generative_distillation_value", lambda *z: distillation(*z) / z[0].shape[2], "t (ln t − ln s)"),
    (
        "generative_distillation_value",
        lambda *z: distillation(*z) * z[0].shape[1],
        "mean over batch and positions",
    ),
    ("generative_distillation_masked", masked_after, "both exclude"),
    ("generative_distillation_masked", lambda *z: distillation(*z).nan_to_num(0), "both exclude"),
    ("generative_distillation_gradient", lambda *z: distillation(*z, constant=False), "argument 2"),
    ("generative_distillation_gradient", lambda *z: distillation(z[0].detach(), *z[1:]), "No gradient flows"),
    ("generative_clock_value", lambda u, v, a, b: line(u, v, a, b) * a.sum() * b.sum(), "Half of the mass"),
    (
        "generative_clock_value",
        lambda u, v, a, b: line(u, v, np.ones(len(u)), np.ones(len(v))),
        "sum of the weights",
    ),
    ("generative_clock_midnight", line, "across midnight"),
    (
        "generative_clock_midnight",
        lambda u, v, a, b: min(line(u, v, a, b), 24 - line(u, v, a, b)),
        "across midnight",
    ),
    ("generative_clock_midnight", cut_at_the_mean, "across midnight"),
    ("generative_style_value", lambda x, y: style(x, y, size=lambda m: 1), "by its own C L"),
    ("generative_style_value", lambda x, y: style(x, y, size=lambda m: m.shape[1]), "pairs of channels"),
    ("generative_style_value", lambda x, y: style(x, y).sum(), "shape"),
    ("generative_style_value", lambda x, y: style(x, y) / x.shape[1] ** 2, "pairs of channels"),
    ("generative_style_value", lambda x, y: style(x, y, widen=lambda m: m), "half precision"),
    ("generative_style_gradient", lambda x, y: style(x.detach(), y), "No gradient"),
    ("generative_style_gradient", lambda x, y: style(x, y) ** 0.5, "The gradient of"),
    ("generative_drift_slopes", np.nan_to_num(SLOPES), "are not the slopes of KL"),
    ("generative_drift_slopes", SLOPES / 2, "are not the slopes of JS"),
    ("generative_drift_slopes", -SLOPES, "are not the slopes of JS"),
    ("generative_drift_slopes", SLOPES[0], "Expected the shape (2, 3)"),
]


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_answer_passes(name):
    check(name, *RIGHT[name], salt="other numbers")


@pytest.mark.parametrize(("name", "answer", "message"), WRONG)
def test_a_usual_mistake_gets_a_message_that_helps(name, answer, message):
    with np.errstate(all="ignore"), pytest.raises(NotPassed) as refused:
        check(name, answer)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("choice", "shift", "message"),
    [
        ("js", 2.95, "JS has no slope"),
        ("kl", 2.95, "KL has no slope"),
        ("mae", 2.95, "Expected one of"),
        ("w1", 3.05, "can be brought down to 0.0769"),
        ("w1", None, "Expected a number"),
    ],
)
def test_the_choice_has_to_be_defended(choice, shift, message):
    with pytest.raises(NotPassed, match=message):
        check("generative_drift_choice", choice, shift)


def test_every_task_has_a_right_answer_here():
    here = {name for name, task in tasks().items() if task.__module__ == "losslib.checks.generative"}
    assert here == set(RIGHT)
