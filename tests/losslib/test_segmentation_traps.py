"""Where the losses of overlapping regions break when written carelessly: value and gradient stay right."""

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib import reference as R

REGIONS = {
    "dice_loss": {},
    "dice_loss, squared": {"squared": True},
    "generalized_dice_loss": {},
    "jaccard_loss": {},
    "tversky_loss": {"alpha": 0.3, "beta": 0.7},
}
SCORED = {"combo_loss": {}, "lovasz_hinge_loss": {}, "lovasz_hinge_loss, each": {"per_image": True}}
each_region = pytest.mark.parametrize("key", REGIONS)
each_loss = pytest.mark.parametrize("key", [*REGIONS, *SCORED, "lovasz_softmax_loss"])
each_package = pytest.mark.parametrize("package", [R, F])


def call(package, key, input, target, **options):
    options = {**REGIONS.get(key, {}), **SCORED.get(key, {}), **options}
    return getattr(package, key.partition(",")[0])(input, target, **options)


def value_and_gradient(key, input, target, **options):
    input = input.clone().requires_grad_()
    loss = call(F, key, input, target, **options)
    return loss.detach(), torch.autograd.grad(loss.sum(), input)[0]


# Empty masks


@each_package
@each_region
def test_two_empty_masks_match(package, key):
    empty = torch.zeros(2, 1, 4, 4)
    assert (call(package, key, empty, empty, reduction="none") == 0).all()


@each_region
@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_gradient_is_finite_at_two_empty_masks_and_zero_without_smooth(key, smooth):
    empty = torch.zeros(2, 1, 4, 4)
    loss, gradient = value_and_gradient(key, empty, empty, smooth=smooth)
    assert loss == 0
    assert gradient.isfinite().all()
    assert (gradient != 0).any() == (smooth > 0 and key != "dice_loss, squared")


@each_package
@each_region
@pytest.mark.parametrize("size", [1e-12, 0.1, 1.0])
def test_any_prediction_for_an_empty_mask_costs_1(package, key, size):
    empty = torch.zeros(2, 1, 4, 4)
    assert (call(package, key, torch.full_like(empty, size), empty, reduction="none") == 1).all()


@each_region
def test_gradient_is_zero_at_any_prediction_for_an_empty_mask_unless_smoothed(key):
    predicted, empty = torch.full((1, 1, 4, 4), 0.1), torch.zeros(1, 1, 4, 4)
    assert (value_and_gradient(key, predicted, empty)[1] == 0).all()
    assert (value_and_gradient(key, predicted, empty, smooth=1.0)[1] > 0).all()


@each_region
def test_empty_prediction_of_a_mask_costs_1_and_learns(key):
    empty, mask = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    loss, gradient = value_and_gradient(key, empty, mask)
    assert loss == 1
    assert (gradient < 0).all()


@pytest.mark.parametrize("key", ["lovasz_hinge_loss", "lovasz_softmax_loss"])
@each_package
def test_lovasz_of_an_empty_mask_is_its_largest_error(package, key):
    p = torch.tensor([[[0.2, 0.7, 0.1]]])
    options = {"classes": "all"} if key == "lovasz_softmax_loss" else {}
    expected = 0.7 if key == "lovasz_softmax_loss" else 1.7
    np.testing.assert_allclose(call(package, key, p, torch.zeros(1, 1, 3), **options), expected, rtol=1e-6)
    _, gradient = value_and_gradient(key, p, torch.zeros(1, 1, 3), **options)
    torch.testing.assert_close(gradient, torch.tensor([[[0.0, 1.0, 0.0]]]))


# Absent classes

ABSENT = torch.tensor([[[0, 0, 2, 2]]])  # of three classes the second


@each_region
@pytest.mark.parametrize(
    "target", [ABSENT, torch.nn.functional.one_hot(ABSENT).movedim(-1, 1)], ids=["indices", "masks"]
)
def test_absent_class_is_finite_and_learns_to_stay_away(key, target):
    scores = torch.tensor([1.0, 2.0, 0.5])[:, None, None].expand(1, 3, 1, 4).contiguous()
    loss, gradient = value_and_gradient(key, scores, target, activation="softmax", smooth=1.0)
    assert loss.isfinite()
    assert (gradient[:, 1] > 0).all()


