"""Value, gradient and traps of the perceptual losses, and the text of their errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

both = pytest.mark.parametrize("package", [R, F], ids=["reference", "functional"])
values = st.floats(-3, 3).map(lambda x: round(x, 4))
maps = arrays(np.float64, st.tuples(*[st.integers(1, 3)] * 4), elements=values)
pairs = st.tuples(*[st.integers(1, 3)] * 4).flatmap(lambda s: arrays(np.float64, (2, *s), elements=values))


def call(package, name, *arguments, **options):
    if package is F:
        arguments = [torch.as_tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    return np.asarray(getattr(package, name)(*arguments, **options))


def gram(features):
    """The Gram matrix of one image by a loop over pairs of channels, and over positions."""
    channels = features.reshape(len(features), -1).tolist()
    return np.array([[sum(x * y for x, y in zip(a, b, strict=True)) for b in channels] for a in channels])


def leaf(array):
    return torch.tensor(array, dtype=torch.float64, requires_grad=True)


def pooled(image):
    """Two maps of an image (N, C, H, W), for NumPy and PyTorch alike."""
    return [image, image[:, :, ::2] ** 2]


# Gram matrices


@both
@given(features=maps)
def test_gram_matrix_equals_a_loop_over_pairs_of_channels(package, features):
    expected = np.stack([gram(image) for image in features])
    plain = call(package, "gram_matrix", features, normalize=False)
    np.testing.assert_allclose(plain, expected, rtol=1e-12, atol=1e-12)
    normalised = call(package, "gram_matrix", features)
    np.testing.assert_allclose(normalised, expected / features[0].size, rtol=1e-12, atol=1e-12)


@both
@given(features=maps)
def test_gram_matrix_is_symmetric_and_positive_semi_definite(package, features):
    matrices = call(package, "gram_matrix", features)
    np.testing.assert_allclose(matrices, matrices.swapaxes(1, 2))
    assert np.linalg.eigvalsh(matrices).min() >= -1e-12


@both
def test_gram_matrix_forgets_positions_and_not_channels(package):
    features = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    shuffled = np.random.default_rng(1).permuted(features.reshape(6, 20), axis=1).reshape(2, 3, 20)
    together = features.reshape(2, 3, 20)[:, :, np.random.default_rng(2).permutation(20)]
    expected = call(package, "gram_matrix", features)
    np.testing.assert_allclose(call(package, "gram_matrix", together), expected)
    assert np.abs(call(package, "gram_matrix", shuffled) - expected).max() > 0.01


@both
def test_normalised_gram_matrix_does_not_grow_with_the_map(package):
    features = np.random.default_rng(0).normal(size=(1, 3, 4, 4))
    tiled = np.tile(features, (1, 1, 3, 2))
    np.testing.assert_allclose(call(package, "gram_matrix", tiled), call(package, "gram_matrix", features))
    plain = call(package, "gram_matrix", features, normalize=False)
    np.testing.assert_allclose(call(package, "gram_matrix", tiled, normalize=False), 6 * plain)


@pytest.mark.parametrize("normalize", [False, True])
def test_gram_derivatives_agree_with_finite_differences(normalize):
    features = leaf(np.random.default_rng(0).normal(size=(2, 3, 2, 2)))

    def matrix(features):
        return F.gram_matrix(features, normalize=normalize)

    assert torch.autograd.gradcheck(matrix, (features,))
    assert torch.autograd.gradgradcheck(matrix, (features,))


def test_gram_matrix_of_half_precision_does_not_overflow_on_the_way():
    features = torch.full((1, 2, 512, 512), 8.0, dtype=torch.float16)  # the sum of squares is 2^24
    assert (F.gram_matrix(features) == 32).all()
    assert (R.gram_matrix(features.numpy()) == 32).all()


def test_gram_matrix_keeps_its_precision_under_autocast():
    features = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(F.gram_matrix(features), F.gram_matrix(features.double()).float())


@both
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 1, 1, 1), (2, 3, 0), (0, 3, 4)])
def test_gram_matrix_takes_any_number_of_positions(package, shape):
    matrices = call(package, "gram_matrix", np.ones(shape))
    assert matrices.shape == (shape[0], shape[1], shape[1])
    assert np.isfinite(matrices).all()


# Style


@both
@given(pair=pairs)
def test_style_loss_is_the_squared_frobenius_distance_of_the_gram_matrices(package, pair):
    size = pair[0, 0].size
    expected = [np.linalg.norm(gram(x) / size - gram(y) / size) ** 2 for x, y in zip(*pair, strict=True)]
    actual = call(package, "style_loss", *pair, reduction="none")
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(call(package, "style_loss", *pair), np.mean(expected), rtol=1e-9, atol=1e-12)


def test_style_gradient_is_the_closed_form():
    x, y = np.random.default_rng(0).normal(size=(2, 2, 3, 4, 4))
    features = leaf(x)
    (gradient,) = torch.autograd.grad(F.style_loss(features, torch.tensor(y), reduction="sum"), features)
    difference = R.gram_matrix(x) - R.gram_matrix(y)
    expected = 4 * difference @ x.reshape(2, 3, 16) / (3 * 16)
    np.testing.assert_allclose(gradient.reshape(2, 3, 16), expected, rtol=1e-9, atol=1e-12)


def test_style_derivatives_agree_with_finite_differences():
    pair = [leaf(x) for x in np.random.default_rng(0).normal(size=(2, 2, 3, 2, 2))]
    assert torch.autograd.gradcheck(F.style_loss, pair)
    assert torch.autograd.gradgradcheck(F.style_loss, pair)


# Perceptual loss


@both
@given(pair=pairs, weights=st.lists(st.floats(0, 3), min_size=2, max_size=2))
def test_perceptual_loss_is_the_weighted_sum_of_mean_squared_errors(package, pair, weights):
    expected = [
        sum(w * ((x - y) ** 2).mean() for w, x, y in zip(weights, *map(pooled, image), strict=True))
        for image in zip(*pair[:, :, None], strict=True)
    ]
    actual = call(package, "perceptual_loss", *pair, pooled, weights=weights, reduction="none")
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)
    mean = call(package, "perceptual_loss", *pair, pooled, weights=weights)
    np.testing.assert_allclose(mean, np.mean(expected), rtol=1e-12, atol=1e-14)


@both
@given(pair=pairs)
def test_perceptual_loss_on_the_pixels_is_the_mean_squared_error(package, pair):
    value = call(package, "perceptual_loss", *pair, lambda image: [image])
    np.testing.assert_allclose(value, call(package, "mse_loss", *pair), rtol=1e-12, atol=1e-14)


@both
def test_weights_default_to_one_and_a_tuple_of_maps_will_do(package):
    pair = np.random.default_rng(0).normal(size=(2, 3, 2, 4, 4))
    expected = call(package, "perceptual_loss", *pair, pooled, weights=[1, 1])
    np.testing.assert_allclose(call(package, "perceptual_loss", *pair, lambda x: tuple(pooled(x))), expected)


@both
def test_a_change_that_the_network_does_not_see_costs_nothing(package):
    image = np.random.default_rng(0).normal(size=(1, 2, 4, 4))
    shifted = np.roll(image, 1, axis=3)
    assert call(package, "perceptual_loss", image, shifted, lambda x: [x.mean(3)]) < 1e-30
    assert call(package, "perceptual_loss", image, shifted, lambda x: [x]) > 0.1


@pytest.mark.parametrize("features", [pooled, lambda image: [image]], ids=["pooled", "pixels"])
def test_gradient_flows_to_the_input_alone(features):
    input, target = (leaf(x) for x in np.random.default_rng(0).normal(size=(2, 2, 3, 4, 4)))
    loss = F.perceptual_loss(input, target, features)
    gradients = torch.autograd.grad(loss, (input, target), allow_unused=True)
    assert gradients[0].any()
    assert gradients[1] is None
    assert torch.autograd.gradcheck(lambda x: F.perceptual_loss(x, target.detach(), features), (input,))


def test_the_target_is_seen_without_a_graph():
    seen = []

    def features(image):
        seen.append(torch.is_grad_enabled())
        return [image]

    F.perceptual_loss(leaf(np.ones((1, 3, 2, 2))), torch.zeros(1, 3, 2, 2).double(), features)
    assert seen == [True, False]


def test_images_reach_the_network_in_their_own_dtype_and_maps_of_any_dtype_come_back():
    seen = []

    def features(image):
        seen.append(image.dtype)
        return [image.half(), image.double()]

    images = torch.ones(1, 3, 2, 2, dtype=torch.bfloat16)
    loss = F.perceptual_loss(images, images * 0, features)
    assert (loss, loss.dtype) == (2, torch.bfloat16)
    assert seen == [torch.bfloat16] * 2


@both
@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (4, 3), (4,)])
def test_images_of_any_shape_and_none_at_all(package, shape):
    value = call(package, "perceptual_loss", np.ones(shape), np.zeros(shape), lambda image: [image])
    assert value == float(shape[0] > 0)


# Wrong arguments


@both
def test_features_must_be_a_list_of_maps(package):
    images = np.ones((2, 3, 4, 4))
    message = r"^perceptual_loss: expected features to return a list of maps, got (ndarray|Tensor)$"
    with pytest.raises(TypeError, match=message):
        call(package, "perceptual_loss", images, images, lambda image: image)


@both
def test_there_is_a_weight_that_is_not_negative_for_each_map(package):
    images = np.ones((2, 3, 4, 4))
    with pytest.raises(ValueError, match=r"^perceptual_loss: expected weights for 2 maps, got 3$"):
        call(package, "perceptual_loss", images, images, pooled, weights=[1, 1, 1])
    with pytest.raises(ValueError, match=r"^perceptual_loss: expected weights >= 0, got -1$"):
        call(package, "perceptual_loss", images, images, pooled, weights=[1, -1])


@both
@pytest.mark.parametrize(("name", "argument"), [("gram_matrix", "features"), ("style_loss", "input")])
def test_feature_maps_have_samples_and_channels(package, name, argument):
    arguments = [np.ones(3)] * (1 + (name == "style_loss"))
    with pytest.raises(ValueError, match=rf"^{name}: expected {argument} \(N, C, \*\), got \(3,\)$"):
        call(package, name, *arguments)
