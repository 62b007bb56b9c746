"""What holds between the losses of overlapping regions for any masks and maps: identities, bounds, symmetries."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R
from tests.losslib.test_segmentation import REGIONS, call

shares = st.floats(0, 1).map(lambda x: round(x, 6))
pairs = arrays(np.float64, st.tuples(st.just(2), st.just(1), st.just(1), st.integers(1, 8)), elements=shares)
images = arrays(
    np.float64,
    st.tuples(st.just(2), st.integers(1, 3), st.integers(1, 2), st.integers(1, 5)),
    elements=shares,
)
weights = st.floats(0, 2)
scores = arrays(np.float64, (2, 1, 1, 6), elements=st.floats(-3, 3))
masks = arrays(np.float64, (1, 1, 6), elements=st.sampled_from([0.0, 1.0]))

each_region = pytest.mark.parametrize("key", REGIONS)
each_package = pytest.mark.parametrize("package", [R, F])


@each_package
@given(pair=pairs)
def test_masks_have_the_dice_and_jaccard_losses_of_their_sets(package, pair):
    a, b = (set(np.flatnonzero(x.ravel() > 0.5).tolist()) for x in pair)
    pair = (pair > 0.5).astype(float)
    dice = 1 - 2 * len(a & b) / (len(a) + len(b)) if a or b else 0
    jaccard = 1 - len(a & b) / len(a | b) if a or b else 0
    for key in ("dice_loss", "dice_loss, squared", "generalized_dice_loss"):
        np.testing.assert_allclose(call(package, key, *pair), dice, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(call(package, "jaccard_loss", *pair), jaccard, rtol=1e-12, atol=1e-14)


@each_package
@given(pair=images)
def test_jaccard_is_twice_dice_over_one_plus_dice(package, pair):
    dice = call(package, "dice_loss", *pair, reduction="none")
    jaccard = call(package, "jaccard_loss", *pair, reduction="none")
    np.testing.assert_allclose(jaccard, 2 * dice / (1 + dice), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        1 - jaccard, (1 - dice) / (2 - (1 - dice)), rtol=1e-9, atol=1e-12
    )  # J = D / (2 - D)


@each_package
@given(pair=images, smooth=st.sampled_from([0.0, 0.5, 1.0]))
def test_tversky_is_dice_at_one_half_and_jaccard_at_one(package, pair, smooth):
    dice = call(package, "dice_loss", *pair, smooth=2 * smooth)
    as_dice = call(package, "tversky_loss", *pair, alpha=0.5, beta=0.5, smooth=smooth)
    np.testing.assert_allclose(as_dice, dice, rtol=1e-9, atol=1e-12)
    jaccard = call(package, "jaccard_loss", *pair, smooth=smooth)
    as_jaccard = call(package, "tversky_loss", *pair, alpha=1.0, beta=1.0, smooth=smooth)
    np.testing.assert_allclose(as_jaccard, jaccard, rtol=1e-9, atol=1e-12)


@given(pair=pairs, alpha=weights, beta=weights)
def test_exchanging_prediction_and_target_exchanges_alpha_and_beta(pair, alpha, beta):
    one = R.tversky_loss(*pair, alpha=alpha, beta=beta)
    np.testing.assert_allclose(
        R.tversky_loss(*pair[::-1], alpha=beta, beta=alpha), one, rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("key", ["dice_loss", "dice_loss, squared", "jaccard_loss"])
@given(pair=images)
def test_exchanging_prediction_and_target_changes_nothing(key, pair):
    np.testing.assert_allclose(call(R, key, *pair), call(R, key, *pair[::-1]), rtol=1e-12, atol=1e-14)


@each_package
@each_region
@given(pair=images, smooth=st.floats(0, 10))
def test_loss_lies_between_0_and_1(package, key, pair, smooth):
    loss = call(package, key, *pair, smooth=smooth, reduction="none")
    assert (loss >= -1e-12).all()
    assert (loss <= 1 + 1e-12).all()


@each_region
@given(mask=images)
def test_a_mask_has_loss_0_with_itself(key, mask):
    mask = (mask[0] > 0.5).astype(float)
    np.testing.assert_allclose(call(R, key, mask, mask), 0, atol=1e-14)


@each_region
@given(pair=images, times=st.integers(2, 4))
def test_repeating_the_pixels_changes_nothing_without_smooth(key, pair, times):
    assume((pair[1].sum(-1) > 0).all())
    repeated = np.repeat(pair, times, axis=-1)
    np.testing.assert_allclose(call(R, key, *repeated), call(R, key, *pair), rtol=1e-9, atol=1e-12)


@each_package
@given(pairs=scores, target=masks, share=shares)
def test_lovasz_hinge_is_convex_in_the_scores(package, pairs, target, share):
    one, other = pairs
    between = call(package, "lovasz_hinge_loss", share * one + (1 - share) * other, target)
    ends = [call(package, "lovasz_hinge_loss", z, target) for z in (one, other)]
    assert between <= share * ends[0] + (1 - share) * ends[1] + 1e-9


@each_package
@given(logits=scores, target=masks)
def test_lovasz_hinge_bounds_the_jaccard_loss_of_the_thresholded_scores(package, logits, target):
    predicted = (logits[0] > 0).astype(float)
    bound = call(package, "lovasz_hinge_loss", logits[0], target)
    assert bound >= call(package, "jaccard_loss", predicted, target) - 1e-9


@given(pair=pairs)
def test_lovasz_softmax_of_equal_errors_is_their_size(pair):
    mask = (pair[1] > 0.5).astype(float)
    error = pair[0].ravel()[0]
    probs = np.where(mask == 1, 1 - error, error)
    loss = call(F, "lovasz_softmax_loss", probs, mask, classes="all")
    np.testing.assert_allclose(loss, error, rtol=1e-9, atol=1e-12)
