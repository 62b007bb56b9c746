"""What holds between the classification losses for any data: identities, bounds, symmetries, best predictions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

CLASSES = 4
numbers = st.floats(-15, 15).map(lambda x: round(x, 6))
shares = st.floats(0.001, 0.999).map(lambda x: round(x, 6))
gammas = st.floats(0, 5).map(lambda x: round(x, 3))
vectors = arrays(np.float64, st.integers(1, 8), elements=numbers)
scores = arrays(np.float64, st.tuples(st.integers(1, 5), st.just(CLASSES)), elements=numbers)
weights = arrays(np.float64, CLASSES, elements=st.floats(0.1, 5))
seeds = st.integers(0, 1000).map(np.random.default_rng)


def labels_for(logits, generator):
    return generator.integers(CLASSES, size=len(logits))


def distributions_for(logits, generator):
    return generator.dirichlet(np.ones(logits.shape[1]), size=len(logits))


def binary_for(logits, generator):
    """Labels and probabilities."""
    return np.where(generator.random(logits.shape) < 0.5, generator.integers(2, size=logits.shape), 0.3)


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)


# Cross-entropy


@given(logits=scores, generator=seeds, weight=weights)
def test_cross_entropy_is_nll_of_the_log_softmax(logits, generator, weight):
    for target in (labels_for(logits, generator), distributions_for(logits, generator)):
        nll = R.nll_loss(log_softmax(logits), target, weight=weight)
        assert_close(R.cross_entropy(logits, target, weight=weight), nll)


@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss"])
@given(logits=scores, shift=numbers, generator=seeds)
def test_a_number_added_to_all_logits_changes_nothing(name, logits, shift, generator):
    loss, target = getattr(R, name), labels_for(logits, generator)
    assert_close(loss(logits + shift, target), loss(logits, target))


@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss", "nll_loss"])
@given(logits=scores, generator=seeds)
def test_indices_cost_what_their_one_hot_masks_cost(name, logits, generator):
    loss, target = getattr(R, name), labels_for(logits, generator)
    logits = log_softmax(logits)
    for reduction in ("mean", "none"):
        one_hot = loss(logits, np.eye(CLASSES, dtype=int)[target], reduction=reduction)
        assert_close(loss(logits, target, reduction=reduction), one_hot)


@given(logits=scores, generator=seeds)
def test_cross_entropy_is_least_at_the_target_itself_where_it_is_the_entropy(logits, generator):
    target = distributions_for(logits, generator)
    entropy = -(target * np.log(target)).sum(1)
    assert_close(R.cross_entropy(np.log(target), target, reduction="none"), entropy)
    assert (R.cross_entropy(logits, target, reduction="none") >= entropy - 1e-9).all()


def test_gradient_of_cross_entropy_vanishes_at_the_target_itself():
    target = torch.tensor([[0.1, 0.2, 0.7]], dtype=torch.float64)
    logits = target.log().requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, target), logits)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient))


@given(classes=st.integers(1, 50))
def test_equal_logits_cost_the_logarithm_of_the_number_of_classes(classes):
    assert_close(R.cross_entropy(np.zeros((1, classes)), [0]), math.log(classes))


@given(logits=scores, generator=seeds, smoothing=st.floats(0, 1), weight=weights)
def test_label_smoothing_mixes_in_the_mean_over_all_classes(logits, generator, smoothing, weight):
    target = labels_for(logits, generator)
    plain = R.cross_entropy(logits, target, weight=weight, reduction="none")
    of_all = (-weight * log_softmax(logits)).mean(1)
    smoothed = R.cross_entropy(logits, target, weight=weight, label_smoothing=smoothing, reduction="none")
    assert_close(smoothed, (1 - smoothing) * plain + smoothing * of_all)


@given(logits=scores, generator=seeds, weight=weights, factor=st.floats(0.1, 10))
def test_a_common_factor_of_the_weights_cancels_in_the_mean_over_indices_only(
    logits, generator, weight, factor
):
    index, distribution = labels_for(logits, generator), distributions_for(logits, generator)
    heavier = R.cross_entropy(logits, index, weight=factor * weight)
    assert_close(heavier, R.cross_entropy(logits, index, weight=weight))
    heavier = R.cross_entropy(logits, distribution, weight=factor * weight)
    assert_close(heavier, factor * R.cross_entropy(logits, distribution, weight=weight))


@given(logits=scores, generator=seeds, times=arrays(np.int64, CLASSES, elements=st.integers(1, 4)))
def test_integer_weights_of_classes_equal_repeated_samples(logits, generator, times):
    target = labels_for(logits, generator)
    repeated = np.repeat(logits, times[target], axis=0), np.repeat(target, times[target])
    for reduction in ("mean", "sum"):
        weighted = R.cross_entropy(logits, target, weight=times, reduction=reduction)
        assert_close(weighted, R.cross_entropy(*repeated, reduction=reduction))


@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss", "nll_loss"])
@given(logits=scores, generator=seeds)
def test_pixels_cost_what_as_many_samples_cost(name, logits, generator):
    logits, target = log_softmax(logits), labels_for(logits, generator)
    pixels = logits.T[None, :, :, None], target[None, :, None]  # (1, C, N, 1)
    for package, make in ((R, np.asarray), (F, torch.tensor)):
        loss = getattr(package, name)
        assert_close(loss(*map(make, pixels)), loss(make(logits), make(target)))


@given(logits=scores, generator=seeds)
def test_order_of_samples_and_classes_does_not_matter(logits, generator):
    target, order = labels_for(logits, generator), generator.permutation(CLASSES)
    shuffled = logits[::-1, order], np.argsort(order)[target][::-1]
    assert_close(R.cross_entropy(*shuffled), R.cross_entropy(logits, target))
    assert_close(R.softmax_focal_loss(*shuffled), R.softmax_focal_loss(logits, target))


# Binary cross-entropy


@given(logits=vectors, generator=seeds)
def test_two_logits_and_cross_entropy_are_one_logit_and_binary_cross_entropy(logits, generator):
    target = binary_for(logits, generator)
    pair, targets = np.stack([0 * logits, logits], axis=1), np.stack([1 - target, target], axis=1)
    binary = R.binary_cross_entropy_with_logits(logits, target, reduction="none")
    assert_close(R.cross_entropy(pair, targets, reduction="none"), binary)


@given(logits=vectors, generator=seeds)
def test_logits_cost_what_their_sigmoid_costs(logits, generator):
    target = binary_for(logits, generator)
    of_probs = R.binary_cross_entropy(1 / (1 + np.exp(-logits)), target)
    np.testing.assert_allclose(R.binary_cross_entropy_with_logits(logits, target), of_probs, rtol=1e-7)


@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "sigmoid_focal_loss"])
@given(logits=vectors, generator=seeds)
def test_exchanging_the_labels_turns_the_log_odds_around(name, logits, generator):
    loss, target = getattr(R, name), binary_for(logits, generator)
    assert_close(loss(-logits, 1 - target), loss(logits, target))


@given(target=shares, other=numbers)
def test_binary_cross_entropy_is_least_at_the_target_itself(target, other):
    best = R.binary_cross_entropy([target], [target])
    entropy = -target * math.log(target) - (1 - target) * math.log(1 - target)
    assert_close(best, entropy)
    assert R.binary_cross_entropy_with_logits([other], [target]) >= best - 1e-9


@given(share=st.floats(0.01, 0.99), weight=st.floats(0.1, 20))
def test_pos_weight_raises_the_best_log_odds_by_its_logarithm(share, weight):
    best = torch.tensor([math.log(share / (1 - share)) + math.log(weight)], dtype=torch.float64)
    best.requires_grad_()
    loss = F.binary_cross_entropy_with_logits(best, best.new_tensor([share]), pos_weight=weight)
    assert abs(torch.autograd.grad(loss, best)[0].item()) < 1e-9


@given(logits=vectors, generator=seeds, times=st.integers(1, 5))
def test_integer_pos_weight_equals_repeated_positives(logits, generator, times):
    target = generator.integers(2, size=logits.shape)
    counts = np.where(target == 1, times, 1)
    weighted = R.binary_cross_entropy_with_logits(logits, target, pos_weight=times, reduction="sum")
    repeated = np.repeat(logits, counts), np.repeat(target, counts)
    assert_close(weighted, R.binary_cross_entropy_with_logits(*repeated, reduction="sum"))


@given(logits=arrays(np.float64, (4, 3), elements=numbers), generator=seeds, weight=weights)
def test_pos_weight_of_classes_is_that_of_their_elements(logits, generator, weight):
    target, weight = binary_for(logits, generator), weight[:3]
    name = "binary_cross_entropy_with_logits"
    for package, make in ((R, np.asarray), (F, torch.tensor)):
        loss = getattr(package, name)
        spread = np.broadcast_to(weight, logits.shape).copy()
        of_classes, of_elements = (
            loss(make(logits), make(target), pos_weight=make(w)) for w in (weight, spread)
        )
        assert_close(of_classes, of_elements)


@given(logits=vectors, generator=seeds)
def test_the_mean_of_weighted_binary_cross_entropy_divides_by_the_number_of_elements(logits, generator):
    target, weight = binary_for(logits, generator), generator.uniform(0, 3, logits.shape)
    each = R.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weighted = R.binary_cross_entropy_with_logits(logits, target, weight=weight)
    assert_close(weighted, (weight * each).mean())


# Focal


@given(logits=scores, generator=seeds, alpha=weights)
def test_focal_without_focus_is_weighted_cross_entropy(logits, generator, alpha):
    for target in (labels_for(logits, generator), distributions_for(logits, generator)):
        for package, make in ((R, np.asarray), (F, torch.tensor)):
            options = {"reduction": "none", "gamma": 0}
            focal = package.softmax_focal_loss(make(logits), make(target), alpha=make(alpha), **options)
            plain = package.cross_entropy(make(logits), make(target), weight=make(alpha), reduction="none")
            assert_close(focal, plain)


@given(logits=vectors, generator=seeds, alpha=shares)
def test_binary_focal_without_focus_is_weighted_binary_cross_entropy(logits, generator, alpha):
    target = generator.integers(2, size=logits.shape).astype(float)
    weight = np.where(target == 1, alpha, 1 - alpha)
    for package, make in ((R, np.asarray), (F, torch.tensor)):
        plain = package.binary_cross_entropy_with_logits(make(logits), make(target), weight=make(weight))
        assert_close(package.sigmoid_focal_loss(make(logits), make(target), alpha=alpha, gamma=0), plain)


@given(logits=vectors, generator=seeds, alpha=shares, gamma=gammas)
def test_binary_focal_is_softmax_focal_of_two_classes(logits, generator, alpha, gamma):
    target = binary_for(logits, generator)
    pair, targets = np.stack([0 * logits, logits], axis=1), np.stack([1 - target, target], axis=1)
    for package, make in ((R, np.asarray), (F, torch.tensor)):
        binary = package.sigmoid_focal_loss(
            make(logits), make(target), alpha=alpha, gamma=gamma, reduction="none"
        )
        both = package.softmax_focal_loss(
            make(pair), make(targets), alpha=make(np.array([1 - alpha, alpha])), gamma=gamma, reduction="none"
        )
        assert_close(both, binary)


@given(logits=scores, generator=seeds, gamma=gammas)
def test_more_focus_never_costs_more(logits, generator, gamma):
    target = labels_for(logits, generator)
    little, much = (
        R.softmax_focal_loss(logits, target, gamma=g, reduction="none") for g in (gamma, gamma + 1)
    )
    assert (much <= little + 1e-12).all()
    assert (little <= R.cross_entropy(logits, target, reduction="none") + 1e-12).all()


@pytest.mark.parametrize(
    ("share", "gamma", "best"), [(0.9, 1, 0.774), (0.9, 2, 0.694), (0.9, 5, 0.597), (0.99, 2, 0.846)]
)
def test_focal_is_least_at_less_confident_predictions_than_the_truth(share, gamma, best):
    p = np.linspace(0.5, 0.999, 5000)
    loss = R.sigmoid_focal_loss(np.log(p / (1 - p)), np.full_like(p, share), gamma=gamma, reduction="none")
    assert abs(p[loss.argmin()] - best) < 1e-3


@given(logits=vectors, generator=seeds, gamma=gammas)
def test_alpha_of_one_half_halves_the_loss(logits, generator, gamma):
    target = binary_for(logits, generator)
    halved = R.sigmoid_focal_loss(logits, target, alpha=0.5, gamma=gamma)
    assert_close(2 * halved, R.sigmoid_focal_loss(logits, target, gamma=gamma))


def test_hundredfold_fading_of_easy_labels_at_gamma_2():
    odds = np.log(np.array([0.9, 0.2]) / np.array([0.1, 0.8]))
    plain = R.binary_cross_entropy_with_logits(odds, [1, 1], reduction="none")
    assert_close(R.sigmoid_focal_loss(odds, [1, 1], reduction="none") / plain, [0.01, 0.64])
