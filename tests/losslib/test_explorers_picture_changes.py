"""Changes of one picture at equal MSE: what the explorer shows is what losslib computes."""

import gzip
import json

import numpy as np
import pytest
import torch

from losslib import functional as F
from losslib.explorers import picture_changes

ORIGINAL = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(0)) / 2
STRENGTHS = torch.tensor([0.1, 0.2, 0.3])[:, None, None, None]
SIGNS = torch.randint(0, 2, (3, 12, 16), generator=torch.Generator().manual_seed(1)) * 2 - 1
CHANGED = {"brightness": ORIGINAL + STRENGTHS, "noise": ORIGINAL + STRENGTHS * SIGNS}
FEATURES = {
    "all layers": lambda images: [images, torch.nn.functional.avg_pool2d(images, 4)],
    "coarse": lambda images: [torch.nn.functional.avg_pool2d(images, 4)],
}


def explorer(changed=CHANGED):
    return picture_changes(ORIGINAL, changed, FEATURES)


@pytest.mark.parametrize(("strength", "layer"), [(0, 0), (1, 1), (2, 0)])
def test_readouts_are_the_losses_of_every_change(strength, layer):
    shown = explorer()
    shown.state = [1, strength, layer]
    for name, pictures in CHANGED.items():
        picture, target = pictures[strength][None], ORIGINAL[None]
        seen = F.perceptual_loss(picture, target, list(FEATURES.values())[layer])
        assert np.isclose(shown.readings[f"{name}.MSE"], F.mse_loss(picture, target), rtol=1e-5)
        assert np.isclose(shown.readings[f"{name}.distance"], seen, rtol=1e-5)


def test_the_picture_is_the_one_chosen():
    shown = explorer()
    picture = shown.panels[0].elements[1]
    for change, pictures in enumerate(CHANGED.values()):
        for strength in range(3):
            shown.state = [change, strength, 0]
            number = int(picture.shown.at(shown.indices)[0])
            assert np.allclose(picture.pictures[number], pictures[strength].permute(1, 2, 0))


def test_the_ring_is_on_the_curve_of_the_chosen_change():
    shown = explorer()
    elements = shown.panels[1].elements
    (ring,) = (e for e in elements if e.kind == "points" and e.hollow)
    shown.state = [1, 2, 1]
    assert ring.y.at(shown.indices)[0] == shown.readings["noise.distance"]


def test_starts_at_the_lower_middle_of_the_strengths():
    assert explorer().values == ("brightness", 0.04, "all layers")


def test_travels_light():
    assert len(gzip.compress(json.dumps(explorer().scene).encode())) < 6_000


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (CHANGED | {"noise": CHANGED["noise"] * 1.1}, "equal MSE"),
        (CHANGED | {"noise": CHANGED["noise"][:2]}, "expected pictures"),
        ({"noise": torch.zeros(3, 3, 5, 5)}, "expected pictures"),
    ],
)
def test_errors_say_what_was_expected(changed, message):
    with pytest.raises(ValueError, match=message):
        explorer(changed)
