"""Value, gradient and reductions of the classification losses, beside loops in plain Python and beside PyTorch."""

import math
from functools import partial
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

IGNORED = -100
SOME_WEIGHT = np.array([0.5, 2.0, 1.0])
REDUCTIONS = ["mean", "sum", "none"]
each_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)

numbers = st.floats(-15, 15).map(lambda x: round(x, 6))
shares = st.floats(0, 1).map(lambda x: round(x, 6))
gammas = st.sampled_from([0, 0.5, 1, 2, 3.3])


def reference(name, *arguments, **options):
    return getattr(R, name)(*arguments, **options)


def tensors(options, device="cpu"):
    return {k: torch.tensor(v, device=device) if isinstance(v, np.ndarray) else v for k, v in options.items()}


def functional(name, *arguments, **options):
    """The PyTorch function of arrays."""
    return getattr(F, name)(*map(torch.as_tensor, arguments), **tensors(options))


each_package = pytest.mark.parametrize("package", [reference, functional])


@st.composite
def pairs(draw):
    """Logits and targets between 0 and 1, of one shape."""
    shape = draw(st.integers(1, 8))
    targets = arrays(np.float64, shape, elements=st.one_of(st.sampled_from([0.0, 1.0]), shares))
    return draw(arrays(np.float64, shape, elements=numbers)), draw(targets)


@st.composite
def indexed(draw, ignored=True):
    """Logits (N, 3) and class indices, some of them ignored."""
    samples = draw(st.integers(1, 6))
    indices = st.sampled_from([0, 1, 2, IGNORED] if ignored else [0, 1, 2])
    return draw(arrays(np.float64, (samples, 3), elements=numbers)), draw(
        arrays(np.int64, samples, elements=indices)
    )


@st.composite
def distributed(draw):
    """Logits (N, 3) and a distribution over the classes for each sample."""
    logits, target = draw(indexed(ignored=False))
    parts = draw(arrays(np.float64, logits.shape, elements=st.integers(0, 5)))
    parts[np.arange(len(target)), target] += 1
    return logits, parts / parts.sum(1, keepdims=True)


# Definitions in plain Python


def softmax(scores):
    exponentials = [math.exp(score - max(scores)) for score in scores]
    return [e / math.fsum(exponentials) for e in exponentials]


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def log(p):
    return math.log(p) if p > 0 else -math.inf


def times(p, value):
    return p * value if p else 0.0


def of_classes(logits, target, of_sample):
    """`of_sample(p, t)` for the probabilities of each sample and its target as a distribution; 0 where ignored."""
    losses = []
    for scores, t in zip(logits.tolist(), target.tolist(), strict=True):
        classes = range(len(scores))
        t = t if isinstance(t, list) else [float(c == t) for c in classes]
        losses.append(of_sample(softmax(scores), t) if any(t) else 0.0)
    return losses


def cross_entropy_in_a_loop(logits, target, weight=(1, 1, 1), smoothing=0.0):
    def of_sample(p, t):
        q = [(1 - smoothing) * t[c] + smoothing / 3 for c in range(3)]
        return -math.fsum(weight[c] * times(q[c], log(p[c])) for c in range(3))

    return of_classes(logits, target, of_sample)


def focal_in_a_loop(logits, target, alpha, gamma):
    def of_sample(p, t):
        return -math.fsum(alpha[c] * times(t[c], (1 - p[c]) ** gamma * log(p[c])) for c in range(3))

    return of_classes(logits, target, of_sample)


def sum_of_weights(target, weight):
    return sum(weight[y] for y in target.tolist() if y != IGNORED) or 1


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)


# Value


@each_package
@given(case=st.one_of(indexed(), distributed()), smoothing=st.sampled_from([0.0, 0.1, 1.0]))
@pytest.mark.parametrize("weight", [None, SOME_WEIGHT])
def test_cross_entropy_equals_the_definition_in_a_loop(package, weight, case, smoothing):
    options = {"weight": weight, "label_smoothing": smoothing}
    expected = cross_entropy_in_a_loop(*case, np.ones(3) if weight is None else weight, smoothing)
    assert_close(package("cross_entropy", *case, **options, reduction="none"), expected)
    assert_close(package("cross_entropy", *case, **options, reduction="sum"), math.fsum(expected))


