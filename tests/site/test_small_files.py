"""What makes the site's files small changes nothing that a reader sees, and their names change with them."""

import re

import matplotlib
import numpy as np
import pytest

from book.site.assets import Assets
from book.site.drawings import POINTS as POINTS_OF
from book.site.drawings import compact
from book.site.fonts import letters_in
from book.site.project import SITE
from losslib import plots
from tests.site.built import pages

STEPS = re.compile(r"([a-zA-Z])([^a-zA-Z]*)")
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def points(path: str) -> list[tuple[float, float]]:
    """Every point that a path names, absolute."""
    found, here, start = [], np.zeros(2), np.zeros(2)
    for command, rest in STEPS.findall(path):
        if command == "z":
            here = start
            continue
        pairs = np.array([float(n) for n in NUMBER.findall(rest)]).reshape(-1, POINTS_OF[command.upper()], 2)
        for i, step in enumerate(pairs):
            step = here + step if command.islower() else step
            here = step[-1]
            start = here if command in "mM" and i == 0 else start
            found += map(tuple, step)
    return found


@pytest.fixture(scope="module")
def drawing() -> str:
    with matplotlib.rc_context():
        plots.use_style()
        fig, ax = plots.figure()
        x = np.linspace(-3, 3, 60)
        ax.plot(x, np.sin(x), marker="o", label="sine")
        ax.fill([0, 1, 1], [0, 0, 1])
        ax.legend()
        return plots.to_svg(fig)


def test_a_compact_drawing_has_the_same_points(drawing):
    small = compact(drawing)
    paths = [re.findall(r' d="([^"]*)"', svg) for svg in (drawing, small)]
    kept = [path for path in paths[0] if f'd="{path}" style="fill: none"/>' not in drawing]
    assert len(small) < 0.85 * len(drawing)
    assert len(paths[1]) == len(kept) > 10
    for before, after in zip(kept, paths[1], strict=True):
        np.testing.assert_allclose(points(after), points(before), atol=0.0501)


def test_a_compact_drawing_has_the_same_texts_and_colours(drawing):
    small = compact(drawing)
    for pattern in (r">([^<]+)</text>", r"stroke: ?(var\(--loss-\d)", r"<use[^>]*(#\w+)"):
        assert re.findall(pattern, small) == re.findall(pattern, drawing) != []
    assert small.count("<g") == small.count("</g>") < drawing.count("<g")


def test_a_path_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="expected a path of M, L, C, Q and z, got 'A 1"):
        compact('<svg><path d="M 0 0 A 1 1 0 0 1 2 2 "/></svg>')


def test_letters_of_formulas_are_told_by_their_font(tmp_path):
    formula = (
        '<span class="katex"><span class="katex-html" aria-hidden="true"><span class="mord mathnormal">x</span>'
        '<span class="mrel">&lt;</span><span class="mord mathbb">R</span></span></span> after'
    )
    (tmp_path / "page.html").write_text(formula, "utf-8")
    assert letters_in(tmp_path) == {
        "KaTeX_AMS-Regular": "R",
        "KaTeX_Main-Regular": "<",
        "KaTeX_Math-Italic": "x",
    }


@pytest.fixture
def site(tmp_path):
    static = tmp_path / "en" / "_static"
    static.mkdir(parents=True)
    (static / "b.svg").write_text("<svg/>", "utf-8")
    return tmp_path


def test_address_changes_with_the_file_in_tags_and_styles(site):
    def addresses(picture: str) -> list[str]:
        (site / "en" / "_static" / "b.svg").write_text(picture, "utf-8")
        page = '<img src="_static/b.svg?v=1"><style>p{background:url(_static/b.svg)}</style>'
        linked = Assets(site).linked(page, site / "en" / "index.html")
        return re.findall(r'(?:src="|url\()\.\./assets/(b-[0-9a-f]{12}\.svg)[")]', linked)

    one, other = addresses("<svg/>"), addresses("<svg></svg>")
    assert len(one) == len(other) == 2
    assert len({*one, *other}) == 2
    assert {path.name for path in (site / "assets").iterdir()} == {*one, *other}


def test_other_addresses_stay(site):
    page = '<a href="_static/none.css"><meta content="../en/_static/previews/x.png"><a href="other.html">'
    assert Assets(site).linked(page, site / "en" / "index.html") == page


def test_the_site_has_the_explorers_code_once():
    scripts = [path.relative_to(SITE).as_posix() for path in SITE.rglob("*.js") if path.stat().st_size]
    for name in ("explorer", "page"):
        assert len([script for script in scripts if script.startswith(f"assets/{name}-")]) == 1, scripts
    named = [page for page in pages() if "createPanel" in (page.root / page.path).read_text("utf-8")]
    assert named == []
