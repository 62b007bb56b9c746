"""The losses that mine their triplets: semi-hard and batch-hard, against loops over the batch."""

import math

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib import reference as R

LABELS = np.array([0, 0, 1, 1, 2, 0, 1, 3])  # 2 and 3 have no positive
N, D = len(LABELS), 3
each_package = pytest.mark.parametrize("package", [R, F])
each_loss = pytest.mark.parametrize("loss", ["triplet_semihard_loss", "triplet_hard_loss"])
each_call = pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("triplet_semihard_loss", {}),
        ("triplet_semihard_loss", {"margin": 0.2, "squared": False}),
        ("triplet_hard_loss", {}),
        ("triplet_hard_loss", {"margin": 0.2, "squared": True}),
        ("triplet_hard_loss", {"soft": True}),
        ("triplet_hard_loss", {"soft": True, "squared": True}),
    ],
)


# The definitions, in loops


def distances(x, squared):
    squares = [[sum((a - b) ** 2 for a, b in zip(u, v, strict=True)) for v in x] for u in x]
    return squares if squared else [[math.sqrt(s) for s in row] for row in squares]


def around(labels, anchor):
    """Its positives and its negatives."""
    others = [i for i in range(len(labels)) if i != anchor]
    return (
        [i for i in others if labels[i] == labels[anchor]],
        [i for i in others if labels[i] != labels[anchor]],
    )


def semihard(x, labels, margin=1.0, squared=True):
    """The loss of each pair (anchor, positive) that has a negative."""
    d, losses = distances(x, squared), {}
    for a in range(len(labels)):
        positives, negatives = around(labels, a)
        for p in positives if negatives else ():
            farther = [d[a][n] for n in negatives if d[a][n] > d[a][p]]
            to_negative = min(farther) if farther else max(d[a][n] for n in negatives)
            losses[a, p] = max(0, d[a][p] - to_negative + margin)
    return losses


def hard(x, labels, margin=1.0, soft=False, squared=False):
    """The loss of each anchor that has a positive and a negative."""
    d, losses = distances(x, squared), {}
    for a in range(len(labels)):
        positives, negatives = around(labels, a)
        if positives and negatives:
            excess = max(d[a][p] for p in positives) - min(d[a][n] for n in negatives)
            losses[(a,)] = math.log1p(math.exp(excess)) if soft else max(0, excess + margin)
    return losses


DEFINITIONS = {"triplet_semihard_loss": semihard, "triplet_hard_loss": hard}


def call(package, loss, embeddings, labels, **options):
    if package is F:
        embeddings, labels = torch.as_tensor(embeddings), torch.as_tensor(labels)
    return getattr(package, loss)(embeddings, labels, **options)


def draw(seed=0, samples=N, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=(samples, D)).astype(dtype)


def gradient(loss, embeddings, labels, **options):
    embeddings = torch.tensor(embeddings, requires_grad=True)
    value = getattr(F, loss)(embeddings, torch.as_tensor(labels), **options).sum()
    return torch.autograd.grad(value, embeddings)[0].numpy()


def saved_bytes(loss, embeddings, labels):
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = getattr(F, loss)(embeddings.requires_grad_(), labels)
    assert value.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


# Value and gradient


@each_call
@each_package
@pytest.mark.parametrize("seed", range(10))
def test_both_equal_the_definition_in_loops(package, loss, options, seed):
    x = draw(seed)
    losses = DEFINITIONS[loss](x.tolist(), LABELS, **options)
    each = np.asarray(call(package, loss, x, LABELS, **options, reduction="none"))
    expected = np.zeros_like(each)
    for at, value in losses.items():
        expected[at] = value
    assert each.shape == ((N, N) if loss == "triplet_semihard_loss" else (N,))
    np.testing.assert_allclose(each, expected, rtol=1e-9, atol=1e-9)
    total = sum(losses.values())
    np.testing.assert_allclose(call(package, loss, x, LABELS, **options, reduction="sum"), total, rtol=1e-9)
    np.testing.assert_allclose(call(package, loss, x, LABELS, **options), total / len(losses), rtol=1e-9)


@each_call
@each_package
@pytest.mark.parametrize("seed", range(20))
def test_ties_between_distances_are_broken_as_the_definition_says(package, loss, options, seed):
    x = (
        np.random.default_rng(seed).integers(3, size=(N, 2)).astype(float)
    )  # many equal embeddings and distances
    options = {**options, "margin": 2.0}  # so large that few losses are 0
    losses = DEFINITIONS[loss](x.tolist(), LABELS, **options)
    mean = sum(losses.values()) / len(losses)
    np.testing.assert_allclose(call(package, loss, x, LABELS, **options), mean, rtol=1e-9, atol=1e-9)


