"""Value, gradient and traps of the transport losses, and the text of their errors."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

both = pytest.mark.parametrize("package", [R, F], ids=["reference", "functional"])
each_sinkhorn = pytest.mark.parametrize("name", ["sinkhorn_plan", "sinkhorn_cost"])

numbers = st.floats(-20, 20).map(lambda x: round(x, 4))
samples = arrays(np.float64, st.integers(1, 6), elements=numbers)
weights = arrays(np.float64, 6, elements=st.one_of(st.just(0.0), st.floats(0.1, 3))).filter(
    lambda w: w[0] > 0
)


def call(package, name, *arguments, **options):
    if package is F:
        arguments = [None if a is None else torch.as_tensor(a) for a in arguments]
    return np.asarray(getattr(package, name)(*arguments, **options))


def leaf(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def linear_program(a, b, cost):
    """The cost of the cheapest plan from a to b, by a solver that knows nothing of transport."""
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    solved = scipy.optimize.linprog(cost.ravel(), A_eq=np.vstack([rows, columns])[:-1], b_eq=[*a, *b[:-1]])
    assert solved.success
    return solved.fun


def problem(kind, seed=0):
    """Masses of sources and sinks, and costs that lie in [0, 1]."""
    generator = np.random.default_rng(seed)
    if kind == "histograms":
        x = np.linspace(0, 1, 30)
        a, b = (np.exp(-(((x - center) / width) ** 2)) for center, width in ((0.3, 0.1), (0.65, 0.15)))
        cost = (x[:, None] - x) ** 2
    elif kind == "points":
        a, b = np.ones(20), np.ones(20)
        cost = np.linalg.norm(generator.normal(size=(20, 1, 2)) - generator.normal(1, size=(20, 2)), axis=2)
    elif kind == "more sinks":
        a, b, cost = generator.uniform(size=6), generator.uniform(size=11), generator.uniform(size=(6, 11))
    else:
        a, b, cost = generator.uniform(size=9), generator.uniform(size=7), generator.uniform(size=(9, 7))
    return a / a.sum(), b / b.sum(), cost / cost.max()


each_problem = pytest.mark.parametrize("kind", ["histograms", "points", "more sinks", "more sources"])


# Wasserstein on the line


@both
@given(u=samples, v=samples, p=st.sampled_from([1, 1.5, 2, 3]))
def test_wasserstein_equals_the_linear_program(package, u, v, p):
    a, b = np.full(len(u), 1 / len(u)), np.full(len(v), 1 / len(v))
    expected = linear_program(a, b, np.abs(u[:, None] - v) ** p)
    np.testing.assert_allclose(call(package, "wasserstein_1d", u, v, p=p), expected, rtol=1e-7, atol=1e-7)


@both
@given(u=samples, v=samples, u_weights=weights, v_weights=weights)
def test_weighted_wasserstein_equals_scipy(package, u, v, u_weights, v_weights):
    arguments = u, v, u_weights[: len(u)], v_weights[: len(v)]
    expected = scipy.stats.wasserstein_distance(*arguments)
    np.testing.assert_allclose(call(package, "wasserstein_1d", *arguments), expected, rtol=1e-9, atol=1e-9)


@both
@given(u=samples, u_weights=weights, v=samples)
def test_weights_count_like_repetitions(package, u, u_weights, v):
    counts = np.ceil(u_weights[: len(u)])
    repeated = call(package, "wasserstein_1d", np.repeat(u, counts.astype(int)), v, p=2)
    weighted = call(package, "wasserstein_1d", u, v, counts, p=2)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9, atol=1e-9)


@both
def test_one_histogram_given_as_weights_is_not_the_other(package):
    bins, one, other = np.arange(4.0), np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.5, 0.5])
    assert call(package, "wasserstein_1d", bins, bins, one, other) == 2
    assert call(package, "wasserstein_1d", one, other) == 0  # as values the two are the same sample


@given(u=samples, v=samples, shift=numbers)
def test_wasserstein_is_symmetric_and_moves_with_both_samples(u, v, shift):
    value = R.wasserstein_1d(u, v)
    np.testing.assert_allclose(R.wasserstein_1d(v, u), value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(R.wasserstein_1d(u + shift, v + shift), value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(R.wasserstein_1d(u, u + shift), abs(shift), rtol=1e-9, atol=1e-9)


def test_wasserstein_squared_of_gaussians_is_the_closed_form():
    levels = (np.arange(10_000) + 0.5) / 10_000
    u, v = scipy.stats.norm(0, 1).ppf(levels), scipy.stats.norm(2, 3).ppf(levels)
    np.testing.assert_allclose(R.wasserstein_1d(u, v, p=2), 2**2 + (3 - 1) ** 2, rtol=1e-3)


def test_wasserstein_gradient_is_a_sign_for_each_sample_however_far_it_has_to_go():
    u, v = torch.tensor([0.0, 30.0, 5.0], requires_grad=True), torch.tensor([1.0, 4.0, 6.0])
    (gradient,) = torch.autograd.grad(F.wasserstein_1d(u, v), u)
    torch.testing.assert_close(gradient, torch.tensor([-1.0, 1.0, 1.0]) / 3)


@pytest.mark.parametrize("p", [1, 1.5, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("m", [4, 3])
def test_wasserstein_gradient_agrees_with_finite_differences(p, weighted, m):
    generator = np.random.default_rng(0)
    arguments = [leaf(generator.normal(size=4)), leaf(generator.normal(size=m))]
    if weighted:
        arguments += [leaf(generator.uniform(0.5, 1, size=4)), leaf(generator.uniform(0.5, 1, size=m))]
    assert torch.autograd.gradcheck(lambda *a: F.wasserstein_1d(*a, p=p), arguments)


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_wasserstein_of_equals_has_zero_gradient(p):
    for v in ([1.0, 2.0, 2.0], [1.0, 2.0]):
        u = leaf([2.0, 1.0, 2.0])
        weights = None if len(v) == 3 else torch.tensor([1.0, 2.0]).double()
        loss = F.wasserstein_1d(u, torch.tensor(v).double(), None, weights, p=p)
        loss.backward()
        assert loss.abs() < 1e-15
        assert u.grad.abs().max() < 1e-15


@both
def test_wasserstein_sorts_half_precision_and_reversed_views(package):
    u, v = np.float16([3, 1, 2])[::-1], np.float16([5, 6, 4])
    value = call(package, "wasserstein_1d", *(a.copy() if package is F else a for a in (u, v)))
    assert value == 3
    assert value.dtype == np.float16


@both
@pytest.mark.parametrize("weights", [(), (np.empty(0), np.empty(0))])
def test_nothing_is_moved_onto_nothing_at_no_cost(package, weights):
    assert call(package, "wasserstein_1d", np.empty(0), np.empty(0), *weights) == 0


def test_weights_that_are_all_zero_give_zero_not_nan():
    u, w = leaf([1.0, 2.0]), leaf([0.0, 0.0])
    gradients = torch.autograd.grad(F.wasserstein_1d(u, u.detach() + 1, w, w), (u, w))
    assert all(gradient.isfinite().all() for gradient in gradients)


# Sinkhorn


@both
@each_problem
@pytest.mark.parametrize("reg", [1.0, 0.1, 0.01])
def test_plan_has_the_marginals_and_the_form_that_make_it_optimal(package, kind, reg):
    a, b, cost = problem(kind)
    plan = call(package, "sinkhorn_plan", a, b, cost, reg=reg)
    assert (plan >= 0).all()
    np.testing.assert_allclose(plan.sum(1), a, atol=1e-10)
    np.testing.assert_allclose(plan.sum(0), b, atol=1e-10)
    # log(P_ij / (a_i b_j)) + C_ij / reg has to be f_i + g_j: its double differences are zero.
    with np.errstate(divide="ignore", invalid="ignore"):
        potentials = reg * np.log(plan / np.outer(a, b)) + cost
    possible = np.where(plan > 1e-200, potentials, np.nan)
    mixed = possible - possible[:1] - possible[:, :1] + possible[0, 0]
    assert np.nanmax(np.abs(mixed)) < 1e-9


@each_problem
def test_both_packages_find_the_same_plan(kind):
    a, b, cost = problem(kind)
    plans = [call(package, "sinkhorn_plan", a, b, cost, reg=0.02) for package in (R, F)]
    np.testing.assert_allclose(*plans, atol=1e-10)


@each_problem
@pytest.mark.parametrize("reg", [1e-2, 1e-3])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-5)])
def test_plan_is_finite_and_has_its_marginals_at_small_regularisation(kind, reg, dtype, tolerance):
    a, b, cost = (torch.from_numpy(x.astype(dtype)) for x in problem(kind))
    plan = F.sinkhorn_plan(a, b, cost, reg=reg)
    assert plan.isfinite().all()
    assert (plan.sum(1) - a).abs().sum() < tolerance
    assert (plan.sum(0) - b).abs().sum() < tolerance


@each_problem
def test_cost_tends_to_the_linear_program_from_above(kind):
    a, b, cost = problem(kind)
    cheapest = linear_program(a, b, cost)
    excess = [
        float(call(F, "sinkhorn_cost", a, b, cost, reg=reg)) - cheapest for reg in (1.0, 0.1, 0.01, 1e-3)
    ]
    assert all(more > less for more, less in pairwise(excess))
    assert -1e-9 < excess[-1] < 1e-3


@both
def test_large_regularisation_gives_the_independent_plan(package):
    a, b, cost = problem("more sources")
    np.testing.assert_allclose(call(package, "sinkhorn_plan", a, b, cost, reg=1e6), np.outer(a, b), rtol=1e-5)


@both
@each_sinkhorn
def test_only_the_proportions_of_the_masses_count(package, name):
    a, b, cost = problem("more sinks")
    scaled = call(package, name, 3 * a, b / 7, cost, reg=0.1)
    np.testing.assert_allclose(scaled, call(package, name, a, b, cost, reg=0.1), rtol=1e-9)


@both
def test_equals_cost_something_once_spread_out(package):
    # Two points at distance 1: a share 1 / (1 + exp(1 / reg)) of the mass changes places.
    for reg in (1.0, 0.1):
        half = np.array([0.5, 0.5])
        value = call(package, "sinkhorn_cost", half, half, 1 - np.eye(2), reg=reg)
        np.testing.assert_allclose(value, 1 / (1 + math.exp(1 / reg)), rtol=1e-9)


@each_problem
@pytest.mark.parametrize("reg", [1.0, 0.05])
@each_sinkhorn
def test_sinkhorn_gradient_agrees_with_finite_differences(name, kind, reg):
    a, b, cost = problem(kind)
    arguments = [leaf(x) for x in (a[:5] / a[:5].sum(), b[:6] / b[:6].sum(), cost[:5, :6])]
    assert torch.autograd.gradcheck(lambda *x: getattr(F, name)(*x, reg=reg), arguments, atol=1e-6)


def test_cost_gradient_at_small_regularisation_is_the_plan_and_the_prices_of_the_linear_program():
    a, b, cost = problem("points")
    a, b = (np.random.default_rng(seed).uniform(0.5, 1, size=20) for seed in (1, 2))
    a, b = a / a.sum(), b / b.sum()
    leaves = [leaf(x) for x in (a, b, cost)]
    gradients = torch.autograd.grad(F.sinkhorn_cost(*leaves, reg=2e-4), leaves)
    step = 1e-4
    for index in range(0, 20, 5):
        for position, gradient in enumerate(gradients):
            at = (index,) if position < 2 else (index, int(gradients[2][index].argmax()))
            moved = [[x.copy() for x in (a, b, cost)] for _ in range(2)]
            for sign, x in zip((1, -1), moved, strict=True):
                x[position][at] += sign * step
                x[:2] = (y / y.sum() for y in x[:2])
            slope = (linear_program(*moved[0]) - linear_program(*moved[1])) / (2 * step)
            np.testing.assert_allclose(gradient[at], slope, atol=0.03)


def test_gradient_of_a_matching_prices_the_masses_though_the_plan_itself_is_rigid():
    # Far below the gap to any other matching, the plan does not bend: only the potentials know what mass is worth.
    cost = np.array([[0.0, 1.0], [1.0, 0.0]])
    a, b = leaf([0.5, 0.5]), leaf([0.5, 0.5])
    (gradient,) = torch.autograd.grad(F.sinkhorn_cost(a, b, torch.tensor(cost), reg=1e-3), a)
    assert gradient.isfinite().all()
    assert gradient.abs().max() <= 0.5 + 1e-6


@each_sinkhorn
def test_empty_sources_and_sinks_are_finite_in_value_and_gradient(name):
    a, b, cost = leaf([0.5, 0.0, 0.5]), leaf([0.0, 0.25, 0.75]), leaf(problem("more sources")[2][:3, :3])
    value = getattr(F, name)(a, b, cost, reg=1e-2)
    np.testing.assert_allclose(
        value.detach(), getattr(R, name)(*(x.detach() for x in (a, b, cost)), reg=1e-2), atol=1e-9
    )
    gradients = torch.autograd.grad(value.square().sum(), (a, b, cost))
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_gradient_of_an_empty_source_is_what_filling_it_costs():
    b, cost = torch.tensor([0.3, 0.7]).double(), torch.tensor([[0.0, 1.0], [1.0, 0.5], [0.2, 0.9]]).double()
    a = leaf([0.5, 0.5, 0.0])
    loss = F.sinkhorn_cost(a, b, cost, reg=0.1)
    loss.backward()
    filled = F.sinkhorn_cost(a.detach() + torch.tensor([0, 0, 1e-7]), b, cost, reg=0.1)
    torch.testing.assert_close(a.grad[2], ((filled - loss) / 1e-7).detach(), rtol=1e-4, atol=0)


@both
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1)])
def test_a_single_source_or_sink_leaves_no_choice(package, shape):
    a, b = np.random.default_rng(0).uniform(size=shape[0]), np.random.default_rng(1).uniform(size=shape[1])
    a, b = a / a.sum(), b / b.sum()
    plan = call(package, "sinkhorn_plan", a, b, np.random.default_rng(2).uniform(size=shape), reg=0.01)
    np.testing.assert_allclose(plan, np.outer(a, b), atol=1e-10)


@both
def test_constant_and_huge_costs_are_finite(package):
    half = np.array([0.5, 0.5])
    np.testing.assert_allclose(
        call(package, "sinkhorn_plan", half, half, np.full((2, 2), 7.0), reg=0.1), 0.25
    )
    huge = np.array([[0.0, 1e4], [1e4, 0.0]])
    np.testing.assert_allclose(
        call(package, "sinkhorn_plan", half, half, huge, reg=1.0), np.diag(half), atol=1e-12
    )


@each_sinkhorn
def test_sinkhorn_second_derivatives_agree_with_finite_differences(name):
    arguments = [leaf(x) for x in ([0.2, 0.5, 0.3], [0.4, 0.6], problem("more sources")[2][:3, :2])]
    assert torch.autograd.gradgradcheck(lambda *x: getattr(F, name)(*x, reg=0.3), arguments, atol=1e-5)


# Wasserstein GANs


@both
def test_critic_loss_is_the_generated_mean_less_the_real_one(package):
    real, fake = np.array([[1.0], [2.0], [6.0]]), np.array([0.5, -0.5])
    assert call(package, "wgan_critic_loss", real, fake) == -3
    assert call(package, "wgan_generator_loss", fake + 2) == -2


def test_gradients_of_the_scores_are_shares_of_the_means():
    real, fake = leaf([1.0, 2.0, 6.0]), leaf([0.5, -0.5])
    gradients = torch.autograd.grad(F.wgan_critic_loss(real, fake), (real, fake))
    torch.testing.assert_close(gradients, (torch.full((3,), -1 / 3).double(), torch.full((2,), 0.5).double()))
    (gradient,) = torch.autograd.grad(F.wgan_generator_loss(fake), fake)
    torch.testing.assert_close(gradient, torch.full((2,), -0.5).double())


def test_the_best_linear_critic_measures_the_shift():
    x = torch.randn(100, generator=torch.Generator().manual_seed(0))
    critic_loss = F.wgan_critic_loss(-(x), -(x + 3))  # f(x) = -x has slope 1
    torch.testing.assert_close(-critic_loss, F.wasserstein_1d(x, x + 3))


@both
def test_scores_of_nobody_give_zero(package):
    assert call(package, "wgan_critic_loss", np.empty(0), np.empty(0)) == 0
    assert call(package, "wgan_generator_loss", np.empty(0)) == 0


# Gradient penalty

PAIR = torch.zeros(5, 3), torch.ones(5, 3)


@pytest.mark.parametrize(("target", "weight"), [(1.0, 10.0), (0.0, 0.5), (2.0, 1.0)])
def test_penalty_of_a_linear_critic_is_the_closed_form(target, weight):
    slope = torch.tensor([2.0, -1.0, 2.0], requires_grad=True)
    loss = F.gradient_penalty(lambda x: x @ slope, *PAIR, target=target, weight=weight)
    loss.backward()
    assert loss.item() == weight * (3 - target) ** 2
    torch.testing.assert_close(slope.grad, 2 * weight * (3 - target) * slope.detach() / 3)


def test_penalty_equals_a_loop_with_autograd_at_the_points_that_the_generator_draws():
    torch.manual_seed(0)
    critic = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    real, generated = torch.randn(2, 4, 3).double()
    u = torch.rand(4, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    expected = []
    for sample in (u * real + (1 - u) * generated)[:, None]:
        sample = sample.clone().requires_grad_()
        (slope,) = torch.autograd.grad(critic(sample).sum(), sample, create_graph=True)
        expected.append(10 * (slope.square().sum().sqrt() - 1) ** 2)
    expected = torch.stack(expected)
    actual = F.gradient_penalty(
        critic, real, generated, generator=torch.Generator().manual_seed(7), reduction="none"
    )
    torch.testing.assert_close(actual, expected)
    weights = list(critic.parameters())[:3]  # the last bias has no part in the slope
    torch.testing.assert_close(
        torch.autograd.grad(actual.mean(), weights), torch.autograd.grad(expected.mean(), weights)
    )


def test_points_lie_between_the_real_and_the_generated_sample_of_each_pair():
    seen = []

    def critic(x):
        seen.append(x.detach().clone())
        return x.sum((1, 2))

    real, generated = torch.zeros(50, 2, 3), torch.arange(50.0)[:, None, None].expand(50, 2, 3)
    F.gradient_penalty(critic, real, generated)
    share = seen[0][1:] / generated[1:]
    assert (share == share[:, :1, :1]).all()  # one u for a whole sample
    assert share.unique().numel() > 40
    assert share.min() >= 0
    assert share.max() <= 1


@pytest.mark.parametrize(
    "critic",
    [
        lambda x: torch.ones(len(x)),
        lambda x: x.sum(1) * 0,
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)),
    ],
    ids=["ignores its input", "multiplies by zero", "dead network"],
)
def test_a_constant_critic_is_finite_in_value_and_gradient(critic):
    parameters = list(critic.parameters()) if isinstance(critic, torch.nn.Module) else []
    with torch.no_grad():
        for parameter in parameters:
            parameter.zero_()
    loss = F.gradient_penalty(critic, *PAIR)
    assert loss == 10
    if parameters:
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        assert all((gradient == 0).all() for gradient in gradients)


def test_penalty_sends_no_gradient_to_the_samples():
    real, generated = PAIR[0].clone().requires_grad_(), PAIR[1].clone().requires_grad_()
    slope = torch.ones(3, requires_grad=True)
    loss = F.gradient_penalty(lambda x: x.square() @ slope, real, generated)
    assert torch.autograd.grad(loss, (real, generated), allow_unused=True, retain_graph=True) == (None, None)
    assert torch.autograd.grad(loss, slope)[0].any()


def test_penalty_runs_without_gradients_and_remembers_nothing():
    critic = torch.nn.Linear(3, 1)
    with torch.no_grad():
        loss = F.gradient_penalty(critic, *PAIR)
    assert not loss.requires_grad
    torch.testing.assert_close(loss, 10 * (critic.weight.detach().norm() - 1) ** 2)


def test_penalty_trains_a_critic_to_slope_1():
    torch.manual_seed(0)
    critic = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        F.gradient_penalty(critic, *PAIR).backward()
        optimizer.step()
    torch.testing.assert_close(critic.weight.norm(), torch.tensor(1.0), atol=1e-4, rtol=0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_penalty_keeps_the_dtype_and_takes_images_numbers_and_nothing(dtype):
    for shape in ((4, 3, 2, 2), (4,), (0, 3)):
        loss = F.gradient_penalty(
            lambda x: x.flatten().sum(), torch.ones(shape, dtype=dtype), torch.zeros(shape, dtype=dtype)
        )
        assert loss.dtype == dtype
        assert loss.isfinite()
    assert loss == 0


def test_penalty_compiles_as_one_graph_and_maps_over_batches():
    slope = torch.tensor([2.0, -1.0, 2.0], requires_grad=True)

    def penalty(slope, real, generated):
        return F.gradient_penalty(lambda x: x @ slope, real, generated)

    compiled = torch.compile(penalty, fullgraph=True, backend="aot_eager")
    loss = compiled(slope, *PAIR)
    loss.backward()
    assert loss.item() == 40
    torch.testing.assert_close(slope.grad, 40 * slope.detach() / 3)
    slopes = torch.stack([slope.detach(), slope.detach() / 3])
    mapped = torch.func.vmap(penalty, (0, None, None), randomness="different")(slopes, *PAIR)
    torch.testing.assert_close(mapped, torch.tensor([40.0, 0.0]))


# Wrong arguments


@both
@pytest.mark.parametrize("p", [0.5, -1, math.nan])
def test_p_must_be_at_least_1(package, p):
    with pytest.raises(ValueError, match=rf"^wasserstein_1d: expected p >= 1, got {p}$"):
        package.wasserstein_1d(torch.ones(2), torch.ones(2), p=p)


@both
def test_samples_lie_on_a_line(package):
    with pytest.raises(ValueError, match=r"^wasserstein_1d: expected u_values \(n,\), got \(2, 1\)$"):
        package.wasserstein_1d(torch.ones(2, 1), torch.ones(2))
    with pytest.raises(ValueError, match=r"^wasserstein_1d: expected v_values \(m,\), got \(\)$"):
        package.wasserstein_1d(torch.ones(2), torch.tensor(1.0))
    message = "^wasserstein_1d: expected both samples or neither to be empty, got 2 and 0 values$"
    with pytest.raises(ValueError, match=message):
        package.wasserstein_1d(torch.ones(2), torch.ones(0))


@both
@pytest.mark.parametrize("argument", ["u_weights", "v_weights"])
def test_weights_must_have_the_shape_of_their_values(package, argument):
    with pytest.raises(ValueError, match=rf"^wasserstein_1d: expected {argument} \(2,\), got \(1,\)$"):
        package.wasserstein_1d(torch.ones(2), torch.ones(2), **{argument: torch.ones(1)})


@pytest.mark.parametrize("argument", ["u_weights", "v_weights"])
def test_reference_rejects_weights_that_are_negative_or_all_zero(argument):
    with pytest.raises(ValueError, match=rf"^wasserstein_1d: expected {argument} >= 0, got -1\.0$"):
        R.wasserstein_1d([1.0, 2.0], [0.0, 1.0], **{argument: [2.0, -1.0]})
    with pytest.raises(ValueError, match=f"^wasserstein_1d: expected {argument} that are not all 0$"):
        R.wasserstein_1d([1.0, 2.0], [0.0, 1.0], **{argument: [0.0, 0.0]})


@pytest.mark.parametrize("weight", [0.0, math.nan])
def test_weights_that_only_the_reference_refuses_do_not_reach_outside_of_the_sample(weight):
    u, v = torch.zeros(3), torch.ones(2)
    loss = F.wasserstein_1d(u, v, torch.full((3,), weight))
    assert loss.isnan() if math.isnan(weight) else loss.isfinite()


@both
@each_sinkhorn
@pytest.mark.parametrize("reg", [0, -0.1, math.nan])
def test_regularisation_must_be_positive(package, name, reg):
    with pytest.raises(ValueError, match=f"^{name}: expected reg > 0, got {reg}$"):
        getattr(package, name)(torch.ones(2), torch.ones(3), torch.ones(2, 3), reg=reg)


@both
@each_sinkhorn
def test_masses_and_costs_must_match(package, name):
    function = getattr(package, name)
    with pytest.raises(ValueError, match=rf"^{name}: expected cost \(2, 3\), got \(3, 2\)$"):
        function(torch.ones(2), torch.ones(3), torch.ones(3, 2), reg=1.0)
    with pytest.raises(ValueError, match=rf"^{name}: expected a \(n,\), got \(2, 1\)$"):
        function(torch.ones(2, 1), torch.ones(3), torch.ones(2, 3), reg=1.0)
    with pytest.raises(ValueError, match=rf"^{name}: expected b \(m,\), got \(\)$"):
        function(torch.ones(2), torch.tensor(1.0), torch.ones(2), reg=1.0)
    message = rf"^{name}: expected at least one source and one sink, got cost \(2, 0\)$"
    with pytest.raises(ValueError, match=message):
        function(torch.ones(2), torch.ones(0), torch.ones(2, 0), reg=1.0)


@each_sinkhorn
def test_reference_rejects_negative_masses(name):
    for argument, a, b in ("a", [-1.0, 2.0], [1.0, 1.0]), ("b", [1.0, 1.0], [-1.0, 2.0]):
        with pytest.raises(ValueError, match=rf"^{name}: expected {argument} >= 0, got -1\.0$"):
            getattr(R, name)(a, b, np.ones((2, 2)), reg=1.0)


@pytest.mark.parametrize("argument", ["target", "weight"])
def test_penalty_takes_no_negative_slope_or_weight(argument):
    with pytest.raises(ValueError, match=rf"^gradient_penalty: expected {argument} >= 0, got -1\.0$"):
        F.gradient_penalty(torch.sum, *PAIR, **{argument: -1.0})


def test_penalty_takes_pairs_of_floating_point_samples():
    with pytest.raises(ValueError, match=r"^gradient_penalty: expected generated \(5, 3\), got \(5, 1\)$"):
        F.gradient_penalty(torch.sum, PAIR[0], torch.ones(5, 1))
    with pytest.raises(ValueError, match=r"^gradient_penalty: expected real \(N, \*\), got \(\)$"):
        F.gradient_penalty(torch.sum, torch.tensor(1.0), torch.tensor(1.0))
    message = r"^gradient_penalty: expected generated of a floating-point dtype, got torch\.int64$"
    with pytest.raises(TypeError, match=message):
        F.gradient_penalty(torch.sum, PAIR[0], PAIR[1].long())
    with pytest.raises(
        ValueError, match=r"^gradient_penalty: expected reduction 'mean', 'sum' or 'none', got 'x'$"
    ):
        F.gradient_penalty(torch.sum, *PAIR, reduction="x")