@each_package
@given(case=st.one_of(indexed(), distributed()))
@pytest.mark.parametrize("weight", [None, SOME_WEIGHT])
def test_nll_equals_the_definition_in_a_loop(package, weight, case):
    logits, target = case
    log_probs = np.log([softmax(scores) for scores in logits.tolist()])
    expected = cross_entropy_in_a_loop(logits, target, np.ones(3) if weight is None else weight)
    assert_close(package("nll_loss", log_probs, target, weight=weight, reduction="none"), expected)
    assert_close(package("nll_loss", log_probs, target, weight=weight, reduction="sum"), math.fsum(expected))


@each_package
@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@pytest.mark.parametrize("weight", [np.ones(3), SOME_WEIGHT])
@given(case=indexed(), logits_and_distribution=distributed())
def test_mean_divides_by_the_weights_of_indices_and_by_the_number_of_distributions(
    package, name, weight, case, logits_and_distribution
):
    for logits, target in (case, logits_and_distribution):
        log_probs = R.cross_entropy(logits, np.zeros(len(logits), int), reduction="none")
        logits = np.log([softmax(scores) for scores in logits.tolist()]) if name == "nll_loss" else logits
        total = sum_of_weights(target, weight) if target.ndim == 1 else len(log_probs)
        each = cross_entropy_in_a_loop(logits, target, weight)
        assert_close(package(name, logits, target, weight=weight), math.fsum(each) / total)


@each_package
@given(pair=pairs())
def test_binary_cross_entropy_equals_the_definition_in_a_loop(package, pair):
    logits, target = pair
    probs = np.array([sigmoid(z) for z in logits.tolist()])
    expected = [
        -times(t, log(p)) - times(1 - t, math.log1p(-p)) for p, t in zip(probs, target.tolist(), strict=True)
    ]
    assert_close(package("binary_cross_entropy", probs, target, reduction="none"), expected)
    assert_close(package("binary_cross_entropy", probs, target), np.mean(expected))


@each_package
@given(pair=pairs(), weight=st.floats(0, 5), pos_weight=st.floats(0, 5))
def test_binary_cross_entropy_with_logits_equals_the_definition_in_a_loop(package, pair, weight, pos_weight):
    logits, _ = pair
    expected = [
        -weight * (pos_weight * t * math.log(sigmoid(z)) + (1 - t) * math.log(sigmoid(-z)))
        for z, t in zip(*map(np.ndarray.tolist, pair), strict=True)
    ]
    options = {"weight": np.full(len(logits), weight), "pos_weight": pos_weight}
    name = "binary_cross_entropy_with_logits"
    assert_close(package(name, *pair, **options, reduction="none"), expected)
    assert_close(package(name, *pair, **options), np.mean(expected))


@each_package
@pytest.mark.parametrize("alpha", [None, 0.25])
@given(pair=pairs(), gamma=gammas)
def test_sigmoid_focal_equals_the_definition_in_a_loop(package, alpha, pair, gamma):
    positive, negative = (1, 1) if alpha is None else (alpha, 1 - alpha)
    expected = [
        -positive * t * sigmoid(-z) ** gamma * math.log(sigmoid(z))
        - negative * (1 - t) * sigmoid(z) ** gamma * math.log(sigmoid(-z))
        for z, t in zip(*map(np.ndarray.tolist, pair), strict=True)
    ]
    options = {"alpha": alpha, "gamma": gamma}
    assert_close(package("sigmoid_focal_loss", *pair, **options, reduction="none"), expected)
    assert_close(package("sigmoid_focal_loss", *pair, **options), np.mean(expected))


@each_package
@pytest.mark.parametrize("alpha", [None, SOME_WEIGHT])
@given(case=st.one_of(indexed(ignored=False), distributed()), gamma=gammas)
def test_softmax_focal_equals_the_definition_in_a_loop(package, alpha, case, gamma):
    expected = focal_in_a_loop(*case, np.ones(3) if alpha is None else alpha, gamma)
    options = {"alpha": alpha, "gamma": gamma}
    assert_close(package("softmax_focal_loss", *case, **options, reduction="none"), expected)
    assert_close(package("softmax_focal_loss", *case, **options), np.mean(expected))


