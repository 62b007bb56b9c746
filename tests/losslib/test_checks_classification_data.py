"""The tasks on a trained classifier's outputs: right answers of any make pass, wrong ones learn what is wrong."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from losslib.checks import NotPassed, check

COURSE = "classification_"
MEASURED = [0.06673, 0.07895, 0.14444], [86, 37, 61], [35, 71, 153]


def mean_nll(logits, target):
    return -log_softmax(logits, axis=1)[np.arange(len(target)), target].mean()


def temperature(logits, target):
    return (
        1
        / minimize_scalar(lambda beta: mean_nll(beta * logits, target), bounds=(0.02, 10), method="bounded").x
    )


def best_of(temperatures):
    return lambda logits, target: min(temperatures, key=lambda t: mean_nll(logits / t, target))


def most_accurate(logits, target):
    return max(np.linspace(1, 3, 100), key=lambda t: (np.argmax(logits / t, axis=1) == target).mean())


@pytest.mark.parametrize("answer", [temperature, best_of(np.geomspace(0.1, 50, 1000))])
def test_a_temperature_found_in_another_way_passes(answer):
    check(f"{COURSE}temperature_value", answer)


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("temperature_digits", (7.837, np.float64(1.9895), torch.tensor(0.38476))),
        ("rare_measured", MEASURED),
        ("rare_choice", ("bce",)),
    ],
)
def test_right_numbers_and_words_pass(name, answers):
    check(COURSE + name, *answers)


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        (
            "temperature_value",
            (lambda logits, target: 1 / temperature(logits, target),),
            "It divides the logits.",
        ),
        ("temperature_value", (most_accurate,), "It divides the logits."),
        ("temperature_value", (best_of(np.geomspace(1, 50, 500)),), "below 1"),
        ("temperature_value", (best_of(np.geomspace(0.1, 10, 500)),), "a large one"),
        ("temperature_digits", (0.1276, 1.989, 0.385), "temperature is 0.1276; expected 7.83"),
        ("temperature_digits", (7.837, 1.989, 1.989), "nll_after is 1.989; expected 0.38"),
        ("temperature_digits", (7.837, 1788.5, 0.385), "nll_before is 1788.5"),
        ("temperature_digits", ([7.8, 7.9], 1.989, 0.385), "Expected a number"),
        ("rare_measured", (MEASURED[0], MEASURED[2], MEASURED[1]), "costs_half is [ 35.,  71., 153.]"),
        ("rare_measured", ([0.0667, 0.25, 0.05], *MEASURED[1:]), "log_losses is"),
        ("rare_measured", (MEASURED[0][:2], *MEASURED[1:]), "Expected the shape (3,), got (2,)."),
        ("rare_choice", ("weighted",), "Compare the log losses"),
        ("rare_choice", ("BCE",), "Expected one of 'bce'"),
    ],
)
def test_a_wrong_answer_hears_what_is_wrong(name, answers, message):
    with pytest.raises(NotPassed) as refusal:
        check(COURSE + name, *answers)
    assert message in str(refusal.value)
