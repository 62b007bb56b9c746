"""The picture that a shared link shows: the titles of page and book, and a loss with steps downhill."""

from __future__ import annotations

import hashlib
import inspect
import shutil
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from book.site.languages import Language
from book.site.project import BUILD

if TYPE_CHECKING:  # most builds draw none
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

INK, PAPER, CURVE, BALL, MUTED = "#14213d", "#fbfaf7", "#0072b2", "#d55e00", "#5b6577"


@cache
def _font(code: str) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    if code == "zh":
        import pylopdf_fonts_zh_cn

        return FontProperties(fname=pylopdf_fonts_zh_cn.sans_path())
    return FontProperties(family="DejaVu Sans")


def draw(path: Path, title: str, language: Language) -> None:
    """Write the preview of a page, 1200 by 630 pixels; pictures drawn before are kept below `_build`."""
    key = f"{title}\n{language}\n{inspect.getsource(sys.modules[__name__])}"
    kept = BUILD / "previews" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.png"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _figure(title, language).savefig(kept, dpi=100, metadata={"Software": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept, path)


def _figure(title: str, language: Language) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.3), facecolor=PAPER)
    axes = figure.add_axes((0.04, 0.05, 0.92, 0.5))
    axes.axis("off")
    x = np.linspace(-3, 3, 200)
    axes.plot(x, _loss(x), color=CURVE, linewidth=7, solid_capstyle="round")
    steps = -2.7 * 0.62 ** np.arange(7)
    axes.scatter(steps, _loss(steps), s=np.linspace(420, 180, 7), color=BALL, zorder=3)
    font = _font(language.code)
    width = 15 if language.code == "zh" else 26
    lines = textwrap.wrap(title, width, max_lines=2, placeholder="…")
    size = 58 if len(lines) == 1 else 46
    figure.text(0.06, 0.9, "\n".join(lines), fontproperties=font, fontsize=size, color=INK, va="top")
    figure.text(0.94, 0.07, language.title, fontproperties=font, fontsize=26, color=MUTED, ha="right")
    return figure


def _loss(x: np.ndarray) -> np.ndarray:
    """The Huber loss with delta 1."""
    return np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5)