def test_loops_reject_a_loss_that_is_wrong_by_a_factor_of_two():
    logits, target = np.array([[1.0, 2.0, 0.0]]), np.array([1])
    with pytest.raises(AssertionError, match="Not equal"):
        assert_close(2 * R.cross_entropy(logits, target), cross_entropy_in_a_loop(logits, target)[0])


# Beside PyTorch


def normal(shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def value_and_gradient(loss, input, *rest, **options):
    input = input.clone().requires_grad_()
    value = loss(input, *rest, **options)
    return value.detach(), torch.autograd.grad(value.sum(), input)[0]


@each_reduction
@pytest.mark.parametrize("weight", [None, torch.tensor([0.5, 2.0, 1.0, 0.0], dtype=torch.float64)])
@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5), (2, 1, 3, 5)])
@pytest.mark.parametrize("smoothing", [None, 0.0, 0.2])  # None: NLL
def test_class_indices_cost_what_they_cost_in_pytorch(shape, weight, smoothing, reduction):
    logits = normal((shape[0], 4, *shape[1:]))
    target = (torch.arange(math.prod(shape)) % 4).reshape(shape)
    options = {"weight": weight, "reduction": reduction, "ignore_index": 2}
    name = "nll_loss" if smoothing is None else "cross_entropy"
    if smoothing is None:
        logits = logits.log_softmax(1)
    else:
        options["label_smoothing"] = smoothing
    ours, native = (
        value_and_gradient(getattr(library, name), logits, target, **options)
        for library in (F, torch.nn.functional)
    )
    torch.testing.assert_close(ours, native)


@each_reduction
@pytest.mark.parametrize("weight", [None, torch.tensor([0.5, 2.0, 1.0, 0.0], dtype=torch.float64)])
@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 5), (2, 4, 3, 5)])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_probabilities_cost_what_they_cost_in_pytorch(shape, weight, smoothing, reduction):
    logits, target = normal(shape), normal(shape, seed=1).softmax(1)
    options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
    for order in ((logits, target), (target, logits)):  # the gradient in the target too
        ours, native = (
            value_and_gradient(
                lambda x, y, f=f, order=order: f(*((x, y) if order[0] is logits else (y, x)), **options),
                *order,
            )
            for f in (F.cross_entropy, torch.nn.functional.cross_entropy)
        )
        torch.testing.assert_close(ours, native)


@each_reduction
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pos_weight", [None, (), (3,), (4, 3)])
def test_binary_cross_entropy_costs_what_it_costs_in_pytorch(weighted, pos_weight, reduction):
    logits, target, weight = normal((3, 4, 3)).sigmoid()
    options = {
        "weight": weight if weighted else None,
        "pos_weight": None if pos_weight is None else normal(pos_weight).exp(),
        "reduction": reduction,
    }
    ours, native = (
        value_and_gradient(library.binary_cross_entropy_with_logits, logits, target, **options)
        for library in (F, torch.nn.functional)
    )
    torch.testing.assert_close(ours, native)
    ours, native = (
        value_and_gradient(library.binary_cross_entropy, logits, target, reduction=reduction)
        for library in (F, torch.nn.functional)
    )
    torch.testing.assert_close(ours, native)


@each_package
def test_pos_weight_of_classes_goes_along_axis_1_where_pytorch_takes_the_last(package):
    name, a = "binary_cross_entropy_with_logits", np.array([1.0, 3.0])
    logits, target = np.zeros((1, 2, 2)), np.ones((1, 2, 2))
    loss = package(name, logits, target, pos_weight=a, reduction="none")
    assert_close(loss, math.log(2) * np.array([[[1, 1], [3, 3]]]))
    native = torch.nn.functional.binary_cross_entropy_with_logits(
        *map(torch.from_numpy, (logits, target)), pos_weight=torch.from_numpy(a), reduction="none"
    )
    assert_close(native, math.log(2) * np.array([[[1, 3], [1, 3]]]))


# Both packages

