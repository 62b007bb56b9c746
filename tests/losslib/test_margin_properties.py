"""What holds between the margin losses for any data: identities, bounds, symmetries, best scores."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import reference as R

numbers = st.floats(-50, 50).map(lambda x: round(x, 6))
margins = st.floats(0, 3).map(lambda x: round(x, 6))
vectors = arrays(np.float64, st.integers(1, 8), elements=numbers)
scores = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 5)), elements=numbers)
seeds = st.integers(0, 1000).map(np.random.default_rng)


def labels_for(input, generator):
    return generator.choice([-1.0, 1.0], size=input.shape)


def classes_for(input, generator):
    return generator.integers(input.shape[1], size=len(input))


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss"])
@given(input=vectors, generator=seeds)
def test_exchanging_the_labels_turns_the_scores_around(name, input, generator):
    loss, target = getattr(R, name), labels_for(input, generator)
    assert loss(-input, -target) == loss(input, target)


@given(input=vectors, generator=seeds)
def test_squared_hinge_is_the_hinge_squared(input, generator):
    target = labels_for(input, generator)
    hinge = R.hinge_loss(input, target, reduction="none")
    assert_close(R.squared_hinge_loss(input, target, reduction="none"), hinge**2)


@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss"])
@given(input=vectors, generator=seeds)
def test_no_loss_is_below_the_share_of_mistakes(name, input, generator):
    target = labels_for(input, generator)
    assert getattr(R, name)(input, target) >= (target * input <= 0).mean()


@given(input=vectors, generator=seeds)
def test_hinge_lies_within_1_of_the_logistic_loss_and_nears_it_plus_1_in_the_tail(input, generator):
    target = labels_for(input, generator)
    hinge = R.hinge_loss(input, target, reduction="none")
    logistic = np.logaddexp(0, -target * input)
    assert (np.abs(hinge - logistic) <= 1).all()
    assert_close(R.hinge_loss([-50.0], [1.0]) - np.logaddexp(0, 50.0), 1)


@given(input=vectors, generator=seeds)
def test_hinge_is_the_ranking_loss_beside_scores_of_zero_with_margin_1(input, generator):
    target = labels_for(input, generator)
    assert_close(R.margin_ranking_loss(input, 0 * input, target, margin=1.0), R.hinge_loss(input, target))


@given(first=vectors, generator=seeds, margin=margins)
def test_exchanging_both_items_and_the_label_changes_nothing(first, generator, margin):
    second, target = generator.normal(size=first.shape), labels_for(first, generator)
    loss = R.margin_ranking_loss(first, second, target, margin=margin)
    assert_close(R.margin_ranking_loss(second, first, -target, margin=margin), loss)


@given(first=vectors, shift=numbers, generator=seeds, margin=margins)
def test_only_the_difference_of_scores_ranks(first, shift, generator, margin):
    second, target = generator.normal(size=first.shape), labels_for(first, generator)
    loss = R.margin_ranking_loss(first, second, target, margin=margin)
    shifted = R.margin_ranking_loss(first + shift, second + shift, target, margin=margin)
    assert_close(shifted, loss)


@given(first=vectors, generator=seeds)
def test_ranking_with_margin_1_is_not_below_the_share_of_misordered_pairs(first, generator):
    second, target = generator.normal(size=first.shape), labels_for(first, generator)
    misordered = (target * (first - second) <= 0).mean()
    assert R.margin_ranking_loss(first, second, target, margin=1.0) >= misordered


@given(input=vectors, generator=seeds)
def test_two_classes_cost_the_hinge_of_their_difference(input, generator):
    target = labels_for(input, generator)
    both = np.stack([0 * input, input], axis=1)
    multiclass = R.multiclass_hinge_loss(both, (target > 0).astype(int), reduction="none")
    assert_close(multiclass, R.hinge_loss(input, target, reduction="none"))


@given(input=scores, shift=numbers, generator=seeds)
def test_a_number_added_to_all_scores_changes_nothing(input, shift, generator):
    target = classes_for(input, generator)
    assert_close(R.multiclass_hinge_loss(input + shift, target), R.multiclass_hinge_loss(input, target))


@given(input=scores, generator=seeds)
def test_multiclass_hinge_is_not_below_the_share_of_mistakes(input, generator):
    target = classes_for(input, generator)
    right = np.take_along_axis(input, target[:, None], 1)
    mistakes = (input >= right).sum(1) > 1
    assert R.multiclass_hinge_loss(input, target) >= mistakes.mean()


@given(input=scores, generator=seeds)
def test_the_closest_class_costs_at_most_all_classes_and_at_least_their_mean(input, generator):
    target = classes_for(input, generator)
    closest = R.multiclass_hinge_loss(input, target, reduction="none")
    native = torch.nn.functional.multi_margin_loss(
        torch.from_numpy(input), torch.from_numpy(target), reduction="none"
    )
    every = native.numpy() * input.shape[1]
    assert (closest <= every + 1e-9).all()
    assert (every <= (input.shape[1] - 1) * closest + 1e-9).all()


@given(input=scores, generator=seeds)
def test_order_of_samples_and_classes_does_not_matter(input, generator):
    target, order = classes_for(input, generator), generator.permutation(input.shape[1])
    shuffled = R.multiclass_hinge_loss(input[::-1, order], np.argsort(order)[target][::-1])
    assert_close(shuffled, R.multiclass_hinge_loss(input, target))


@given(
    distance=arrays(np.float64, st.integers(1, 8), elements=st.floats(0, 50)), generator=seeds, margin=margins
)
def test_hinge_embedding_is_not_negative_and_zero_for_pairs_as_they_should_be(distance, generator, margin):
    target = labels_for(distance, generator)
    assert (R.hinge_embedding_loss(distance, target, margin=margin, reduction="none") >= 0).all()
    settled = np.where(target == 1, 0, margin + distance)
    assert R.hinge_embedding_loss(settled, target, margin=margin) == 0


@pytest.mark.parametrize("share", [0.2, 0.51, 0.7, 0.9])
def test_best_constant_score_is_the_label_of_the_majority_and_for_the_square_the_probability(share):
    f = np.linspace(-2, 2, 4001)
    ones = np.ones_like(f)
    best = {
        name: f[
            (
                share * loss(f, ones, reduction="none") + (1 - share) * loss(f, -ones, reduction="none")
            ).argmin()
        ]
        for name, loss in (("hinge", R.hinge_loss), ("square", R.squared_hinge_loss))
    }
    assert math.isclose(best["hinge"], math.copysign(1, share - 0.5), abs_tol=1e-9)
    assert math.isclose(best["square"], 2 * share - 1, abs_tol=1e-3)
