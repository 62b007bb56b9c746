"""The colours of figures and explorers, as eyes of all kinds see them: apart from each other and from the page."""

import re
from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from book.site.project import BOOK
from losslib.explorers.scene import HERE
from losslib.plots import COLORS

# Machado, Oliveira and Fernandes (2009): what an eye without one kind of cone makes of linear red, green and blue.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
APART = 10  # in CIEDE2000, where 1 is just noticeable side by side
CONTRAST = 3  # of a line against the page: WCAG 2.2, 1.4.11
PAPER = {"light": "#ffffff", "dark": "#14181e"}  # the theme's
NAME = re.compile(r"--(?:loss|explorer)-(\d): (?:var\(--loss-\d, )?(#[0-9a-f]{6})")


def _rules(css: str, selector: str) -> dict[int, str]:
    """The colours that the first rule with a selector sets."""
    _, found, rest = css.partition(selector)
    assert found, f"expected a rule {selector!r}"
    return {int(i): color for i, color in NAME.findall(rest.partition("}")[0])}


def _palettes() -> dict[tuple[str, str], list[str]]:
    """The six colours, on the site and beyond it, in the light and in the dark."""
    site = (BOOK / "site" / "static" / "site.css").read_text("utf-8")
    scene = (HERE / "scene.css").read_text("utf-8")
    plots = dict(enumerate(COLORS))
    light, dark = _rules(site, ":root {"), _rules(site, 'html[data-theme="dark"] {')
    beyond = _rules(scene, ".explorer-fallback {")
    found = {
        ("site", "light"): plots | light,
        ("site", "dark"): plots | light | dark,
        ("notebook", "light"): beyond,
        ("notebook", "dark"): beyond | _rules(scene, "body.vscode-dark :is(.explorer, .explorer-fallback) {"),
    }
    return {place: [colors[i] for i in range(6)] for place, colors in found.items()}


PALETTES = _palettes()


def _linear(color: str) -> np.ndarray:
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _seen(color: str, eye: str) -> np.ndarray:
    """A colour as an eye sees it, in CIELAB."""
    light = np.clip(np.array(EYES[eye]) @ _linear(color), 0, 1)
    return rgb2lab(np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def _contrast(a: str, b: str) -> float:
    low, high = sorted(_linear(color) @ [0.2126, 0.7152, 0.0722] for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_distance_and_contrast_are_those_of_the_literature():
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    red, green = (_seen(color, "deuteranopia") for color in ("#d62728", "#6b7a00"))
    assert (
        deltaE_ciede2000(red, green)
        < APART
        < deltaE_ciede2000(*(_seen(c, "all cones") for c in ("#d62728", "#6b7a00")))
    )


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("place", PALETTES, ids=" ".join)
def test_colours_are_told_apart(place, eye):
    near = {
        (a, b): distance
        for a, b in combinations(PALETTES[place], 2)
        if (distance := deltaE_ciede2000(_seen(a, eye), _seen(b, eye))) < APART
    }
    assert near == {}


@pytest.mark.parametrize("scheme", PAPER)
def test_lines_stand_out_from_the_page(scheme):
    faint = {color: _contrast(color, PAPER[scheme]) for color in PALETTES["site", scheme]}
    assert {color: ratio for color, ratio in faint.items() if ratio < CONTRAST} == {}