OPTIONS = {
    "nll_loss": [{}, {"weight": SOME_WEIGHT}, {"weight": SOME_WEIGHT, "ignore_index": 1}],
    "cross_entropy": [
        {},
        *({"weight": w, "label_smoothing": s} for w, s in product([None, SOME_WEIGHT], [0.0, 0.3])),
        {"weight": SOME_WEIGHT, "label_smoothing": 0.3, "ignore_index": 1},
    ],
    "softmax_focal_loss": [{}, {"gamma": 0.0}, {"alpha": SOME_WEIGHT, "gamma": 0.7}],
    "binary_cross_entropy": [{}],
    "binary_cross_entropy_with_logits": [
        {},
        {"weight": np.arange(12.0).reshape(4, 3), "pos_weight": SOME_WEIGHT},
        {"pos_weight": 2.5},
        {"pos_weight": np.array(2.5)},
        {"pos_weight": np.arange(12.0).reshape(4, 3)},
    ],
    "sigmoid_focal_loss": [{}, {"gamma": 0.0}, {"alpha": 0.25, "gamma": 0.7}],
}
OF_CLASSES = ["nll_loss", "cross_entropy", "softmax_focal_loss"]
CALLS = [(name, options) for name, listed in OPTIONS.items() for options in listed]
each_call = pytest.mark.parametrize(
    ("name", "options"), CALLS, ids=[f"{name}, {', '.join(options)}" for name, options in CALLS]
)


def arguments_of(name, seed=0):
    """Predictions (4, 3), and the targets that the function takes: of the same shape, and class indices."""
    generator = np.random.default_rng(seed)
    input = generator.normal(size=(4, 3))
    if name == "nll_loss":
        input -= np.log(np.exp(input).sum(1, keepdims=True))
    if name == "binary_cross_entropy":
        input = 1 / (1 + np.exp(-input))
    target = generator.uniform(0.1, 1, size=(4, 3))
    target /= target.sum(1, keepdims=True)
    return input, [target, np.array([2, 0, 1, 2])] if name in OF_CLASSES else [target]


@each_call
@each_reduction
def test_functional_equals_reference(name, options, reduction):
    input, targets = arguments_of(name)
    for target in targets:
        one = reference(name, input, target, **options, reduction=reduction)
        assert_close(functional(name, input, target, **options, reduction=reduction), one)


@each_call
def test_first_and_second_derivatives_agree_with_finite_differences(name, options):
    input, targets = arguments_of(name)
    for target in targets:
        pair = torch.from_numpy(input), torch.from_numpy(target)
        pair = [tensor.requires_grad_(tensor.is_floating_point()) for tensor in pair]
        assert torch.autograd.gradcheck(lambda i, t: functional(name, i, t, **options), pair)
        if name != "binary_cross_entropy":  # PyTorch has no second derivative in both arguments
            assert torch.autograd.gradgradcheck(lambda i, t: functional(name, i, t, **options), pair)


@each_call
def test_options_vectorize_and_run_on_meta(name, options):
    (one, targets), (other, more_targets) = (arguments_of(name, seed) for seed in range(2))
    for pair in zip(targets, more_targets, strict=True):
        inputs, targets = torch.tensor(np.stack([one, other])), torch.tensor(np.stack(pair))
        loss = partial(getattr(F, name), **tensors(options))
        each = [value_and_gradient(loss, *sample) for sample in zip(inputs, targets, strict=True)]
        gradients, values = torch.func.vmap(torch.func.grad_and_value(loss))(inputs, targets)
        torch.testing.assert_close(list(zip(values, gradients, strict=True)), each)
        on_meta = tensors(options, "meta")
        assert getattr(F, name)(inputs[0].to("meta"), targets[0].to("meta"), **on_meta).is_meta


