"""The embedding losses of given pairs and tuples: value, gradient, identities and traps, and their errors."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize, softplus

from losslib import functional as F
from losslib import reference as R

N, D = 5, 3


# The definitions, one sample at a time in plain Python


def distance(x, y, p=2.0):
    differences = [abs(a - b) for a, b in zip(x, y, strict=True)]
    return max(differences) if p == math.inf else sum(d**p for d in differences) ** (1 / p)


def dot(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def cosine(x, y):
    return dot(x, y) / math.sqrt(dot(x, x) * dot(y, y))


def contrastive(distances, targets, margin=1.0):
    return [d**2 / 2 if t else max(0, margin - d) ** 2 / 2 for d, t in zip(distances, targets, strict=True)]


def triplet(anchors, positives, negatives, margin=1.0, p=2, swap=False):
    losses = []
    for a, x, n in zip(anchors, positives, negatives, strict=True):
        to_negative = min(distance(a, n, p), distance(x, n, p)) if swap else distance(a, n, p)
        losses.append(max(0, distance(a, x, p) - to_negative + margin))
    return losses


def quadruplet(anchors, positives, negatives1, negatives2, margin1=1.0, margin2=0.5):
    losses = []
    for a, x, m, n in zip(anchors, positives, negatives1, negatives2, strict=True):
        first = max(0, distance(a, x) ** 2 - distance(a, m) ** 2 + margin1)
        losses.append(first + max(0, distance(a, x) ** 2 - distance(m, n) ** 2 + margin2))
    return losses


def n_pairs(anchors, positives):
    losses = []
    for i, a in enumerate(anchors):
        others = (x for j, x in enumerate(positives) if j != i)
        losses.append(math.log(1 + sum(math.exp(dot(a, x) - dot(a, positives[i])) for x in others)))
    return losses


def info_nce(queries, keys, temperature=0.1):
    losses = []
    for i, q in enumerate(queries):
        shares = [math.exp(cosine(q, k) / temperature) for k in keys]
        losses.append(-math.log(shares[i] / sum(shares)))
    return losses


def nt_xent(z1, z2, temperature=0.5):
    z, losses = [*z1, *z2], []
    for i in range(len(z)):
        shares = [0 if k == i else math.exp(cosine(z[i], z[k]) / temperature) for k in range(len(z))]
        losses.append(-math.log(shares[(i + len(z1)) % len(z)] / sum(shares)))
    return losses


@dataclass(frozen=True)
class Case:
    loss: str
    definition: Callable
    inputs: int
    options: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.loss} {self.options or ''}"

    def arguments(self, seed=0):
        generator = np.random.default_rng(seed)
        if self.loss == "contrastive_loss":
            return [generator.uniform(0, 2, N), generator.integers(2, size=N).astype(float)]
        return list(generator.normal(size=(self.inputs, N, D)))

    def reference(self, *arguments, **more):
        return getattr(R, self.loss)(*arguments, **self.options, **more)

    def functional(self, *arguments, **more):
        arguments = [torch.as_tensor(argument) for argument in arguments]
        return getattr(F, self.loss)(*arguments, **self.options, **more)


CASES = [
    Case("contrastive_loss", contrastive, 2),
    Case("contrastive_loss", contrastive, 2, {"margin": 0.5}),
    *(
        Case("triplet_margin_loss", triplet, 3, {"p": p, "swap": swap})
        for p in (1, 1.5, 2, 3, math.inf)
        for swap in (False, True)
    ),
    Case("triplet_margin_loss", triplet, 3, {"margin": 0.2}),
    Case("quadruplet_loss", quadruplet, 4),
    Case("quadruplet_loss", quadruplet, 4, {"margin1": 0.3, "margin2": 0.1}),
    Case("n_pairs_loss", n_pairs, 2),
    Case("info_nce_loss", info_nce, 2),
    Case("info_nce_loss", info_nce, 2, {"temperature": 0.01}),
    Case("nt_xent_loss", nt_xent, 2),
    Case("nt_xent_loss", nt_xent, 2, {"temperature": 0.01}),
]
TUPLES = [case for case in CASES if case.loss != "contrastive_loss"]
SOFTMAXES = [case for case in CASES if case.definition in (n_pairs, info_nce, nt_xent)]
each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_tuple = pytest.mark.parametrize("case", TUPLES, ids=str)
each_softmax = pytest.mark.parametrize("case", SOFTMAXES, ids=str)
each_package = pytest.mark.parametrize("package", [R, F])


def leaves(*arguments):
    return [torch.as_tensor(a).detach().clone().requires_grad_() for a in arguments]


def gradients(loss, *arguments):
    arguments = leaves(*arguments)
    return [g.numpy() for g in torch.autograd.grad(loss(*arguments).sum(), arguments)]


# Value and gradient


@each_case
@pytest.mark.parametrize("package", ["reference", "functional"])
@pytest.mark.parametrize("seed", range(5))
def test_both_equal_the_definition_one_sample_at_a_time(case, package, seed):
    arguments = case.arguments(seed)
    expected = case.definition(*(argument.tolist() for argument in arguments), **case.options)
    actual = getattr(case, package)(*arguments, reduction="none")
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


@each_case
@pytest.mark.parametrize("package", ["reference", "functional"])
def test_mean_and_sum_are_of_the_samples(case, package):
    loss, arguments = getattr(case, package), case.arguments()
    each = np.asarray(loss(*arguments, reduction="none"))
    np.testing.assert_allclose(loss(*arguments, reduction="sum"), each.sum(), rtol=1e-12)
    np.testing.assert_allclose(loss(*arguments), each.mean(), rtol=1e-12)


@each_case
def test_first_and_second_derivatives_agree_with_finite_differences(case):
    arguments = leaves(*case.arguments(1))
    assert torch.autograd.gradcheck(case.functional, arguments)
    if (
        not {"p", "margin", "margin1"} & case.options.keys()
    ):  # these change no formula of the second derivative
        assert torch.autograd.gradgradcheck(case.functional, arguments)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, math.inf])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("shape", [(N, D), (D,)])
def test_triplet_margin_equals_pytorch_without_its_epsilon(reduction, p, swap, shape):
    triplets = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    options = {"margin": 2.0, "p": p, "swap": swap, "reduction": reduction}

    def native(*arguments):
        return torch.nn.functional.triplet_margin_loss(*arguments, **options, eps=0)

    def ours(*arguments):
        return F.triplet_margin_loss(*arguments, **options)

    torch.testing.assert_close(ours(*triplets), native(*triplets))
    np.testing.assert_allclose(gradients(ours, *triplets), gradients(native, *triplets), rtol=1e-12)


def test_the_epsilon_of_pytorch_moves_an_embedding_away_from_itself():
    zero, far = torch.zeros(1, 128, dtype=torch.float64), torch.full((1, 128), 9.0, dtype=torch.float64)
    to_itself = torch.nn.functional.triplet_margin_loss(zero, zero, far, margin=200, reduction="sum") - (
        200 - torch.nn.functional.pairwise_distance(zero, far).sum()
    )
    assert to_itself.item() == pytest.approx(1e-6 * math.sqrt(128))
    exact = F.triplet_margin_loss(zero, zero, far, margin=200)
    assert exact.item() == pytest.approx(200 - 9 * math.sqrt(128), abs=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_n_pairs_and_info_nce_equal_cross_entropy_of_a_similarity_matrix(reduction):
    first, second = torch.from_numpy(np.random.default_rng(0).normal(size=(2, N, D)))

    def native(x, y):
        return cross_entropy(x @ y.T, torch.arange(N), reduction=reduction)

    def of_cosines(x, y):
        return native(normalize(x) / 0.1, normalize(y))

    for ours, expected in ((F.n_pairs_loss, native), (F.info_nce_loss, of_cosines)):
        torch.testing.assert_close(ours(first, second, reduction=reduction), expected(first, second))
        actual = gradients(lambda x, y, loss=ours: loss(x, y, reduction=reduction), first, second)
        np.testing.assert_allclose(actual, gradients(expected, first, second), rtol=1e-9, atol=1e-12)


def test_contrastive_gradient_pulls_by_the_distance_and_pushes_by_the_gap():
    d, target = torch.tensor([0.3, 0.3, 0.9, 1.7]), torch.tensor([1, 0, 0, 0])
    (gradient,) = gradients(lambda d: F.contrastive_loss(d, target, margin=1.5, reduction="sum"), d)
    np.testing.assert_allclose(gradient, [0.3, -1.2, -0.6, 0], rtol=1e-6)


def test_triplet_gradient_is_made_of_directions_of_length_one():
    a, x, n = np.random.default_rng(0).normal(size=(3, N, D))
    grads = gradients(lambda *t: F.triplet_margin_loss(*t, margin=9.0, reduction="sum"), a, x, n)
    to_positive = (a - x) / np.linalg.norm(a - x, axis=1, keepdims=True)
    to_negative = (a - n) / np.linalg.norm(a - n, axis=1, keepdims=True)
    np.testing.assert_allclose(grads, [to_positive - to_negative, -to_positive, to_negative], rtol=1e-9)


def test_quadruplet_gradient_is_twice_the_differences():
    a, x, m, n = np.random.default_rng(0).normal(size=(4, N, D))

    def loss(*embeddings):
        return F.quadruplet_loss(*embeddings, margin1=99.0, margin2=99.0, reduction="sum")

    expected = [2 * (m - 2 * x + a), 4 * (x - a), 2 * (a - 2 * m + n), 2 * (m - n)]
    np.testing.assert_allclose(gradients(loss, a, x, m, n), expected, rtol=1e-9, atol=1e-12)


def test_n_pairs_gradient_is_probability_minus_one_hot():
    a, x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, N, D)))
    error = (torch.softmax(a @ x.T, 1) - torch.eye(N)) / N
    np.testing.assert_allclose(
        gradients(F.n_pairs_loss, a, x), [error @ x, error.T @ a], rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("loss", [F.info_nce_loss, F.nt_xent_loss])
def test_gradient_of_a_cosine_is_orthogonal_to_the_embedding(loss):
    x, y = np.random.default_rng(0).normal(size=(2, N, D))
    for embedding, gradient in zip((x, y), gradients(loss, x, y), strict=True):
        assert np.abs(gradient).max() > 1e-3
        np.testing.assert_allclose((embedding * gradient).sum(axis=1), 0, atol=1e-12)


# Traps


def test_swap_takes_the_smaller_of_two_distances():
    triplets = torch.tensor([[[0.0]], [[1.0]], [[1.2]]])
    assert F.triplet_margin_loss(*triplets, margin=0.5).item() == pytest.approx(0.3)
    assert F.triplet_margin_loss(*triplets, margin=0.5, swap=True).item() == pytest.approx(1.3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("p", [1, 1.5, 2, 3, math.inf])
def test_anchor_that_equals_its_positive_has_a_finite_gradient(dtype, p):
    anchor, negative = torch.zeros(2, D, dtype=dtype), torch.full((2, D), 0.25, dtype=dtype)
    loss = F.triplet_margin_loss(anchor, anchor, negative, p=p, reduction="sum")
    expected = R.triplet_margin_loss(
        anchor.double(), anchor.double(), negative.double(), p=p, reduction="sum"
    )
    torch.testing.assert_close(loss.double(), torch.tensor(expected), rtol=1e-2, atol=0)
    by_anchor, by_positive, by_negative = gradients(
        lambda *t: F.triplet_margin_loss(*t, p=p).double(), *(t.float() for t in (anchor, anchor, negative))
    )
    np.testing.assert_array_equal(by_positive, 0)
    assert (by_anchor > 0).all()
    np.testing.assert_array_equal(by_anchor, -by_negative)


def test_a_distance_written_out_would_not_pass_anchor_equals_positive():
    x = torch.ones(1, D, requires_grad=True)
    (x - torch.ones(1, D)).square().sum(1).sqrt().sum().backward()
    assert x.grad.isnan().all()


@each_tuple
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_embeddings_equal_has_a_finite_loss_and_gradient(case, value):
    equal = [np.full((N, D), value) for _ in range(case.inputs)]
    expected = {
        "triplet_margin_loss": case.options.get("margin", 1.0),
        "quadruplet_loss": case.options.get("margin1", 1.0) + case.options.get("margin2", 0.5),
        "nt_xent_loss": math.log(2 * N - 1),
    }.get(case.loss, math.log(N))
    for loss in (case.reference(*equal), case.functional(*equal)):
        assert float(loss) == pytest.approx(expected)
    assert np.isfinite(gradients(case.functional, *equal)).all()


@each_softmax
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_vector_of_zeros_has_a_finite_gradient(case, dtype):
    first, second = (argument.astype(dtype) for argument in case.arguments())
    first[0] = 0
    np.testing.assert_allclose(case.functional(first, second), case.reference(first, second), rtol=1e-5)
    for gradient in gradients(case.functional, first, second):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() < 1e4


@each_package
@pytest.mark.parametrize("loss", ["info_nce_loss", "nt_xent_loss"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_low_temperature_neither_overflows_nor_vanishes(package, loss, dtype):
    query = np.eye(4, dtype=dtype)
    key = -np.roll(query, 1, axis=0)  # the positives are orthogonal, some negatives opposite
    as_given = torch.from_numpy if package is F else np.asarray
    right = getattr(package, loss)(as_given(query), as_given(query), temperature=0.01)
    wrong = getattr(package, loss)(as_given(query), as_given(np.roll(query, 1, axis=0)), temperature=0.01)
    assert 0 <= float(right) < 1e-30
    assert float(wrong) == pytest.approx(100, rel=0.01)
    assert np.isfinite(float(getattr(package, loss)(as_given(query), as_given(key), temperature=0.01)))


@pytest.mark.parametrize("loss", [F.info_nce_loss, F.nt_xent_loss])
@pytest.mark.parametrize("temperature", [1e-2, 1e-4])
def test_gradient_at_low_temperature_is_finite(loss, temperature):
    x, y = np.random.default_rng(0).normal(size=(2, 16, 8)).astype(np.float32)
    for gradient in gradients(lambda x, y: loss(x, y, temperature=temperature), x, y):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


def test_n_pairs_of_large_logits_does_not_overflow():
    a = 100 * torch.eye(3)  # logits up to 1e4
    assert F.n_pairs_loss(a, a) == R.n_pairs_loss(a.numpy(), a.numpy()) == 0
    assert F.n_pairs_loss(a, a.roll(1, 0)) == R.n_pairs_loss(a.numpy(), np.roll(a.numpy(), 1, axis=0)) == 1e4
    np.testing.assert_array_equal(gradients(F.n_pairs_loss, a, a), 0)


@each_case
def test_half_precision_is_computed_in_float32(case):
    # Where the loss is not a square itself, squares are beyond float16.
    scale = {"contrastive_loss": 1, "n_pairs_loss": 1, "quadruplet_loss": 30}.get(case.loss, 200)
    arguments = [(scale * argument).astype(np.float16) for argument in case.arguments()]
    expected = case.reference(*(argument.astype(float) for argument in arguments), reduction="none")
    for loss in (case.reference, case.functional):
        actual = np.asarray(loss(*arguments, reduction="none"))
        assert actual.dtype == np.float16
        np.testing.assert_allclose(actual, expected, rtol=2e-3, atol=1e-3)


@each_case
def test_empty_batch_has_zero_loss_and_zero_gradient(case):
    empty = [argument[:0] for argument in case.arguments()]
    for reduction in ("mean", "sum"):
        assert case.reference(*empty, reduction=reduction) == 0
        assert case.functional(*empty, reduction=reduction) == 0
    for loss in (case.reference, case.functional):
        assert loss(*empty, reduction="none").shape == (0,)
    for gradient, argument in zip(gradients(case.functional, *empty), empty, strict=True):
        assert gradient.shape == argument.shape


@each_softmax
def test_one_pair_alone_has_nothing_to_be_told_from(case):
    one = [argument[:1] for argument in case.arguments()]
    assert case.reference(*one) == pytest.approx(0, abs=1e-12)
    assert case.functional(*one) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(gradients(case.functional, *one), 0, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in TUPLES if c not in SOFTMAXES], ids=str)
@pytest.mark.parametrize("package", ["reference", "functional"])
def test_leading_axes_are_samples(case, package):
    loss, arguments = getattr(case, package), case.arguments()
    each = np.asarray(loss(*arguments, reduction="none"))
    one = np.asarray(loss(*(argument[0] for argument in arguments), reduction="none"))
    grid = np.asarray(loss(*(argument.reshape(N, 1, D) for argument in arguments), reduction="none"))
    assert one.shape == ()
    np.testing.assert_allclose(one, each[0])
    np.testing.assert_allclose(grid, each[:, None])


def test_boolean_targets_mean_similar():
    d, target = torch.tensor([0.4, 0.4]), torch.tensor([True, False])
    torch.testing.assert_close(F.contrastive_loss(d, target), F.contrastive_loss(d, target.float()))
    np.testing.assert_allclose(R.contrastive_loss(d, target), F.contrastive_loss(d, target))


def test_autocast_leaves_the_similarities_in_float32():
    x, y = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 64, 8)).astype(np.float32))
    for loss in (F.n_pairs_loss, lambda x, y: F.info_nce_loss(x, y, temperature=0.01), F.nt_xent_loss):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            inside = loss(x, y)
        torch.testing.assert_close(inside, loss(x, y), rtol=1e-6, atol=0)


# Identities


@each_package
def test_n_pairs_of_two_is_the_soft_margin(package):
    a, x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 2, D)))
    expected = softplus((a * x.flip(0)).sum(1) - (a * x).sum(1))
    np.testing.assert_allclose(package.n_pairs_loss(a, x, reduction="none"), expected, rtol=1e-9)


@each_package
def test_quadruplet_with_far_negatives_is_the_triplet_loss_of_squared_distances(package):
    a, x, n = torch.from_numpy(np.random.default_rng(0).normal(size=(3, N, D)))
    expected = ((a - x).square().sum(1) - (a - n).square().sum(1) + 1).relu()
    np.testing.assert_allclose(
        package.quadruplet_loss(a, x, n, n + 100, reduction="none"), expected, rtol=1e-9
    )


@each_package
def test_info_nce_tends_to_a_hinge_on_the_hardest_negative_as_temperature_falls(package):
    q, k = torch.from_numpy(np.random.default_rng(0).normal(size=(2, N, D)))
    similarity = normalize(q) @ normalize(k).T
    hinge = similarity.amax(1) - similarity.diagonal()
    loss = package.info_nce_loss(q, k, temperature=1e-4, reduction="none")
    np.testing.assert_allclose(1e-4 * np.asarray(loss), hinge, atol=1e-3)


@each_package
@pytest.mark.parametrize("loss", ["info_nce_loss", "nt_xent_loss"])
def test_high_temperature_makes_all_candidates_alike(package, loss):
    x, y = torch.from_numpy(np.random.default_rng(0).normal(size=(2, N, D)))
    candidates = N if loss == "info_nce_loss" else 2 * N - 1
    assert float(getattr(package, loss)(x, y, temperature=1e9)) == pytest.approx(math.log(candidates))


# Wrong arguments


@each_package
@pytest.mark.parametrize("margin", [-1.0, math.nan])
def test_margins_must_not_be_negative(package, margin):
    x, labels = torch.ones(2, 3), torch.tensor([0, 1])
    calls = {
        ("contrastive_loss", "margin"): (x, x),
        ("triplet_margin_loss", "margin"): (x, x, x),
        ("triplet_semihard_loss", "margin"): (x, labels),
        ("triplet_hard_loss", "margin"): (x, labels),
        ("quadruplet_loss", "margin1"): (x, x, x, x),
        ("quadruplet_loss", "margin2"): (x, x, x, x),
    }
    for (loss, argument), arguments in calls.items():
        with pytest.raises(ValueError, match=f"^{loss}: expected {argument} >= 0, got {margin}$"):
            getattr(package, loss)(*arguments, **{argument: margin})


@each_package
@pytest.mark.parametrize("p", [0, 0.5, -1, math.nan])
def test_p_must_make_a_norm(package, p):
    with pytest.raises(ValueError, match=f"^triplet_margin_loss: expected p >= 1, got {p}$"):
        package.triplet_margin_loss(*torch.ones(3, 2, 3), p=p)


@each_package
@pytest.mark.parametrize("loss", ["info_nce_loss", "nt_xent_loss"])
@pytest.mark.parametrize("temperature", [0, -0.1, math.nan])
def test_temperature_must_be_positive(package, loss, temperature):
    with pytest.raises(ValueError, match=f"^{loss}: expected temperature > 0, got {temperature}$"):
        getattr(package, loss)(torch.ones(2, 3), torch.ones(2, 3), temperature=temperature)


@each_package
@pytest.mark.parametrize(
    ("loss", "argument"), [("n_pairs_loss", "anchor"), ("info_nce_loss", "query"), ("nt_xent_loss", "z1")]
)
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), ()])
def test_batches_compared_with_each_other_are_matrices(package, loss, argument, shape):
    message = rf"^{loss}: expected {argument} \(N, D\), got \({str(shape)[1:-1]}\)$"
    with pytest.raises(ValueError, match=message):
        getattr(package, loss)(torch.ones(shape), torch.ones(shape))


@each_package
@pytest.mark.parametrize(("loss", "inputs"), [("triplet_margin_loss", 3), ("quadruplet_loss", 4)])
def test_embeddings_are_vectors(package, loss, inputs):
    with pytest.raises(ValueError, match=rf"^{loss}: expected anchor \(\*, D\), got \(\)$"):
        getattr(package, loss)(*torch.ones(inputs))


def test_reference_rejects_negative_distances_and_targets_that_are_no_labels():
    with pytest.raises(ValueError, match=r"^contrastive_loss: expected distance >= 0, got -0.5$"):
        R.contrastive_loss([1.0, -0.5], [1, 0])
    with pytest.raises(ValueError, match=r"^contrastive_loss: expected target between 0 and 1, got -1.0$"):
        R.contrastive_loss([1.0, 0.5], [1, -1])
