"""The curves of one label are losslib's, over the logit and over the probability, with their gradients."""

import numpy as np
import pytest
from scipy.special import expit, logit

from losslib import reference
from losslib.explorers import binary_losses
from losslib.locales import use_language


def at(explorer, **values):
    """The explorer with its sliders at the given values, in their order."""
    explorer.state = [
        int(np.argmin(np.abs(np.array(slider.values) - value)))
        for slider, value in zip(explorer.controls, values.values(), strict=True)
    ]
    return explorer


def expected(z, gamma, alpha):
    options = {"target": [1.0], "reduction": "none"}
    return {
        "BCE": reference.binary_cross_entropy_with_logits([z], **options),
        "focal": reference.sigmoid_focal_loss([z], gamma=gamma, alpha=alpha, **options),
        "hinge": reference.hinge_loss([z], **options),
        "squared": reference.mse_loss(expit([z]), **options),
        "0-1": np.array([float(z <= 0)]),
    }


@pytest.mark.parametrize(
    ("z", "gamma", "alpha"), [(-6.0, 0, 1), (-2.0, 2, 0.25), (0.25, 0.5, 0.75), (6.0, 5, 0.5)]
)
def test_values_over_the_logit_are_those_of_losslib(z, gamma, alpha):
    shown = at(binary_losses(), gamma=gamma, alpha=alpha, z=z).readings
    for name, value in expected(z, gamma, alpha).items():
        assert shown[f"{name}.value"] == pytest.approx(value.item(), rel=1e-9)


@pytest.mark.parametrize(("p", "gamma", "alpha"), [(0.02, 0, 1), (0.3, 2, 0.25), (0.98, 5, 0.5)])
def test_values_over_the_probability_are_those_of_losslib(p, gamma, alpha):
    shown = at(binary_losses(over="probability"), gamma=gamma, alpha=alpha, p=p).readings
    for name, value in expected(logit(p), gamma, alpha).items():
        assert shown[f"{name}.value"] == pytest.approx(value.item(), rel=1e-9)


def test_gradients_are_slopes_over_the_axis():
    p, h = 0.3, 1e-6
    over_p = binary_losses(over="probability", probe=p).readings
    above, below = (expected(logit(p + d), 2.0, 1.0) for d in (h, -h))
    for name in above:
        slope = (above[name] - below[name]).item() / (2 * h)
        assert over_p[f"{name}.gradient"] == pytest.approx(slope, rel=1e-5, abs=1e-8)
    over_z = binary_losses(probe=-2).readings
    assert over_z["BCE.gradient"] == pytest.approx(expit(-2) - 1)
    assert over_z["squared.gradient"] == pytest.approx(2 * (expit(-2) - 1) * expit(-2) * (1 - expit(-2)))


def test_focal_loss_without_its_parameters_is_bce():
    shown = at(binary_losses(), gamma=0, alpha=1, z=-3.0).readings
    assert shown["focal.value"] == pytest.approx(shown["BCE.value"])
    assert shown["focal.gradient"] == pytest.approx(shown["BCE.gradient"])


def test_without_focal_loss_there_is_one_slider():
    explorer = binary_losses(("BCE", "hinge"))
    assert [slider.label for slider in explorer.controls] == ["logit of the true class"]
    assert set(explorer.readings) == {"BCE.value", "BCE.gradient", "hinge.value", "hinge.gradient"}


def test_readings_have_the_same_keys_in_every_language():
    english = set(binary_losses().readings)
    use_language("ru")
    try:
        assert set(binary_losses().readings) == english
    finally:
        use_language("en")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"over": "score"}, "expected over 'logit' or 'probability', got 'score'"),
        ({"names": ("BCE", "MSE")}, r"expected names of .*, got \['MSE'\]"),
        ({"probe": 0.1}, "expected one of"),
        ({"gamma": 3}, "expected one of"),
    ],
)
def test_errors_say_what_was_expected(options, words):
    with pytest.raises(ValueError, match=words):
        binary_losses(**options)