@each_call
def test_first_and_second_derivatives_agree_with_finite_differences(loss, options):
    x, labels = torch.tensor(draw(), requires_grad=True), torch.from_numpy(LABELS)

    def mined(x):
        return getattr(F, loss)(x, labels, **options)

    assert torch.autograd.gradcheck(mined, x)
    assert torch.autograd.gradgradcheck(mined, x)


@each_loss
def test_gradient_of_squared_distances_is_twice_the_differences(loss):
    a, p, n = x = draw(samples=3)
    labels = np.array([0, 0, 1])
    summed = gradient(loss, x, labels, margin=99.0, squared=True, reduction="sum")
    of_anchor_a = np.stack([2 * (n - p), 2 * (p - a), 2 * (a - n)])
    of_anchor_p = np.stack([2 * (a - p), 2 * (n - a), 2 * (p - n)])
    np.testing.assert_allclose(summed, of_anchor_a + of_anchor_p, rtol=1e-9, atol=1e-12)


@each_package
@pytest.mark.parametrize(("to_negative", "loss"), [(0.4, 0.3), (0.6, 0.1), (0.8, 0.0)])
def test_only_a_negative_within_the_margin_is_semi_hard(package, to_negative, loss):
    x, labels = np.array([[0.0], [0.5], [-to_negative]]), np.array([0, 0, 1])
    each = call(package, "triplet_semihard_loss", x, labels, margin=0.2, squared=False, reduction="none")
    assert float(each[0, 1]) == pytest.approx(loss)


@each_package
def test_semi_hard_mining_passes_over_the_hard_negative(package):
    x, labels = np.array([[0.0], [1.0], [0.1], [-1.1]]), np.array([0, 0, 1, 1])
    each = call(package, "triplet_semihard_loss", x, labels, squared=False, reduction="none")
    assert float(each[0, 1]) == pytest.approx(0.9)  # 1 - 1.1 + 1; the one at 0.1 would cost 1.9


@each_package
@pytest.mark.parametrize("seed", range(10))
def test_no_semi_hard_loss_of_an_anchor_exceeds_its_batch_hard_loss(package, seed):
    x = draw(seed)
    pairs = np.asarray(call(package, "triplet_semihard_loss", x, LABELS, squared=False, reduction="none"))
    anchors = np.asarray(call(package, "triplet_hard_loss", x, LABELS, reduction="none"))
    assert (pairs.max(axis=1) <= anchors + 1e-7).all()


# Traps


@each_call
@pytest.mark.parametrize("labels", [np.zeros(4, int), np.arange(4), np.array([7])])
def test_batch_without_a_triplet_has_zero_loss_and_zero_gradient(loss, options, labels):
    x = draw(samples=len(labels))
    for package in (R, F):
        for reduction in ("mean", "sum", "none"):
            value = call(package, loss, x, labels, **options, reduction=reduction)
            np.testing.assert_array_equal(value, np.zeros(np.shape(value)))
    np.testing.assert_array_equal(gradient(loss, x, labels, **options), 0)


@each_call
def test_empty_batch_has_zero_loss_and_zero_gradient(loss, options):
    x, labels = np.empty((0, D)), np.empty(0, int)
    for package in (R, F):
        assert call(package, loss, x, labels, **options) == 0
        assert call(package, loss, x, labels, **options, reduction="sum") == 0
        shape = (0, 0) if loss == "triplet_semihard_loss" else (0,)
        assert call(package, loss, x, labels, **options, reduction="none").shape == shape
    assert gradient(loss, x, labels, **options).shape == (0, D)


