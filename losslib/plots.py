"""Figures as inline SVG: real text in the page's own font, colours that follow light and dark, 3 to 10 KB each."""

import base64
import hashlib
import io
import re

import matplotlib
from cycler import cycler
from matplotlib import font_manager
from matplotlib.figure import Figure

from losslib import palette
from losslib.locales import language, number

# Okabe and Ito's palette, told apart by colour-blind readers; each colour also has its own dash. What each stands for
# is said in `losslib.palette`.
COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))]
GRID = "#d0d0d0"
WIDTH = 6.0  # inches: with 12 pt text this stays readable on a phone and fills a column on a desktop
LINES = 2  # where Matplotlib draws lines: above areas, below text
DPI = 110  # of pictures inside a figure: enough for a column, light enough for a slow line

# In the SVG each drawing colour becomes a CSS variable with that colour as its default, so a page can restyle it.
_THEME = {
    "#000000": "currentColor",
    "#ffffff": "var(--loss-paper, #ffffff)",
    GRID: "var(--loss-grid, #d0d0d0)",
}
_THEME |= {color: f"var(--loss-{i}, {color})" for i, color in enumerate(COLORS)}


def use_style() -> None:
    """Set the book's figure style for the language in use; Chinese is laid out with a Chinese font.

    The Latin letters and digits stay those of a wide font: a browser may draw them in any, and seldom in a wider one.
    """
    fonts = ["DejaVu Sans"]
    if language() == "zh":
        import pylopdf_fonts_zh_cn

        path = pylopdf_fonts_zh_cn.sans_path()
        font_manager.fontManager.addfont(path)
        fonts.append(font_manager.FontProperties(fname=path).get_name())
    matplotlib.rcParams.update(
        {
            "font.family": fonts,
            "font.size": 12,
            "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=DASHES),
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": GRID,
            "grid.linewidth": 0.8,
            "lines.linewidth": 2,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "svg.fonttype": "none",
            "svg.hashsalt": "losslib",
        }
    )


def figure(*, ncols: int = 1, nrows: int = 1, height: float = 3.2, **subplots):
    """A figure 6 inches wide and `height` inches high, and its axes (an array where there are several)."""
    fig = Figure(figsize=(WIDTH, height), layout="constrained")
    return fig, fig.subplots(nrows, ncols, **subplots)


def look(of: str | int) -> dict:
    """Colour and dash of the loss that a label names, or of a place in the palette: `ax.plot(x, y, **look("MAE"))`.

    Of lines that coincide, the one with a dash lies on the solid one, so that both are seen.
    """
    color = palette.color(of) if isinstance(of, str) else of
    if color is None:
        return {"color": "#808080", "linestyle": "-"}
    return {"color": COLORS[color], "linestyle": DASHES[color], "zorder": LINES + color / 10}


class show:
    """A figure as the value of a notebook cell: inline SVG."""

    def __init__(self, fig: Figure):
        self.svg = to_svg(fig)

    def __repr__(self) -> str:
        return "<figure>"

    def _repr_html_(self) -> str:
        return f'<div class="loss-figure" style="max-width: 36rem">{self.svg}</div>'


def to_svg(fig: Figure) -> str:
    """The figure as one line of SVG: themeable colours, the page's font, ids unique to its content."""
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", transparent=True, dpi=DPI, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s+", " ", re.sub(r">\s+<", "><", svg))
    # matplotlib's style sheet is for "*", which would be the whole page: its rule goes to the root element.
    svg = re.sub(r"<defs><style.*?</style></defs>", "", svg)
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    svg = svg.replace("<svg ", '<svg fill="currentColor" stroke-linejoin="round" ', 1)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda m: _THEME.get(m[0], m[0]), svg)
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r">([^<>]+)</text>", lambda m: f">{number(m[1])}</text>", svg)
    # A hundredth of a point is less than anyone sees; matplotlib writes six decimals.
    svg = re.sub(r' (?:d|x|y)="[^"]*"', lambda m: re.sub(r"(?<=\.\d\d)\d+", "", m[0]), svg)
    return _unique_ids(_webp(svg))


def _webp(svg: str) -> str:
    """Pictures inside the drawing as WebP where that is smaller."""
    from PIL import Image

    def smaller(match: re.Match) -> str:
        out = io.BytesIO()
        Image.open(io.BytesIO(base64.b64decode(match[1]))).save(out, "webp", quality=50, method=6)
        webp = base64.b64encode(out.getvalue()).decode()
        return f"data:image/webp;base64,{webp}" if len(webp) < len(match[1]) else match[0]

    return re.sub(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)", smaller, svg)


def _unique_ids(svg: str) -> str:
    """Keep only ids that are referred to, under a prefix made from the content: a page holds many figures."""
    prefix = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}", svg)
