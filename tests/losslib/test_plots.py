"""Figures as inline SVG: themeable, scalable, unique ids, real text in the reader's script."""

import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from losslib import plots
from losslib.datasets import motorcycle
from losslib.locales import use_language

CHINESE = "残差与损失"


def styled(language="en"):
    use_language(language)
    plots.use_style()
    return plots.figure(height=2.5)


def line_figure(language="en", label="loss", slope=1.0):
    fig, ax = styled(language)
    x = np.linspace(-1, 1, 21)
    ax.plot(x, slope * x**2, label=label)
    ax.plot(x, np.abs(x), label="MAE")
    ax.legend()
    return fig


def svg_of(fig):
    return plots.show(fig).svg


def texts(svg):
    return [
        "".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def ids(svg):
    return re.findall(r' id="([^"]+)"', svg)


def test_figure_is_six_inches_wide_and_as_high_as_asked():
    fig, ax = plots.figure(height=2.5)
    assert tuple(fig.get_size_inches()) == (6, 2.5)
    assert not isinstance(ax, np.ndarray)
    fig, axes = plots.figure(ncols=2, nrows=3, sharex=True)
    assert axes.shape == (3, 2)


def test_show_is_a_scalable_picture_in_html():
    html = plots.show(line_figure())._repr_html_()
    assert html.startswith('<div class="loss-figure"')
    root = ET.fromstring(html)[0]
    assert root.tag.endswith("svg")
    assert root.get("viewBox") == "0 0 432 180"
    assert root.get("width") is root.get("height") is None


def test_plain_figure_is_small():
    assert len(svg_of(line_figure())) < 10_000


def test_colours_can_be_restyled_and_black_follows_the_text():
    svg = svg_of(line_figure())
    for i, color in enumerate(plots.COLORS[:2]):
        assert f"stroke: var(--loss-{i}, {color})" in svg
    assert "var(--loss-grid, #d0d0d0)" in svg
    assert "stroke: currentColor" in svg
    assert "#000000" not in svg
    assert ET.fromstring(svg).get("fill") == "currentColor"


def test_no_style_sheet_leaks_into_the_page():
    assert "<style" not in svg_of(line_figure())


def test_curves_differ_in_dash_as_well_as_in_colour():
    plots.use_style()
    look = matplotlib.rcParams["axes.prop_cycle"].by_key()
    assert len(set(look["color"])) == len(set(map(str, look["linestyle"]))) == len(plots.COLORS)


def test_ids_are_unique_on_a_page_and_every_reference_has_its_target():
    one, other = svg_of(line_figure(slope=1)), svg_of(line_figure(slope=2))
    assert not set(ids(one)) & set(ids(other))
    for svg in (one, other):
        references = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
        assert len(ids(svg)) == len(set(ids(svg)))
        assert {first or second for first, second in references} == set(ids(svg))


def test_same_figure_gives_the_same_bytes():
    assert svg_of(line_figure()) == svg_of(line_figure())


def test_text_stays_text_in_the_font_of_the_page():
    svg = svg_of(line_figure(label="residual"))
    assert {"residual", "MAE"} <= set(texts(svg))
    assert set(re.findall(r"font-family: ([^;\"]+)", svg)) == {"inherit"}
    assert "DejaVu" not in svg


def test_russian_axes_have_decimal_commas():
    assert "0,25" in texts(svg_of(line_figure("ru")))
    assert "0.25" in texts(svg_of(line_figure("en")))


def test_russian_words_in_figures_have_decimal_commas():
    assert "CE, ε = 0,1" in texts(svg_of(line_figure("ru", label="CE, ε = 0.1")))
    assert "(2; 0,5)" in texts(svg_of(line_figure("ru", label="(2, 0.5)")))


@pytest.mark.parametrize(("language", "complete"), [("zh", True), ("en", False)])
def test_only_chinese_figures_are_laid_out_with_chinese_glyphs(language, complete):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        svg = svg_of(line_figure(language, label=CHINESE))
    missing = [w for w in caught if "missing from font" in str(w.message)]
    assert (not missing) is complete
    assert CHINESE in texts(svg)


def test_chinese_characters_are_as_wide_as_they_are_high():
    fig, ax = styled("zh")
    label = ax.text(0, 0, CHINESE)
    fig.draw_without_rendering()
    points = label.get_window_extent().width * 72 / fig.dpi
    assert points == pytest.approx(12 * len(CHINESE), rel=0.05)


def test_chinese_mathematics_finds_its_characters():
    fig, ax = styled("zh")
    ax.set_title(f"{CHINESE} $x^2$")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "残" in svg_of(fig)


def test_language_after_chinese_gets_its_own_font_back():
    styled("zh")
    styled("en")
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]


@pytest.mark.parametrize(
    ("picture", "kind"),
    [(motorcycle().left[200:400, 200:400], "webp"), (np.random.default_rng(0).random((64, 64, 3)), "png")],
)
def test_pictures_become_webp_where_that_is_smaller(picture, kind):
    fig, ax = styled()
    ax.imshow(picture)
    assert re.findall(r"data:image/(\w+);base64", svg_of(fig)) == [kind]


def test_pyplot_stays_out():
    code = (
        "import sys; from losslib import plots; plots.figure(); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