@each_call
@pytest.mark.parametrize("value", [0.0, 0.1, 1e3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_collapse_costs_the_margin_or_log_2_and_has_no_gradient(loss, options, value, dtype):
    x = np.full((N, D), value, dtype)
    expected = math.log(2) if options.get("soft") else options.get("margin", 1.0)
    for package in (R, F):
        assert float(call(package, loss, x, LABELS, **options)) == pytest.approx(expected)
    np.testing.assert_array_equal(gradient(loss, x, LABELS, **options), 0)


@each_call
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_anchor_that_equals_its_positive_has_a_finite_gradient(loss, options, dtype):
    x = draw(dtype=dtype)
    x[1] = x[0]
    np.testing.assert_allclose(
        call(F, loss, x, LABELS, **options), call(R, loss, x, LABELS, **options), rtol=1e-5
    )
    assert np.isfinite(gradient(loss, x, LABELS, **options)).all()


@each_call
def test_distance_from_the_origin_costs_no_precision(loss, options):
    x = draw(samples=32, dtype=np.float32) + np.float32(1000)
    labels = np.arange(32) // 4
    exact = call(R, loss, x.astype(np.float64), labels, **options)
    np.testing.assert_allclose(call(F, loss, x, labels, **options), exact, rtol=1e-4)


@each_call
def test_autocast_leaves_the_distances_in_float32(loss, options):
    x, labels = torch.from_numpy(draw(samples=32, dtype=np.float32)), torch.arange(32) // 4
    mined = getattr(F, loss)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = mined(x, labels, **options)
    torch.testing.assert_close(inside, mined(x, labels, **options), rtol=1e-6, atol=0)


@each_call
def test_half_precision_is_computed_in_float32(loss, options):
    x = (100 * draw()).astype(np.float16)  # some squared distances are beyond float16
    expected = call(R, loss, x.astype(float), LABELS, **options)
    for package in (R, F):
        actual = np.asarray(call(package, loss, x, LABELS, **options))
        assert actual.dtype == np.float16
        np.testing.assert_allclose(actual, expected, rtol=2e-3)


@each_loss
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_labels_may_be_any_integers(loss, dtype):
    x = torch.from_numpy(draw())
    expected = getattr(R, loss)(x, LABELS)
    np.testing.assert_allclose(getattr(F, loss)(x, torch.tensor(LABELS, dtype=dtype)), expected, rtol=1e-9)
    np.testing.assert_allclose(getattr(R, loss)(x, 5 - 3 * LABELS), expected, rtol=1e-12)


@each_call
def test_every_option_compiles_and_vectorizes(loss, options):
    def mined(x, labels):
        return getattr(F, loss)(x, labels, **options)

    torch._dynamo.reset()
    x = torch.from_numpy(np.stack([draw(0), draw(1)]))
    labels = torch.from_numpy(np.stack([LABELS, LABELS[::-1]]))
    each = torch.stack([mined(*batch) for batch in zip(x, labels, strict=True)])
    torch.testing.assert_close(torch.func.vmap(mined)(x, labels), each)
    compiled = torch.compile(mined, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x[0], labels[0]), each[0])


# Memory


def test_batch_hard_keeps_memory_linear_in_the_batch():
    kept = [saved_bytes("triplet_hard_loss", torch.randn(n, 4), torch.arange(n) // 4) for n in (256, 512)]
    assert kept[1] < 2.1 * kept[0]


def test_semi_hard_keeps_a_few_numbers_for_each_pair_and_none_for_each_triplet():
    n = 256
    assert saved_bytes("triplet_semihard_loss", torch.randn(n, 4), torch.arange(n) // 4) < 20 * n**2


# Wrong arguments


@each_package
@each_loss
def test_labels_must_be_integers(package, loss):
    for labels in (torch.ones(2), torch.tensor([True, False])):
        dtype = str(labels.dtype)[6:]
        message = rf"^{loss}: expected labels of an integer dtype, got (torch\.)?{dtype}$"
        with pytest.raises(TypeError, match=message):
            getattr(package, loss)(torch.ones(2, 3), labels)


@each_package
@each_loss
def test_there_is_one_label_for_each_embedding(package, loss):
    for shape in ((3,), (2, 1), ()):
        message = rf"^{loss}: expected labels \(2,\), got \({str(shape)[1:-1]}\)$"
        with pytest.raises(ValueError, match=message):
            getattr(package, loss)(torch.ones(2, 3), torch.zeros(shape, dtype=torch.int64))


@each_package
@each_loss
def test_embeddings_are_a_matrix(package, loss):
    for shape in ((3,), (2, 3, 4)):
        message = rf"^{loss}: expected embeddings \(N, D\), got \({str(shape)[1:-1]}\)$"
        with pytest.raises(ValueError, match=message):
            getattr(package, loss)(torch.ones(shape), torch.zeros(shape[:1], dtype=torch.int64))


@each_loss
def test_functional_takes_labels_as_a_tensor(loss):
    with pytest.raises(TypeError, match=f"^{loss}: expected labels to be a torch.Tensor, got list$"):
        getattr(F, loss)(torch.ones(2, 3), [0, 1])
