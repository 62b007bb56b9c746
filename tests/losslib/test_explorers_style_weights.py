"""Content against style: what the explorer shows is what losslib computes, and pictures travel with it."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from losslib import functional as F
from losslib.explorers import Axis, Explorer, Panel, Picture, Slider, Table, style_weights

CONTENT, STYLE, *RESULTS = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
RESULTS = torch.stack(RESULTS)
WEIGHTS = [0.1, 1.0, 10.0]


def features(images):
    return [images, torch.nn.functional.avg_pool2d(images, 2)]


def explorer(weights=WEIGHTS):
    return style_weights(CONTENT, STYLE, RESULTS, weights, features)


@pytest.mark.parametrize("k", range(3))
def test_readouts_are_both_losses(k):
    shown = explorer()
    shown.state = [k]
    content, style, result = (features(picture[None]) for picture in (CONTENT, STYLE, RESULTS[k]))
    shares = [F.style_loss(r, s) / F.style_loss(c, s) for r, s, c in zip(result, style, content, strict=True)]
    assert np.isclose(shown.readings["content"], F.mse_loss(result[-1], content[-1]), rtol=1e-5)
    assert np.isclose(shown.readings["style"], sum(shares) / 2, rtol=1e-5)


def test_the_result_shown_is_that_of_the_weight():
    shown = explorer()
    result, content, style = shown.panels[0].elements
    for k in range(3):
        shown.state = [k]
        number = int(result.shown.at(shown.indices)[0])
        assert np.allclose(result.pictures[number], RESULTS[k].permute(1, 2, 0))
    assert np.allclose(content.pictures, CONTENT.permute(1, 2, 0)[None])
    assert np.allclose(style.pictures, STYLE.permute(1, 2, 0)[None])


def test_as_many_results_as_weights():
    with pytest.raises(ValueError, match="expected 2 results, got 3"):
        explorer([1.0, 2.0])


# The pictures themselves


def photo(level):
    return np.full((4, 6, 3), level)


def test_pictures_travel_as_webp_and_stand_in_the_figure():
    slider = Slider("t", [1, 2], 1)
    picture = Picture(0, 0, 1, 1, [photo(0.2), photo(0.8)], shown=Table([0, 1], [slider]))
    shown = Explorer([Panel(Axis((0, 1)), Axis((0, 1)), [picture])], [slider])
    encoded = shown.scene["panels"][0]["elements"][0]
    assert encoded["shown"] == {"over": [0], "rows": [0, 1]}
    for address, level in zip(encoded["pictures"], (0.2, 0.8), strict=True):
        kind, content = address.split(",")
        image = Image.open(io.BytesIO(base64.b64decode(content)))
        assert kind == "data:image/webp;base64"
        assert image.size == (6, 4)
        assert abs(np.asarray(image).mean() / 255 - level) < 0.02
    assert "<image" in shown._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("pictures", "shown", "message"),
    [
        ([np.zeros((4, 6))], 0, r"\(H, W, 3\)"),
        ([photo(0.5)], 1, "numbers of 1 pictures"),
        ([photo(0.5)], 0.5, "numbers of 1 pictures"),
        ([photo(0.5)], -1, "numbers of 1 pictures"),
    ],
)
def test_errors_say_what_was_expected(pictures, shown, message):
    with pytest.raises(ValueError, match=message):
        Picture(0, 0, 1, 1, pictures, shown=shown)