@each_package
def test_generalized_dice_weighs_an_absent_class_as_the_rarest_one_present(package):
    p = torch.tensor([[[0.5, 0.5, 0.2, 0.1], [0.2, 0.1, 0.2, 0.8], [0.3, 0.4, 0.6, 0.1]]])
    target = torch.tensor([[0, 0, 0, 1]])
    weight, overlap, sizes = np.array([1 / 9, 1, 1]), np.array([1.2, 0.8, 0]), np.array([4.3, 2.3, 1.4])
    expected = 1 - 2 * (weight * overlap).sum() / (weight * sizes).sum()
    np.testing.assert_allclose(call(package, "generalized_dice_loss", p, target), expected, rtol=1e-6)


def test_generalized_dice_has_a_finite_gradient_for_targets_with_absent_classes():
    p, t = torch.full((2, 2, 3), 0.5), torch.zeros(2, 2, 3)
    t[0, 0] = 1  # one class absent in the first image, both in the second
    t.requires_grad_()
    assert torch.autograd.grad(F.generalized_dice_loss(p, t), t)[0].isfinite().all()


@each_package
def test_lovasz_softmax_counts_present_classes_only_unless_told(package):
    p = torch.tensor([[0.6, 0.7, 0.1, 0.2], [0.3, 0.1, 0.3, 0.1], [0.1, 0.2, 0.6, 0.7]])[None]
    each = call(package, "lovasz_softmax_loss", p, ABSENT[0], classes="all", reduction="none")
    np.testing.assert_allclose(each[0, 1], 0.3, rtol=1e-6)
    present = call(package, "lovasz_softmax_loss", p, ABSENT[0], reduction="none")
    np.testing.assert_array_equal(present, [[each[0, 0], 0, each[0, 2]]])
    mean = call(package, "lovasz_softmax_loss", p, ABSENT[0])
    np.testing.assert_allclose(mean, (each[0, 0] + each[0, 2]) / 2, rtol=1e-6)


def test_lovasz_softmax_has_a_finite_gradient_with_an_absent_class_which_present_ignores():
    p = torch.full((1, 3, 1, 4), 1 / 3)
    loss, gradient = value_and_gradient("lovasz_softmax_loss", p, ABSENT)
    assert loss.isfinite()
    assert (gradient[:, 1] == 0).all()
    loss, gradient = value_and_gradient("lovasz_softmax_loss", p, ABSENT, classes="all")
    assert gradient.isfinite().all()
    assert gradient[:, 1].sum() > 0


@each_package
def test_lovasz_softmax_of_no_present_class_is_zero(package):
    empty = torch.zeros(2, 3, 4)
    assert call(package, "lovasz_softmax_loss", empty + 0.5, empty) == 0
    assert (value_and_gradient("lovasz_softmax_loss", empty + 0.5, empty)[1] == 0).all()


# Extreme inputs and precision


@pytest.mark.parametrize("size", [1e4, float("inf")])
@pytest.mark.parametrize("right", [1, -1])
@each_region
def test_extreme_scores_have_a_finite_loss_and_gradient(key, size, right):
    mask = torch.tensor([[[1.0, 1.0, 0.0, 0.0]]])
    loss, gradient = value_and_gradient(key, right * size * (2 * mask - 1), mask, activation="sigmoid")
    np.testing.assert_allclose(loss, 0 if right == 1 else 1)
    assert (gradient == 0).all()


@each_package
def test_combo_neither_overflows_nor_loses_its_gradient_at_extreme_scores(package):
    mask = torch.tensor([[[1.0, 0.0]]])
    for right, expected in ((1, 0), (-1, 1e4 + 2 / 3)):
        np.testing.assert_allclose(call(package, "combo_loss", right * 1e4 * (2 * mask - 1), mask), expected)
    gradient = value_and_gradient("combo_loss", -1e4 * (2 * mask - 1), mask)[1]
    torch.testing.assert_close(gradient, torch.tensor([[[-0.5, 0.5]]]))


@each_package
def test_lovasz_hinge_of_infinite_scores_on_the_right_side_is_zero(package):
    mask = torch.tensor([[[1.0, 0.0]]])
    right = (2 * mask - 1) * float("inf")
    assert call(package, "lovasz_hinge_loss", right, mask) == 0
    assert (value_and_gradient("lovasz_hinge_loss", right, mask)[1] == 0).all()


