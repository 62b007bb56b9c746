"""Value, gradient, reductions and traps of the divergences, and the text of their errors."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.spatial.distance
import scipy.special
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

INF = math.inf
both = pytest.mark.parametrize("package", [R, F], ids=["reference", "functional"])

shapes = st.tuples(st.integers(1, 4), st.integers(1, 5))
# Some classes are impossible, so that zeros meet zeros, and zeros meet others.
masses = st.one_of(st.just(0.0), st.floats(0.01, 1))


def normalised(pair):
    pair[:, :, 0] += 0.01
    return pair / pair.sum(-1, keepdims=True)


distribution_pairs = (
    shapes.flatmap(lambda s: arrays(np.float64, (2, *s), elements=masses)).map(normalised).map(tuple)
)
logits = shapes.flatmap(lambda s: arrays(np.float64, (2, *s), elements=st.floats(-8, 8)))


def call(package, name, *arguments, **options):
    if package is F:
        arguments = [torch.as_tensor(argument) for argument in arguments]
    return np.asarray(getattr(package, name)(*arguments, **options))


def log(p):
    with np.errstate(divide="ignore"):
        return np.log(p)


def gradients(loss, *arguments):
    arguments = [torch.tensor(argument, dtype=torch.float64, requires_grad=True) for argument in arguments]
    return [g.numpy() for g in torch.autograd.grad(loss(*arguments).sum(), arguments)]


def random_distributions(*shape, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(shape[-1]), size=shape[:-1])


def kl(p, q):
    """KL(p ‖ q) of two distributions as its definition reads, with 0 log 0 = 0."""
    return sum(a * (math.log(a) - math.log(b)) if b else INF for a, b in zip(p, q, strict=True) if a > 0)


# Kullback-Leibler


@both
@given(pair=distribution_pairs)
def test_kl_equals_the_definition_in_a_loop(package, pair):
    target, probs = pair
    expected = np.mean([kl(t, q) for t, q in zip(target, probs, strict=True)])
    np.testing.assert_allclose(call(package, "kl_div_loss", log(probs), target), expected, atol=1e-14)
    by_logs = call(package, "kl_div_loss", log(probs), log(target), log_target=True)
    np.testing.assert_allclose(by_logs, expected, rtol=1e-12, atol=1e-14)


@both
@given(pair=distribution_pairs)
def test_kl_equals_scipy(package, pair):
    target, probs = pair
    each = call(package, "kl_div_loss", log(probs), target, reduction="none")
    np.testing.assert_allclose(each, scipy.special.rel_entr(target, probs), rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore:reduction. 'mean'")
@pytest.mark.parametrize("reduction", ["batchmean", "mean", "sum", "none"])
@pytest.mark.parametrize("log_target", [False, True])
def test_kl_equals_pytorch_in_value_and_both_gradients(reduction, log_target):
    log_probs, target = (torch.from_numpy(random_distributions(3, 2, 4, seed=seed)) for seed in (0, 1))
    arguments = log_probs.log().requires_grad_(), (target.log() if log_target else target).requires_grad_()
    results = []
    for loss in (F.kl_div_loss, torch.nn.functional.kl_div):
        value = loss(*arguments, reduction=reduction, log_target=log_target)
        results.append((value, *torch.autograd.grad(value.sum(), arguments)))
    torch.testing.assert_close(*results)


def test_kl_equals_pytorchs_distributions():
    p, q = (torch.from_numpy(random_distributions(5, 4, seed=seed)) for seed in (0, 1))
    expected = torch.distributions.kl_divergence(
        torch.distributions.Categorical(p), torch.distributions.Categorical(q)
    )
    torch.testing.assert_close(F.kl_div_loss(q.log(), p), expected.mean())


@given(pair=distribution_pairs)
def test_kl_gradient_is_minus_the_target(pair):
    target, probs = pair
    gradient, _ = gradients(lambda x, t: F.kl_div_loss(x, t, reduction="sum"), log(probs), target)
    np.testing.assert_array_equal(gradient, -target)


@both
@given(pair=distribution_pairs)
def test_kl_is_not_negative_and_zero_for_equals(package, pair):
    p, q = pair
    assert call(package, "kl_div_loss", log(q), p) >= -1e-15
    np.testing.assert_allclose(call(package, "kl_div_loss", log(p), p), 0, atol=1e-15)


@given(scores=logits)
def test_cross_entropy_is_kl_plus_the_entropy_of_the_target(scores):
    log_probs, target = scipy.special.log_softmax(scores[0], 1), scipy.special.softmax(scores[1], 1)
    entropy = scipy.stats.entropy(target, axis=1).mean()
    cross_entropy = F.cross_entropy(*map(torch.from_numpy, (scores[0], target)))
    np.testing.assert_allclose(
        cross_entropy, R.kl_div_loss(log_probs, target) + entropy, rtol=1e-9, atol=1e-9
    )


@both
def test_kl_batchmean_of_sequences_is_the_token_mean_times_their_length(package):
    log_probs, target = log(random_distributions(2, 5, 3)), random_distributions(2, 5, 3, seed=1)
    batchmean = call(package, "kl_div_loss", log_probs, target)
    tokens = call(package, "kl_div_loss", log_probs.reshape(10, 3), target.reshape(10, 3))
    np.testing.assert_allclose(batchmean, 5 * tokens, rtol=1e-12)
    mean = call(package, "kl_div_loss", log_probs, target, reduction="mean")
    np.testing.assert_allclose(mean, tokens / 3, rtol=1e-12)


@both
def test_kl_is_infinite_where_the_prediction_excludes_what_happens(package):
    assert call(package, "kl_div_loss", log([[0.0, 1.0]]), np.array([[0.5, 0.5]])) == INF
    assert call(package, "kl_div_loss", log([[0.5, 0.5]]), np.array([[0.0, 1.0]])) == math.log(2)


@both
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("log_prob", [0.0, -1.0, -1e4, -INF])
def test_kl_of_an_impossible_class_is_zero_whatever_the_prediction(package, log_target, log_prob):
    target = np.array([[-INF if log_target else 0.0, -1e4 if log_target else 0.0]])
    log_probs = np.full((1, 2), log_prob)
    assert call(package, "kl_div_loss", log_probs, target, log_target=log_target) == 0
    for gradient in gradients(lambda x, t: F.kl_div_loss(x, t, log_target=log_target), log_probs, target):
        np.testing.assert_array_equal(gradient, 0)


def test_kl_passes_gradients_through_softmax_with_masked_classes():
    scores = torch.tensor([[1.0, 2.0, -INF], [0.5, -INF, -INF]], requires_grad=True)
    target = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    for options in ({"target": target}, {"target": target.log(), "log_target": True}):
        loss = F.kl_div_loss(scores.log_softmax(1), **options)
        (gradient,) = torch.autograd.grad(loss, scores)
        torch.testing.assert_close(gradient, (scores.softmax(1) - target).detach() / 2)


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_derivatives_agree_with_finite_differences(log_target):
    log_probs = torch.from_numpy(log(random_distributions(3, 4))).requires_grad_()
    target = torch.from_numpy(random_distributions(3, 4, seed=1))
    target = (target.log() if log_target else target).requires_grad_()

    def loss(log_probs, target):
        return F.kl_div_loss(log_probs, target, log_target=log_target)

    assert torch.autograd.gradcheck(loss, (log_probs, target))
    assert torch.autograd.gradgradcheck(loss, (log_probs, target))


@both
def test_a_nan_is_not_hidden(package):
    for wrong in ([[math.nan, 0.0]], [[0.5, 0.5]]), ([[-1.0, -1.0]], [[math.nan, 0.5]]):
        assert np.isnan(call(package, "kl_div_loss", *map(np.array, wrong)))


# Jensen-Shannon


@both
@given(pair=distribution_pairs)
def test_js_equals_scipy(package, pair):
    # SciPy's is the square root, which magnifies rounding near zero.
    expected = np.array([scipy.spatial.distance.jensenshannon(p, q) for p, q in zip(*pair, strict=True)]) ** 2
    actual = call(package, "js_div_loss", *pair, reduction="none")
    np.testing.assert_allclose(actual, np.nan_to_num(expected), rtol=1e-9, atol=1e-14)


@both
@given(pair=distribution_pairs)
def test_js_is_symmetric_and_between_zero_and_log_2(package, pair):
    value = call(package, "js_div_loss", *pair)
    np.testing.assert_allclose(value, call(package, "js_div_loss", *pair[::-1]), rtol=1e-12, atol=1e-15)
    assert -1e-15 <= value <= math.log(2) * (1 + 1e-15)
    np.testing.assert_allclose(call(package, "js_div_loss", pair[0], pair[0]), 0, atol=1e-15)


@both
def test_js_of_disjoint_distributions_is_log_2_however_far_apart(package):
    near, far = (
        ([[1.0, 0.0, 0.0, 0.0]], [[0.0, 1.0, 0.0, 0.0]]),
        ([[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 1.0]]),
    )
    for pair in (near, far):
        np.testing.assert_allclose(
            call(package, "js_div_loss", *map(np.array, pair)), math.log(2), rtol=1e-15
        )


@given(triple=arrays(np.float64, (3, 4), elements=st.floats(0.01, 1)))
def test_root_of_js_is_a_metric(triple):
    p, q, r = (triple / triple.sum(1, keepdims=True))[:, None]
    pq, qr, pr = (math.sqrt(max(R.js_div_loss(*pair), 0)) for pair in ((p, q), (q, r), (p, r)))
    assert pr <= pq + qr + 1e-7


@given(pair=distribution_pairs)
def test_js_gradient_is_the_closed_form_where_there_is_one_and_finite_elsewhere(pair):
    p, q = pair
    for gradient, own in zip(
        gradients(lambda p, q: F.js_div_loss(p, q, reduction="sum"), p, q), (p, q), strict=True
    ):
        assert np.isfinite(gradient).all()
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = np.log(own / ((p + q) / 2)) / 2
        np.testing.assert_allclose(gradient[own > 0], expected[own > 0], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(gradient[own == 0], 0)


def test_js_descends_through_softmax_from_disjoint_supports():
    scores = torch.tensor([[5.0, -5.0]], requires_grad=True)
    target = torch.tensor([[0.0, 1.0]])
    (gradient,) = torch.autograd.grad(F.js_div_loss(scores.softmax(1), target), scores)
    assert gradient[0, 0] > 0 > gradient[0, 1]


def test_js_derivatives_agree_with_finite_differences():
    p, q = (torch.from_numpy(random_distributions(3, 4, seed=seed)).requires_grad_() for seed in (0, 1))
    assert torch.autograd.gradcheck(F.js_div_loss, (p, q))
    assert torch.autograd.gradgradcheck(F.js_div_loss, (p, q))


@pytest.mark.parametrize("gap", [0.1, 1e-3, 1e-5])
def test_js_is_accurate_in_float32_for_near_equals(gap):
    p, q = torch.tensor([[0.3, 0.7]]), torch.tensor([[0.3 + gap, 0.7 - gap]])
    exact = F.js_div_loss(p.double(), q.double())
    torch.testing.assert_close(F.js_div_loss(p, q).double(), exact, rtol=1e-2, atol=0)


@both
def test_js_compares_the_classes_on_axis_1_at_every_position(package):
    p, q = (np.moveaxis(random_distributions(2, 5, 3, seed=seed), -1, 1) for seed in (0, 1))
    each = call(package, "js_div_loss", p, q, reduction="none")
    assert each.shape == (2, 5)
    np.testing.assert_allclose(
        each[:, 2], call(package, "js_div_loss", p[:, :, 2], q[:, :, 2], reduction="none")
    )


# Gaussians


@both
@pytest.mark.parametrize("logvar", [-2.0, 0.0, 1.5])
@pytest.mark.parametrize("second", [(), (0.5, -0.7)])
def test_gaussian_kl_equals_the_integral(package, logvar, second):
    mean, std = -0.4, math.exp(logvar / 2)
    mean2, std2 = second[:1] + (0.0,) * (not second), math.exp(second[1] / 2) if second else 1.0
    p, q = scipy.stats.norm(mean, std), scipy.stats.norm(mean2[0], std2)
    expected, _ = scipy.integrate.quad(
        lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), -25, 25, points=[mean]
    )
    arguments = [np.array([[value]]) for value in (mean, logvar, *second)]
    np.testing.assert_allclose(call(package, "gaussian_kl_loss", *arguments), expected, rtol=1e-7)


@both
@given(values=arrays(np.float64, (4, 3, 2), elements=st.floats(-3, 3)))
def test_gaussian_kl_equals_pytorchs_distributions(package, values):
    mu, logvar, mu2, logvar2 = values

    def normal(mu, logvar):
        return torch.distributions.Normal(torch.tensor(mu), torch.tensor(logvar / 2).exp())

    zero = np.zeros_like(mu)
    for second in ((mu2, logvar2), (mu2, None), (None, logvar2), (None, None)):
        filled = [zero if value is None else value for value in second]
        expected = torch.distributions.kl_divergence(normal(mu, logvar), normal(*filled)).sum(1)
        given = [value for value in second if value is not None]
        names = [name for name, value in zip(("mu2", "logvar2"), second, strict=True) if value is not None]
        if package is F:
            given = [torch.tensor(value) for value in given]
            actual = F.gaussian_kl_loss(
                torch.tensor(mu), torch.tensor(logvar), **dict(zip(names, given, strict=True))
            )
        else:
            actual = R.gaussian_kl_loss(mu, logvar, **dict(zip(names, given, strict=True)))
        np.testing.assert_allclose(actual, expected.mean(), rtol=1e-9, atol=1e-12)


@given(values=arrays(np.float64, (2, 3, 2), elements=st.floats(-3, 3)))
def test_gaussian_kl_gradient_is_the_closed_form(values):
    mu, logvar = values
    slope_mu, slope_logvar = gradients(lambda m, v: F.gaussian_kl_loss(m, v, reduction="sum"), mu, logvar)
    np.testing.assert_allclose(slope_mu, mu, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope_logvar, (np.exp(logvar) - 1) / 2, rtol=1e-9, atol=1e-12)


def test_gaussian_kl_derivatives_agree_with_finite_differences():
    arguments = [
        torch.from_numpy(np.random.default_rng(seed).normal(size=(2, 3))).requires_grad_()
        for seed in range(4)
    ]
    assert torch.autograd.gradcheck(F.gaussian_kl_loss, arguments)
    assert torch.autograd.gradgradcheck(F.gaussian_kl_loss, arguments)


@both
@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 3, 2, 2)])
def test_gaussian_kl_sums_over_every_axis_but_the_first(package, shape):
    mu, logvar = np.random.default_rng(0).normal(size=(2, *shape))
    each = call(package, "gaussian_kl_loss", mu, logvar, reduction="none")
    expected = (np.exp(logvar) - 1 - logvar + mu**2).reshape(4, -1).sum(1) / 2
    np.testing.assert_allclose(each, expected, rtol=1e-12)
    np.testing.assert_allclose(call(package, "gaussian_kl_loss", mu, logvar), expected.mean(), rtol=1e-12)


@both
def test_gaussian_kl_has_no_cancellation_near_equality(package):
    tiny = np.full((1, 1), 1e-6)
    np.testing.assert_allclose(call(package, "gaussian_kl_loss", tiny * 0, tiny), 1e-12 / 4, rtol=1e-3)
    assert call(package, "gaussian_kl_loss", tiny, tiny, tiny, tiny) == 0


@pytest.mark.parametrize("logvar", [-80.0, 80.0])
def test_gaussian_kl_is_finite_in_float32_for_extreme_variances(logvar):
    logvar = torch.full((1, 2), logvar, requires_grad=True)
    mu = torch.full((1, 2), 1e4, requires_grad=True)
    loss = F.gaussian_kl_loss(mu, logvar)
    loss.backward()
    assert loss.isfinite()
    assert mu.grad.isfinite().all()
    assert logvar.grad.isfinite().all()


# Distillation


def softened(scores, temperature):
    return scipy.special.softmax(scores / temperature, axis=1)


@both
@given(scores=logits, temperature=st.floats(0.5, 20))
def test_distillation_equals_the_definition_in_a_loop(package, scores, temperature):
    student, teacher = (softened(s, temperature) for s in scores)
    expected = [temperature**2 * kl(t, s) for s, t in zip(student, teacher, strict=True)]
    actual = call(package, "distillation_loss", *scores, temperature=temperature, reduction="none")
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-10)


@given(scores=logits, temperature=st.floats(0.5, 20))
def test_distillation_gradient_is_t_times_the_difference_of_the_probabilities(scores, temperature):
    student, teacher = torch.tensor(scores[0], requires_grad=True), torch.tensor(scores[1])
    loss = F.distillation_loss(student, teacher, temperature=temperature, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, student)
    expected = temperature * (softened(scores[0], temperature) - softened(scores[1], temperature))
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)


def test_distillation_equals_what_is_written_with_pytorch():
    student, teacher = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0)).double()
    expected = 9 * torch.nn.functional.kl_div(
        (student / 3).log_softmax(1), (teacher / 3).softmax(1), reduction="batchmean"
    )
    torch.testing.assert_close(F.distillation_loss(student, teacher, temperature=3.0), expected)


@both
def test_hot_distillation_compares_centred_logits(package):
    student, teacher = np.random.default_rng(0).normal(size=(2, 4, 5))
    difference = student - teacher
    limit = (difference - difference.mean(1, keepdims=True)) ** 2
    hot = call(package, "distillation_loss", student, teacher, temperature=1e4)
    np.testing.assert_allclose(hot, limit.mean() / 2, rtol=1e-3)


def test_without_the_factor_the_gradient_would_fade_with_the_squared_temperature():
    student = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    teacher = torch.tensor([[4.0, 2.0, 0.0]])
    norms = [
        torch.autograd.grad(F.distillation_loss(student, teacher, temperature=t), student)[0].norm()
        for t in (10.0, 100.0)
    ]
    torch.testing.assert_close(norms[0], norms[1], rtol=0.05, atol=0)


def test_no_gradient_flows_to_the_teacher():
    student, teacher = torch.randn(2, 2, 3).requires_grad_(), torch.randn(2, 2, 3).requires_grad_()
    loss = F.distillation_loss(student[0], teacher[0])
    assert torch.autograd.grad(loss, teacher, allow_unused=True) == (None,)


def test_distillation_of_masked_classes_is_finite():
    student = torch.tensor([[1.0, 2.0, -INF]], requires_grad=True)
    teacher = torch.tensor([[2.0, 1.0, -INF]])
    loss = F.distillation_loss(student, teacher, temperature=2.0)
    loss.backward()
    torch.testing.assert_close(loss, F.distillation_loss(student[:, :2], teacher[:, :2], temperature=2.0))
    torch.testing.assert_close(
        loss.item(), R.distillation_loss(student.detach(), teacher, temperature=2.0).item()
    )
    assert student.grad.isfinite().all()
    assert student.grad[0, 2] == 0


@both
def test_distillation_of_extreme_logits_is_finite(package):
    student, teacher = np.array([[1e4, -1e4, 0.0]]), np.array([[-1e4, 1e4, 0.0]])
    assert call(package, "distillation_loss", student, teacher) == 2e4
    (gradient,) = gradients(lambda s: F.distillation_loss(s, torch.tensor(teacher)), student)
    np.testing.assert_allclose(gradient, [[1.0, -1.0, 0.0]])


@both
def test_distillation_averages_over_samples_and_positions(package):
    student, teacher = np.random.default_rng(0).normal(size=(2, 2, 4, 3))
    each = call(package, "distillation_loss", student, teacher, reduction="none")
    assert each.shape == (2, 3)
    np.testing.assert_allclose(call(package, "distillation_loss", student, teacher), each.mean())


# Wrong arguments


@both
def test_kl_knows_four_reductions(package):
    message = "^kl_div_loss: expected reduction 'batchmean', 'mean', 'sum' or 'none', got 'average'$"
    with pytest.raises(ValueError, match=message):
        package.kl_div_loss(torch.zeros(1, 2), torch.zeros(1, 2), reduction="average")


@both
@pytest.mark.parametrize(
    ("name", "argument", "axes", "shape"),
    [
        ("kl_div_loss", "log_probs", r"\(N, \*\)", ()),
        ("gaussian_kl_loss", "mu", r"\(N, \*\)", ()),
        ("js_div_loss", "p", r"\(N, C, \*\)", (3,)),
        ("distillation_loss", "student_logits", r"\(N, C, \*\)", (3,)),
    ],
)
def test_the_axes_have_to_be_there(package, name, argument, axes, shape):
    got = r"\(3,\)" if shape else r"\(\)"
    with pytest.raises(ValueError, match=f"^{name}: expected {argument} {axes}, got {got}$"):
        getattr(package, name)(torch.zeros(shape), torch.zeros(shape))


@both
@pytest.mark.parametrize("temperature", [0, -1.0, math.nan])
def test_temperature_must_be_positive(package, temperature):
    with pytest.raises(ValueError, match=f"^distillation_loss: expected temperature > 0, got {temperature}$"):
        package.distillation_loss(torch.zeros(1, 2), torch.zeros(1, 2), temperature=temperature)


@both
@pytest.mark.parametrize("argument", ["mu2", "logvar2"])
def test_the_second_gaussian_must_have_the_shape_of_the_first(package, argument):
    with pytest.raises(ValueError, match=rf"^gaussian_kl_loss: expected {argument} \(2, 3\), got \(2, 1\)$"):
        package.gaussian_kl_loss(torch.zeros(2, 3), torch.zeros(2, 3), **{argument: torch.zeros(2, 1)})


def test_reference_rejects_negative_probabilities():
    with pytest.raises(ValueError, match=r"^kl_div_loss: expected target >= 0, got -0\.1$"):
        R.kl_div_loss([[-1.0]], [[-0.1]])
    for p, q, name in ([[-0.1]], [[0.1]], "p"), ([[0.1]], [[-0.1]], "q"):
        with pytest.raises(ValueError, match=f"^js_div_loss: expected {name} >= 0, got -0.1$"):
            R.js_div_loss(p, q)