@pytest.mark.parametrize("name", OPTIONS)
def test_all_options_compile_as_one_graph(name):
    input, targets = arguments_of(name)
    calls = [(torch.tensor(t), tensors(options)) for t in targets for options in OPTIONS[name]]

    def total(input):
        return sum(getattr(F, name)(input, target, **options) for target, options in calls)

    torch._dynamo.reset()
    compiled = torch.compile(total, fullgraph=True, backend="aot_eager")
    input = torch.tensor(input)
    torch.testing.assert_close(value_and_gradient(compiled, input), value_and_gradient(total, input))


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # PyTorch's own use of it
@pytest.mark.parametrize("pos_weight", [None, 2.0])
def test_binary_cross_entropy_is_differentiated_forwards_as_pytorchs_is(pos_weight):
    features, label = normal((5, 3)), torch.tensor([0.0, 1.0, 0.3, 1.0, 0.0], dtype=torch.float64)
    pos_weight_of_torch = None if pos_weight is None else torch.tensor(pos_weight)

    def ours(weights, label):
        return F.binary_cross_entropy_with_logits(features @ weights, label, pos_weight=pos_weight)

    def native(weights, label):
        return torch.nn.functional.binary_cross_entropy_with_logits(
            features @ weights, label, pos_weight=pos_weight_of_torch
        )

    weights = normal((2, 3), seed=1)
    for transform in (torch.func.hessian, torch.func.jacfwd):
        each = [torch.func.vmap(transform(f), in_dims=(0, None))(weights, label) for f in (ours, native)]
        torch.testing.assert_close(*each)
    slopes = [torch.func.jacfwd(f, argnums=1)(weights[0], label) for f in (ours, native)]
    torch.testing.assert_close(*slopes)


# Gradients that the chapters derive


@given(case=st.one_of(indexed(), distributed()), smoothing=st.sampled_from([0.0, 0.1]))
def test_gradient_of_cross_entropy_is_p_minus_q(case, smoothing):
    logits, target = map(torch.from_numpy, case)
    _, gradient = value_and_gradient(
        F.cross_entropy, logits, target, label_smoothing=smoothing, reduction="sum"
    )
    one_hot = (target.unsqueeze(1) == torch.arange(3)).double() if target.dim() == 1 else target
    q = (1 - smoothing) * one_hot + smoothing / 3
    counted = one_hot.sum(1, keepdim=True) > 0
    torch.testing.assert_close(
        gradient, torch.where(counted, logits.softmax(1) - q, 0), rtol=1e-9, atol=1e-12
    )


@given(pair=pairs())
def test_gradient_of_binary_cross_entropy_is_p_minus_t(pair):
    logits, target = map(torch.from_numpy, pair)
    _, gradient = value_and_gradient(F.binary_cross_entropy_with_logits, logits, target, reduction="sum")
    torch.testing.assert_close(gradient, logits.sigmoid() - target, rtol=1e-9, atol=1e-12)


def test_gradient_of_nll_is_minus_the_weight_at_the_target():
    log_probs, target = normal((4, 3)).log_softmax(1), torch.tensor([2, 0, IGNORED, 1])
    weight = torch.from_numpy(SOME_WEIGHT)
    _, gradient = value_and_gradient(F.nll_loss, log_probs, target, weight=weight, reduction="sum")
    expected = [[0, 0, -1.0], [-0.5, 0, 0], [0, 0, 0], [0, -2.0, 0]]
    torch.testing.assert_close(gradient, torch.tensor(expected, dtype=torch.float64))


@given(pair=pairs(), gamma=gammas)
def test_gradient_of_sigmoid_focal_equals_the_closed_form(pair, gamma):
    logits, label = torch.from_numpy(pair[0]), torch.from_numpy(pair[1]).round()
    _, gradient = value_and_gradient(
        F.sigmoid_focal_loss, logits, label, alpha=0.3, gamma=gamma, reduction="sum"
    )
    sign, alpha = 2 * label - 1, 0.7 - 0.4 * label
    p, miss = (sign * logits).sigmoid(), (-sign * logits).sigmoid()
    expected = -sign * alpha * miss**gamma * (miss - gamma * p * p.log())
    torch.testing.assert_close(gradient, expected, rtol=1e-8, atol=1e-12)


@given(case=indexed(ignored=False), gamma=gammas)
def test_gradient_of_softmax_focal_equals_the_closed_form(case, gamma):
    logits, target = map(torch.from_numpy, case)
    alpha, y = torch.from_numpy(SOME_WEIGHT), target.unsqueeze(1)
    _, gradient = value_and_gradient(
        F.softmax_focal_loss, logits, target, alpha=alpha, gamma=gamma, reduction="sum"
    )
    p = logits.softmax(1)
    p_y = p.gather(1, y)
    miss = (p - (y == torch.arange(3)) * p).sum(1, keepdim=True)
    slope = alpha[y] * miss**gamma * (1 - gamma * p_y * p_y.log() / miss)
    torch.testing.assert_close(gradient, slope * (p - (y == torch.arange(3)).double()), rtol=1e-6, atol=1e-12)