@each_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_neither_overflows_nor_stops_counting_at_512_x_512(key, dtype):
    input = torch.full((1, 1, 512, 512), 0.5, dtype=dtype)  # 262144 pixels: float16 ends at 65504
    target = torch.zeros_like(input)
    target[..., :256] = 1
    small = call(F, key, *(x[..., ::64, ::64].double() for x in (input, target)))
    loss, gradient = value_and_gradient(key, input, target)
    assert loss.dtype == gradient.dtype == dtype
    torch.testing.assert_close(loss.double(), small, rtol=1e-2, atol=1e-2)
    assert gradient.isfinite().all()


@each_package
@each_region
@pytest.mark.parametrize("shape", [(512, 512), (512 * 512,)])
def test_float32_keeps_its_digits_at_512_x_512(package, key, shape):
    target = torch.zeros(1, *shape, dtype=torch.int64)
    target[:, ..., -1] = 1
    p = torch.full((1, 2, *shape), 0.99)
    exact = call(R, key, p.double(), target)
    np.testing.assert_allclose(call(package, key, p, target), exact, atol=1e-5)


def test_lovasz_slopes_keep_their_digits_in_large_sets():
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(1, 1, 2**18, generator=generator)
    mask = (torch.rand(1, 1, 2**18, generator=generator) < 0.3).float()
    narrow = value_and_gradient("lovasz_softmax_loss", p, mask)[1]
    wide = value_and_gradient("lovasz_softmax_loss", p.double(), mask.double())[1]
    torch.testing.assert_close(narrow.double(), wide, rtol=1e-5, atol=0)


# Shapes and memory


@each_loss
def test_empty_batch_and_images_without_pixels_have_zero_loss(key):
    for shape in ((0, 2, 4), (2, 2, 0), (0, 2, 0)):
        empty = torch.zeros(shape)
        assert call(R, key, empty, empty) == 0
        loss, gradient = value_and_gradient(key, empty, empty)
        assert loss == 0
        assert gradient.shape == shape


@each_region
def test_empty_batch_of_indices_has_zero_loss(key):
    empty, indices = torch.zeros(0, 2, 4), torch.zeros(0, 4, dtype=torch.int64)
    for package in (R, F):
        assert call(package, key, empty, indices) == 0
    assert call(R, "lovasz_softmax_loss", empty, indices) == 0
    assert call(F, "lovasz_softmax_loss", empty, indices) == 0


@each_region
def test_channels_last_and_expanded_maps_give_the_same(key):
    p, indices = torch.rand(2, 3, 4, 5), torch.randint(3, (2, 4, 5))
    expected = value_and_gradient(key, p, indices)
    for same in (p.contiguous(memory_format=torch.channels_last), p.flip(-1).flip(-1)):
        torch.testing.assert_close(value_and_gradient(key, same, indices), expected)
    half = torch.full((1, 1, 1, 1), 0.5).expand(2, 3, 4, 5)
    torch.testing.assert_close(call(F, key, half, indices), call(F, key, half.contiguous(), indices))


def saved_bytes(loss, *inputs):
    """What autograd keeps for the backward pass beside the inputs."""
    known, kept = {x.untyped_storage().data_ptr() for x in inputs}, {}

    def keep(x):
        storage = x.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        loss(*inputs)
    return sum(size for pointer, size in kept.items() if pointer not in known)


@each_region
def test_class_indices_keep_no_mask_for_the_gradient(key):
    p = torch.rand(2, 16, 32, 32, requires_grad=True)
    indices = torch.randint(16, (2, 32, 32))
    one_map = p.nbytes // 16
    assert saved_bytes(lambda p, indices: call(F, key, p, indices), p, indices) < one_map
    assert saved_bytes(lambda p, t: call(F, key, p, t), p, torch.rand_like(p)) < one_map


def test_lovasz_keeps_its_slopes_and_not_the_order_for_the_gradient():
    p = torch.rand(2, 16, 32, 32, requires_grad=True)
    indices = torch.randint(16, (2, 32, 32))
    assert saved_bytes(F.lovasz_softmax_loss, p, indices) < 2.1 * p.nbytes
