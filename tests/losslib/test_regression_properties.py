"""What holds between the regression losses for any data: limits, bounds, symmetries, best constants."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from losslib import functional as F
from losslib import reference as R

Q = 0.9
LOSSES = {
    "mse_loss": {},
    "rmse_loss": {},
    "mae_loss": {},
    "huber_loss": {"delta": 0.7},
    "log_cosh_loss": {},
    "quantile_loss": {"q": Q},
}
each_loss = pytest.mark.parametrize("name", LOSSES)

numbers = st.floats(-50, 50).map(lambda x: round(x, 6))
vectors = arrays(np.float64, st.integers(1, 8), elements=numbers)
pairs = arrays(np.float64, st.tuples(st.just(2), st.integers(1, 8)), elements=numbers)


def reference(name, input, target):
    return getattr(R, name)(input, target, **LOSSES[name])


def huber(pair, delta):
    return F.huber_loss(*torch.from_numpy(pair), delta=delta)


@each_loss
@given(pair=pairs, shift=numbers)
def test_shifting_prediction_and_target_changes_nothing(name, pair, shift):
    np.testing.assert_allclose(reference(name, *(pair + shift)), reference(name, *pair), rtol=1e-9, atol=1e-9)


@each_loss
@given(pair=pairs)
def test_order_of_the_samples_does_not_matter(name, pair):
    np.testing.assert_allclose(reference(name, *pair[:, ::-1]), reference(name, *pair), rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "quantile_loss"])
@given(pair=pairs)
def test_exchanging_prediction_and_target_changes_nothing(name, pair):
    assert reference(name, *pair) == reference(name, *pair[::-1])


@given(pair=pairs)
def test_exchanging_prediction_and_target_exchanges_q_for_1_minus_q(pair):
    exchanged = R.quantile_loss(*pair[::-1], q=1 - Q)
    np.testing.assert_allclose(R.quantile_loss(*pair, q=Q), exchanged, rtol=1e-12, atol=1e-14)


@given(pair=pairs)
def test_rmse_squared_is_mse_and_never_below_mae(pair):
    rmse = R.rmse_loss(*pair)
    np.testing.assert_allclose(rmse**2, R.mse_loss(*pair), rtol=1e-12)
    assert rmse >= R.mae_loss(*pair) * (1 - 1e-12)


@given(pair=pairs, delta=st.floats(0.1, 200))
def test_equals_half_squared_error_inside_delta(pair, delta):
    inside = np.abs(pair[0] - pair[1]) <= delta
    huber = R.huber_loss(*pair, delta=delta, reduction="none")
    half_square = R.mse_loss(*pair, reduction="none") / 2
    np.testing.assert_allclose(huber[inside], half_square[inside], rtol=1e-12)
    assert (huber[~inside] <= half_square[~inside] * (1 + 1e-12)).all()


@given(pair=pairs)
def test_huber_tends_to_half_mse_for_large_delta_and_to_delta_mae_for_small(pair):
    for delta in (1e6, math.inf):
        np.testing.assert_allclose(R.mse_loss(*pair) / 2, huber(pair, delta), rtol=1e-12)
    np.testing.assert_allclose(huber(pair, 1e-9) / 1e-9, R.mae_loss(*pair), atol=1e-9)


@given(pair=pairs, delta=st.floats(0.1, 100))
def test_huber_divided_by_delta_is_smooth_l1(pair, delta):
    smooth_l1 = torch.nn.functional.smooth_l1_loss(*torch.from_numpy(pair), beta=delta)
    torch.testing.assert_close(huber(pair, delta) / delta, smooth_l1)


@given(pair=pairs)
def test_quantile_loss_at_one_half_is_half_the_mae(pair):
    np.testing.assert_allclose(R.quantile_loss(*pair, q=0.5), R.mae_loss(*pair) / 2, rtol=1e-12)


@given(pair=pairs)
def test_log_cosh_lies_between_its_tail_and_its_parabola(pair):
    r, loss = np.abs(pair[0] - pair[1]), R.log_cosh_loss(*pair, reduction="none")
    assert (loss >= r - math.log(2) - 1e-12).all()
    assert (loss <= np.minimum(r, r**2 / 2) + 1e-12).all()


@pytest.mark.parametrize(
    ("name", "best"), [("mse_loss", np.mean), ("mae_loss", np.median), ("rmse_loss", np.mean)]
)
@given(target=vectors, other=numbers)
def test_best_constant_is_the_statistic_it_estimates(name, best, target, other):
    at_best = reference(name, np.full_like(target, best(target)), target)
    assert at_best <= reference(name, np.full_like(target, other), target) + 1e-9


@given(target=vectors, q=st.floats(0.05, 0.95), other=numbers)
def test_best_constant_of_the_quantile_loss_is_the_quantile(target, q, other):
    quantile = np.quantile(target, q, method="inverted_cdf")
    at_best = R.quantile_loss(np.full_like(target, quantile), target, q=q)
    assert at_best <= R.quantile_loss(np.full_like(target, other), target, q=q) + 1e-9
