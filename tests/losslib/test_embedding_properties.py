"""What holds between the embedding losses for any data: symmetries, invariances, bounds."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

D = 3
TUPLES = {
    "triplet_margin_loss": 3,
    "quadruplet_loss": 4,
    "n_pairs_loss": 2,
    "info_nce_loss": 2,
    "nt_xent_loss": 2,
}
DISTANCES = ["triplet_margin_loss", "quadruplet_loss"]
COSINES = ["info_nce_loss", "nt_xent_loss"]
MINED = ["triplet_semihard_loss", "triplet_hard_loss"]
each_tuple = pytest.mark.parametrize("loss", TUPLES)
each_distance = pytest.mark.parametrize("loss", DISTANCES)
each_cosine = pytest.mark.parametrize("loss", COSINES)
each_mined = pytest.mark.parametrize("loss", MINED)

numbers = st.integers(-12, 12).map(lambda i: i / 4)  # sums of products are exact, equal embeddings are likely
tuples = st.integers(1, 6).flatmap(lambda n: arrays(np.float64, (4, n, D), elements=numbers))
batches = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, (n, D), elements=st.integers(-1, 1)),
        arrays(np.int64, n, elements=st.integers(0, 3)),
    )
)
rotations = st.integers(0, 2**31).map(
    lambda seed: np.linalg.qr(np.random.default_rng(seed).normal(size=(D, D)))[0]
)


def reference(loss, embeddings, **options):
    return getattr(R, loss)(*embeddings[: TUPLES[loss]], **options)


def functional(loss, embeddings, **options):
    return getattr(F, loss)(*torch.from_numpy(embeddings[: TUPLES[loss]]), **options)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-7)


@each_tuple
@given(embeddings=tuples)
def test_functional_equals_reference_with_a_finite_gradient(loss, embeddings):
    leaf = torch.from_numpy(embeddings[: TUPLES[loss]]).requires_grad_()
    each = getattr(F, loss)(*leaf, reduction="none")
    close(each.detach(), reference(loss, embeddings, reduction="none"))
    assert torch.autograd.grad(each.sum(), leaf)[0].isfinite().all()


@each_mined
@given(batch=batches, squared=st.booleans())
def test_mined_functional_equals_reference_with_a_finite_gradient(loss, batch, squared):
    embeddings, labels = torch.from_numpy(batch[0]).requires_grad_(), torch.from_numpy(batch[1])
    each = getattr(F, loss)(embeddings, labels, squared=squared, reduction="none")
    close(each.detach(), getattr(R, loss)(*batch, squared=squared, reduction="none"))
    assert torch.autograd.grad(each.sum(), embeddings)[0].isfinite().all()


@each_distance
@given(embeddings=tuples, shift=numbers, rotation=rotations)
def test_distances_know_neither_origin_nor_axes(loss, embeddings, shift, rotation):
    close(reference(loss, embeddings @ rotation + shift), reference(loss, embeddings))


@pytest.mark.parametrize("loss", ["n_pairs_loss", *COSINES])
@given(embeddings=tuples, rotation=rotations)
def test_similarities_know_no_axes(loss, embeddings, rotation):
    close(reference(loss, embeddings @ rotation), reference(loss, embeddings))


@each_mined
@given(batch=batches, shift=numbers, data=st.data())
def test_mining_knows_neither_origin_nor_order_nor_names_of_classes(loss, batch, shift, data):
    embeddings, labels = batch
    order = np.array(data.draw(st.permutations(range(len(labels)))))
    renamed = np.array(data.draw(st.permutations(range(4))))[labels]
    close(getattr(R, loss)(embeddings[order] + shift, renamed[order]), getattr(R, loss)(embeddings, labels))


@each_cosine
@given(embeddings=tuples, scale=st.floats(1e-3, 1e3))
def test_cosines_know_no_lengths(loss, embeddings, scale):
    close(functional(loss, scale * embeddings), functional(loss, embeddings))


@each_tuple
@given(embeddings=tuples)
def test_order_of_the_samples_does_not_matter(loss, embeddings):
    close(reference(loss, embeddings[:, ::-1]), reference(loss, embeddings))


@given(embeddings=tuples)
def test_views_of_nt_xent_may_be_exchanged(embeddings):
    z1, z2, *_ = embeddings
    close(R.nt_xent_loss(z2, z1), R.nt_xent_loss(z1, z2))
    each, exchanged = R.nt_xent_loss(z1, z2, reduction="none"), R.nt_xent_loss(z2, z1, reduction="none")
    close(exchanged, np.roll(each, len(z1)))


@each_tuple
@given(embeddings=tuples)
def test_no_loss_is_negative(loss, embeddings):
    assert (reference(loss, embeddings, reduction="none") >= -1e-12).all()


@given(embeddings=tuples, temperature=st.floats(0.05, 5))
def test_info_nce_lies_within_what_cosines_allow(embeddings, temperature):
    each = R.info_nce_loss(*embeddings[:2], temperature=temperature, reduction="none")
    others = len(each) - 1
    assert (each >= np.log1p(others * math.exp(-2 / temperature)) - 1e-9).all()
    assert (each <= np.log1p(others * math.exp(2 / temperature)) + 1e-9).all()


@given(embeddings=tuples, margin=st.floats(0, 5), more=st.floats(0, 5))
def test_a_larger_margin_costs_at_most_the_difference(embeddings, margin, more):
    triplets = embeddings[:3]
    small = R.triplet_margin_loss(*triplets, margin=margin, reduction="none")
    large = R.triplet_margin_loss(*triplets, margin=margin + more, reduction="none")
    assert ((large - small >= -1e-9) & (large - small <= more + 1e-9)).all()


@given(embeddings=tuples)
def test_swap_never_lowers_the_loss(embeddings):
    triplets = embeddings[:3]
    plain = R.triplet_margin_loss(*triplets, reduction="none")
    assert (R.triplet_margin_loss(*triplets, swap=True, reduction="none") >= plain).all()


@given(embeddings=tuples)
def test_quadruplet_is_at_least_the_triplet_loss_of_squared_distances(embeddings):
    a, x, n, _ = embeddings
    triplet = np.maximum(0, ((a - x) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 1)
    assert (R.quadruplet_loss(*embeddings, reduction="none") >= triplet - 1e-12).all()


@given(batch=batches)
def test_soft_margin_lies_above_the_hinge_without_one_by_at_most_log_2(batch):
    hinge = R.triplet_hard_loss(*batch, margin=0.0, reduction="none")
    soft = R.triplet_hard_loss(*batch, soft=True, reduction="none")
    assert ((soft >= hinge - 1e-12) & (soft <= hinge + math.log(2) + 1e-12)).all()


@each_mined
@given(batch=batches)
def test_a_class_far_from_all_others_is_no_anchors_problem(loss, batch):
    embeddings, labels = batch
    far = np.concatenate([embeddings, np.full((2, D), 1e3)]), np.concatenate([labels, [9, 9]])
    each = getattr(R, loss)(*far, reduction="none")
    np.testing.assert_array_equal(each[-2:], 0)
    if loss == "triplet_hard_loss":
        close(each[:-2], R.triplet_hard_loss(embeddings, labels, reduction="none"))


@given(
    d=arrays(np.float64, st.integers(1, 6), elements=st.floats(0, 5)),
    similar=st.booleans(),
    margin=st.floats(0, 3),
)
def test_contrastive_is_half_the_squared_distance_to_where_the_pair_should_be(d, similar, margin):
    target = np.full_like(d, similar)
    goal = 0 if similar else np.maximum(d, margin)
    expected = (d - goal) ** 2 / 2
    close(R.contrastive_loss(d, target, margin=margin, reduction="none"), expected)
    torch.testing.assert_close(
        F.contrastive_loss(*torch.from_numpy(np.stack([d, target])), margin=margin, reduction="none"),
        torch.from_numpy(expected),
    )
